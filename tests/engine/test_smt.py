"""The text: readable, deterministic, exact, and only about fills."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gate.judge import Outcome
from engine.gate.proposals import Grant
from engine.limits.kinds import KINDS
from engine.limits.model import Limit
from engine.orders.basket import Basket
from engine.orders.order import Role, Side
from engine.orders.portfolio import Position, Working
from engine.proof.prove import questions, whole
from engine.proof.smt import Script, script
from engine.proof.smt_limits import _KINDS
from engine.proof.smt_question import Asked
from engine.proof.smt_text import Unaskable, minus, name, number, plus, real, remark, times
from engine.proof.solver import Answer, answers
from tests.engine.books_strategy import Desk, desks
from tests.engine.small_desk import desk, entry, leaving, limit, limits, position, terms, working


def written(of: Desk) -> Script:
    asked = questions(of.judged().rulings, of.market)
    return script(of.portfolio, of.exits, asked, of.market, of.limits, of.regime)


def asks(of: Desk, quantity: int) -> str:
    """The solver's answer: may so many shares of the only entry break a limit?"""
    question = Asked("one", "unsat", (Grant(of.entries[0], Fraction(quantity)),))
    found = script(of.portfolio, of.exits, [question], of.market, of.limits, of.regime)
    return whole(answers(found.text), found.checks)[0].verdict


# --- the specification, row by row, each just inside its bound and one share beyond ------------------------------

BUDGETED = "(set-option :rlimit 100000)"
LONG = [position("AA", 100, "90")]
SHORT = [position("AA", -100, "110")]
SELL = Side.SELL
MARGIN = limit("margin", "0.6", long=Fraction(1, 2), short=Fraction(3, 2))
PERCENT = {"AA": terms("AA", factors=(Fraction(1, 100),))}
"""One share of 100 moves by 1 a day: roots of 252, 5 and 1 times 1, times 1.644854 or 2.062713."""
PAIR = Basket("pair", (("AA", Fraction(1)), ("BB", Fraction(-2))))
ROWS = {
    "instrument_exposure": (desk([entry("AA", 999)], limits(limit("instrument_exposure", "0.3")), LONG), 200),
    "order_value": (desk([entry("AA", 999)], limits(limit("order_value", "0.3"))), 300),
    "order_quantity": (desk([entry("AA", 999)], limits(limit("order_quantity", 70))), 70),
    "volume_share": (desk([entry("AA", 999)], limits(limit("volume_share", "0.01"))), 100),
    "stop_loss": (desk([entry("AA", 999, stop_price="60")], limits(limit("stop_loss", "0.05")), LONG), 100),
    "gross": (desk([entry("AA", 999)], limits(limit("gross", "0.5")), [position("BB", -200, "110")]), 300),
    "net_long": (desk([entry("AA", 999)], limits(limit("net_long", "0.5")), [position("BB", -200, "110")]), 700),
    "net_short": (desk([entry("AA", 999, SELL)], limits(limit("net_short", "0.5")), [position("BB", 200)]), 700),
    "beta": (
        desk([entry("AA", 999)], limits(limit("beta", "0.3")), market={"AA": terms("AA", beta=Fraction(3, 2))}), 200
    ),
    "group_gross": (
        desk([entry("AA", 999)], limits(limit("group_gross", "0.4", by="sector")), [position("BB", 100)]), 300
    ),
    "basket_net": (
        desk([entry("AA", 999)], limits(limit("basket_net", "0.5")),
             [replace(position("AA", 100), basket=PAIR), replace(position("BB", -200, "110"), basket=PAIR)]),
        600,
    ),
    "cluster_gross": (
        desk([entry("AA", 999)], limits(limit("cluster_gross", "0.4")), [position("BB", 100)], clusters=[("AA", "BB")]),
        300,
    ),
    "turnover": (desk([entry("AA", 999)], limits(limit("turnover", "0.4")), traded_today=10_000), 300),
    "credit": (desk([entry("AA", 999)], limits(limit("credit", 40_000)), [position("BB", -100, "110")]), 300),
    "open_orders": (
        desk([entry("AA", 999)], limits(limit("open_orders", "0.4")), [position("CC", 200)],
             [working("BB", Side.SELL, Role.ENTRY, 100, "100", "110"), working("CC", Side.SELL, Role.EXIT, 200)]),
        220,
    ),
    "concentration": (
        desk([entry("AA", 999)], limits(limit("concentration", "0.5", once=1)), [position("BB", 150)]), 150
    ),
    "loss_budget": (desk([entry("AA", 999)], limits(limit("loss_budget", "0.05")), LONG, day_pnl=-1_000), 300),
    "open_risk": (desk([entry("AA", 999)], limits(limit("open_risk", "0.05")), LONG), 400),
    "margin": (desk([entry("AA", 999, SELL)], limits(MARGIN), SHORT), 300),
    "cash_reserve": (desk([entry("AA", 999)], limits(limit("cash_reserve", "0.2")), settled_cash=50_000), 300),
    "stress": (desk([entry("AA", 999)], limits(limit("stress", "0.08")), [position("BB", -100, "110")]), 300),
    "volatility": (desk([entry("AA", 1999)], limits(limit("volatility", "0.2")), market=PERCENT), 1259),
    "value_at_risk": (desk([entry("AA", 999)], limits(limit("value_at_risk", "0.005", days=5)), market=PERCENT), 135),
    "expected_shortfall": (desk([entry("AA", 999)], limits(limit("expected_shortfall", "0.005")), market=PERCENT), 242),
}  # fmt: skip


