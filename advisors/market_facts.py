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
from operator import eq
from typing import Protocol

import numpy as np

from advisors.covariance import factors
from advisors.further import LEAST, Carried, measured_on
from advisors.indicators import TRADING_DAYS, Measures, correlations, measure_panel
from advisors.panel import Floats
from advisors.quality import COLUMNS, Market, Report
from advisors.reference import Calendar, Instrument
from knowledge.columns import admit_all
from knowledge.door import LONGEST_TEXT, Refused, admit, fact
from knowledge.facts import Fact, ordered

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
FIRST = "bar"
"""The first of the templates, in canonical order."""
WORTH_HEARING = 100
"""Facts that are told at a time, at least."""
AT_ONCE = 25
"""Instruments whose measures are made at a time."""

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

    In canonical order. `hear` is told the next of them now and then, while the others are made.
    """
    door = _Door(session, hear)
    row = desk.market.panel.row(session)
    _bars(door, desk, row)
    earnings = _calendar(door, desk, session)
    _correlations(door, desk, session)
    door.take(earnings)
    _measures(door, desk, row)
    _periods(door, desk, session)
    # What the door refuses of these becomes a quality fact, which comes before them.
    later = _Door(session, refused=door.refused)
    _references(later, desk)
    _risks(later, desk, session)
    everyone = (*(one.symbol for one in desk.instruments), *desk.market.panel.instruments)
    door.take(_quality(desk.reports.get(session, ()), door.refused, everyone))
    door.take(later.facts)
    door.pause(ended=True)
    return door.facts


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
        try:
            self.facts.append(admit(template, dict(slots)))
        except Refused as error:
            self._refuse(about, slots.get("name"), error)

    def rows(self, template: str, about: Sequence[str], columns: dict[str, Sequence[object]]) -> None:
        """Take many statements of one template, a column for each slot."""
        for place, one in enumerate(admit_all(template, columns)):
            if isinstance(one, Fact):
                self.facts.append(one)
            else:
                self._refuse(about[place], columns["name"][place] if "name" in columns else None, one)

    def take(self, facts: Sequence[Fact]) -> None:
        """Take facts that are made already, in canonical order."""
        self.facts += facts

    def sort(self, start: int) -> None:
        """Put what was taken from `start` on in canonical order."""
        self.facts[start:] = ordered(self.facts[start:])

    def pause(self, *, ended: bool = False) -> None:
        """Let `hear` have what there is, where that is worth its while or nothing more comes."""
        if self.hear is not None and len(self.facts) - self.heard >= (1 if ended else WORTH_HEARING):
            self.hear(self.facts[self.heard :])
            self.heard = len(self.facts)

    def _refuse(self, about: str, name: object, error: Refused) -> None:
        self.refuse(about, f"{f'`{name}`: ' if name is not None else ''}{error}")

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
    known = np.flatnonzero(panel.valid[row])
    names = [panel.instruments[at] for at in known.tolist()]
    columns: dict[str, Sequence[object]] = {name: getattr(panel, name)[row, known].tolist() for name in COLUMNS}
    # A fraction of a share is no volume: it goes to the door as it is, and is refused there.
    columns["volume"] = [int(volume) if volume.is_integer() else volume for volume in panel.volume[row, known].tolist()]
    door.rows("bar", names, {"instrument": names, "session": [door.session[:10]] * len(names), **columns})


def _measures(door: _Door, desk: Desk, row: int) -> None:
    """The measures of some instruments after those of others, so that the first are heard early."""
    names = desk.measures.instruments
    values = {name: grid[row].tolist() for name, grid in sorted(desk.measures.indicators.items())}
    for first in range(0, len(names), AT_ONCE):
        part, start = slice(first, first + AT_ONCE), len(door.facts)
        for name, column in values.items():
            about, said = _known(names[part], column[part])
            if said:
                door.rows("indicator", about, {"instrument": about, "name": [name] * len(about), "value": said})
        count = len(names[part])
        if len(door.facts) - start == count * len(values):
            # Each measure of each instrument: they are in order when they are taken crosswise.
            door.facts[start:] = [one for at in range(count) for one in door.facts[start + at :: count]]
        else:
            door.sort(start)
        door.pause()
    start = len(door.facts)
    for name, series in desk.measures.market.items():
        value = float(series[row])
        if not _unknown(value):
            door.say("market", "", name=name, value=value)
    door.sort(start)


def _correlations(door: _Door, desk: Desk, session: str) -> None:
    """Of each instrument with those after it; a pair that is not known, or refused, is left out of the list."""
    names = desk.market.panel.instruments
    rho: Floats = correlations(desk.market.panel, session)
    rows = []
    for place, first in enumerate(names):
        others, values = _known(names[place + 1 :], rho[place, place + 1 :].tolist())
        if values:
            rows.append((first, others, values))
    if not rows:
        return
    about, lists, numbers = zip(*rows, strict=True)
    found = admit_all("correlations", {"instrument": about, "others": lists, "values": numbers})
    for one, (first, others, values) in zip(found, rows, strict=True):
        said = one if isinstance(one, Fact) else _correlated(door, first, list(zip(others, values, strict=True)))
        if said is not None:
            door.facts.append(said)
    door.pause()


def _correlated(door: _Door, first: str, pairs: list[tuple[str, float]]) -> Fact | None:
    """One at a time, so that what is refused costs its own pair and no other."""
    good = []
    for pair in pairs:
        try:
            _paired(first, [pair])
            good.append(pair)
        except Refused as error:
            door.refuse(first, f"`{pair[0]}`: {error}")
    return _paired(first, good) if good else None


def _paired(first: str, pairs: list[tuple[str, float]]) -> Fact:
    others, values = zip(*pairs, strict=True)
    return fact("correlations", instrument=first, others=others, values=values)


def _risks(door: _Door, desk: Desk, session: str) -> None:
    """What each instrument adds to the covariance; who has too short a history has no such fact."""
    found = factors(desk.market.panel, session, desk.bars_a_year / TRADING_DAYS)
    columns = {"loadings": found.loadings.tolist(), "residual": found.residuals.tolist()}
    door.rows("risk", found.instruments, {"instrument": found.instruments, **columns})


def _references(door: _Door, desk: Desk) -> None:
    door.say("rate", "", currency=desk.account_currency, value=1)
    start = len(door.facts)
    for one in desk.instruments:
        try:
            door.facts.append(_reference(one))
        except Refused as error:
            door.refuse(one.symbol, str(error))
    door.sort(start)


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


def _calendar(door: _Door, desk: Desk, session: str) -> list[Fact]:
    """Sessions, and releases, which are handed back; a calendar that does not reach far enough is reported."""
    day = session[:10]
    due: dict[str, tuple[str, str]] = {}
    away: dict[tuple[str, str], int] = {}
    open_on: list[tuple[str, str, str]] = []
    releases: list[tuple[str, int]] = []
    for one in sorted(desk.instruments, key=lambda one: one.symbol):
        calendar = desk.calendars[one.exchange]
        try:
            if one.exchange not in due:
                due[one.exchange] = calendar.kind(day), _following(desk, calendar, session)
            release = one.next_earnings(day)
            if release is not None and (one.exchange, release) not in away:
                away[one.exchange, release] = calendar.distance(day, release)
        except ValueError as error:
            door.refused.append(Report(session, one.symbol, "refused", str(error)))
            continue
        open_on.append((one.symbol, *due[one.exchange]))
        if release is not None:
            releases.append((one.symbol, away[one.exchange, release]))
    if open_on:
        about, kinds, following = zip(*open_on, strict=True)
        door.rows("calendar", about, {"instrument": about, "session": kinds, "next": following})
    beside = _Door(session, refused=door.refused)
    if releases:
        about, counts = zip(*releases, strict=True)
        beside.rows("earnings", about, {"instrument": about, "sessions": counts})
    return beside.facts


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


def _known(names: Sequence[str], values: Sequence[float]) -> tuple[Sequence[str], Sequence[float]]:
    """The names whose value is known, and those values."""
    if all(map(eq, values, values)):
        return names, values
    known = [(name, value) for name, value in zip(names, values, strict=True) if not _unknown(value)]
    return [name for name, _ in known], [value for _, value in known]


def _unknown(value: float) -> bool:
    """NaN is how a measure says that it is not known; an infinity goes to the door and is refused there."""
    return value != value  # noqa: PLR0124  (the definition of NaN)
