"""Questions about the cases of a desk, answered one after the other by the process that owns the engines.

A question names its `op`; answers are canonical JSON values. `load` reads rulebook and cases of a desk's folder and
lists the cases; the others name them by their place in that list. Faults of the user come back as `faults`, an engine
that cannot run as `failed`: a process that ends in place of an answer is the asker's to notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from knowledge.door import facts_from_json
from knowledge.facts import Fact
from knowledge.faults import Fault, Faulty
from knowledge.prolog.session import PrologFault
from knowledge.values import Json
from rules.cases import Case, read_cases, without_case
from rules.rulebook import read_rulebook
from rules.testing.bench import Bench, asks_policies
from rules.testing.coverage import Ruler
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
        self._ruler: Ruler | None = None
        self._answers: Mapping[str, Callable[[Json], Json]] = {
            "load": self._load,
            "run": self._run,
            "mutants": self._list_mutants,
            "mutate": self._mutate,
            "settle": self._settle,
            "items": self._items,
            "cover": self._cover,
            "cover facts": self._cover_facts,
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

    def _items(self, request: Json) -> Json:
        self._ruler = Ruler(self.bench)
        names = ("key", "level", "about", "file", "line", "column", "start", "end", "words", "unit")
        items = [[getattr(item, name) for name in names] for item in self._ruler.items()]
        return {"items": items, "texts": [list(source) for source in self.bench.rulebook.sources]}

    def _cover(self, request: Json) -> Json:
        case = self._cases[request["case"]]
        return self._covered(case.given, asks_policies(case))

    def _cover_facts(self, request: Json) -> Json:
        """What the facts of a cycle exercise: as they are, and with the policies asked of every candidate."""
        return self._covered(facts_from_json(request["facts"]), True)

    def _covered(self, given: Sequence[Fact], is_judged: bool) -> Json:
        assert self._ruler is not None, "nobody asked for the items"
        outcome = self.bench.outcome(given, is_judged)
        seen = self._ruler.seen(outcome, is_judged)
        return {"seen": {key: one.to_json() for key, one in seen.items()}, "fault": outcome.inference.fault}

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

    def _settle(self, request: Json) -> Json:
        """A survivor for which no case was found, put to the solver."""
        found = Judge(self.bench, self._cases).settle(self._mutants[request["mutant"]])
        return {"equal": found.equal} if found.equal else {"offer": found.offer}
