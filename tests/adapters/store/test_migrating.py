"""Versions of a store: made from nothing, recognised, brought up to date, refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from adapters import cli
from adapters.audit.log import AuditLog, LogReader, LogUnreadable, LogUnwritable
from adapters.desk.making import make_desk
from adapters.store import engine
from adapters.store.address import Address
from adapters.store.faults import StoreFailed
from adapters.store.guards import expected, present
from adapters.store.lease import current
from adapters.store.migrating import FIRST, HEAD, KNOWN, State, migrate, script, state, version
from adapters.store.opening import make_schema, opened
from adapters.store.standing import standing
from adapters.store.tables import METADATA
from adapters.store.upgrading import upgrade
from adapters.verifying.verify import verify
from tests.adapters.records import at, body, make_log

pytestmark = pytest.mark.sqlite_file

OLD = Path(__file__).with_name("first_release.sql")
OLD_ROOT = "d164737a3625bba7a777d67cb9e3a63058a589f943f519f4822a48d566a44ad5"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store as the first release left it."""
    path = tmp_path / "store" / "warrant.sqlite"
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.executescript(OLD.read_text(encoding="utf-8"))
    connection.close()
    return path


def test_the_migrated_schema_is_the_one_that_queries_are_built_from(where: Address) -> None:
    with opened(where) as connection:
        seen = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(seen, METADATA)
        # a number that the server gives is the one default there is, and SQLAlchemy writes it without saying so
        assert differences == []
        assert present(connection) == expected(connection)
        assert version(connection) == HEAD


def test_a_column_that_differs_would_be_seen(where: Address) -> None:
    with opened(where) as connection:
        with engine.writing(connection):
            connection.exec_driver_sql("ALTER TABLE request ADD COLUMN more INTEGER")
        assert compare_metadata(MigrationContext.configure(connection), METADATA)


def test_the_known_versions_are_the_migrations_that_come_with_the_program() -> None:
    assert tuple(reversed([each.revision for each in script().walk_revisions()])) == KNOWN


def test_a_store_of_the_first_release_is_read_upgraded_and_goes_on(old: Path) -> None:
    before = everything(old)
    found = verify(old)
    assert (found.holds, found.root) == (True, OLD_ROOT)
    assert (standing(old).state, standing(old).version) == (State.OLDER, FIRST)
    with LogReader.read(old) as log:
        assert log.root.hex() == OLD_ROOT
    for refused in (AuditLog.open, lambda path: opened(path).__enter__()):
        with pytest.raises(StoreFailed, match="warrant store upgrade"):
            refused(old)
    assert everything(old) == before
    assert upgrade(old)
    assert everything(old) == before
    assert standing(old).state is State.CURRENT
    assert not upgrade(old)
    found = verify(old)
    assert (found.holds, found.root) == (True, OLD_ROOT)
    with AuditLog.open(old) as log, opened(old) as connection:
        assert current(connection) is None
        assert log.append("state", body(at(9))).index == found.size
    assert verify(old).holds


def everything(path: Path) -> list[object]:
    connection = sqlite3.connect(path)
    rows = [connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in ("leaf", "blob", "tree")]
    connection.close()
    return rows


def test_an_older_store_on_a_server_is_upgraded_too(where: Address) -> None:
    if isinstance(where, Path):
        where.parent.mkdir()
    with engine.connect(where, write=True) as connection, engine.writing(connection):
        if not isinstance(where, Path):
            make_schema(connection, where.name)
        migrate(connection, FIRST)
        connection.exec_driver_sql("DROP TABLE alembic_version")
        assert (state(connection), version(connection)) == (State.OLDER, FIRST)
    with pytest.raises(LogUnwritable, match="warrant store upgrade"):
        AuditLog.open(where)
    assert upgrade(where)
    make_log(where)
    assert verify(where).holds


def test_a_store_of_a_later_program_is_refused_for_reading_too(where: Address) -> None:
    make_log(where)
    with engine.connect(where, write=True) as connection, engine.writing(connection):
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for refused in (AuditLog.open, LogReader.read, upgrade, lambda place: opened(place).__enter__()):
        with pytest.raises(StoreFailed, match="made by a newer version of this program; update the program"):
            refused(where)
    assert not standing(where).usable


def test_a_migration_that_fails_leaves_the_store_as_it_was(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.execute("CREATE TABLE request (x)")
    connection.close()
    with pytest.raises(StoreFailed, match="cannot be used"):
        upgrade(old)
    assert standing(old).state is State.OLDER
    assert verify(old).root == OLD_ROOT


def test_nothing_is_there_to_upgrade_or_to_read(where: Address) -> None:
    with pytest.raises(StoreFailed, match="there is no store"):
        upgrade(where)
    with pytest.raises(LogUnreadable, match="there is no log"):
        LogReader.read(where)
    assert standing(where).state is State.MISSING


def test_the_commands_say_where_what_and_what_to_do(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = tmp_path / "desk"
    make_desk(desk, None)
    assert cli.run(["store", "status", "--desk", str(desk)]) == 0
    assert "nothing is there yet" in capsys.readouterr().out
    (desk / "store").mkdir()
    old.rename(desk / "store" / "warrant.sqlite")
    assert cli.run(["store", "status", "--desk", str(desk)]) == 1
    out = capsys.readouterr().out
    assert "run `warrant store upgrade`" in out
    assert OLD_ROOT in out
    assert cli.run(["cycle", "--desk", str(desk)]) == 3
    assert "warrant store upgrade" in capsys.readouterr().err
    assert cli.run(["store", "upgrade", "--desk", str(desk)]) == 0
    assert f"upgraded to version {HEAD}, root {OLD_ROOT}" in capsys.readouterr().out
    assert cli.run(["store", "status", "--desk", str(desk), "--json"]) == 0
