"""Small rulebooks and facts for the tests of the CLIPS session."""

from __future__ import annotations

from knowledge.clips.session import ClipsImage
from knowledge.clips.text import parse
from knowledge.door import fact
from knowledge.facts import Fact

TREND = """
(defrule trend-up
  "quant | ?i trends up: ?spread"
  (declare (salience 10))
  (indicator (instrument ?i) (name ema-50-200) (value ?spread&:(> ?spread 0.0)))
  (not (quality (instrument ?i)))
  (test (< ?spread 50.0))
  =>
  (assert (trend (instrument ?i) (direction up))))
"""
SETUP = """
(defrule setup-momentum
  "quant | ?i has momentum"
  (trend (instrument ?i) (direction up))
  =>
  (assert (setup (instrument ?i) (kind momentum) (direction long))))
(defrule setup-volume
  "quant | ?i has volume"
  (trend (instrument ?i) (direction up))
  =>
  (assert (setup (instrument ?i) (kind momentum) (direction long))
          (setup (instrument ?i) (kind volume) (direction long))))
"""


def image(*texts: str) -> ClipsImage:
    """An image of these rules."""
    return ClipsImage(parse("".join(texts), "test.clp"))


def spread(value: float, instrument: str = "AAPL") -> Fact:
    """The indicator that `TREND` asks for."""
    return fact("indicator", instrument=instrument, name="ema-50-200", value=value)


def advisory(head: str, conviction: float, weight: float = 0.25, instrument: str = "AAPL") -> Fact:
    """A long advisory of the swing horizon."""
    return fact(
        "advisory",
        instrument=instrument,
        head=head,
        direction="long",
        probability=0.6,
        conviction=conviction,
        weight=weight,
        horizon="swing",
        model="m1",
    )
