"""Cases: tests of the rules, written as data by the people who write the rules.

A file `rules/cases/<rule>.yaml` holds cases of one rule:

    rule: trend-up
    defaults:                       # slots that the facts below may leave out, by template
      indicator: {instrument: AAPL}
    cases:
      - name: exactly at the thresholds
        given:                      # facts; derived ones are allowed
          - indicator: {name: ema-50-200, value: 0.0001}
          - indicator: {name: adx-14, value: 20}
        expect:                     # each must be among the conclusions; slots left out may be anything
          - trend: {instrument: AAPL, direction: up}
        expect_not:                 # none of these may be concluded
          - trend: {direction: down}

The whole rulebook runs on what is given, in the real engine. A case with `expect` passes only if the rule of the file
fired, a case without it only if it did not: so a conclusion reached by another rule is no proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from knowledge.clips.session import ClipsImage, Inference
from knowledge.door import Refused, admit
from knowledge.facts import Fact, value_text
from knowledge.faults import Fault, Faulty
from knowledge.templates import vocabulary
from knowledge.values import text
from rules.rulebook import Rulebook

Wanted = tuple[str, Mapping[str, str]]
"""A template and the canonical text of some slots."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a case went: it passed when nothing is in `problems`. `place` is `file:line`."""

    rule: str
    case: str
    place: str
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Case:
    """One case, read."""

    rule: str
    name: str
    place: str
    given: tuple[Fact, ...]
    expect: tuple[Wanted, ...]
    expect_not: tuple[Wanted, ...]


def run_cases(rulebook: Rulebook, directory: Path) -> list[CaseResult]:
    """Run every case of every `*.yaml` in a folder, in order of the file names. Raises `Faulty` on malformed files."""
    names = {rule.name for rule in rulebook.program.rules}
    cases = read_cases(directory)
    unknown = [_unknown_rule(case) for case in cases if case.rule not in names]
    if unknown:
        raise Faulty(*unknown)
    image = ClipsImage(rulebook.program)
    return [CaseResult(one.rule, one.name, one.place, tuple(_problems(one, image.infer(one.given)))) for one in cases]


def without_case(rulebook: Rulebook, directory: Path) -> list[str]:
    """The rules that lack a case in which they fire, or one in which they do not, in order of the rulebook."""
    cases = read_cases(directory)
    fire, rest = ({case.rule for case in cases if bool(case.expect) is wanted} for wanted in (True, False))
    return [rule.name for rule in rulebook.program.rules if rule.name not in fire & rest]


def read_cases(directory: Path) -> list[Case]:
    """Read all case files of a folder. Raises `Faulty` with every fault found."""
    cases: list[Case] = []
    faults: list[Fault] = []
    for path in sorted(directory.glob("*.yaml")):
        try:
            cases.extend(_Reader(path).cases())
        except Faulty as error:
            faults.extend(error.faults)
    if faults:
        raise Faulty(*faults)
    return cases


def _problems(case: Case, inference: Inference) -> Iterator[str]:
    if inference.fault:
        yield f"the rules did not come to a conclusion: {inference.fault}"
        return
    fired = any(firing.rule == case.rule for firing in inference.firings)
    if fired is not bool(case.expect):
        yield f"`{case.rule}` {'fired' if fired else 'did not fire'}"
    for wanted in case.expect:
        if not any(_agrees(fact, wanted) for fact in inference.derived):
            yield f"`{_shown(wanted)}` was not concluded"
    for unwanted in case.expect_not:
        for fact in inference.derived:
            if _agrees(fact, unwanted):
                yield f"`{fact.ref}` was concluded"


def _agrees(fact: Fact, wanted: Wanted) -> bool:
    template, slots = wanted
    return fact.template == template and all(value_text(fact[name]) == value for name, value in slots.items())


def _shown(wanted: Wanted) -> str:
    template, slots = wanted
    return f"{template}({', '.join(f'{name} {value}' for name, value in slots.items())})"


def _unknown_rule(case: Case) -> Fault:
    file, _, line = case.place.rpartition(":")
    return Fault(file, int(line), 1, f"there is no rule `{case.rule}` in the rulebook; check the name after `rule:`")


