"""One short run of the shipped desk, made once for all tests (and all processes of pytest-xdist), and only read.

Its feed ends with its last session, so that the heads are trained as seldom as may be. Whoever wants to change a store
changes a copy.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from adapters.audit.log import LogReader
from adapters.desk.folder import Desk, read_desk
from adapters.desk.making import make_desk
from adapters.running.backtest import remaining, run
from adapters.running.runner import Runner
from adapters.running.session import opened
from adapters.running.world import World
from adapters.store.address import Address
from knowledge.values import Json
from tests import postgresql
from tests.made_feeds import CutFeed

LAST = "2011-03-04"
"""The last session of the run; the first is 2011-01-03."""


@dataclass(frozen=True)
class SharedRun:
    """A desk that has run up to `LAST`."""

    folder: Path

    @property
    def desk(self) -> Desk:
        desk = read_desk(self.folder)
        # In the server also for a test that keeps the desks it makes itself in files.
        return replace(desk, server=postgresql.url_of_all()) if postgresql.WHOLE else desk

    @property
    def store(self) -> Address:
        return self.desk.store

    def world(self) -> World:
        """The desk's world with the feed of the run, measured once a process; heads come from the run's models."""
        return _world(self.folder)

    def world_of(self, desk: Desk) -> World:
        """The same for another desk with the run's instruments and advisors: what is measured and heard is taken over.

        Costs nothing, where a world of its own measures the market and hears the heads of five years again.
        """
        whole, made = self.world(), replace(self.world(), desk=desk)
        _ = whole.calendar, whole.council, whole.actions, whole.trained_until
        vars(made).update({name: value for name, value in vars(whole).items() if name not in vars(made)})
        return made

    @property
    def records(self) -> list[Json]:
        with LogReader.read(self.store) as log:
            return list(log)

    @property
    def root(self) -> bytes:
        with LogReader.read(self.store) as log:
            return log.root

    def copied(self, folder: Path) -> Desk:
        """A copy of the desk with its log, to damage or to go on with."""
        if not postgresql.WHOLE:
            shutil.copytree(self.folder, folder, dirs_exist_ok=True)
            return read_desk(folder)
        desk = self.bare(folder)
        postgresql.clone(self.store, desk.store)
        return desk

    def bare(self, folder: Path) -> Desk:
        """A copy of the desk that has not run yet, with the trained models."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("warrant.sqlite*"))
        return read_desk(folder)


def decide_all(runner: Runner, last: str = LAST) -> list[Json]:
    """Run every session up to `last` that is left; their records."""
    return [record for _, record in run(runner, remaining(runner, runner.world.first_decision, last))]


@cache
def _world(folder: Path) -> World:
    world = World.of(read_desk(folder))
    return replace(world, feed=CutFeed(world.feed, LAST))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SharedRun:
    """The run, made by whichever process comes first."""
    place = common(tmp_path_factory)
    made = SharedRun(place / "shared-run")
    with alone(place / "shared-run.lock"):
        done = place / "shared-run.done"
        if not done.exists():
            make_desk(made.folder, None)
            world = made.world()
            with opened(made.desk, replace(world, desk=made.desk)) as runner:
                decide_all(runner)
            done.touch()
    return made


def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of one run of the tests share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if base.name.startswith("popen-") else base


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One process at a time: what the first one makes, the others find."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
