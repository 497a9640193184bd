"""Cases: tests of the rules and policies, written as data by the people who write those.

A file `rules/cases/<rule>.yaml` holds the cases of one rule, or of one policy, which is a reason to forbid:

    rule: trend-up                  # or `policy: earnings_blackout`
    defaults:                       # slots that the facts below may leave out, by template
      indicator: {instrument: AAPL}
    cases:
      - name: exactly at the thresholds
        given:                      # facts, as `knowledge.facts_file` writes them; derived ones are allowed
          - indicator: {name: ema-50-200, value: 0.0001}
          - indicator: {name: adx-14, value: 20}
        expect:                     # each must be among the conclusions; slots left out may be anything
          - trend: {instrument: AAPL, direction: up}
        expect_not:                 # none of these may be concluded
          - trend: {direction: down}

`given: facts/quiet-day.yaml` takes the facts of a file below the folder of the case; among the items of a list such a
path stands for the facts of the file, too. What policies say is expected as `permitted: {instrument: AAPL}` and
`forbidden: {instrument: AAPL, reason: earnings_blackout}`; both know the slots `instrument` and `side`.

Here the files are read; `rules.testing` runs them. Left out: what a case means that no rule answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Literal

from knowledge.facts import Fact
from knowledge.facts_file import FactsReader, Statement, read_facts, unreadable
from knowledge.faults import Fault, Faulty
from knowledge.marked_yaml import Entry, Items, Node, Scalar, Table, compose, named
from knowledge.templates import Slot, vocabulary
from knowledge.values import text
from rules.rulebook import Rulebook

Kind = Literal["rule", "policy"]
_NO_CASES = "`cases` takes a list of cases"
JUDGED: Mapping[str, tuple[str, ...]] = {
    "permitted": ("instrument", "side"),
    "forbidden": ("instrument", "side", "reason"),
}
"""What policies say of a candidate, and the slots that may be asked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A conclusion that is looked for: a template (or one of `JUDGED`), and the canonical text of some slots."""

    template: str
    slots: Mapping[str, str]
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.template}({', '.join(f'{name} {value}' for name, value in self.slots.items())})"

    @property
    def is_judged(self) -> bool:
        """Whether policies say it, and not rules."""
        return self.template in JUDGED


@dataclass(frozen=True, slots=True)
class Case:
    """One case, read. `about` names the rule or the policy of its file."""

    kind: Kind
    about: str
    name: str
    file: str
    line: int
    column: int
    given: tuple[Fact, ...]
    expect: tuple[Wanted, ...]
    expect_not: tuple[Wanted, ...]
    about_at: tuple[int, int]
    """Where the file names the rule or policy."""

    @property
    def place(self) -> str:
        """`file:line` of the case."""
        return f"{self.file}:{self.line}"

    @property
    def fires(self) -> bool | None:
        """Whether its rule, or policy, shall have its say; None where the case leaves that open."""
        expected = [one.is_judged for one in self.expect]
        if self.kind == "policy":
            return any(_forbids(one, self.about) for one in self.expect)
        return None if expected and all(expected) else bool(expected)

    def fault(self, message: str) -> Fault:
        """A complaint about the name that its file begins with."""
        return Fault(self.file, *self.about_at, message)


def read_cases(directory: Path, desk: Path | None = None) -> list[Case]:
    """Read all case files of a folder, in order of their names; files are named as seen from `desk`.

    Raises `Faulty` with every fault found.
    """
    cases: list[Case] = []
    faults: list[Fault] = []
    for path in sorted(directory.glob("*.yaml")):
        file = str(path) if desk is None else path.relative_to(desk).as_posix()
        try:
            source = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            faults.extend(unreadable(file).faults)
            continue
        try:
            cases.extend(cases_of(source, file, _beside(path.parent)))
        except Faulty as error:
            faults.extend(error.faults)
    faults.extend(_twice(cases))
    if faults:
        raise Faulty(*faults)
    return cases


Beside = Callable[[str], str]
"""The text of a file by its path, relative to the folder of the case. Raises `OSError`, `ValueError`."""


def cases_of(source: str, file: str, beside: Beside) -> list[Case]:
    """The cases of one file's text. Raises `Faulty` with every fault found."""
    return _Reader(file, beside).cases(source)


def without_case(rulebook: Rulebook, cases: Iterable[Case]) -> list[str]:
    """The rules that lack a case in which they fire, or one in which they do not, in order of the rulebook."""
    about = [case for case in cases if case.kind == "rule"]
    fire, rest = ({case.about for case in about if case.fires is wanted} for wanted in (True, False))
    return [rule.name for rule in rulebook.program.rules if rule.name not in fire & rest]


def _forbids(wanted: Wanted, policy: str) -> bool:
    return wanted.template == "forbidden" and wanted.slots.get("reason", policy) == policy


def _beside(folder: Path) -> Beside:
    return lambda path: (folder / path).read_text(encoding="utf-8")


def _twice(cases: Sequence[Case]) -> list[Fault]:
    """A rule has one file, so that whoever changes it finds all its cases."""
    first: dict[tuple[str, str], str] = {}
    files = {case.file: case for case in reversed(cases)}
    return [
        case.fault(f"cases of `{case.about}` stand in `{first[case.kind, case.about]}` too; put them into one file")
        for file, case in sorted(files.items())
        if first.setdefault((case.kind, case.about), file) != file
    ]


