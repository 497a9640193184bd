"""The index: made from the log, kept up with it, dropped where it does not go with it.

Rules:
- it says of which tree it was made, by size and root. Where the log never had that root, or these rules are others, all
  of it is dropped and made again;
- records are read and taken apart outside any transaction; what follows is written in small ones, which a desk that
  commits meanwhile does not wait long for, and only where nobody else was faster;
- it is kept in the store where that may be written and has the tables, and else in memory, for one question.

It is no evidence: `adapters.search.finding` reads what it finds again, from the record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import bindparam, create_engine, delete, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

from adapters.audit.reader import LogReader
from adapters.search.subjects import VERSION, Instruments, known, subjects
from adapters.store import engine
from adapters.store.migrating import State, state
from adapters.store.tables import METADATA, SEARCH, SEARCH_DAY, SEARCH_HEAD, SEARCH_POSTING, SEARCH_ROW, SEARCH_TERM
from knowledge.values import Json

PIECE = 64
"""Records of one transaction."""
PATIENCE = 1.0
"""Seconds to wait for whoever else writes."""
_ROWS = 400
"""Words of one question."""
_HEAD = select(SEARCH_HEAD.c.version, SEARCH_HEAD.c.size, SEARCH_HEAD.c.root)
_MORE = (
    update(SEARCH_TERM).where(SEARCH_TERM.c.id == bindparam("term")).values(rows=SEARCH_TERM.c.rows + bindparam("more"))
)


@dataclass
class _Piece:
    """What some records add."""

    rows: list[dict[str, object]] = field(default_factory=list)
    said: list[tuple[tuple[str, str], int, int]] = field(default_factory=list)
    """Field and word, record, place."""
    words: dict[tuple[str, str], int] = field(default_factory=dict)
    """How many rows each word is said of here."""
    days: dict[str, int] = field(default_factory=dict)
    size: int = 0


@contextmanager
def index_of(log: LogReader) -> Iterator[Connection]:
    """The index of a log, up to date: in its store, or in memory. Raises `LogUnreadable`."""
    kept = _kept(log)
    if kept is not None:
        with kept:
            yield kept
        return
    with _passing() as connection:
        keep_up(log, connection)
        yield connection


def _kept(log: LogReader) -> Connection | None:
    """The index in the store; None where it may not be written, is held by somebody, or is of an earlier version."""
    try:
        connection = engine.connect(log.path, write=True, busy_seconds=PATIENCE)
    except engine.FAULTS:
        return None
    try:
        if state(connection) is State.CURRENT:
            with engine.writing(connection):
                # Nothing changes: it is asked whether something could, as what was found to differ is made anew.
                connection.execute(update(SEARCH_HEAD).where(SEARCH_HEAD.c.one == 0).values(version=0))
            keep_up(log, connection)
            return connection
    except (*engine.FAULTS, engine.Unconfirmed):
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


@contextmanager
def _passing() -> Iterator[Connection]:
    made = create_engine("sqlite://", poolclass=StaticPool, isolation_level="AUTOCOMMIT")
    with made.connect() as connection:
        METADATA.create_all(connection, tables=SEARCH)
        yield connection
    made.dispose()


def keep_up(log: LogReader, index: Connection) -> int:
    """Bring the index to the log's size; returns how many records it took.

    Raises `LogUnreadable`, and the store's faults.
    """
    taken, instruments = 0, Instruments(log.record_or_rest)
    while True:
        at = _begin(log, index)
        records = list(islice(log.records_from(at), PIECE))
        if not records:
            return taken
        piece = _taken_apart(at, records, instruments)
        if _write(index, at, piece, log.root_at(piece.size)):
            taken += len(records)


def rebuild(index: Connection) -> None:
    """Drop all of it: the next `keep_up` makes it again."""
    with engine.writing(index):
        _drop(index)


def _begin(log: LogReader, index: Connection) -> int:
    """The first record that the index does not have; what does not go with the log is dropped before."""
    found = index.execute(_HEAD).first()
    if found is None:
        return 0
    if found.version == VERSION and found.size <= log.size and log.root_at(found.size) == bytes(found.root):
        return int(found.size)
    rebuild(index)
    return 0


def _taken_apart(at: int, records: Iterable[Json], instruments: Instruments) -> _Piece:
    piece = _Piece(size=at)
    for seq, record in enumerate(records, at):
        piece.size = seq + 1
        piece.days.setdefault(str(record.get("as_of", ""))[:10], seq)
        for word in known(record):
            piece.words.setdefault(word, 0)
        for subject in subjects(record, instruments.of(record)):
            piece.rows.append({"seq": seq, "place": subject.place, "outcome": subject.outcome})
            for word in subject.words:
                piece.said.append((word, seq, subject.place))
                piece.words[word] = piece.words.get(word, 0) + 1
    return piece


def _write(index: Connection, at: int, piece: _Piece, root: bytes) -> bool:
    """Add a piece; False where somebody else changed the index meanwhile, and nothing was added."""
    with engine.writing(index):
        head = index.execute(_HEAD).first()
        if (0 if head is None else head.size) != at:
            return False
        ids = _terms(index, piece)
        _add(index, SEARCH_ROW, piece.rows)
        _add(index, SEARCH_POSTING, sorted(
            ({"term": ids[word], "seq": seq, "place": place} for word, seq, place in piece.said),
            key=lambda row: (row["term"], row["seq"], row["place"]),
        ))  # fmt: skip
        there = set(index.execute(select(SEARCH_DAY.c.day).where(SEARCH_DAY.c.day.in_(piece.days))).scalars())
        _add(index, SEARCH_DAY, [
            {"day": day, "first": seq} for day, seq in piece.days.items() if day not in there
        ])  # fmt: skip
        values = {"version": VERSION, "size": piece.size, "root": root}
        if head is None:
            index.execute(insert(SEARCH_HEAD).values(one=1, **values))
        else:
            index.execute(update(SEARCH_HEAD).where(SEARCH_HEAD.c.one == 1).values(**values))
    return True


def _terms(index: Connection, piece: _Piece) -> dict[tuple[str, str], int]:
    """The number of each word, new ones among them, with its rows counted."""
    term, ids = SEARCH_TERM.c, dict[tuple[str, str], int]()
    words = list(piece.words)
    for some in (words[begin : begin + _ROWS] for begin in range(0, len(words), _ROWS)):
        query = select(term.id, term.field, term.word).where(term.word.in_({word for _, word in some}))
        found = {(row.field, row.word): row.id for row in index.execute(query.where(term.field.in_(_fields(some))))}
        ids |= {word: found[word] for word in some if word in found}
    more = [{"term": number, "more": piece.words[word]} for word, number in ids.items() if piece.words[word]]
    if more:
        index.execute(_MORE, more)
    last = index.execute(select(term.id).order_by(term.id.desc()).limit(1)).scalar() or 0
    new = [word for word in piece.words if word not in ids]
    ids |= {word: last + place for place, word in enumerate(new, 1)}
    _add(index, SEARCH_TERM, [
        {"id": ids[word], "field": word[0], "word": word[1], "rows": piece.words[word]} for word in new
    ])  # fmt: skip
    return ids


def _fields(words: Iterable[tuple[str, str]]) -> set[str]:
    return {field for field, _ in words}


def _add(index: Connection, table: object, rows: list[dict[str, object]]) -> None:
    if rows:
        index.execute(insert(table), rows)  # type: ignore[arg-type]


def _drop(index: Connection) -> None:
    for table in SEARCH:
        index.execute(delete(table))
