"""Findings as a person reads them: the place, the sentence, the line with a mark below, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from adapters.linting.looking import Seen
from rules.findings import Finding
from rules.lints.catalogue import offset

MOST = 500
"""Findings that are shown."""
WIDEST = 160
"""Characters of a line that are shown."""


def shown(seen: Seen, facts: bool = False) -> Iterator[str]:
    """The lines to write: first what must be mended, then notes, a line each. `facts` adds the facts that show it."""
    texts = seen.book.texts
    findings = seen.checked.findings[:MOST]
    for finding in findings:
        if finding.severity != "note":
            yield from told(finding, texts.get(finding.file), facts)
            yield ""
    notes = [one for one in findings if one.severity == "note"]
    for finding in notes:
        yield printable(f"{finding.file}:{finding.line}:{finding.column}: {finding.code} note: {finding.sentence}")
        yield from _facts(finding, facts)
    if notes:
        yield ""
    if len(seen.checked.findings) > MOST:
        yield f"{len(seen.checked.findings) - MOST} more are not shown; mend these first, or ask with `--json`"
    yield closing(seen)


def told(finding: Finding, text: str | None, facts: bool = False) -> Iterator[str]:
    """One finding."""
    place = f"{finding.file}:{finding.line}:{finding.column}"
    yield printable(f"{place}: {finding.code} {finding.sentence}")
    if text is not None:
        yield from _excerpt(finding, text)
    if finding.advice:
        yield printable(f"      = {finding.advice}")
    if finding.witness and not facts:
        yield "      = `--facts` shows the facts on which it happened"
    yield from _facts(finding, facts)


def _facts(finding: Finding, wanted: bool) -> Iterator[str]:
    if finding.witness and wanted:
        yield from (printable(f"      | {line}") for line in finding.witness.splitlines())


def closing(seen: Seen) -> str:
    """The last line: how much there is of what."""
    checked = seen.checked
    files = len(seen.book.rules) + len(seen.book.policies)
    looked = f"{len(checked.program.rules)} rules in {files} files"
    count = Counter(one.severity for one in checked.findings)
    parts = [_counted(count[name], name) for name in ("error", "warning", "note") if count[name]]
    silenced = f"; {len(checked.silenced)} allowed by comments" if checked.silenced else ""
    safe = sum(one.fix is not None and one.fix.safe for one in checked.findings)
    fix = f"; {safe} can be mended by `--fix`" if safe else ""
    return f"{looked}: {', '.join(parts) or 'nothing found'}{silenced}{fix}"


def printable(words: str) -> str:
    """Words without what a terminal would obey."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in words)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _excerpt(finding: Finding, text: str) -> Iterator[str]:
    """The line of a finding, and a mark below the words it is about."""
    begin = offset(text, finding.line, 1)
    end_of_line = text.find("\n", begin)
    line = text[begin : end_of_line if end_of_line >= 0 else len(text)].rstrip("\r")
    start = min(finding.column - 1, len(line))
    end = min(finding.end_column - 1, len(line)) if finding.end_line == finding.line else len(line)
    first = max(0, start - WIDEST // 2) if len(line) > WIDEST else 0
    part = "".join(one if one.isprintable() else " " for one in line[first : first + WIDEST])
    width = max(1, min(end, first + WIDEST) - start)
    yield f"{finding.line:5} | {part}"
    yield f"      | {' ' * (start - first)}{'^' * width}"
