"""One id over several windows of time: read as written, and every way in which they do not fit is told."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from engine.limits.model import When
from engine.limits.text import read_limits
from knowledge.faults import Faulty

TEXT = (Path(__file__).parent / "limits_of_a_desk.yaml").read_text(encoding="utf-8")
VALUE = "  - {id: order.value, layer: 1, kind: order_value, bound: 10 %, unit: NAV, owner: risk, "
OLD = next(line for line in TEXT.splitlines() if line.startswith(VALUE))
COLLAR = next(line for line in TEXT.splitlines() if "kind: price_collar" in line)
DAYS = ("2009-12-31", "2010-12-31", "2011-01-01", "2011-07-01", "2012-01-01")


def row(effective: str, until: str = "", bound: str = "10 %", more: str = "", old: str = OLD) -> str:
    ends = f", until: {until}" if until else ""
    changed = old.replace("effective: 2010-01-01", f"effective: {effective}{ends}{more}")
    return changed.replace("bound: 10 %", f"bound: {bound}")


def written(*rows: str, old: str = OLD) -> str:
    return TEXT.replace(old, "\n".join(rows))


def told(text: str) -> list[str]:
    with pytest.raises(Faulty) as caught:
        read_limits(text)
    return [str(fault) for fault in caught.value.faults]


def test_rows_of_one_id_are_one_limit_over_several_windows() -> None:
    known = read_limits(
        written(row("2012-01-01", bound="5 %"), row("2010-01-01", "2010-12-31"), row("2011-01-01", "2011-06-30", "8 %"))
    )
    bounds = [[str(one.bound) for one in known.in_force(day) if one.id == "order.value"] for day in DAYS]
    assert bounds == [[], ["1/10"], ["2/25"], [], ["1/20"]]


def test_circumstances_are_read_as_written() -> None:
    when = ", when: {regime: [bear, unknown], state: [active], figure: index-volatility-rank, above: 90 %, below: 1}"
    (found,) = (one for one in read_limits(written(row("2010-01-01", more=when))).limits if one.id == "order.value")
    assert found.when == When(("bear", "unknown"), ("active",), "index-volatility-rank", Fraction(9, 10), Fraction(1))
    assert str(found.when) == (
        "in regime bear or unknown and in state active and index-volatility-rank above 0.9 "
        "and index-volatility-rank below 1"
    )


@pytest.mark.parametrize(
    ("rows", "line", "said"),
    [
        ((row("2010-01-01"), row("2012-01-01")), 1, "has no end, so both would be in force; write `until: 2011-12-31`"),
        ((row("2010-01-01"), row("2010-01-01")), 1, "`order.value` is used twice"),
        ((row("2010-01-01", "2012-01-01"), row("2012-01-01")), 1, "used twice from 2012-01-01 on: the row in line"),
        ((row("2011-01-01"), row("2010-01-01", "2011-01-01")), 0, "let this one begin later or that one end earlier"),
        (
            (
                row("2010-01-01", "2011-12-31"),
                row("2012-01-01").replace("order_value", "turnover").replace("r: 1", "r: 2"),
            ),
            1,
            "used twice, and with another `kind` in line",
        ),
    ],
)
def test_windows_that_do_not_follow_each_other_are_told_with_their_place(
    rows: tuple[str, ...], line: int, said: str
) -> None:
    first = TEXT[: TEXT.index(OLD)].count("\n") + 1
    (fault,) = told(written(*rows))
    assert said in fault
    assert fault.startswith(f"limits.yaml:{first + line}:")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((("2010-01-01", "2011-12-31"),), "no `price_collar` is in force after 2011-12-31"),
        (
            (("2010-01-01", "2011-12-31"), ("2012-01-02", "")),
            "no `price_collar` is in force from 2012-01-01 until here",
        ),
    ],
)
def test_a_mandatory_limit_has_no_gap(rows: tuple[tuple[str, str], ...], said: str) -> None:
    (fault,) = told(written(*(row(*one, old=COLLAR) for one in rows), old=COLLAR))
    assert said in fault


def test_a_mandatory_limit_may_change_from_one_day_to_the_next() -> None:
    rows = (row("2010-01-01", "2011-12-31", old=COLLAR), row("2012-01-01", old=COLLAR).replace("3 %", "1 %"))
    known = read_limits(written(*rows, old=COLLAR))
    assert [known.collar(day) for day in ("2011-12-31", "2012-01-01")] == [Fraction(3, 100), Fraction(1, 100)]
