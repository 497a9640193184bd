"""The daily report: what a session, or a range of them, decided, traded and earned, and how near limits came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.answers.reading import unknown
from adapters.reports.attribution import KINDS, Earned, earned
from adapters.reports.attribution_told import attribution_section
from adapters.reports.frame.page import Block, Card, Folded, Page, Section
from adapters.reports.frame.span import Span, ending
from adapters.reports.frame.told import change, count, money, percent, signed
from adapters.reports.happenings import Happenings, changes_section, states_section
from adapters.reports.headroom import Headroom
from adapters.reports.headroom_told import headroom_section
from adapters.reports.lives import KINDS as ORDERS
from adapters.reports.lives import Life, Lives
from adapters.reports.nav import nav_section
from adapters.reports.orders import orders_section
from adapters.reports.origins import Origins
from adapters.reports.outcomes import outcomes_section
from adapters.reports.refusals import candidates_table, refusals_section
from adapters.reports.summary import Tally
from engine.limits.model import Limit

_UNFOLDED = 30


@dataclass(frozen=True)
class Days:
    """What the report's parts are made from: folds over the same records."""

    span: Span
    tally: Tally
    earned: Earned
    headroom: Headroom
    origins: Origins
    happenings: Happenings
    lives: tuple[Life, ...]


def daily(span: Span) -> Page:
    """The page of the sessions of `span`. Raises `Faulty` where the log has records, and none in these days."""
    _check(span)
    title = f"What was decided on {span.words}" if span.first == span.last else f"What was decided, {span.words}"
    subtitle = f"Daily report of desk {span.desk}{f', {span.mode}' if span.mode else ''}"
    days = read(span)
    if days is None:
        nothing = "The log has no record up to these days: the desk had not begun."
        return Page("daily", title, subtitle, (nothing,), (), span.origin)
    return Page("daily", title, subtitle, tuple(lead(days)), _sections(days), span.origin, tuple(_cards(days)))


def _check(span: Span) -> None:
    """A report of days in which nothing could happen would read as one of quiet days."""
    if next(span.records(), None) is not None:
        return
    kinds = ["decision", "fault"]
    earlier = (one for one in span.log.records(kinds, until=ending(span.first), newest_first=True)
               if one["as_of"][:10] < span.first)  # fmt: skip
    later = (one for one in span.log.records(kinds, since=span.last) if one["as_of"][:10] > span.last)
    near = [(word, one["as_of"][:10]) for word, one in (("before", next(earlier, None)), ("after", next(later, None)))
            if one is not None]  # fmt: skip
    if near:
        days = " and ".join(f"the one {word} is {day}" for word, day in near)
        asked = span.words if span.first <= span.last else span.first
        raise unknown(asked, f"the log has no session in these days; {days}")


def read(span: Span) -> Days | None:
    """Read the log once for the days, and the records of money and orders from its beginning; None before any."""
    found = earned(span.history(KINDS), span.first)
    if found is None:
        return None
    counts = Tally((), {}, found.books)
    headroom, origins, happenings = Headroom(span.limits), Origins(span.log.record), Happenings()
    limits: dict[str, None] = {}
    lives, touched = Lives(span.minutes), set[str]()
    for record in span.before(ORDERS):
        lives.take(record)
    for record in span.records():
        counts.take(record)
        happenings.take(record)
        lives.take(record)
        if record["kind"] == "decision":
            headroom.take(record)
            origins.take(record)
            limits[record["inputs"]["limits"]] = None
            touched.update(one["order"]["client_order_id"] for one in record["warrants"])
        elif record["kind"] in ORDERS:
            touched.add(record["client_order_id"])
    counts.limits = _newest_first(span, limits)
    alive = tuple(one for one in lives.found.values() if one.order_id in touched or not one.ended)
    return Days(span, counts, found, headroom, origins, happenings, alive)


def _newest_first(span: Span, digests: dict[str, None]) -> tuple[Limit, ...]:
    """Every limit that decisions of these days were held against; where an id stands twice, the newest is first."""
    return tuple(limit for digest in reversed(digests) for limit in span.limits(digest).limits)


