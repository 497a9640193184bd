"""From a feed's raw rows to a clean panel, and a report of everything that was wrong with them.

Nothing is repaired. A *faulty* bar is not used as a number: its cells in the panel are NaN, and so are measures whose
window it falls in. A *doubtful* bar stays in the panel, since the market does move, and is reported. Either way there
is a report for that session, which becomes a `quality` fact: no entry that day.

| issue | when | bar |
|---|---|---|
| missing | the instrument has no row up to this session | none |
| gap | there were rows before, and none on this session | none |
| stale | no usable bar on this session nor on the one before | none |
| stale | the same five numbers as the bar before | doubtful |
| duplicate | two rows or more on this session, equal or not | faulty |
| not-a-number | a price or the volume is absent, NaN or infinite | faulty |
| non-positive | a price at most 0, or a volume below 0 | faulty |
| crossed | high below low, or open or close outside them | faulty |
| outlier | total return beyond 8 standard deviations of the 60 returns before | doubtful |
| outlier | the adjusted close takes a step that is neither split nor dividend | doubtful |
| outlier | a move by two fifths or more, up to 20 sessions ago, that no split or dividend explains | doubtful |
| disorder | a row or a given action dated on a day without a session; reported on the session after it | none |

The order of rows says nothing and changes nothing: they are placed by date. What is said of a session depends on rows
up to it alone, so a file cut after a session gives the same reports up to it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from advisors.actions import Action, DividendRule, derive_actions, factors, unexplained
from advisors.panel import Floats, Panel, equal
from advisors.windows import deviation, lagged, returns

COLUMNS = ("open", "high", "low", "close", "volume")
OUTLIER_SCORE = 8.0
"""In 2000–2013 five large stocks passed 3 standard deviations 162 times, nearly always with news, and 8 seven times."""
OUTLIER_WINDOW = 60
JUMP = 1.4
"""Up by two fifths, or down by as much as that takes back: a split of three for two, less what a day may add."""
JUMP_WINDOW = 20
"""Sessions for which such a step is held against an instrument: averages and ranges of that length are made of it."""
REPEATS = "the bar repeats the one before it"
FAR = f"the return is beyond {OUTLIER_SCORE:g} standard deviations of the {OUTLIER_WINDOW} before"
JUMPED = f"a move by two fifths or more up to {JUMP_WINDOW} sessions ago, which no split or dividend explains"
Bools = NDArray[np.bool_]
NEVER: Bools = np.array(False)


@dataclass(frozen=True, eq=False)
class Rows:
    """One series as a feed gave it, in file order: ISO dates, and float64 arrays shaped (rows,).

    An empty cell is NaN. `adj_close` is NaN throughout where the feed has none: then no actions are known.
    `dividends` says how its maker adjusts for dividends. `actions` are splits and dividends that were given; they hold
    in place of those behind `adj_close`, which None asks for.
    """

    instrument: str
    dates: tuple[str, ...]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    adj_close: Floats
    dividends: DividendRule = "previous-close"
    actions: tuple[Action, ...] | None = None


@dataclass(frozen=True, slots=True, order=True)
class Report:
    """One fault or doubt about one instrument on one session; `issue` is a word of the `quality` template."""

    session: str
    instrument: str
    issue: str
    detail: str


@dataclass(frozen=True, eq=False)
class Market:
    """What can be used of a feed's rows, and what was wrong with them, both in canonical order."""

    panel: Panel
    actions: tuple[Action, ...]
    reports: tuple[Report, ...]


def clean(series: Iterable[Rows], index: Rows | None, sessions: Sequence[str]) -> Market:
    """Place all rows on the grid of `sessions` (labels of bars, ascending, those of the exchange's calendar).

    Reports about the index carry its own name; of the index only closes are kept, and without one there are none.
    Rows of dates after the last session cannot be placed yet and are left out.
    """
    return Cleaned.of(series, index, sessions).market


