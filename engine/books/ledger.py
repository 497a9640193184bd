"""The books as exact double entry: each record of the log posts entries that sum to zero.

A second derivation, apart from `engine.books.books`: it knows shares and the balances of its accounts and computes
cost, results, settlements and fees from these. `differences` compares the two; reconciliation does so at each cycle.
What a record claims and this ledger would not charge or settle raises `ValueError`.

Left out: currencies other than the account's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from engine.books.accounts import ASSETS, RESULTS, Account, Entry, Line, Name
from engine.books.books import Books, mark
from engine.books.records import YEAR, nights_between
from knowledge.values import Json, fraction, text

NONE = Fraction(0)
_WHOLE = (Name.SETTLED, Name.RECEIVABLE, Name.PAYABLE, Name.SHORT_PROCEEDS, Name.CAPITAL, Name.IN_PRICES)


@dataclass
class _Agreed:
    """What one session agreed: in and out, and how many sessions must end until it changes hands."""

    ends: int
    coming: Fraction = NONE
    going: Fraction = NONE


@dataclass
class Ledger:
    """Balances by account (debits positive), signed shares and last prices by instrument."""

    currency: str = ""
    balances: dict[Account, Fraction] = field(default_factory=dict)
    shares: dict[str, Fraction] = field(default_factory=dict)
    _prices: dict[str, Fraction] = field(default_factory=dict)
    _multipliers: dict[str, Fraction] = field(default_factory=dict)
    _days: int = 0
    _agreed: dict[tuple[str, int], _Agreed] = field(default_factory=dict)
    _ended: list[str] = field(default_factory=list)

    def balance(self, name: Name, instrument: str = "") -> Fraction:
        """What stands on an account."""
        return self.balances.get(Account(name, instrument), NONE)

    def total(self, *names: Name) -> Fraction:
        """What stands on these accounts together, over all instruments."""
        return sum((amount for account, amount in self.balances.items() if account.name in names), NONE)

    @classmethod
    def opened(cls, currency: str, capital: Decimal) -> Ledger:
        """A ledger with a deposit and nothing else, where no `start` record says so."""
        deposit = {Account(Name.SETTLED): Fraction(capital), Account(Name.CAPITAL): -Fraction(capital)}
        return cls(currency, deposit)

    @property
    def cash(self) -> Fraction:
        """All money, whether it has changed hands or not."""
        money = (Name.SETTLED, Name.RECEIVABLE, Name.PAYABLE, Name.SHORT_PROCEEDS)
        return sum((self.balance(name) for name in money), NONE)

    @property
    def settled_cash(self) -> Fraction:
        """Money that has changed hands, less what is to be paid, rounded down to the cent."""
        return Fraction(floor((self.balance(Name.SETTLED) + self.balance(Name.PAYABLE)) * 100), 100)

    @property
    def nav(self) -> Fraction:
        """All assets, at the last session's closes."""
        return self.total(*ASSETS)

    def take(self, record: Json) -> Entry | None:
        """Post one record of the log; None where it does not concern the books. Raises `ValueError`, `KeyError`."""
        step = _STEPS.get((record["kind"], record.get("entry", "")))
        if step is None:
            return None
        what, lines = step(self, record)
        told = tuple(Line(Account(name, one if name not in _WHOLE else ""), amount)
                     for name, one, amount in lines if amount)  # fmt: skip
        if not told:
            return None
        event = record["kind"] if record["kind"] != "books" else record["entry"]
        entry = Entry(record["as_of"], event, what, told)
        for line in told:
            self.balances[line.account] = self.balances.get(line.account, NONE) + line.amount
        return entry

    # --- what each record does ----------------------------------------------------------------------------------

    def _start(self, record: Json) -> _Posting:
        self._days = int(record.get("costs", {}).get("settlement_days", "0"))
        if self.currency or "capital" not in record:
            return "", []
        self.currency, capital = record["currency"], Fraction(record["capital"])
        return "deposit", [(Name.SETTLED, "", capital), (Name.CAPITAL, "", -capital)]

    def _fill(self, record: Json) -> _Posting:
        name, sign = record["instrument"], 1 if record["side"] == "buy" else -1
        quantity, price, fee = (Fraction(record[key]) for key in ("quantity", "price", "commission"))
        self._multipliers[name] = each = Fraction(record["multiplier"])
        if record["currency"] != self.currency:
            raise ValueError(f"fill `{record['fill_id']}` is in {record['currency']}, the ledger in {self.currency}")
        held = self.shares.get(name, NONE)
        closing = min(quantity, abs(held)) if held * sign < 0 else NONE
        lines = [(Name.COMMISSIONS, name, fee), (Name.SETTLED, "", -fee)]
        if closing:
            lines += self._closed(name, closing / abs(held), -sign * closing * price * each, record["session"])
        lines += self._opened(name, sign * (quantity - closing) * price * each, record["session"])
        slipped = Fraction(record.get("slippage", 0)) * quantity * each
        lines += [(Name.SLIPPAGE, name, slipped), (Name.IN_PRICES, "", -slipped)]
        if closing < quantity and abs(held) == closing:
            self._prices[name] = price
        self.shares[name] = held + sign * quantity
        return f"{record['side']} {text(quantity)} {name} at {text(price)}", lines

    def _opened(self, name: str, value: Fraction, session: str) -> _Lines:
        """A part that extends a position; what a short sale brings stays with the broker."""
        yield Name.POSITION, name, value
        if value < 0:
            yield Name.SHORT_PROCEEDS, "", -value
        else:
            yield from self._out(value, session)

    def _closed(self, name: str, part: Fraction, value: Fraction, session: str) -> _Lines:
        """A part of a position goes for a signed value: positive is received, negative paid."""
        cost = self.balance(Name.POSITION, name) * part
        yield Name.POSITION, name, -cost
        yield Name.REALISED, name, cost - value
        if cost < 0:
            yield Name.SHORT_PROCEEDS, "", cost
            yield from self._in(-cost, session)
        yield from self._moved(value, session)

    def _moved(self, value: Fraction, session: str) -> _Lines:
        return self._in(value, session) if value > 0 else self._out(-value, session)

    def _in(self, amount: Fraction, session: str) -> _Lines:
        if self._days and amount:
            self._open(session).coming += amount
        yield (Name.RECEIVABLE if self._days else Name.SETTLED), "", amount

    def _out(self, amount: Fraction, session: str) -> _Lines:
        if self._days and amount:
            self._open(session).going += amount
        yield (Name.PAYABLE if self._days else Name.SETTLED), "", -amount

    def _open(self, session: str) -> _Agreed:
        return self._agreed.setdefault((session, self._days), _Agreed(self._days))

    def _dividend(self, record: Json) -> _Posting:
        name, session = record["instrument"], record["session"]
        amount = self.shares.get(name, NONE) * self._multipliers.get(name, NONE) * Fraction(record["per_share"])
        return f"dividend of {name}", [*self._moved(amount, session), (Name.DIVIDENDS, name, -amount)]

    def _split(self, record: Json) -> _Posting:
        name, ratio, held = record["instrument"], fraction(record["ratio"]), self.shares.get(record["instrument"], NONE)
        if not held:
            return "", []
        exact = held * ratio
        whole = Fraction(floor(exact) if exact > 0 else ceil(exact))
        self._prices[name] /= ratio
        worth = (exact - whole) * self._multipliers[name] * self._prices[name]
        paid = Fraction(floor(worth * 100), 100)
        lines = list(self._closed(name, (exact - whole) / exact, paid, record["session"]))
        self.shares[name] = whole
        return f"split of {name} by {text(ratio)}", lines

    def _borrow(self, record: Json) -> _Posting:
        name, nights = record["instrument"], nights_between(self._ended[-1], record["session"])
        value = -self.shares[name] * self._multipliers[name] * self._prices[name]
        fee = Fraction(ceil(value * Fraction(record["rate"]) * nights / YEAR * 100), 100)
        if fee != Fraction(record["fee"]) or value <= 0:
            raise ValueError(f"`{record['event_id']}` charges {record['fee']}; {text(fee)} is due for {nights} nights")
        return f"borrow of {name} for {nights} nights", [(Name.BORROW, name, fee), (Name.SETTLED, "", -fee)]

    def _settlement(self, record: Json) -> _Posting:
        coming, going = fraction(record["receivable"]), fraction(record["payable"])
        since = sum(one >= record["agreed"] for one in self._ended)
        for key, one in self._agreed.items():
            if key[0] == record["agreed"] and one.ends <= since and (one.coming, one.going) == (coming, going):
                del self._agreed[key]
                return f"what was agreed on {key[0]} changes hands", [
                    (Name.SETTLED, "", coming), (Name.RECEIVABLE, "", -coming),
                    (Name.PAYABLE, "", going), (Name.SETTLED, "", -going),
                ]  # fmt: skip
        raise ValueError(f"`{record['event_id']}` settles what is not due")

    def _closes(self, record: Json) -> _Posting:
        self._prices.update({name: Fraction(close) for name, close in record["closes"].items() if _counts(close)})
        return "", []

    def _session(self, record: Json) -> _Posting:
        self._ended.append(record["session"])
        self._closes(record)
        lines: list[tuple[Name, str, Fraction]] = []
        for name in sorted(self.shares):
            cost, shares = self.balance(Name.POSITION, name), self.shares[name]
            worth = shares * self._multipliers[name] * self._prices[name] if shares else NONE
            rise = worth - cost - self.balance(Name.VALUATION, name)
            lines += [(Name.VALUATION, name, rise), (Name.UNREALISED, name, -rise)]
        return f"the closes of {record['session']}", lines


