"""Splits and dividends that a person or a source gives, kept as `actions.csv` beside the bars.

The file: `symbol,ex_date,kind,amount`, one line each, in order. `kind` is `split` (amount: new shares for one old
share, also as `7:1`) or `dividend` (amount: cash per share, in the instrument's currency, raw as it was paid). A
file that is given may say `ratio` for `amount`, have both, and come in any order.

Left out: spin-offs, rights, mergers, changes of name: no kind for them, so a line that has one is a fault.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Context, Decimal
from pathlib import Path

from advisors.actions import Action
from knowledge.door import SYMBOL
from knowledge.faults import Fault, Faulty
from knowledge.values import text

HEADER = ("symbol", "ex_date", "kind", "amount")
SPELLINGS = {
    "symbol": "symbol", "ticker": "symbol", "instrument": "symbol",
    "ex_date": "ex_date", "exdate": "ex_date", "date": "ex_date",
    "kind": "kind", "type": "kind", "action": "kind",
    "amount": "amount", "ratio": "amount", "ratio_amount": "amount", "value": "amount",
}  # fmt: skip
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,15})?\Z")
_RATIO = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*[:/]\s*([0-9]{1,6}(?:\.[0-9]{1,6})?)\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_FIFTEEN_DIGITS = Context(prec=15)
_LONGEST = 10_000


def is_actions(header: Iterable[str]) -> bool:
    """Whether the first line of a CSV file is one of actions: it has a kind and an amount, and no prices."""
    names = {SPELLINGS.get(_plain(name), _plain(name)) for name in header}
    return {"kind", "amount"} <= names and not {"open", "close"} & names


def read_actions(path: Path) -> Mapping[str, tuple[Action, ...]]:
    """The actions of each instrument that has any, in order; none where there is no file. Raises `Faulty`."""
    try:
        source = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        raise Faulty(Fault(str(path), 1, 1, "the file cannot be read as UTF-8 text")) from None
    found: dict[str, list[Action]] = {}
    for action in parse_actions(source, str(path)):
        found.setdefault(action.instrument, []).append(action)
    return {name: tuple(sorted(actions)) for name, actions in sorted(found.items())}


def parse_actions(source: str, file: str) -> tuple[Action, ...]:
    """The actions of a file's text, in order. Raises `Faulty` with every fault."""
    lines = source.splitlines()
    for number, line in enumerate(lines, start=1):
        if len(line) > _LONGEST:
            raise Faulty(Fault(file, number, 1, f"the line is longer than {_LONGEST} signs, which no action is"))
    rows = csv.reader(lines)
    names = [SPELLINGS.get(_plain(name), "") for name in next(rows, [])]
    missing = [name for name in HEADER if name not in names]
    if missing:
        wanted = ", ".join(f"`{name}`" for name in missing)
        raise Faulty(
            Fault(file, 1, 1, f"the first line names the columns symbol, ex_date, kind, amount; it lacks {wanted}")
        )
    found: dict[tuple[str, str, str], Action] = {}
    faults = []
    for cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        said = [
            (names[at], at, cell.strip())
            for at, cell in enumerate(cells)
            if at < len(names) and names[at] and cell.strip()
        ]
        try:
            action = _action(said)
            if found.setdefault((action.instrument, action.session, action.kind), action) != action:
                raise _Wrong(0, f"another {action.kind} of `{action.instrument}` has the same ex-date; keep one")
        except _Wrong as wrong:
            column = sum(len(cell) + 1 for cell in cells[: wrong.cell]) + 1
            faults.append(Fault(file, rows.line_num, column, wrong.sentence))
    if faults:
        raise Faulty(*faults)
    return tuple(sorted(found.values()))


def write_actions(path: Path, actions: Iterable[Action]) -> None:
    """Let these be the store's actions: written whole, durable, then named."""
    lines = [",".join(HEADER)]
    lines += [f"{one.instrument},{one.session},{one.kind},{text(one.amount)}" for one in sorted(actions, key=_order)]
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def _order(action: Action) -> tuple[str, str, str]:
    return action.instrument, action.session, action.kind


class _Wrong(Exception):
    """What is wrong with a line, and in which of its cells (from 0)."""

    def __init__(self, cell: int, sentence: str) -> None:
        super().__init__(sentence)
        self.cell, self.sentence = cell, sentence


def _action(said: list[tuple[str, int, str]]) -> Action:
    cells = {name: (at, cell) for name, at, cell in said}
    if len(cells) < len(HEADER):
        lacking = ", ".join(f"`{name}`" for name in HEADER if name not in cells)
        raise _Wrong(0, f"the line lacks {lacking}")
    if len(cells) < len(said):
        raise _Wrong(0, "the line says one thing twice; fill `ratio` for a split and `amount` for a dividend")
    (at_symbol, symbol), (at_date, day), (at_kind, kind), (at_amount, amount) = (cells[name] for name in HEADER)
    symbol, kind = symbol.replace("/", "-"), kind.lower()
    if not SYMBOL.match(symbol):
        raise _Wrong(at_symbol, f"`{symbol}` is no symbol; use letters, digits and ._:+- after a first letter or digit")
    if not _is_date(day):
        raise _Wrong(at_date, f"`{day}` is no date; write it like `2011-01-03`")
    if kind == "split":
        return Action(day, symbol, "split", _ratio(at_amount, amount))
    if kind == "dividend":
        if not _NUMBER.match(amount) or not Decimal(amount) > 0:
            raise _Wrong(at_amount, f"`{amount}` is no amount of cash per share; write it like `0.25`")
        return Action(day, symbol, "dividend", Decimal(amount))
    raise _Wrong(at_kind, f"`{kind}` is no kind of action known here; it is `split` or `dividend`")


def _ratio(at: int, written: str) -> Decimal:
    if found := _RATIO.match(written):
        new, old = Decimal(found[1]), Decimal(found[2])
        if new > 0 and old > 0 and new != old:
            return _FIFTEEN_DIGITS.divide(new, old)
    elif _NUMBER.match(written) and Decimal(written) > 0 and Decimal(written) != 1:
        return Decimal(written)
    raise _Wrong(at, f"`{written}` is no ratio of a split; write new shares for old ones, like `7:1` or `0.1`")


def _is_date(written: str) -> bool:
    try:
        return bool(_DATE.match(written)) and bool(date.fromisoformat(written))
    except ValueError:
        return False


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
