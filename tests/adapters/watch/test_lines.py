"""Every record of a real run as a line, and no line for what is none."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from adapters.audit.kinds import Kind
from adapters.watch.lines import _TOLD, Lines
from adapters.watch.logbook import Logbook
from tests.shared_run import SharedRun


def test_every_kind_of_record_has_a_line() -> None:
    assert set(_TOLD) | {"decision"} == {kind.value for kind in Kind}


def test_each_record_of_a_run_is_a_line_that_names_it_and_its_cycle(shared: SharedRun) -> None:
    lines = Lines()
    found = [(record, lines.of(record, {"decide": 1_234_567})) for record in shared.records]
    silent = Counter((record["kind"], record.get("entry")) for record, line in found if line is None)
    assert set(silent) == {("books", "session")}
    decisions = {record["record_id"]: record["cycle_id"] for record, _ in found if record["kind"] == "decision"}
    for record, line in found:
        if line is None:
            continue
        assert line.fields["record_id"] == record["record_id"]
        assert {"desk", "as_of", "recorded_at", "cycle_id"} <= set(line.fields)
        json.dumps(line.fields)
        if record["kind"] in ("order", "fill", "cancel"):
            assert line.fields["cycle_id"] == decisions[record["decision_id"]]
            assert line.fields["client_order_id"] == record["client_order_id"]
    (cycle, *_) = [line for record, line in found if line and line.event == "cycle" and record["warrants"]]
    assert cycle.fields["stage_ms"] == {"decide": 1.235}
    assert cycle.fields["outcome"] == "decided"
    assert sum(cycle.fields["verdicts"].values()) == 4


def test_orders_and_fills_say_what_a_person_looks_for(shared: SharedRun) -> None:
    lines = Lines()
    made = [line for record in shared.records if (line := lines.of(record, {}))]
    (fill, *_) = [one for one in made if one.event == "fill"]
    assert {"instrument", "side", "role", "quantity", "price", "commission"} <= set(fill.fields)
    (order, *_) = [one for one in made if one.event == "order"]
    assert {"instrument", "side", "role", "quantity", "limit_price"} <= set(order.fields)


def test_a_logbook_writes_one_json_object_a_line_and_turns_over(tmp_path: Path) -> None:
    errors: list[Exception] = []
    book = Logbook(tmp_path / "deep" / "desk.log", errors.append)
    book._handler.maxBytes = 5000  # type: ignore[attr-defined]
    for number in range(100):
        book.write("warning", "cycle", cycle_id=f"d:{number}", words="é\n✓")
    book.close()
    files = sorted((tmp_path / "deep").iterdir())
    assert len(files) > 2 and errors == []
    read = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert {one["cycle_id"] for one in read} == {f"d:{number}" for number in range(100)}
    assert {(one["event"], one["level"], one["words"]) for one in read} == {("cycle", "warning", "é\n✓")}