@dataclass(frozen=True, eq=False)
class Cleaned:
    """A feed's rows and what became of each series, so that sessions that come later are placed after them."""

    sessions: tuple[str, ...]
    placed: tuple[Placed, ...]
    index: Placed | None
    market: Market

    @classmethod
    def of(
        cls, series: Iterable[Rows], index: Rows | None, sessions: Sequence[str], before: Cleaned | None = None
    ) -> Cleaned:
        """Clean a feed; what goes on where `before` ended is placed after it, everything else anew. The same either
        way.
        """
        sessions = tuple(sessions)
        series = sorted(series, key=lambda rows: rows.instrument)
        if before is not None and (longer := _lengthened(before, series, index, sessions)):
            return longer
        grown = before is not None and sessions[: len(before.sessions)] == before.sessions
        known = {one.rows.instrument: one for one in before.placed} if before is not None and grown else {}
        row_of = {session: row for row, session in enumerate(sessions)}
        placed = tuple(place(rows, sessions, row_of, known.get(rows.instrument)) for rows in series)
        beside = None
        if index is not None:
            beside = place(index, sessions, row_of, before.index if before is not None and grown else None)
        return cls(sessions, placed, beside, _market(sessions, placed, beside))


def _market(sessions: tuple[str, ...], placed: tuple[Placed, ...], index: Placed | None) -> Market:
    panel = Panel(
        tuple(one.rows.instrument for one in placed),
        sessions,
        factor=_columns([one.factor for one in placed], len(sessions)),
        split=_columns([one.split for one in placed], len(sessions)),
        index_close=index.bars["close"] if index is not None else np.full(len(sessions), np.nan),
        **{name: _columns([one.bars[name] for one in placed], len(sessions)) for name in COLUMNS},
    )
    actions = sorted(action for one in placed for action in one.actions)
    every = (*placed, index) if index is not None else placed
    reports = sorted({report for one in every for report in one.reports})
    return Market(panel, tuple(actions), tuple(reports))


@dataclass(frozen=True, eq=False)
class Placed:
    """One instrument's bars on the grid; faulty ones are NaN. `rows` is what it was made of."""

    rows: Rows
    bars: dict[str, Floats]
    factor: Floats
    split: Floats
    actions: tuple[Action, ...]
    reports: list[Report]
    straight: NDArray[np.intp] | None
    """The session of each row, where every row has one of its own and they come in order."""


def place(rows: Rows, sessions: tuple[str, ...], row_of: dict[str, int], before: Placed | None) -> Placed:
    """Place one series. What was reported of the sessions of `before`, the same rows up to there, stands."""
    at, once, repeated, reports = _sort_in(rows, sessions, row_of, before)
    if len(at) == len(sessions) == len(rows.dates):
        # A row for each session: nothing has to be laid out.
        bars = {name: getattr(rows, name)[once] for name in (*COLUMNS, "adj_close")}
    else:
        bars = {name: np.full(len(sessions), np.nan) for name in (*COLUMNS, "adj_close")}
        for name, grid in bars.items():
            grid[at] = getattr(rows, name)[once]
    present = np.zeros(len(sessions), dtype=np.bool_)
    present[at] = True
    seen = present.copy()
    seen[repeated] = True
    faults = bar_faults(bars, present)
    faulty = np.logical_or.reduce([where for _, where, _ in faults])
    for grid in bars.values():
        grid[faulty] = np.nan
    usable = present & ~faulty
    if rows.actions is None:
        actions = derive_actions(rows.instrument, sessions, bars["close"], bars["adj_close"], rows.dividends)
        steps = unexplained(bars["close"], bars["adj_close"], rows.dividends)
    else:
        actions, steps = _given(rows, sessions, reports), ()
    factor, split = factors(sessions, bars["close"], actions)
    known = len(before.factor) if before is not None and goes_on(before, rows, factor, split, sessions) else 0
    for issue, where, detail in (*faults, *absences(seen, usable), *_doubts(bars, factor, steps, known)):
        for row in np.flatnonzero(where[known:]).tolist():
            reports.append(Report(sessions[known + row], rows.instrument, issue, detail))
    if before is not None and known:
        reports += before.reports
    straight = at if np.array_equal(once, np.arange(len(rows.dates))) else None
    return Placed(rows, bars, factor, split, actions, reports, straight)


