"""What changed between two cycles, or between two versions of what one was decided by; asked of a process, and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from adapters.frame import Failed
from adapters.supposing.bench import Bench
from adapters.supposing.recorded import Recorded
from engine.supposing.apart import Apart, Piece
from engine.supposing.case import Case
from engine.supposing.difference import in_words, outcome
from engine.supposing.minimal import Causes
from engine.supposing.substitution import MOST_DECISIONS, MOST_REFINED, Changed, Substitution, makes_too
from engine.telling.as_json import to_json as telling_json
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Run, instrument, run
from knowledge.values import Json

SILENT: Json = {"outcome": "no-candidate"}
MOST_TOLD = 4
"""Sets of causes of one sort that are told; JSON has all of them."""


@dataclass(frozen=True)
class Answer:
    """What came of it."""

    a: Recorded
    b: str
    """What B is called."""
    apart: Apart
    changed: tuple[Changed, ...]
    same: tuple[str, ...]
    decisions: int
    spent: bool


def ask(
    a: Recorded,
    b: Case,
    name: str,
    recorded_b: Json = None,
    symbol: str | None = None,
    budget: int = MOST_DECISIONS,
    progress: Callable[[str], None] = lambda _: None,
) -> Answer:
    """What differs between a recorded cycle and another case, and what caused it.

    `recorded_b` is the record of B where there is one: A with all of B in its place has to give it. Raises `Failed`,
    `Faulty`.
    """
    apart = Apart(a.case, b)
    with Bench(a) as bench:
        if recorded_b is not None:
            _proved(bench, apart, recorded_b)
        search, found = Substitution(apart, bench.suppose, budget), []
        if search.b["fault"]:
            raise Failed(f"{name} could not be decided: {search.b['fault']}")
        names = [one for one in search.instruments() if symbol in (None, one)]
        for one in names:
            progress(f"{one}: seeking what made the difference")
            found.append(search.changed(one))
            _confirmed(bench, apart, found[-1])
    every = {*apart.a.snapshot.universe, *apart.b.snapshot.universe}
    same = tuple(sorted(one for one in every - set(search.instruments()) if symbol in (None, one)))
    return Answer(a, name, apart, tuple(found), same, search.budget.used, search.budget.left <= 0)


def _proved(bench: Bench, apart: Apart, record: Json) -> None:
    """Raises `Failed` where A with everything of B in its place is not decided as B was."""
    told = bench.suppose({**apart.change(apart.pieces), "full": True})
    for one in record["verdicts"]:
        name = one["instrument"]
        if outcome(told, name) != outcome(record, name):
            raise Failed(
                f"with all inputs of {record['record_id']} in place of its own, {name} is not decided as that record "
                f"says, so no cause can be told; run `warrant audit verify --replay`"
            )


def _confirmed(bench: Bench, apart: Apart, one: Changed) -> None:
    """Ask for what was found first in full, the solver included. Raises `Failed` where it does not bear it out."""
    for cause in one.causes[:1]:
        for pieces in cause.pieces.sets[:1]:
            if not makes_too(one, bench.suppose({**apart.change(pieces), "full": True})):
                raise Failed(
                    f"{one.instrument}: decided in full, {' and '.join(pieces)} does not make the difference that it "
                    f"makes in outline; this is a fault of the program, please report it"
                )


# --- in words ---------------------------------------------------------------------------------------------------


def telling(answer: Answer) -> Telling:
    """The answer as a tree: what was decided otherwise with its causes, then everything else that differs."""
    pieces = answer.apart.pieces
    parts = [_changed(answer, one) for one in answer.changed]
    if answer.same:
        parts.append(tell(f"decided the same: {', '.join(answer.same)}"))
    if not pieces:
        parts.append(tell("no input differs"))
    mattered = {piece for one in answer.changed for cause in one.causes for each in cause.pieces.sets for piece in each}
    others = [one for name, one in pieces.items() if name not in mattered]
    if others:
        counted = Counter(one.group for one in others)
        said = ", ".join(f"{group} ({count})" for group, count in counted.most_common())
        also = "input differs" if len(others) == 1 else "inputs differ"
        told = [tell(_piece(one)).as_detail() for one in others]
        parts.append(tell(f"{len(others)} more {also}, which took no part in it: {said}", *told))
    if answer.changed:
        how = f"{answer.decisions:,} decisions of cases in between; what was found first, decided in full"
        spent = "; the budget of decisions is spent, raise `--budget`" if answer.spent else ""
        parts.append(tell(f"how it was found: {how}{spent}").named("method"))
    head = f"what changed, from {answer.a.head} (A) to {answer.b} (B)"
    return tell(f"{head}; hypothetical: nothing is recorded, nothing is sent", *parts)


def _changed(answer: Answer, one: Changed) -> Telling:
    before = in_words(one.before) if one.before is not None else run("no candidate")
    after = in_words(one.after) if one.after is not None else run("no candidate")
    return tell(instrument(one.instrument), ": ", before, " in A; ", after, " in B", *_causes(answer, one))


def _causes(answer: Answer, one: Changed) -> Iterator[Telling]:
    if not one.found.sets:
        yield tell("no cause was found within the budget of decisions; raise `--budget`")
        return
    told = [(pieces, cause.pieces) for cause in one.causes for pieces in cause.pieces.sets[:MOST_TOLD]]
    causes = [_cause(answer, pieces, found) for pieces, found in told]
    if len(causes) > 1:
        yield tell(f"{len(causes)} causes of another {one.aspect}, each of which is enough by itself", *causes)
    else:
        yield from (tell(f"cause of another {one.aspect}: ", each.run, *each.parts) for each in causes)
    for cause in one.causes:
        if not cause.pieces.sets:
            yield tell(f"because of {_together(cause.groups)}; which part of it was not found within the budget")
        if len(cause.pieces.sets) > MOST_TOLD:
            yield tell(f"{len(cause.pieces.sets) - MOST_TOLD} other such sets in {_together(cause.groups)}")
    if len(one.found.sets) > MOST_REFINED:
        rest = "; ".join(_together(groups) for groups in one.found.sets[MOST_REFINED:])
        yield tell(f"and by themselves, too, not looked into: {rest}")


def _cause(answer: Answer, names: tuple[str, ...], found: Causes) -> Telling:
    pieces = [answer.apart.pieces[name] for name in names]
    if len(pieces) == 1:
        return tell(_piece(pieces[0]))
    how = "both of these together, neither by itself" if len(pieces) == 2 else (
        f"{len(pieces)} together, none of which can be left out")  # fmt: skip
    smallest = "" if found.all_of_size else "; there may be a smaller set"
    return tell(f"{how}{smallest}", *(tell(_piece(each)) for each in pieces))


def _together(groups: tuple[str, ...]) -> str:
    return " and ".join(groups)


def _piece(one: Piece) -> Run:
    return run(f"{one.name}: {one.before} → {one.after}")


def to_json(answer: Answer) -> Json:
    """The answer for machines."""
    pieces = answer.apart.pieces
    return {
        "hypothetical": True,
        "a": answer.a.record["record_id"],
        "b": answer.b,
        "decisions": answer.decisions,
        "budget_spent": answer.spent,
        "instruments": [
            {
                "instrument": one.instrument,
                "before": one.before or SILENT,
                "after": one.after or SILENT,
                "aspect": one.aspect,
                "groups": [list(each) for each in one.found.sets],
                "all_of_size": one.found.all_of_size,
                "causes": [
                    {"groups": list(each.groups), "pieces": [list(some) for some in each.pieces.sets]}
                    for each in one.causes
                ],
            }
            for one in answer.changed
        ],
        "same": list(answer.same),
        "inputs": [
            {"name": one.name, "group": one.group, "before": one.before, "after": one.after} for one in pieces.values()
        ],
        "told": telling_json(telling(answer)),
    }
