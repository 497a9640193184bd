"""What surveillance remembers of a log: orders with their fills and cancels, sessions with their closes, decisions.

A fold over the records, one after another. It remembers what patterns need and no more: a year of a desk fits easily.

Rules:
- time within the log is the place of a record: two things at one instant have an order all the same;
- the day of a fill is its session, that of everything else the date it was true on (UTC);
- a cancel counts from when it was asked for. One that a kill or a halt asked for is the desk's own stop, and says so;
- a split turns the last closes into new shares' prices, so that it is no move of the price.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from engine.limits.kinds import KINDS, NUMERIC
from engine.surveillance.parameters import LEAST_NEAR
from knowledge.values import Json, fraction

Kinds = Callable[[str], Mapping[str, str]]
"""From the digest of a limits file the kind of each of its limits, by id."""
RECORDS = ("decision", "order", "fill", "cancel", "expiry", "rejection", "books", "state")
"""The kinds that it reads."""
AT_ITS_BOUND = "price_collar"
"""A kind of limit at whose bound every entry's price stands, as that is how it is made."""
NEVER = 1 << 62


@dataclass(slots=True)
class Life:
    """One order. Places are those of records; `NEVER` where it has not happened."""

    order: str
    instrument: str
    side: str
    role: str
    kind: str
    quantity: Fraction
    limit: Fraction | None
    strategy: str
    basket: str
    warrant: str
    as_of: str
    begins: int
    ends: int = NEVER
    filled: Fraction = Fraction(0)
    fills: list[Fill] = field(default_factory=list)
    cancelled: bool = False
    """Whether a cancel was asked for."""

    @property
    def day(self) -> str:
        """The date on which it was submitted."""
        return self.as_of[:10]

    def beside(self, other: Life) -> bool:
        """Whether both worked at one time."""
        return self.begins < other.ends and other.begins < self.ends

    @property
    def sign(self) -> int:
        """+1 buys, -1 sells."""
        return 1 if self.side == "buy" else -1


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution. `volume` is that of its bar, None where the record does not say it."""

    life: Life
    at: int
    as_of: str
    day: str
    quantity: Fraction
    price: Fraction
    volume: Fraction | None


@dataclass(frozen=True, slots=True)
class Cancel:
    """A cancel that was asked for."""

    life: Life
    at: int
    as_of: str
    day: str
    replaced_by: str
    stopped: bool
    """Whether the desk was killed or halted then."""


@dataclass(frozen=True, slots=True)
class Close:
    """What an instrument closed a bar at. `before` is its close of the bar before, in shares of now."""

    at: int
    as_of: str
    price: Fraction
    before: Fraction | None


@dataclass(frozen=True, slots=True)
class Session:
    """A session that has ended. `bars` is how many the books have seen of it."""

    at: int
    as_of: str
    date: str
    bars: int


@dataclass(frozen=True, slots=True)
class Near:
    """A measure that the entries of a decision brought near to its bound."""

    measure: str
    limit: str
    per_order: bool
    value: Fraction
    bound: Fraction
    squared: bool
    """Whether both are squares of what they measure."""

    def reaches(self, share: Fraction) -> bool:
        """Whether it is at this share of its bound, or beyond."""
        return self.value >= self.bound * (share * share if self.squared else share)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a decision granted, how near to what, and which numeric limits cut or refused."""

    at: int
    record: str
    as_of: str
    session: str
    entries: Mapping[str, str]
    """Order by instrument, of entries."""
    whole: frozenset[str]
    """The instruments whose entry is as large as it was asked for."""
    near: tuple[Near, ...]
    binding: tuple[str, ...]
    about: frozenset[str]
    """The instruments of its entries, and of those that were cut or refused."""


