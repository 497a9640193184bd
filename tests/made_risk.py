"""What instruments made by hand add to the covariance of daily returns."""

from __future__ import annotations

from knowledge.door import fact
from knowledge.facts import Fact

LOADINGS = {"AAPL": ("0.011", "0.004"), "IBM": ("0.009", "0.002"), "JPM": ("0.012", "-0.005")}


def risk(name: str) -> Fact:
    """Two factors and a residual: about 20 % a year."""
    return fact("risk", instrument=name, loadings=LOADINGS.get(name, ("0.007", "-0.003")), residual="0.00006")
