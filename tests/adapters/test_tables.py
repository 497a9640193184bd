"""The log as flat tables: exact, complete, and whole or not there."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from adapters import cli
from adapters.audit.log import AuditLog, LogReader, LogUnreadable
from adapters.audit.merkle import root
from adapters.exporting.export import Between
from adapters.exporting.tables import EXACT, TABLES, export_parquet
from knowledge.values import fraction
from tests.adapters.records import at, body, decide, make_log, warrant
from tests.shared_run import SharedRun

pytest_plugins = ("tests.shared_run",)


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    return pq.read_table(folder / f"{table}.parquet").to_pylist()


@pytest.fixture(scope="module")
def made(shared: SharedRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables") / "tables"
    with LogReader.read(shared.store) as log:
        counts = export_parquet(log, folder)
        assert counts["records"] == log.size
        assert {name: len(rows(folder, name)) for name in TABLES} == counts
        assert root(bytes.fromhex(row["leaf_hash"]) for row in rows(folder, "records")) == log.root
    return folder


def test_columns_are_those_that_are_written_down(made: Path) -> None:
    assert {file.name for file in made.iterdir()} == {f"{name}.parquet" for name in TABLES}
    for name, columns in TABLES.items():
        found = pq.read_schema(made / f"{name}.parquet")
        assert found.names == list(columns)
        assert {str(found.field(column).type) for column, kind in columns.items() if kind == "decimal"} <= {
            "decimal128(38, 12)"
        }


def test_every_number_is_the_records_own(shared: SharedRun, made: Path) -> None:
    decisions = {one["record_id"]: one for one in shared.records if one["kind"] == "decision"}
    verdicts = rows(made, "verdicts")
    assert Counter(row["decision_id"] for row in verdicts) == {
        name: len(one["verdicts"]) for name, one in decisions.items()
    }
    said = {(name, verdict["instrument"]): verdict for name, one in decisions.items() for verdict in one["verdicts"]}
    for row in verdicts:
        verdict = said[row["decision_id"], row["instrument"]]
        assert (row["outcome"], row["reasons"]) == (verdict["outcome"], verdict["reasons"])
        for name in ("quantity", "target", "limit_price", "conviction"):
            assert row[name] == (Decimal(verdict[name]) if verdict.get(name) is not None else None)
    for row in rows(made, "readings"):
        reading = next(one for one in decisions[row["decision_id"]]["readings"] if one["measure"] == row["measure"])
        assert [row[name] for name in EXACT] == [reading[name] for name in EXACT]
        assert all(row[f"{name}_float"] == float(fraction(reading[name])) for name in EXACT)


def test_fills_and_warrants_are_all_there(shared: SharedRun, made: Path) -> None:
    fills = [one for one in shared.records if one["kind"] == "fill"]
    assert fills
    assert [(row["fill_id"], row["quantity"], row["price"]) for row in rows(made, "fills")] == [
        (one["fill_id"], Decimal(one["quantity"]), Decimal(one["price"])) for one in fills
    ]
    assert all(row["as_of"].astimezone(UTC).isoformat()[:19] == one["as_of"][:19] for row, one in
               zip(rows(made, "fills"), fills, strict=True))  # fmt: skip
    orders = {row["client_order_id"] for row in rows(made, "warrants")}
    assert {one["client_order_id"] for one in fills} <= orders


def test_a_part_of_the_time(shared: SharedRun, tmp_path: Path) -> None:
    with LogReader.read(shared.store) as log:
        export_parquet(log, tmp_path / "part", Between("2011-02-01", "2011-02-03"))
    kept = [one for one in shared.records if "2011-02-01" <= one["as_of"][:10] <= "2011-02-03"]
    assert [row["record_id"] for row in rows(tmp_path / "part", "records")] == [one["record_id"] for one in kept]


def test_a_number_that_does_not_fit_is_refused_and_not_rounded(tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "log.sqlite") as log:
        decide(log, 0, warrant("e", "entry", 0, quantity="0.1234567890123"), verdicts=[], readings=[])
        with pytest.raises(LogUnreadable, match="more than 12 decimal places; export it as jsonl"):
            export_parquet(log, tmp_path / "tables")
        log.append("books", body(at(1)))
    assert [file.name for file in tmp_path.iterdir() if "tables" in file.name] == []


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    make_log(tmp_path / "log.sqlite", 1)
    (tmp_path / "tables").mkdir()
    with LogReader.read(tmp_path / "log.sqlite") as log, pytest.raises(FileExistsError):
        export_parquet(log, tmp_path / "tables")


def test_the_command(shared: SharedRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def call(*words: str) -> int:
        return cli.run(["audit", "export", *words, "--desk", str(shared.folder)])

    days = "--from", "2011-02-01", "--to", "2011-02-03"
    assert call("--format", "parquet", "--folder", str(tmp_path / "tables"), *days) == 0
    assert "records to" in capsys.readouterr().err
    assert call("--folder", str(tmp_path / "bundle"), *days, "--json") == 0
    assert '"not_shown"' in capsys.readouterr().out
    assert {"records.jsonl", "leaves.txt", "verify_warrant.py"} <= {one.name for one in (tmp_path / "bundle").iterdir()}
    for words, sentence in (
        (("--format", "parquet"), "say where to make their folder"),
        (("--folder", str(tmp_path / "bundle")), "nothing is written over"),
        (("--folder", "x", "--out", "y"), "give one of them"),
        (("--from", "2011-02-30"), "is no date"),
    ):
        assert call(*words) == 2
        assert sentence in capsys.readouterr().err
