"""The cases of a desk, run one after another in a process that is ended where an engine hangs or dies on one.

A rule that hangs its engine costs its case, not the run: the case fails with that sentence, and the next one is asked
of a new process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from adapters.casework.kept import Kept, Lost
from adapters.frame import Failed
from knowledge.faults import Fault, Faulty
from knowledge.values import Json
from rules.signatures import meant

PATIENCE = 5.0
"""Seconds a case may take; counted budgets inside end far earlier."""
PATIENCE_TO_LOAD = 60.0
PROGRAM = "from adapters.casework.kept import serve; from rules.testing.service import Service; serve(Service().answer)"


@dataclass(frozen=True, slots=True)
class Listed:
    """A case as the process lists it."""

    at: int
    """Its place in the list."""
    kind: str
    about: str
    name: str
    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What was not as a case expects; `closest` are sentences about what came nearest."""

    file: str
    line: int
    column: int
    message: str
    closest: tuple[str, ...] = ()


class Asked:
    """A desk's rulebook and cases, loaded in a process. Use it as a context manager.

    Raises `Faulty` for what is wrong with the desk's files, `Failed` where an engine cannot run.
    """

    def __init__(
        self, desk: Path, patience: float = PATIENCE, program: str = PROGRAM, then: Sequence[Json] = ()
    ) -> None:
        """`then` is asked once after loading, of each process: what later questions rest on."""
        self._desk = desk
        self._patience = patience
        self._then = list(then)
        self._kept = Kept(program)
        self.cases: tuple[Listed, ...] = ()
        self.rules: tuple[str, ...] = ()
        self.policies: tuple[str, ...] = ()
        self.files: tuple[str, ...] = ()
        """Every file of rules and policies, relative to the desk."""
        self.lacking: tuple[Fault, ...] = ()
        """A sentence for each rule that lacks cases."""

    def __enter__(self) -> Self:
        try:
            self._load()
        except Lost as error:
            raise Failed(f"the process that reads rules and cases was lost: {error}") from None
        except BaseException:
            self._kept.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, at once."""
        self._kept.close()

    def ask(self, request: Json, patience: float | None = None) -> Json:
        """An answer; a process that was lost before is started anew. Raises `Lost`, `Faulty`, `Failed`."""
        if not self._kept.runs:
            self._load()
        answer, printed = self._kept.ask(request, self._patience if patience is None else patience)
        if printed:
            raise Lost(f"an engine printed while it worked: {printed.splitlines()[-1]}")
        return _sound(answer)

    def run(self, one: Listed) -> tuple[Problem, ...]:
        """The problems of one case; none where it passes."""
        try:
            answer = self.ask({"op": "run", "case": one.at})
        except Lost as error:
            return (Problem(one.file, one.line, one.column, f"the engines were lost over this case: {error}"),)
        return tuple(
            Problem(one.file, line, column, message, tuple(closest))
            for line, column, message, closest in answer["problems"]
        )

    def chosen(self, names: Sequence[str], words: str | None) -> list[Listed]:
        """The cases of these rules or policies (all without a name) whose name holds the words. Raises `Faulty`."""
        known = dict.fromkeys((*self.rules, *self.policies))
        for name in names:
            if name not in known:
                raise _unknown(f"there is no rule or policy `{name}`{meant(name, known)}")
        found = [one for one in self.cases if not names or one.about in names]
        if words is not None:
            found = [one for one in found if words.lower() in f"{one.about}: {one.name}".lower()]
        if not found and (words is not None or names):
            raise _unknown("no case is meant: " + (f"none is called `{words}`" if words else f"{names[0]} has none"))
        return found

    def _load(self) -> None:
        answer, _ = self._kept.ask({"op": "load", "desk": str(self._desk)}, PATIENCE_TO_LOAD)
        answer = _sound(answer)
        self.cases = tuple(Listed(at, *one) for at, one in enumerate(answer["cases"]))
        self.rules, self.policies = tuple(answer["rules"]), tuple(answer["policies"])
        self.files = tuple(answer["files"])
        self.lacking = tuple(Fault(file, line, column, _lacks(name)) for file, line, column, name in answer["lacking"])
        for question in self._then:
            _sound(self._kept.ask(question, PATIENCE_TO_LOAD)[0])

    def prepare(self, question: Json) -> Json:
        """The answer to a question that later ones rest on: each new process is asked it first. Raises as `ask`."""
        answer = self.ask(question)
        self._then.append(question)
        return answer


def _lacks(name: str) -> str:
    return f"the rule `{name}` lacks a case in which it fires, or one in which it does not; see rules/cases/{name}.yaml"


def _sound(answer: Json) -> Json:
    if "faults" in answer:
        raise Faulty(*(Fault(*fault) for fault in answer["faults"]))
    if "failed" in answer:
        raise Failed(f"the policies cannot be asked: {answer['failed']}; see `warrant doctor`")
    return answer


def _unknown(words: str) -> Faulty:
    return Faulty(Fault("RULE", 1, 1, f"{words}; `warrant rules test --all` lists every case"))
