"""What is wrong with a feed's bars, gathered for people: by instrument and issue, with what it may be.

The faults are those of `advisors.quality`, which stop entries session by session. Added here is what only a look at the
whole says: how many sessions a series is behind the others, bars of a day without a session, and what a jump
that nothing explains may be (a split nobody gave, a price whose point slipped).

Left out: being behind today's date, which a desk that decides the past always is; the newest session is named instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from adapters.bars.feeds import Feed
from advisors.panel import Floats
from advisors.quality import JUMP, Market, Report, Rows, clean, jumps
from knowledge.faults import Faulty
from knowledge.values import Json

SPLITS = tuple(Fraction(new, old) for new, old in (
    (3, 2), (5, 3), (2, 1), (5, 2), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1), (8, 1), (15, 1), (20, 1), (25, 1), (50, 1),
))  # fmt: skip
"""Ratios that issuers choose; each may also be reversed."""
SLIPS = (10, 100, 1000)
NEAR = 0.05
"""How far from a ratio a day's own move may have carried the price."""
UNUSABLE = ("gap", "duplicate", "not-a-number", "non-positive", "crossed", "unreadable")
"""Issues of bars that no number is made of; the others are doubts."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One issue of one series: on how many sessions, the first and the last of them, and what it is."""

    symbol: str
    issue: str
    count: int
    first: str
    last: str
    what: str

    def to_json(self) -> Json:
        """For machines."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True)
class Check:
    """What a feed has, and what is wrong with it. `market` has every series that can be read, the index as one of
    them. `due` is the number of sessions; `unread` are files that cannot be read."""

    market: Market
    findings: tuple[Finding, ...]
    unread: tuple[str, ...]

    @property
    def newest(self) -> str:
        """The last session, empty where there is none."""
        sessions = self.market.panel.sessions
        return sessions[-1] if sessions else ""


def check(feed: Feed, series: Sequence[Rows], unread: Iterable[Faulty] = (), only: Sequence[str] = ()) -> Check:
    """Look at these series on the sessions of `feed`; at those of `only` where it names any."""
    wanted = [rows for rows in series if not only or rows.instrument in only]
    sessions = feed.sessions()
    market = clean(wanted, None, sessions)
    faults = [fault for one in unread for fault in one.faults]
    found = [
        Finding(fault.file.rsplit("/", 1)[-1].split(".")[0], "unreadable", 1, "", "", fault.message) for fault in faults
    ]
    found += _gathered(market)
    found += [one for rows in wanted for one in _hints(rows.instrument, market)]
    found += [one for rows in wanted for one in _behind(rows, sessions)]
    return Check(
        market, tuple(sorted(found, key=lambda one: (one.symbol, one.first, one.issue))), tuple(map(str, faults))
    )


def _gathered(market: Market) -> list[Finding]:
    """Reports by series and issue. Sessions before a series begins are no fault of it."""
    groups: dict[tuple[str, str, str], list[Report]] = {}
    for report in market.reports:
        if report.issue != "missing":
            said = report.detail if report.issue == "outlier" else ""
            groups.setdefault((report.instrument, report.issue, said), []).append(report)
    return [
        Finding(symbol, issue, len(group), group[0].session, group[-1].session, _what(group))
        for (symbol, issue, _), group in groups.items()
    ]


def _what(group: Sequence[Report]) -> str:
    details = sorted({one.detail for one in group})
    return details[0] if len(details) == 1 else f"{details[0]}, and {len(details) - 1} like it"


def _hints(symbol: str, market: Market) -> list[Finding]:
    """What each jump that nothing explains may be."""
    panel, found = market.panel, []
    column = panel.column(symbol)
    adjusted = panel.adjusted_close[:, column]
    rows = np.flatnonzero(adjusted > 0)
    where: NDArray[np.bool_] = jumps(adjusted)
    for row in np.flatnonzero(where).tolist():
        before = int(rows[np.searchsorted(rows, row) - 1])
        ratio = float(adjusted[row] / adjusted[before])
        day = panel.sessions[row]
        found.append(
            Finding(symbol, "jump", 1, day, day, f"{_times(ratio)} the close before; {_may_be(adjusted, row, ratio)}")
        )
    return found


def _may_be(adjusted: Floats, row: int, ratio: float) -> str:
    """A sentence about a step in price."""
    before, after = (part[part > 0] for part in (adjusted[max(row - 6, 0) : row], adjusted[row + 1 : row + 6]))
    if before.size and bool((np.abs(np.log(before / adjusted[row])) < np.log(JUMP)).any()):
        return "the way back from a price that slipped"
    back = after.size and bool((np.abs(np.log(after * ratio / adjusted[row])) < np.log(JUMP)).any())
    slip = next((one for one in SLIPS if abs(max(ratio, 1 / ratio) / one - 1) < NEAR), None)
    if back:
        return "it goes back within a week: a price that slipped" + (f" by {slip}" if slip else "")
    fits = [one for one in SPLITS if abs(float(one) * min(ratio, 1 / ratio) - 1) < NEAR]
    if slip and not fits:
        return (
            f"a split {'1:' if ratio > 1 else ''}{slip}{':1' if ratio < 1 else ''} nobody gave, or a point that slipped"
        )
    if fits:
        best = min(fits, key=lambda one: abs(float(one) * min(ratio, 1 / ratio) - 1))
        new, old = (best.numerator, best.denominator) if ratio < 1 else (best.denominator, best.numerator)
        return f"a split {new}:{old} that nobody gave (then bring it as an action), or news"
    return "news, or a wrong price"


def _times(ratio: float) -> str:
    return f"{ratio:.3g} times"


def _behind(rows: Rows, sessions: Sequence[str]) -> list[Finding]:
    last = max(rows.dates, default="")
    behind = sum(day > last for day in sessions)
    if not last or behind < 2:
        return []
    first = next(day for day in sessions if day > last)
    return [Finding(rows.instrument, "behind", behind, first, sessions[-1], f"the last bar is of {last}")]