@pytest.mark.parametrize("kind", ROWS)
def test_each_kind_bounds_what_its_row_says(kind: str) -> None:
    of, most = ROWS[kind]
    assert asks(of, most) == "unsat"
    assert asks(of, most + 1) == "sat"
    assert [int(one.quantity) for one in of.judged().grants] == [most]


@pytest.mark.parametrize(("kind", "quantile"), [("value_at_risk", "1.644854"), ("expected_shortfall", "2.062713")])
def test_the_quantiles_are_those_of_the_specification_to_the_last_digit(kind: str, quantile: str) -> None:
    """A share moves by a dollar a day, and 50 million are at risk: the sixth decimal is worth a dozen shares."""
    most = int(50_000_000 / Fraction(quantile))
    of = desk([entry("AA", 10**9)], limits(limit(kind, "0.005")), market=PERCENT, nav=10**10, settled_cash=10**12)
    assert (asks(of, most), asks(of, most + 1)) == ("unsat", "sat")
    assert of.judged().grants[0].quantity == most


def test_no_kind_is_left_out() -> None:
    numeric = {one for one, kind in KINDS.items() if kind.form in ("linear", "order", "convex")}
    assert set(ROWS) == numeric - {"price_collar"}
    assert set(_KINDS) == {one for one, kind in KINDS.items() if kind.form == "linear"}


def test_the_collar_bounds_the_price_at_any_quantity() -> None:
    under = limits(collar="0.03")
    assert asks(desk([entry("AA", 9, limit_price="103")], under), 1) == "unsat"
    assert asks(desk([entry("AA", 9, limit_price="103.01")], under), 1) == "sat"
    assert asks(desk([entry("AA", 9, limit_price="96.99")], under), 1) == "sat"


def test_stress_by_sigmas_counts_both_sides() -> None:
    plain = limits(limit("stress", "0.05"))
    five = replace(plain.scenarios[0], index=Fraction(0), sigmas=Fraction(5))
    of = desk([entry("AA", 999)], replace(plain, scenarios=(five,)), [position("BB", -400, "110")])
    assert (asks(of, 600), asks(of, 601)) == ("unsat", "sat")


@pytest.mark.parametrize(
    ("index", "sector", "most"), [("-0.4", "-0.2", 200), ("-0.4", "-0.5", 160), ("0", "-0.5", 160)]
)
def test_of_two_moves_of_one_scenario_the_worse_counts(index: str, sector: str, most: int) -> None:
    plain = limits(limit("stress", "0.08"))
    moves = replace(plain.scenarios[0], index=Fraction(index), sectors=(("technology", Fraction(sector)),))
    of = desk([entry("AA", 999)], replace(plain, scenarios=(moves,)))
    assert (asks(of, most), asks(of, most + 1)) == ("unsat", "sat")
    assert of.judged().grants[0].quantity == most


