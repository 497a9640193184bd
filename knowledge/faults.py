"""Faults of the user, as values with a place. Exceptions are for bugs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One complaint about an input: where, the offending words, and what to do, in one sentence.

    `code` names the kind of fault where it has a page of its own (`docs/lints`), and `length` counts the characters it
    is about; both are empty for other inputs and take no part in equality.
    """

    file: str
    line: int
    column: int
    message: str
    code: str = field(default="", compare=False)
    length: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class Faulty(Exception):
    """An input that cannot be used, with every fault found. The shell prints them and exits with status 2."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, sorted(faults))))
        self.faults = tuple(sorted(faults))

    def of(self, file: str) -> Faulty:
        """The same faults, in the file of this name: a text is read once, whatever files hold it."""
        return Faulty(*(replace(fault, file=file) for fault in self.faults))
