"""The historical figures of a desk that has run: those of its own positions and its own past."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from adapters.audit.log import LogReader
from adapters.running.tail import tail_loss
from engine.orders.portfolio import Portfolio
from engine.orders.tail_loss import NoTailLoss, TailLoss
from knowledge.values import parse
from tests.advisors.sample import sample
from tests.shared_run import SharedRun

PANEL = sample().panel
LAST = PANEL.sessions[-1]


@pytest.fixture(scope="module")
def portfolios(shared: SharedRun) -> Iterator[list[tuple[str, Portfolio]]]:
    with LogReader.read(shared.store) as log:
        decided = [one for one in log if one["kind"] == "decision"]
        yield [(one["period"], Portfolio.from_json(parse(log.blob(one["inputs"]["portfolio"])))) for one in decided]


def test_every_decision_has_those_of_what_is_held(shared: SharedRun, portfolios: list[tuple[str, Portfolio]]) -> None:
    """Beside sums over the run's own bars: closes times shares, in plain Python."""
    panel, told = shared.world().survey.market.panel, 0
    for day, before in portfolios:
        if not before.positions:
            assert before.tail_loss is None
            continue
        row, results = panel.row(day), []
        for end in range(row - 249, row + 1):
            total = 0.0
            for one in before.positions:
                at = panel.instruments.index(one.instrument)
                was, now = (panel.close[place, at] * panel.factor[place, at] for place in (end - 1, end))
                total -= float(one.quantity) * panel.close[row, at] * (now / was - 1)
            results.append(total / float(before.nav))
        results.sort(reverse=True)
        found = before.tail_loss
        assert isinstance(found, TailLoss)
        assert found.observations == found.five_day_observations == 250
        assert float(found.one_day_95) == pytest.approx(results[12], abs=2e-6)
        assert float(found.one_day_99) == pytest.approx(results[2], abs=2e-6)
        assert float(found.shortfall_95) == pytest.approx((sum(results[:12]) + results[12] / 2) / 12.5, abs=2e-6)
        told += 1
    assert told


@pytest.mark.parametrize(
    ("values", "nav", "why"),
    [
        ({"IBM": "1000", "FB": "0"}, "100000", "no close of FB today"),
        ({"IBM": "1000"}, "0", "nothing is left of the NAV that they would be shares of"),
        ({"NONE": "1000"}, "100000", "there are no bars of NONE"),
    ],
)
def test_where_there_are_none_a_sentence_says_why(values: dict[str, str], nav: str, why: str) -> None:
    held = {name: Decimal(value) for name, value in values.items()}
    assert tail_loss(PANEL, LAST, held, Decimal(nav)) == NoTailLoss(why)


def test_what_goes_wrong_is_told_in_their_place() -> None:
    """A session that the panel does not have: no cycle ends for a figure."""
    found = tail_loss(PANEL, "1900-01-01", {"IBM": Decimal(1000)}, Decimal(100_000))
    assert isinstance(found, NoTailLoss)
    assert found.why.startswith("KeyError at advisors.")
