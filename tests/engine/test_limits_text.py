"""The limits file: what it says is what is read, and every malformed form is told with its place, all at once."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.limits.kinds import KINDS, MANDATORY
from engine.limits.text import read_limits
from knowledge.faults import Fault, Faulty
from knowledge.values import digest

TEXT = (Path(__file__).parent / "limits_of_a_desk.yaml").read_text(encoding="utf-8")
SHIPPED = (Path(__file__).parents[2] / "limits.yaml").read_text(encoding="utf-8")

VALUE = "kind: order_value, bound: 10 %,"


def faults(text: str) -> tuple[Fault, ...]:
    with pytest.raises(Faulty) as caught:
        read_limits(text, "risk.yaml")
    return caught.value.faults


def test_a_file_is_read_as_written() -> None:
    read = read_limits(TEXT)
    known = {one.id: one for one in read.limits}
    assert known["position.exposure"].bound == Fraction(1, 5)
    assert known["position.exposure"].regime
    assert not known["order.value"].regime
    assert known["order.quantity"].bound == 5000
    assert (known["account.margin"].long, known["account.margin"].short) == (Fraction(1, 2), Fraction(3, 2))
    assert known["portfolio.concentration"].once == 3
    assert known["account.horizon"].only == "swing"
    assert read.collar("2011-01-03") == Fraction(3, 100)
    assert {one.id: one.index for one in read.scenarios}["crisis-2008"] == Fraction(-411, 1000)
    assert read.parameters.kelly_fraction == Fraction(1, 4)
    assert read.source == TEXT


def test_each_layer_has_its_limits_and_the_layers_come_in_order() -> None:
    read = read_limits(SHIPPED)
    assert {one.layer for one in read.limits} == {1, 2, 3, 4, 5, 6, 7}
    assert [(one.layer, one.id) for one in read.limits] == sorted((one.layer, one.id) for one in read.limits)
    assert {one.kind for one in read.limits} == set(KINDS)


def test_an_unknown_regime_takes_the_smallest_multiplier() -> None:
    read = read_limits(TEXT)
    assert read.multiplier("bull") == 1
    assert read.multiplier("unknown") == read.multiplier("never heard of") == Fraction(3, 10)


def test_a_date_to_come_suspends_a_limit_unless_it_is_mandatory() -> None:
    read = read_limits(TEXT.replace("effective: 2010-01-01", "effective: 2020-01-01"))
    assert {one.kind for one in read.in_force("2011-01-03")} == set(MANDATORY)
    assert len(read.in_force("2020-01-01")) == len(read.limits)


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("version: 1", "version: 3", "is no version this program reads; write `2`"),
        ("version: 1", "versoin: 1", "unknown key `versoin`"),
        ("id: order.value, layer: 1", "id: order.value, layer: 2", "stands in layer 1"),
        ("id: order.value, layer: 1", "id: Order Value, layer: 1", "`Order Value` is no id"),
        ("id: order.quantity,", "id: order.value,", "the limit id `order.value` is used twice"),
        ("kind: order_value", "kind: order_vlaue", "`order_vlaue` is no kind"),
        ("kind: order_value, bound: 10 %", "kind: order_value, bound: ten", "`ten` is no bound"),
        ("kind: order_value, bound: 10 %", "kind: order_value, bound: 1e3", "`1e3` is no bound"),
        ("kind: order_value, bound: 10 %", "kind: order_value, bound: .nan", "`.nan` is no bound"),
        ("kind: order_value, bound: 10 %", "kind: order_value, bound: .inf", "`.inf` is no bound"),
        ("kind: order_value, bound: 10 %", "kind: order_value, bound: -1 %", "must be at least 0"),
        ("kind: order_value, bound: 10 %", "kind: order_value, bound: [1]", "is no bound"),
        ("kind: order_value, bound: 10 %,", "kind: order_value,", "needs `bound`"),
        ("kind: order_value, bound: 10 %, unit: NAV", "kind: order_value, bound: 10 %, unit: shares", "the unit of"),
        ("kind: order_value, bound: 10 %,", "kind: order_value, bound: 10 %, regime: yes,", "takes no `regime`"),
        ("kind: order_value, bound: 10 %,", "kind: order_value, bound: 10 %, bound: 20 %,", "`bound` stands twice"),
        ("kind: order_value, bound: 10 %,", "kind: order_value, bound: 10 %, note: x,", "unknown key `note`"),
        ("by: sector, bound", "by: colour, bound", "group by one of"),
        ("by: sector, bound", "bound", "needs `by`"),
        ("bound: 20 %, unit: NAV, regime: yes", "bound: 20 %, unit: NAV, regime: maybe", "write `yes` or `no`"),
        ("once: 3", "once: 2.5", "`2.5` is no whole number"),
        ("once: 3", "once: 0", "must be at least 1"),
        ("once: 3, bound: 60 %", "once: 3, bound: 160 %", "at most 1"),
        ("bound: 2 %, unit: NAV, then: reducing", "bound: 2 %, unit: NAV, then: active", "`active` is no then"),
        ("bull: 1.0", "bull: 1.5", "multiplier `1.5` must be at least 0 and at most 1"),
        ("range: 0.8, ", "", "the regime `range` has no multiplier"),
        ("kelly_fraction: {value: 0.25,", "kelly_fraction: {", "`kelly_fraction` lacks `value`"),
        ("index: -41.1 %", "index: -141.1 %", "must be at least -1"),
        ("index: -41.1 %", "index: -41.1 %, sigmas: 3", "a scenario has either moves"),
        ("{id: crisis-2008, index: -41.1 %, ", "{id: crisis-2008, ", "a scenario has either moves"),
        ("kind: wash_trade, owner", "kind: wash_trade, bound: 1, owner", "takes no `bound`"),
        ("source: 15c3-5", "source: \"\"", "source is missing its text"),
        ("source: 15c3-5, ", "", "needs `source`"),
        ("once: 3, bound: 60 %", "once: 3, bound: 1.01", "the limit would not be monotone"),
        (VALUE, f"{VALUE} until: 2009-12-31,", "before it begins on 2010-01-01"),
        (VALUE, f"{VALUE} until: 2011-02-29,", "`2011-02-29` is no until"),
        (VALUE, f"{VALUE} when: {{}},", "names no circumstance"),
        (VALUE, f"{VALUE} when: bear,", "`when` is a mapping"),
        (VALUE, f"{VALUE} when: {{gross: 1}},", "unknown key `gross` in `when`"),
        (VALUE, f"{VALUE} when: {{regime: [crab]}},", "`crab` is no regime"),
        (VALUE, f"{VALUE} when: {{regime: bear}},", "`regime` is a list"),
        (VALUE, f"{VALUE} when: {{regime: []}},", "`regime` names none"),
        (VALUE, f"{VALUE} when: {{regime: [bear, bear]}},", "stands twice"),
        (VALUE, f"{VALUE} when: {{state: [panic]}},", "`panic` is no state"),
        ("kind: day_loss, bound: 2 %,", "kind: day_loss, when: {state: [active]}, bound: 2 %,", "can not ask for one"),
        ("kind: kill_switch, then", "kind: kill_switch, when: {regime: [bear]}, then", "force always; remove `when`"),
        (VALUE, f"{VALUE} when: {{figure: gross, above: 1}},", "an order of the same decision can change"),
        (VALUE, f"{VALUE} when: {{figure: index-volatility-rank}},", "goes with `above`"),
        (VALUE, f"{VALUE} when: {{above: 1}},", "goes with `above`"),
        (VALUE, f"{VALUE} when: {{figure: index-volatility-rank, above: 0.9, below: 0.1}},", "swap them"),
    ],
)  # fmt: skip
def test_every_malformed_form_is_told_with_its_place(good: str, bad: str, said: str) -> None:
    assert TEXT.count(good) == 1, f"`{good}` must name one place"
    changed = TEXT.replace(good, bad)
    line = TEXT[: TEXT.index(good)].count("\n") + 1
    found = faults(changed)
    assert any(said in fault.message and abs(fault.line - line) <= 1 for fault in found), list(map(str, found))
    assert all(fault.file == "risk.yaml" and fault.column >= 1 for fault in found)


@pytest.mark.parametrize("kind", MANDATORY)
def test_no_desk_trades_without_the_mandatory_kinds(kind: str) -> None:
    kept = "\n".join(line for line in TEXT.splitlines() if f"kind: {kind}" not in line)
    assert any(f"no limit of kind `{kind}`" in one.message for one in faults(kept))


def test_all_faults_are_told_at_once() -> None:
    broken = (
        TEXT.replace("kind: order_value", "kind: value").replace("bull: 1.0", "bull: 9").replace("by: issuer", "by: x")
    )
    assert len(faults(broken)) == 3


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list", "limits: [", "a: &x 1\nb: *y", "\t- x"])
def test_what_is_no_limits_file_is_told(text: str) -> None:
    assert all(one.line >= 1 for one in faults(text))


@given(st.text(max_size=60), st.integers(0, len(TEXT)))
def test_no_text_whatever_crashes_the_reader(inserted: str, at: int) -> None:
    try:
        read = read_limits(TEXT[:at] + inserted + TEXT[at:])
    except Faulty as faulty:
        assert faulty.faults
    else:
        assert {one.kind for one in read.limits} >= set(MANDATORY)


def test_the_fingerprint_is_of_the_text() -> None:
    assert read_limits(TEXT).fingerprint != read_limits(TEXT + "# another day\n").fingerprint
    assert read_limits(TEXT).fingerprint.startswith(digest(b"")[:7])


def test_a_target_may_be_asked_for_and_need_not() -> None:
    assert read_limits(SHIPPED).parameters.take_profit is None
    row = "  take_profit: {value: 2.5 %, unit: limit price, owner: risk, source: desk mandate, effective: 2010-01-01}\n"
    place = SHIPPED.index("  stop_distance:")
    assert read_limits(SHIPPED[:place] + row + SHIPPED[place:]).parameters.take_profit == Fraction(1, 40)
    (fault,) = faults(SHIPPED[:place] + row.replace("owner: risk, ", "") + SHIPPED[place:])
    assert fault.message == "`take_profit` lacks `owner`"


@pytest.mark.parametrize(
    "bound",
    ["9" * 5000, "[" * 600, '"\\UFFFFFFFF"', '"\\ud800"', "&x [*x]"],
    ids=["long", "deep", "no", "half", "self"],
)
def test_what_no_library_foresees_is_a_fault_too(bound: str) -> None:
    good = "kind: order_value, bound: 10 %"
    assert faults(TEXT.replace(good, f"kind: order_value, bound: {bound}"))


def test_a_file_asks_for_exits_from_its_second_version_on() -> None:
    """A row that says what a breach asks for is taken at its word in either."""
    gross = "kind: gross, bound: 160 %,"
    assert TEXT.count(gross) == 1
    for version, usual in (("1", "hold"), ("2", "exit")):
        for said, meant in ((gross, usual), (f"{gross} breach: exit,", "exit"), (f"{gross} breach: hold,", "hold")):
            read = read_limits(TEXT.replace("version: 1", f"version: {version}").replace(gross, said))
            assert {one.breach for one in read.limits if one.kind == "gross"} == {meant}


def test_a_file_under_which_costs_could_exceed_nav_is_refused() -> None:
    """Neither the value of an order nor the exposure in an instrument is bounded always: promise 4 would not hold."""
    lines = [line for line in TEXT.splitlines(keepends=True) if "kind: instrument_exposure" not in line]
    assert read_limits("".join(lines))
    (found,) = faults("".join(line for line in lines if "kind: order_value" not in line))
    assert "costs could exceed NAV" in found.message
    sometimes = [
        line.replace("bound: 10 %,", "bound: 10 %, when: {regime: [bull]},") if "kind: order_value" in line else line
        for line in lines
    ]
    assert any("costs could exceed NAV" in one.message for one in faults("".join(sometimes)))
