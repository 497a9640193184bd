"""Facts of sessions, published ahead by other processes while the worker decides.

What is known at the close of a session depends on no book and no decision, so it can be made early; the decisions stay
in order, and the log is the same whatever the number of processes.

- A process is a fork of this one, after the market was measured and the heads were trained: it shares both. It makes
  every `n`-th session, and waits in its pipe until that one is asked for, so memory is bounded.
- What such a process can not give (it died, the snapshot was refused), this process makes itself, and finds what there
  is to find.
- Heads train side by side in the same way: what one process has trained, all find in the folder of models.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from adapters.desk.folder import Desk
from adapters.running.world import World
from knowledge.facts import Fact, Snapshot

MEASURED = ("calendar", "survey", "actions")
ASKED_FOR = ("bar", "head")
"""Templates of facts that the shell itself reads; the worker gets all of them, as bytes."""
CAN_FORK = sys.platform == "linux"
"""Elsewhere a fork of a process that has used native libraries may not work: then one process does it all."""


class Published(Snapshot):
    """A snapshot that another process made: its bytes are whole, its facts here only those of `ASKED_FOR`."""

    @classmethod
    def of(cls, as_of: str, universe: tuple[str, ...], facts: tuple[Fact, ...], encoded: bytes) -> Self:
        """Put together what came out of a pipe."""
        made = cls(as_of, universe, facts)
        vars(made)["encoded"] = encoded
        return made

    def all(self, template: str) -> tuple[Fact, ...]:
        """All facts of one template. Raises `KeyError` for one that is not here."""
        if template not in ASKED_FOR:
            raise KeyError(template)
        return super().all(template)

    def find(self, template: str, *key: str) -> Fact | None:
        """The fact of `template` with these key values. Raises `KeyError` for a template that is not here."""
        if template not in ASKED_FOR:
            raise KeyError(template)
        return super().find(template, *key)


@dataclass(frozen=True)
class AheadWorld(World):
    """A world whose snapshots come from other processes where these have them; trained models lie in `kept`."""

    kept: Path = field(kw_only=True)
    last: str = field(kw_only=True)
    """The last session that is decided: no head is trained for what comes after."""
    pipes: dict[str, Connection] = field(kw_only=True, default_factory=dict)

    @classmethod
    def over(cls, world: World, desk: Desk, kept: Path, last: str) -> Self:
        """This world, with a folder of models; what was measured already is not measured again."""
        made = cls(desk, world.instruments, world.feed, kept=kept, last=last)
        vars(made).update({name: value for name, value in vars(world).items() if name in MEASURED})
        return made

    @property
    def models(self) -> Path:
        """The folder where trained heads are kept."""
        return self.kept

    @property
    def last_decision(self) -> str:
        """The last session for which heads are needed."""
        return self.last

    def early(self, day: str, tell: Callable[[Sequence[Fact]], None]) -> None:
        """Tell what is made here before the heads are heard: nothing of a session that another process makes."""
        if day not in self.pipes:
            super().early(day, tell)

    def snapshot(self, day: str) -> Snapshot:
        """Everything known at the close of a session. Raises `Refused` where facts contradict each other."""
        pipe = self.pipes.pop(day, None)
        if pipe is not None:
            try:
                told, found = pipe.recv()
            except (EOFError, OSError):
                told, found = day, None
            if told == day and found is not None:
                return Published.of(*found)
        return super().snapshot(day)


@contextmanager
def published_ahead(world: AheadWorld, days: Sequence[str], jobs: int) -> Iterator[None]:
    """Within, `jobs` processes make the snapshots of these sessions, each one's in order."""
    if jobs < 1 or not CAN_FORK or not days:
        yield
        return
    # Measured and trained once, before the fork.
    _ = world.council, world.actions
    fork = multiprocessing.get_context("fork")
    with ExitStack() as stack:
        for part in range(min(jobs, len(days))):
            own, theirs = fork.Pipe(duplex=False)
            stack.callback(own.close)
            process = fork.Process(target=_publish, args=(world, days[part::jobs], theirs), daemon=True)
            process.start()
            theirs.close()
            stack.callback(process.join)
            stack.callback(process.terminate)
            world.pipes.update(dict.fromkeys(days[part::jobs], own))
        try:
            yield
        finally:
            world.pipes.clear()


def train(world: AheadWorld, jobs: int) -> None:
    """Train the heads into the folder of models, several at a time; what fails there is tried again by the world."""
    from advisors.council import four_heads

    if jobs < 2 or not CAN_FORK:
        return
    # Measured once, before the fork.
    _ = world.survey
    fork = multiprocessing.get_context("fork")
    left = [fork.Process(target=_train, args=(world, head.name)) for head in four_heads()]
    running: list[multiprocessing.process.BaseProcess] = []
    while left or running:
        while left and len(running) < jobs:
            running.append(left.pop())
            running[-1].start()
        multiprocessing.connection.wait([one.sentinel for one in running])
        running = [one for one in running if one.exitcode is None]


def _publish(world: AheadWorld, days: Sequence[str], pipe: Connection) -> None:
    """What a forked process does: make these sessions' snapshots and wait until each is fetched."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    world.pipes.clear()
    for day in days:
        try:
            snapshot = world.snapshot(day)
            kept = tuple(fact for name in ASKED_FOR for fact in snapshot.all(name))
            found = (snapshot.as_of, snapshot.universe, kept, snapshot.encoded)
        except Exception:  # noqa: BLE001  the process that asks makes it again, and says what is wrong with it
            found = None
        try:
            pipe.send((day, found))
        except BrokenPipeError:
            return


def _train(world: AheadWorld, name: str) -> None:
    """What a forked process does: train one head."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    world.trained([name])
