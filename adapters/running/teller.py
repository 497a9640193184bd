"""A process beside the worker that says why nothing is proposed, while the worker goes on deciding.

With many instruments that takes as long as all the rest of the rules. What is asked and answered are values
(`rules.questions`), and nothing rests on who answers: where the process is lost, fails, answers nonsense, or is of no
use (few instruments, one processor), the worker tells it by itself, the same to the byte and a little later.

The process is forked before the worker loads an engine. It keeps nothing between questions but the rulebook, and ends
when its pipe is closed, which the worker's end does. What it prints is heard as what the worker prints.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.decision import Verdict
    from engine.verdicts import Silent
    from rules.rulebook import Rulebook

WORTH_ASKING = 20
"""Instruments from which on the way to another process is shorter than telling why here."""
_RULEBOOK, _QUESTION = b"r", b"q"
_DIGITS = 8
"""Bytes of a question's number, which its answer begins with."""


@contextmanager
def beside(held: Iterable[int]) -> Iterator[Teller]:
    """The process and its end; `held` are descriptors that it must not keep open. None is forked where it is no use."""
    teller = Teller(None)
    if sys.platform == "linux" and (os.cpu_count() or 1) > 1:
        ours, theirs = Pipe()
        if os.fork() == 0:
            try:
                _leave(ours.fileno(), *held)
                _tell(theirs)
            finally:
                # Nothing of what this process was forked from is to be done at its end.
                os._exit(0)
        theirs.close()
        teller = Teller(ours)
    try:
        yield teller
    finally:
        teller.close()


class Teller:
    """The worker's side."""

    def __init__(self, connection: Connection | None) -> None:
        self._connection = connection
        self._known: Rulebook | None = None
        self._asked = 0

    def close(self) -> None:
        """Ask it nothing any more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def learn(self, rulebook: Rulebook | None) -> None:
        """Have it know the rulebook that is asked about next, so that nobody waits until it has read it."""
        if self._connection is None or rulebook is None or rulebook is self._known:
            return
        try:
            self._connection.send_bytes(_RULEBOOK + rulebook.encoded)
        except OSError:
            self.close()
        self._known = rulebook

    def silences(self, silent: Silent) -> Callable[[], list[Verdict]]:
        """Begin to ask; what it gives back waits for the verdicts. As `engine.verdicts.told_here` does otherwise."""
        self.learn(silent.rulebook)
        if self._connection is None or len(silent.instruments) < WORTH_ASKING:
            return cache(silent.verdicts)
        self._asked += 1
        number = self._asked.to_bytes(_DIGITS, "big")
        try:
            self._connection.send_bytes(_QUESTION + number + silent.question())
        except Exception:  # noqa: BLE001 - whatever it is: if it goes wrong here too, it is told where it is expected
            self.close()
            return cache(silent.verdicts)
        return cache(lambda: self._answered(silent, number))

    def _answered(self, silent: Silent, number: bytes) -> list[Verdict]:
        try:
            while self._connection is not None:
                said = self._connection.recv_bytes()
                # Whoever asked before may not have waited.
                if said[:_DIGITS] == number:
                    return silent.verdicts_by(said[_DIGITS:]) if len(said) > _DIGITS else silent.verdicts()
        except (OSError, EOFError, ValueError):
            self.close()
        return silent.verdicts()


def _leave(*held: int) -> None:
    """Close what belongs to the process that this one was forked from."""
    for descriptor in held:
        os.close(descriptor)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _tell(connection: Connection) -> None:
    """Answer questions until the pipe is closed; an answer without a word says that something went wrong."""
    from knowledge.values import parse
    from rules.questions import answer
    from rules.rulebook import Rulebook

    gc.disable()
    rulebook: Rulebook | None = None
    with suppress(EOFError, OSError):
        while True:
            message = connection.recv_bytes()
            kind, number, said = message[:1], message[1 : 1 + _DIGITS], b""
            try:
                if kind == _RULEBOOK:
                    rulebook = None
                    rulebook = Rulebook.from_json(parse(message[1:]))
                elif rulebook is not None:
                    said = answer(rulebook.program, message[1 + _DIGITS :])
            except Exception:  # noqa: BLE001 - told by the one who asks, who meets the same
                said = b""
            if kind == _QUESTION:
                connection.send_bytes(number + said)
            gc.collect()
            if gc.get_freeze_count() == 0:
                gc.freeze()
