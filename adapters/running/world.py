"""Everything a desk knows before a cycle: its rulebook, limits and instruments, the market of its feed, its heads.

Built once, asked session by session. What a session's facts are made of was known at its close: measures and heads are
causal, and a council trains only on bars before the decisions it advises.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from adapters.bars.feeds import SAMPLE_INSTRUMENTS, BarsFeed, CsvFeed, Feed, SampleFeed, read_feed
from adapters.bars.store import stamp
from adapters.calendars.calendar import ExchangeCalendar, calendars_of
from adapters.calendars.periods import DAILY, Period, bars_a_year, period, periods_of
from adapters.calendars.special import OWN, SpecialSessions, load_sessions
from adapters.desk.folder import SETTINGS, Desk, shown, text_of
from adapters.desk.groups import groups_of
from adapters.desk.instruments import load_instruments
from adapters.paper.venue import Bar, Listing, Session
from adapters.people.promoting import Against, hushed
from adapters.running.tail import tail_loss
from advisors.actions import Action
from advisors.market_facts import FIRST, Time, market_facts, survey
from advisors.market_facts import Desk as Survey
from advisors.quality import Cleaned, leaps
from advisors.reference import Instrument
from engine.limits.model import Limits
from engine.limits.text import read_limits
from engine.orders.tail_loss import NoTailLoss, TailLoss
from knowledge.door import freeze
from knowledge.facts import Fact, Snapshot, in_order, ordered
from knowledge.faults import Fault, Faulty
from knowledge.values import Inexact, exact, rounded_all
from rules.rulebook import Rulebook, read_rulebook

if TYPE_CHECKING:
    from advisors.council import Council
    from advisors.heads.walk import Plan


PRICE_PLACES = 4
MOST_FOLDS = 32
"""Trainings before the first decision of a desk with bars shorter than a session, at most."""


@dataclass(frozen=True)
class Law:
    """What binds a desk: its rulebook and its limits."""

    rulebook: Rulebook
    limits: Limits


def read_law(desk: Desk) -> Law:
    """Read rulebook and limits, with the faults of both. Raises `Faulty`."""
    faults: list[Fault] = []
    rulebook = limits = None
    try:
        rulebook = read_rulebook(desk.folder)
    except Faulty as error:
        faults += placed(desk, error)
    try:
        limits = read_limits(text_of(desk.limits), shown(desk.limits), groups_of(desk, rulebook))
    except Faulty as error:
        faults += error.faults
    if rulebook is None or limits is None:
        raise Faulty(*faults)
    return Law(rulebook, limits)


def placed(desk: Desk, faulty: Faulty) -> list[Fault]:
    """The faults of rule and policy files, which a rulebook names from its desk, as a person would open them."""
    return [Fault(shown(desk.folder / one.file), one.line, one.column, one.message) for one in faulty.faults]


def own_sessions(desk: Desk) -> SpecialSessions:
    """The desk's own table of special sessions, if it has one. Raises `Faulty`."""
    return load_sessions(desk.folder / OWN, shown(desk.folder / OWN))


def _files(desk: Desk) -> str:
    return stamp([desk.instruments, desk.folder / OWN])


def feed_of(desk: Desk, symbols: tuple[str, ...]) -> Feed:
    """The feed the desk's settings name, for these instruments."""
    settings = desk.settings.feed
    if desk.bars is None:
        return SampleFeed(symbols)
    if settings.kind == "csv":
        return CsvFeed(
            desk.bars, symbols, settings.index, settings.calendar, own=own_sessions(desk), interval=settings.interval
        )
    return BarsFeed(desk.bars, symbols, settings.index, settings.calendar, own_sessions(desk), settings.interval)