@dataclass(slots=True)
class Trace:
    """Grows by `take`, in order of the log."""

    lives: dict[str, Life] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    cancels: list[Cancel] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    closes: dict[tuple[str, str], list[Close]] = field(default_factory=dict)
    """By instrument and session."""
    rulings: list[Ruling] = field(default_factory=list)
    stopped: bool = False
    _bars: int = 0
    _dates: list[str] = field(default_factory=list)
    _last: dict[str, Fraction] = field(default_factory=dict)
    _split: dict[str, Fraction] = field(default_factory=dict)

    def sessions_between(self, first: str, last: str) -> int:
        """Sessions that ended from the day `first` on and before the day `last` (ISO dates): 0 within one."""
        return bisect_left(self._dates, last) - bisect_left(self._dates, first)

    def take(self, record: Json, kinds: Kinds) -> None:
        """Read one record; kinds that say nothing of orders pass by."""
        match record["kind"]:
            case "decision":
                self._decision(record, kinds)
            case "order" if record["event"] == "submit":
                self._submitted(record)
            case "fill":
                self._filled(record)
            case "cancel" if record["event"] == "request-cancel":
                self._cancelled(record)
            case "books" if record["entry"] in ("session", "closes"):
                self._closed(record)
            case "books" if record["entry"] == "split":
                name = record["instrument"]
                self._split[name] = self._split.get(name, Fraction(1)) * fraction(record["ratio"])
            case "state" if record["state"] in ("killed", "halted", "active"):
                self.stopped = record["state"] != "active"
        life = self.lives.get(record.get("client_order_id", ""))
        if life is not None and record.get("state") in ("filled", "cancelled", "expired", "rejected"):
            life.ends = record["seq"]

    def _submitted(self, record: Json) -> None:
        terms = record.get("order")
        if not isinstance(terms, dict) or record["client_order_id"] in self.lives:
            return
        limit, basket = terms.get("limit_price"), terms.get("basket")
        self.lives[record["client_order_id"]] = Life(
            record["client_order_id"], terms["instrument"], terms["side"], terms["role"], terms["kind"],
            fraction(terms["quantity"]), None if limit is None else fraction(limit), terms.get("strategy", ""),
            basket["name"] if isinstance(basket, dict) else "", record["warrant_id"], record["as_of"], record["seq"],
        )  # fmt: skip

    def _filled(self, record: Json) -> None:
        life = self.lives.get(record["client_order_id"])
        if life is None:
            return
        volume = record.get("volume")
        fill = Fill(
            life, record["seq"], record["as_of"], record.get("session", record["as_of"][:10])[:10],
            fraction(record["quantity"]), fraction(record["price"]), None if volume is None else fraction(str(volume)),
        )  # fmt: skip
        life.filled += fill.quantity
        life.fills.append(fill)
        self.fills.append(fill)

    def _cancelled(self, record: Json) -> None:
        life = self.lives.get(record["client_order_id"])
        if life is not None and not life.cancelled:
            life.cancelled = True
            at, day = record["as_of"], record["as_of"][:10]
            by = record.get("replaced_by") or ""
            self.cancels.append(Cancel(life, record["seq"], at, day, by, self.stopped))

    def _closed(self, record: Json) -> None:
        self._bars += 1
        for name, price in record["closes"].items():
            before, ratio = self._last.get(name), self._split.pop(name, Fraction(1))
            self._last[name] = now = fraction(price)
            close = Close(record["seq"], record["as_of"], now, None if before is None else before / ratio)
            self.closes.setdefault((name, record["session"]), []).append(close)
        if record["entry"] == "session":
            self.sessions.append(Session(record["seq"], record["as_of"], record["session"], self._bars))
            self._dates.append(record["session"])
            self._bars = 0

    def _decision(self, record: Json, kinds: Kinds) -> None:
        entries = {
            one["order"]["instrument"]: one["order"]["client_order_id"]
            for one in record.get("warrants", ())
            if one["order"]["role"] == "entry"
        }
        held_back = [one for one in record.get("verdicts", ()) if one.get("outcome") in ("cut", "denied")]
        if not entries and not held_back:
            return
        kind_of = kinds(record["inputs"]["limits"])
        near = [
            one for reading in (record.get("readings", ()) if entries else ())
            if (one := _near(reading, kind_of, entries)) is not None
        ]  # fmt: skip
        asked = {part["limit"] for one in held_back for part in (*one.get("binding", ()), *one.get("cores", ()))}
        binding = sorted(limit for limit in asked if _is_numeric(kind_of.get(limit, "")))
        whole = (one["instrument"] for one in record["verdicts"] if one.get("outcome") == "granted")
        self.rulings.append(
            Ruling(record["seq"], record["record_id"], record["as_of"], record.get("period", record["as_of"])[:10],
                   entries, frozenset(whole), tuple(near), tuple(binding),
                   frozenset({*entries, *(one["instrument"] for one in held_back)}))
        )  # fmt: skip


def _is_numeric(kind: str) -> bool:
    return kind in KINDS and KINDS[kind].form in NUMERIC


def _near(reading: Json, kind_of: Mapping[str, str], entries: Mapping[str, str]) -> Near | None:
    """A reading as something near its bound, if these entries brought it anywhere near."""
    kind = kind_of.get(reading["limit"], "")
    if not _is_numeric(kind) or kind == AT_ITS_BOUND:
        return None
    per_order = KINDS[kind].form == "order"
    about = reading["measure"].partition("[")[2].rstrip("]")
    if per_order and about not in entries:
        return None
    value, bound = fraction(reading["value"]), fraction(reading["bound"])
    if bound <= 0 or value <= fraction(reading["base"]):
        return None
    found = Near(reading["measure"], reading["limit"], per_order, value, bound, "corner" in reading)
    return found if found.reaches(LEAST_NEAR) else None
