"""What a log shows of each control that a regulator holds beside a desk: checks, hits, records; or that it shows none.

The controls are those of `engine.limits.controls`. A check is a decision in which a limit of the control was read,
a hit one in which it denied or cut a candidate, or did not hold. What is no
limit (a kill, an approval, a reconciliation) shows as records. What leaves no record, as tests and alerts do, is named
and counts as no evidence. Where limits keep a part of a control only (`Control.read`), their checks and hits are listed
and show nothing of it: a condition before an entry is no surveillance after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.audit.kinds import Kind
from adapters.reports.happenings import words
from engine.limits.controls import CONTROLS, Control
from engine.limits.model import Limit, Limits
from knowledge.values import Json

AT_WORK, IN_PART, CHECKED, NOTHING = "at work", "in part", "checked, no hit", "no evidence"
"""What the days may show of a control: it refused or left all its records, some of them, was read only, or nothing."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Records of a sort that show a control at work."""

    what: str
    kinds: tuple[Kind, ...]
    holds: Callable[[Json], bool] = lambda _: True


def _state(*names: str) -> Callable[[Json], bool]:
    return lambda record: record["state"] in names


def _counted(record: Json) -> bool:
    """Whether its readings hold what it grants itself, of which nothing was sent yet."""
    return any(one["value"] != one.get("base", one["value"]) for one in record.get("readings", []))


def _of_strategy(record: Json) -> bool:
    return record["event"] == "submit" and bool(record.get("order", {}).get("strategy"))


_APPROVALS = Trace("approval of other limits by a named person", (Kind.APPROVAL,))
_CHANGES = Trace("other limits adopted, refused or reverted", (Kind.CHANGE,))
_RULEBOOKS = Trace(
    "other rules adopted with a second person's approval, or refused",
    (Kind.RULEBOOK,),
    lambda one: one["outcome"] == "refused" or bool(one.get("approval")),
)
_ORDERS = Trace("order sent, with its strategy", (Kind.ORDER,), _of_strategy)
TRACES: Mapping[str, tuple[Trace, ...]] = {
    "every sent order counts in the limits at once, filled or not": (
        Trace("decision that counted its entries before they were sent", (Kind.DECISION,), _counted),
    ),
    "repeated automated execution: disabled after n, until a named person re-enables": (
        Trace("entries in an instrument disabled", (Kind.STATE,), _state("throttled")),
        Trace("re-enabled by a person", (Kind.STATE,), _state("active")),
    ),
    "restricted list, authorised persons and strategies only": (
        Trace("intervention of a named person", (Kind.STATE,), lambda one: one.get("who", "engine") != "engine"),
    ),
    "kill: cancel everything in one decision; every order attributable to strategy and person; exits still possible": (
        Trace("kill by a person", (Kind.STATE,), _state("killed")),
        Trace("halt by the engine", (Kind.STATE,), _state("halted")),
        Trace("resume by a person", (Kind.STATE,), _state("active")),
        _ORDERS,
    ),
    "limits set before deployment: instruments, values, counts, positions, venues": (
        Trace("start that names its limits and rules", (Kind.START,)),
    ),
    "named approver for deployment and for substantial change": (_APPROVALS, _RULEBOOKS),
    "change of a threshold: reason, approval, automatic return": (_CHANGES, _APPROVALS),
    "monitoring in real time, alerts within 5 s": (
        Trace("cycle that was missed, and noticed", (Kind.MISSED,)),
        Trace("cycle without a decision, and said so", (Kind.FAULT,)),
        Trace("feed lost, or back", (Kind.FEED,)),
    ),
    "reconciliation of orders and positions with the other side, continuously": (
        Trace("books held against the broker's", (Kind.RECONCILIATION,)),
    ),
    "surveillance for market abuse: wash trades, layering, marking the close": (
        Trace("finding of surveillance", (Kind.SURVEILLANCE,)),
    ),
    "order records kept five years, strategy id on each order": (
        _ORDERS,
        Trace("segment of the log sealed", (Kind.SEAL,)),
        Trace("hold on records, or its end", (Kind.HOLD,)),
    ),
    "model inventory, independent validation, continuous monitoring, effective challenge": (
        Trace("model that began to speak", (Kind.MODEL,)),
    ),
}  # fmt: skip
"""By the control's name: records that show it, besides what its limits were held against."""


