"""The snapshot a question about all markets is asked of, by name.

The last one the desk's log holds; one by its digest (or its beginning); or one made of the desk's bars as of a
session's close, with reference data, bars, measures and correlations, and no advisories: no question about limits reads
those.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from adapters.desk.folder import Desk, shown
from knowledge.door import snapshot_from_json
from knowledge.facts import Snapshot
from knowledge.faults import Fault, Faulty
from knowledge.values import parse


@dataclass(frozen=True)
class Named:
    """A snapshot, and how a reader finds it again."""

    snapshot: Snapshot
    where: str

    @property
    def name(self) -> str:
        """For a line of output."""
        return f"{self.where}, as of {self.snapshot.as_of}, {self.snapshot.digest}"


def named(desk: Desk, digest: str | None, session: str | None) -> Named:
    """The snapshot meant: by digest, by session, else the last recorded, else of the last bars. Raises `Faulty`."""
    if digest and session:
        raise Faulty(Fault("--session", 1, 1, "give either `--snapshot` or `--session`"))
    if digest:
        return _recorded(desk, digest)
    if session is None and desk.store.exists():
        found = _last(desk)
        if found is not None:
            return found
    return _made(desk, session)


def nav_of(desk: Desk) -> Decimal:
    """NAV at the last recorded decision; the desk's capital where there is none. Raises `Faulty`."""
    from adapters.answers.lookup import reading

    if desk.store.exists():
        with reading(desk) as log:
            for record in log.records(["decision"], newest_first=True):
                return Decimal(parse(log.blob(record["inputs"]["portfolio"]))["nav"])
    return Decimal(desk.settings.desk.capital)


def _last(desk: Desk) -> Named | None:
    from adapters.answers.lookup import reading

    with reading(desk) as log:
        for record in log.records(["decision"], newest_first=True):
            snapshot = snapshot_from_json(parse(log.blob(record["inputs"]["snapshot"])))
            return Named(snapshot, f"the last decision of `{desk.settings.desk.name}`")
    return None


def _recorded(desk: Desk, digest: str) -> Named:
    from adapters.answers.lookup import reading

    wanted = digest.removeprefix("sha256:")
    with reading(desk) as log:
        inputs = (record["inputs"]["snapshot"] for record in log.records(["decision"], newest_first=True))
        found = {one for one in inputs if one.removeprefix("sha256:").startswith(wanted)}
        if len(found) != 1:
            count = "no decision" if not found else f"{len(found)} decisions"
            words = f"{count} of the log names a snapshot `{digest}`; `warrant explain` shows a decision's inputs"
            raise Faulty(Fault("--snapshot", 1, 1, words))
        (name,) = found
        return Named(snapshot_from_json(parse(log.blob(name))), "a recorded snapshot")


def _made(desk: Desk, session: str | None) -> Named:
    from adapters.running.world import World
    from advisors.market_facts import market_facts
    from knowledge.door import freeze

    world = World.of(desk)
    known = world.survey.market.panel.sessions
    days = known if session is None else world.sessions(session, session)
    if not days:
        span = f"they run from {known[0]} to {known[-1]}" if known else "there are none"
        raise Faulty(Fault("--session", 1, 1, f"the desk has no bar of `{session}`; {span}"))
    day = days[-1]
    facts = market_facts(world.survey, day)
    snapshot = freeze(world.period(day).closes_at, world.listed(day), facts)
    return Named(snapshot, f"made of the bars of `{shown(desk.folder)}` up to {day}")