TURNED = [(limit("gross", "0.3"), Side.BUY, 400), (limit("gross", "0.3"), SELL, 400),
          (limit("margin", "0.1", long=Fraction(1, 2), short=Fraction(1)), Side.BUY, 300),
          (limit("margin", "0.1", long=Fraction(1, 2), short=Fraction(1)), SELL, 200)]  # fmt: skip


@pytest.mark.parametrize(("row", "side", "most"), TURNED)
def test_an_entry_that_turns_a_position_around_is_worst_at_an_end(row: Limit, side: Side, most: int) -> None:
    """From 100 on the other side: 300 are 30,000; of margin, 200 long or 100 short are 10,000."""
    held = [position("AA", -100, "110")] if side is Side.BUY else [position("AA", 100)]
    of = desk([entry("AA", 999, side)], limits(row), held)
    assert (asks(of, most), asks(of, most + 1)) == ("unsat", "sat")
    assert of.judged().grants[0].quantity == most


def test_only_what_the_entries_change_is_asked() -> None:
    """BB is held, and stays as it is; a sector that nobody is in, too."""
    rows = limit("instrument_exposure", "0.3"), limit("group_gross", "0.4", by="sector")
    market = {"AA": terms("AA"), "BB": terms("BB", sector="banks")}
    of = desk([entry("AA", 10)], limits(*rows), [position("BB", 100)], market=market)
    asked = re.findall(r"; (\w+\[\w+])$", written(of).text, re.MULTILINE)
    assert asked == ["price_collar[AA]", "instrument_exposure[AA]", "group_gross[technology]"]


def test_a_share_that_is_worth_nothing_adds_nothing() -> None:
    of = desk([entry("AA", 999, limit_price="0", stop_price="0")], limits(limit("gross", "0.001")),
              market={"AA": terms("AA", price=Fraction(0))})  # fmt: skip
    assert asks(of, 999) == "unsat"
    assert of.judged().grants[0].quantity == 999


def test_a_working_entry_without_a_stop_may_lose_all_of_it() -> None:
    """10 BB at 100 are 1,000 of the 5,000 at risk."""
    under = limits(limit("open_risk", "0.05"))
    of = desk([entry("AA", 999)], under, orders=[working("BB", Side.BUY, Role.ENTRY, 10, "100")])
    assert (asks(of, 400), asks(of, 401)) == ("unsat", "sat")
    assert of.judged().grants[0].quantity == 400


@pytest.mark.parametrize(
    ("legs", "answer"),
    [
        ([("AA", 10, Side.BUY), ("BB", 20, SELL)], "unsat"),
        ([("AA", 10, Side.BUY), ("BB", 10, SELL)], "sat"),
        ([("AA", 10, Side.BUY)], "sat"),
        ([("BB", 20, SELL)], "sat"),
        ([("AA", 10, SELL), ("BB", 20, SELL)], "sat"),
        ([("AA", 10, Side.BUY), ("BB", 20, Side.BUY)], "sat"),
        ([("AA", 10, Side.BUY), ("BB", 20, SELL), ("CC", 10, Side.BUY)], "sat"),
    ],
    ids=str,
)
def test_a_basket_is_whole_in_its_ratio_and_on_its_sides(legs: list[tuple[str, int, Side]], answer: str) -> None:
    entries = [replace(entry(name, 40, side), basket=PAIR) for name, _, side in legs]
    of = desk(entries, limits())
    grants = tuple(Grant(one, Fraction(shares)) for one, (_, shares, _) in zip(entries, legs, strict=True))
    text = script(of.portfolio, of.exits, [Asked("one", "unsat", grants)], of.market, of.limits, of.regime).text
    assert answers(text)[0].verdict == answer


def test_the_regime_tightens_only_what_says_so() -> None:
    bound = limit("gross", "0.5")
    for regime, multiplied, most in (("bull", True, 500), ("storm", True, 150), ("storm", False, 500)):
        of = replace(desk([entry("AA", 999)], limits(replace(bound, regime=multiplied))), regime=regime)
        assert (asks(of, most), asks(of, most + 1)) == ("unsat", "sat")


