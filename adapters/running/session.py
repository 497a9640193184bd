"""A desk opened for running: law checked, log verified, lease taken, worker started, unfinished business resolved.

The order is the point: nothing starts before the files are sound, nothing is read from the log before the lease is
ours, and nothing is sent before the log verifies. At its end the log is signed, where the desk has a key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from adapters.audit.log import AuditLog
from adapters.desk.folder import Desk, refuse_packaged
from adapters.frame import Failed
from adapters.people.persons import check_persons, settled
from adapters.running.adopting import adopt
from adapters.running.amending import settle
from adapters.running.clock import Clock, name_of
from adapters.running.continuity import check_account, check_costs, check_instruments, terms_of
from adapters.running.lease import held
from adapters.running.memory import settled_memory
from adapters.running.provenance import program
from adapters.running.runner import Runner
from adapters.running.watch import Watch, unwatched
from adapters.running.worker import Worker, WorkerLost
from adapters.running.world import Law, World, placed, read_law
from adapters.signing.log_key import checked_signer, enrol
from adapters.store.faults import StoreFailed
from adapters.verifying.law import APPROVED
from engine.orders.portfolio import Mode
from knowledge.faults import Faulty
from knowledge.values import Json, text

PACKAGES = ("z3-solver", "clipspy", "pyswip", "TA-Lib", "catboost", "scikit-learn", "numpy", "pandas")
"""Whose versions a start record names."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for the lease of a desk."""

    what: str = "cycle"
    """The command, for whom it stands in the way of."""
    wait: bool = False
    """Whether to wait for a holder to end."""
    stopping: Callable[[], bool] = lambda: False
    """Whether waiting is to end."""


@contextmanager
def opened(
    desk: Desk,
    world: World,
    watch: Watch = unwatched,
    clock: Clock | None = None,
    claim: Claim = Claim(),
) -> Iterator[Runner]:
    """A runner over the desk's log. Raises `Faulty` for the desk's files, `Failed` for the store and the engines.

    `Faulty`, too, where its limits need an approval and have none (`adapters/running/amending.py`).
    `Failed` too where another process runs the desk.
    """
    refuse_packaged(desk)
    law = read_law(desk)
    check_costs(desk, law.limits)
    check_persons(desk)
    try:
        with (
            _worker(desk, law) as worker,
            AuditLog.open(desk.store) as log,
            held(desk.store, claim.what, wait=claim.wait, stopping=claim.stopping) as lease,
        ):
            check_account(desk, log)
            runner = Runner(desk, law, world, log, worker, watch, clock)
            runner.lease = lease
            check_instruments(desk, runner.standing, world.listings)
            runner.signer = checked_signer(runner)
            people = settled(desk, runner.standing.law, runner.recording_at)
            settle(runner)
            adopt(runner)
            _begin(runner, clock, people)
            with settled_memory():
                yield runner
            runner.sign()
    except StoreFailed as error:
        raise Failed(f"{error}; nothing more was sent") from error
    except WorkerLost as error:
        raise Failed(f"{error}; run `warrant doctor`") from error


def _worker(desk: Desk, law: Law) -> Worker:
    """A worker with this law. What only the engines themselves find wrong with it is told with its place."""
    try:
        return Worker(law.rulebook, law.limits).start()
    except Faulty as error:
        raise Faulty(*placed(desk, error)) from None


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    """Each package with its version. What is installed is looked through once: it is loaded by now."""
    return tuple((name, version(name)) for name in PACKAGES)


def _begin(runner: Runner, clock: Clock | None, people: Json) -> None:
    """Record what the desk starts with, and resolve what the last run left open."""
    settings, law = runner.desk.settings, runner.law
    runner.start(
        {
            "rulebook": law.rulebook.fingerprint,
            "limits": law.limits.fingerprint,
            "versions": dict(_versions()),
            **terms_of(runner.desk),
            "feed": settings.feed.kind,
            "costs": {name: text(value) for name, value in settings.broker.model_dump().items()},
            "program": program(),
            "changes": APPROVED,
            **people,
            **({} if clock is None or runner.mode is not Mode.PAPER else {"clock": name_of(clock)}),
        }
    )
    enrol(runner)
    runner.recover()
    runner.reconcile()
