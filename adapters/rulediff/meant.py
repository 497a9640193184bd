"""What changes in meaning from one rulebook to another, and that in a few words."""

from __future__ import annotations

from collections import Counter

from adapters.rulediff.books import other_policies
from knowledge.values import Json
from rules.rulebook import Rulebook

CAP = 120.0
"""Seconds that the question may take."""


def meant(old: Rulebook, new: Rulebook, cap: float = CAP) -> Json:
    """As `adapters.asking.meanings.differences`; nobody is asked where every rule is the same, word for word."""
    from adapters.asking.meanings import differences

    if old.rules == new.rules:
        return {"changes": [], "text": ["the rules are the same, word for word"]}
    if [(rule.name, rule.text) for rule in old.program.rules] == [(rule.name, rule.text) for rule in new.program.rules]:
        return {"changes": [], "text": ["the rulebooks mean the same: other comments or files, and the same rules"]}
    return differences(old.program, new.program, cap)


def verdict(old: Rulebook, new: Rulebook, meaning: Json) -> str:
    """What changes, in a few words: `affected 2, wider 1, other policy files 1`."""
    if meaning["changes"] is None:
        told = ["what changes in meaning is unknown"]
    else:
        counts = Counter(one["kind"] for one in meaning["changes"])
        told = [f"{kind} {count}" for kind, count in sorted(counts.items())] or ["the rules mean the same"]
    others = len(other_policies(old, new))
    return ", ".join([*told, *([f"other policy files {others}"] if others else [])])
