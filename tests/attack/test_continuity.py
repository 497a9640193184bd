"""Settings that are edited under a log, and files that contradict each other."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.audit.log import AuditLog
from adapters.desk.folder import Desk
from adapters.desk.settings import read_settings
from adapters.paper.venue import Costs, Listing
from adapters.running.continuity import check_account, check_costs, check_instruments, terms_of
from adapters.running.worker import Worker
from engine.gate.reach import order_fee
from knowledge.faults import Faulty
from tests.attack.stage import SESSIONS, SETTINGS, Stage, limits, rulebook, running


def written(folder: Path, settings: str = SETTINGS) -> Desk:
    (folder / "warrant.toml").write_text(settings, encoding="utf-8")
    return Desk(folder, read_settings(settings.encode(), "warrant.toml"))


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("capital = 1_000_000", "capital = 9_000_000"),
        ('currency = "USD"', 'currency = "EUR"'),
        ('account = "PAPER-1"', 'account = "PAPER-2"'),
        ('mode = "backtest"', 'mode = "paper"'),
        ('name = "stage"', 'name = "other"'),
    ],
)
def test_the_account_of_a_log_can_not_be_edited_under_it(tmp_path: Path, before: str, now: str):
    desk = written(tmp_path)
    with AuditLog.open(desk.store) as log:
        check_account(desk, log)
        around = {"as_of": f"{SESSIONS[0]}T14:30:00Z", "recorded_at": f"{SESSIONS[0]}T14:30:00Z"}
        log.append("start", {**around, "desk": "stage", "mode": "backtest", **terms_of(desk)})
        check_account(desk, log)
        with pytest.raises(Faulty) as caught:
            check_account(written(tmp_path, SETTINGS.replace(before, now)), log)
    (fault,) = caught.value.faults
    assert f"`{before.split(maxsplit=1)[0]}` is" in fault.message
    assert SETTINGS.splitlines()[fault.line - 1] == before


@pytest.mark.parametrize("line", ["commission_per_share = 0.006", "commission_minimum = 1.5"])
def test_a_broker_may_not_take_more_than_the_limits_reckon_with(tmp_path: Path, line: str):
    check_costs(written(tmp_path), limits())
    with pytest.raises(Faulty, match=f"`{line.split(maxsplit=1)[0]}` is more than the limits reckon with"):
        check_costs(written(tmp_path, f"{SETTINGS}\n[broker]\n{line}\n"), limits())


@given(st.integers(1, 10**6), st.decimals(0, 2, places=3), st.decimals(0, 1, places=4))
def test_what_the_check_lets_through_never_costs_more_than_the_gate_counts(shares: int, least: Decimal, each: Decimal):
    with TemporaryDirectory() as folder:
        desk = written(
            Path(folder), f"{SETTINGS}[broker]\ncommission_minimum = {least}\ncommission_per_share = {each}\n"
        )
        parameters = replace(limits().parameters, fee_per_order=Fraction(least), fee_per_share=Fraction(each))
        known = replace(limits(), parameters=parameters)
        try:
            check_costs(desk, known)
        except Faulty:
            return
    costs = Costs(commission_per_share=each, commission_least=least)
    assert costs.commission(Decimal(shares)) <= order_fee(Fraction(shares), known)


def test_what_is_held_keeps_the_terms_it_was_bought_in(tmp_path: Path):
    stage = Stage(written(tmp_path), moods={(SESSIONS[0], "AAPL"): "long"})
    with Worker(rulebook(), limits()) as worker, running(stage, worker) as runner:
        # An order at first, then a position.
        for day in SESSIONS[:2]:
            runner.cycle(day)
            check_instruments(stage.desk, runner.standing, stage.listings)
            check_instruments(stage.desk, runner.standing, {})
            for listing in (Listing(Decimal("0.01"), "USD", Decimal(10)), Listing(Decimal("0.01"), "EUR", Decimal(1))):
                with pytest.raises(Faulty, match="`AAPL` is held or worked in USD with multiplier 1"):
                    check_instruments(stage.desk, runner.standing, {"AAPL": listing})


class Edited(Stage):
    """A market whose file of instruments says something else the next time it is looked at."""

    now: Listing = Listing(Decimal("0.01"), "USD", Decimal(1))

    @property
    def listings(self) -> dict[str, Listing]:
        return {**super().listings, "AAPL": self.now}

    def refreshed(self) -> Edited:
        found = Edited(self.desk, self.names, self.moods, self.quotes)
        found.now = self.now
        return found


@pytest.mark.parametrize(
    "now", [Listing(Decimal("0.01"), "USD", Decimal("0.01")), Listing(Decimal("0.01"), "EUR", Decimal(1))]
)
def test_terms_that_are_edited_under_a_running_desk_are_refused_while_something_is_held(tmp_path: Path, now: Listing):
    stage = Edited(written(tmp_path), moods={(SESSIONS[0], "AAPL"): "long"})
    with Worker(rulebook(), limits()) as worker, running(stage, worker) as runner:
        for day in SESSIONS[:2]:
            runner.cycle(day)
        assert runner.standing.books.holdings
        world, stage.now = runner.world, now
        with pytest.raises(Faulty, match="`AAPL` is held or worked in USD with multiplier 1"):
            runner.refresh()
        assert runner.world is world and runner.standing.broker.state.listings["AAPL"].multiplier == 1


def test_other_terms_reach_the_running_broker_with_the_facts(tmp_path: Path):
    stage = Edited(written(tmp_path))
    with Worker(rulebook(), limits()) as worker, running(stage, worker) as runner:
        stage.now = Listing(Decimal("0.05"), "USD", Decimal(1), shortable=False)
        runner.refresh()
        assert runner.standing.broker.state.listings["AAPL"] == stage.now
        assert runner.world.listings["AAPL"] == stage.now
