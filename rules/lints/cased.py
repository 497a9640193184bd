"""Which rules have cases, from the layout of their files alone: reading a hundred files of YAML takes seconds.

Only the layout that the book's own files have is understood: a line `rule: name`, below `cases:` items that begin with
`- name:` at one indentation, and in them `expect:` followed by its items. Of any other file nothing is said here, and
it has to be read in full. Whether cases are right is told by `warrant rules test`, not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ABOUT = re.compile(r"^(rule|policy): +([A-Za-z0-9][\w.:+-]*)[ \t]*(?:#.*)?$", re.MULTILINE)
_CASES = re.compile(r"^cases:[ \t]*(?:#.*)?$", re.MULTILINE)
_JUDGED = re.compile(r"- (permitted|forbidden):")
_KEYS = ("name", "given", "expect", "expect_not")


def outline(text: str) -> tuple[str, frozenset[bool]] | None:
    """The rule that a file of cases is about (empty for a policy's), and whether cases have it fire, and have it not.

    None where the layout is another one.
    """
    about, cases = _ABOUT.findall(text), list(_CASES.finditer(text))
    if len(about) != 1 or len(cases) != 1 or "\t" in text or re.search(r"[&*]\w|^---|\||>$", text, re.MULTILINE):
        return None
    kind, name = about[0]
    found = list(_cases(text[cases[0].end() :].split("\n")[1:]))
    if not found or None in found:
        return None
    fires = frozenset(one == "fires" for one in found if one != "open")
    return (name if kind == "rule" else ""), fires


def _cases(lines: list[str]) -> Iterator[str | None]:
    """Of each case whether the rule `fires`, is `silent`, or that is left `open`; None for a line of another layout."""
    expected: list[str] | None = None
    key = ""
    for line in lines:
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        depth = len(line) - len(line.lstrip())
        if depth == 2 and words.startswith("- name:"):
            if expected is not None:
                yield _said(expected)
            expected, key = [], "name"
        elif expected is None or depth < 4:
            yield None
            return
        elif depth == 4:
            key, colon, rest = words.partition(":")
            if key not in _KEYS or not colon or (key == "expect" and rest.strip()):
                yield None
                return
        elif key == "expect" and depth == 6:
            if not words.startswith("- "):
                yield None
                return
            expected.append(words)
    if expected is not None:
        yield _said(expected)


def _said(expected: list[str]) -> str:
    if expected and all(_JUDGED.match(one) for one in expected):
        return "open"
    return "fires" if expected else "silent"
