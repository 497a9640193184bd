"""What a run did, read back from its log: the fate of every candidate, silences, exits, fills, NAV and exposure.

Everything is a fold over records; nothing is remembered from the run itself, so a summary of an old log is as good as
one of a run that has just ended. What the numbers are worth is in `adapters/reports/performance.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from adapters.audit.kinds import period_of
from engine.books.books import Books, apply
from engine.limits.model import Limit
from knowledge.values import Json

NOT_A_LIMIT = 0
"""The layer of a reason that is no limit's id: sizing stands before the layers."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one candidate."""

    session: str
    record_id: str
    instrument: str
    outcome: str
    side: str
    conviction: Fraction
    target: str
    quantity: str
    reasons: tuple[str, ...]
    """Limit ids, and `sizing.target`."""
    policies: tuple[str, ...]
    """For a candidate that the policies forbid: which of them."""
    alone: tuple[str, ...]
    """Those of the reasons that forbid it whatever else was granted."""
    order_id: str
    """Its order, where one was warranted; else empty."""
    as_of: str = ""
    period: str = ""
    """The bar at whose end it was decided: its session, or when a shorter bar begins."""

    @property
    def crowded_out(self) -> bool:
        """Denied only because of what was granted before it in the same decision."""
        return self.outcome == "denied" and not self.alone

    @property
    def kept(self) -> Fraction:
        """The part of the target that was permitted."""
        target = Fraction(self.target)
        return Fraction(self.quantity) / target if target else Fraction(0)


@dataclass(frozen=True, slots=True)
class Silence:
    """An instrument for which the rules proposed nothing: which rule came closest, and which stood behind it."""

    session: str
    record_id: str
    instrument: str
    chain: tuple[str, ...]
    """Rules from the closest one down to the one whose condition failed."""
    held: int
    conditions: int
    measured: bool
    """Whether the record says by how much the condition failed."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often one reason denied a candidate, on its own and only beside earlier grants."""

    layer: int
    reason: str
    alone: int
    crowded: int

    @property
    def times(self) -> int:
        """Both together."""
        return self.alone + self.crowded


