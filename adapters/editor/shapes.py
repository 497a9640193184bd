"""Findings and edits in the shapes of the Language Server Protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lsprotocol import types

from adapters.editor.completion import Proposal
from adapters.editor.names import Outlined
from adapters.editor.places import Unit, place_of
from rules.findings import Edit, Finding
from rules.lints.catalogue import LINTS, offset

SEVERITY = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "note": types.DiagnosticSeverity.Information,
}
PAGES = "warrant rules explain"


def range_of(text: str, start: int, end: int, unit: Unit) -> types.Range:
    """The characters `[start, end)` of a text."""
    return types.Range(types.Position(*place_of(text, start, unit)), types.Position(*place_of(text, end, unit)))


def span_of(finding: Finding, text: str) -> tuple[int, int]:
    """The offsets of a finding."""
    start = offset(text, finding.line, finding.column)
    return start, max(start, offset(text, finding.end_line, finding.end_column))


def diagnostic(finding: Finding, texts: Mapping[str, str], unit: Unit) -> types.Diagnostic:
    """A finding as an editor shows it."""
    text = texts.get(finding.file, "")
    return types.Diagnostic(
        range=range_of(text, *span_of(finding, text), unit),
        severity=SEVERITY[finding.severity],
        code=finding.code,
        source="warrant",
        message=_said(finding),
    )


def _said(finding: Finding) -> str:
    """The sentence, what to do, and where more is said."""
    lines = [finding.sentence, finding.advice, f"{LINTS[finding.code].title}: `{PAGES} {finding.code}`"]
    return "\n".join(filter(None, lines))


# What the pure features found.

_WHAT = {
    "keyword": types.CompletionItemKind.Keyword,
    "template": types.CompletionItemKind.Struct,
    "slot": types.CompletionItemKind.Field,
    "value": types.CompletionItemKind.EnumMember,
    "measure": types.CompletionItemKind.Constant,
    "variable": types.CompletionItemKind.Variable,
    "function": types.CompletionItemKind.Operator,
    "predicate": types.CompletionItemKind.Function,
    "rule": types.CompletionItemKind.Class,
    "file": types.CompletionItemKind.File,
}
_STANDS = {
    "rule": types.SymbolKind.Class,
    "predicate": types.SymbolKind.Function,
    "case": types.SymbolKind.Event,
    "load": types.SymbolKind.File,
}


def completion(proposal: Proposal, place: int, text: str, unit: Unit) -> types.CompletionItem:
    """What may be written, in the order in which it was found."""
    return types.CompletionItem(
        label=proposal.label,
        kind=_WHAT[proposal.what],
        detail=proposal.detail or None,
        sort_text=f"{place:04}",
        filter_text=proposal.label,
        text_edit=types.TextEdit(range_of(text, proposal.start, proposal.end, unit), proposal.text),
    )


def symbol(one: Outlined, text: str, unit: Unit) -> types.DocumentSymbol:
    """What stands in a file."""
    return types.DocumentSymbol(
        name=one.name or "-",
        kind=_STANDS[one.kind],
        range=range_of(text, one.start, max(one.end, one.name_end), unit),
        selection_range=range_of(text, one.name_start, one.name_end, unit),
        detail=one.says or None,
    )


@dataclass(frozen=True, slots=True)
class Held:
    """A file as an editor has it: its address, its number there (None where it is not open), its text."""

    uri: str
    version: int | None
    text: str


def workspace_edit(
    edits: Sequence[Edit],
    held: Mapping[str, Held],
    unit: Unit,
    able: types.WorkspaceEditClientCapabilities | None,
    moves: Sequence[tuple[str, str]] = (),
) -> types.WorkspaceEdit:
    """Edits of several files, and files that get another name: pairs of addresses, where the editor can do that."""
    by_file: dict[str, list[types.TextEdit]] = {}
    for edit in edits:
        place = range_of(held[edit.file].text, edit.start, edit.end, unit)
        by_file.setdefault(edit.file, []).append(types.TextEdit(place, edit.text))
    if able is None or not able.document_changes:
        return types.WorkspaceEdit(changes={held[file].uri: some for file, some in by_file.items()})
    changes: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = [
        types.TextDocumentEdit(
            types.OptionalVersionedTextDocumentIdentifier(held[file].uri, held[file].version), list(some)
        )
        for file, some in by_file.items()
    ]
    if types.ResourceOperationKind.Rename in (able.resource_operations or ()):
        changes += [types.RenameFile(old, new) for old, new in moves]
    return types.WorkspaceEdit(document_changes=changes)
