"""*Kill* and *resume* from outside: asked of the process that runs the desk, or done without one.

Rules:
- where a process holds the lease it is asked, by a request in the store, and has a few seconds to answer;
- a *kill* that gets no answer is written to the log all the same. The log lets no two processes write: the one that
  did not answer is refused its next record and ends, and nothing it decided since goes out;
- a *resume* that gets no answer is withdrawn: nothing resumes a desk minutes after somebody gave up asking;
- what is done here is told to a watch, as the process that runs the desk would tell it: the alert goes out either way;
- a kill needs warrant.toml and the log, and nothing else: no bars, rules, limits, worker or sound instruments.yaml.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal
from unicodedata import bidirectional, category

from adapters.audit.log import AuditLog, LogUnwritable
from adapters.desk.folder import Desk, shown
from adapters.desk.instruments import load_instruments
from adapters.frame import Failed
from adapters.paper.venue import Listing
from adapters.people.accepting import accept, unsealed
from adapters.running.amending import binding
from adapters.running.continuity import check_account
from adapters.running.desk_log import DeskLog
from adapters.running.lease import alive, held
from adapters.running.resuming import StillStopped
from adapters.running.watch import Watch, unwatched
from adapters.store import lease, opening, requests
from adapters.store.faults import StoreFailed
from engine.limits.model import Limits
from knowledge.faults import Fault, Faulty
from knowledge.values import Json

What = Literal["kill", "resume", "approve"]
DONE, REFUSED, WITHDRAWN = "done: ", "refused: ", "withdrawn: "
"""How an answer begins."""
PATIENCE = 5.0
"""Seconds that the process which runs the desk has to answer."""
_LOOK = 0.1
_TRIES = 5
"""How often a kill is written anew where another process was faster."""
_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def now_text(moment: datetime) -> str:
    """The instant as records write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def named(who: str, why: str) -> tuple[str, str]:
    """Both on one line each. Raises `Faulty` where one is empty: an intervention without either is nobody's.

    What no terminal shows as it is (bytes that are no text, escapes, turns of direction) is replaced: it must neither
    keep a kill from the log nor write over the lines of whoever reads it.
    """
    for option, given in (("who", who), ("why", why)):
        if not given.strip():
            raise Faulty(Fault("command line", 1, 1, f"`--{option}` is empty; say it, it goes into the log"))
    return plain(who), plain(why)


def answer(desk_log: DeskLog, limits: Limits, what: str, who: str, why: str, asked_at: datetime) -> str:
    """Do what a request asks, and say what became of it. Raises `LogUnwritable`."""
    try:
        if what == "approve":
            return DONE + str(accept(desk_log, *unsealed(why))["record_id"])
        at, who, why = now_text(asked_at), plain(who), plain(why)
        if what == "kill":
            return DONE + kill_words(desk_log.kill(who, why, at))
        if what == "resume":
            return DONE + resume_words(desk_log.resume(who, why, at, limits))
    except StillStopped as refusal:
        return REFUSED + str(refusal)
    except Faulty as faulty:
        return REFUSED + "; ".join(map(str, faulty.faults))
    return f"{REFUSED}nobody here knows how to `{what}`; ask for kill, resume or approve"


def kill(desk: Desk, who: str, why: str, watch: Watch = unwatched, patience: float = PATIENCE) -> str:
    """Kill the desk, with or without the process that runs it; what was done. Raises `Failed`."""
    _began(desk)
    asked = datetime.now(UTC)
    found = ask(desk, "kill", who, why, patience)
    if found.startswith(DONE):
        return found.removeprefix(DONE)
    for _ in range(_TRIES):
        try:
            with opened(desk, lenient, watch) as desk_log:
                words = kill_words(desk_log.kill(who, why, now_text(asked)))
        except LogUnwritable as error:
            failure = error
        else:
            return f"{words}; {found}" if found else words
    raise Failed(f"{failure}; end the desk's process by hand, and cancel its entries at the broker") from failure


