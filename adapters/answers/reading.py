"""The desk's log, opened for whoever only reads it, and dates as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from adapters.audit.reader import LogReader
from adapters.store.faults import LogUnreadable
from knowledge.faults import Fault, Faulty

if TYPE_CHECKING:
    from adapters.desk.folder import Desk
    from adapters.store.address import Address

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


@contextmanager
def reading(desk: Desk) -> Iterator[LogReader]:
    """The desk's log, for reading. Raises `Faulty` where there is none."""
    with reading_at(desk.store) as log:
        yield log


@contextmanager
def reading_at(store: Address) -> Iterator[LogReader]:
    """The same by its address."""
    try:
        with LogReader.read(store) as log:
            yield log
    except LogUnreadable as error:
        begun = "there is no log" not in str(error)
        hint = (
            "run `warrant audit verify`"
            if begun
            else "the desk has never run: `warrant run` or `warrant cycle` begins it"
        )
        raise Faulty(Fault(str(store), 1, 1, f"{error}; {hint}")) from None


def is_date(words: str) -> bool:
    """Whether this is a date of the calendar, written as 2011-03-01."""
    try:
        return bool(_DATE.match(words)) and bool(date.fromisoformat(words))
    except ValueError:
        return False


def check_date(words: str | None) -> None:
    """Raises `Faulty` where a date was given and is none."""
    if words is not None and not is_date(words):
        raise unknown(words, "this is no date; write one such as 2011-03-01")


def check_dates(first: str | None, last: str | None) -> None:
    """Raises `Faulty` where one is no date, or they are the wrong way round: nothing lies between such days."""
    for words in (first, last):
        check_date(words)
    if first and last and last < first:
        raise Faulty(Fault("command line", 1, 1, f"`--from {first}` is after `--to {last}`; turn them round"))


def unknown(words: str, message: str) -> Faulty:
    """A complaint about words of the command line."""
    return Faulty(Fault("command line", 1, 1, f"`{words}`: {message}"))
