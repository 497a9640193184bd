"""The worked example of docs/limits-diff.md: a wider margin that makes no difference, and a wider one that does."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from engine.gate.market import Market
from engine.limits.model import Limits
from engine.limits.text import read_limits
from engine.universe.diff import Diff, diff
from engine.universe.telling import told
from tests.engine.small_desk import terms
from tests.engine.universe.edited import BASE

SHARES = {"AAPL": "1.07", "GOOG": "0.95", "IBM": "0.87", "MSFT": "0.99"}
"""The shares of the example, all of one sector, with their betas."""
OLD, NEW, WIDER = "limits.yaml", "margin-70.yaml", "margin-70-short-50.yaml"


def market() -> Market:
    known = {name: terms(name, beta=Fraction(beta), issuer=name.lower()) for name, beta in SHARES.items()}
    # Orders of a hundred dollars a share, of which 10,000 trade a day.
    return Market("2012-03-01", {name: replace(one, average_volume=Fraction(1_000_000)) for name, one in known.items()},
                  {}, ())  # fmt: skip


def files() -> dict[str, Limits]:
    base = BASE.read_text(encoding="utf-8").replace("kind: net_short, bound: 50 %", "kind: net_short, bound: 35 %")
    margin = base.replace("short: 150 %, bound: 60 %", "short: 150 %, bound: 70 %")
    short = margin.replace("kind: net_short, bound: 35 %", "kind: net_short, bound: 50 %")
    return {OLD: read_limits(base), NEW: read_limits(margin), WIDER: read_limits(short)}


def compared(old: str, new: str) -> Diff:
    known, place = files(), market()
    return diff(known[old], known[new], lambda _: place)


def page(old: str, new: str) -> str:
    return "\n".join(told(compared(old, new), old, new))


if __name__ == "__main__":
    print(page(OLD, NEW), page(OLD, WIDER), sep="\n\n")
