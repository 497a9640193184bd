"""The daily report: what a session, or a range of them, decided, traded and earned, and how near limits came."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from adapters.reports.attribution import KINDS, Earned, earned
from adapters.reports.nav import nav_section
from adapters.reports.page import Card, Page, Prose, Section
from adapters.reports.span import Span
from adapters.reports.summary import Tally, tally
from adapters.reports.told import change, count, money, percent
from engine.limits.model import Limit


@dataclass(frozen=True)
class Days:
    """What the report's parts are made from."""

    span: Span
    tally: Tally
    earned: Earned


def daily(span: Span) -> Page:
    """The page of the sessions of `span`."""
    found = earned(span.history(KINDS), span.first)
    title = f"What was decided on {span.words}" if span.first == span.last else f"What was decided, {span.words}"
    subtitle = f"Daily report of desk {span.desk}, {span.mode}" if span.mode else f"Daily report of desk {span.desk}"
    if found is None:
        nothing = "The log has no record of these days: the desk had not begun."
        return Page(
            "daily", title, subtitle, (nothing,), (Section("nothing", "Nothing", (Prose((nothing,)),)),), span.origin
        )
    days = Days(span, tally(span.records(), _limits(span), {}, found.books), found)
    return Page("daily", title, subtitle, tuple(_lead(days)), _sections(days), span.origin, tuple(_cards(days)))


def _sections(days: Days) -> tuple[Section, ...]:
    return (nav_section(days.earned, days.tally.fates),)


def _limits(span: Span) -> tuple[Limit, ...]:
    """Every limit that was in force in these days, the newest of each id first."""
    digests = dict.fromkeys(
        record["inputs"]["limits"] for record in span.newest(["decision"]) if record["as_of"][:10] >= span.first
    )
    return tuple(limit for digest in digests for limit in span.limits(digest).limits)


def _lead(days: Days) -> list[str]:
    counts, money_of = days.tally, days.earned
    outcomes = counts.outcomes
    told = [
        f"{count(counts.cycles, 'cycle').capitalize()} decided over {sum(outcomes.values()):,} instruments' turns: "
        f"{outcomes['granted']} granted, {outcomes['cut']} cut, {outcomes['denied']} denied,"
        f" {outcomes['undetermined']} undetermined."
    ]
    told.append(
        f"{count(sum(counts.fills.values()), 'fill').capitalize()}; NAV {change(money_of.change)} {money_of.currency}."
    )
    return told


def _cards(days: Days) -> list[Card]:
    found = days.earned
    last = found.closes[-1] if found.closes else found.before
    share = found.change / found.before.nav if found.before.nav > 0 else Fraction(0)
    return [
        Card("NAV", money(last.nav), f"{found.currency}, {last.session or 'as deposited'}"),
        Card("change", change(found.change), f"{found.currency}, {percent(share)}"),
        Card("below the peak", percent(last.drawdown), f"{money(last.peak)} at its highest close"),
    ]
