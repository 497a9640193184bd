"""The mutants of a desk's rulebook, judged by its cases in several processes; what is known is not judged again.

A mutant stays killed as long as rulebook and killing case stay as they are, a survivor until any case changes: so a
run that was interrupted goes on where it stood, and a new case is tried on the survivors alone. An engine that hangs
or dies over a mutant has noticed it. Another program remembers nothing of this one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue

from adapters.casework.kept import Lost
from adapters.casework.running import Asked, Listed
from adapters.installation import INSTALLED, SHIPPED
from adapters.running.provenance import program
from knowledge.values import Json, canonical, digest

PATIENCE = 60.0
"""Seconds a mutant may take, with the search for a case that kills it."""
PATIENCE_TO_SETTLE = 20.0
"""Seconds the solver may take over a survivor."""
KEPT_EVERY = 25
"""Mutants between two times that what is known is written down."""
_KINDS = ("killed", "lost", "refused", "equal", "survived")


@dataclass(frozen=True, slots=True)
class Change:
    """A mutant as the process lists it; `name` is a digest of the mistake in this rulebook."""

    at: int
    name: str
    kind: str
    about: str
    operator: str
    file: str
    line: int
    column: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a mutant.

    `killed` with the case, `lost` where an engine hung or died over it (which counts as killed), `refused` by the
    checks and `equal` with its proof (both count for nothing), `survived` with a case that would kill it, if one was
    found.
    """

    outcome: str
    words: str
    """The case, the ending, the proof, the text of the case."""
    rests_on: str
    """A digest of the cases that this was found with; empty where it was found without any."""

    @property
    def is_caught(self) -> bool:
        """Whether the cases noticed it."""
        return self.outcome in ("killed", "lost")

    @property
    def counts(self) -> bool:
        """Whether it is a mistake that cases could notice."""
        return self.is_caught or self.outcome == "survived"


@dataclass(frozen=True, slots=True)
class Survey:
    """All mutants asked about, each with what became of it."""

    fates: tuple[tuple[Change, Fate], ...]
    remembered: int
    milliseconds: int

    def of(self, outcome: str) -> list[tuple[Change, Fate]]:
        """Those with this outcome."""
        return [one for one in self.fates if one[1].outcome == outcome]

    @property
    def caught(self) -> int:
        """How many the cases noticed."""
        return sum(fate.is_caught for _, fate in self.fates)

    @property
    def counted(self) -> int:
        """How many are mistakes."""
        return sum(fate.counts for _, fate in self.fates)


class Memory:
    """What is known of mutants, in a file; a file that cannot be read is none."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.fates: dict[str, Fate] = {}
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            if found["program"] == program():
                self.fates = {str(name): _fate(one) for name, one in found["fates"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # A memory that cannot be read is none: everything is judged again.
            self.fates = {}

    def keep(self, names: Iterable[str]) -> None:
        """Write down what is known of these mutants. The desk inside an installed program remembers nothing."""
        if INSTALLED and self._file.is_relative_to(SHIPPED):
            return
        fates = {name: [one.outcome, one.words, one.rests_on] for name in names if (one := self.fates.get(name))}
        told = {"program": program(), "fates": fates}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps(told, indent=0, sort_keys=True) + "\n", encoding="utf-8")
        beside.replace(self._file)


def survey(
    desk: Path,
    memory: Memory,
    chosen: Callable[[Sequence[Change]], Sequence[Change]],
    tell: Callable[[int, int, int], None],
    processes: int,
) -> tuple[list[tuple[Change, Fate]], int]:
    """Each chosen mutant with its fate, and how many were known before.

    `tell` is told how many are judged, of how many, and how many survive. Raises `Faulty`, `Failed`.
    """
    with ExitStack() as stack:
        first = stack.enter_context(Asked(desk, PATIENCE))
        listed = first.prepare({"op": "mutants"})
        every = [Change(at, *one) for at, one in enumerate(listed["mutants"])]
        wanted = chosen(every)
        whole = digest(canonical(sorted(listed["cases"])))
        sound = {"", whole, *listed["cases"]}
        known = {one.name: fate for one in wanted
                 if (fate := memory.fates.get(one.name)) and fate.rests_on in sound}  # fmt: skip
        left = [one for one in wanted if one.name not in known]
        names = [one.name for one in every]
        survivors = sum(fate.outcome == "survived" for fate in known.values())
        try:
            judged = _judged(stack, first, desk, left, min(processes, len(left)), listed["cases"], whole)
            for done, (change, fate) in enumerate(judged, len(known) + 1):
                memory.fates[change.name] = fate
                survivors += fate.outcome == "survived"
                tell(done, len(wanted), survivors)
                if done % KEPT_EVERY == 0:
                    memory.keep(names)
        finally:
            memory.keep(names)
        return [(one, memory.fates[one.name]) for one in wanted], len(known)


def _judged(
    stack: ExitStack, first: Asked, desk: Path, left: Sequence[Change], processes: int, cases: Sequence[str], whole: str
) -> Iterator[tuple[Change, Fate]]:
    """The fates as they come, from so many processes at once."""
    waiting: Queue[Change] = Queue()
    for one in left:
        waiting.put(one)
    done: Queue[tuple[Change, Fate] | BaseException] = Queue()

    def work(asked: Asked) -> None:
        try:
            while True:
                change = waiting.get_nowait()
                done.put((change, _fate_of(asked, change, cases, whole)))
        except Empty:
            return
        except BaseException as error:
            done.put(error)
            raise

    crews = [first, *(stack.enter_context(_another(desk)) for _ in range(1, processes))]
    pool = ThreadPoolExecutor(len(crews))
    try:
        for asked in crews:
            pool.submit(work, asked)
        for _ in left:
            found = done.get()
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        # Where somebody interrupts, nobody waits for what is under way: its process is ended.
        with suppress(Empty):
            while True:
                waiting.get_nowait()
        for asked in crews:
            asked.close()
        pool.shutdown()


def _another(desk: Path) -> Asked:
    return Asked(desk, PATIENCE, then=({"op": "mutants"},))


def _fate_of(asked: Asked, change: Change, cases: Sequence[str], whole: str) -> Fate:
    try:
        answer = asked.ask({"op": "mutate", "mutant": change.at})
    except Lost as error:
        return Fate("lost", str(error), whole)
    if "killed" in answer:
        case: Listed = asked.cases[answer["killed"]]
        return Fate("killed", f"{case.about}: {case.name}", cases[case.at])
    if "refused" in answer:
        return Fate("refused", "", "")
    if "equal" in answer:
        return Fate("equal", answer["equal"], "")
    if answer["offer"]:
        return Fate("survived", answer["offer"], whole)
    return _settled(asked, change, whole)


def _settled(asked: Asked, change: Change, whole: str) -> Fate:
    """What the solver says of a survivor without a case; where it takes too long, it survives."""
    try:
        answer = asked.ask({"op": "settle", "mutant": change.at}, PATIENCE_TO_SETTLE)
    except Lost:
        return Fate("survived", "", whole)
    if answer.get("equal"):
        return Fate("equal", answer["equal"], "")
    return Fate("survived", answer["offer"] or "", whole)


def _fate(value: Json) -> Fate:
    outcome, words, rests_on = value
    if outcome not in _KINDS:
        raise ValueError(outcome)
    return Fate(outcome, str(words), str(rests_on))
