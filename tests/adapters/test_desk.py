"""A desk is found, read whole or not at all, and each fault of its settings has its place."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.desk.folder import ENTRIES, SETTINGS, find_desk, is_desk, read_desk, store_of
from adapters.desk.settings import read_settings
from adapters.desk.toml_text import parse, places
from adapters.installation import SHIPPED
from knowledge.faults import Faulty

pytestmark = pytest.mark.sqlite_file  # about where settings say

LEAST = '[desk]\nname = "a"\naccount = "b"\ncurrency = "USD"\ncapital = 1000.50\nmode = "paper"\n'


def faults(source: str | bytes) -> list[str]:
    """The sentences about a `warrant.toml`."""
    with pytest.raises(Faulty) as caught:
        read_settings(source if isinstance(source, bytes) else source.encode(), "w.toml")
    return [str(fault) for fault in caught.value.faults]


def desk_at(folder: Path, settings: str = LEAST) -> Path:
    """Make a folder with the five files of a desk."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ENTRIES:
        (folder / name).write_text(settings if name == SETTINGS else "")
    return folder


def test_the_settings_that_ship_are_sound_and_exact() -> None:
    settings = read_settings((SHIPPED / SETTINGS).read_bytes(), SETTINGS)
    assert settings.desk.capital == 1_000_000
    assert settings.broker.commission_per_share == Decimal("0.005")
    assert type(settings.broker.slippage_bps) is Decimal


def test_what_is_left_out_has_the_named_defaults() -> None:
    settings = read_settings(LEAST.encode(), "w.toml")
    assert settings.desk.capital == Decimal("1000.50")
    assert settings.store.path == "store/warrant.sqlite"
    assert (settings.feed.kind, settings.feed.path, settings.feed.calendar) == ("sample", None, "XNYS")
    assert settings.broker.commission_per_share == Decimal("0.005")
    assert settings.advisors.retrain_days == 84


@pytest.mark.parametrize(
    ("source", "sentences"),
    [
        ("", ["w.toml:1:1: `desk` is missing; add it to this file"]),
        ("desk = 3", ["w.toml:1:1: `desk` takes a table `[desk]`, not `3`"]),
        ("[desk\n", ["w.toml:1:6: `[desk` is not TOML: expected ']' at the end of a table declaration"]),
        ("\n  x = [1,\n", ["w.toml:3:1: not TOML: invalid value"]),
        (LEAST + 'name = "c"', ['w.toml:7:1: `name = "c"` is not TOML: cannot overwrite a value']),
        (b"[desk]\nname = '\xff'", ["w.toml:2:9: this byte is not UTF-8; save the file as UTF-8"]),
        (
            LEAST.replace("account", "  acount"),
            [
                "w.toml:1:2: `account` is missing; add it to `[desk]`",
                "w.toml:3:3: unknown key `acount` in `[desk]`; did you mean `account`?",
            ],
        ),
        (
            LEAST + "[limits]\n",
            [
                "w.toml:7:2: unknown key `limits` in this file; it takes `desk`, `store`, `feed`, `broker`,"
                " `advisors`, `schedule`, `watch`, `people`, `retention`, `surveillance`"
            ],
        ),
        (
            LEAST.replace("1000.50", "nan").replace('"paper"', '"live"').replace("USD", "usd"),
            [
                'w.toml:4:1: `currency` takes three capital letters (ISO 4217), like "USD", not `"usd"`',
                "w.toml:5:1: `capital` takes a number of at most 15 digits, above 0, not `NaN`",
                'w.toml:6:1: `mode` takes "backtest" or "paper", not `"live"`',
            ],
        ),
        (
            LEAST + "broker.slippage_bps = -1\n",
            ["w.toml:7:1: unknown key `broker` in `[desk]`; it takes `name`, `account`, `currency`, `capital`, `mode`"],
        ),
        (
            LEAST + "[broker]\nslippage_bps = -0.01\ncommission_minimum = true\n",
            [
                "w.toml:8:1: `slippage_bps` takes a number of at most 15 digits, 0 or more, not `-0.01`",
                "w.toml:9:1: `commission_minimum` takes a number of at most 15 digits, 0 or more, not `True`",
            ],
        ),
        (
            LEAST + '[feed]\nkind = "csv"\n',
            ['w.toml:7:2: `kind = "csv"` needs a `path`: the folder with one file per instrument'],
        ),
        (
            LEAST + '[feed]\npath = "bars"\n',
            ['w.toml:7:2: `kind = "sample"` takes no `path`; write `kind = "csv"` to read from it'],
        ),
        (
            LEAST + '[feed]\ncalendar = "NYSE"\n',
            ['w.toml:8:1: `calendar` takes one of XNYS, XNAS, XBOM, XNSE, 24/7, not `"NYSE"`'],
        ),
        (
            LEAST + '[people]\nresume = ["Ada", 7]\n',
            ["w.toml:8:1: `resume` takes a list of names, like [\"Ada Lovelace\"], not `['Ada', 7]`"],
        ),
        (
            LEAST + '[feed]\nkind = "bars"\ninterval = "15m"\n[schedule]\nevery = "20 minutes"\n',
            [
                'w.toml:11:1: `every = "20 minutes"` needs bars of as many minutes or a part of them (and at most 999),'
                " and `[feed]` has bars of `15m`; change one of them"
            ],
        ),
        (
            LEAST + '[feed]\nkind = "sample"\ninterval = "15m"\n',
            ['w.toml:7:2: `kind = "sample"` has daily bars; leave `interval` out'],
        ),
        (
            LEAST + "[advisors]\nretrain_days = 2.5\n",
            ["w.toml:8:1: `retrain_days` takes a whole number from 1 to 10000, not `2.5`"],
        ),
    ],
)
def test_each_fault_has_its_place_and_says_what_to_do(source: str | bytes, sentences: list[str]) -> None:
    assert faults(source) == sentences


