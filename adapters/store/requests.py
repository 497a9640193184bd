"""What people ask of a desk that another process runs (`kill`, `resume`), and the one answer each gets.

A request is answered once: of two processes that answer it at once, one does. What was done is a record of the log; the
row is the letter box. Instants are arguments: there is no clock here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.engine import Connection

from adapters.store.engine import writing
from adapters.store.instants import read, written
from adapters.store.tables import REQUEST


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, by whom and why; both of `answered_at` and `answer` are None while it is open.

    `asked_at` is None where somebody wrote what is no instant: a row that was edited may not keep a kill from the desk.
    """

    id: int
    asked_at: datetime | None
    what: str
    who: str
    why: str
    answered_at: datetime | None = None
    answer: str | None = None


def ask(connection: Connection, asked_at: datetime, what: str, who: str, why: str) -> Request:
    """Put a request into the letter box. Raises `ValueError` where it does not say what, who and why."""
    if not (what.strip() and who.strip() and why.strip()):
        raise ValueError("a request says what is asked, who asks and why")
    row = {"asked_at": written(asked_at), "what": what, "who": who, "why": why}
    with writing(connection):
        number = connection.execute(insert(REQUEST).returning(REQUEST.c.id), row).scalar_one()
    return Request(number, asked_at, what, who, why)


def open_requests(connection: Connection) -> tuple[Request, ...]:
    """The requests without an answer, in the order in which they were asked."""
    query = select(REQUEST).where(REQUEST.c.answered_at.is_(None)).order_by(REQUEST.c.id)
    return tuple(_request(row) for row in connection.execute(query).mappings())


def request(connection: Connection, number: int) -> Request:
    """One request, answered or not. Raises `KeyError`."""
    row = connection.execute(select(REQUEST).where(REQUEST.c.id == number)).mappings().first()
    if row is None:
        raise KeyError(number)
    return _request(row)


def answer(connection: Connection, number: int, answered_at: datetime, words: str) -> bool:
    """Answer a request: False where it has its answer already, which stays. Raises `KeyError`, `ValueError`."""
    if not words.strip():
        raise ValueError("an answer says something")
    with writing(connection):
        if request(connection, number).answered_at is not None:
            return False
        given = {"answered_at": written(answered_at), "answer": words}
        connection.execute(update(REQUEST).where(REQUEST.c.id == number).values(given))
        return True


def _request(row: RowMapping) -> Request:
    answered = row["answered_at"]
    return Request(
        row["id"],
        _instant(row["asked_at"]),
        row["what"],
        row["who"],
        row["why"],
        None if answered is None else _instant(answered),
        row["answer"],
    )


def _instant(written_by_somebody: str) -> datetime | None:
    try:
        return read(written_by_somebody)
    except ValueError:
        return None
