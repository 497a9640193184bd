import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from advisors.actions import derive_actions, factors
from advisors.indicators import beta, correlations, interval_width, measure_panel, runs
from advisors.panel import GRIDS, Panel
from knowledge.templates import vocabulary
from tests.advisors.sample import sample, sample_measures

ROWS = len(sample().panel.sessions)


def panel_of(closes, **grids):
    """A panel of one instrument whose bars span 2 % around their close."""
    closes = np.asarray(closes, dtype=np.float64)[:, None]
    parts = {name: np.ones_like(closes) for name in GRIDS} | {
        "open": closes,
        "high": closes * 1.01,
        "low": closes * 0.99,
        "close": closes,
        "volume": np.full_like(closes, 1000.0),
    }
    parts |= {name: np.asarray(grid, dtype=np.float64)[:, None] for name, grid in grids.items()}
    sessions = tuple(f"{row:05}" for row in range(len(closes)))
    return Panel(("X",), sessions, **parts, index_close=np.linspace(100, 110, len(closes)))


def wave(rows):
    places = np.arange(rows)
    return 100 + 5 * np.sin(places / 5) + 3 * np.sin(places / 1.7) + 0.02 * places


def everything(measures):
    return {**measures.indicators, **measures.market}


def same_bits(left, right):
    """Equal bit for bit; all NaNs are alike."""
    return np.array_equal(left, right, equal_nan=True)


def test_every_declared_measure_is_computed_and_no_other():
    declared = vocabulary().measures
    assert set(sample_measures().indicators) == set(declared["indicators"])
    assert set(sample_measures().market) == set(declared["market"])


@given(st.integers(0, ROWS - 1))
def test_no_measure_looks_ahead(row):
    panel = sample().panel
    session = panel.sessions[row]
    then = measure_panel(panel.until(session))
    for name, whole in everything(sample_measures()).items():
        assert same_bits(whole[: row + 1], everything(then)[name]), name
    assert same_bits(correlations(panel, session), correlations(panel.until(session), session))


@given(st.lists(st.integers(0, 299), max_size=4), st.integers(1, 300))
@settings(max_examples=30)
def test_no_measure_looks_ahead_across_holes(holes, rows):
    closes = wave(300)
    closes[holes] = np.nan
    panel = panel_of(closes)
    whole, then = measure_panel(panel), measure_panel(panel.until(f"{rows - 1:05}"))
    for name, values in everything(whole).items():
        assert same_bits(values[:rows], everything(then)[name]), name


def test_every_value_lies_in_its_declared_range():
    for group, measures in (("indicators", sample_measures().indicators), ("market", sample_measures().market)):
        for name, values in measures.items():
            shape = vocabulary().measures[group][name]
            assert np.nanmin(values) > float(shape.low - shape.quantum / 2), name
            assert np.nanmax(values) < float(shape.high + shape.quantum / 2), name
            assert not np.isinf(values).any(), name


def test_after_a_faulty_bar_recursions_start_anew():
    closes = wave(400)
    closes[200] = np.nan
    holed = measure_panel(panel_of(closes))
    fresh = measure_panel(panel_of(closes[201:]))
    for name in ("rsi-14", "macd-histogram", "atr-14", "adx-14", "ema-20-distance", "stochastic-k", "obv-zscore"):
        assert np.isnan(holed.indicators[name][200]), name
        assert same_bits(holed.indicators[name][201:], fresh.indicators[name]), name
        assert not np.isnan(holed.indicators[name][-1]), name


def test_a_nan_poisons_talib_which_is_why_it_never_sees_one():
    closes = wave(100)
    closes[10] = np.nan
    assert np.isnan(talib.EMA(closes, 20)).all()
    assert (talib.RSI(closes, 14)[14:] == 0).all(), "an oversold market out of nothing"
    assert not np.isnan(measure_panel(panel_of(closes)).indicators["rsi-14"][30:]).any()


def test_windows_are_absent_while_the_hole_lies_in_them():
    closes = wave(100)
    closes[50] = np.nan
    found = measure_panel(panel_of(closes)).indicators
    assert np.isnan(found["zscore-20"][50:70]).all()
    assert not np.isnan(found["zscore-20"][70])
    assert np.isnan(found["momentum-21"][[50, 71]]).all()
    assert not np.isnan(found["momentum-21"][[70, 72]]).any(), "a return needs its two ends only"


def test_a_flat_series_has_no_place_in_its_own_band():
    found = measure_panel(panel_of(np.full(60, 7.0), high=np.full(60, 7.0), low=np.full(60, 7.0))).indicators
    for name in ("rsi-14", "zscore-20", "bollinger-position", "obv-zscore", "stochastic-k", "interval-75"):
        assert np.isnan(found[name]).all(), name
    assert found["volatility-20"][-1] == 0


def test_a_split_changes_no_measure_but_those_in_shares_and_price():
    closes = wave(300)
    after = np.arange(300) >= 150
    halved = np.where(after, closes / 2, closes)
    factor = np.where(after, 2.0, 1.0)
    volume = 1000 + 100 * np.sin(np.arange(300))
    plain = measure_panel(panel_of(closes, volume=volume)).indicators
    split = measure_panel(panel_of(halved, volume=volume * factor, factor=factor, split=factor)).indicators
    for name, values in split.items():
        scale = {"atr-14": 1 / factor, "average-volume-20": factor}.get(name, np.ones(300))
        np.testing.assert_allclose(values[:, 0], plain[name][:, 0] * scale, rtol=1e-12, atol=1e-12, err_msg=name)


def test_atr_is_in_raw_price_units_across_apples_split():
    panel, atr = sample().panel, sample_measures().indicators["atr-14"]
    row, column = panel.row("2005-02-28"), panel.column("AAPL")
    assert atr[row, column] / atr[row - 1, column] == pytest.approx(0.5, abs=0.05)