def test_a_breached_base_admits_what_makes_nothing_worse() -> None:
    """`net_long` is broken already: a short entry helps it, a long one does not."""
    under, held = limits(limit("net_long", "0.1")), [position("BB", 500)]
    assert asks(desk([entry("AA", 99, SELL)], under, held), 99) == "unsat"
    assert asks(desk([entry("AA", 99)], under, held), 1) == "sat"


def test_an_order_that_may_not_fill_is_no_hedge() -> None:
    """400 BB may be sold short, or not: net long exposure counts as if it were not."""
    under = limits(limit("net_long", "0.3"))
    of = desk([entry("AA", 999)], under, orders=[working("BB", SELL, Role.ENTRY, 400, "100", "110")])
    assert (asks(of, 300), asks(of, 301)) == ("unsat", "sat")


def test_exits_and_stops_together_fill_at_most_the_position() -> None:
    under = limits(limit("net_short", "0.1"), collar="0")
    of = desk([entry("BB", 100, SELL)], under, LONG, [working("AA", SELL, Role.STOP, 100, stop_price="90")],
              [leaving("AA", SELL, 100)])  # fmt: skip
    assert asks(of, 100) == "unsat"
    assert of.judged().grants[0].quantity == 100


def test_costs_lower_the_nav_that_bounds_refer_to() -> None:
    """Slippage 3 a share, fees 1 a share and 100 an order: NAV⁻ is 99,900 - 4q, and 100q may be half of it."""
    under = limits(limit("gross", "0.5"), collar="0.03", fee_per_order=100, fee_per_share=1)
    of = desk([entry("AA", 999, limit_price="103")], under)
    assert (asks(of, 489), asks(of, 490)) == ("unsat", "sat")
    assert of.judged().grants[0].quantity == 489


@pytest.mark.parametrize(("quantity", "answer"), [(20, "unsat"), (25, "sat"), (110, "sat")])
def test_lots_and_target_bound_the_quantity(quantity: int, answer: str) -> None:
    of = desk([entry("AA", 100)], limits(), market={"AA": terms("AA", lot=10)})
    assert asks(of, quantity) == answer


def test_a_condition_forbids_every_quantity() -> None:
    of = desk([entry("AA", 100, forbidden=["compliance.policy"])], limits())
    assert asks(of, 1) == "sat"
    assert asks(of, 0) == "unsat"


def test_a_limit_that_is_not_yet_in_force_is_not_written() -> None:
    of = desk([entry("AA", 9)], limits(limit("gross", "0", effective="2012-01-01")))
    assert asks(of, 9) == "unsat"


# --- the text ---------------------------------------------------------------------------------------------------


@given(desks())
def test_the_text_is_deterministic_and_exact(any_desk: Desk) -> None:
    text = written(any_desk).text
    assert text == written(any_desk).text
    code = "\n".join(line.split(";")[0] for line in text.splitlines())
    assert not re.search(r"[0-9]e|[0-9]\.[0-9]{16}", code), "every number is a short decimal or a quotient of integers"
    assert code.count("(push 1)") == code.count("(pop 1)")
    assert code.count("(check-sat)") == sum(written(any_desk).checks)
    assert "(set-logic QF_LRA)" in code


def test_the_order_of_positions_and_entries_does_not_matter() -> None:
    entries = [entry("AA", 200, conviction=80), entry("BB", 300, conviction=90)]
    held = [position("CC", 100), position("DD", 50)]
    one = desk(entries, limits(limit("gross", "0.6")), held)
    other = desk(entries[::-1], limits(limit("gross", "0.6")), held[::-1])
    assert written(one).text == written(other).text


def test_a_question_about_one_lot_is_about_the_limits_that_were_named() -> None:
    of = desk([entry("AA", 600)], limits(limit("gross", "0.5"), limit("net_long", "0.9")))
    found = written(of)
    first, second = found.text.split("one lot more")
    for limit_id in ("gross", "net_long", "price_collar[AA]"):
        assert first.count(f" ; {limit_id}\n") == 1
    assert [one.measure for one in found.limits[1]] == ["gross"]
    assert second.count(" ; gross\n") == 1 and "net_long" not in second