def goes_on(before: Placed, rows: Rows, factor: Floats, split: Floats, sessions: tuple[str, ...]) -> bool:
    """Whether a series is the one that was placed, with rows of later sessions and nothing of the past said anew."""
    end, known = len(before.rows.dates), len(before.factor)
    last = sessions[known - 1] if known else ""
    grids = ((getattr(before.rows, name), getattr(rows, name)[:end]) for name in (*COLUMNS, "adj_close"))
    return (
        before.rows.dates == rows.dates[:end]
        and all(date > last for date in rows.dates[end:])
        and before.rows.dividends == rows.dividends
        and equal(before.factor, factor[:known])
        and equal(before.split, split[:known])
        and all(equal(old, new) for old, new in grids)
    )


def _given(rows: Rows, sessions: tuple[str, ...], reports: list[Report]) -> tuple[Action, ...]:
    """The given actions, each on its session or on the one after a day that has none; outside the span there are none.

    Reports those that had to move.
    """
    found = []
    for action in rows.actions or ():
        row = bisect_left(sessions, action.session)
        if row == len(sessions) or (row == 0 and not sessions[0].startswith(action.session)):
            continue
        if not sessions[row].startswith(action.session):
            detail = f"a {action.kind} is given for {action.session}, when the exchange was closed"
            reports.append(Report(sessions[row], rows.instrument, "disorder", detail))
        found.append(replace(action, session=sessions[row]))
    return tuple(sorted(found))


Found = tuple[str, Bools, str]
"""An issue, the sessions it concerns (bool), and a sentence."""


def _sort_in(
    rows: Rows, sessions: tuple[str, ...], row_of: dict[str, int], before: Placed | None
) -> tuple[NDArray[np.intp], NDArray[np.intp], list[int], list[Report]]:
    """Where rows go: sessions with one row and that row's place, sessions with several, and what that reports."""
    known = before.straight if before is not None else None
    if before is None or known is None or rows.dates[: len(known)] != before.rows.dates:
        known = np.empty(0, dtype=np.intp)
    later = [row_of.get(date, -1) for date in rows.dates[len(known) :]]
    straight = np.concatenate([known, np.array(later, dtype=np.intp)])
    if (straight >= 0).all() and (np.diff(straight) > 0).all():
        # As nearly every file is: a row a session, in order.
        return straight, np.arange(len(straight)), [], []
    places: dict[str, list[int]] = {}
    for place, date in enumerate(rows.dates):
        places.setdefault(date, []).append(place)
    reports = []
    strays = sorted(date for date in places if date not in row_of)
    for date in strays:
        after = bisect_left(sessions, date)
        if after < len(sessions):
            detail = f"a row is dated {date}, when the exchange was closed"
            reports.append(Report(sessions[after], rows.instrument, "disorder", detail))
    repeated = sorted((row_of[date], len(found)) for date, found in places.items() if date in row_of and found[1:])
    for row, count in repeated:
        detail = f"{count} rows are dated {sessions[row]}; none is used"
        reports.append(Report(sessions[row], rows.instrument, "duplicate", detail))
    single = sorted((row_of[date], found[0]) for date, found in places.items() if date in row_of and not found[1:])
    at = np.array([row for row, _ in single], dtype=np.intp)
    once = np.array([place for _, place in single], dtype=np.intp)
    return at, once, [row for row, _ in repeated], reports


def bar_faults(bars: dict[str, Floats], present: Bools) -> list[Found]:
    """Bars that cannot be used as numbers. Comparisons with NaN are false, so each bar is faulted for what it has."""
    opened, high, low, close, volume = (bars[name] for name in COLUMNS)
    prices = np.stack([opened, high, low, close])
    finite = np.isfinite(prices).all(axis=0) & np.isfinite(volume)
    outside = (high < low) | (opened > high) | (opened < low) | (close > high) | (close < low)
    return [
        ("not-a-number", present & ~finite, "a price or the volume is absent, not a number or infinite"),
        ("non-positive", (prices <= 0).any(axis=0) | (volume < 0), "a price is not above zero, or the volume is below"),
        ("crossed", outside, "high, low, open and close contradict each other"),
    ]


