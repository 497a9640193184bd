from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.audit.log import AuditLog
from adapters.store.address import Address
from adapters.store.faults import StoreFailed
from adapters.store.lease import Lease, LeaseLost, current, release, renew, take
from adapters.store.opening import opened
from tests.adapters.records import make_log

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def lease(holder: str, at: datetime = NOON, seconds: int = 30) -> Lease:
    return Lease(holder, "host", 7, "12345", "boot", at, at, at + seconds * SECOND)


def test_one_takes_it_the_other_sees_who_has_it(where: Address) -> None:
    with opened(where) as one, opened(where) as two:
        assert current(one) is None
        assert take(one, lease("a")) == lease("a")
        assert take(two, lease("b")) == lease("a") == current(two)
        assert take(one, lease("a", NOON + SECOND)) == lease("a"), "not even its own holder takes it twice"


def test_an_expired_one_is_free_and_its_holder_learns_that_he_lost_it(where: Address) -> None:
    with opened(where) as one, opened(where) as two:
        first = take(one, lease("a"))
        assert take(two, lease("b", NOON + 29 * SECOND)) == first
        second = take(two, lease("b", NOON + 30 * SECOND))
        assert second.holder == "b"
        with pytest.raises(LeaseLost, match="the lease of `a` is lost: `b` holds it since 2026-03-02T12:00:30"):
            renew(one, first, NOON + 31 * SECOND, NOON + 60 * SECOND)
        with pytest.raises(LeaseLost):
            release(one, first)
        assert current(one) == second


def test_renewed_it_stays_released_it_is_free(where: Address) -> None:
    with opened(where) as one, opened(where) as two:
        held = renew(one, take(one, lease("a")), NOON + 20 * SECOND, NOON + 50 * SECOND)
        assert held == replace(lease("a"), renewed_at=NOON + 20 * SECOND, expires_at=NOON + 50 * SECOND)
        assert take(two, lease("b", NOON + 40 * SECOND)) == held
        # late, but nobody else has taken it
        held = renew(one, held, NOON + 70 * SECOND, NOON + 99 * SECOND)
        release(one, held)
        assert current(two) is None
        with pytest.raises(LeaseLost, match="nobody holds it"):
            release(one, held)


def test_one_found_abandoned_is_taken_over_unless_it_was_renewed_meanwhile(where: Address) -> None:
    with opened(where) as one, opened(where) as two:
        found = take(one, lease("a"))
        renewed = renew(one, found, NOON + SECOND, NOON + 31 * SECOND)
        assert take(two, lease("b", NOON + 2 * SECOND), over=found) == renewed
        assert take(two, lease("b", NOON + 2 * SECOND), over=renewed).holder == "b"


def test_of_many_that_take_it_at_once_one_gets_it(where: Address) -> None:
    with opened(where):
        pass
    seen: list[Lease] = []
    together = threading.Barrier(8)

    def contend(name: str) -> None:
        with opened(where) as connection:
            together.wait()
            seen.append(take(connection, lease(name)))

    threads = [threading.Thread(target=contend, args=(f"p{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_an_instant_without_a_zone_is_no_instant(where: Address) -> None:
    with opened(where) as connection:
        naive = replace(lease("a"), renewed_at=datetime(2026, 3, 2, 12))
        with pytest.raises(ValueError, match="has no time zone"):
            take(connection, naive)
        assert current(connection) is None


def test_the_log_beside_it_does_not_notice(where: Address) -> None:
    make_log(where)
    with opened(where) as connection, AuditLog.open(where) as log:
        root = log.root
        take(connection, lease("a"))
        assert log.root == root
        log.append("stop", {"as_of": "2026-03-02T12:00:00Z", "recorded_at": "2026-03-02T12:00:00Z", "desk": "test",
                            "mode": "backtest", "reason": "beside a lease"})  # fmt: skip
        assert current(connection) == lease("a")


def test_a_store_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.sqlite").write_text("not a database at all " * 100)
    with (
        pytest.raises(StoreFailed, match=r"text.sqlite` cannot be used: it is not a database"),
        opened(tmp_path / "text.sqlite"),
    ):
        pass
