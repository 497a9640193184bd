"""Which key is in force when, by records alone: every rule of enrolling, rotating and revoking, either way round."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.people.keys import signature
from adapters.signing.log_keys import ENROL, REVOKE, ROTATE, LogKeys, statement
from adapters.signing.note import Signer
from knowledge.values import Json

ONE, TWO, THREE, THIEF = (
    Signer("warrant/test", Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)) for seed in range(1, 5)
)


def record(action: str, seq: int, signer: Signer, by: Signer | None = None, **more: Any) -> dict[str, Json]:
    """A key record, proved by its own key and signed by `by`."""
    about: dict[str, Json] = {"kind": "key", "desk": "test", "mode": "paper", "seq": seq, "action": action}
    about |= {"vkey": signer.key.text, "who": "Ada", "reason": "a test", "asked_at": "2026-03-02T12:00:00Z"}
    if action == ROTATE and by is not None:
        about["former"] = by.key.text
    about |= {name: value for name, value in more.items() if name not in ("proof", "signature", "claimed")}
    if action != REVOKE:
        about["proof"] = signature(signer.private, statement(about))
    if by is not None:
        about["signature"] = signature(by.private, statement(about))
    return {**about, **more}


def folded(*records: Json) -> LogKeys:
    keys = LogKeys()
    for one in records:
        assert keys.feed(one) == ()
    return keys


ENROLLED = record(ENROL, 10, ONE)
ROTATED = record(ROTATE, 20, TWO, ONE)
REVOKED = record(REVOKE, 30, TWO, TWO)


def test_each_key_signs_up_to_the_record_that_ends_it() -> None:
    keys = folded(ENROLLED, ROTATED, REVOKED, record(ENROL, 40, THREE))
    in_force = {size: tenure.key if (tenure := keys.at(size)) else None for size in (0, 5, 20, 21, 30, 31, 40, 41, 99)}
    one, two, three = ONE.key, TWO.key, THREE.key
    assert in_force == {0: one, 5: one, 20: one, 21: two, 30: two, 31: None, 40: None, 41: three, 99: three}
    assert keys.current == three
    assert folded(ENROLLED, ROTATED, REVOKED).current is None


def test_who_trusts_a_key_follows_it_forward_and_not_over_a_revocation() -> None:
    keys = folded(ENROLLED, ROTATED, REVOKED, record(ENROL, 40, THREE))
    assert keys.vouched(TWO.key, {ONE.key}) == ONE.key
    assert keys.vouched(TWO.key, {TWO.key}) == TWO.key
    assert keys.vouched(ONE.key, {TWO.key}) is None
    assert keys.vouched(THREE.key, {ONE.key, TWO.key}) is None
    assert keys.vouched(THIEF.key, {ONE.key}) is None


@pytest.mark.parametrize(
    ("before", "wrong", "field"),
    [
        ((), record(ENROL, 10, Signer("warrant/other", ONE.private)), "vkey"),
        ((), {**ENROLLED, "vkey": THIEF.key.text}, "proof"),
        ((), {**ENROLLED, "vkey": "nonsense"}, "vkey"),
        ((), {**ENROLLED, "desk": "other"}, "vkey"),
        ((), {**ENROLLED, "reason": "another one"}, "proof"),
        ((), {**ENROLLED, "proof": 5}, "proof"),
        ((), {**ENROLLED, "proof": "no base64!"}, "proof"),
        ((), ROTATED, "former"),
        ((), REVOKED, "vkey"),
        ((ENROLLED,), ENROLLED, "vkey"),
        ((ENROLLED,), record(ENROL, 20, TWO), "action"),
        ((ENROLLED,), record(ROTATE, 20, TWO, THIEF), "former"),
        ((ENROLLED,), record(ROTATE, 20, TWO, THIEF, former=ONE.key.text), "signature"),
        ((ENROLLED,), {**ROTATED, "signature": ROTATED["proof"]}, "signature"),
        ((ENROLLED,), {**ROTATED, "proof": ROTATED["signature"]}, "proof"),
        ((ENROLLED,), record(ROTATE, 20, ONE, ONE), "vkey"),
        ((ENROLLED,), record(REVOKE, 20, ONE, THIEF), "signature"),
        ((ENROLLED,), record(REVOKE, 20, ONE), "signature"),
        ((ENROLLED,), record(REVOKE, 20, ONE, ONE, claimed=True), "claimed"),
        ((ENROLLED,), record(REVOKE, 20, THIEF, THIEF), "vkey"),
        ((ENROLLED, ROTATED), record(ROTATE, 30, ONE, TWO), "vkey"),
        ((ENROLLED, ROTATED, REVOKED), ROTATED, "vkey"),
        ((ENROLLED, ROTATED, REVOKED), record(ENROL, 40, TWO), "vkey"),
    ],
)
def test_what_does_not_hold_is_told_and_changes_nothing(before: tuple[Json, ...], wrong: Json, field: str) -> None:
    keys = folded(*before)
    known = list(keys.tenures)
    assert field in {name for name, _ in keys.feed(wrong)}
    assert keys.tenures == known


def test_a_lost_key_is_revoked_by_a_claim() -> None:
    assert folded(ENROLLED, record(REVOKE, 20, ONE, claimed=True)).current is None


def test_other_records_are_passed_over() -> None:
    assert LogKeys().feed({"kind": "state"}) == ()