@dataclass
class Tally:
    """Counts and series of one run; the series are by session, in order."""

    limits: tuple[Limit, ...]
    sectors: Mapping[str, str]
    books: Books
    cycles: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """Verdicts by outcome."""
    fates: list[Fate] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    exits: Counter[str] = field(default_factory=Counter)
    """Exits that the rules proposed, by reason."""
    fills: Counter[str] = field(default_factory=Counter)
    """Executions by the role of their order."""
    commission: Decimal = Decimal(0)
    slippage: Decimal = Decimal(0)
    """What fills cost beyond their reference prices, in money."""
    states: Counter[str] = field(default_factory=Counter)
    regimes: Counter[str] = field(default_factory=Counter)
    sessions: list[str] = field(default_factory=list)
    navs: list[Fraction] = field(default_factory=list)
    exposures: list[dict[tuple[str, str], Fraction]] = field(default_factory=list)
    """Absolute exposure by (sector, side) as a share of NAV."""

    # --- folding ------------------------------------------------------------------------------------------------

    def take(self, record: Json) -> None:
        """Count one record."""
        self.books = apply(self.books, record)
        match record["kind"]:
            case "decision":
                self._decision(record)
            case "fill":
                self.fills[record["role"]] += 1
                self.commission += Decimal(record["commission"])
                self.slippage += (
                    Decimal(record["slippage"]) * Decimal(record["quantity"]) * Decimal(record["multiplier"])
                )
            case "fault":
                self.faults.append(record["fault"])
            case "books" if record["entry"] == "session":
                self._session(record)

    def _decision(self, record: Json) -> None:
        self.cycles += 1
        self.states[record["trading_state"]] += 1
        self.regimes[record["regime"]] += 1
        if record["fault"]:
            self.faults.append(record["fault"])
        self.fates += fates(record)
        for verdict in record["verdicts"]:
            self.outcomes[verdict["outcome"]] += 1
            if "side" not in verdict and verdict.get("miss"):
                self.silences.append(_silence(record, verdict))
        for one in record["exits"]:
            self.exits.update(one["reasons"])

    def _session(self, record: Json) -> None:
        nav, exposure = self.books.closing_nav, dict[tuple[str, str], Fraction]()
        for name, held in self.books.holdings.items():
            price = Fraction(record["closes"][name]) if name in record["closes"] else held.last_price
            key = (self.sectors.get(name, "other"), "long" if held.quantity > 0 else "short")
            exposure[key] = exposure.get(key, Fraction(0)) + abs(held.units * price) / nav
        self.sessions.append(record["session"])
        self.navs.append(nav)
        self.exposures.append(exposure)

    # --- reading ------------------------------------------------------------------------------------------------

    def layer(self, reason: str) -> int:
        """The layer of a reason."""
        return next((one.layer for one in self.limits if one.id == reason), NOT_A_LIMIT)

    def denied(self) -> list[Fate]:
        """The denied candidates, in order."""
        return [one for one in self.fates if one.outcome == "denied"]

    def refusals(self) -> list[Refusals]:
        """Reasons of the denied candidates by layer; a candidate with several reasons counts under each."""
        alone = Counter(reason for one in self.denied() for reason in one.alone)
        every = Counter(reason for one in self.denied() for reason in one.reasons)
        return sorted(
            (Refusals(self.layer(name), name, alone[name], every[name] - alone[name]) for name in every),
            key=lambda one: (one.layer, -one.times, one.reason),
        )

    def refusals_by_month(self) -> dict[str, Counter[int]]:
        """For each month of the run (`2011-01`), reasons of refusals by layer."""
        months: dict[str, Counter[int]] = {session[:7]: Counter() for session in self.sessions}
        for one in self.denied():
            months.setdefault(one.session[:7], Counter()).update(self.layer(reason) for reason in one.reasons)
        return months

    def cuts(self) -> Counter[str]:
        """What one lot more would have broken, over the cut candidates."""
        return Counter(reason for one in self.fates if one.outcome == "cut" for reason in one.reasons)

    def policies(self) -> Counter[str]:
        """Policies that forbade a candidate."""
        return Counter(name for one in self.denied() for name in one.policies)

    def closest(self) -> Counter[tuple[str, ...]]:
        """Silences by the rules that came closest, each down to the rule whose condition failed."""
        return Counter(one.chain for one in self.silences)


def tally(records: Iterable[Json], limits: tuple[Limit, ...], sectors: Mapping[str, str], books: Books) -> Tally:
    """Read a whole log. `books` are the empty books the run began with."""
    result = Tally(limits, sectors, books)
    for record in records:
        result.take(record)
    return result


def fates(record: Json) -> list[Fate]:
    """What became of the candidates of a decision."""
    return [_fate(record, verdict) for verdict in record["verdicts"] if "side" in verdict]


def _fate(record: Json, verdict: Json) -> Fate:
    policy = verdict.get("policy") or {"reasons": []}
    cores = verdict.get("cores", [])
    orders = (one["order"] for one in record["warrants"])
    entries = (one for one in orders if (one["instrument"], one["role"]) == (verdict["instrument"], "entry"))
    return Fate(
        session=record["as_of"][:10],
        record_id=record["record_id"],
        instrument=verdict["instrument"],
        outcome=verdict["outcome"],
        side=verdict["side"],
        conviction=Fraction(verdict["conviction"]),
        target=verdict["target"],
        quantity=verdict["quantity"],
        reasons=tuple(verdict["reasons"]),
        policies=tuple(policy["reasons"]),
        alone=tuple(dict.fromkeys(core["limit"] for core in cores if not core["grants"])),
        order_id=next((one["client_order_id"] for one in entries), ""),
        as_of=record["as_of"],
        period=period_of(record),
    )


def _silence(record: Json, verdict: Json) -> Silence:
    chain = list(_because(verdict["miss"]))
    deepest = chain[-1]
    return Silence(
        session=record["as_of"][:10],
        record_id=record["record_id"],
        instrument=verdict["instrument"],
        chain=tuple(miss["rule"] for miss in chain),
        held=deepest["held"],
        conditions=deepest["conditions"],
        measured=deepest["gap"] is not None,
    )


def _because(miss: Json) -> Iterator[Json]:
    yield miss
    if miss["because"]:
        yield from _because(miss["because"])