def test_all_missing_files_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "rules.clp").touch()
    with pytest.raises(Faulty) as caught:
        read_desk(tmp_path)
    assert [Path(fault.file).name for fault in caught.value.faults] == sorted(set(ENTRIES) - {"rules.clp"})


def test_paths_are_relative_to_the_desk(tmp_path: Path) -> None:
    desk = read_desk(desk_at(tmp_path, LEAST + '[feed]\nkind = "csv"\npath = "bars"\n[store]\npath = "log.sqlite"\n'))
    assert desk.bars == tmp_path / "bars"
    assert desk.store == tmp_path / "log.sqlite"


STORES = ("", "[store]\n", '[store]\npath = "elsewhere/log.db"\n', '[store]\nschema = "desk_one"\n',
          '[store]\nurl = "postgresql+psycopg://me@localhost/desks"\n')  # fmt: skip


@pytest.mark.parametrize("section", STORES)
@pytest.mark.parametrize("server", ["", "postgresql+psycopg://me@localhost/other"])
def test_the_store_is_found_without_the_rest_of_the_settings(
    section: str, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARRANT_STORE", server)
    folder = desk_at(tmp_path, LEAST + section)
    assert store_of(folder) == read_desk(folder).store


@pytest.mark.parametrize("section", ['path = ""', "path = 3", 'place = "x"', "path = "])
def test_a_store_whose_section_is_not_sound_is_refused_as_ever(section: str, tmp_path: Path) -> None:
    with pytest.raises(Faulty):
        store_of(desk_at(tmp_path, f"{LEAST}[store]\n{section}\n"))


def test_the_store_of_a_desk_that_lost_a_file_is_not_looked_for(tmp_path: Path) -> None:
    folder = desk_at(tmp_path)
    (folder / "limits.yaml").unlink()
    with pytest.raises(Faulty, match=r"`limits\.yaml` is missing"):
        store_of(folder)


def test_the_desk_asked_for_comes_before_the_folder_and_that_before_the_one_that_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, here, elsewhere = desk_at(tmp_path / "asked"), desk_at(tmp_path / "here"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(here)
    assert find_desk(asked) == asked
    assert find_desk(None) == here
    monkeypatch.chdir(elsewhere)
    assert find_desk(None) == SHIPPED


def test_a_desk_that_lost_a_file_is_still_the_desk_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (desk_at(tmp_path) / SETTINGS).unlink()
    monkeypatch.chdir(tmp_path)
    assert find_desk(None) == tmp_path
    with pytest.raises(Faulty, match=r"`warrant\.toml` is missing"):
        read_desk(find_desk(None))


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_that_is_no_desk_is_refused_when_asked_for(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    assert not is_desk(tmp_path / name)
    with pytest.raises(Faulty, match="`warrant init"):
        find_desk(tmp_path / name)


KEYS = st.text("abcdefgh_-", min_size=1, max_size=6)


@given(
    st.dictionaries(KEYS, st.dictionaries(KEYS, st.integers() | st.text("a= []#'", max_size=8), max_size=4), max_size=4)
)
def test_every_key_of_every_table_is_found_where_it_stands(tables: dict[str, dict[str, int | str]]) -> None:
    lines = []
    stands: dict[tuple[str, ...], tuple[int, int]] = {}
    for table, keys in tables.items():
        lines.append(f" [ {table} ]  # [comment]")
        stands[(table,)] = (len(lines), 4)
        for key, value in keys.items():
            lines += ["", f'\t{key} = "{value}"' if isinstance(value, str) else f"\t{key}={value}"]
            stands[(table, key)] = (len(lines), 2)
    source = "\n".join(lines)
    assert places(source) == stands
    assert parse(source.encode(), "w.toml") == tables


def test_what_looks_like_a_key_inside_a_long_string_is_none() -> None:
    assert set(places("a = \"\"\"\nb = 1\n[c]\n\"\"\"\nd.e = '''x\ny = 2'''\n")) == {("a",), ("d",), ("d", "e")}
