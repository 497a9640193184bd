"""An honest log with a split in it verifies; a split that never was does not excuse anything."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.paper.venue import Bar
from adapters.running.worker import Worker
from adapters.verifying.sequence import SequenceCheck
from advisors.actions import Action
from knowledge.values import Json
from tests.attack.stage import SESSIONS, Stage, desk, limits, records, rulebook, running

MON, TUE, WED, THU = SESSIONS[:4]


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(rulebook(), limits()) as one:
        yield one


def complaints(told: list[Json]) -> list[str]:
    check = SequenceCheck()
    return [f"{one['kind']} {found}" for one in told for found in check.feed(one["seq"], one["record_id"], one)]


@pytest.mark.parametrize("ratio", ["7", "2", "1.5", "0.5", "0.333333333333333", "0.01"])
@pytest.mark.parametrize("day", [TUE, WED])
def test_orders_that_a_split_found_resting_or_a_position_stopped_out_after_one(
    tmp_path: Path, worker: Worker, ratio: str, day: str
):
    price = {one: Decimal(500) / (Decimal(ratio) if one >= day else 1) for one in SESSIONS}
    whole = {one: (each * 100).to_integral_value() / 100 for one, each in price.items()}
    quotes = {(one, "AAPL"): Bar(at, at, at, at, 8_000_000) for one, at in whole.items()}
    low = (whole[THU] * 80).to_integral_value() / 100
    quotes[THU, "AAPL"] = Bar(low, low, low, low, 8_000_000)
    split = {day: (Action(day, "AAPL", "split", Decimal(ratio)),)}
    stage = Stage(desk(tmp_path), moods={(MON, "AAPL"): "long"}, quotes=quotes, actions=split)
    with running(stage, worker) as runner:
        for one in (MON, TUE, WED, THU):
            runner.cycle(one)
        assert not runner.standing.books.holdings
    told = records(stage)
    assert sum(one["kind"] == "fill" for one in told) == 2
    assert complaints(told) == []
    if day == TUE:
        # The entry rested through it: without the split its fill makes no sense.
        without = [one for one in told if one.get("entry") != "split"]
        assert any("fill" in one for one in complaints(without))
    twice = [one for one in told for _ in range(2 if one.get("entry") == "split" else 1)]
    assert any("recorded before" in one for one in complaints(twice))
