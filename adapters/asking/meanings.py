"""What the rules of a desk mean, asked in processes that are ended in time: findings, whatever happens.

What was not answered in time, or not at all, is a finding as well: *not analysed*, with the reason.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from adapters.asking.process import RULES, TooLate, ask
from adapters.frame import Failed
from knowledge.clips.tree import Program
from knowledge.faults import Faulty
from knowledge.values import Json
from rules.findings import Finding
from rules.meaning.meaning import CODES
from rules.meaning.service import sources
from rules.meaning.telling import told

CAP = 120.0
"""Seconds the question may take; what it asks the solver is counted, and ends far earlier."""


def meanings(program: Program, asked: Collection[str] = CODES, cap: float = CAP) -> tuple[Finding, ...]:
    """What a sound program means on this desk: findings of the codes asked for, and what was not analysed."""
    # gaps take longer than all else, so they are searched in a process beside it
    parts = [part for part in (set(asked) - {"M104"}, set(asked) & {"M104"}) if part]
    with ThreadPoolExecutor(2) as beside:
        answers = beside.map(lambda part: _meaning(program, part, cap), parts)
        found = dict.fromkeys(one for answer in answers for one in answer)
    return tuple(sorted(found, key=lambda one: one.place))


def _meaning(program: Program, asked: Collection[str], cap: float) -> tuple[Finding, ...]:
    request: Json = {
        "op": "meaning",
        "rules": sources(program),
        "asked": sorted(asked),
        "domains": {slot: list(words) for slot, words in domains().items()},
    }
    try:
        answer = ask(request, cap, RULES)
    except (TooLate, Failed, Faulty) as error:
        why = str(error).splitlines()[0]
        return (told("M109", program.rules[0], None, f"not analysed: what the rules mean: {why}"),)
    return tuple(Finding(**one) for one in answer["value"])


def differences(old: Program, new: Program, cap: float = CAP) -> Json:
    """What changes in meaning: `changes` (each a `Change` of `rules.meaning.difference`) and `text`, lines.

    Where it is not known in time, or at all: no `changes`, and `why`. Raises `Faulty` where CLIPS refuses a rule.
    """
    request: Json = {
        "op": "difference",
        "old": sources(old),
        "new": sources(new),
        "domains": {slot: list(words) for slot, words in domains().items()},
    }
    try:
        return ask(request, cap, RULES)["value"]
    except (TooLate, Failed) as error:
        why = f"not analysed: what changes in meaning: {error}"
        return {"changes": None, "text": [why], "why": why}


def domains() -> dict[str, tuple[str, ...]]:
    """The words that slots hold on a desk, where the desk says them: its heads."""
    from advisors.council import four_heads

    return {"head": tuple(head.name for head in four_heads())}