class _Reader(FactsReader):
    """Reads one case file; every fault of it is told."""

    def __init__(self, file: str, beside: Beside) -> None:
        super().__init__(file)
        self.beside = beside
        self.kind: Kind = "rule"
        self.about = ""
        self.about_at = (1, 1)

    def cases(self, source: str) -> list[Case]:
        """All cases of the file. Raises `Faulty`."""
        root = compose(source, self.file)
        top = self.needed(root, "the file", ("rule", "policy", "defaults", "cases"), ("cases",))
        if isinstance(root, Table):
            self.heading(root, top)
        self.done()
        if "defaults" in top:
            named_slots = self.table(top["defaults"].value, "`defaults`").items()
            self.defaults = {name: self.table(entry.value, f"`{name}`") for name, entry in named_slots}
        listed = self.items(top["cases"].value, _NO_CASES)
        if isinstance(top["cases"].value, Items) and not listed:
            self.fault(top["cases"].value, _NO_CASES)
        found = [case for node in listed if (case := self.case(node)) is not None]
        self.once(found)
        self.done()
        return found

    def heading(self, root: Node, top: Mapping[str, Entry]) -> None:
        """What the file is about."""
        given: list[Kind] = [kind for kind in ("rule", "policy") if kind in top]
        if len(given) != 1:
            both = "`rule` and `policy` stand here both; a file is about one of them"
            self.fault(root, both if given else "`rule` is missing, or `policy`: what the cases are about")
            return
        (self.kind,) = given
        entry = top[self.kind]
        self.about = self.text(entry)
        self.about_at = (entry.value.line, entry.value.column)

    def once(self, cases: Sequence[Case]) -> None:
        """A name is how a case is chosen."""
        seen: set[str] = set()
        for case in cases:
            if case.name in seen:
                words = f"a case `{case.name}` stands above; give each its own name"
                self.faults.append(Fault(self.file, case.line, case.column, words))
            seen.add(case.name)

    def case(self, node: Node) -> Case | None:
        """One case; None after a fault."""
        before = len(self.faults)
        case = self.needed(node, "a case", ("name", "given", "expect", "expect_not"), ("name", "given"))
        if len(self.faults) > before:
            return None
        name = self.text(case["name"])
        given = self.given(case["given"])
        expect, expect_not = (self.listed_under(case, key) for key in ("expect", "expect_not"))
        if len(self.faults) == before and not expect and not expect_not:
            self.fault(node, f"the case `{name}` expects nothing; add `expect` or `expect_not`")
        wanted, unwanted = ([self.wanted(*one) for one in some] for some in (expect, expect_not))
        if len(self.faults) > before:
            return None
        expected = tuple(filter(None, wanted)), tuple(filter(None, unwanted))
        at = (node.line, node.column)
        return Case(self.kind, self.about, name, self.file, *at, given, *expected, self.about_at)

    def given(self, entry: Entry) -> tuple[Fact, ...]:
        """The facts that are given: listed, or those of a facts file. What is left empty is none."""
        node = entry.value
        if isinstance(node, Scalar):
            return self.facts_beside(node) if node.written else ()
        stated: list[Statement] = []
        taken: list[Fact] = []
        for one in self.items(node, "`given` takes a list of facts, or the path of a facts file"):
            if isinstance(one, Scalar) and one.written.endswith(".yaml"):
                taken.extend(self.facts_beside(one))
            elif (statement := self.statement(one)) is not None:
                stated.append(statement)
        # What is written out counts; the file beside it is the ground it stands on.
        facts = {fact.ref: fact for fact in taken} | {fact.ref: fact for fact in self.facts(stated)}
        return tuple(facts.values())

    def facts_beside(self, node: Scalar) -> tuple[Fact, ...]:
        """The facts of a file below the folder of the case."""
        path = PurePosixPath(node.text)
        if path.is_absolute() or ".." in path.parts or "\\" in node.text or path.suffix != ".yaml":
            self.fault(node, f"`{node.text}` is no facts file beside the case; write a path like `facts/quiet.yaml`")
            return ()
        try:
            return read_facts(self.beside(node.text), str(PurePosixPath(self.file).parent / path))
        except Faulty as error:
            self.faults.extend(error.faults)
        except (OSError, ValueError):
            self.fault(node, f"`{node.text}` cannot be read as UTF-8 text; create it, or correct the path")
        return ()

    def listed_under(self, case: Mapping[str, Entry], key: str) -> list[Statement]:
        """The statements of a list. A list that is left empty is one of none."""
        if key not in case or (isinstance(case[key].value, Scalar) and not case[key].value.written):
            return []
        return self.statements(case[key].value, f"`{key}` takes a list of facts")

    def wanted(self, node: Node, template: str, slots: Mapping[str, Entry]) -> Wanted | None:
        """A conclusion to look for."""
        if template in JUDGED:
            known = {name: Slot(name, "symbol") for name in JUDGED[template]}
        else:
            shape = vocabulary().templates.get(template)
            if shape is None or shape.origin != "rules":
                self.fault(node, f"`{template}` is nothing that rules conclude; check the name of the template")
                return None
            known = dict(shape.slots)
        for name in slots:
            if name not in known:
                self.fault(node, f"`{template}` has no slot `{name}`; it has {', '.join(known)}")
        written = {name: self.canonical(known[name], entry) for name, entry in slots.items() if name in known}
        return Wanted(template, written, node.line, node.column)

    def canonical(self, slot: Slot, entry: Entry) -> str:
        """The canonical text of what a slot shall hold."""
        written = self.slot(entry)
        if slot.type not in ("number", "integer"):
            if written and slot.allowed and written not in slot.allowed:
                self.fault(entry.value, f"`{slot.name}` is never `{written}`; it is one of {named(slot.allowed)}")
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
