"""Two runs walked side by side: every difference, under the one it follows from.

Rules:
- cycles are matched by their labels; one that only one of the runs has is a difference;
- an instrument differs in a cycle where its outcome, side, quantity, target, prices, rule, reasons or exit do;
- a difference whose cause is the portfolio *follows* from the one by which the portfolios came apart: the last one of
  the same instrument since they were the same, else the first one of an instrument that is held otherwise, else the
  first of all. Portfolios that came apart without any decision that differs did so by a record in between (a cost, a
  dividend, a person), which then is the origin;
- inputs that differ where nothing was decided otherwise are told by kind, with the first of them.

Memory holds the differences and one cycle of each run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from adapters.comparing.causes import (
    Cause,
    account_parts,
    cause_of,
    facts_of,
    instruments_held,
    limits_parts,
    portfolio_parts,
    program_parts,
    rulebook_parts,
)
from adapters.comparing.sides import Cycle
from knowledge.values import Json

DESK = ""
"""Stands for the desk as a whole where a difference is of no one instrument."""
MOST_EXAMPLES = 3
_BOOKED = ("order", "fill", "cancel", "expiry", "rejection", "books", "state", "recovery", "reconciliation")
_COSTS = ("commission", "slippage", "price")


@dataclass(frozen=True)
class Difference:
    """One instrument decided otherwise in one cycle."""

    label: str
    instrument: str
    cause: Cause
    a: Json
    b: Json
    follows: int | None = None
    """The place of its origin among all differences; None for an origin."""


@dataclass
class Quiet:
    """An input that differs in cycles in which nothing was decided otherwise."""

    cycles: int = 0
    first: str = ""
    details: tuple[str, ...] = ()


@dataclass
class Comparison:
    """What `compare` found."""

    both: int = 0
    """Cycles that both runs have."""
    same: int = 0
    """Of these, those in which nothing was decided otherwise."""
    only: dict[str, list[str]] = field(default_factory=lambda: {"a": [], "b": []})
    """Labels of cycles that one of the runs has."""
    parts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """What the runs were of that differs: `account`, `costs`, `program`, at the first cycle where it does."""
    differences: list[Difference] = field(default_factory=list)
    quiet: dict[str, Quiet] = field(default_factory=dict)

    @property
    def identical(self) -> bool:
        """Whether both runs had the same and decided the same; another program that does so is no difference."""
        return not (self.differences or self.quiet or self.only["a"] or self.only["b"] or set(self.parts) - {"program"})

    def origins(self) -> Iterator[tuple[Difference, list[Difference]]]:
        """Each difference with a cause of its own, and those that follow from it."""
        following: dict[int, list[Difference]] = {}
        for one in self.differences:
            if one.follows is not None:
                following.setdefault(one.follows, []).append(one)
        for place, one in enumerate(self.differences):
            if one.follows is None:
                yield one, following.get(place, [])


class Walked(Protocol):
    """A run, or what can be walked like one."""

    rest: tuple[Json, ...]
    """What was recorded after the last cycle, once all have been told."""

    def cycles(self) -> Iterator[Cycle]:
        """Every cycle, in order."""


def compare(one: Walked, two: Walked) -> Comparison:
    """Compare two runs. Raises `LogUnreadable`, `KeyError` where a log does not hold what its records name."""
    walk = _Walk()
    for a, b in _side_by_side(one.cycles(), two.cycles()):
        if a is None or b is None:
            walk.alone(a, b)
        else:
            walk.together(a, b)
    walk.rest(one.rest, two.rest)
    return walk.found


class _Walk:
    """What is known while walking."""

    def __init__(self) -> None:
        self.found = Comparison()
        self._since: list[int] = []
        """Places of the origins since the portfolios were the same."""
        self._costs_told = False
        self._gap: list[str] = []
        """Cycles that only one run has, since the last one that both have."""

    def alone(self, a: Cycle | None, b: Cycle | None) -> None:
        """A cycle that one run has."""
        cycle = a or b
        assert cycle is not None
        self.found.only["a" if a else "b"].append(cycle.label)
        # At the beginning or the end it is another span; in between it is a difference with consequences.
        if self.found.both:
            self._gap.append(f"{cycle.label}: only in {'A' if a else 'B'}")

    def together(self, a: Cycle, b: Cycle) -> None:
        """A cycle that both have."""
        self.found.both += 1
        if self._gap:
            self._origin(self._gap[0].partition(": ")[0], DESK, Cause("cycles", tuple(self._gap)), None, None)
            self._gap = []
        before = len(self.found.differences)
        for name, parts in (("account", account_parts), ("program", program_parts)):
            if name not in self.found.parts and (details := tuple(parts(a.start, b.start))):
                self.found.parts[name] = details
        self._portfolios(a, b)
        self._decisions(a, b)
        if len(self.found.differences) == before:
            self.found.same += 1
            self._quiet(a, b)

    def rest(self, a: tuple[Json, ...], b: tuple[Json, ...]) -> None:
        """What came after the last cycle."""
        if a != b and not self._since and not any(self.found.only.values()):
            self._origin("after the last cycle", DESK, _between(a, b), None, None)

    def _portfolios(self, a: Cycle, b: Cycle) -> None:
        """Whether the portfolios came together, or apart without a decision that differs."""
        if "portfolio" not in a.inputs or "portfolio" not in b.inputs:
            return
        if a.inputs["portfolio"] == b.inputs["portfolio"] or a.portfolio == b.portfolio:
            self._since = []
            return
        costs = _costlier(a, b)
        if costs and not self._costs_told:
            self._costs_told = True
            self._origin(a.label, DESK, Cause("costs", costs), None, None)
        elif not self._since:
            details = tuple(account_parts(a.start, b.start))
            cause = _between(a.events, b.events) if a.events != b.events else Cause("account", details)
            if not cause.details:
                cause = Cause("unexplained", tuple(portfolio_parts(a, b)))
            self._origin(a.label, DESK, cause, None, None)

    def _decisions(self, a: Cycle, b: Cycle) -> None:
        if a.fault != b.fault:
            self._origin(a.label, DESK, cause_of(a, b, DESK), a.record.get("fault"), b.record.get("fault"))
            return
        for instrument in sorted(a.instruments | b.instruments):
            if a.outcome(instrument) != b.outcome(instrument):
                self._difference(a, b, instrument, a.outcome(instrument), b.outcome(instrument))
        if a.state != b.state:
            self._difference(a, b, DESK, {"state": a.state}, {"state": b.state})

    def _difference(self, a: Cycle, b: Cycle, instrument: str, one: Json, two: Json) -> None:
        cause = cause_of(a, b, instrument)
        if cause.kind == "portfolio" and self._since:
            found = Difference(a.label, instrument, cause, one, two, self._origin_of(a, b, instrument))
            self.found.differences.append(found)
        else:
            self._origin(a.label, instrument, cause, one, two)

    def _origin(self, label: str, instrument: str, cause: Cause, a: Json, b: Json) -> None:
        self._since.append(len(self.found.differences))
        self.found.differences.append(Difference(label, instrument, cause, a, b))

    def _origin_of(self, a: Cycle, b: Cycle, instrument: str) -> int:
        """Which of the origins since the portfolios were the same this follows from."""
        first = self._since[0]
        for place in range(len(self.found.differences) - 1, first - 1, -1):
            one = self.found.differences[place]
            if one.instrument == instrument and one.label < a.label:
                return place if one.follows is None else one.follows
        held = instruments_held(a, b)
        return next((place for place in self._since if self.found.differences[place].instrument in held), first)

    def _quiet(self, a: Cycle, b: Cycle) -> None:
        for name, parts in _PARTS.items():
            if a.inputs.get(name) == b.inputs.get(name):
                continue
            known = self.found.quiet.get(name)
            if known is None:
                details = tuple(parts(a, b)) if a.inputs and b.inputs else ()
                if name == "portfolio" and not details:
                    # The names of account and mode alone.
                    continue
                known = self.found.quiet[name] = Quiet(0, a.label, details)
            known.cycles += 1


_PARTS = {
    "snapshot": lambda a, b: facts_of(a, b, None),
    "rulebook": rulebook_parts,
    "limits": limits_parts,
    "portfolio": portfolio_parts,
}


def _side_by_side(one: Iterable[Cycle], two: Iterable[Cycle]) -> Iterator[tuple[Cycle | None, Cycle | None]]:
    """Both sequences merged by label."""
    left, right = iter(one), iter(two)
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        if b is None or (a is not None and a.label < b.label):
            yield a, None
            a = next(left, None)
        elif a is None or b.label < a.label:
            yield None, b
            b = next(right, None)
        else:
            yield a, b
            a, b = next(left, None), next(right, None)


def _costlier(a: Cycle, b: Cycle) -> tuple[str, ...]:
    """What the same fills cost otherwise, where the runs have other costs; else nothing."""
    told = tuple(account_parts(*({"costs": side.start.get("costs", {})} for side in (a, b))))
    fills = [{one["client_order_id"]: one for one in side.events if one["kind"] == "fill"} for side in (a, b)]
    found = [
        f"{name} {part}: {fills[0][name].get(part)} -> {fills[1][name].get(part)}"
        for name in fills[0].keys() & fills[1].keys()
        for part in _COSTS
        if fills[0][name].get(part) != fills[1][name].get(part)
    ]
    return (*told, *sorted(found)) if told and found else ()


def _between(a: tuple[Json, ...], b: tuple[Json, ...]) -> Cause:
    """The first record between two cycles that is another one."""
    one, two = ([event for event in side if event["kind"] in _BOOKED] for side in (a, b))
    only = [("A", event) for event in one if event not in two] + [("B", event) for event in two if event not in one]
    if not only:
        return Cause("records", ("the same records in another order",) if one != two else ())
    kinds = {event["kind"] for _, event in only}
    kind = "person" if any(event.get("who", "engine") != "engine" for _, event in only) else "records"
    if kinds == {"books"}:
        kind = "bars"
    return Cause(kind, tuple(f"{_told(event)}: only in {side}" for side, event in only))


def _told(event: Json) -> str:
    """One record in a few words."""
    words = [event["kind"]]
    words += [
        str(event[name])
        for name in (
            "entry",
            "event",
            "state",
            "instrument",
            "client_order_id",
            "session",
            "who",
            "price",
            "commission",
        )
        if event.get(name)
    ]
    return " ".join(dict.fromkeys(words))
