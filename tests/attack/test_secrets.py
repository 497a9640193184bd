"""Passwords and addresses with secrets, where somebody else might read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters import cli
from adapters.running.worker import Worker
from adapters.store.address import VARIABLE, schema_name
from adapters.watch.desk_watch import WEBHOOK
from tests.attack.stage import limits, rulebook

pytestmark = pytest.mark.real_start


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://desk:hunter2",
        "postgresql+psycopg://desk:hunter2@localhost:hunter2/db",
        "postgresql+psycopg://desk:hunter2@localhost:1/db",
        "postgresql+psycopg://desk:hunter2@localhost:1/db?passwd=hunter2",
        "postgresql+psycopg://desk:hun@ter2@localhost:1/db",
        "postgresql+psycopg://desk:hunter2@[::1/db",
    ],
)
@pytest.mark.parametrize("words", [["store", "status"], ["kill", "--who", "Ada", "--why", "x"]])
def test_an_address_is_told_without_its_password(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    words: list[str],
):
    folder = tmp_path / "desk"
    assert cli.run(["init", str(folder)]) == 0
    monkeypatch.setenv(VARIABLE, address)
    assert cli.run([*words, "--desk", str(folder)]) == 3
    told = "".join(capsys.readouterr())
    assert "store `" in told and "failed at" not in told
    assert "hunter2" not in told and "ter2" not in told


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the environment of a process is seen in /proc")
def test_the_process_that_runs_rules_and_policies_is_told_no_secret(monkeypatch: pytest.MonkeyPatch):
    for name in (VARIABLE, WEBHOOK, "PGPASSWORD"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("HARMLESS", "seen")
    with Worker(rulebook(), limits()) as worker:
        environment = Path(f"/proc/{worker.pid}/environ").read_bytes()
    assert b"HARMLESS=seen" in environment and b"hunter2" not in environment


@pytest.mark.parametrize("name", ["Desk-1", "A" * 60, "pg_desk", "1st"])
def test_nobody_gets_the_schema_of_another_by_taking_its_name(name: str):
    made = schema_name(name)
    assert made.startswith("desk_") and schema_name(made) != made
    assert schema_name(schema_name(made)) != schema_name(made)


def test_a_plain_name_is_its_own_schema():
    assert [schema_name(name) for name in ("trend", "desk_two", "desk")] == ["trend", "desk_two", "desk"]
