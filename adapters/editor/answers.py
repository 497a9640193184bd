"""What the server answers: each request as texts and an offset for a pure feature, its result in the editor's shapes.

Features run beside the event loop, so that a large text keeps nobody waiting. A renaming is tried before it is given:
where the desk would have an error that it does not have now, the renaming is refused with that error.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Protocol

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from adapters.editor import shapes
from adapters.editor.book import VOCABULARY, Book, read_book
from adapters.editor.checker import Answer
from adapters.editor.completion import completions
from adapters.editor.desks import Desks
from adapters.editor.diagnostics import Diagnostics
from adapters.editor.hovering import hover
from adapters.editor.navigation import Target, definitions, references, vocabulary_text
from adapters.editor.places import Unit, offset_of
from adapters.editor.recent import RecentValues
from adapters.editor.renaming import Refused, Renamed, renamable, rename
from adapters.editor.shapes import Held
from rules.findings import Finding, Fix, mended


class Asked(Protocol):
    """A request about a text."""

    @property
    def text_document(self) -> types.TextDocumentIdentifier: ...  # noqa: D102


class AskedAt(Asked, Protocol):
    """A request about a place of a text."""

    @property
    def position(self) -> types.Position: ...  # noqa: D102


class Answers:
    """Answers the requests of one editor."""

    def __init__(self, server: LanguageServer, desks: Desks, diagnostics: Diagnostics) -> None:
        self._server = server
        self._desks = desks
        self._diagnostics = diagnostics
        self._recent = RecentValues()
        self.found: dict[Path, Answer] = {}
        """The last check of each desk."""

    @property
    def unit(self) -> Unit:
        """What the editor counts in."""
        agreed = self._server.workspace.position_encoding
        return agreed.value if isinstance(agreed, types.PositionEncodingKind) else "utf-16"

    def uri(self, desk: Path, name: str) -> str:
        """The address of a file of a desk, as the editor writes it where it has the file open."""
        opened = self._desks.opened(desk, name)
        return opened.uri if opened else from_fs_path(str(desk / name)) or ""

    def _place(self, asked: Asked) -> tuple[Path, str]:
        path = to_fs_path(asked.text_document.uri)
        if not path:
            raise JsonRpcInvalidParams(f"`{asked.text_document.uri}` is no file; save the text first")
        return self._desks.place(Path(path))

    async def _book(self, desk: Path) -> Book:
        return await asyncio.to_thread(read_book, desk, self._desks.unsaved(desk))

    async def _at(self, asked: AskedAt) -> tuple[Path, Book, str, int]:
        desk, name = self._place(asked)
        book = await self._book(desk)
        at = asked.position
        return desk, book, name, offset_of(book.texts.get(name, ""), at.line, at.character, self.unit)

    def _held(self, desk: Path, book: Book) -> dict[str, Held]:
        numbers = {name: opened.version if (opened := self._desks.opened(desk, name)) else None for name in book.texts}
        return {name: Held(self.uri(desk, name), numbers[name], text) for name, text in book.texts.items()}

    # Reading.

    async def complete(self, asked: types.CompletionParams) -> list[types.CompletionItem]:
        """What may be written at a place."""
        _, book, name, offset = await self._at(asked)
        found = await asyncio.to_thread(completions, book, name, offset)
        text = book.texts.get(name, "")
        return [shapes.completion(one, place, text, self.unit) for place, one in enumerate(found)]

    async def hover(self, asked: types.HoverParams) -> types.Hover | None:
        """What is told of the thing at a place."""
        desk, book, name, offset = await self._at(asked)
        told = await asyncio.to_thread(hover, book, name, offset, lambda one: self._recent.of(desk, one))
        if told is None:
            return None
        place = shapes.range_of(book.texts[name], told.start, told.end, self.unit)
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, told.markdown), place)

    async def define(self, asked: types.DefinitionParams) -> list[types.Location]:
        """Where the thing at a place is defined."""
        desk, book, name, offset = await self._at(asked)
        found = await asyncio.to_thread(definitions, book, name, offset)
        return [self._location(desk, book, one) for one in found]

    async def refer(self, asked: types.ReferenceParams) -> list[types.Location]:
        """Where the thing at a place is named."""
        desk, book, name, offset = await self._at(asked)
        found = await asyncio.to_thread(references, book, name, offset, asked.context.include_declaration)
        return [self._location(desk, book, one) for one in found]

    def _location(self, desk: Path, book: Book, target: Target) -> types.Location:
        text = vocabulary_text() if target.file == VOCABULARY else book.texts[target.file]
        place = shapes.range_of(text, target.start, target.end, self.unit)
        return types.Location(self.uri(desk, target.file), place)

    async def symbols(self, asked: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        """What stands in a file."""
        desk, name = self._place(asked)
        book = await self._book(desk)
        found = await asyncio.to_thread(lambda: list(book.outline(name)))
        return [shapes.symbol(one, book.texts[name], self.unit) for one in found]

    # Changing.

    async def actions(self, asked: types.CodeActionParams) -> list[types.CodeAction]:
        """The fixes of what was found in a range, as long as the texts are those it was found in."""
        desk, name = self._place(asked)
        answer = self.found.get(desk)
        if answer is None:
            return []
        book = await self._book(desk)
        held = self._held(desk, book)
        text = book.texts.get(name, "")
        ends = [offset_of(text, one.line, one.character, self.unit) for one in (asked.range.start, asked.range.end)]
        return [
            self._action(finding, finding.fix, answer, held)
            for finding in answer.findings
            if finding.fix is not None and finding.file == name and _same(finding.fix, answer, held)
            if _meets(shapes.span_of(finding, text), ends)
        ]

    def _action(self, finding: Finding, fix: Fix, answer: Answer, held: dict[str, Held]) -> types.CodeAction:
        able = self._server.client_capabilities.workspace
        return types.CodeAction(
            title=fix.sentence if fix.safe else f"{fix.sentence} (a guess)",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[shapes.diagnostic(finding, answer.texts, self.unit)],
            is_preferred=fix.safe,
            edit=shapes.workspace_edit(fix.edits, held, self.unit, able.workspace_edit if able else None),
        )

    async def prepare(self, asked: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
        """What can be renamed at a place."""
        _, book, name, offset = await self._at(asked)
        try:
            mention = await asyncio.to_thread(renamable, book, name, offset)
        except Refused as error:
            raise JsonRpcInvalidParams(str(error)) from None
        text = book.texts[name]
        place = shapes.range_of(text, mention.start, mention.end, self.unit)
        return types.PrepareRenamePlaceholder(place, text[mention.start : mention.end])

    async def rename(self, asked: types.RenameParams) -> types.WorkspaceEdit:
        """The edits that give the thing at a place another name, once they were tried."""
        desk, book, name, offset = await self._at(asked)
        try:
            renamed = await asyncio.to_thread(rename, book, name, offset, asked.new_name)
        except Refused as error:
            raise JsonRpcInvalidParams(str(error)) from None
        await self._try(desk, book, renamed)
        able = self._server.client_capabilities.workspace
        moves = [(self.uri(desk, old), self.uri(desk, new)) for old, new in renamed.moves]
        held = self._held(desk, book)
        return shapes.workspace_edit(renamed.edits, held, self.unit, able.workspace_edit if able else None, moves)

    async def _try(self, desk: Path, book: Book, renamed: Renamed) -> None:
        """Whether a desk loads as before. Refuses the request."""
        unsaved = self._desks.unsaved(desk)
        before = await self._diagnostics.trial(desk, unsaved)
        after = await self._diagnostics.trial(desk, unsaved | mended(book.texts, [Fix("", renamed.edits)]))
        if before is None or after is None or before.failed or after.failed:
            why = "the texts changed meanwhile; try again" if not (before and after) else before.failed or after.failed
            raise JsonRpcInvalidParams(f"the name could not be tried: {why}")
        if worse := _worse(before, after):
            raise JsonRpcInvalidParams(
                f"the desk would not load with that name: {worse.file}:{worse.line}: {worse.message}"
            )


def _worse(before: Answer, after: Answer) -> Finding | None:
    """The first error of a kind that there are more of."""
    count = Counter(one.code for one in before.findings if one.severity == "error")
    for finding in after.findings:
        if finding.severity == "error":
            count[finding.code] -= 1
            if count[finding.code] < 0:
                return finding
    return None


def _same(fix: Fix, answer: Answer, held: dict[str, Held]) -> bool:
    return all(one.file in held and answer.texts.get(one.file) == held[one.file].text for one in fix.edits)


def _meets(span: tuple[int, int], ends: list[int]) -> bool:
    return span[0] <= ends[1] and ends[0] <= span[1]
