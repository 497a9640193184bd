"""The key that signs a desk's log: a file of the desk, enrolled in the log, replaced and revoked by people.

Rules:
- the private key is the file that `[store] key` of warrant.toml names, readable by its owner alone; it is never made
  unasked: `warrant init`, `warrant demo` and `warrant keys log` make it;
- a desk without that file signs nothing, and says so where checkpoints are asked for;
- a paper desk enrols its key in the log at its next start, and starts with no other key than the one in force. A
  backtest's log names no key: two runs have the same root, which proves more than a signature does;
- a new key lies beside the old one until the log names it, and then takes its place. The old file stays, under its id;
- where the desk asks for two persons for keys, neither a first key nor another is named without both
  (`warrant keys approve`). To revoke one is free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.audit.kinds import Kind
from adapters.audit.log import AuditLog, LogReader
from adapters.desk.folder import Desk, shown
from adapters.frame import Failed
from adapters.people.four_eyes import KEYS
from adapters.people.keys import make_key, read_key, signature
from adapters.people.persons import approved
from adapters.people.seconding import Change, needed
from adapters.running.continuity import check_account
from adapters.running.intervention import lenient, named, now_text, opened
from adapters.running.lease import held
from adapters.signing.checkpoint import SignedCheckpoint, origin_of
from adapters.signing.log_keys import ENROL, REVOKE, ROTATE, LogKeys, statement
from adapters.signing.note import Signer, VerifierKey
from adapters.store.faults import StoreFailed
from adapters.store.opening import is_there
from adapters.verifying.governed import named as named_key
from adapters.verifying.law import LawInForce
from engine.orders.portfolio import Mode
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, canonical

if TYPE_CHECKING:
    from adapters.running.desk_log import DeskLog

BY_ITSELF = "the desk's first start with a key of its log"


_UNNAMED = {
    Mode.PAPER: "the log does not name this key; it does so at the desk's next start, and then it can be replaced",
    Mode.BACKTEST: "a backtest's log names no key; move the file away, and `warrant keys log` makes another",
}


def make_log_key(desk: Desk) -> VerifierKey:
    """Make the desk's key file. Raises `Faulty` where there is one, or it cannot be written."""
    _make(desk.log_key)
    return _read(desk, desk.log_key).key


def log_signer(desk: Desk) -> Signer | None:
    """The key that signs this desk's log; None where there is no file. Raises `Faulty` where others may read it."""
    return _read(desk, desk.log_key) if desk.log_key.exists() else None


def needed_signer(desk: Desk) -> Signer:
    """The same. Raises `Faulty` where there is none."""
    found = log_signer(desk)
    if found is None:
        raise _fault(desk.log_key, "the desk has no key to sign its log by; make one: `warrant keys log`")
    return found


def keys_of(log: LogReader) -> LogKeys:
    """The keys that the log names."""
    found = LogKeys()
    for record in log.records([Kind.KEY]):
        found.feed(record)
    return found


def checked_signer(desk_log: DeskLog) -> Signer | None:
    """The signer of a desk that starts; None where it has no key. Raises `Faulty` where the log names another."""
    desk, known = desk_log.desk, keys_of(desk_log.log)
    _settle(desk, known)
    signer, current = log_signer(desk), known.current
    if current is not None and (signer is None or signer.key != current):
        what = "holds another key" if signer else "is missing"
        words = f"the log is signed by `{current.text}`, and this file {what}; bring it back, or end that key:"
        raise _fault(desk.log_key, f"{words} `warrant keys revoke`")
    if signer is not None and current is None and known.of(signer.key) is not None:
        raise _fault(desk.log_key, "this key was revoked; move the file away and make another: `warrant keys log`")
    return signer


def enrol(desk_log: DeskLog) -> None:
    """Name the key of a paper desk in its log, where none is in force. Raises `LogUnwritable`."""
    signer = desk_log.signer
    if signer is None or desk_log.mode is not Mode.PAPER or keys_of(desk_log.log).current is not None:
        return
    approval = _by_two(desk_log, signer.key, desk_log.desk.log_key)
    record = {**_about(desk_log, ENROL, signer.key, "engine", BY_ITSELF), **approval}
    desk_log.record_key({**record, "proof": signature(signer.private, statement(record))})


def sign_now(desk: Desk) -> SignedCheckpoint:
    """A checkpoint of the log as it is, also while a process runs the desk. Raises `Faulty`, `Failed`."""
    signer = needed_signer(desk)
    if not is_there(desk.store):
        raise Failed(f"there is no log `{shown(desk.store)}` to sign; run `warrant cycle` first")
    try:
        with AuditLog.open(desk.store) as log:
            check_account(desk, log)
            known = keys_of(log)
            if known.tenures and known.current != signer.key:
                words = "this is not the key in force in the log; the desk's next start says what to do"
                raise _fault(desk.log_key, words)
            return log.checkpoint(signer)
    except StoreFailed as error:
        raise Failed(str(error)) from error


