"""Where a store is: names of schemas, passwords that are never shown, and what settings and environment may say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.desk.folder import Desk, read_desk, shown
from adapters.desk.making import make_desk
from adapters.desk.settings import read_settings
from adapters.store.address import NAME, Schema, holds_password, schema_name
from knowledge.faults import Faulty

DESKS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,63}", fullmatch=True)
LEAST = '[desk]\nname = "{name}"\naccount = "A"\ncurrency = "USD"\ncapital = 1\nmode = "paper"\n'
PLACE = "postgresql+psycopg://jo@db.example:5433/trading"


@given(DESKS, DESKS)
def test_two_desks_never_share_a_schema(one: str, other: str) -> None:
    assume(one != other)
    assert schema_name(one) != schema_name(other)
    assert NAME.fullmatch(schema_name(one))
    assert not schema_name(one).startswith("pg_")


@given(st.text("abc:/@?&=%", min_size=1, max_size=8))
def test_no_part_of_a_password_is_shown(password: str) -> None:
    where = Schema(f"postgresql://jo:{password.replace('?', '')}XYZZY@db.example/trading?sslmode=require", "desk")
    assert "XYZZY" not in str(where) + repr(where) + shown(where)
    assert str(where) == "desk in db.example/trading"
    assert holds_password(where.url)


@pytest.mark.parametrize(
    ("url", "holds"),
    [
        (PLACE, False),
        ("postgresql:///trading?host=/run/postgresql", False),
        ("postgresql://jo:secret@db/trading", True),
        ("postgresql://db/trading?user=jo&password=secret", True),
        ("postgresql://db/trading?passfile=/home/jo/.pgpass", False),
    ],
)
def test_what_is_a_secret(url: str, holds: bool) -> None:
    assert holds_password(url) is holds


@pytest.mark.sqlite_file
def test_the_settings_name_a_file_or_a_schema(tmp_path: Path) -> None:
    def store(more: str, name: str = "my.desk") -> object:
        return Desk(tmp_path, read_settings((LEAST.format(name=name) + more).encode(), "warrant.toml")).store

    assert store("") == tmp_path / "store/warrant.sqlite"
    assert store(f'[store]\nurl = "{PLACE}"\nschema = "equities"\n') == Schema(PLACE, "equities")
    assert store(f'[store]\nurl = "{PLACE}"\n', "desk_1") == Schema(PLACE, "desk_1")
    assert str(store(f'[store]\nurl = "{PLACE}"\n')).startswith("desk_my_desk_")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('url = "postgresql://jo:secret@db/x"', "`url` holds a password, and files are copied"),
        ('url = "postgres://jo:secret@db/x"', "`url` holds a password, and files are copied"),
        ('url = "mysql://db/x"', "`url` takes the address of a PostgreSQL database, without a password"),
        ('schema = "My Desk"', "`schema` takes a word of small letters"),
        ('schemas = "x"', "did you mean `schema`?"),
    ],
)
def test_settings_that_name_no_store_are_faults(line: str, words: str) -> None:
    with pytest.raises(Faulty) as caught:
        read_settings((LEAST.format(name="d") + f"[store]\n{line}\n").encode(), "warrant.toml")
    (fault,) = caught.value.faults
    assert words in fault.message
    assert fault.line == 8
    assert "secret" not in str(fault)


@pytest.mark.sqlite_file
def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_desk(tmp_path / "desk", None)
    monkeypatch.setenv("WARRANT_STORE", "postgresql+psycopg://jo:secret@db/trading")
    desk = read_desk(tmp_path / "desk")
    assert desk.store == Schema("postgresql+psycopg://jo:secret@db/trading", "shipped")
    assert "secret" not in repr(desk)
    assert desk.models == tmp_path / "desk" / "store" / "models"
    monkeypatch.setenv("WARRANT_STORE", "sqlite:///elsewhere")
    with pytest.raises(Faulty, match="takes an address like"):
        read_desk(tmp_path / "desk")
