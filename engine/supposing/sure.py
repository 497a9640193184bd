"""How sure a verdict is: for each number it may rest on, the values within which it stays.

Two questions of each input, all else equal: within which values does the outcome stay (granted, cut, denied, no
candidate, an exit), and within which the granted quantity, too? Each end is two neighbouring values of the input's
grid, both decided: one gives the verdict, the next one another. How ends are sought is in `engine.supposing.intervals`;
decisions are asked for as outlines (`engine.supposing.service`), and what flips first is asked for in full by who tells
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from engine.supposing.difference import outcome
from engine.supposing.inputs import GROUPS, Input
from engine.supposing.intervals import Asked, Budget, Interval, Spent, interval
from knowledge.values import Json

MOST_DECISIONS = 6_000
"""Decisions that one question may take."""
HARDLY = Fraction(1, 10**12)
Suppose = Callable[[Json], Json]
"""Takes a change, gives the outline of the decision."""
Aspect = Callable[[Json], tuple[object, ...]]
"""What of an outcome is asked about."""


@dataclass(frozen=True)
class Flip:
    """A value at which the verdict is another one: the last that gives it, the first that does not, and what then."""

    input: Input
    last: Fraction
    beyond: Fraction
    becomes: Json
    """The outcome there, as `difference.outcome` says it."""
    exact: Fraction | None = None
    """Of a limit, between the two: the bound itself at which it happens, where the limit's arithmetic names it and both
    sides of it were decided, `HARDLY` apart."""

    @property
    def rises(self) -> bool:
        """Whether the number has to rise for it."""
        return self.beyond > self.last

    @property
    def distance(self) -> Fraction:
        """How far the number is from it, as a share of what it was; of zero, as a share of its grid."""
        value = self.input.value
        way = abs(self.beyond - value)
        return way / abs(value) if value else way / (self.input.grid.step * max(self.input.grid.last, 1))


@dataclass(frozen=True)
class Sure:
    """One input of a verdict: where the outcome stays, and where the quantity does."""

    input: Input
    outcome: Interval
    quantity: Interval
    flips: tuple[Flip, ...]
    """Of the outcome: none, one or two."""
    moves: tuple[Flip, ...]
    """Of the quantity."""

    @property
    def matters(self) -> bool:
        """Whether any value that was tried changes anything."""
        return not self.quantity.whole

    @property
    def known(self) -> bool:
        """Whether the budget reached all ends."""
        return all(end.known for one in (self.outcome, self.quantity) for end in (one.low, one.high))

    @property
    def back(self) -> tuple[Fraction, ...]:
        """Values beyond an end of the outcome that give it again: it does not change once and for all."""
        return tuple(self.input.grid.value(place) for place in (*self.outcome.low.again, *self.outcome.high.again))


@dataclass(frozen=True)
class HowSure:
    """Every input of the verdict on an instrument."""

    instrument: str
    verdict: Json
    """Its outcome as it was."""
    inputs: tuple[Sure, ...]

    def nearest(self, part: Callable[[Sure], Sequence[Flip]], group: str = "") -> Flip | None:
        """The flip that is nearest, of one group or of all."""
        found = [flip for one in self.inputs if group in ("", one.input.group) for flip in part(one)]
        return min(found, key=lambda one: (one.distance, one.input.name), default=None)


def kind_of(told: Json) -> tuple[object, ...]:
    """What stays the same while the outcome does."""
    if told is None:
        return ("no-candidate", None, None)
    going = told.get("exit")
    held = None if going is None else (going["side"], bool(going["held_back"]))
    return told.get("outcome", "no-candidate"), told.get("side"), held


def amount_of(told: Json) -> tuple[object, ...]:
    """What stays the same while outcome and quantity do."""
    going = (told or {}).get("exit")
    granted = (told or {}).get("outcome") in ("granted", "cut")
    return (*kind_of(told), told["quantity"] if granted else None, going["quantity"] if going else None)


class Search:
    """Answers about the inputs of one cycle, for all its instruments: what was decided once is not decided again."""

    def __init__(self, suppose: Suppose, budget: Budget | None = None) -> None:
        self._suppose = suppose
        self.budget = budget or Budget(MOST_DECISIONS)
        self._asked: dict[str, Asked[Json]] = {}
        self.base: Json = suppose({})
        """The outline of the unchanged cycle."""

    def sure(self, instrument: str, one: Input) -> Sure:
        """How far one input may move."""
        if one.name not in self._asked:
            self._asked[one.name] = Asked(lambda place: self._suppose(one.change(place)), self.budget)
            self._asked[one.name].known[one.at] = self.base
        asked = self._asked[one.name]
        was = outcome(self.base, instrument)

        def stays(part: Aspect) -> Interval:
            wanted = part(was)
            return interval(
                one.grid, one.at, asked, lambda told: part(outcome(told, instrument)) == wanted, one.likely, one.around
            )

        kinds, amounts = stays(kind_of), stays(amount_of)
        flips, moves = (tuple(self._flips(instrument, one, *each)) for each in ((kinds, kind_of), (amounts, amount_of)))
        return Sure(one, kinds, amounts, flips, moves)

    def _flips(self, instrument: str, one: Input, found: Interval, part: Aspect) -> Iterable[Flip]:
        for end in (found.low, found.high):
            if end.beyond is not None and end.known:
                last, beyond = one.grid.value(end.last), one.grid.value(end.beyond)
                becomes = outcome(self._asked[one.name].known[end.beyond], instrument)
                yield Flip(one, last, beyond, becomes, self._exact(instrument, one, last, beyond, part))

    def _exact(self, instrument: str, one: Input, last: Fraction, beyond: Fraction, part: Aspect) -> Fraction | None:
        """The bound between two neighbours of the grid at which a verdict changes, if the arithmetic names it."""
        was, step = part(outcome(self.base, instrument)), HARDLY if beyond > last else -HARDLY

        def stays(value: Fraction) -> bool:
            self.budget.take()
            return part(outcome(self._suppose(one.change_to(value)), instrument)) == was

        try:
            for value in one.named:
                between = min(last, beyond) < value < max(last, beyond)
                if between and stays(value) and not stays(value + step):
                    return value
        except Spent:
            return None
        return None


def how_sure(
    search: Search, instrument: str, inputs: Iterable[Input], progress: Callable[[str], None] = lambda _: None
) -> HowSure:
    """How far each input of the verdict on an instrument may move; `progress` is told each input's name before."""
    was, found = outcome(search.base, instrument), []
    for one in sorted(inputs, key=lambda each: (GROUPS.index(each.group), each.name)):
        progress(f"{instrument}: {one.name}")
        found.append(search.sure(instrument, one))
    return HowSure(instrument, was, tuple(found))