_Lines = Iterator[tuple[Name, str, Fraction]]
_Posting = tuple[str, Iterable[tuple[Name, str, Fraction]]]
_STEPS: dict[tuple[str, str], Callable[[Ledger, Json], _Posting]] = {
    ("start", ""): Ledger._start,
    ("fill", ""): Ledger._fill,
    ("books", "dividend"): Ledger._dividend,
    ("books", "split"): Ledger._split,
    ("books", "borrow"): Ledger._borrow,
    ("books", "settlement"): Ledger._settlement,
    ("books", "closes"): Ledger._closes,
    ("books", "session"): Ledger._session,
}


def differences(ledger: Ledger, books: Books) -> Iterator[tuple[str, Fraction, Fraction]]:
    """Where ledger and books do not say the same: the figure, the ledger's, the books'. Nothing where they agree."""
    sums = dict.fromkeys(Name, NONE)
    for account, value in ledger.balances.items():
        sums[account.name] += value
    pairs = [
        ("capital", -sums[Name.CAPITAL], Fraction(books.deposited)),
        ("cash", ledger.cash, Fraction(books.cash)),
        ("settled cash", ledger.settled_cash, Fraction(books.settled_cash)),
        ("realised result", -sums[Name.REALISED], books.realised),
        ("dividends", -sums[Name.DIVIDENDS], Fraction(books.dividends)),
        ("commissions", sums[Name.COMMISSIONS], Fraction(books.fees)),
        ("borrow fees", sums[Name.BORROW], Fraction(books.borrow)),
        ("all accounts", sum(sums.values(), NONE), NONE),
    ]
    for name in sorted({*books.holdings, *(one for one, shares in ledger.shares.items() if shares)}):
        held = books.holdings.get(name)
        pairs.append((f"shares of {name}", ledger.shares.get(name, NONE), Fraction(held.quantity) if held else NONE))
        pairs.append((f"cost of {name}", ledger.balance(Name.POSITION, name), held.cost if held else NONE))
    if books.ended and books.session:
        pairs.append(("NAV", sum((sums[name] for name in ASSETS), NONE), mark(books, {}).nav))
        result = -sum((sums[name] for name in RESULTS), NONE)
        pairs.append(("result", result, books.closing_nav - Fraction(books.deposited)))
    return ((what, ours, theirs) for what, ours, theirs in pairs if ours != theirs)


def _counts(close: str) -> bool:
    price = Decimal(close)
    return price.is_finite() and price > 0
