"""An account in another currency than its instruments must not take their prices for its own money."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from adapters.desk.folder import read_desk
from adapters.desk.making import make_desk
from adapters.running.world import World
from advisors.market_facts import market_facts
from engine.books.books import Books, portfolio
from engine.gate.market import read_market
from engine.orders.portfolio import Mode, Operations
from knowledge.door import freeze

DAY = "2011-01-03"


def test_the_rate_of_one_is_that_of_the_accounts_own_currency(tmp_path: Path):
    folder = tmp_path / "desk"
    make_desk(folder)
    settings = folder / "warrant.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('"USD"', '"EUR"'), encoding="utf-8")
    world = World.of(read_desk(folder))
    facts = market_facts(world.survey, DAY)
    assert [one["currency"] for one in facts if one.template == "rate"] == ["EUR"]

    snapshot = freeze(f"{DAY}T21:00:00Z", world.listed(DAY), facts)
    empty = Books.open("a", Mode.BACKTEST, "EUR", Decimal(1_000_000))
    market = read_market(snapshot, portfolio(empty, {}, (), Operations()), Fraction(7, 10))
    assert not market.terms
    assert market.missing["IBM"] == ("rate of USD",)