def test_the_first_question_is_asked_subject_by_subject() -> None:
    """One piece for what no fill changes, one each for `gross` and `net_long`, and one for each of ten instruments."""
    kinds = [limit(one, 1) for one in ("gross", "net_long", "instrument_exposure", "order_value")]
    found = written(desk([entry(f"A{at}", 10) for at in range(10)], limits(*kinds)))
    assert found.checks == (13,)
    pieces = found.text.split("(check-sat)")
    assert [one.count("order_value[") for one in pieces] == [10, *[0] * 13]
    assert [one.count("instrument_exposure[") for one in pieces] == [0, 0, 0, *[1] * 10, 0]
    assert [one.verdict for one in answers(found.text)] == ["unsat"] * 13


@pytest.mark.parametrize(
    ("pieces", "together"),
    [(["unsat", "unsat"], "unsat"), (["unsat", "sat"], "sat"), (["unknown", "sat"], "sat"), (["unknown"], "unknown"),
     (["unsat", "unknown"], "unknown"), ([], "unknown")],
)  # fmt: skip
def test_pieces_make_one_answer(pieces: list[str], together: str) -> None:
    assert [one.verdict for one in whole([Answer(one) for one in pieces], [len(pieces)])] == [together]


def test_what_was_granted_is_declared_once_for_all_that_come_after() -> None:
    found = written(desk([entry("AA", 100, conviction=90), *(entry(f"A{at}", 600) for at in range(5))],
                         limits(limit("gross", "0.5"))))  # fmt: skip
    assert len(found.questions) == 6
    assert found.text.count("(declare-const |entry AA| Real)") == 2, "once for the first question, once for the others"


def test_questions_in_any_order_have_the_same_answers() -> None:
    of = desk([entry("AA", 100, conviction=90), entry("BB", 600), entry("CC", 600)], limits(limit("gross", "0.5")))
    first, *others = questions(of.judged().rulings, of.market)
    for asked in ([first, *others], [*others[::-1], first], [others[1], first, others[0]]):
        found = script(of.portfolio, of.exits, asked, of.market, of.limits, of.regime)
        assert [one.verdict for one in whole(answers(found.text), found.checks)] == [one.expected for one in asked]


def test_a_limit_that_nobody_knows_cannot_be_asked_about() -> None:
    of = desk([entry("AA", 600)], limits(limit("gross", "0.5")))
    question = Asked("one", "sat", (Grant(of.entries[0], Fraction(1)),), "AA", ("gross[none]",))
    with pytest.raises(Unaskable, match=r"gross\[none\]"):
        script(of.portfolio, (), [question], of.market, of.limits, of.regime)


def test_an_auditor_finds_each_limit_by_its_name() -> None:
    of = desk([entry("AA", 600)], limits(limit("group_gross", "0.5", by="sector")))
    assert "; group_gross[technology]" in written(of).text
    assert [one.outcome for one in of.judged().rulings] == [Outcome.CUT]


# --- terms ------------------------------------------------------------------------------------------------------


@given(st.fractions() | st.decimals(-(10**9), 10**9, places=9).map(Fraction))
def test_numbers_are_written_exactly(value: Fraction) -> None:
    for written in (real(value), number(value)):
        text = f"(declare-const x Real)(assert (= x {written}))(check-sat)(get-value (x))"
        assert answers(BUDGETED + text)[0].values == (("x", value),)


@pytest.mark.parametrize(
    ("value", "written"),
    [("12", "12.0"), ("-5", "(- 5.0)"), ("0.25", "0.25"), ("-1.05", "(- 1.05)"), ("1/3", "(/ 1.0 3.0)"),
     ("1e-15", "0.000000000000001"), ("1e-16", "(/ 1.0 10000000000000000.0)"), ("0", "0.0")],
)  # fmt: skip
def test_short_decimals_are_written_as_such(value: str, written: str) -> None:
    assert number(Fraction(value)) == written


