"""What an account holds and what became of its money, read from the log alone: trial balance, positions, results.

Books and ledger are folded side by side; where they differ, the statement names it and counts as a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from adapters.audit.log import LogReader
from engine.books.accounts import Account, Entry, Name
from engine.books.books import Books, apply
from engine.books.ledger import Ledger, differences
from engine.orders.portfolio import Mode
from engine.telling.figures import amount
from knowledge.values import Json, text

KINDS = ("start", "fill", "books")
"""Records that the books are made of."""
_RESULTS = (
    ("realised", Name.REALISED), ("unrealised", Name.UNREALISED), ("dividends", Name.DIVIDENDS),
    ("commissions", Name.COMMISSIONS), ("borrow", Name.BORROW),
)  # fmt: skip


@dataclass
class Statement:
    """The books up to some session, with their journal."""

    books: Books
    ledger: Ledger
    journal: list[Entry] = field(default_factory=list)
    since: str = ""
    """The instant of the last record that is in it."""

    @property
    def differences(self) -> list[tuple[str, Fraction, Fraction]]:
        """Where the two derivations do not agree."""
        return list(differences(self.ledger, self.books))

    def results(self) -> dict[str, dict[str, Fraction]]:
        """What each instrument brought (gains positive), and what slippage within its prices cost."""
        names = sorted({account.instrument for account in self.ledger.balances if account.instrument})
        return {name: self._result(name) for name in names}

    def _result(self, name: str) -> dict[str, Fraction]:
        parts = {word: -self.ledger.balance(account, name) for word, account in _RESULTS}
        return {
            **parts,
            "total": sum(parts.values(), Fraction(0)),
            "slippage": self.ledger.balance(Name.SLIPPAGE, name),
        }

    def to_json(self) -> Json:
        """Everything, exact."""
        books = self.books
        return {
            "account": books.account,
            "currency": books.currency,
            "as_of": self.since,
            "session": books.session,
            "nav": text(books.closing_nav),
            "cash": text(books.cash),
            "settled_cash": text(books.settled_cash),
            "short_proceeds": text(books.short_proceeds),
            "unsettled": [
                {"agreed": one.session, "sessions_left": one.left,
                 "receivable": text(one.receivable), "payable": text(one.payable)}
                for one in books.unsettled
            ],
            "trial_balance": {str(account): text(value) for account, value in _balances(self.ledger)},
            "positions": [
                {"instrument": held.instrument, "shares": text(held.quantity), "cost": text(held.cost),
                 "last_price": text(held.last_price), "value": text(held.units * held.last_price), "since": held.opened}
                for _, held in sorted(books.holdings.items())
            ],
            "results": {name: {word: text(value) for word, value in parts.items()}
                        for name, parts in self.results().items()},
            "differences": [[what, text(ledger), text(fold)] for what, ledger, fold in self.differences],
        }  # fmt: skip


def read_statement(log: LogReader, until: str | None = None) -> Statement | None:
    """The statement at the end of the session `until` (an ISO date; default: all of the log); None before any."""
    statement = None
    for record in log.records(KINDS, until=None if until is None else f"{until}T23:59:59Z"):
        if statement is None:
            if record["kind"] != "start":
                return None
            books = Books.open(record["account"], Mode(record["mode"]), record["currency"], Decimal(record["capital"]))
            statement = Statement(books, Ledger())
        statement.books = apply(statement.books, record)
        entry = statement.ledger.take(record)
        statement.since = record["as_of"]
        if entry is not None:
            statement.journal.append(entry)
    return statement


# --- as text ----------------------------------------------------------------------------------------------------


def statement_lines(told: Statement) -> Iterator[str]:
    """The statement for the terminal; figures are rounded for the eye."""
    books = told.books
    yield f"account {books.account} in {books.currency}, after {told.since}"
    yield ""
    yield _row("trial balance", "debit", "credit")
    for account, value in _balances(told.ledger):
        yield _row(f"  {account}", _money(value) if value > 0 else "", _money(-value) if value < 0 else "")
    sides = [sum((abs(value) for _, value in _balances(told.ledger) if (value > 0) == debit), Fraction(0))
             for debit in (True, False)]  # fmt: skip
    yield _row("  together", *map(_money, sides))
    yield ""
    yield f"NAV {_money(books.closing_nav)}, cash {_money(books.cash)}, of it settled {_money(books.settled_cash)}"
    for one in books.unsettled:
        moves = f"{_money(one.receivable)} to come, {_money(one.payable)} to pay"
        yield f"  agreed on {one.session}: {moves}, when {one.left} more session{'s' * (one.left != 1)} began"
    if books.short_proceeds:
        yield f"  proceeds of short sales, held against them: {_money(books.short_proceeds)}"
    yield ""
    yield from _positions(books)
    yield from _results(told)
    for what, ledger, fold in told.differences:
        yield f"{what} differs: {text(ledger)} in the ledger, {text(fold)} in the books"


def _positions(books: Books) -> Iterator[str]:
    yield _row("positions", "shares", "cost", "last price", "value") if books.holdings else "no positions"
    for name, held in sorted(books.holdings.items()):
        figures = (held.cost, held.last_price, held.units * held.last_price)
        yield _row(f"  {name} since {held.opened}", amount(held.quantity, 4), *map(_money, figures))
    yield ""


def _results(told: Statement) -> Iterator[str]:
    found = told.results()
    if not found:
        return
    yield _row("results", *next(iter(found.values())))
    for name, parts in found.items():
        yield _row(f"  {name}", *map(_money, parts.values()))
    together = [sum((parts[word] for parts in found.values()), Fraction(0)) for word in next(iter(found.values()))]
    yield _row("  together", *map(_money, together))


def csv_lines(journal: list[Entry]) -> Iterator[list[str]]:
    """The journal as rows: a heading, then one row for each line of each entry; amounts are exact."""
    yield ["entry", "as_of", "event", "text", "account", "instrument", "debit", "credit"]
    for number, entry in enumerate(journal, 1):
        for line in entry.lines:
            sides = [text(line.amount), ""] if line.amount > 0 else ["", text(-line.amount)]
            account = line.account
            yield [str(number), entry.as_of, entry.event, entry.text, account.name.value, account.instrument, *sides]


def plain_lines(journal: list[Entry], currency: str) -> Iterator[str]:
    """The journal in the form that plain-text accounting programs (hledger, ledger) read.

    Amounts that are no finite decimal are rounded to a millionth; the last of an entry is left to the program, which
    gives it what balances.
    """
    for entry in journal:
        yield f"{entry.as_of[:10]} {entry.text}"
        for at, line in enumerate(entry.lines, 1):
            account = _plain(line.account)
            last = at == len(entry.lines)
            yield f"    {account}" if last else f"    {account}  {_rounded(line.amount)} {currency}"
        yield ""


def _plain(account: Account) -> str:
    branch = {
        Name.CAPITAL: "equity", Name.REALISED: "income", Name.UNREALISED: "income", Name.DIVIDENDS: "income",
        Name.COMMISSIONS: "expenses", Name.BORROW: "expenses", Name.SLIPPAGE: "memo", Name.IN_PRICES: "memo",
    }.get(account.name, "assets")  # fmt: skip
    return ":".join(part for part in (branch, account.name.value, account.instrument) if part)


def _rounded(value: Fraction) -> str:
    return amount(value, 6).replace(",", "")


def _balances(ledger: Ledger) -> list[tuple[Account, Fraction]]:
    order = list(Name)
    known = ((account, value) for account, value in ledger.balances.items() if value)
    return sorted(known, key=lambda one: (order.index(one[0].name), one[0].instrument))


def _money(value: Fraction | Decimal) -> str:
    return amount(value, 2)


def _row(label: str, *cells: str) -> str:
    return f"{label:<30}" + "".join(f"{cell:>15}" for cell in cells)
