"""The facts of one session about prices, the market and the instruments, through the door.

Templates: bar, period, indicator, market, correlations, risk, quality, reference, rate, calendar, earnings. A number
that is not known is an absent fact. What the door refuses becomes a `quality` fact with issue `refused` for the
instrument it concerns, and for every instrument where it concerns the market: no entry on a number that cannot be said
exactly.

Left out: currency rates other than that of the account's own currency (there is no feed for them), so that an
instrument in another currency has no rate, and the gate lets no entry into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np

from advisors.covariance import factors
from advisors.further import LEAST, Carried, measured_on
from advisors.indicators import TRADING_DAYS, Measures, correlations, measure_panel
from advisors.panel import Floats
from advisors.quality import COLUMNS, Market, Report
from advisors.reference import Calendar, Instrument
from knowledge.door import LONGEST_TEXT, Refused, admit, fact
from knowledge.facts import Fact

ACCOUNT_CURRENCY = "USD"


class Bar(Protocol):
    """The time of one bar, as instants in UTC; `last` says that its session ends with it."""

    @property
    def opens_at(self) -> str: ...  # noqa: D102
    @property
    def closes_at(self) -> str: ...  # noqa: D102
    @property
    def last(self) -> bool: ...  # noqa: D102


BarTime = Callable[[str], Bar]
"""The time of the bar with a label."""


@dataclass(frozen=True, slots=True)
class Time:
    """How many bars a year has, and the times of bars where they are shorter than a session."""

    bars_a_year: int
    bar: BarTime | None = None


Hear = Callable[[Sequence[Fact]], None]
"""Takes facts that are made already."""
WORTH_HEARING = 200
"""Facts that are told at a time, at least."""

DAILY = Time(TRADING_DAYS)


@dataclass(frozen=True, eq=False)
class Desk:
    """Everything `market_facts` reads: bars, measures, reference data, and calendars by exchange code."""

    market: Market
    measures: Measures
    instruments: tuple[Instrument, ...]
    calendars: Mapping[str, Calendar]
    account_currency: str = ACCOUNT_CURRENCY
    bar: BarTime | None = None
    bars_a_year: int = TRADING_DAYS

    @cached_property
    def carried(self) -> Carried:
        """What the measures of the next session are made of."""
        return Carried.of(self.market.panel)

    def prepare(self) -> None:
        """Have at hand what the next session goes on from."""
        if len(self.measures.sessions) >= LEAST:
            _ = self.carried

    @cached_property
    def reports(self) -> Mapping[str, tuple[Report, ...]]:
        """Quality reports by session."""
        found: dict[str, list[Report]] = {}
        for report in self.market.reports:
            found.setdefault(report.session, []).append(report)
        return {session: tuple(reports) for session, reports in found.items()}


def survey(
    market: Market,
    instruments: Iterable[Instrument],
    calendars: Mapping[str, Calendar],
    account_currency: str = ACCOUNT_CURRENCY,
    time: Time = DAILY,
    before: Desk | None = None,
) -> Desk:
    """Measure a market once, for all its bars; only `account_currency` (ISO 4217) has a rate, of 1.

    Where `before` is the same market cut after some session, what it measured is taken over.
    """
    panel, carried = market.panel, None
    if before is not None and len(before.measures.sessions) >= LEAST and before.market.panel.begins(panel):
        measures, carried = measured_on(before.measures, before.carried, panel, time.bars_a_year)
    else:
        measures = measure_panel(panel, time.bars_a_year)
    made = Desk(market, measures, tuple(instruments), calendars, account_currency, time.bar, time.bars_a_year)
    if carried is not None:
        made.__dict__["carried"] = carried
    return made


def market_facts(desk: Desk, session: str, hear: Hear | None = None) -> list[Fact]:
    """All facts as of the close of the bar `session` (its label). Raises `KeyError` where the panel has no such row.

    `hear` is told those that there are so far, now and then, while the others are made.
    """
    door = _Door(session, hear)
    _periods(door, desk, session)
    row = desk.market.panel.row(session)
    _bars(door, desk, row)
    _measures(door, desk, row)
    _correlations(door, desk, session)
    _risks(door, desk, session)
    door.pause()
    _references(door, desk)
    _calendar(door, desk, session)
    everyone = (*(one.symbol for one in desk.instruments), *desk.market.panel.instruments)
    return [*door.facts, *_quality(desk.reports.get(session, ()), door.refused, everyone)]


@dataclass
class _Door:
    """Collects what the door admits, and what it refuses by instrument (`""` is the market)."""

    session: str
    hear: Hear | None = None
    facts: list[Fact] = field(default_factory=list)
    heard: int = 0
    """How many of the facts were told to `hear`."""
    refused: list[Report] = field(default_factory=list)

    def say(self, template: str, about: str, **slots: object) -> None:
        """Take one statement; `about` is the instrument that what is refused concerns."""
        self.tell(template, about, slots)

    def tell(self, template: str, about: str, slots: dict[str, object]) -> None:
        try:
            self.facts.append(admit(template, slots))
        except Refused as error:
            measure = f"`{slots['name']}`: " if "name" in slots else ""
            self.refuse(about, f"{measure}{error}")

    def pause(self) -> None:
        """Let `hear` have what there is, where that is worth its while."""
        if self.hear is not None and len(self.facts) - self.heard >= WORTH_HEARING:
            self.hear(self.facts[self.heard :])
            self.heard = len(self.facts)

    def refuse(self, about: str, sentence: str) -> None:
        self.refused.append(Report(self.session, about, "refused", sentence))


def _periods(door: _Door, desk: Desk, session: str) -> None:
    """When the bar was, of instruments that have one; only where bars are shorter than a session."""
    if desk.bar is None:
        return
    bar, panel = desk.bar(session), desk.market.panel
    for instrument, known in zip(panel.instruments, panel.valid[panel.row(session)].tolist(), strict=True):
        if known:
            slots = {"begins": bar.opens_at, "ends": bar.closes_at, "last": "yes" if bar.last else "no"}
            door.say("period", instrument, instrument=instrument, **slots)


def _bars(door: _Door, desk: Desk, row: int) -> None:
    panel = desk.market.panel
    bars = np.stack([getattr(panel, name)[row] for name in COLUMNS], axis=1).tolist()
    for instrument, known, (*prices, volume) in zip(panel.instruments, panel.valid[row].tolist(), bars, strict=True):
        if known:
            # A fraction of a share is no volume: it goes to the door as it is, and is refused there.
            shares = int(volume) if volume.is_integer() else volume
            slots: dict[str, object] = dict(zip(COLUMNS, (*prices, shares), strict=True))
            door.tell("bar", instrument, {"instrument": instrument, "session": door.session[:10], **slots})


def _measures(door: _Door, desk: Desk, row: int) -> None:
    for name, grid in desk.measures.indicators.items():
        for instrument, value in zip(desk.measures.instruments, grid[row].tolist(), strict=True):
            if not _unknown(value):
                door.tell("indicator", instrument, {"instrument": instrument, "name": name, "value": value})
        door.pause()
    for name, series in desk.measures.market.items():
        value = float(series[row])
        if not _unknown(value):
            door.say("market", "", name=name, value=value)


def _correlations(door: _Door, desk: Desk, session: str) -> None:
    """Of each instrument with those after it; a pair that is not known, or refused, is left out of the list."""
    names = desk.market.panel.instruments
    rho: Floats = correlations(desk.market.panel, session)
    for place, first in enumerate(names):
        row = zip(names[place + 1 :], rho[place, place + 1 :].tolist(), strict=True)
        known = [(second, value) for second, value in row if not _unknown(value)]
        if known:
            _correlated(door, first, known)


def _correlated(door: _Door, first: str, pairs: list[tuple[str, float]]) -> None:
    found: Fact | None
    try:
        found = _paired(first, pairs)
    except Refused:
        # One at a time, so that what is refused costs its own pair and no other.
        good = []
        for pair in pairs:
            try:
                _paired(first, [pair])
                good.append(pair)
            except Refused as error:
                door.refuse(first, f"`{pair[0]}`: {error}")
        found = _paired(first, good) if good else None
    if found is not None:
        door.facts.append(found)


def _paired(first: str, pairs: list[tuple[str, float]]) -> Fact:
    others, values = zip(*pairs, strict=True)
    return fact("correlations", instrument=first, others=others, values=values)


def _risks(door: _Door, desk: Desk, session: str) -> None:
    """What each instrument adds to the covariance; who has too short a history has no such fact."""
    found = factors(desk.market.panel, session, desk.bars_a_year / TRADING_DAYS)
    for name, loadings, residual in zip(
        found.instruments, found.loadings.tolist(), found.residuals.tolist(), strict=True
    ):
        door.say("risk", name, instrument=name, loadings=tuple(loadings), residual=residual)


def _references(door: _Door, desk: Desk) -> None:
    door.say("rate", "", currency=desk.account_currency, value=1)
    for one in desk.instruments:
        try:
            door.facts.append(_reference(one))
        except Refused as error:
            door.refuse(one.symbol, str(error))


@lru_cache(4096)
def _reference(one: Instrument) -> Fact:
    """What is fixed about an instrument, session after session. Raises `Refused`."""
    return fact(
        "reference",
        instrument=one.symbol,
        issuer=one.issuer,
        sector=one.sector,
        currency=one.currency,
        exchange=one.venue,
        country=one.country,
        shortable=one.shortable,
        lot=one.lot,
        tick=one.tick,
        multiplier=one.multiplier,
    )


def _calendar(door: _Door, desk: Desk, session: str) -> None:
    """Sessions and releases; a calendar that does not reach far enough is reported like a refusal."""
    day = session[:10]
    due: dict[str, tuple[str, str]] = {}
    for one in desk.instruments:
        calendar = desk.calendars[one.exchange]
        try:
            if one.exchange not in due:
                due[one.exchange] = calendar.kind(day), _following(desk, calendar, session)
            kind, following = due[one.exchange]
            release = one.next_earnings(day)
            sessions = None if release is None else calendar.distance(day, release)
        except ValueError as error:
            door.refused.append(Report(session, one.symbol, "refused", str(error)))
            continue
        door.say("calendar", one.symbol, instrument=one.symbol, session=kind, next=following)
        if sessions is not None:
            door.say("earnings", one.symbol, instrument=one.symbol, sessions=sessions)


def _following(desk: Desk, calendar: Calendar, session: str) -> str:
    """The date of the session in which the next bar lies: this one, where bars are shorter and it goes on."""
    day = session[:10]
    goes_on = desk.bar is not None and calendar.kind(day) != "closed"
    if goes_on and desk.bar is not None and calendar.close_instant(day) > desk.bar(session).closes_at:
        return day
    return calendar.next_session(day)


def _quality(reports: Iterable[Report], refused: Iterable[Report], everyone: Iterable[str]) -> list[Fact]:
    """One fact for each instrument and issue; a refusal about the market concerns everyone."""
    details: dict[tuple[str, str], set[str]] = {}
    everyone = sorted(set(everyone))
    for report in (*reports, *refused):
        for instrument in [report.instrument] if report.instrument else everyone:
            details.setdefault((instrument, report.issue), set()).add(report.detail)
    return [
        fact("quality", instrument=instrument, issue=issue, detail=_sentence(said))
        for (instrument, issue), said in sorted(details.items())
    ]


def _sentence(details: Iterable[str]) -> str:
    """All details in one printable text that the door takes."""
    joined = "; ".join(sorted(details))
    printable = "".join(letter if letter.isprintable() else "�" for letter in joined)
    return printable if len(printable) <= LONGEST_TEXT else printable[: LONGEST_TEXT - 1] + "…"


def _unknown(value: float) -> bool:
    """NaN is how a measure says that it is not known; an infinity goes to the door and is refused there."""
    return value != value  # noqa: PLR0124  (the definition of NaN)
