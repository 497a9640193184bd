"""An approval that somebody sends to a desk's log: taken where it stands up to all that a verification will ask.

What comes out of the letter box was written by whoever may write there, so nothing in it is believed: the signature is
over the desk's own name and mode, and what it says is in force has to be so now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from adapters.audit.envelope import RECORD
from adapters.people.approvals import SIGNED, objection
from adapters.people.four_eyes import subject_of
from adapters.verifying.governed import approval as complaints
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, canonical, digest, parse

if TYPE_CHECKING:
    from adapters.running.desk_log import DeskLog

_SAID = frozenset(SIGNED) - {"desk", "mode"} | {"signature", "claimed"}
"""All that an approval says: what is under its signature, and that. The log writes the rest."""


def sealed(record: Json, blobs: Mapping[str, bytes]) -> str:
    """An approval and what it names, as one line of text for the letter box."""
    return canonical({"record": record, "blobs": [content.decode() for content in blobs.values()]}).decode()


def unsealed(letter: str) -> tuple[Json, dict[str, bytes]]:
    """What `sealed` was given. Raises `Faulty` where it is something else."""
    try:
        found = parse(letter.encode())
        contents = [content.encode() for content in found["blobs"]]
        record = dict(found["record"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _not("it is no approval") from None
    return record, {digest(content): content for content in contents}


def accept(desk_log: DeskLog, record: Json, blobs: Mapping[str, bytes]) -> Json:
    """Record an approval; the record as written. Raises `Faulty` with all that stands against it, `LogUnwritable`."""
    if more := sorted(map(str, record.keys() - _SAID)):
        raise _not(f"it says what no approval says: {', '.join(more)}")
    law, settings = desk_log.standing.law, desk_log.desk.settings
    whole = {**record, "desk": settings.desk.name, "mode": desk_log.mode.value, "kind": "approval"}
    # Of its shape first: what is asked after that may rely on it.
    common = {"format": "warrant-record/1", "record_id": "0" * 16, "seq": 0, "recorded_at": record.get("asked_at")}
    try:
        RECORD.validate_python({**common, "as_of": record.get("asked_at"), **whole})
    except ValueError as error:
        raise _not(f"it is not of the shape of an approval ({str(error).splitlines()[0]})") from None
    what = subject_of(whole)
    if not law.roster.governs(what):
        raise _not(f"two persons are not needed for {what} of this desk")
    found = [against for against in (objection(whole),) if against]
    found += [sentence for _, sentence in complaints(law, whole)]
    if found:
        raise _not("; ".join(dict.fromkeys(found)))
    if not {record["diff"], record["new"]} <= {*blobs, *_kept(desk_log, record)}:
        raise _not("what it names by digest is not with it")
    named = {name: content for name, content in blobs.items() if name in (record["diff"], record["new"])}
    return desk_log.approve({"kind": "approval", **record}, named)


def _kept(desk_log: DeskLog, record: Json) -> set[str]:
    """What need not be sent: what the log has, and digests of what is no text (a model, a state, a key)."""
    bare = {record["new"]} if record.get("what") in ("models", "states", "keys", "people") else set()
    found = set()
    for name in (record["diff"], record["new"]):
        try:
            desk_log.log.blob(name)
        except KeyError:
            continue
        found.add(name)
    return found | bare


def _not(words: str) -> Faulty:
    return Faulty(Fault("approval", 1, 1, f"not recorded: {words}"))
