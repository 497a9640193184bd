"""The server that an editor starts: which request is answered by what, and diagnostics when texts rest.

It speaks the Language Server Protocol 3.17 over standard input and output (pygls). Nothing of an engine runs in this
process: what asks Prolog does so in one that can be ended. Whatever a text holds, a request is answered or refused.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from adapters.editor.answers import Answers
from adapters.editor.checker import Answer
from adapters.editor.desks import Desks
from adapters.editor.diagnostics import Diagnostics
from adapters.editor.shapes import diagnostic
from adapters.installation import version

TRIGGERS = types.CompletionOptions(trigger_characters=["(", "?", "~", "{", ",", " "])
FIXES = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
WATCHED = ("**/rules.clp", "**/policies.pl", "**/rules/book/**", "**/rules/cases/*.yaml")
"""Files that others may change while an editor looks on."""


class Server(LanguageServer):
    """One editor's server."""

    def __init__(self, fallback: Path | None = None) -> None:
        super().__init__("warrant", version(), text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.desks = Desks(fallback)
        self.diagnostics = Diagnostics(self.desks, self.show, self.complain)
        self.answers = Answers(self, self.desks, self.diagnostics)
        self._shown: dict[Path, set[str]] = {}

    def changed(self, uri: str) -> None:
        """A text was opened or changed."""
        path = to_fs_path(uri)
        document = self.workspace.get_text_document(uri)
        if path:
            self.diagnostics.want(self.desks.put(Path(path), uri, document.source, document.version))

    async def begin(self) -> None:
        """Check the desks that the editor works on, and ask to be told when their files change on the disk."""
        workspace = self.workspace
        roots = [one.uri for one in workspace.folders.values()] or [workspace.root_uri or ""]
        for folder in filter(None, map(to_fs_path, filter(None, roots))):
            if self.desks.know(Path(folder)):
                self.diagnostics.want(Path(folder))
        able = self.client_capabilities.workspace
        watching = able.did_change_watched_files if able else None
        if watching is not None and watching.dynamic_registration:
            watchers = [types.FileSystemWatcher(one) for one in WATCHED]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            wish = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            await self.client_register_capability_async(types.RegistrationParams([wish]))

    def closed(self, uri: str) -> None:
        """A text was closed."""
        if path := to_fs_path(uri):
            self.diagnostics.want(self.desks.drop(Path(path)))

    def show(self, desk: Path, answer: Answer) -> None:
        """Send what was found in each file, and that nothing is found any more in those that had something."""
        self.answers.found[desk] = answer
        by_file: dict[str, list[types.Diagnostic]] = {name: [] for name in self._shown.get(desk, ())}
        by_file |= {name: [] for name in self.desks.unsaved(desk)}
        for finding in answer.findings:
            by_file.setdefault(finding.file, []).append(diagnostic(finding, answer.texts, self.answers.unit))
        for name, found in sorted(by_file.items()):
            opened = self.desks.opened(desk, name)
            number = opened.version if opened else None
            self.text_document_publish_diagnostics(
                types.PublishDiagnosticsParams(self.answers.uri(desk, name), found, version=number)
            )
        self._shown[desk] = {name for name, found in by_file.items() if found}

    def complain(self, sentence: str) -> None:
        """Tell the editor's user why there are no diagnostics."""
        self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"warrant: {sentence}"))


def build(fallback: Path | None = None) -> Server:
    """The server with all that it answers to."""
    server = Server(fallback)
    answers = server.answers

    @server.feature(types.INITIALIZED)
    async def begun(params: types.InitializedParams) -> None:
        await server.begin()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.changed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def edited(params: types.DidChangeTextDocumentParams) -> None:
        server.changed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.closed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def disk(params: Any) -> None:  # noqa: ANN401 - of either kind, and all are read again
        for desk in server.desks:
            server.diagnostics.want(desk)

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, TRIGGERS)
    async def complete(params: types.CompletionParams) -> list[types.CompletionItem]:
        return await answers.complete(params)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        return await answers.hover(params)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def define(params: types.DefinitionParams) -> list[types.Location]:
        return await answers.define(params)

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def refer(params: types.ReferenceParams) -> list[types.Location]:
        return await answers.refer(params)

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        return await answers.symbols(params)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, FIXES)
    async def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return await answers.actions(params)

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder:
        return await answers.prepare(params)

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename(params: types.RenameParams) -> types.WorkspaceEdit:
        return await answers.rename(params)

    return server


def serve(fallback: Path | None = None) -> None:
    """Serve until the editor says to exit, or is gone."""
    out = os.fdopen(os.dup(1), "wb")
    # What anything prints must not be taken for an answer.
    os.dup2(2, 1)
    server = build(fallback)
    try:
        server.start_io(sys.stdin.buffer, out)
    finally:
        server.diagnostics.close()
