"""Changes that remove a fault which keeps a rulebook from loading.

A misspelt word can be replaced by the one that was probably meant: a guess, so it is not safe. What can be said in one
way alone is safe: `5.0` where a number is written `5`, the rule's own name where a conclusion names its author.
"""

from __future__ import annotations

import re

from knowledge.faults import Fault
from rules.findings import Edit, Fix

_MEANT = re.compile(r"(?:did you mean|is) `\??([^`]+)`(?:\?| meant\?)\Z")
_WORD = re.compile(r"(?:\?[A-Za-z][\w-]*\s*<-\s*)?(?:\(\s*)?\??([^\s()?]+)")
_INSTEAD = re.compile(r"; write `([^`]+)`\Z")


def fix_of(fault: Fault, text: str, start: int) -> Fix | None:
    """The change that removes a fault at this offset of a text, where there is one."""
    if guess := _MEANT.search(fault.message):
        place = start if fault.code != "R204" else _spoken(fault, text, start)
        word = _WORD.match(text, place)
        if word is None or (fault.code.startswith("P") and not re.match(r"[a-z]\w*\Z", guess[1])):
            return None
        edit = Edit(fault.file, word.start(1), word.start(1) + len(_bare(word[1])), guess[1])
        return Fix(f"write `{guess[1]}`", (edit,), safe=False)
    instead = _INSTEAD.search(fault.message)
    if fault.code in ("R105", "R118") and instead:
        return Fix(f"write `{instead[1]}`", (Edit(fault.file, start, start + fault.length, instead[1]),))
    if fault.code == "R116" and (address := re.match(r"\?[^\s<]+\s*<-\s*", text[start:])):
        return Fix("leave the address out", (Edit(fault.file, start, start + address.end(), ""),))
    return None


def _spoken(fault: Fault, text: str, start: int) -> int:
    """Where in a sentence the variable stands that the fault names."""
    name = re.search(r"`\?([^`]+)`", fault.message)
    place = text.find(f"?{name[1]}", start, start + fault.length) if name else -1
    return place if place >= 0 else start


def _bare(word: str) -> str:
    """A predicate's name without what follows it."""
    found = re.match(r"[A-Za-z0-9_-]+", word)
    return found[0] if found else word
