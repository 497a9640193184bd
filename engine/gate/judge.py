"""The gate's exact arithmetic: which entries fit, all together, and how large they may be.

Exits come first and are never refused by a number (they are part of the book that entries are judged against).
Entries follow, highest conviction first, ties by instrument. Each is as large as its target and every limit allow,
found in closed form (`Running.room`), rounded down to whole lots. A basket is judged as one: in whole units of its
ratio, all legs or none, so that what forbids one leg forbids them all and each leg's ruling says the same. What is
refused carries every minimal core: a set of limits, conditions and earlier grants that cannot hold together with even
one lot (of a basket, one unit). A single limit that admits no lot is a core by itself, so a core never holds two
limits; where a limit refuses only because of earlier grants, the core names a smallest set of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import cached_property

from engine.gate.compiled import rows_of
from engine.gate.convex import Corner
from engine.gate.crowding import smallest_sets, spare, taken
from engine.gate.curves import Step
from engine.gate.market import Market
from engine.gate.proposals import Bundle, Entry, Grant, bundled
from engine.gate.reach import ZERO, Book, state_of
from engine.gate.running import Part, Running
from engine.gate.scope import Scope
from engine.gate.whole import parted
from engine.limits.model import UNKNOWN_STATE, Limits

SIZE = "sizing.target"
"""The core of an entry whose sizing allows less than one lot."""
WHOLE = "basket.whole"
"""The core of a basket of which a leg is not among the entries, or is not what its ratio says."""


class Outcome(StrEnum):
    """The verdict for one instrument."""

    GRANTED = "granted"
    CUT = "cut"
    DENIED = "denied"
    NO_CANDIDATE = "no-candidate"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True, slots=True)
class Reading:
    """One measure, read: what the worst filling makes it, and what it may be."""

    measure: str
    limit: str
    value: Fraction
    bound: Fraction
    base: Fraction
    corner: Corner | None = None
    """Where a convex measure is worst; its three numbers are squares. None for the others."""

    @property
    def slack(self) -> Fraction:
        """How much is left; below zero only where a convex measure's base already stood above its bound."""
        return (max(self.bound, self.base) if self.corner is None else self.bound) - self.value


