"""Faults of the user, as values with a place. Exceptions are for bugs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One complaint about an input: where, the offending words, and what to do, in one sentence."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class Faulty(Exception):
    """An input that cannot be used, with every fault found. The shell prints them and exits with status 2."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, sorted(faults))))
        self.faults = tuple(sorted(faults))
