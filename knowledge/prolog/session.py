"""The policies of a desk, and their verdict on the candidates of one cycle.

Rules: the policies are loaded once, checked, all or nothing; the facts of a cycle live inside one Prolog snapshot and
leave nothing behind; all candidates are one query; each may take a counted number of inferences and goals of a bounded
depth; whatever goes wrong, a warning included, makes the candidates it touches undetermined, with a fault. Facts enter
in canonical order, so their order on arrival changes nothing.
Left out: the wall clock. A process that hangs is the shell's to kill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge.facts import Fact, Value, ordered
from knowledge.faults import Faulty
from knowledge.prolog.check import check_policies, probe
from knowledge.prolog.compiled import compile_policies
from knowledge.prolog.engine import PrologFault, ask, ask_written, quoted, term, written
from knowledge.prolog.lint import lint, predicate
from knowledge.prolog.proof import PolicyVerdict, ProofNode, Proofs
from knowledge.prolog.text import Source, read_policies
from knowledge.prolog.words import Wording, show
from knowledge.templates import vocabulary
from knowledge.values import Json, canonical, digest

__all__ = ["PolicyVerdict", "PrologFault", "PrologPolicies", "ProofNode", "check_policies", "probe"]

MOST_INFERENCES = 1_000_000
MOST_DEPTH = 60
"""Goals below goals; a proof that needs more is taken for a circle, and would be read by nobody."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """How a template's facts are written: its predicate, `written`, and the mark of each slot's words."""

    name: str
    marks: tuple[str, ...]


class PrologPolicies:
    """Policy text, loaded; the entry first, then the files it includes."""

    def __init__(self, sources: Sequence[Source]) -> None:
        """Load the policies. Raises `Faulty` with every fault of the text, `PrologFault` where Prolog can not run."""
        words = vocabulary()
        text = read_policies(sources)
        faults, sentences = lint(text, words)
        if faults:
            raise Faulty(*faults)
        compiled = compile_policies(text, words)
        # The name derives from the text: the same policies twice are one module, and two desks never meet.
        self._module = f"policies_{digest(canonical([list(source) for source in sources]))[7:31]}"
        self._shapes = {name: _shape(name) for name in words.templates}
        self._mentioned = frozenset(compiled.templates)
        self._wording = Wording(text, compiled.asked, sentences, words)
        self.clauses = tuple(text.clauses)
        self.literals = tuple(compiled.asked)
        """The goals of their bodies, by number."""
        said = [clause.head.args[1] for clause in text.clauses if clause.head.name == ("forbidden", 2)]
        self.reasons = tuple(dict.fromkeys(one.value for one in said if one.kind == "atom"))
        """The names of the reasons to forbid, in the order of the text."""
        self.reasons_are_open = any(one.kind != "atom" for one in said)
        """Whether some clause makes up its reason while it runs."""
        self._heard: dict[int, tuple[Fact, str]] = {}
        facts = ",".join(f"{quoted(predicate(name))}/{len(shape.slots)}" for name, shape in compiled.templates.items())
        ask(f"warrant_judging:install({self._module},[{facts}],[{','.join(compiled.rules)}])")

    @property
    def mentioned(self) -> frozenset[str]:
        """The templates that the policies ask for; other facts change no verdict and are not handed over."""
        return self._mentioned

    def judge(
        self, facts: Sequence[Fact], candidates: Sequence[Fact], most_inferences: int = MOST_INFERENCES
    ) -> tuple[PolicyVerdict, ...]:
        """One verdict for each candidate (facts of the template `candidate`), in their order."""
        if not candidates:
            return ()
        try:
            answers = self._asked("judge", facts, candidates, most_inferences)
        except PrologFault as fault:
            return tuple(_undetermined(candidate, str(fault)) for candidate in candidates)
        if len(answers) != len(candidates):
            return tuple(_undetermined(candidate, "prolog lost count of the candidates") for candidate in candidates)
        return tuple(
            self._verdict(candidate, answer, most_inferences)
            for candidate, answer in zip(candidates, answers, strict=True)
        )

    def observe(
        self, facts: Sequence[Fact], candidates: Sequence[Fact], most_inferences: int = MOST_INFERENCES
    ) -> list[Json]:
        """How every clause of `permitted` and `forbidden` fared with each candidate, as `judging.pl` prints it.

        `[outcome, [[null, node]…]]`; nodes number `clauses` and `literals`. Raises `PrologFault`.
        """
        answers: list[Json] = list(self._asked("observe", facts, candidates, most_inferences))
        return answers

    def hear(self, facts: Sequence[Fact]) -> None:
        """Write down facts that the next judgement may rest on, while there is time."""
        for fact in facts:
            if fact.template in self._mentioned:
                self._heard[id(fact)] = fact, self._written(fact)

    def forget(self) -> None:
        """Let go of what was heard."""
        self._heard = {}

    def against(self, facts: Sequence[Fact], candidate: Fact, reason: str) -> tuple[ProofNode, ...]:
        """Why a reason does not forbid a candidate: each of its clauses, as it failed. Raises `PrologFault`."""
        ((outcome, nodes),) = self.observe(facts, [candidate])
        if outcome == "undetermined":
            return ()
        own = [clause.head.args[1:] for clause in self.clauses]
        failed = [node for _, node in nodes if node[2] == "fails" and own[node[1]] and own[node[1]][0].value == reason]
        return tuple(self._wording.node(node) for node in failed)

    def _asked(self, what: str, facts: Sequence[Fact], candidates: Sequence[Fact], most_inferences: int) -> Json:
        mentioned = ordered(fact for fact in facts if fact.template in self._mentioned)
        told = ",".join([self._told(fact) for fact in mentioned])
        asked = ",".join(map(self._written, candidates))
        return ask_written(f"warrant_judging:{what}({self._module},[{told}],[{asked}],{most_inferences},{MOST_DEPTH})")

    def _verdict(self, candidate: Fact, answer: Json, most_inferences: int) -> PolicyVerdict:
        outcome, found = answer
        if outcome == "undetermined":
            return _undetermined(candidate, _sentence(found, most_inferences))
        proofs = Proofs(len(found), lambda: tuple([self._wording.node(node) for _, node in found]))
        reasons = tuple(
            reason if isinstance(reason, str) else show(reason) for reason, _ in found if reason is not None
        )
        return PolicyVerdict(candidate.word("instrument"), candidate.word("side"), outcome, proofs, None, reasons)

    def _told(self, fact: Fact) -> str:
        # By identity: what was heard is held, so that no other fact has its.
        known = self._heard.get(id(fact))
        return self._written(fact) if known is None else known[1]

    def _written(self, fact: Fact) -> str:
        """A fact as a term, `written` as it stands in a question, which leaves brackets, commas and digits alone."""
        shape = self._shapes[fact.template]
        args = [_written(value, mark) for mark, (_, value) in zip(shape.marks, fact.slots, strict=True)]
        return f"{shape.name}({','.join(args)})"


def _written(value: Value, mark: str) -> str:
    """A slot's value as a term: words between marks, numbers exact, lists as lists."""
    if isinstance(value, str):
        return _word(value, mark)
    if isinstance(value, tuple):
        return f"[{','.join([_written(one, mark) for one in value])}]"
    return term(value)


@lru_cache(8192)
def _word(value: str, mark: str) -> str:
    # The same few hundred words stand in all facts.
    return written(quoted(value, mark))


def _shape(name: str) -> _Shape:
    slots = vocabulary().templates[name].slots.values()
    return _Shape(written(quoted(predicate(name))), tuple('"' if slot.type == "text" else "'" for slot in slots))


def _undetermined(candidate: Fact, fault: str) -> PolicyVerdict:
    return PolicyVerdict(candidate.word("instrument"), candidate.word("side"), "undetermined", (), fault)


def _sentence(fault: str, most_inferences: int) -> str:
    if fault == "inference limit":
        return f"the policies took more than {most_inferences} inferences"
    if fault == "depth_limit":
        return f"the policies went more than {MOST_DEPTH} goals deep; a definition may go round in a circle"
    return f"the policies could not be followed: `{fault}`"