def _sections(days: Days) -> tuple[Section, ...]:
    counts, found = days.tally, days.earned
    results = {lot.order_id: change(days.earned.by_lot[lot.order_id].total) for lot in found.lots}
    return (
        nav_section(found, counts.fates),
        headroom_section(days.headroom),
        _candidates(days),
        refusals_section(counts),
        orders_section(days.lives, found.lots, results, [one.session for one in found.closes]),
        outcomes_section(found, days.origins),
        attribution_section(found, days.origins),
        states_section(days.happenings),
        changes_section(days.happenings),
    )


def _candidates(days: Days) -> Section:
    fates, known = days.tally.fates, {one.order_id for one in days.lives}
    table = candidates_table(fates, known)
    blocks: tuple[Block, ...] = (table,)
    if len(fates) > _UNFOLDED:
        blocks = (Folded(f"Each of the {len(fates)} candidates", (table,)),)
    return Section("candidates", "Candidates and their verdicts", blocks)


def lead(days: Days) -> Iterator[str]:
    """The days in three sentences: what was decided, what came of it, what to look at."""
    counts, found, happened = days.tally, days.earned, days.happenings
    fates = counts.fates
    verdicts = ", ".join(f"{counts.outcomes[name]} {name}" for name in ("granted", "cut", "denied"))
    decided = f"{count(counts.cycles, 'decision').capitalize()}, {count(len(fates), 'candidate')}"
    yield f"{decided}{f': {verdicts}' if fates else ', so nothing was asked for and nothing refused'}."
    last = found.closes[-1] if found.closes else found.before
    fills = ", ".join(f"{times} of an {role}" if role in "entry exit" else f"{times} of a {role}"
                      for role, times in sorted(counts.fills.items()))  # fmt: skip
    share = f" ({signed(found.change / found.before.nav)})" if found.before.nav > 0 else ""
    yield (
        f"{count(sum(counts.fills.values()), 'fill').capitalize()}{f' ({fills})' if fills else ''}; NAV changed by"
        f" {change(found.change)} {found.currency}{share} to {money(last.nav)}, {percent(last.drawdown)}"
        " below its peak."
    )
    yield f"{_nearest(days)} {_trouble(happened)}"


def _nearest(days: Days) -> str:
    beyond = [row for row in days.headroom.rows.values() if row.beyond]
    if beyond:
        return f"{count(len(beyond), 'limit').capitalize()} did not hold at least once, so entries were refused."
    one = days.headroom.nearest()
    if one is None:
        return "No limit was used."
    return f"All limits held; the nearest was {one.measure} with {percent(one.used, 1)} of its bound used."


def _trouble(happened: Happenings) -> str:
    stricter = sum(times for _, state, times in happened.states if state != "active")
    told = [count(len(happened.faults), "fault"), count(happened.missed, "missed cycle")]
    states = f"{count(stricter, 'decision')} in a stricter trading state" if stricter else "always active"
    states = states if happened.states else "no trading state"
    changed = [one for one in happened.changes if one.kind in ("approval", "change", "rulebook", "key")]
    return f"{told[0].capitalize()}, {told[1]}, {states}; {count(len(changed), 'change')} of limits, rules or keys."


def _cards(days: Days) -> Iterator[Card]:
    found, counts = days.earned, days.tally
    last = found.closes[-1] if found.closes else found.before
    share = f", {signed(found.change / found.before.nav)}" if found.before.nav > 0 else ""
    yield Card("NAV", money(last.nav), f"{found.currency}, {last.session or 'as deposited'}")
    yield Card("change", change(found.change), f"{found.currency}{share}")
    yield Card("below the peak", percent(last.drawdown), f"peak {money(last.peak)}")
    costs = found.total
    yield Card("costs", money(-costs.slippage - costs.commission - costs.borrow), "slippage, commission, borrow")
    denied = counts.denied()
    noted = f"of {count(len(counts.fates), 'candidate')}, {sum(one.crowded_out for one in denied)} crowded out"
    yield Card("denied", f"{len(denied)}", noted)
