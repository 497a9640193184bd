"""The recent values of a measure, out of the log of a desk."""

from __future__ import annotations

from pathlib import Path

from adapters.audit.log import AuditLog
from adapters.desk.folder import SETTINGS, read_desk
from adapters.editor.hovering import Values
from adapters.editor.names import Named
from adapters.editor.recent import DECISIONS, RecentValues
from knowledge.values import Json, canonical, digest
from tests.adapters.records import at, body, stored

RSI = Named("measure", "rsi-14", "indicators")
MOVE = Named("measure", "index-move", "market")


def decide(log: AuditLog, session: int) -> None:
    facts: list[Json] = [
        *(["indicator", {"instrument": one, "name": "rsi-14", "value": f"{50 + session}"}] for one in ("IBM", "AAPL")),
        ["market", {"name": "index-move", "value": "0.01"}],
        ["trend", {"instrument": "IBM", "direction": "up"}],
    ]
    values = stored(session) | {"snapshot": canonical({"as_of": at(session), "universe": [], "facts": facts})}
    inputs = {name: digest(content) for name, content in values.items()}
    record = body(at(session), inputs=inputs, warrants=[])
    log.append("decision", record, {digest(content): content for content in values.values()})


def test_values_are_read_from_the_last_decisions(desk: Path) -> None:
    recent = RecentValues()
    assert recent.of(desk, RSI) == Values()
    store = read_desk(desk, (SETTINGS,)).store
    assert isinstance(store, Path)
    store.parent.mkdir(exist_ok=True)
    with AuditLog.open(store) as log:
        for session in range(DECISIONS + 2):
            decide(log, session)
        newest = DECISIONS + 1
        rows = recent.of(desk, RSI).rows
        assert rows[:2] == ((at(newest), "IBM", f"{50 + newest}"), (at(newest), "AAPL", f"{50 + newest}"))
        assert len(rows) == 2 * DECISIONS
        assert recent.of(desk, MOVE).rows[0] == (at(newest), "", "0.01")
        assert recent.of(desk, Named("measure", "adx-14", "indicators")) == Values()
        decide(log, newest + 1)
        assert recent.of(desk, RSI).rows[0][0] == at(newest + 1)


def test_a_log_that_can_not_be_read_is_told(desk: Path) -> None:
    store = read_desk(desk, (SETTINGS,)).store
    assert isinstance(store, Path)
    store.parent.mkdir(exist_ok=True)
    store.write_bytes(b"no log at all")
    assert RecentValues().of(desk, RSI).lack.startswith("the values of the last decisions can not be read: ")
