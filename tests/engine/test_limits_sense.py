"""Contradictions are refused when a file loads, with the core; limits that never bind are found, and none ships."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.limits.idle import ONE, _most, idle
from engine.limits.model import Limit, When
from engine.limits.sense import contradictions
from engine.limits.text import read_limits, recorded_limits
from knowledge.faults import Faulty
from tests.engine.small_desk import limit, limits

TEXT = (Path(__file__).parent / "limits_of_a_desk.yaml").read_text(encoding="utf-8")
SHIPPED = (Path(__file__).parents[2] / "limits.yaml").read_text(encoding="utf-8")


def line_of(part: str) -> int:
    assert TEXT.count(part) == 1, part
    return TEXT[: TEXT.index(part)].count("\n") + 1


def told(text: str) -> list[str]:
    with pytest.raises(Faulty) as caught:
        read_limits(text)
    return [str(fault) for fault in caught.value.faults]


ZEROES = [
    ("kind: instrument_exposure, bound: 20 %", "position.exposure"),
    ("kind: order_value, bound: 10 %", "order.value"),
    ("kind: order_quantity, bound: 5000", "order.quantity"),
    ("kind: stop_loss, bound: 1 %", "position.stop_loss"),
    ("kind: gross, bound: 160 %", "portfolio.gross"),
    ("by: sector, bound: 40 %", "portfolio.sector"),
    ("once: 3, bound: 60 %", "portfolio.concentration"),
    ("kind: margin, long: 50 %, short: 150 %, bound: 60 %", "account.margin"),
    ("kind: message_rate, bound: 10", "operations.messages"),
]


@pytest.mark.parametrize(("part", "name"), ZEROES)
def test_a_limit_that_leaves_nothing_is_refused_by_itself(part: str, name: str) -> None:
    head, _, _ = part.rpartition(" bound: ")
    (fault,) = told(TEXT.replace(part, f"{head} bound: 0"))
    assert f"`{name}` (line {line_of(part)}): it leaves no order at all; loosen it" in fault
    assert fault.startswith(f"limits.yaml:{line_of(part)}:")


@pytest.mark.parametrize("kind", ["day_loss", "index_volatility"])
def test_a_state_that_is_always_reached_leaves_nothing(kind: str) -> None:
    (row,) = (one for one in TEXT.splitlines() if f"kind: {kind}" in one)
    bound = row[row.index("bound: ") :].split(",")[0]
    (fault,) = told(TEXT.replace(row, row.replace(bound, "bound: 0")))
    assert "it leaves no order at all" in fault


def test_two_limits_that_leave_nothing_together_are_the_core() -> None:
    text = TEXT.replace("kind: net_long, bound: 100 %", "kind: net_long, bound: 0")
    read_limits(text)
    long, short = line_of("kind: net_long"), line_of("kind: net_short")
    (fault,) = told(text.replace("kind: net_short, bound: 50 %", "kind: net_short, bound: 0"))
    assert fault.startswith(f"limits.yaml:{short}:")
    assert f"`portfolio.net_long` (line {long}) and `portfolio.net_short` (line {short}): together they leave" in fault


def test_a_cash_reserve_of_everything_leaves_no_purchase_and_no_fee() -> None:
    (fault,) = told(TEXT.replace("kind: cash_reserve, bound: 2 %", "kind: cash_reserve, bound: 100 %"))
    assert "`account.cash`" in fault
    free = TEXT.replace("fee_per_order: {value: 1,", "fee_per_order: {value: 0,")
    read_limits(free.replace("kind: cash_reserve, bound: 2 %", "kind: cash_reserve, bound: 100 %"))


def test_a_multiplier_of_zero_leaves_nothing_in_its_regime() -> None:
    (fault,) = told(TEXT.replace("bear: 0.5", "bear: 0"))
    at = line_of("regime_multipliers:")
    assert fault.startswith(f"limits.yaml:{at}:")
    assert f"`regime_multipliers.bear` (line {at}): it leaves no order at all in regime bear" in fault


def test_a_stake_of_nothing_is_refused() -> None:
    (fault,) = told(TEXT.replace("kelly_fraction: {value: 0.25", "kelly_fraction: {value: 0"))
    assert "`parameters.kelly_fraction`" in fault


def test_states_that_come_in_the_wrong_order_are_refused() -> None:
    (fault,) = told(TEXT.replace("kind: drawdown, bound: 10 %", "kind: drawdown, bound: 15 %"))
    assert "`account.drawdown` (line" in fault
    assert "`account.drawdown_halt` (line" in fault
    assert "the desk is halted at or before the bound that makes it reducing" in fault


def test_what_is_in_force_at_other_times_contradicts_nothing() -> None:
    text = TEXT.replace("kind: net_long, bound: 100 %", "kind: net_long, until: 2011-12-31, bound: 0")
    both = text.replace("kind: net_short, bound: 50 %", "kind: net_short, bound: 0")
    assert "together they leave no order at all" in told(both)[0]
    row = next(one for one in both.splitlines() if "kind: net_short" in one)
    later = both.replace(row, row.replace("effective: 2010-01-01", "effective: 2012-01-01"))
    read_limits(later)


def test_a_limit_for_one_regime_that_leaves_nothing_says_which() -> None:
    (fault,) = told(TEXT.replace("kind: turnover, bound: 100 %", "kind: turnover, when: {regime: [bear]}, bound: 0"))
    assert "it leaves no order at all in regime bear or unknown" in fault


def test_a_limit_that_asks_for_a_figure_may_stop_everything() -> None:
    gate = "kind: turnover, when: {figure: index-volatility-rank, above: 0.95}, bound: 0"
    read_limits(TEXT.replace("kind: turnover, bound: 100 %", gate))


def test_what_a_log_has_kept_is_read_though_it_contradicts_itself() -> None:
    text = TEXT.replace("bear: 0.5", "bear: 0")
    assert recorded_limits(text).regime_multipliers["bear"] == 0


def test_an_unknown_sector_is_refused_where_the_sectors_are_known() -> None:
    text = TEXT.replace("by: sector, bound", "by: sector, only: tecnology, bound")
    read_limits(text)
    with pytest.raises(Faulty) as caught:
        read_limits(text, groups={"sector": ["technology", "banks"]})
    (fault,) = caught.value.faults
    assert fault.line == line_of("by: sector")
    assert fault.message == "`tecnology` is no sector; there are `banks`, `technology`"


# --- the reasoning against a search ---------------------------------------------------------------------------------


def test_horizons_without_room_are_a_core_of_three() -> None:
    rows = [limit("group_gross", 0, id=f"only.{one}", by="horizon", only=one) for one in HORIZONS]
    known = limits(*rows, limit("gross", 1))
    (found,) = contradictions(known, {"horizon": HORIZONS})
    assert [name for name, _ in found.core] == ["only.intraday", "only.position", "only.swing"]
    assert contradictions(limits(*rows[:2], limit("gross", 1)), {"horizon": HORIZONS}) == []


HORIZONS = ("intraday", "swing", "position")
KINDS = ("gross", "net_long", "net_short", "margin", "instrument_exposure")
ROWS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(("0.2", "0.4", "0.5", "0.6", "1", "1.6")), st.booleans()),
    min_size=2, max_size=4, unique_by=lambda one: one[0],
)  # fmt: skip


def file_of(rows: Sequence[tuple[str, str, bool]]) -> Sequence[Limit]:
    rates = {"long": Fraction(1, 2), "short": Fraction(3, 2)}
    return [
        limit(kind, bound, regime=scaled and kind in ("gross", "instrument_exposure"),
              **(rates if kind == "margin" else {}))
        for kind, bound, scaled in rows
    ]  # fmt: skip


def value(one: Limit, long: Fraction, short: Fraction) -> Fraction:
    weights = {
        "gross": (1, 1), "net_long": (1, -1), "net_short": (-1, 1), "margin": (one.long, one.short),
        "instrument_exposure": (0, 0),
    }[one.kind]  # fmt: skip
    return max(long, short) if one.kind == "instrument_exposure" else weights[0] * long + weights[1] * short


@settings(max_examples=40)
@given(ROWS)
def test_no_book_on_a_grid_reaches_a_limit_that_is_called_idle(rows: list[tuple[str, str, bool]]) -> None:
    """Books of one instrument a side, which is what the one limit on an instrument is compared over."""
    known = limits(*file_of(rows))
    called = {name for (name, _) in (one.limit for one in idle(known, {}))}
    steps = [Fraction(one, 10) for one in range(20)]
    for regime, long, short in product(("bull", "unknown"), steps, steps):
        bounds = {one.id: one.bound * (known.multiplier(regime) if one.regime else 1) for one in known.limits[:-1]}
        beyond = {one.id for one in known.limits[:-1] if value(one, long, short) > bounds[one.id]}
        if len(beyond) == 1:
            assert not beyond & called


def test_an_aim_without_end_is_told_from_one_with() -> None:
    assert _most((ONE, ONE), []) is None
    assert _most((ONE, -ONE), [(-ONE, ONE, ONE)]) is None
    assert _most((-ONE, ONE), [(-ONE, ONE, ONE)]) == 1
    assert _most((ONE, ONE), [(Fraction(1, 2), Fraction(3, 2), Fraction(3, 5))]) == Fraction(6, 5)


def test_the_margin_of_the_old_table_let_no_short_reach_its_bound() -> None:
    """Shorts of 50 % would need a margin of 75 % where 60 % is the most: the table of the trade had this slip."""
    found = {one.limit[0]: [name for name, _ in one.because] for one in idle(read_limits(TEXT), {})}
    assert found == {"portfolio.net_short": ["account.margin"], "portfolio.currency": ["account.margin"]}


def test_no_limit_that_ships_can_never_bind() -> None:
    assert idle(read_limits(SHIPPED), {}) == []


def test_of_multiples_of_one_deviation_the_tightest_binds() -> None:
    """1.5 % at risk is 14.47 % a year and a shortfall of 1.88 %."""

    def never(*rows: Limit) -> dict[str, list[str]]:
        return {one.limit[0]: [name for name, _ in one.because] for one in idle(limits(*rows), {})}

    risk = limit("value_at_risk", "0.015")
    assert never(risk, limit("volatility", "0.145")) == {"volatility": ["value_at_risk"]}
    assert never(risk, limit("volatility", "0.144")) == {"value_at_risk": ["volatility"]}
    assert never(risk, limit("volatility", "0.15", regime=True)) == {}
    assert never(risk, limit("expected_shortfall", "0.022")) == {"expected_shortfall": ["value_at_risk"]}
    at_times = limit("expected_shortfall", "0.018", when=When(figure="index-volatility-rank", above=Fraction(3, 4)))
    assert never(risk, at_times) == {}
    assert never(risk, limit("value_at_risk", "0.034", days=5, id="five")) == {"five": ["value_at_risk"]}


def test_the_rows_about_losses_and_orders() -> None:
    def never(*rows: Limit) -> set[str]:
        return {one.limit[0] for one in idle(limits(*rows, collar="0.03"), {})}

    assert never(limit("stop_loss", "0.03"), limit("open_risk", "0.03")) == {"stop_loss"}
    assert never(limit("open_risk", "0.25"), limit("loss_budget", "0.04")) == {"open_risk"}
    assert never(limit("open_risk", "0.03"), limit("loss_budget", "0.04")) == set()
    halting = limit("day_loss", "0.01", then="halted")
    assert never(limit("open_risk", "0.02"), limit("loss_budget", "0.04"), halting) == {"loss_budget"}
    assert never(limit("order_value", "0.206"), limit("instrument_exposure", "0.2")) == {"order_value"}
    assert never(limit("order_value", "0.205"), limit("instrument_exposure", "0.2")) == set()
    assert never(limit("concentration", "1", once=1)) == {"concentration"}
    # A value at risk of 1.5 % leaves a deviation of 14.5 % a year, and an expected shortfall of 1.9 %.
    at_risk = limit("value_at_risk", "0.015")
    assert never(limit("volatility", "0.15"), at_risk) == {"volatility"}
    assert never(limit("expected_shortfall", "0.022"), at_risk) == {"expected_shortfall"}
    assert never(limit("volatility", "0.14"), at_risk) == {"value_at_risk"}
    assert never(at_risk, limit("value_at_risk", "0.03", id="five", days=5)) == {"value_at_risk"}
    seldom = replace(limit("gross", "1"), when=When(regimes=("bear",)))
    assert never(limit("cluster_gross", "1"), seldom) == set()
    assert never(limit("group_gross", "1", by="sector"), limit("gross", "1")) == {"group_gross"}
