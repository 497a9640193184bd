"""Findings and edits in the shapes of the Language Server Protocol."""

from __future__ import annotations

from collections.abc import Mapping

from lsprotocol import types

from adapters.editor.places import Unit, place_of
from rules.findings import Finding
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
