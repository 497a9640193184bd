"""Every record of a log is explained in words, from the log alone."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from weakref import ref

import pytest

from adapters import cli
from adapters.answers.aftermath import EVENTS, aftermath_of
from adapters.answers.evidence import proven
from adapters.answers.explaining import explain, explain_not
from adapters.answers.lookup import orders_of
from adapters.answers.records import ENVELOPE, explain_record
from adapters.audit.kinds import Kind
from adapters.audit.log import AuditLog, LogReader
from adapters.store.faults import LogUnreadable
from engine.books.books import Books, fold
from engine.orders.portfolio import Portfolio
from engine.orders.warrants import Mode
from engine.telling.as_json import from_json
from engine.telling.as_text import as_text
from engine.telling.narrative import Telling, brief, size
from engine.telling.outcome import RECORDS, follow
from engine.telling.tokens import Sort, plain
from knowledge.faults import Faulty
from knowledge.values import Json, digest, parse
from tests.adapters.records import body
from tests.shared_run import SharedRun

MOST_LINES = 110
"""What a person reads of one order."""


@pytest.fixture(scope="module")
def log(shared: SharedRun) -> Iterator[LogReader]:
    with LogReader.read(shared.store) as found:
        yield found


def kinds(records: list[Json]) -> list[Json]:
    """One record of each kind, event, entry and role."""
    found: dict[tuple[object, ...], Json] = {}
    for one in records:
        role = one.get("role") or (one.get("order") or {}).get("role")
        found.setdefault((one["kind"], one.get("event"), one.get("entry"), role), one)
    return list(found.values())


def tokens(telling: Telling) -> Iterator[tuple[Sort, str]]:
    yield from ((one.sort, one.value or one.text) for one in telling.run)
    for part in telling.parts:
        yield from tokens(part)


def paragraph(telling: Telling) -> str:
    return " ".join(plain(one) for one in telling.summary)


def test_every_kind_of_record_of_a_run_is_explained_by_its_id(shared: SharedRun, log: LogReader) -> None:
    for record in kinds(shared.records):
        told = explain(log, record["record_id"])
        assert 20 < len(paragraph(told)) < 1500, record["record_id"]
        assert size(brief(told)) <= MOST_LINES or record["kind"] == "decision"
        if record["kind"] in EVENTS:
            assert (Sort.ORDER, record["client_order_id"]) in set(tokens(told))
            assert "what came of it" in as_text(told), "an event is told with the whole of its order"


def test_every_order_of_a_run_is_explained_with_what_became_of_it(shared: SharedRun, log: LogReader) -> None:
    last = {one["client_order_id"]: one["state"] for one in shared.records if one["kind"] in EVENTS}
    decisions = [one for one in shared.records if one["kind"] == "decision"]
    orders = [(decision, one) for decision in decisions for _, one in orders_of(decision)]
    assert {one["role"] for _, one in orders} >= {"entry", "stop", "exit"}
    for _, order in orders:
        told = explain(log, order["client_order_id"])
        name = order["client_order_id"]
        assert (Sort.VERDICT, last.get(name, "warranted").replace("-", " ")) in [
            (one.sort, one.text) for one in told.run
        ]
        assert paragraph(told) and told.text.count(name) == 1


def test_what_the_positions_made_adds_up_to_what_the_account_made(shared: SharedRun, log: LogReader) -> None:
    """The oracle is the account: the results of all positions that entries opened are what NAV has moved by."""
    made, seen = Fraction(0), 0
    for decision in (one for one in shared.records if one["kind"] == "decision"):
        portfolio = Portfolio.from_json(parse(log.blob(decision["inputs"]["portfolio"])))
        for warrant, order in orders_of(decision):
            if order is warrant["order"] and order["role"] == "entry":
                records = log.records(RECORDS, after=decision["seq"])
                outcome = follow(order, portfolio.position(order["instrument"]), records)
                made += outcome.result if outcome is not None and not outcome.before else 0
                seen += outcome is not None
    start = next(one for one in shared.records if one["kind"] == "start")
    assert seen >= 2
    assert made == Fraction(standing_nav(shared)) - Fraction(start["capital"])


def standing_nav(shared: SharedRun) -> Fraction:
    start = next(one for one in shared.records if one["kind"] == "start")
    books = Books.open(start["account"], Mode.BACKTEST, start["currency"], Decimal(start["capital"]))
    return fold(books, shared.records).closing_nav


def test_a_summary_says_how_a_position_ended_and_what_it_made(shared: SharedRun, log: LogReader) -> None:
    said = []
    for decision in (one for one in shared.records if one["kind"] == "decision"):
        said += [plain(one) for one in aftermath_of(log, decision).sentences]
    assert any("closed on" in one and "after" in one and "of commissions" in one for one in said)


# --- kinds that a short run has none of -------------------------------------------------------------------------

OLD, NEW = digest(b"old"), digest(b"new")
MADE: dict[Kind, dict[str, Json]] = {
    Kind.STOP: {"reason": "the calendar is over"},
    Kind.STATE: {"state": "killed", "who": "ada", "why": "it buys too much", "asked_at": "2011-01-03T20:00:00Z"},
    Kind.RECOVERY: {"decision_id": "0" * 16, "warrants": ["W-1"], "lapsed": ["O-1"], "reason": "the law has changed"},
    Kind.MISSED: {"cycles": 2, "label": "2011-01-04", "close": "2011-01-04T21:00:00Z", "reason": "nobody ran the desk"},
    Kind.FAULT: {"period": "2011-01-03", "fault": "the worker died"},
    Kind.RECONCILIATION: {"agrees": False, "differences": [{"what": "cash", "reason": "cash is 1 and not 2"}]},
    Kind.APPROVAL: {"old": OLD, "new": NEW, "verdict": "looser", "diff": OLD, "who": "ada", "reason": "more room",
                    "asked_at": "2011-01-03T20:00:00Z", "claimed": True, "until": "2011-02-01"},
    Kind.CHANGE: {"old": OLD, "new": NEW, "verdict": "looser", "outcome": "adopted", "reason": "more room"},
    Kind.RULEBOOK: {"old": OLD, "new": NEW, "verdict": "1 rule differs", "outcome": "refused", "reason": "no owner",
                    "files": ["rules.clp"], "who": "bob", "claimed": True, "reasons": ["no owner"]},
    Kind.BOOKS: {"entry": "split", "instrument": "AAPL", "ratio": "7", "session": "2011-01-03"},
    Kind.KEY: {"action": "enrol", "vkey": "desk+1234+abc", "who": "ada", "reason": "the first key"},
    Kind.SEAL: {"segment": 1, "of": "fill", "records": 9, "from": "2010-01-03T21:00:00Z", "to": "2010-12-03T21:00:00Z"},
    Kind.HOLD: {"action": "place", "who": "ada", "why": "a dispute", "symbols": ["AAPL"], "from": "2011-01-01"},
    Kind.RETENTION: {"rule": {"kind": "fill", "years": 5}, "by": "2016-01-03",
                     "segments": [{"segment": 1, "records": 9}]},
    Kind.REJECTION: {"client_order_id": "unknown", "decision_id": None, "warrant_id": None, "event": "reject",
                     "state": "rejected", "reason": "not-in-the-log", "detail": "no receipt", "stray": True},
}  # fmt: skip
HOSTILE = "<script>\x1b[31m`|\n└─ granted"


@pytest.mark.parametrize("kind", [one for one in Kind if one not in ("decision", *EVENTS)] + [Kind.REJECTION])
def test_a_record_of_every_kind_is_told_with_all_it_says(kind: Kind, tmp_path: Path) -> None:
    made = MADE.get(kind, {"reason": "because", "who": "ada", "count": 3})
    store = tmp_path / "log.sqlite"
    with AuditLog.open(store) as written:
        receipt = written.append(kind, body("2011-01-03T21:00:00Z", **made, note=HOSTILE))
    with LogReader.read(store) as log:
        told = explain(log, receipt.record_id[:9])
    text = as_text(told)
    assert text.startswith("On 2011-01-03T21:00:00Z, ")
    assert "note: <script>\\x1b[31m`|\n" in text and "╎ └─ granted" in text
    for name in made.keys() - set(ENVELOPE) - {"decision_id", "warrant_id", "event_id"}:
        assert f"─ {name.replace('_', ' ')}" in text, name


def test_a_record_that_was_changed_is_not_told(shared: SharedRun, log: LogReader) -> None:
    state = next(one for one in shared.records if one["kind"] == "model")
    with pytest.raises(LogUnreadable, match="not the one the log was written over"):
        explain_record(log, {**state, "age": state["age"] + 1})


# --- as a person asks -------------------------------------------------------------------------------------------


def test_who_names_nothing_is_told_what_to_do(log: LogReader) -> None:
    for name in ("20110103T210000Z-AAPL-nothing", "W-0", "ffffffff0000", "yesterday"):
        with pytest.raises(Faulty, match="no record, order or warrant has this id"):
            explain(log, name)
    with pytest.raises(Faulty, match="give more digits"):
        explain(log, shared_digit(log))


def shared_digit(log: LogReader) -> str:
    """A digit with which several ids begin."""
    return next(one for one in "0123456789abcdef" if len(log.find(one)) > 1)


@pytest.mark.parametrize("form", ["text", "html", "md", "json"])
def test_the_commands_write_every_form_to_a_file(shared: SharedRun, form: str, tmp_path: Path) -> None:
    day = next(one["period"] for one in shared.records if one["kind"] == "decision")
    out = tmp_path / f"told.{form}"
    asked = ["why-not", "AAPL", "--at", day, "--format", form, "--out", str(out), "--desk", str(shared.desk.folder)]
    assert cli.run(asked) == 0
    text = out.read_text(encoding="utf-8")
    with LogReader.read(shared.store) as log:
        told = explain_not(log, "AAPL", day)
    assert plain(told.run).split(",")[0] in re_read(text, form)


def re_read(text: str, form: str) -> str:
    """What a reader sees of it, without marks and elements."""
    if form == "json":
        return as_text(from_json(json.loads(text)))
    return re.sub(r"<[^>]+>|· ", "", text) if form == "html" else text.replace("**", "")


def test_a_file_that_cannot_be_written_is_said(
    shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = next(one["period"] for one in shared.records if one["kind"] == "decision")
    out = tmp_path / "no/such/folder.html"
    assert cli.run(["explain", day, "--out", str(out), "--desk", str(shared.desk.folder)]) == 3
    assert "cannot be written" in capsys.readouterr().err


def test_what_was_read_of_a_log_goes_with_it(shared: SharedRun) -> None:
    with LogReader.read(shared.store) as log:
        explain(log, shared.records[-1]["record_id"])
        kept = ref(proven(log))
    del log
    gc.collect()
    assert kept() is None