@dataclass(frozen=True, slots=True)
class Core:
    """Constraints that cannot hold together with one lot: a limit or condition, and the grants that crowd it."""

    constraint: str
    limit: str
    grants: tuple[str, ...]

    @property
    def alone(self) -> bool:
        """True where no earlier grant is part of the reason."""
        return not self.grants


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate says of one entry.

    `binding` are the measures that one more lot would break (for a cut), `cores` the minimal reasons (for a denial),
    `crowding` what each crowding grant takes of the core's measure.
    """

    entry: Entry
    outcome: Outcome
    quantity: Fraction
    binding: tuple[Reading, ...] = ()
    cores: tuple[Core, ...] = ()
    crowding: tuple[tuple[str, str, Fraction], ...] = ()
    """(measure, instrument or basket of an earlier grant, its part of the measure's value)."""
    lacking: tuple[Reading, ...] = ()
    """The measures that stand in the way of the target (of a cut) or of the smallest quantity (of a denial), read there
    beside the earlier grants: what would have to be repaired."""
    spare: tuple[tuple[str, Fraction], ...] = ()
    """(earlier grant, shares): had it so many shares fewer (of a basket: units), the smallest quantity would fit."""


@dataclass(frozen=True)
class Judgement:
    """All rulings in the order in which they were made, what is granted, and every limit read with all of it."""

    rulings: tuple[Ruling, ...]
    grants: tuple[Grant, ...]
    scope: Scope
    read: Callable[[], tuple[Reading, ...]] = field(compare=False, repr=False)

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """Every limit with everything granted. No ruling needs it, so that it is made when it is asked for."""
        return self.read()


def judge(
    book: Book, entries: Sequence[Entry], market: Market, limits: Limits, regime: str, state: str = UNKNOWN_STATE
) -> Judgement:
    """Rule on every entry. Entries whose instrument has no terms must carry a failing finding.

    Raises `ValueError` on two entries in one instrument that no condition forbids.
    """
    queue = [(one, _is_free(one, market)) for one in bundled(entries)]
    asked = tuple([entry for one, free in queue if free for entry in one.entries])
    scope = Scope(book, asked, market, limits, regime, state)
    running = Running(rows_of(scope, state_of(book, (), market, limits), asked))
    rulings: list[Ruling] = []
    for bundle, free in queue:
        rulings += _rule(running, bundle) if free else _refused(bundle, market)
    grants = tuple([Grant(one.entry, one.quantity) for one in rulings if one.quantity > 0])
    return Judgement(tuple(rulings), grants, scope, lambda: _read(running, range(len(running.rows.limits))))


def _is_free(bundle: Bundle, market: Market) -> bool:
    """Whether only numbers can refuse it."""
    return not forbidding(bundle) and market.terms.keys() >= {one.instrument for one in bundle.entries}


def forbidding(bundle: Bundle) -> list[Core]:
    """What forbids every quantity: conditions that do not hold (of a basket, with the leg), a basket without a leg."""
    found = [] if bundle.whole else [Core(WHOLE, WHOLE, ())]
    for entry in bundle.entries:
        leg = "" if bundle.basket is None else f"[{entry.instrument}]"
        found += [Core(f"{one.limit}{leg}", one.limit, ()) for one in entry.findings if not one.holds]
    return found


def _refused(bundle: Bundle, market: Market) -> list[Ruling]:
    """What is refused whatever the numbers say."""
    forbidden, steps = forbidding(bundle), bundle.steps(market.terms)
    unknown = [one.instrument for one in bundle.entries if one.instrument not in market.terms]
    assert forbidden or not unknown, f"{unknown[0]} has no terms and no finding that says so"
    if not unknown and any(one.target < step for one, step in zip(bundle.entries, steps, strict=True)):
        forbidden.append(Core(SIZE, SIZE, ()))
    return [Ruling(one, Outcome.DENIED, ZERO, (), _unique(forbidden)) for one in bundle.entries]


def _rule(running: Running, bundle: Bundle) -> list[Ruling]:
    """One ruling for each entry, all with the same outcome and reasons; what it grants is granted from now on."""
    asks, grown = running.desk.asks, running.grown(bundle.entries)
    most = min([asks[place].target // step for place, step in grown])
    step = running.part(bundle.name, grown, 1)
    broken = running.broken(step)
    count = 0 if most < 1 or broken else _room(running, grown, most)
    if count < 1:
        return _denied(running, bundle, step, broken, [Core(SIZE, SIZE, ())] if most < 1 else [])
    granted, outcome = running.part(bundle.name, grown, count), Outcome.GRANTED
    binding: tuple[Reading, ...] = ()
    lacking: tuple[Reading, ...] = ()
    if any(size != asks[place].target for place, size in granted.steps):
        beyond = [running.part(bundle.name, grown, more) for more in (count + 1, most)]
        outcome = Outcome.CUT
        binding, lacking = [_read(running, running.broken(one), one) for one in beyond]
    running.grant(granted)
    shares = running.desk.units.shares
    return [Ruling(one, outcome, parted(size, shares), binding, (), (), lacking)
            for one, (_, size) in zip(bundle.entries, granted.steps, strict=True)]  # fmt: skip


def _denied(
    running: Running, bundle: Bundle, step: Part, broken: Sequence[int], forbidden: Sequence[Core]
) -> list[Ruling]:
    """What forbids even one step: every minimal core, and what would let it in."""
    found, crowding = _cores(running, broken, step)
    cores, lacking = _unique([*forbidden, *found]), _read(running, broken, step)
    less = tuple(spare(running, broken, step, sorted({name for _, name, _ in crowding})))
    return [Ruling(one, Outcome.DENIED, ZERO, (), cores, tuple(crowding), lacking, less) for one in bundle.entries]


def _room(running: Running, grown: Sequence[Step], most: int) -> int:
    """The largest number of steps that every limit admits; up to `most`."""
    return running.room(grown, most)


def _read(running: Running, which: Iterable[int], *more: Part) -> tuple[Reading, ...]:
    """These rows, read beside what is granted."""
    rows, amount = running.rows, running.amount
    return tuple([
        Reading(rows.key(at), rows.limits[at].id, value, bound, amount(at, rows.bases[at]), corner)
        for at, value, bound, corner in running.read(which, *more)
    ])  # fmt: skip


def _cores(
    running: Running, broken: Iterable[int], step: Part
) -> tuple[list[Core], list[tuple[str, str, Fraction]]]:  # fmt: skip
    """Every minimal core of the numeric limits for one lot or unit, and what the crowding grants take."""
    cores: list[Core] = []
    crowding: list[tuple[str, str, Fraction]] = []
    for at in broken:
        key, limit = running.rows.key(at), running.rows.limits[at].id
        if running.breaks(at, [step]):
            cores.append(Core(key, limit, ()))
            continue
        sets = smallest_sets(running, at, step)
        cores.extend([Core(key, limit, names) for names in sets])
        names = sorted({name for names in sets for name in names})
        crowding.extend([(key, name, taken(running, at, name)) for name in names])
    return cores, crowding


def _unique(cores: Sequence[Core]) -> tuple[Core, ...]:
    if len(cores) == 1:
        return (cores[0],)
    return tuple(sorted(set(cores), key=lambda core: (not core.alone, core.constraint, core.grants)))
