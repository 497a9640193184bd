"""A resume that two persons are needed for: proposed by the first, seconded by the second, who then resumes the desk.

What they approve is bound to the very records that stopped the desk: after another stop it has to be approved anew.
"""

from __future__ import annotations

from adapters.audit.reader import LogReader
from adapters.desk.folder import Desk
from adapters.frame import Failed
from adapters.people.four_eyes import STATES
from adapters.people.seconding import Asked, Change, approve, law_of
from adapters.running.resuming import StillStopped
from adapters.running.watch import Watch
from adapters.store.faults import LogUnreadable
from adapters.verifying.governed import ACTIVE
from adapters.verifying.law import LawInForce
from knowledge.values import canonical


def ask_for_two(desk: Desk, asked: Asked, watch: Watch) -> None:
    """Where two persons are needed: record this one's approval. Raises `StillStopped` where it is the first.

    `Faulty`, `Failed` as `adapters.people.seconding.approve`.
    """
    try:
        with LogReader.read(desk.store) as log:
            law = law_of(log)
    except LogUnreadable as error:
        raise Failed(str(error)) from error
    if not law.roster.governs(STATES) or not law.stops:
        return
    done = approve(desk, _change, asked, watch)
    if not done.proposer:
        words = (
            f"`{asked.who}` has proposed it (record {done.record['record_id']}), and a second person has to resume it"
        )
        raise StillStopped((f"{words} by {done.record['use_by']}",))


def _change(log: LogReader, law: LawInForce) -> Change:
    stops = [log.record(one) for one in law.stops]
    told = [{name: one.get(name) for name in ("record_id", "as_of", "state", "who", "why")} for one in stops]
    lines = tuple(f"{one['state']} {one['as_of']} by {one['who']}: {one['why']}" for one in told)
    return Change(STATES, ACTIVE, f"ends {len(stops)}", canonical(told), lines=lines)