@dataclass(frozen=True)
class World:
    """The market as a desk sees it."""

    desk: Desk
    instruments: tuple[Instrument, ...]
    feed: Feed
    fingerprint: str = ""
    """Of the feed before it was read."""
    files: str = ""
    """Of the files beside the bars that say what is traded when, before they were read."""

    @classmethod
    def of(cls, desk: Desk, instruments: tuple[str, ...] = ()) -> World:
        """Open the desk's feed for its instruments (or some of them). Raises `Faulty`."""
        settings, files = desk.settings.feed, _files(desk)
        traded = SAMPLE_INSTRUMENTS if settings.kind == "sample" else None
        known = load_instruments(desk.instruments, traded)
        chosen = tuple(one for one in known if not instruments or one.symbol in instruments)
        symbols = tuple(one.symbol for one in chosen)
        feed = feed_of(desk, symbols)
        return cls(desk, chosen, feed, feed.fingerprint(), files)

    def refreshed(self) -> World:
        """The world over what the feed has now: its facts are those of a world opened anew. Raises `Faulty`.

        Itself where nothing has changed. Where bars have come and nothing of the past was said anew, what was placed,
        measured, trained and heard is taken over, and only what has come is added. Files in which a fault was found are
        not read again before they change.
        """
        seen = (self.feed.fingerprint(), _files(self.desk))
        if seen == (self.fingerprint, self.files):
            return self
        if seen in self._refused:
            raise Faulty(*self._refused[seen])
        try:
            return self._anew()
        except Faulty as error:
            self._refused.clear()
            self._refused[seen] = error.faults
            raise

    @cached_property
    def _refused(self) -> dict[tuple[str, str], tuple[Fault, ...]]:
        """The faults of the files as they were when they were last found wrong."""
        return {}

    def _anew(self) -> World:
        files = _files(self.desk)
        anew = type(self).of(self.desk, tuple(one.symbol for one in self.instruments))
        if files == self.files == anew.files:
            anew._go_on_from(self)
        return anew

    def prepare(self) -> None:
        """Do what the next session would else wait for: train what the plan trains at the last one, sort, lay out."""
        if "survey" in self.__dict__:
            self.survey.prepare()
        known = self.__dict__.get("council")
        if known is not None and known.behind:
            council = known.lengthened(self.survey.market.panel, self.survey.measures, ahead=True)
            if council is not None:
                self.__dict__["council"] = council
        if known is not None:
            self.council.prepare()

    def _go_on_from(self, before: World) -> None:
        """Take over from an earlier world of the same desk what it has computed, with what has come since."""
        known, kept = before.__dict__, self.__dict__
        if "calendar" in known:
            kept["calendar"] = before.calendar
        if "cleaned" in known:
            kept["cleaned"] = read_feed(self.feed, before.cleaned)
        if "survey" in known:
            kept["survey"] = self._survey(before.survey)
        if "council" in known and (self.trained_until, self._plan) == (before.trained_until, before._plan):
            council = before.council.lengthened(self.survey.market.panel, self.survey.measures)
            if council is not None:
                kept["council"] = council

    @cached_property
    def calendar(self) -> ExchangeCalendar:
        """The calendar by which the desk's cycles run."""
        return ExchangeCalendar(self.desk.settings.feed.calendar, own=own_sessions(self.desk))

    @cached_property
    def cleaned(self) -> Cleaned:
        """The feed's rows, placed."""
        return read_feed(self.feed)

    @cached_property
    def survey(self) -> Survey:
        """Bars, measures and reference data of all sessions."""
        return self._survey(None)

    def _survey(self, before: Survey | None) -> Survey:
        calendars = calendars_of((one.exchange for one in self.instruments), own_sessions(self.desk))
        time = Time(bars_a_year(self.calendar, self.interval), None if self.interval == DAILY else self.period)
        currency = self.desk.settings.desk.currency
        return survey(self.cleaned.market, self.instruments, calendars, currency, time, before)

    @cached_property
    def council(self) -> Council:
        """The heads, trained by plan on bars before each decision."""
        """The heads, trained by plan on bars before each decision."""
        return self.trained(None)

    def trained(self, names: Collection[str] | None) -> Council:
        """A council of the heads with these names; of all, where there is None."""
        from advisors.council import Council, four_heads

        heads = [head for head in four_heads() if names is None or head.name in names]
        panel, measures = self.survey.market.panel, self.survey.measures
        return Council.train(panel, measures, self.trained_until, self.models, plan=self._plan, heads=heads)

    @property
    def _plan(self) -> Plan:
        from advisors.heads.walk import Plan

        plan = Plan(days=self.desk.settings.advisors.retrain_days, last=self.last_decision)
        if self.interval != DAILY:
            plan = replace(plan, fold=max(plan.fold, self.survey.market.panel.row(self.trained_until) // MOST_FOLDS))
        return plan

    @property
    def models(self) -> Path:
        """The folder where trained heads are kept."""
        return self.desk.models

    @property
    def last_decision(self) -> str:
        """The last session for which heads are needed; empty for the last one of the feed."""
        return ""

    @cached_property
    def trained_until(self) -> str:
        """The last session the first training sees. Raises `Faulty` where the feed begins after it."""
        wanted = self.desk.settings.advisors.trained_until
        return training_end(self.survey.market.panel.sessions, wanted, shown(self.desk.folder / SETTINGS))

    @property
    def first_decision(self) -> str:
        """The first period that may be decided: of the bars there are, else the one whose bar the feed waits for.

        Raises `Faulty` where the feed ends before the day up to which the heads train.
        """
        bars, wanted = self.survey.market.panel.sessions, self.desk.settings.advisors.trained_until
        after = next((label for label in bars if label > self.trained_until), None)
        if after is not None:
            return after
        following = self.calendar.next_session(self.trained_until[:10])
        if following <= wanted:
            words = f'the feed ends on {self.trained_until}, before `trained_until = "{wanted}"` under `[advisors]`; '
            raise Faulty(Fault(shown(self.desk.folder / SETTINGS), 1, 1, words + "give that day, or bring newer bars"))
        return periods_of(self.calendar, self.interval, following)[0].label

    @cached_property
    def actions(self) -> Mapping[str, tuple[Action, ...]]:
        """Splits and dividends by ex-date."""
        found: dict[str, list[Action]] = {}
        for action in self.survey.market.actions:
            found.setdefault(action.session, []).append(action)
        return {session: tuple(actions) for session, actions in found.items()}

    @property
    def listings(self) -> dict[str, Listing]:
        """What the venue fixes about each instrument."""
        usual = self.desk.settings.broker.borrow_rate
        return {
            one.symbol: Listing(
                one.tick,
                one.currency,
                one.multiplier,
                shortable=one.shortable == "yes",
                borrow_rate=usual if one.borrow_rate is None else one.borrow_rate,
            )
            for one in self.instruments
        }

    @property
    def interval(self) -> str:
        """The length of a bar, as `adapters.calendars.periods` writes it."""
        return self.desk.settings.feed.interval

    def period(self, day: str) -> Period:
        """The time of the bar with this label. Raises `NoSession`."""
        return period(self.calendar, self.interval, day)

    def session(self, day: str) -> Session:
        """What the venue takes for one session: the bar with this label, with the date of the session it lies in."""
        found = self.period(day)
        return Session(found.session, found.opens_at, found.closes_at, found.last)

    def next_open(self, day: str) -> str:
        """When the bar after this one begins. Raises `NoSession`."""
        found = self.period(day)
        if not found.last:
            return next(
                one.opens_at for one in periods_of(self.calendar, self.interval, found.session) if one.label > day
            )
        return self.calendar.open_instant(self.calendar.next_session(found.session))

    def sessions(self, first: str, last: str) -> tuple[str, ...]:
        """Labels of bars from `first` to `last`, both included, that the feed has; a date stands for all its bars."""
        known = self.survey.market.panel.sessions
        # A label begins with its date, and a tilde sorts behind whatever may follow.
        return known[bisect_left(known, first) : bisect_right(known, f"{last}~")]

    def bars(self, day: str) -> dict[str, Bar]:
        """The whole bars of one session; an instrument without one, or with prices nobody can say exactly, has none."""
        if day not in self._bars:
            # A cycle asks for those of its own session, and asks twice.
            self._bars.clear()
            self._bars[day] = self._bars_of(day)
        return dict(self._bars[day])

    @cached_property
    def _bars(self) -> dict[str, dict[str, Bar]]:
        return {}

    def _bars_of(self, day: str) -> dict[str, Bar]:
        panel = self.survey.market.panel
        row = panel.row(day)
        risen, fallen = (leap.tolist() for leap in leaps(panel, row))
        whole = np.flatnonzero(panel.valid[row]).tolist()
        grids = [grid[row, whole].tolist() for grid in (panel.open, panel.high, panel.low, panel.close)]
        found = {}
        volumes = panel.volume[row, whole].tolist()
        for at, volume, opened, high, low, close in zip(whole, volumes, *map(_prices, grids), strict=True):
            # The door refuses what has no exact price, too, and the snapshot says so.
            if opened is not None and high is not None and low is not None and close is not None:
                leap = bool(risen[at]), bool(fallen[at])
                found[panel.instruments[at]] = Bar(opened, high, low, close, int(volume), *leap)
        return found

    def listed(self, day: str) -> tuple[str, ...]:
        """Instruments that have had a bar up to this session: those a verdict is due for."""
        panel = self.survey.market.panel
        rows = panel.valid[: panel.row(day) + 1]
        return tuple(name for at, name in enumerate(panel.instruments) if rows[:, at].any())

    def early(self, day: str, tell: Callable[[Sequence[Fact]], None]) -> None:
        """Tell what `snapshot` will hold while it is made, part by part and in canonical order.

        Raises as `snapshot` does.
        """
        beside, facts = deque(self._advice(day)), list[Fact]()

        def hear(part: Sequence[Fact]) -> None:
            before = []
            while beside and in_order(beside[0]) < in_order(part[-1]):
                before.append(beside.popleft())
            fresh = ordered([*before, *part]) if before else part
            tell(fresh)
            facts.extend(fresh)

        # What the heads say comes before all that the market says, but for a line about each of them.
        told = bisect_left([one.template for one in beside], FIRST)
        if told:
            hear([beside.popleft() for _ in range(told)])
        market_facts(self.survey, day, hear)
        if beside:
            hear([beside.pop()])
        self.__dict__["_early"] = day, facts

    def hush(self, against: Against | None) -> None:
        """From now on, whoever may not speak abstains; None: nobody asks."""
        self.__dict__["_against"] = against

    def _advice(self, day: str) -> list[Fact]:
        said, asked = self.council.advise(day), self.__dict__.get("_against")
        return said if asked is None else hushed(said, asked)

    def tail_loss(self, day: str, values: Mapping[str, Decimal], nav: Decimal) -> TailLoss | NoTailLoss:
        """What positions of these values (signed, in the account's currency) would have lost in the past."""
        return tail_loss(self.survey.market.panel, day, values, nav, self.period(day).last)

    def snapshot(self, day: str) -> Snapshot:
        """Everything known at the close of a session. Raises `Refused` where facts contradict each other."""
        known, facts = self.__dict__.pop("_early", ("", []))
        if known != day:
            facts = [*self._advice(day), *market_facts(self.survey, day)]
        return freeze(self.period(day).closes_at, self.listed(day), facts)


def _prices(numbers: Sequence[float]) -> list[Decimal | None]:
    """Each as an exact price; None where nobody can say it."""
    texts = rounded_all(numbers, PRICE_PLACES)
    return list(map(_price, numbers)) if texts is None else list(map(Decimal, texts))


def _price(number: float) -> Decimal | None:
    try:
        return exact(number, Decimal(1).scaleb(-PRICE_PLACES))
    except Inexact:
        return None


def training_end(sessions: Sequence[str], wanted: str, file: str) -> str:
    """The last of a feed's sessions that is not after the day `wanted`. Raises `Faulty` where it begins later."""
    before = [day for day in sessions if day[:10] <= wanted]
    if not before:
        began = f"which begins on {sessions[0][:10]}; " if sessions else ""
        words = (
            f'`trained_until = "{wanted}"` under `[advisors]` is before the first session of the feed, {began}'
            "give a day some years later, since the heads train on what lies before it"
        )
        raise Faulty(Fault(file, 1, 1, words))
    return before[-1]
