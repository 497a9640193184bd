"""How often the packaged sample lost more than its parametric value at risk: `python -m tests.value_at_risk`.

Each session's covariance (`advisors.covariance`) says what a book loses at most on 95 or 99 of 100 days; the next
session says what it lost. Kupiec (1995) asks whether the share of exceptions is the one that was promised,
Christoffersen (1998) whether they come one after the other. Both are likelihood ratios of a chi-squared with one degree
of freedom.
Books: equal parts of everything, each instrument alone, and one long and one short. No seed: nothing is drawn.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from math import erfc, log, sqrt

import numpy as np

from advisors.covariance import factors
from tests.advisors.sample import sample

QUANTILES = {"95 %": (1.644854, 0.05), "99 %": (2.326348, 0.01)}
FIRST = "2002-01-02"


def chance(ratio: float) -> float:
    """The chance of a likelihood ratio at least as large, were the model true."""
    return erfc(sqrt(max(ratio, 0.0) / 2))


def likelihood(exceptions: int, others: int, share: float) -> float:
    """Log-likelihood of so many exceptions, where each has this probability."""
    return (exceptions * log(share) if exceptions else 0.0) + (others * log(1 - share) if others else 0.0)


def kupiec(hits: list[bool], promised: float) -> float:
    """Whether the share of exceptions is the promised one."""
    bad, good = sum(hits), len(hits) - sum(hits)
    return 2 * (likelihood(bad, good, bad / len(hits)) - likelihood(bad, good, promised))


def christoffersen(hits: list[bool]) -> float:
    """Whether an exception is as likely after an exception as after a day without one."""
    pairs = list(pairwise(hits))
    count = {key: pairs.count(key) for key in ((False, False), (False, True), (True, False), (True, True))}
    bad, good = count[False, True] + count[True, True], count[False, False] + count[True, False]
    whole = likelihood(bad, good, bad / len(pairs))
    apart = 0.0
    for before in (False, True):
        some, none = count[before, True], count[before, False]
        apart += likelihood(some, none, some / (some + none)) if some + none else 0.0
    return 2 * (apart - whole)


def main() -> None:
    """Print the table."""
    panel = sample().panel
    names = [one for one in panel.instruments if one != "FB"]
    places = [panel.instruments.index(one) for one in names]
    change = panel.adjusted_close[1:] / panel.adjusted_close[:-1] - 1
    books = {"equal parts": np.full(len(names), 1 / len(names)), f"{names[0]} − {names[-1]}": np.zeros(len(names))}
    books[f"{names[0]} − {names[-1]}"][[0, -1]] = 1, -1
    books |= {name: np.eye(len(names))[at] for at, name in enumerate(names)}
    deviations: dict[str, list[tuple[float, float]]] = {name: [] for name in books}
    for row, session in enumerate(panel.sessions[:-1]):
        if session < FIRST:
            continue
        found = factors(panel, session)
        if not set(names) <= set(found.instruments) or np.isnan(change[row, places]).any():
            continue
        own = [found.instruments.index(one) for one in names]
        for name, weights in books.items():
            exposed = weights @ found.loadings[own]
            variance = float(exposed @ exposed + (weights**2) @ found.residuals[own])
            deviations[name].append((sqrt(variance), float(weights @ change[row, places])))
    lines = [f"{'book':16} level  days  exceptions  promised  Kupiec p  Christoffersen p"]
    for name, days in deviations.items():
        for level, (multiple, promised) in QUANTILES.items():
            hits = [result < -multiple * deviation for deviation, result in days]
            lines.append(
                f"{name:16} {level:5} {len(hits):5}  {sum(hits):4} {sum(hits) / len(hits):6.2%}  {promised:8.0%}"
                f"  {chance(kupiec(hits, promised)):8.3f}  {chance(christoffersen(hits)):8.3f}"
            )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
