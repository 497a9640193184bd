"""A log says which program decided it, so that a later program can say why it words things differently."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.audit.log import AuditLog, LogReader
from adapters.commands.audit.verify import _lines
from adapters.running import provenance
from adapters.running.provenance import CORE, decided_by_another, program
from adapters.verifying.verify import verify
from tests.shared_run import SharedRun


def test_the_first_record_names_the_program(shared: SharedRun) -> None:
    with LogReader.read(shared.store) as log:
        (start,) = log.records(["start"])
    assert start["program"] == program()
    assert start["costs"]["commission_per_share"] == "0.005"
    assert not decided_by_another(shared.store)


def test_another_core_is_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = program()
    for room in CORE:
        shutil.copytree(provenance.ROOT / room, tmp_path / room)
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    program.cache_clear()
    assert program() == before, "the place of the program is no part of it"
    (tmp_path / "rules/book/entry.clp").write_text("; a desk text\n")
    (tmp_path / "rules/cases/swing-long.yaml").write_text("")
    program.cache_clear()
    assert program() == before, "what records name by themselves is no part of it"
    with (tmp_path / "engine/decide.py").open("a") as core:
        core.write("# another word\n")
    program.cache_clear()
    try:
        assert program() != before
    finally:
        program.cache_clear()


def test_findings_in_a_log_of_another_program_say_so(tmp_path: Path) -> None:
    store = tmp_path / "log.sqlite"
    common = {"as_of": "2011-01-03T14:30:00Z", "recorded_at": "2011-01-03T14:30:00Z", "desk": "d", "mode": "backtest"}
    with AuditLog.open(store) as log:
        log.append("start", {**common, "program": "sha256:" + 64 * "0"})
    assert decided_by_another(store)
    failing = verify(store, arithmetic=lambda record, blob: ["field: does not hold"])
    assert any(line.startswith("note: ") for line in _lines(store, failing))
    assert not any(line.startswith("note: ") for line in _lines(store, verify(store)))


def test_a_log_that_can_not_be_read_names_no_program(tmp_path: Path) -> None:
    assert not decided_by_another(tmp_path / "none.sqlite")
