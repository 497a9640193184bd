"""`warrant data check`, `warrant data instruments` and the check-up: what is wrong with the bars, told and drawn."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from adapters.bars.checking import check
from adapters.bars.feeds import BarsFeed
from adapters.bars.store import BarStore
from adapters.calendars.calendar import ExchangeCalendar
from adapters.cli import run
from adapters.desk.doctor_desk import check_desk
from adapters.desk.instruments import load_instruments
from adapters.reports.bar_picture import MOST_ROWS, draw, grid_of
from advisors.actions import Action
from advisors.panel import Floats
from advisors.quality import Rows
from tests.adapters.bars.own_desk import make
from tests.adapters.bars.test_store import keep
from tests.advisors.sample import plain_rows, take

Capture = pytest.CaptureFixture[str]
DAYS = ExchangeCalendar("XNYS", "2011-01-01", "2011-12-31").all_sessions
CLOSES = 100 + np.sin(np.arange(len(DAYS)))


def rows(name: str = "X", closes: Floats = CLOSES, days: tuple[str, ...] = DAYS) -> Rows:
    return plain_rows(closes, days, name)


def findings(*series: Rows) -> list[tuple[str, str, int, str, str]]:
    feed = Given(series)
    return [(one.symbol, one.issue, one.count, one.first, one.what) for one in check(feed, series).findings]


class Given(BarsFeed):
    """A feed of series that are in no file."""

    def __init__(self, series: tuple[Rows, ...]) -> None:
        super().__init__(Path("nowhere"), tuple(one.instrument for one in series), "")
        self.__dict__["_series"] = series


def stepped(factor: float, since: int, until: int | None = None) -> Floats:
    closes = CLOSES.copy()
    closes[since:until] *= factor
    return closes


def test_nothing_is_found_in_good_bars() -> None:
    assert findings(rows()) == []


@pytest.mark.parametrize(
    "factor, until, hint",
    [
        (0.5, None, "a split 2:1 that nobody gave (then bring it as an action), or news"),
        (2 / 3, None, "a split 3:2 that nobody gave (then bring it as an action), or news"),
        (3, None, "a split 1:3 that nobody gave (then bring it as an action), or news"),
        (1 / 7, None, "a split 7:1 that nobody gave (then bring it as an action), or news"),
        (10, None, "a split 1:10 nobody gave, or a point that slipped"),
        (0.01, None, "a split 100:1 nobody gave, or a point that slipped"),
        (10, 101, "it goes back within a week: a price that slipped by 10"),
        (0.41, None, "a split 5:2 that nobody gave (then bring it as an action), or news"),
        (1.77, None, "news, or a wrong price"),
    ],
)
def test_a_jump_is_told_with_what_it_may_be(factor: float, until: int | None, hint: str) -> None:
    found = [one for one in findings(rows(closes=stepped(factor, 100, until))) if one[1] == "jump"]
    assert [one[3] for one in found] == [DAYS[100]] + ([DAYS[101]] if until else [])
    assert found[0][4].endswith(f"the close before; {hint}")
    if until:
        assert found[1][4].endswith("the way back from a price that slipped")


def test_a_split_that_was_given_is_no_jump() -> None:
    given = replace(rows(closes=stepped(0.5, 100)), actions=(Action(DAYS[100], "X", "split", Decimal(2)),))
    assert findings(given) == []


def test_gaps_duplicates_days_without_a_session_and_lateness_are_counted() -> None:
    places = [place for place in range(len(DAYS) - 5) if place not in (50, 51, 80)]
    spoiled = take(rows(), [*places, 90])
    strayed = replace(spoiled, dates=(*spoiled.dates[:-2], "2011-05-07", spoiled.dates[-1]))
    told = {(issue, count) for name, issue, count, _, _ in findings(rows("A"), strayed) if name == "X"}
    assert told == {("gap", 9), ("stale", 6), ("duplicate", 1), ("disorder", 1), ("behind", 6)}


def test_the_grid_has_a_mark_where_bars_are_wrong_and_nothing_before_a_series_begins() -> None:
    young = take(rows("Y"), list(range(40, len(DAYS))))
    holed = take(rows("X"), [place for place in range(len(DAYS)) if place != 70])
    grid = grid_of(check(Given((holed, young)), (holed, young)))
    assert grid.names == ("X", "Y")
    assert np.isnan(grid.coverage[1, :2]).all()
    assert grid.marks == {"wrong": [(0, grid.months.index(DAYS[70][:7]))], "doubtful": []}
    assert grid.coverage[0].min() == pytest.approx(20 / 21, abs=0.01)


def test_of_many_series_those_with_findings_have_a_row() -> None:
    many = [rows(f"S{number:02}", CLOSES + number) for number in range(MOST_ROWS + 10)]
    many[17] = take(many[17], list(range(100)))
    grid = grid_of(check(Given(tuple(many)), many))
    assert grid.names == ("S17", f"{MOST_ROWS + 9} others")


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_picture_is_the_same_bytes_for_the_same_bars(tmp_path: Path, ending: str) -> None:
    holed = take(rows("X", stepped(0.1, 90)), [place for place in range(len(DAYS)) if not 60 <= place < 75])
    found = check(Given((holed, rows("Y"))), (holed, rows("Y")))
    first, second = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    draw(found, first)
    draw(found, second)
    assert first.read_bytes() == second.read_bytes()
    if ending == "svg":
        assert "X: 15 gap" in first.read_text(encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    place = make(tmp_path / "desk", "X", "Y")
    keep(BarStore(place / "bars"), rows("X", stepped(0.5, 100)), rows("Y"), rows("SPX", CLOSES * 10))
    return place


def test_the_command_tells_draws_and_ends_with_status_1(desk: Path, capsys: Capture) -> None:
    assert run(["data", "check", "--desk", str(desk)]) == 1
    said = capsys.readouterr().out
    assert "a split 2:1 that nobody gave" in said
    assert f"3 series over {len(DAYS)} sessions, {DAYS[0]} to {DAYS[-1]}: 3 findings" in said
    assert (desk / "bars.png").read_bytes().startswith(b"\x89PNG")
    assert run(["data", "check", "--desk", str(desk), "Y", "--no-picture"]) == 0
    assert run(["data", "check", "--desk", str(desk), "NONE"]) == 2
    assert "the desk has no bars of `NONE`" in capsys.readouterr().err
    assert run(["data", "check", "--desk", str(desk), "--picture", "x.gif"]) == 2


def test_the_command_speaks_json_and_tells_of_files_that_cannot_be_read(desk: Path, capsys: Capture) -> None:
    (desk / "bars" / "Y.parquet").write_bytes(b"PAR1 torn")
    assert run(["data", "check", "--desk", str(desk), "--json", "--no-picture"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["series"] == ["SPX", "X"]
    assert {(one["symbol"], one["issue"]) for one in told["findings"]} == {
        ("X", "jump"),
        ("X", "outlier"),
        ("Y", "unreadable"),
    }


def trained_until(desk: Path, before: str, day: str) -> None:
    settings = desk / "warrant.toml"
    written = settings.read_text(encoding="utf-8")
    settings.write_text(written.replace(f'trained_until = "{before}"', f'trained_until = "{day}"'), encoding="utf-8")


@pytest.mark.sqlite_file  # the check-up finds that the tests' server does not sync
def test_the_check_up_says_that_the_feed_does_not_reach_around_the_first_training(desk: Path) -> None:
    def seen() -> list[str]:
        return [one.seen for one in check_desk(desk) if not one.fine]

    (early,) = seen()
    assert f"is before the first session of the feed, which begins on {DAYS[0]}; give a day" in early
    trained_until(desk, "2010-12-31", DAYS[-1])
    (late,) = seen()
    assert f"no session of the feed is after `trained_until`: it ends on {DAYS[-1]}; give an earlier day" in late


@pytest.mark.sqlite_file  # the check-up finds that the tests' server does not sync
def test_the_check_up_reads_the_bars_and_names_what_is_missing(desk: Path) -> None:
    trained_until(desk, "2010-12-31", DAYS[0])
    found = {one.subject: one for one in check_desk(desk)}
    assert found["bars"].fine
    assert found["bars"].seen == f"2 series, index SPX, {len(DAYS)} sessions, {DAYS[0]} to {DAYS[-1]}"
    (desk / "bars" / "Y.parquet").unlink()
    (desk / "bars" / "SPX.parquet").unlink()
    missing = [one for one in check_desk(desk) if not one.fine]
    assert [one.subject for one in missing] == ["SPX.parquet", "Y.parquet"]
    assert all("bring them with `warrant data import`" in one.seen for one in missing)


def test_instruments_are_listed_with_what_is_missing(desk: Path, capsys: Capture) -> None:
    keep(BarStore(desk / "bars"), rows("BRK.B"))
    (desk / "bars" / "X.parquet").unlink()
    assert run(["data", "instruments", "--desk", str(desk), "--json"]) == 1
    told = {one["symbol"]: one for one in json.loads(capsys.readouterr().out)["instruments"]}
    assert {name: one["missing"] for name, one in told.items()} == {
        "BRK.B": "not in instruments.yaml: it is not traded",
        "SPX": None,
        "X": "no bars: the desk cannot start; bring them, or take it out of instruments.yaml",
        "Y": None,
    }
    assert (told["Y"]["first"], told["Y"]["last"], told["Y"]["sector"]) == (DAYS[0], DAYS[-1], "technology")


def test_an_instrument_is_added_with_what_is_said_and_nothing_is_invented(desk: Path, capsys: Capture) -> None:
    keep(BarStore(desk / "bars"), rows("BRK.B"))
    before = (desk / "instruments.yaml").read_text(encoding="utf-8")
    add = ["data", "instruments", "--desk", str(desk), "--add", "BRK.B"]
    assert run([*add, "--sector", "financials"]) == 2
    assert "`BRK.B` needs --issuer --country: limits count by them" in capsys.readouterr().err
    assert run([*add, "--sector", "financials", "--issuer", "berkshire", "--country", "US", "--lot", "x"]) == 2
    assert (desk / "instruments.yaml").read_text(encoding="utf-8") == before
    assert run([*add, "--sector", "financials", "--issuer", "berkshire", "--country", "US", "--tick", "0.05"]) == 0
    assert (desk / "instruments.yaml").read_text(encoding="utf-8").startswith(before.rstrip())
    entry = next(one for one in load_instruments(desk / "instruments.yaml") if one.symbol == "BRK.B")
    assert (entry.sector, entry.issuer, entry.shortable, entry.tick) == (
        "financials",
        "berkshire",
        "no",
        Decimal("0.05"),
    )
    assert run([*add, "--sector", "s", "--issuer", "i", "--country", "US"]) == 2
    assert "`BRK.B` is there already" in capsys.readouterr().err


@pytest.mark.parametrize("empty", ["instruments:\n", "instruments: {}\n", "# none yet\ninstruments: { }   # soon\n"])
def test_the_first_instrument_is_added_to_an_empty_list(tmp_path: Path, capsys: Capture, empty: str) -> None:
    desk = make(tmp_path / "desk", "X")
    (desk / "instruments.yaml").write_text(empty, encoding="utf-8")
    keep(BarStore(desk / "bars"), rows("X"))
    keep(BarStore(desk / "bars"), rows("Y"))
    add = ["data", "instruments", "--desk", str(desk), "--add", "X", "--sector", "financials", "--issuer", "x"]
    assert run(["data", "check", "--desk", str(desk), "--no-picture"]) == 2
    assert "a desk needs at least one: `warrant data instruments --add` adds it" in capsys.readouterr().err
    assert run([*add, "--country", "US"]) == 0
    assert [one.symbol for one in load_instruments(desk / "instruments.yaml")] == ["X"]
