"""Which limits a desk decides by: those of its file, where they may take the place of those in force (docs/adr/0011).

Rules:
- before the first decision any limits may stand in the file: there is nothing to loosen;
- limits that differ from those in force are compared with them over all portfolios. *Equivalent* and *tighter* go on,
  with a record. Anything else needs an `approval` in the log of exactly this pair, by a person who is listed, with his
  key where one is listed; otherwise the desk does not start, and a record says so once;
- an approval is used once. One with a last session holds up to it: the cycle behind it brings the former limits back
  from the log, and they stay in force although the file still holds the others;
- while limits hold for a time, others are compared with the *lasting* limits. What is no looser than those lasts; what
  is no looser than those for a time ends with them.

Left out: changes of rules and policies; a file that is edited while the desk runs, which counts at the next start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from adapters.audit.kinds import Kind
from adapters.audit.reader import LogReader
from adapters.desk.folder import SETTINGS, Desk, read_desk, shown
from adapters.people.approvals import objection
from adapters.people.four_eyes import LIMITS, pair_against, pairs
from adapters.verifying.law import ADOPTED, FREE, REFUSED, RESTORED, REVERTED, LawInForce
from engine.limits.model import Limits
from engine.limits.text import recorded_limits
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, parse

if TYPE_CHECKING:
    from adapters.asking.compared import Compared
    from adapters.running.desk_log import DeskLog
    from adapters.running.runner import Runner


def settle(runner: Runner) -> None:
    """At the start: let the file's limits come into force, or the former ones stay. Raises `Faulty`."""
    law, file = runner.standing.law, runner.law.limits
    if not law.decided or file.fingerprint == law.current:
        return
    approval, against = _approval(runner.desk, law, file.fingerprint, runner.standing.last_session, runner.recording_at)
    if approval is None and file.fingerprint == law.lapsed:
        _bind_former(runner, law.current)
        return
    record, blobs = _judged(runner, approval, against)
    if record["outcome"] == ADOPTED:
        runner.amend(record, blobs)
        return
    if law.refused != (law.current, file.fingerprint):
        runner.amend(record, blobs)
    raise Faulty(Fault(shown(runner.desk.limits), 1, 1, record["reason"]))


def revert_where_due(runner: Runner, day: str) -> None:
    """Before the cycle of a bar that the approval does not reach: the lasting limits are in force again."""
    law = runner.standing.law
    if not law.ended(day):
        return
    former, until, lasting = law.current, law.until, law.lasting
    limits_of(runner.log, lasting)
    why = f"their approval ended on {until}; the limits before it are in force again"
    record: Json = {"kind": "change", "old": former, "new": lasting, "outcome": REVERTED, "verdict": RESTORED}
    runner.amend({**record, "reason": why}, {})
    _bind_former(runner, lasting)


def limits_of(log: LogReader, digest: str) -> Limits:
    """Limits that the log has kept. Raises `Faulty` where it has not, or nobody reads them any more."""
    try:
        return recorded_limits(parse(log.blob(digest)))
    except KeyError:
        words = f"the log does not hold the text of the limits in force, {digest}; put that file back"
        raise Faulty(Fault("limits.yaml", 1, 1, words)) from None


def binding(desk_log: DeskLog, file: Limits) -> Limits:
    """What binds a desk that does not run: its file's limits once they are in force or approved, else the former.

    Raises `Faulty` as `limits_of` does.
    """
    standing = desk_log.standing
    if not standing.law.decided or file.fingerprint == standing.law.current:
        return file
    found, _ = _approval(desk_log.desk, standing.law, file.fingerprint, standing.last_session, desk_log.recording_at)
    return file if found is not None else limits_of(desk_log.log, standing.law.current)


def compared_with(log: LogReader, old: str, new: tuple[str, str], currency: str) -> Compared:
    """The file `new` (text and name) beside limits that the log has kept, over the market of its last decision."""
    from adapters.asking.compared import compared, unknown

    last: Json = next(log.records([Kind.DECISION], newest_first=True))
    try:
        text = parse(log.blob(old))
    except KeyError:
        # An earlier release kept the text with the first decision only, and there was none under these.
        return unknown("the log does not hold the text of the limits in force")
    snapshot = parse(log.blob(last["inputs"]["snapshot"]))
    return compared((text, "limits.yaml in force"), new, snapshot, currency)


