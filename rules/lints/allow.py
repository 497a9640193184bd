"""Comments that silence a finding, with a reason: `; warrant: allow R305 because the desk may add to a position`.

In policies the comment begins with `%`. It belongs to the rule or clause that it stands in, else to the next one, and
silences the named codes there. What keeps a rulebook from loading cannot be silenced. A comment that silences nothing
is a finding itself, and so is one without a code or a reason.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from knowledge.clips.tree import Place
from rules.findings import Edit, Finding, Fix
from rules.lints.catalogue import LINTS, found, line_of

Lines = tuple[int, int]
"""First and last line of a rule or clause."""


@dataclass(frozen=True, slots=True)
class Silenced:
    """A finding that a comment allows, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class _Allow:
    file: str
    at: Place
    lines: Lines
    codes: tuple[str, ...]
    reason: str


_CLIPS = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|(;[^\r\n]*)', re.DOTALL)
_PROLOG = re.compile(
    r"""0'(?:\\.|''|.)|"(?:[^"\\]|\\.)*(?:"|\Z)|'(?:[^'\\]|\\.)*(?:'|\Z)|`(?:[^`\\]|\\.)*(?:`|\Z)|/\*.*?(?:\*/|\Z)|(%[^\r\n]*)""",
    re.DOTALL,
)
"""Strings are skipped, and comments found; what never ends goes to the end of the text."""
_SAID = re.compile(r"[;%]+\s*warrant:\s*(.*?)\s*\Z")
_ALLOW = re.compile(r"allow\s+([A-Z][0-9]{3}(?:\s*,\s*[A-Z][0-9]{3})*)\s+because\s+(\S.*)")


def settled(
    findings: Iterable[Finding], texts: Mapping[str, str], places: Mapping[str, tuple[Lines, ...]], looked: str
) -> tuple[list[Finding], list[Silenced]]:
    """The findings that no comment allows, with those about the comments, and the ones that are allowed.

    `places` has the rules or clauses of each file; `looked` the first letters of the codes that were looked for.
    """
    kept: list[Finding] = []
    silenced: list[Silenced] = []
    allowed = [one for file, text in texts.items() for one in _comments(file, text, places.get(file, ()), kept)]
    by_line: dict[tuple[str, int, str], _Allow] = {}
    for allow in allowed:
        for line in range(allow.lines[0], allow.lines[1] + 1):
            for code in allow.codes:
                by_line.setdefault((allow.file, line, code), allow)
    used: set[tuple[str, int, str]] = set()
    for finding in findings:
        allowing = by_line.get((finding.file, finding.line, finding.code))
        if allowing is None:
            kept.append(finding)
        else:
            silenced.append(Silenced(finding, allowing.reason))
            used.add((finding.file, allowing.at.start, finding.code))
    for allow in allowed:
        for code in allow.codes:
            if (allow.file, allow.at.start, code) not in used and code[0] in looked:
                kept.append(_unused(allow, code, texts[allow.file]))
    return kept, silenced


def _comments(file: str, text: str, places: tuple[Lines, ...], kept: list[Finding]) -> Iterator[_Allow]:
    syntax, mark = (_PROLOG, "%") if file.endswith(".pl") else (_CLIPS, ";")
    if "warrant:" not in text:
        return
    places = tuple(sorted(places))
    ends = [last for _, last in places]
    for comment in syntax.finditer(text):
        said = _SAID.match(comment[1] or "")
        if said is None:
            continue
        start = comment.start(1)
        line = line_of(text, start)
        at = Place(line, start - text.rfind("\n", 0, start), start, comment.end(1))
        whole = _ALLOW.fullmatch(said[1])
        codes = tuple(re.split(r"\s*,\s*", whole[1])) if whole else ()
        wrong = [code for code in codes if code not in LINTS or LINTS[code].severity == "error"]
        if whole is None:
            advice = f"write `{mark} warrant: allow R305 because …`, with the reason"
            kept.append(found("R009", text, file, at, "this comment allows nothing", advice))
        elif wrong:
            why = "keeps the rulebook from loading, and can not be allowed" if wrong[0] in LINTS else "is no code"
            kept.append(found("R009", text, file, at, f"`{wrong[0]}` {why}", "name a warning or a note"))
        else:
            # the last line of the first rule or clause that does not end before the comment
            here = bisect_left(ends, line)
            yield _Allow(file, at, places[here] if here < len(places) else (line, line), codes, whole[2])


def _unused(allow: _Allow, code: str, text: str) -> Finding:
    at = allow.at
    fix = None
    if len(allow.codes) == 1:
        start = at.start
        while start and text[start - 1] in " \t":
            start -= 1
        alone = start == 0 or text[start - 1] == "\n"
        end = at.end + (1 if alone and text[at.end : at.end + 1] == "\n" else 0)
        fix = Fix("leave the comment out", (Edit(allow.file, start, end, ""),))
    said = f"`{code}` is allowed here and not found"
    return found("R008", text, allow.file, at, said, "leave the comment out", fix=fix)
