"""Explanations must not tell what is not so."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.answers.aftermath import aftermath
from adapters.answers.lookup import decision_at, evidence_of
from adapters.audit.log import LogReader, LogUnreadable
from adapters.audit.merkle import leaf_hash
from adapters.paper.venue import Bar
from adapters.running.worker import Worker
from adapters.store.packing import unpacked
from engine.decision import ExitVerdict
from engine.gate.proposals import Exit
from engine.orders.order import Side
from engine.telling.as_text import lines
from engine.telling.explain import explain_decision, explain_exit, explain_verdict
from tests.attack.stage import SESSIONS, Stage, desk, explained, limits, rulebook, running

MON, TUE = SESSIONS[:2]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(rulebook(), limits()) as one:
        yield one


def test_an_exit_because_the_rules_turned_is_told_with_the_rule_that_turned(tmp_path: Path, worker: Worker):
    """The shipped rules close first and never propose a candidate against a position; another book does."""
    stage = Stage(desk(tmp_path), moods={(MON, "AAPL"): "long"})
    with running(stage, worker) as runner:
        record = runner.cycle(MON)
        evidence = evidence_of(runner.log, record)
    turned = Exit("AAPL", Side.BUY, Decimal(5), ("reversal:swing-long",))  # type: ignore[arg-type]
    told = "\n".join(lines(explain_exit(evidence, ExitVerdict(turned, "5", None, ()).to_json())))
    assert "`swing-long` proposes the other side" in told
    assert "AAPL is a candidate to buy in a bull market" in told
    assert "exit(AAPL,reversal" not in told


@pytest.mark.sqlite_file
def test_a_record_that_was_changed_in_the_store_is_not_explained(tmp_path: Path, worker: Worker):
    stage = Stage(desk(tmp_path), moods={(MON, "AAPL"): "long"})
    with running(stage, worker) as runner:
        runner.cycle(MON)
    with LogReader.read(stage.desk.store) as log:
        record = decision_at(log, MON)
        verdict = record["verdicts"][0]
        assert "buy 193 of" in "\n".join(lines(explain_verdict(evidence_of(log, record), verdict)))
    with sqlite3.connect(stage.desk.store) as store:
        store.execute("DROP TRIGGER leaf_update")
        for seq, leaf in store.execute("SELECT seq, bytes FROM leaf WHERE kind = 'decision'").fetchall():
            forged = unpacked(leaf).replace(b'"quantity":"193"', b'"quantity":"93"')
            store.execute("UPDATE leaf SET bytes = ? WHERE seq = ?", (forged, seq))
    with LogReader.read(stage.desk.store) as log, pytest.raises(LogUnreadable, match="is not what was written"):
        decision_at(log, MON)
    with sqlite3.connect(stage.desk.store) as store:
        store.execute("UPDATE leaf SET leaf_hash = ? WHERE seq = ?", (leaf_hash(forged), seq))
    with LogReader.read(stage.desk.store) as log:
        record = decision_at(log, MON)
        assert record["verdicts"][0]["quantity"] == "93"
        with pytest.raises(LogUnreadable, match="is not the one the log was written over"):
            evidence_of(log, record)


def test_what_came_of_a_gap_is_told_as_it_was(tmp_path: Path, worker: Worker):
    """An entry whose price ran away expires, and the explanation says so and not that it traded."""
    away = Bar(Decimal(540), Decimal(545), Decimal(530), Decimal(540), 8_000_000)
    stage = Stage(desk(tmp_path), moods={(MON, "AAPL"): "long"}, quotes={(TUE, "AAPL"): away})
    with running(stage, worker) as runner:
        record = runner.cycle(MON)
        runner.cycle(TUE)
        runner.cycle(SESSIONS[2])
        told = "\n".join(line for part in aftermath(runner.log, record, ()) for line in lines(part))
        decided = "\n".join(lines(explain_decision(evidence_of(runner.log, record))))
    assert "2012-03-05 expired" in told
    expiries = [" ".join(one.split()) for one in explained(stage)["expiry"]]
    assert any("the order 20120301T210000Z-AAPL-entry expired" in one for one in expiries)
    assert "filled 193" not in told
    assert "AAPL: cut, buy 193 of" in decided
