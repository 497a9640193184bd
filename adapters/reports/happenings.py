"""What happened to the desk itself: trading states, faults, missed cycles, and changes of limits, rules and models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.answers.records import in_words
from adapters.audit.kinds import Kind, period_of
from adapters.reports.frame.page import Block, Column, Prose, Section, Table, record
from adapters.reports.frame.told import count
from engine.telling.figures import short
from knowledge.values import Json

STOPS = (Kind.STATE, Kind.FAULT, Kind.MISSED, Kind.RECOVERY, Kind.FEED, Kind.STOP, Kind.SURVEILLANCE)
CHANGES = (Kind.APPROVAL, Kind.CHANGE, Kind.RULEBOOK, Kind.MODEL, Kind.KEY, Kind.HOLD, Kind.SEAL, Kind.RETENTION)


@dataclass(frozen=True, slots=True)
class Happening:
    """One of them, in words."""

    as_of: str
    kind: str
    who: str
    words: str
    record_id: str


@dataclass
class Happenings:
    """A fold over all records of the days."""

    stops: list[Happening] = field(default_factory=list)
    changes: list[Happening] = field(default_factory=list)
    states: list[tuple[str, str, int]] = field(default_factory=list)
    """Runs of the trading state of the decisions: since which period, the state, how many decisions."""
    undetermined: list[Happening] = field(default_factory=list)
    """Decisions that have a fault."""
    missed: int = 0
    """Cycles that were never run."""

    def take(self, record: Json) -> None:
        """Read one record."""
        kind = record["kind"]
        if kind == Kind.DECISION:
            self._decision(record)
        elif kind in STOPS or (kind == Kind.RECONCILIATION and not record.get("agrees", False)):
            self.missed += int(record.get("cycles", 1)) if kind == Kind.MISSED else 0
            self.stops.append(_happening(record))
        elif kind in CHANGES:
            self.changes.append(_happening(record))

    @property
    def faults(self) -> list[Happening]:
        """Cycles without a decision, and decisions in which nothing could be determined."""
        return [*(one for one in self.stops if one.kind == Kind.FAULT), *self.undetermined]

    def _decision(self, record: Json) -> None:
        state = record["trading_state"]
        if self.states and self.states[-1][1] == state:
            since, _, times = self.states[-1]
            self.states[-1] = (since, state, times + 1)
        else:
            self.states.append((period_of(record), state, 1))
        if record["fault"]:
            said = f"undetermined: {record['fault']}"
            self.undetermined.append(Happening(record["as_of"], "decision", "engine", said, record["record_id"]))


def _happening(record: Json) -> Happening:
    who = str(record.get("who") or "engine")
    if record.get("claimed"):
        who += " (claimed)"
    return Happening(record["as_of"], record["kind"], who, words(record), record["record_id"])


def words(record: Json) -> str:
    """What such a record says, on a line."""
    match record["kind"]:
        case Kind.STATE:
            of = f" {record['instrument']}" if record.get("instrument") else ""
            said = f"{record['state']}{of}: {record.get('why') or record.get('reason') or 'no reason given'}"
            said += f"; ends {', '.join(map(str, record['ends']))}" if record.get("ends") else ""
        case Kind.FAULT:
            said = f"no decision: {record['fault']}"
        case Kind.MISSED:
            cycles = count(int(record.get("cycles", 1)), "cycle")
            why = record.get("reason") or record.get("cause")
            said = f"{cycles} up to {record.get('label', '?')} never run: {why}"
        case Kind.MODEL:
            does = "may not yet speak" if record.get("outcome") == "refused" else "speaks"
            said = f"{record['head']} {does} with model {short(record['model'])}, trained {record['age']} days before"
            said += f": {record['reason']}" if record.get("reason") else ""
        case Kind.APPROVAL | Kind.CHANGE | Kind.RULEBOOK:
            subject = {Kind.APPROVAL: record.get("what"), Kind.RULEBOOK: "rulebook"}.get(record["kind"]) or "limits"
            did = record.get("outcome", "approved")
            said = f"{subject} {did} {_turn(record)}, {record['verdict']}: {record['reason']}"
        case _:
            said = in_words(record)
    return said


def _turn(record: Json) -> str:
    until = f" up to {record['until']}" if record.get("until") else ""
    return f"{short(record['old'])} → {short(record['new'])}{until}"


def states_section(told: Happenings) -> Section:
    """Trading states, faults and missed cycles."""
    blocks: list[Block] = [Prose((_states(told.states),))]
    runs = [(since, state, f"{times:,}") for since, state, times in told.states]
    if len(runs) > 1:
        columns = (Column("since", keep=True), Column("trading state"), Column("decisions", number=True))
        blocks.append(Table(columns, runs, "Trading states"))
    shown = sorted([*told.stops, *told.undetermined], key=lambda one: one.as_of)
    blocks.append(table(shown, "Stops, faults and what was missed", "no fault, no missed cycle, no stop"))
    return Section("states", "Trading states, faults, missed cycles", tuple(blocks))


def changes_section(told: Happenings) -> Section:
    """Changes of limits, rules, models and keys."""
    shown = table(told.changes, "", "No limit, rule, model or key changed, and no record was sealed or let go.")
    return Section("changes", "Changes of limits, rules, models and keys", (shown,))


def table(found: Sequence[Happening], caption: str, empty: str) -> Table:
    """Happenings in their order."""
    columns = (
        Column("when", keep=True), Column("what", keep=True), Column("who"), Column("in words"), Column("record"),
    )  # fmt: skip
    rows = [(one.as_of, one.kind, one.who, one.words, record(one.record_id)) for one in found]
    return Table(columns, rows, caption, empty)


def _states(runs: Sequence[tuple[str, str, int]]) -> str:
    if not runs:
        return "Nothing was decided, so there was no trading state."
    if len(runs) == 1:
        return f"The trading state was {runs[0][1]} throughout."
    worst = sum(times for _, state, times in runs if state != "active")
    return (
        f"The trading state changed {count(len(runs) - 1, 'time')}; {count(worst, 'decision')} fell in a stricter one."
    )