def rotate(desk: Desk, who: str, reason: str) -> VerifierKey:
    """Put a new key in the place of the desk's. Raises `Faulty`, `Failed`; then the former one is in force."""
    who, reason = named(who, reason)
    former, beside = needed_signer(desk), _beside(desk)
    with _at_rest(desk, "keys rotate") as desk_log:
        known = keys_of(desk_log.log)
        if known.current != former.key:
            raise _fault(desk.log_key, _UNNAMED[desk_log.mode])
        if not beside.exists():
            _make(beside)
        new = _read(desk, beside)
        approval = _by_two(desk_log, new.key, beside)
        desk_log.log.checkpoint(former)
        record = approval | _about(desk_log, ROTATE, new.key, who, reason, former=former.key.text)
        desk_log.record_key(
            {
                **record,
                "proof": signature(new.private, statement(record)),
                "signature": signature(former.private, statement(record)),
            }
        )
        _settle(desk, keys_of(desk_log.log))
        desk_log.log.checkpoint(new)
    return new.key


def revoke(desk: Desk, who: str, reason: str) -> VerifierKey:
    """End the key in force, signed by it where its file is there. Raises `Faulty`, `Failed`."""
    who, reason = named(who, reason)
    with _at_rest(desk, "keys revoke") as desk_log:
        current = keys_of(desk_log.log).current
        if current is None:
            raise _fault(desk.log_key, "the log names no key in force; there is nothing to revoke")
        signer = log_signer(desk)
        record = _about(desk_log, REVOKE, current, who, reason)
        if signer is not None and signer.key == current:
            desk_log.record_key({**record, "signature": signature(signer.private, statement(record))})
            desk.log_key.rename(_retired(desk, current))
        else:
            desk_log.record_key({**record, "claimed": True})
    return current


@contextmanager
def _at_rest(desk: Desk, what: str) -> Iterator[DeskLog]:
    """The desk's log while no process runs the desk. Raises `Faulty`, `Failed`."""
    if not is_there(desk.store):
        raise Failed(f"there is no log `{shown(desk.store)}`, so no key is in force; the first cycle makes it")
    try:
        with held(desk.store, what), opened(desk, lenient) as desk_log:
            check_account(desk, desk_log.log)
            yield desk_log
    except StoreFailed as error:
        raise Failed(str(error)) from error


def _about(desk_log: DeskLog, action: str, key: VerifierKey, who: str, reason: str, **more: Json) -> dict[str, Json]:
    about: dict[str, Json] = {"action": action, "vkey": key.text, **more, "who": who, "reason": reason}
    about["asked_at"] = now_text(desk_log.now())
    return {**about, "desk": desk_log.desk.settings.desk.name, "mode": desk_log.mode.value}


def key_change(desk: Desk) -> Callable[[LogReader, LawInForce], Change]:
    """The key that waits to be named in the log: the one beside the desk's, else the desk's own. Raises `Faulty`."""

    def change(_: LogReader, law: LawInForce) -> Change:
        needed(law, KEYS)
        file = _beside(desk) if _beside(desk).exists() else desk.log_key
        if not file.exists():
            raise _fault(file, "there is no key; `warrant keys log` makes the first, `warrant keys rotate` another")
        key = _read(desk, file).key.text
        told = {"old": law.log_key, "new": key}
        lines = (f"in force: {law.log_key or 'none'}", f"to come:  {key}")
        return Change(KEYS, named_key(key), "another key of the log", canonical(told), lines=lines)

    return change


def _by_two(desk_log: DeskLog, key: VerifierKey, file: Path) -> dict[str, Json]:
    """The approval by which this key comes into force, where two persons are needed. Raises `Faulty` without it."""
    law = desk_log.standing.law
    if not (law.decided and law.roster.governs(KEYS)):
        return {}
    approval, against = approved(law, KEYS, named_key(key.text), desk_log.recording_at)
    if approval is None:
        words = f"two persons are needed for this key, and {against or 'nobody has approved it'}"
        raise _fault(file, f"{words}; `warrant keys approve --approve NAME --reason TEXT --key FILE` by both does that")
    return {"approval": approval["record_id"]}


def _settle(desk: Desk, known: LogKeys) -> None:
    """Put a new key that the log names in the place of the former one: what a rotation did, or did not get to do."""
    beside = _beside(desk)
    if known.current is None or not beside.exists() or _read(desk, beside).key != known.current:
        return
    if desk.log_key.exists():
        desk.log_key.rename(_retired(desk, _read(desk, desk.log_key).key))
    beside.rename(desk.log_key)


def _beside(desk: Desk) -> Path:
    return desk.log_key.with_name(f"{desk.log_key.name}.new")


def _retired(desk: Desk, key: VerifierKey) -> Path:
    return desk.log_key.with_name(f"{desk.log_key.stem}-{key.id.hex()}{desk.log_key.suffix}")


def _read(desk: Desk, file: Path) -> Signer:
    return Signer(origin_of(desk.settings.desk.name), read_key(file))


def _make(file: Path) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _fault(file, f"its folder cannot be made: {error.strerror}; name another in `[store] key`") from None
    make_key(file)


def _fault(file: Path, words: str) -> Faulty:
    return Faulty(Fault(shown(file), 1, 1, words))