@given(st.lists(st.fractions(-9, 9), max_size=4), st.fractions(-3, 3))
def test_sums_and_products_mean_what_they_say(numbers: list[Fraction], factor: Fraction) -> None:
    term = minus(times(factor, plus(map(real, numbers))), real(factor))
    text = f"(declare-const x Real)(assert (= x {term}))(check-sat)(get-value (x))"
    assert answers(BUDGETED + text)[0].values == (("x", factor * sum(numbers) - factor),)


@pytest.mark.parametrize("words", ["a|b", "a\\b", "a\nb", "ä"])
def test_what_cannot_be_quoted_is_no_name(words: str) -> None:
    with pytest.raises(Unaskable):
        name("entry", words)


def test_a_remark_ends_with_its_line() -> None:
    assert remark("one\n(assert false)\r\x85é") == "; one?(assert false)???"


# --- rows -------------------------------------------------------------------------------------------------------


def test_what_is_on_one_side_needs_no_case() -> None:
    """Held long, worked long and entered long: 100, at most 50 and at most 70 shares of 100."""
    held, orders = [position("AA", 100)], [working("AA", Side.BUY, Role.ENTRY, 50, "100", "90")]
    text = written(desk([entry("AA", 70)], limits(limit("gross", 1)), held, orders)).text
    assert (
        "ite (< |" not in text
        and "(and (> (+ |entry 1 AA| |entry AA| 10000.0) nav) (> |entry AA| 0.0)) ; gross" in text
    )


@pytest.mark.parametrize(
    ("held", "orders"),
    [
        ([position("AA", 100)], [working("AA", Side.SELL, Role.STOP, 100, None, "90")]),
        ([position("AA", -100, "110")], [working("AA", Side.BUY, Role.STOP, 100, None, "110")]),
    ],
    ids=["a stop of a long position", "a stop of a short position"],
)
def test_what_may_end_on_either_side_is_defined_by_its_sign(held: list[Position], orders: list[Working]) -> None:
    text = written(desk([entry("AA", 70)], limits(limit("gross", 1)), held, orders)).text
    for when in ("before", "after"):
        assert f"(declare-const |long {when} AA| Real)" in text and f"(assert (= |short {when} AA| (- |long" in text
    assert "(and (> (+ |long after AA| |short after AA|) nav) (> (+ |long after AA| |short after AA|" in text
    assert "(- |long before AA|) (- |short before AA|)) 0.0)) ; gross" in text


def test_an_entry_against_a_working_order_may_end_on_either_side() -> None:
    orders = [working("AA", Side.SELL, Role.ENTRY, 50, "100", "110")]
    text = written(desk([entry("AA", 70)], limits(limit("gross", 1)), orders=orders)).text
    assert "|long before AA|" not in text
    assert "(> (+ |long after AA| |short after AA| (- |entry 1 AA|)) 0.0)) ; gross" in text


def test_what_has_no_price_is_counted_in_shares_and_exposes_nothing() -> None:
    of = desk([entry("AA", 70)], limits(limit("gross", "0.001"), limit("order_quantity", 60)),
              market={"AA": terms("AA", price=Fraction(0))})  # fmt: skip
    question = Asked("one", "unsat", (Grant(of.entries[0], Fraction(60)),))
    text = script(of.portfolio, (), [question], of.market, of.limits, of.regime).text
    assert "(assert (<= 0.0 |entry AA| 60.0))" in text
    assert "; gross" not in text


def test_one_lot_more_names_the_limit_of_its_own_order_and_no_others() -> None:
    """AA and BB are both cut to 60 shares: of BB's lot the question has only BB's limit, and no fill matters to it."""
    of = desk([entry("AA", 100, conviction=90), entry("BB", 100)], limits(limit("order_quantity", 60)))
    found = written(of)
    assert [[one.measure for one in named] for named in found.limits[1:]] == [
        ["order_quantity[AA]"],
        ["order_quantity[BB]"],
    ]
    assert found.orders[1:] == ((), ())
    assert answers(found.text)[-1].values == (("v0", Fraction(61)),)


def test_orders_that_a_limit_does_not_speak_of_are_not_told() -> None:
    of = desk([entry("AA", 100, conviction=90), entry("BB", 600)], limits(limit("instrument_exposure", "0.5")))
    found = written(of)
    assert [[one.instrument for one in orders] for orders in found.orders] == [[], ["BB"]]