def test_band_position_and_zscore_tell_the_same():
    """(close − lower) / width is 1/2 + z/4 with the population's deviation; two libraries, one truth."""
    found = sample_measures().indicators
    population = found["zscore-20"] * np.sqrt(20 / 19)
    known = ~np.isnan(population)
    np.testing.assert_allclose(found["bollinger-position"][known], (0.5 + population / 4)[known], atol=1e-6)


def test_beta_is_the_regression_slope_once_the_window_is_full():
    panel = sample().panel
    change = panel.adjusted_close[1:] / panel.adjusted_close[:-1] - 1
    index = panel.index_close[1:] / panel.index_close[:-1] - 1
    found = sample_measures().indicators["beta-252"]
    for instrument in ("AAPL", "IBM"):
        column, row = panel.column(instrument), panel.row("2011-01-03")
        y, x = change[row - 252 : row, column], index[row - 252 : row]
        assert found[row, column] == pytest.approx(np.cov(x, y)[0, 1] / np.var(x, ddof=1), rel=1e-9)


def test_beta_of_a_new_listing_starts_near_one():
    panel, found = sample().panel, sample_measures().indicators["beta-252"]
    column = panel.column("FB")
    first = int(np.flatnonzero(~np.isnan(found[:, column]))[0])
    assert panel.sessions[first] == "2012-06-18"
    assert abs(found[first, column] - 1) < 0.25


def test_beta_without_movement_of_the_index_is_not_known():
    assert np.isnan(beta(np.full((50, 1), 0.01), np.zeros(50))).all()


def test_correlation_is_the_weighted_one_of_the_textbook():
    panel = sample().panel
    session = "2011-06-01"
    row = panel.row(session)
    prices = panel.adjusted_close[row - 30 : row + 1]
    change = prices[1:] / prices[:-1] - 1
    weights = 0.94 ** np.arange(29, -1, -1)
    a, b = panel.column("GOOG"), panel.column("MSFT")
    expected = np.cov(change[:, a], change[:, b], aweights=weights, ddof=0)
    found = correlations(panel, session)
    assert found[a, b] == pytest.approx(expected[0, 1] / np.sqrt(expected[0, 0] * expected[1, 1]), rel=1e-9)
    assert same_bits(found, found.T)
    assert np.isnan(found[panel.column("FB")]).all(), "Facebook is not listed yet"


def test_correlations_need_thirty_returns():
    panel = sample().panel
    assert np.isnan(correlations(panel, panel.sessions[29])).all()
    assert not np.isnan(correlations(panel, panel.sessions[30])[panel.column("AAPL"), panel.column("IBM")])


def test_intervals_cover_what_they_promise():
    """On real returns, which are not exchangeable, three quarters fall inside within a few points."""
    panel = sample().panel
    width = sample_measures().indicators["interval-75"]
    change = panel.adjusted_close[1:] / panel.adjusted_close[:-1] - 1
    for column in range(len(panel.instruments)):
        known = ~np.isnan(width[:-1, column])
        covered = np.abs(change[known, column]) <= width[:-1, column][known] / 2
        assert covered.mean() == pytest.approx(0.75, abs=0.04), panel.instruments[column]


def test_interval_width_knows_nothing_of_tomorrow():
    change = np.concatenate([0.01 * np.sin(np.arange(200)), [5.0]])
    assert interval_width(change)[199] == interval_width(change[:200])[199]


def test_runs_are_the_stretches_of_true_rows():
    valid = np.array([True, False, False, True, True, False, True])
    assert list(runs(valid)) == [slice(0, 1), slice(3, 5), slice(6, 7)]
    assert list(runs(np.zeros(0, dtype=np.bool_))) == []


@pytest.mark.parametrize("rows", [0, 1, 2, 13])
def test_short_panels_have_measures_without_values(rows):
    found = measure_panel(panel_of(wave(rows)))
    late = {name: values for name, values in everything(found).items() if name != "index-move"}
    assert all(np.isnan(values).all() for values in late.values())
    assert set(found.indicators) == set(vocabulary().measures["indicators"])


def test_a_panel_without_instruments_still_measures_the_market():
    panel = sample().panel
    bare = Panel((), panel.sessions, **{name: np.empty((ROWS, 0)) for name in GRIDS}, index_close=panel.index_close)
    found = measure_panel(bare)
    assert same_bits(found.market["index-momentum-63"], sample_measures().market["index-momentum-63"])
    assert {values.shape for values in found.indicators.values()} == {(ROWS, 0)}


def test_measures_do_not_depend_on_what_else_is_in_the_panel():
    """One instrument alone has the bits it has among five."""
    panel = sample().panel
    column = panel.column("IBM")
    grids = {name: getattr(panel, name)[:, [column]] for name in GRIDS}
    alone = measure_panel(Panel(("IBM",), panel.sessions, **grids, index_close=panel.index_close))
    for name, values in alone.indicators.items():
        assert same_bits(values[:, 0], sample_measures().indicators[name][:, column]), name


def test_the_future_of_adjusted_closes_is_not_in_the_factor():
    """A vendor restates every adjusted close when an action comes; the forward factor stays as it was."""
    close = np.array([10.0, 11.0, 12.0, 6.0])
    before = derive_actions("X", "abcd", close, close * np.array([0.5, 0.5, 0.5, 1.0]))
    restated = derive_actions("X", "abcd", close, close * np.array([0.5, 0.5, 0.5, 1.0]) / 7.123456789)
    assert factors("abcd", close, before)[0].tolist() == factors("abcd", close, restated)[0].tolist() == [1, 1, 1, 2]
