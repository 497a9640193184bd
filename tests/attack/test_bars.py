"""Bars of a feed that would stop the desk instead of their instrument."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.bars.feeds import CsvFeed
from adapters.calendars.calendar import ExchangeCalendar, NoSession
from adapters.calendars.exchanges import EXCHANGES
from adapters.desk.folder import Desk
from adapters.desk.settings import read_settings
from adapters.running.world import World
from advisors.market_facts import market_facts
from tests.attack.stage import SHIPPED

DAYS = ("2010-12-30", "2010-12-31", "2011-01-03", "2011-01-04")
SETTINGS = (
    (SHIPPED / "warrant.toml").read_text(encoding="utf-8").replace('kind = "sample" ', 'kind = "csv"\npath = "bars" ')
)
HEAD = "date,open,high,low,close,volume\n"


class Csv:
    """A desk with bars of its own for IBM, others as usual."""

    def __init__(self, folder: Path, last: str, settings: str = SETTINGS) -> None:
        (folder / "bars").mkdir()
        for name in ("AAPL", "FB", "GOOG", "IBM", "MSFT", "SPX"):
            rows = [f"{day},100,101,99,{100 + at / 10},1000" for at, day in enumerate(DAYS)]
            if name == "IBM":
                rows[-1] = last
            (folder / "bars" / f"{name}.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
        for name in ("instruments.yaml", "rules.clp", "policies.pl", "limits.yaml"):
            (folder / name).write_text((SHIPPED / name).read_text(encoding="utf-8"), encoding="utf-8")
        self.world = World.of(Desk(folder, read_settings(settings.encode(), "warrant.toml")))


@pytest.mark.parametrize(
    "last",
    [
        # more digits than any fact may carry
        "2011-01-04,1234567890123.4567,1234567890123.4567,1234567890123.4567,1234567890123.4567,1000",
        "2011-01-04,0.00001,0.00002,0.000001,0.00001,1000",
        "2011-01-04,100,101,99,100,1e300",
        "2011-01-04,100,101,99,100,0.5",
        "2011-01-04,nan,101,99,100,1000",
        "2011-01-04,100,99,101,100,1000",
        "2011-01-04,-1,101,-1,100,1000",
    ],
)
def test_a_bar_that_cannot_be_said_is_a_fault_of_its_instrument_and_stops_nobody(tmp_path: Path, last: str):
    world = Csv(tmp_path, last).world
    assert {"AAPL", "MSFT"} <= world.bars(DAYS[-1]).keys()
    facts = market_facts(world.survey, DAYS[-1])
    assert {one["instrument"] for one in facts if one.template == "quality" and one["issue"] != "stale"} == {"IBM"}


def test_the_calendar_of_the_settings_is_that_of_a_csv_feed_and_not_the_name_of_its_index(tmp_path: Path):
    whole = "2011-01-04,100,101,99,100.3,1000"
    feed = Csv(tmp_path, whole).world.feed
    assert isinstance(feed, CsvFeed)
    assert (feed.index_name, feed.exchange, feed.sessions()) == ("SPX", "XNYS", DAYS)
    (tmp_path / "bombay").mkdir()
    feed = Csv(tmp_path / "bombay", whole, SETTINGS.replace('"XNYS"', '"XBOM"')).world.feed
    assert isinstance(feed, CsvFeed)
    assert (feed.index_name, feed.exchange, feed.sessions()) == ("SPX", "XBOM", DAYS)


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_every_exchange_that_may_be_named_has_sessions(exchange: str):
    calendar = ExchangeCalendar(exchange)
    assert calendar.kind("2011-01-04") == "open"
    with pytest.raises(NoSession, match=f"runs from {calendar.first}"):
        calendar.sessions("1989-01-01", "2011-01-04")
