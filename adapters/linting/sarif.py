"""Findings as SARIF 2.1.0 (OASIS), which editors and build machines read."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.installation import version
from knowledge.values import Json
from rules.findings import Finding, Fix
from rules.lints.catalogue import LINTS, line_of

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(findings: Sequence[Finding], texts: dict[str, str]) -> Json:
    """One run as a SARIF log."""
    codes = sorted({one.code for one in findings})
    rules = [
        {
            "id": code,
            "name": LINTS[code].name,
            "shortDescription": {"text": LINTS[code].title},
            "help": {"text": f"see `warrant rules explain {code}`"},
            "defaultConfiguration": {"level": LINTS[code].severity},
        }
        for code in codes
    ]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "warrant", "version": version(), "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, codes.index(one.code), texts) for one in findings],
            }
        ],
    }


def _result(finding: Finding, place: int, texts: dict[str, str]) -> Json:
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }
    result = {
        "ruleId": finding.code,
        "ruleIndex": place,
        "level": finding.severity,
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": finding.file}, "region": region}}],
    }
    return {**result, "fixes": [_fix(finding.fix, texts)]} if finding.fix else result


def _fix(fix: Fix, texts: dict[str, str]) -> Json:
    changes: dict[str, list[Json]] = {}
    for edit in fix.edits:
        text = texts[edit.file]
        region = {
            "startLine": line_of(text, edit.start),
            "startColumn": edit.start - text.rfind("\n", 0, edit.start),
            "endLine": line_of(text, edit.end),
            "endColumn": edit.end - text.rfind("\n", 0, edit.end),
        }
        changes.setdefault(edit.file, []).append({"deletedRegion": region, "insertedContent": {"text": edit.text}})
    return {
        "description": {"text": fix.sentence},
        "artifactChanges": [
            {"artifactLocation": {"uri": file}, "replacements": replacements} for file, replacements in changes.items()
        ],
    }