def absences(
    seen: Bools, usable: Bools, started: Bools = NEVER, was_usable: Bools = NEVER, had: Bools = NEVER
) -> Iterator[Found]:
    """Sessions without a bar: before the first row, after it, and longer than one session.

    Along the first axis. Of the sessions before: whether there was any row, a usable bar on the last one, and on any.
    """
    begun = np.logical_or.accumulate(seen) | started
    before = np.concatenate([was_usable[np.newaxis], usable[:-1]])
    ever = np.concatenate([had[np.newaxis], np.logical_or.accumulate(usable)[:-1] | had])
    yield "missing", ~begun, "there is no bar up to this session"
    yield "gap", begun & ~seen, "the exchange was open and there is no bar"
    yield "stale", ever & ~usable & ~before, "the last usable bar is more than one session old"


def _doubts(bars: dict[str, Floats], factor: Floats, steps: Sequence[int], first: int) -> Iterator[Found]:
    """Usable bars that look wrong; `steps` are the rows where the adjusted close takes one that nothing explains.

    Outliers of the sessions before row `first` are left out.
    """
    same = np.logical_and.reduce([bars[name] == lagged(bars[name], 1) for name in COLUMNS])
    yield "stale", same, REPEATS
    change = returns(bars["close"] * factor)
    start = max(0, first - OUTLIER_WINDOW - 1)
    usual = lagged(deviation(change[start:], OUTLIER_WINDOW), 1)
    far = np.zeros(len(factor), dtype=np.bool_)
    far[start:] = np.abs(change[start:]) > OUTLIER_SCORE * usual
    yield "outlier", far, FAR
    stepped = np.zeros(len(factor), dtype=np.bool_)
    stepped[list(steps)] = True
    yield "outlier", stepped, "the adjusted close takes a step that is neither a split nor a dividend"
    lately = np.convolve(jumps(bars["close"] * factor), np.ones(JUMP_WINDOW))[: len(factor)] > 0
    yield "outlier", lately, JUMPED


def jumps(adjusted: Floats) -> Bools:
    """Where a series (rows,) is `JUMP` times its last value before or more, or that part of it or less; NaN is none."""
    rows = np.flatnonzero(adjusted > 0)
    found = np.zeros(len(adjusted), dtype=np.bool_)
    ratio = adjusted[rows[1:]] / adjusted[rows[:-1]]
    found[rows[1:]] = (ratio >= JUMP) | (ratio <= 1 / JUMP)
    return found


def leaps(panel: Panel, row: int) -> tuple[Bools, Bools]:
    """Whether each instrument's bar here opens or closes at `JUMP` times its last close or more; or at that part of it.

    Two arrays shaped (instruments,), by closes adjusted for splits and dividends, from bars up to this row alone.
    """
    begin = max(0, row - JUMP_WINDOW)
    if not panel.valid[begin:row].any(axis=0).all():
        begin = 0
    nothing = np.full((1, len(panel.instruments)), np.nan)
    closed = np.vstack([nothing, panel.close[begin:row] * panel.factor[begin:row]])
    seen = np.where(np.isnan(closed), 0, np.arange(len(closed))[:, np.newaxis]).max(axis=0)
    before = np.take_along_axis(closed, seen[np.newaxis], axis=0)[0]
    ratios = np.stack([panel.open[row], panel.close[row]]) * panel.factor[row] / before
    return (ratios >= JUMP).any(axis=0), (ratios <= 1 / JUMP).any(axis=0)


def _lengthened(
    before: Cleaned, series: Sequence[Rows], index: Rows | None, sessions: tuple[str, ...]
) -> Cleaned | None:
    """The same with sessions that have come; None where it has to be placed anew."""
    # Here, because what comes is placed with the parts of this module.
    from advisors.coming import lengthened

    return lengthened(before, series, index, sessions)


def _columns(series: list[Floats], sessions: int) -> Floats:
    return np.stack(series, axis=1) if series else np.empty((sessions, 0))