class _Reader:
    """Reads one case file. Every method raises `Faulty` at the place of the fault."""

    def __init__(self, path: Path) -> None:
        self.file = str(path)
        try:
            self.tree = YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8"))
        except MarkedYAMLError as error:
            mark = error.problem_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            raise Faulty(Fault(self.file, line, column, f"this is no YAML: {error.problem}")) from None
        self.defaults: dict[str, CommentedMap] = {}

    def cases(self) -> list[Case]:
        """All cases of the file."""
        top = self.mapping(self.tree, None, {"rule", "defaults", "cases"}, {"rule", "cases"})
        self.defaults = self.mapping(top["defaults"], top, None, set()) if "defaults" in top else {}
        if not isinstance(top["cases"], list) or not top["cases"]:
            self.refuse(top, "`cases` takes a list of cases")
        return [self.case(str(top["rule"]), body, top) for body in top["cases"]]

    def case(self, rule: str, body: object, above: CommentedMap) -> Case:
        """One case."""
        case = self.mapping(body, above, {"name", "given", "expect", "expect_not"}, {"name", "given"})
        if not case.get("expect") and not case.get("expect_not"):
            self.refuse(case, f"the case `{case['name']}` expects nothing; add `expect` or `expect_not`")
        given = tuple(self.fact(*one) for one in self.facts(case, "given"))
        expect, expect_not = (
            tuple(self.wanted(*one) for one in self.facts(case, key)) for key in ("expect", "expect_not")
        )
        place = f"{self.file}:{case.lc.line + 1}"
        return Case(rule, str(case["name"]), place, given, expect, expect_not)

    def facts(self, case: CommentedMap, key: str) -> Iterator[tuple[CommentedMap, str, CommentedMap]]:
        """The statements of a list: the entry, its template, its slots."""
        for entry in case.get(key) or ():
            fact = self.mapping(entry, case, None, set())
            if len(fact) != 1:
                self.refuse(fact, "a fact is written as `template: {slot: value, …}`")
            ((template, slots),) = fact.items()
            yield fact, str(template), self.mapping(slots, fact, None, set())

    def fact(self, entry: CommentedMap, template: str, slots: CommentedMap) -> Fact:
        """A fact that is given, with the defaults of the file."""
        try:
            written = {**self.defaults.get(template, {}), **slots}
            return admit(template, {str(name): _plain(value) for name, value in written.items()})
        except Refused as error:
            self.refuse(entry, str(error))

    def wanted(self, entry: CommentedMap, template: str, slots: CommentedMap) -> Wanted:
        """A conclusion to look for."""
        shape = vocabulary().templates.get(template)
        if shape is None or shape.origin != "rules":
            self.refuse(entry, f"`{template}` is nothing that rules conclude; check the name of the template")
        for name in slots:
            if name not in shape.slots:
                self.refuse(entry, f"`{template}` has no slot `{name}`; it has {', '.join(shape.slots)}")
        return template, {str(name): _digits(value) for name, value in slots.items()}

    def mapping(
        self, node: object, above: CommentedMap | None, allowed: set[str] | None, needed: set[str]
    ) -> CommentedMap:
        """The node, if it is a mapping with these keys."""
        if not isinstance(node, CommentedMap):
            self.refuse(above, f"`{node}` stands where `key: value` is expected")
        for key in node:
            if allowed is not None and key not in allowed:
                self.refuse(node, f"unknown key `{key}`; known are {_listed(allowed)}")
        if missing := needed - set(node):
            self.refuse(node, f"{_listed(missing)} is missing")
        return node

    def refuse(self, node: CommentedMap | None, message: str) -> NoReturn:
        """Complain at a node."""
        line, column = (node.lc.line + 1, node.lc.col + 1) if node is not None else (1, 1)
        raise Faulty(Fault(self.file, line, column, message))


def _plain(value: object) -> object:
    """A scalar without what the YAML reader remembers of its spelling."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _digits(value: object) -> str:
    """The canonical text of a scalar."""
    value = _plain(value)
    return text(Decimal(repr(value))) if type(value) in (int, float) else str(value)


def _listed(names: Sequence[str] | set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
