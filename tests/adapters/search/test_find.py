"""The search beside an oracle that walks every record, by its plan, and over an index that somebody changed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from adapters import cli
from adapters.audit.log import AuditLog, LogReader
from adapters.desk.making import make_desk
from adapters.search import index
from adapters.search.finding import Answer, Question, counted, find, matching, paged
from adapters.search.index import index_of
from adapters.search.subjects import subjects
from adapters.search.words import meant
from adapters.store import engine, migrating
from adapters.store.address import Address
from adapters.verifying.verify import verify
from knowledge.faults import Faulty
from knowledge.values import Json
from tests.adapters.search.made_logs import FAULT, LIMITS, OUTCOMES, RULES, entries, fill_log, symbols, weekdays

pytestmark = pytest.mark.sqlite_file

SESSIONS = 25


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("search") / "log.sqlite"
    fill_log(path, 6, 5, SESSIONS)
    return path


def places(answer: Answer) -> list[tuple[int, int]]:
    return [(one.seq, one.place) for one in answer.rows]


def walked(log: LogReader, question: Question) -> list[tuple[int, int, str]]:
    """The same without any index: every record, in order."""
    return [
        (record["seq"], one.place, one.outcome)
        for record in log.records()
        if (question.since or "") <= record["as_of"][:10] <= (question.until or "9999")
        for one in subjects(record)
        if set(question.words.items()) <= one.words
    ]


WORDS = {
    "symbol": symbols(5),
    "outcome": [*OUTCOMES, "exit", "filled", "killed"],
    "reason": [*LIMITS, "earnings_blackout", FAULT],
    "limit": LIMITS,
    "rule": [*RULES, "time-stop"],
    "kind": ["decision", "fill", "state"],
    "who": ["Ada Lovelace"],
}
ASKED = st.fixed_dictionaries({}, optional={name: st.sampled_from(words) for name, words in WORDS.items()})
DAYS = st.sampled_from(["", "2010-01-01", *weekdays(SESSIONS)[::3], "2011-01-08", "2012-01-01"])


@given(ASKED, DAYS, DAYS, st.booleans(), st.integers(0, 30), st.one_of(st.none(), st.integers(1, 9)))
def test_it_finds_what_a_walk_over_all_records_finds(
    made: Path, words: dict[str, str], since: str, until: str, newest: bool, skip: int, most: int | None
) -> None:
    question = Question(words, since, until, newest, skip, most)
    with LogReader.read(made) as log:
        try:
            answer = find(log, question)
        except Faulty:
            assert any((name, word) not in said(log) for name, word in words.items())
            return
        wanted = walked(log, question)
    assert answer.counts == dict(Counter(outcome for *_, outcome in wanted))
    page = [(seq, place) for seq, place, _ in (wanted[::-1] if newest else wanted)]
    assert places(answer) == page[skip:][:most]
    assert answer.total == len(wanted)


def said(log: LogReader) -> set[tuple[str, str]]:
    return {word for record in log.records() for one in subjects(record) for word in one.words}


def test_it_finds_the_same_on_a_server_and_keeps_up_with_the_log(where: Address) -> None:
    dice, days = Random(1), weekdays(9)
    with AuditLog.open(where) as log:
        for begin in (0, 3, 6):
            for day in days[begin : begin + 3]:
                log.append_many(entries(dice, symbols(4), day))
            for question in (Question({"outcome": "denied"}, most=None), Question(since=days[begin], most=None)):
                answer = find(log, question)
                assert places(answer) == [(seq, place) for seq, place, _ in walked(log, question)]
                assert answer.total
    assert verify(where).root


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("portfolio.sector", {"portfolio.sector"}),
        ("sector_cap", {"portfolio.sector"}),
        ("Sector Cap", {"portfolio.sector"}),
        ("sector", {"portfolio.sector"}),
        ("portfolio", {"portfolio.sector", "portfolio.concentration"}),
        ("earnings blackout", {"earnings_blackout"}),
        ("blackout", {"earnings_blackout"}),
        ("did not answer", {FAULT}),
        ("max order value", {"order.value"}),
    ],
)
def test_a_reason_is_taken_as_it_is_said(made: Path, typed: str, taken: set[str]) -> None:
    with LogReader.read(made) as log, index_of(log) as connection:
        assert set(meant(connection, "reason", typed).words) == taken


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("reason", "sectr", "did you mean `portfolio.sector`?"),
        ("reason", "portfolio.sectors", "did you mean `portfolio.sector`"),
        ("who", "Ada", "nobody is called so; it has Ada Lovelace"),
        ("symbol", "APPL", "did you mean `AAPL`?"),
        ("kind", "%", "no kind of this log is called so; it has decision"),
        ("order", "2011-01-04' OR 1=1", "no order of this log is called so"),
    ],
)
def test_what_nothing_is_called_is_refused_with_what_is_near(made: Path, field: str, typed: str, told: str) -> None:
    with LogReader.read(made) as log, pytest.raises(Faulty) as refused:
        find(log, Question({field: typed}))
    assert told in str(refused.value)


def test_a_limit_that_never_refused_is_known_and_found_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with AuditLog.open(path) as log:
        (entry, *_) = entries(Random(2), ["AAPL"], "2011-01-03")
        finding = {"limit": "order.quiet", "holds": True, "value": "0", "bound": "1"}
        verdicts = [{"instrument": "AAPL", "outcome": "granted", "reasons": [], "findings": [finding]}]
        log.append("decision", {**entry.record, "verdicts": verdicts})
        assert find(log, Question({"reason": "order.quiet"})).total == 0


def test_an_order_is_found_by_how_it_begins(made: Path) -> None:
    with LogReader.read(made) as log:
        whole = next(record["client_order_id"] for record in log.records(["fill"]))
        answer = find(log, Question({"order": whole[:-3]}))
    assert {one.record["kind"] for one in answer.rows} == {"decision", "fill"}


def test_what_tells_of_an_order_is_found_by_its_instrument(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with AuditLog.open(path) as log:
        decision = log.append_many(entries(Random(4), symbols(40), "2011-01-03"))[0].record
        ids = {one["order"]["client_order_id"]: one["order"]["instrument"] for one in decision["warrants"]}
        assert ids
        as_of = {name: decision[name] for name in ("as_of", "recorded_at", "desk", "mode")}
        for order in (*ids, "of nobody"):
            body = {**as_of, "client_order_id": order, "decision_id": decision["record_id"], "state": "cancelled"}
            log.append("cancel", body)
            find(log, Question())
        log.append("cancel", {**as_of, "client_order_id": "alone", "decision_id": "0" * 16, "state": "cancelled"})
        for order, symbol in ids.items():
            (found,) = find(log, Question({"kind": "cancel", "symbol": symbol})).rows
            assert found.record["client_order_id"] == order
        assert find(log, Question({"kind": "cancel"})).total == len(ids) + 2


# --- by indexes, not scans ------------------------------------------------------------------------------------------


def plans(connection: Connection, question: Question) -> list[str]:
    taken = {name: meant(connection, name, word) for name, word in question.words.items()}
    query = matching(connection, question, taken)
    assert query is not None
    steps = []
    for one in (counted(query), paged(query, question)):
        text = one.compile(connection, compile_kwargs={"literal_binds": True})
        steps += [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    return steps


@pytest.mark.parametrize(
    "words",
    [
        {"reason": "sector_cap", "symbol": "AAPL", "outcome": "denied"},
        {"reason": "portfolio"},
        {"kind": "decision", "rule": "swing-long", "limit": "order.value"},
        {"who": "Ada Lovelace"},
        {},
    ],
)
def test_no_question_walks_a_table(made: Path, words: dict[str, str]) -> None:
    with LogReader.read(made) as log, index_of(log) as connection:
        for newest in (False, True):
            steps = plans(connection, Question(words, "2011-01-10", "2011-01-20", newest))
            looked = [step for step in steps if step.startswith(("SCAN", "SEARCH"))]
            assert looked
            # Rows that were found already are walked; the tables and their indexes are not.
            assert [step for step in looked if step.startswith("SCAN") and "anon_" not in step] == []


# --- an index that does not go with its log -------------------------------------------------------------------------


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Path:
    path = tmp_path / "log.sqlite"
    with LogReader.read(made) as log, index_of(log):
        pass
    source, target = sqlite3.connect(made), sqlite3.connect(path)
    source.backup(target)
    source.close()
    target.close()
    return path


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM search_posting WHERE term = (SELECT id FROM search_term WHERE word = 'denied')",
        "UPDATE search_posting SET place = place + 77 WHERE term = (SELECT id FROM search_term WHERE word = 'denied')",
        "UPDATE search_term SET rows = rows + 1",
        "UPDATE search_head SET size = size - 3",
        "UPDATE search_head SET size = 100000",
        "UPDATE search_head SET root = x'00'",
        "UPDATE search_head SET version = 0",
        "DELETE FROM search_head; DELETE FROM search_row; DELETE FROM search_term; DELETE FROM search_posting",
        "UPDATE search_term SET word = 'granted2' WHERE word = 'granted'; UPDATE search_term SET word = 'granted' "
        "WHERE word = 'denied'; UPDATE search_term SET word = 'denied' WHERE word = 'granted2'",
    ],
)  # fmt: skip
def test_a_changed_index_is_made_anew(own: Path, damage: str) -> None:
    connection = sqlite3.connect(own)
    connection.executescript(damage)
    connection.close()
    with LogReader.read(own) as log:
        question = Question({"outcome": "denied"}, most=None)
        assert places(find(log, question)) == [(seq, place) for seq, place, _ in walked(log, question)]


def test_a_store_that_somebody_writes_is_searched_all_the_same(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "PATIENCE", 0.05)
    held = sqlite3.connect(own, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    try:
        with LogReader.read(own) as log:
            assert find(log, Question({"outcome": "denied"})).total
    finally:
        held.close()


def test_a_store_of_an_earlier_version_is_searched_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with engine.connect(path, write=True) as connection, engine.writing(connection):
        migrating.migrate(connection, "0002")
    with engine.connect(path, write=True) as connection:
        assert migrating.state(connection) is migrating.State.OLDER
    before = path.read_bytes()
    with LogReader.read(path) as log:
        assert find(log, Question()).total == 0
    assert path.read_bytes() == before


def test_a_desk_at_rest_keeps_its_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.sqlite"
    with AuditLog.open(path) as log:
        log.append_many(entries(Random(3), symbols(4), "2011-01-03"))
        log.rest()
        assert head(path) is None, "a commit's rest does no more than it has to"
        monkeypatch.setattr(engine, "WORTH_MOVING", 1)
        log.rest()
        assert head(path) == log.size


def head(path: Path) -> int | None:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT size FROM search_head").fetchone()
    connection.close()
    return None if found is None else int(found[0])


# --- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    make_desk(folder)
    fill_log(folder / "store" / "warrant.sqlite", 6, 4, 12)
    return folder


def test_the_command_tells_rows_and_counts(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["audit", "find", "--desk", str(desk), "--reason", "sector_cap", "--outcome", "denied"]
    assert cli.run([*asked, "--limit-rows", "1"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "reason `sector_cap` is portfolio.sector"
    assert told[1].split() == ["when", "what", "symbol", "outcome", "reason", "explain"]
    assert "found: " in told[-1] and told[-1].endswith("rows 1 to 1 are shown, the next with `--page 2`")
    assert cli.run([*asked, "--json", "--limit-rows", "0"]) == 0
    found: Json = __import__("json").loads(capsys.readouterr().out)
    assert found["total"] == len(found["rows"]) == int(told[-1].split()[0])
    with LogReader.read(desk / "store" / "warrant.sqlite") as log:
        assert {log.record(row["explain"])["kind"] for row in found["rows"]} == {"decision"}


@pytest.mark.parametrize("what", ["find", "people", "export"])
def test_days_the_wrong_way_round_are_no_empty_answer(
    what: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["audit", what, "--desk", str(desk), "--from", "2012-05-05", "--to", "2012-01-01"]) == 2
    assert "turn them round" in capsys.readouterr().err


def test_nothing_found_is_a_finding_and_a_wrong_word_is_wrong(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["audit", "find", "--desk", str(desk)]
    assert cli.run([*asked, "--from", "2031-01-01"]) == 1
    assert capsys.readouterr().out == "nothing found\n"
    assert cli.run([*asked, "--reason", "sectr"]) == 2
    assert "did you mean `portfolio.sector`?" in capsys.readouterr().err
    assert cli.run([*asked, "--to", "yesterday"]) == 2
