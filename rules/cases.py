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

from knowledge.clips.session import ClipsImage, Inference
from knowledge.facts import Fact, value_text
from knowledge.facts_file import FactsReader, Statement, unreadable
from knowledge.faults import Fault, Faulty
from knowledge.marked_yaml import Entry, Items, Node, Scalar, Table, compose, named
from knowledge.templates import Slot, vocabulary
from knowledge.values import text
from rules.rulebook import Rulebook

_NO_CASES = "`cases` takes a list of cases"
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


class _Reader(FactsReader):
    """Reads one case file; every fault of it is told."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path

    def cases(self) -> list[Case]:
        """All cases of the file. Raises `Faulty`."""
        try:
            root = compose(self.path.read_text(encoding="utf-8"), self.file)
        except (OSError, UnicodeDecodeError):
            raise unreadable(self.file) from None
        top = self.needed(root, "the file", ("rule", "defaults", "cases"), ("rule", "cases"))
        self.done()
        if "defaults" in top:
            named_slots = self.table(top["defaults"].value, "`defaults`").items()
            self.defaults = {name: self.table(entry.value, f"`{name}`") for name, entry in named_slots}
        rule, listed = self.text(top["rule"]), self.items(top["cases"].value, _NO_CASES)
        if isinstance(top["cases"].value, Items) and not listed:
            self.fault(top["cases"].value, _NO_CASES)
        found = [case for node in listed if (case := self.case(rule, node)) is not None]
        self.done()
        return found

    def case(self, rule: str, node: Node) -> Case | None:
        """One case; None after a fault."""
        before = len(self.faults)
        case = self.needed(node, "a case", ("name", "given", "expect", "expect_not"), ("name", "given"))
        if len(self.faults) > before:
            return None
        name = self.text(case["name"])
        given, expect, expect_not = (self.listed_under(case, key) for key in ("given", "expect", "expect_not"))
        if len(self.faults) == before and not expect and not expect_not:
            self.fault(node, f"the case `{name}` expects nothing; add `expect` or `expect_not`")
        facts = self.facts(given)
        wanted, unwanted = ([self.wanted(*one) for one in some] for some in (expect, expect_not))
        if len(self.faults) > before:
            return None
        place = f"{self.file}:{node.line}"
        return Case(rule, name, place, facts, tuple(filter(None, wanted)), tuple(filter(None, unwanted)))

    def listed_under(self, case: Mapping[str, Entry], key: str) -> list[Statement]:
        """The statements of a list. A list that is left empty is one of none."""
        if key not in case or (isinstance(case[key].value, Scalar) and not case[key].value.written):
            return []
        return self.statements(case[key].value, f"`{key}` takes a list of facts")

    def wanted(self, node: Node, template: str, slots: Mapping[str, Entry]) -> Wanted | None:
        """A conclusion to look for."""
        shape = vocabulary().templates.get(template)
        if shape is None or shape.origin != "rules":
            self.fault(node, f"`{template}` is nothing that rules conclude; check the name of the template")
            return None
        for name in slots:
            if name not in shape.slots:
                self.fault(node, f"`{template}` has no slot `{name}`; it has {', '.join(shape.slots)}")
        known = {name: entry for name, entry in slots.items() if name in shape.slots}
        return template, {name: self.canonical(shape.slots[name], entry) for name, entry in known.items()}

    def canonical(self, slot: Slot, entry: Entry) -> str:
        """The canonical text of what a slot shall hold."""
        written = self.slot(entry)
        if slot.type not in ("number", "integer"):
            return written
        try:
            number = Decimal(written)
        except ArithmeticError:
            number = Decimal("nan")
        if not number.is_finite():
            self.fault(entry.value, f"`{written}` in `{slot.name}` is no number; write digits such as `20` or `0.05`")
            return ""
        return text(number)

    def needed(self, node: Node | None, what: str, known: Sequence[str], needed: Sequence[str]) -> dict[str, Entry]:
        """A mapping that has these keys at least."""
        found = self.table(node, what, known)
        if isinstance(node, Table) and (missing := [name for name in needed if name not in found]):
            self.fault(node, f"{named(missing)} is missing")
        return found
