"""Findings recorded, and closed by persons, in the log of a desk that does not run; and by the desk itself.

A person closes a finding with a name that nothing proves, as he kills a desk: the log says who claims it. Closing takes
nothing away: the finding stays in the log, and so does every word that was said of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from adapters.audit.kinds import Kind
from adapters.desk.folder import Desk
from adapters.running.intervention import named, now_text
from adapters.running.watch import Watch, unwatched
from adapters.sealing.keeping import log_of
from adapters.store.faults import StoreFailed
from adapters.surveillance.looking import Lookout, Told
from adapters.verifying.findings import CLEARED, CLOSE, ESCALATED, FAILED, FIND
from knowledge.faults import Fault, Faulty
from knowledge.values import Json

if TYPE_CHECKING:
    from adapters.running.desk_log import DeskLog


def record_findings(desk: Desk, wanted: Callable[[Told], bool], watch: Watch = unwatched) -> list[Json]:
    """Record what `wanted` lets through and is not recorded yet. Raises `Faulty`, `Failed`."""
    with log_of(desk, "surveil scan", watch) as desk_log:
        lookout = Lookout(desk_log.log, desk.settings.surveillance.parameters)
        return _record(desk_log, lookout, [one for one in lookout.look() if wanted(one)])


def at_session_end(desk_log: DeskLog, lookout: Lookout) -> list[Json]:
    """Look, and record what is new; what goes wrong is a record too. Raises `StoreFailed`."""
    try:
        found = lookout.look()
    except StoreFailed:
        raise
    except Exception as error:  # noqa: BLE001 - nothing that trades hangs on it, and the next session looks again
        why = f"{type(error).__name__}: {error}"
        return [desk_log.record({"kind": Kind.SURVEILLANCE.value, "action": FAILED, "reason": why})]
    return _record(desk_log, lookout, found)


def close_finding(desk: Desk, name: str, who: str, why: str, *, escalate: bool, watch: Watch = unwatched) -> Json:
    """Say what a person made of the finding with this id, of itself or of its record. Raises `Faulty`, `Failed`."""
    who, why = named(who, why)
    with log_of(desk, "surveil close", watch) as desk_log:
        recorded = [one for one in desk_log.log.records([Kind.SURVEILLANCE]) if one["action"] == FIND]
        meant = [one for one in recorded if name and _is(one, name.lower())]
        if len(meant) != 1:
            count = f"{len(meant)} recorded findings begin so" if meant else "no recorded finding has this id"
            words = f"`{name}`: {count}; `warrant surveil scan --record` records and lists them"
            raise Faulty(Fault("command line", 1, 1, words))
        return desk_log.record({
            "kind": Kind.SURVEILLANCE.value, "action": CLOSE, "finding": meant[0]["record_id"],
            "instruments": meant[0]["instruments"],
            "outcome": ESCALATED if escalate else CLEARED, "who": who, "why": why,
            "asked_at": now_text(datetime.now(UTC)),
        })  # fmt: skip


def _is(record: Json, begins: str) -> bool:
    return any(str(record[field]).startswith(begins) for field in ("record_id", "finding_id"))


def _record(desk_log: DeskLog, lookout: Lookout, found: Sequence[Told]) -> list[Json]:
    return [desk_log.record(one) for one in lookout.unrecorded(found)]
