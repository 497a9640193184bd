"""Facts and a rulebook on the bench of `warrant rules repl`: changed one at a time, and told what that changes.

The engines run in a process that is ended where they hang or die; what was on the bench stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

from adapters.casework.kept import Kept, Lost
from adapters.frame import Failed
from knowledge.clips.text import parse
from knowledge.facts import Fact, ordered
from knowledge.faults import Fault, Faulty
from knowledge.values import Json
from rules.rulebook import Rulebook, Source

PATIENCE = 20.0
PROGRAM = "from adapters.casework.kept import serve; from rules.trying import Service; serve(Service().answer)"
TRIED = "tried"
"""The file name of rules that were typed in."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What lies on the bench: the texts of a rulebook, rules tried beside it by name, facts by ref."""

    rules: tuple[Source, ...]
    policies: tuple[Source, ...]
    tried: tuple[tuple[str, str], ...] = ()
    facts: tuple[Fact, ...] = ()

    def with_facts(self, facts: Iterable[Fact]) -> Bench:
        """The same with these facts; one of the same ref takes its place."""
        return replace(self, facts=ordered({fact.ref: fact for fact in (*self.facts, *facts)}.values()))

    def without(self, refs: Iterable[str]) -> Bench:
        """The same without some facts."""
        gone = set(refs)
        return replace(self, facts=tuple(fact for fact in self.facts if fact.ref not in gone))

    def with_rules(self, text: str, file: str = TRIED) -> Bench:
        """The same with the rules of a text tried beside the book; one of the same name takes its place.

        Raises `Faulty` where the text cannot be read.
        """
        rules = parse(text, file).rules
        if not rules:
            raise Faulty(Fault(file, 1, 1, "there is no rule in this; write `(defrule …)`"))
        return replace(self, tried=tuple({**dict(self.tried), **{rule.name: rule.text for rule in rules}}.items()))

    def question(self, op: str, **more: Json) -> Json:
        """What the engines are asked. A rule that is tried takes the place of the book's rule of its name."""
        names = dict(self.tried)
        rules = [[source.file, _without(source, names)] for source in self.rules]
        rules += [[f"{TRIED}: {name}", text] for name, text in self.tried]
        facts = [fact.to_json() for fact in self.facts]
        return {"op": op, "rules": rules, "policies": [list(one) for one in self.policies], "facts": facts, **more}


def bench_of(rulebook: Rulebook, facts: Iterable[Fact] = ()) -> Bench:
    """A rulebook and facts on the bench."""
    return Bench(rulebook.rules, rulebook.policies).with_facts(facts)


def _without(source: Source, names: dict[str, str]) -> str:
    """The text of a file with the rules of these names blanked out, so that every place stays where it was."""
    text = source.text
    for rule in parse(text, source.file).rules:
        if rule.name in names:
            at = rule.at
            blank = "".join(mark if mark == "\n" else " " for mark in text[at.start : at.end])
            text = text[: at.start] + blank + text[at.end :]
    return text


@dataclass(frozen=True, slots=True)
class Fired:
    """What a run of the rules came to."""

    fault: str | None = None
    firings: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Rule, sentence, refs of what it concluded."""
    derived: frozenset[str] = frozenset()
    verdicts: tuple[tuple[str, str, str, tuple[str, ...]], ...] = ()
    """Instrument, side, outcome, reasons."""


@dataclass
class Engines:
    """The process that fires rules. Use it as a context manager."""

    program: str = PROGRAM
    patience: float = PATIENCE
    _kept: Kept = field(init=False)

    def __post_init__(self) -> None:
        self._kept = Kept(self.program)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kept.close()

    def fire(self, bench: Bench) -> Fired:
        """Run rules and policies. Raises `Faulty` for rules that are not sound, `Failed` where an engine was lost."""
        answer = self._ask(bench.question("fire"))
        return Fired(
            answer["fault"],
            tuple((rule, said, tuple(concluded)) for rule, said, concluded in answer["firings"]),
            frozenset(answer["derived"]),
            tuple((instrument, side, outcome, tuple(why)) for instrument, side, outcome, why in answer["verdicts"]),
        )

    def told(self, op: str, bench: Bench, **about: Json) -> Json:
        """The answer of `rules.trying` to another question. Raises as `fire`."""
        answer = self._ask(bench.question(op, **about))
        if answer.get("fault"):
            raise Failed(f"the rules came to no end: {answer['fault']}")
        return answer

    def why(self, bench: Bench, rule: str, instrument: str) -> dict[str, Any] | None:
        """The miss of a rule (`rules.miss`); None where it concluded something. Raises as `fire`."""
        miss: dict[str, Any] | None = self.told("why", bench, rule=rule, instrument=instrument)["miss"]
        return miss

    def _ask(self, question: Json) -> Json:
        try:
            answer, printed = self._kept.ask(question, self.patience)
        except Lost as error:
            raise Failed(f"the engines were lost over this: {error}; take back what you changed last") from None
        if printed:
            raise Failed(f"an engine printed while it worked: {printed.splitlines()[-1]}")
        if "faults" in answer:
            raise Faulty(*(Fault(*fault) for fault in answer["faults"]))
        if "failed" in answer:
            raise Failed(f"the policies cannot be asked: {answer['failed']}; see `warrant doctor`")
        return answer