def resume(desk: Desk, limits: Limits, who: str, why: str, watch: Watch = unwatched, patience: float = PATIENCE) -> str:
    """Resume the desk; what was done. `limits` are its file's, which count once they are in force or approved.

    Raises `StillStopped`, `Faulty`, `Failed`."""
    _began(desk)
    asked = datetime.now(UTC)
    found = ask(desk, "resume", who, why, patience)
    if found.startswith(DONE):
        return found.removeprefix(DONE)
    if found.startswith(REFUSED):
        raise StillStopped((found.removeprefix(REFUSED),))
    if found:
        raise Failed(f"{found}, and the desk was not resumed; end that process, and ask again")
    try:
        with held(desk.store, "resume"), opened(desk, _strict, watch) as desk_log:
            # Whose people and limits these settings name: not those of a log that another desk began.
            check_account(desk, desk_log.log)
            limits = binding(desk_log, limits)
            return resume_words(desk_log.resume(who, why, now_text(asked), limits))
    except StoreFailed as error:
        raise Failed(str(error)) from error


def kill_words(appended: list[Json]) -> str:
    """What a kill did."""
    entries = sum(one["kind"] == "cancel" for one in appended)
    if not any(one["kind"] == "state" for one in appended):
        return "the desk was killed before" + (f"; {entries} entries more were cancelled" if entries else "")
    return f"the desk is killed; entries cancelled: {entries}; exits and protective orders stay"


def resume_words(appended: list[Json]) -> str:
    """What a resume did."""
    if not appended:
        return "the desk is active; there is nothing to resume"
    return f"the desk is active; ended: {', '.join(appended[0]['ends'])}"


@contextmanager
def opened(
    desk: Desk, listings: Callable[[Desk], Mapping[str, Listing]], watch: Watch = unwatched
) -> Iterator[DeskLog]:
    """The desk's log and standing, without cycles. Raises `LogUnwritable`."""
    with AuditLog.open(desk.store) as log:
        yield DeskLog(desk, log, listings(desk), watch)


def ask(desk: Desk, what: What, who: str, why: str, patience: float) -> str:
    """The answer of the process that runs the desk; empty where none does, or the letter box is out of order."""
    try:
        with opening.opened(desk.store) as connection:
            holder = lease.current(connection)
            if holder is None or not alive(holder, datetime.now(UTC)):
                return ""
            number = requests.ask(connection, datetime.now(UTC), what, who, why).id
            end = time.monotonic() + patience
            while time.monotonic() < end:
                found = requests.request(connection, number).answer
                if found is not None:
                    return found
                time.sleep(_LOOK)
            silence = f"`{holder.holder}` (process {holder.pid} on {holder.host}) holds the desk and did not answer"
            # It may have answered in this very moment: then that is the answer.
            requests.answer(connection, number, datetime.now(UTC), f"{WITHDRAWN}no answer within {patience:g} s")
            found = requests.request(connection, number).answer or ""
            return silence if found.startswith(WITHDRAWN) else found
    except StoreFailed:
        if what == "kill":
            return ""
        raise


def plain(words: str) -> str:
    """On one line, without what no terminal shows as it is."""
    return "".join("\N{REPLACEMENT CHARACTER}" if _hides(sign) else sign for sign in " ".join(words.split()))


def _hides(sign: str) -> bool:
    return category(sign) in ("Cc", "Cs") or bidirectional(sign) in _TURNS


def _began(desk: Desk) -> None:
    if not opening.is_there(desk.store):
        words = f"the desk has no log `{shown(desk.store)}`: it has never run and has no orders; do not start it"
        raise Failed(words)


def _strict(desk: Desk) -> dict[str, Listing]:
    known = load_instruments(desk.instruments)
    return {one.symbol: Listing(one.tick, one.currency, one.multiplier) for one in known}


def lenient(desk: Desk) -> Mapping[str, Listing]:
    """The desk's instruments; any name where their file is broken."""
    try:
        return _strict(desk)
    except Faulty:
        return _AnyListing(desk.settings.desk.currency)


class _AnyListing(dict[str, Listing]):
    """Terms for every name: what a kill appends has no price in it, so a broken file of instruments may not stop it."""

    def __init__(self, currency: str) -> None:
        super().__init__()
        self._listing = Listing(Decimal("0.01"), currency, Decimal(1))

    def __missing__(self, name: str) -> Listing:
        return self._listing
