"""The worked example of docs/limits-diff.md is what the program says, and its sum adds up."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.engine.universe.worked import NEW, OLD, WIDER, compared, page

PAGE = (Path(__file__).parents[3] / "docs" / "limits-diff.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("new", [NEW, WIDER])
def test_the_page_shows_what_is_said(new: str) -> None:
    shown = page(OLD, new)
    first = shown[: shown.index("\n\nasked of")] if new == NEW else shown[: shown.index("\n\nlimits that make")]
    assert f"```text\n{first}\n```" in PAGE


def test_the_sum_adds_up() -> None:
    (effect,) = compared(OLD, NEW).looser.effects
    assert effect.certificate is not None
    parts = {part.key: (part.multiplier, part.bound) for part in effect.certificate.parts}
    assert parts == {
        "portfolio.net_short": (Fraction(1, 2), Fraction(35, 100)),
        "portfolio.sector[technology]": (Fraction(1), Fraction(40, 100)),
    }
    # a long counts 1 in the sector and -1 in net short; a short 1 and 1; the margin asks for 1/2 and 3/2
    assert (1 - Fraction(1, 2), 1 + Fraction(1, 2)) == (Fraction(1, 2), Fraction(3, 2))
    assert effect.certificate.total == Fraction(575, 1000) <= Fraction(60, 100)
