"""Answers to questions about all markets, as lines for a reader."""

from __future__ import annotations

from collections.abc import Iterator

from engine.universe.check import Check
from engine.universe.diff import Answer, Diff, Direction, Effect


def told(found: Diff, old: str, new: str) -> list[str]:
    """A comparison: the verdict, what changed, the witnesses, the sums, what is not known."""
    return list(_diff(found, old, new))


def _diff(found: Diff, old: str, new: str) -> Iterator[str]:
    yield f"{found.verdict.value}: {found.why}"
    changes = [*found.changes, *(one for one in found.parameters if one.part == "collar")]
    if changes:
        yield ""
        yield "what changed"
        yield from (f"  {one}" for one in changes)
    yield from _witnesses(found.looser, f"{new} accepts what {old} refuses", new, old)
    yield from _witnesses(found.tighter, f"{old} accepts what {new} refuses", old, new)
    kept = [(one, new) for one in found.looser.effects] + [(one, old) for one in found.tighter.effects]
    shown = [(one, file) for one, file in kept if one.answer is Answer.NO]
    if shown:
        yield ""
        yield "limits that make no difference: the other file keeps them, as anyone can add up"
        for one, file in shown:
            yield from _kept(one, file)
    yield ""
    yield (
        f"asked of {len(found.instruments)} instruments in {found.cases} "
        f"circumstance{'s' if found.cases != 1 else ''}; {found.budget.programmes} linear programmes, "
        f"{found.budget.asked} questions to Z3"
    )


def _witnesses(direction: Direction, title: str, accepting: str, refusing: str) -> Iterator[str]:
    told = [one for one in direction.effects if one.answer is not Answer.NO]
    if told:
        yield ""
        yield title
    for one in told:
        if one.witness is not None:
            yield f"  {one.limit}: {one.witness.sentence(accepting, refusing)}"
        else:
            word = "not known: " if one.answer is Answer.UNKNOWN else ""
            yield f"  {one.limit}: {word}{one.how}"


def _kept(one: Effect, file: str) -> Iterator[str]:
    if one.certificate is None:
        yield f"  {one.limit}: {one.how}"
        return
    yield f"  {one.limit}, by the rows of {file} ({one.case}):"
    yield from (f"    {line}" for line in one.certificate.lines())


def told_check(found: Check, name: str) -> list[str]:
    """A check: what was found first, then the notes."""
    return list(_check(found, name))


def _check(found: Check, name: str) -> Iterator[str]:
    count = len(found.found)
    yield f"{name}: {count or 'nothing'} found"
    for one in found.findings:
        yield f"  {'note' if one.note else 'FOUND'}  {one.what}: {one.sentence}"
        if one.certificate is not None:
            yield from (f"           {line}" for line in one.certificate.lines())
    yield (
        f"monotone: {found.monotone} limits; asked of {len(found.instruments)} instruments in {found.cases} "
        f"circumstance{'s' if found.cases != 1 else ''}; {found.budget.programmes} linear programmes"
    )
