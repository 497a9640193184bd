"""How far a survey of mutants has come: one line that changes where a person watches, else one for each tenth."""

from __future__ import annotations

from typing import IO

PARTS = 10


class Progress:
    """Told by a survey how far it is."""

    def __init__(self, sink: IO[str]) -> None:
        self._sink = sink
        self._watched = sink.isatty()
        self._told = 0

    def step(self, done: int, whole: int, survivors: int) -> None:
        """`done` of `whole` mutants are judged, `survivors` of them are alive."""
        words = f"{done} of {whole} mutants, {survivors} survive"
        if self._watched:
            self._sink.write(f"\r{words}" + ("\n" if done == whole else ""))
        elif done * PARTS // whole > self._told:
            self._told = done * PARTS // whole
            self._sink.write(words + "\n")
        self._sink.flush()
