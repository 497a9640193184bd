"""Questions about the cases of a desk, answered one after the other by the process that owns the engines.

A question names its `op`; answers are canonical JSON values. `load` reads rulebook and cases of a desk's folder and
lists the cases; the others name them by their place in that list. Faults of the user come back as `faults`, an engine
that cannot run as `failed`: a process that ends in place of an answer is the asker's to notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from knowledge.faults import Fault, Faulty
from knowledge.prolog.session import PrologFault
from knowledge.values import Json
from rules.cases import Case, read_cases, without_case
from rules.rulebook import read_rulebook
from rules.testing.bench import Bench
from rules.testing.killing import Judge, case_digest
from rules.testing.mutants import Mutant, mutants

CASES = ("rules", "cases")
"""The folder of the cases, below that of the desk."""


class Service:
    """Holds one desk's rulebook and cases."""

    def __init__(self) -> None:
        self._bench: Bench | None = None
        self._cases: list[Case] = []
        self._mutants: list[Mutant] = []
        self._answers: Mapping[str, Callable[[Json], Json]] = {
            "load": self._load,
            "run": self._run,
            "mutants": self._list_mutants,
            "mutate": self._mutate,
        }

    def answer(self, request: Json) -> Json:
        """The answer to one question."""
        try:
            return self._answers[request["op"]](request)
        except Faulty as error:
            return {"faults": [[one.file, one.line, one.column, one.message] for one in error.faults]}
        except PrologFault as error:
            return {"failed": str(error)}

    @property
    def bench(self) -> Bench:
        """The engines of the desk that was loaded."""
        assert self._bench is not None, "nothing is loaded"
        return self._bench

    def _load(self, request: Json) -> Json:
        desk = Path(request["desk"])
        faults: list[Fault] = []
        rulebook = cases = None
        try:
            rulebook = read_rulebook(desk)
        except Faulty as error:
            faults += error.faults
        try:
            cases = read_cases(desk.joinpath(*CASES), desk)
        except Faulty as error:
            faults += error.faults
        if rulebook is None or cases is None:
            raise Faulty(*faults)
        bench = Bench(rulebook)
        if unknown := bench.unknown(cases):
            raise Faulty(*unknown)
        self._bench, self._cases = bench, cases
        places = {rule.name: rule for rule in rulebook.program.rules}
        lacking = [(places[name].file, places[name].name_at, name) for name in without_case(rulebook, cases)]
        return {
            "cases": [[one.kind, one.about, one.name, one.file, one.line, one.column] for one in cases],
            "rules": list(places),
            "policies": list(bench.policies.reasons),
            "files": [source.file for source in rulebook.sources],
            "lacking": [[file, at.line, at.column, name] for file, at, name in lacking],
        }

    def _run(self, request: Json) -> Json:
        result = self.bench.run(self._cases[request["case"]])
        return {"problems": [[one.line, one.column, one.message, list(one.closest)] for one in result.problems]}

    def _list_mutants(self, request: Json) -> Json:
        rulebook = self.bench.rulebook
        self._mutants = mutants(rulebook)
        listed = [
            [one.name(rulebook), one.kind, one.about, one.operator, one.file, one.line, one.column, one.sentence]
            for one in self._mutants
        ]
        return {"mutants": listed, "cases": [case_digest(case) for case in self._cases]}

    def _mutate(self, request: Json) -> Json:
        found = Judge(self.bench, self._cases).judge(self._mutants[request["mutant"]])
        if found.by is not None:
            return {"killed": self._cases.index(found.by)}
        if found.is_refused:
            return {"refused": True}
        return {"equal": found.equal} if found.equal else {"offer": found.offer}
