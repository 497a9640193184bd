from decimal import Decimal
from pathlib import Path

import pytest

from adapters.bars.feeds import SAMPLE_INSTRUMENTS
from adapters.desk.instruments import load_instruments, read_instruments
from advisors.reference import Instrument
from knowledge.faults import Faulty

ROOT = Path(__file__).parents[2]
GOOD = """\
instruments:
  XY:
    name: X and Y
    issuer: xy
    sector: technology
    currency: USD
    exchange: XNYS
    country: US
    shortable: no
    lot: 1
    tick: 0.01
    multiplier: 1
    earnings: [2011-01-18, 2011-04-20]
"""


def faults(source, traded=None):
    with pytest.raises(Faulty) as caught:
        read_instruments(source, "instruments.yaml", traded)
    return [str(fault) for fault in caught.value.faults]


def test_the_desk_that_ships():
    found = load_instruments(ROOT / "instruments.yaml", SAMPLE_INSTRUMENTS)
    assert tuple(one.symbol for one in found) == SAMPLE_INSTRUMENTS
    assert {one.symbol: one.shortable for one in found}["FB"] == "no"
    assert {len(one.earnings) for one in found} == {4, 10}


def test_a_good_file():
    (found,) = read_instruments(GOOD)
    assert found == Instrument(
        "XY", "X and Y", "xy", "technology", "USD", "XNYS", "US", "no", 1, Decimal("0.01"), Decimal(1),
        ("2011-01-18", "2011-04-20"),
    )  # fmt: skip
    assert found.next_earnings("2011-01-18") == "2011-01-18"
    assert found.next_earnings("2011-01-19") == "2011-04-20"
    assert found.next_earnings("2011-04-21") is None


@pytest.mark.parametrize(
    "old, new, complaint",
    [
        ("    lot: 1\n", "    lots: 1\n", "10:5: unknown key `lots` in `XY`"),
        ("    lot: 1\n", "", "2:3: `XY` lacks `lot`"),
        ("    lot: 1\n", "    lot: 1\n    lot: 2\n", "11:5: `lot` stands twice in `XY`; keep one"),
        ("lot: 1", "lot: one", "10:10: `one` in `lot` is no number"),
        ("lot: 1", "lot: 1.5", "10:10: `reference.lot` takes a whole number"),
        ("lot: 1", "lot: 0", "10:10: `reference.lot` lies in [1, ∞], and 0 does not"),
        ("tick: 0.01", "tick: 0", "11:11: `reference.tick` lies in"),
        ("tick: 0.01", "tick: .inf", "11:11: `.inf` in `tick` is no number"),
        ("tick: 0.01", "tick: [0.01]", "11:11: `…` in `tick` is no number"),
        ("shortable: no", "shortable: maybe", "9:16: `reference.shortable` takes one of `no`, `yes`, not `maybe`"),
        ("issuer: xy", "issuer: x y", "4:13: `reference.issuer` takes a symbol"),
        ("issuer: xy", "issuer:", "4:5: `issuer` takes one value"),
        ("exchange: XNYS", "exchange: XFOO", "7:15: the exchange `XFOO` has no calendar here"),
        ("2011-04-20", "2011-01-18", "13:28: `2011-01-18` does not come after `2011-01-18`"),
        ("2011-04-20", "20 April", "13:28: `20 April` is no date; write it like `2011-01-18`"),
        ("[2011-01-18, 2011-04-20]", "never", "13:15: `earnings` is a list of dates"),
        ("  XY:", "  X Y:", "2:3: `X Y` is no symbol"),
        ("instruments:", "shares:", "1:1: unknown key `shares` in the file"),
        ("  XY:\n", "  XY: 1\n  ZZ:\n", "2:7: `XY` is a mapping"),
        ("name: X and Y", "name: 'X", "not YAML"),
    ],
)
def test_every_complaint_has_a_place(old, new, complaint):
    assert old in GOOD
    found = faults(GOOD.replace(old, new, 1))
    assert any(complaint in fault for fault in found), found
    assert all(fault.startswith("instruments.yaml:") for fault in found)


def test_all_faults_are_collected():
    source = (
        GOOD.replace("lot: 1", "lot: one").replace("tick: 0.01", "tick: two").replace("exchange: XNYS", "exchange: X")
    )
    assert [fault.split(":")[1] for fault in faults(source)] == ["7", "10", "11"]


def test_an_instrument_twice():
    assert any("`XY` stands twice" in fault for fault in faults(GOOD + GOOD.split("\n", 1)[1]))


def test_an_instrument_without_bars_in_the_feed():
    assert faults(GOOD, {"AAPL", "IBM"}) == [
        "instruments.yaml:2:3: the feed has no bars of `XY`; it has `AAPL`, `IBM`",
    ]


@pytest.mark.parametrize("source", ["", "instruments:\n", "instruments: {}\n", "- a\n", "5\n", "\t"])
def test_a_file_without_instruments(source):
    assert faults(source)


def test_a_missing_file(tmp_path):
    with pytest.raises(Faulty, match="the desk has no instruments"):
        load_instruments(tmp_path / "instruments.yaml")