def person_objection(desk: Desk, who: str) -> str:
    """Why this person approves nothing here; empty where he is listed."""
    listed = desk.settings.people.approve
    if who in listed:
        return ""
    names = ", ".join(f"`{name}`" for name in listed) or "nobody"
    return f"`{who}` may not approve limits of this desk: `[people] approve` of {SETTINGS} lists {names}"


def _approval(desk: Desk, law: LawInForce, new: str, session: str, now: str) -> tuple[Json | None, str]:
    """The newest approval of this pair that still holds, and else why the newest does not."""
    against = ""
    for first, one in pairs(law.approvals, LIMITS, law.current, new):
        found = _stands_against(desk, one, session)
        if not found and law.roster.governs(LIMITS):
            found = pair_against(law.roster, first, one, now)
        if not found:
            return one, ""
        against = against or found
    return None, against


def _stands_against(desk: Desk, approval: Json, session: str) -> str:
    # As the file says now: whoever was struck off since approves nothing any more.
    now = read_desk(desk.folder)
    who, until = approval["who"], approval.get("until") or ""
    if found := person_objection(now, who) or objection(approval):
        return found
    listed = now.settings.people.keys.get(who)
    if listed is not None and approval.get("key") != listed:
        return f"it is not signed with the key that `[people.keys]` of {SETTINGS} lists for `{who}`"
    if listed is None and "key" in approval:
        return f"it is signed with a key that `[people.keys]` of {SETTINGS} does not list any more"
    return f"it ended on {until}" if until and session[:10] > until else ""


def _judged(runner: Runner, approval: Json | None, against: str) -> tuple[Json, Mapping[str, bytes]]:
    """The record of what becomes of the file's limits, and what it names."""
    law, file = runner.standing.law, runner.law.limits
    change: Json = {"kind": "change", "old": law.current, "new": file.fingerprint}
    blobs = {file.fingerprint: file.encoded}
    if approval is not None:
        names = {name: approval[name] for name in ("verdict", "until") if approval.get(name)}
        why = f"approved by {approval['who']}: {approval['reason']}"
        return {**change, **names, "outcome": ADOPTED, "approval": approval["record_id"], "reason": why}, blobs
    if file.fingerprint == law.lasting:
        why = "these limits were in force before an approval for a time, and need none"
        return {**change, "outcome": ADOPTED, "verdict": RESTORED, "reason": why}, blobs
    found = _beside(runner, law.lasting)
    if _is_free(found):
        beside = {"against": law.lasting} if law.until else {}
        return _free(change, found, beside), {**blobs, found.digest: found.encoded}
    if law.until:
        found = _beside(runner, law.current)
        if _is_free(found):
            return _free(change, found, {"until": law.until}), {**blobs, found.digest: found.encoded}
    why = _refusal(found, against)
    refused = {**change, "outcome": REFUSED, "verdict": found.verdict, "diff": found.digest, "reason": why}
    return refused, {**blobs, found.digest: found.encoded}


def _is_free(found: Compared) -> bool:
    """Whether nobody has to approve: not looser, and seen from the text, so that no other market makes it looser."""
    return found.verdict in FREE and found.value.get("on_its_face") is True


def _free(change: Json, found: Compared, beside: Mapping[str, str]) -> Json:
    why = f"{found.verdict}: {found.value['why']}"
    return {**change, **beside, "outcome": ADOPTED, "verdict": found.verdict, "diff": found.digest, "reason": why}


def _beside(runner: Runner, old: str) -> Compared:
    new = (runner.law.limits.source, shown(runner.desk.limits))
    return compared_with(runner.log, old, new, runner.desk.settings.desk.currency)


def _refusal(found: Compared, against: str) -> str:
    if found.verdict in FREE:
        told = {
            found.verdict: f"{found.verdict} on the market of the last decision only, by other limits that bind first"
        }
    else:
        told = {"looser": "looser than those in force", "incomparable": "looser in part than those in force"}
    words = told.get(found.verdict, f"not shown to be no looser than those in force ({found.value['why']})")
    approved = f"the approval there is does not count, as {against}" if against else "nobody has approved them"
    way = "`warrant limits approve --approve NAME --reason TEXT` does that, and shows what they let through"
    return f"these limits are {words}, and {approved}; {way}; or put the former file back"


def _bind_former(runner: Runner, digest: str) -> None:
    from adapters.running.world import Law

    runner.bind(Law(runner.law.rulebook, limits_of(runner.log, digest)))