@dataclass(slots=True)
class Seen:
    """How often something was seen, and when last."""

    times: int = 0
    record_id: str = ""
    as_of: str = ""
    words: str = ""

    def take(self, record: Json, said: str) -> None:
        """Count one record."""
        self.times += 1
        self.record_id, self.as_of, self.words = record["record_id"], record["as_of"], said


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the days show of one control."""

    control: Control
    limits: tuple[Limit, ...]
    """Those of its kinds in the limits file of the last decision."""
    checks: Mapping[str, Seen]
    """By limit."""
    hits: Mapping[str, Seen]
    traces: tuple[tuple[Trace, Seen], ...]

    @property
    def checked(self) -> int:
        """Decisions in which a limit of it was read, over its limits."""
        return sum(one.times for one in self.checks.values())

    @property
    def hit(self) -> int:
        """How often a limit of it refused."""
        return sum(one.times for one in self.hits.values())

    @property
    def recorded(self) -> int:
        """Records that show it."""
        return sum(seen.times for _, seen in self.traces)

    @property
    def absent(self) -> list[str]:
        """Of the records that would show it: those of which there are none."""
        return [trace.what for trace, seen in self.traces if not seen.times]

    @property
    def last(self) -> Seen | None:
        """The newest of all; a hit before a check of the same moment."""
        found = [*self.hits.values(), *(seen for _, seen in self.traces), *self.checks.values()]
        return max((one for one in found if one.times), key=lambda one: one.as_of, default=None)

    @property
    def verdict(self) -> str:
        """What the days show, in two words."""
        if self.recorded or (self.hit and self.control.read):
            return IN_PART if self.absent else AT_WORK
        return CHECKED if self.checked and self.control.read else NOTHING


@dataclass
class Assessment:
    """A fold over the records of some days."""

    limits: Callable[[str], Limits]
    checks: dict[str, Seen] = field(default_factory=dict)
    hits: dict[str, Seen] = field(default_factory=dict)
    traces: dict[tuple[str, str], Seen] = field(default_factory=dict)
    decisions: int = 0
    _newest: str = ""

    def take(self, record: Json) -> None:
        """Read one record."""
        if record["kind"] == Kind.DECISION:
            self._decision(record)
        for name, traces in TRACES.items():
            for trace in traces:
                if record["kind"] in trace.kinds and trace.holds(record):
                    self.traces.setdefault((name, trace.what), Seen()).take(record, words(record))

    def _decision(self, record: Json) -> None:
        self.decisions += 1
        self._newest = record["inputs"]["limits"]
        found = [one for verdict in record["verdicts"] for one in verdict.get("findings", [])]
        read = [*record.get("readings", []), *record.get("states", []), *found]
        for name in dict.fromkeys(one["limit"] for one in read):
            self.checks.setdefault(name, Seen()).take(record, "")
        for name, said in _refused(record, found):
            self.hits.setdefault(name, Seen()).take(record, said)

    def evidence(self) -> list[Evidence]:
        """Each control with what was found, in the order of the list."""
        limits = self.limits(self._newest).limits if self._newest else ()
        return [self._of(control, [one for one in limits if one.kind in control.kinds]) for control in CONTROLS]

    def _of(self, control: Control, limits: Sequence[Limit]) -> Evidence:
        names = dict.fromkeys(one.id for one in limits)
        traces = tuple(
            (trace, self.traces.get((control.name, trace.what), Seen())) for trace in TRACES.get(control.name, ())
        )
        checks = {name: self.checks[name] for name in names if name in self.checks}
        hits = {name: self.hits[name] for name in names if name in self.hits}
        return Evidence(control, tuple(limits), checks, hits, traces)


def _refused(record: Json, found: Iterable[Json]) -> Iterable[tuple[str, str]]:
    """Limits that refused something in a decision, each once, with what."""
    said: dict[str, str] = {}
    for verdict in record["verdicts"]:
        if verdict["outcome"] in ("denied", "cut"):
            for reason in verdict["reasons"]:
                said.setdefault(reason, f"{verdict['instrument']} {verdict['outcome']}")
    for one in (*record.get("states", []), *found):
        if not one["holds"]:
            said.setdefault(one["limit"], f"found {one['value']} against {one['bound']}")
    return said.items()
