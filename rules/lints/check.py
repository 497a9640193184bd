"""The check of a rulebook: every finding of all its files in one run, over texts alone.

What refuses to load is found by the very functions that refuse it (`rules.rulebook`, `knowledge.prolog.check`); the
lints of `rules.lints` add what loads and is wrong all the same. They look at rules that are sound, each by itself, and
at the order of all where all are. Whatever stands in a file, the result is findings.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

from knowledge.clips.tree import Program, Rule
from knowledge.faults import Fault
from knowledge.prolog.check import Look as PolicyLook
from knowledge.prolog.check import look_at
from knowledge.templates import vocabulary
from rules.findings import Finding
from rules.lints.allow import Lines, Silenced, settled
from rules.lints.catalogue import found, of_fault, offset
from rules.lints.firing import endless_findings, salience_findings
from rules.lints.fixes import fix_of
from rules.lints.numbers import number_findings
from rules.lints.twins import guard_findings, twin_findings
from rules.lints.variables import variable_findings
from rules.rulebook import no_rule, program_and_faults
from rules.texts import BookText, Source

Look = Callable[[Program], Iterable[Finding]]
"""A further look at a program that is sound: its meaning, its cases."""
PolicyReader = Callable[[tuple[Source, ...]], PolicyLook]
"""How policies are read."""
UNREADABLE = frozenset(("R003", "R004"))
"""Codes of files that can not be read at all."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, in the order of files and places, and the program it was found in.

    `program` holds the rules that can be read; `sound` says whether rules and policies load.
    """

    findings: tuple[Finding, ...]
    silenced: tuple[Silenced, ...]
    program: Program
    sound: bool

    @property
    def faulty(self) -> bool:
        """Whether anything was found that is more than a note."""
        return any(one.severity != "note" for one in self.findings)

    @property
    def unreadable(self) -> bool:
        """Whether a file could not be read at all."""
        return any(one.code in UNREADABLE for one in self.findings)


def check(
    book: BookText,
    cased: frozenset[str] | None = None,
    looks: Sequence[tuple[str, Look]] = (),
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    read_policies: PolicyReader | None = None,
) -> Checked:
    """Check a rulebook. `cased` has the rules with a case in which they fire and one in which they do not, where that
    is known; each of `looks` is the first letter of its codes and a function. `select` and `ignore` are codes or the
    beginnings of codes. Policies are read in a process that can be ended, unless somebody reads them otherwise.
    Raises `PrologFault` where Prolog cannot run.
    """
    if read_policies is None:
        # the process that reads policies does so while the rules are read here
        with ThreadPoolExecutor(1) as beside:
            reading = beside.submit(_policies, book.policies)
            program, faults = program_and_faults(book.rules)
            policies = reading.result()
    else:
        program, faults = program_and_faults(book.rules)
        policies = read_policies(book.policies)
    if not faults and not book.faults and not program.rules:
        faults.append(no_rule())
    rules_load = not faults and not book.faults
    broken = {(one.file, one.line) for one in faults}
    faults += [*book.faults, *policies.faults, *policies.remarks]
    texts = book.texts
    spans = _spans(program, texts)
    findings = [_finding(fault, texts, program, spans) for fault in dict.fromkeys(faults)]
    findings += _lints(program, texts, broken, spans, rules_load)
    if cased is not None:
        findings += _without_cases(program, texts, cased)
    letters = "RP"
    for letter, look in looks if rules_load and not policies.faults else ():
        findings += look(program)
        letters += letter
    places = _places(spans, policies)
    kept, silenced = settled(dict.fromkeys(findings), texts, places, letters)
    asked = _once([one for one in kept if wanted(one.code, select, ignore)])
    ordered = tuple(sorted(asked, key=lambda one: one.place))
    return Checked(ordered, tuple(silenced), program, rules_load and not policies.faults)


def _once(findings: list[Finding]) -> list[Finding]:
    """The findings without those about meaning that a plainer one has told already: at its place, or of its rule."""
    ranges = {(one.file, line) for one in findings if one.code == "R401" for line in range(one.line, one.end_line + 1)}
    twins = {one.rule for one in findings if one.code == "R208"}
    return [
        one
        for one in findings
        if not (one.code in ("M105", "M106") and (one.file, one.line) in ranges)
        and not (one.code == "M102" and one.rule in twins)
    ]


def wanted(code: str, select: Sequence[str], ignore: Sequence[str]) -> bool:
    """Whether findings of a code are asked for; of what is selected and what is ignored the longer word counts."""
    chosen = max((len(one) for one in select if code.startswith(one)), default=-1) if select else 0
    return chosen > max((len(one) for one in ignore if code.startswith(one)), default=-1)


_Spans = dict[str, list[tuple[Lines, Rule]]]


def _spans(program: Program, texts: dict[str, str]) -> _Spans:
    """The first and last line of each rule, by file."""
    found_: _Spans = {file: [] for file in texts}
    for rule in program.rules:
        found_[rule.file].append(((rule.at.line, rule.at.line + rule.text.count("\n")), rule))
    return found_


def _places(spans: _Spans, policies: PolicyLook) -> dict[str, tuple[Lines, ...]]:
    """The first and last line of each rule and clause, by file."""
    places = {file: [lines for lines, _ in some] for file, some in spans.items()}
    for file, first, last in policies.clauses:
        places.setdefault(file, []).append((first, last))
    return {file: tuple(some) for file, some in places.items()}


def _lints(
    program: Program, texts: dict[str, str], broken: set[tuple[str, int]], spans: _Spans, whole: bool
) -> Iterator[Finding]:
    words = vocabulary()
    for some in spans.values():
        for (first, last), rule in some:
            if not any((rule.file, line) in broken for line in range(first, last + 1)):
                yield from variable_findings(rule, texts[rule.file], words)
                yield from number_findings(rule, texts[rule.file], words)
    if whole:
        yield from endless_findings(program, texts)
        yield from salience_findings(program, texts)
        yield from guard_findings(program, texts)
        yield from twin_findings(program, texts)


def _without_cases(program: Program, texts: dict[str, str], cased: frozenset[str]) -> Iterator[Finding]:
    for rule in program.rules:
        if rule.name not in cased:
            said = f"`{rule.name}` has no case in which it fires, or none in which it does not"
            advice = f"write both into `rules/cases/{rule.name}.yaml`"
            yield found("R207", texts[rule.file], rule.file, rule.name_at, said, advice, rule.name)


def _finding(fault: Fault, texts: dict[str, str], program: Program, spans: _Spans) -> Finding:
    text = texts.get(fault.file, "")
    some = spans.get(fault.file, [])
    here = bisect_left(some, fault.line, key=lambda one: one[0][1])
    inside = some[here][1].name if here < len(some) and some[here][0][0] <= fault.line else ""
    fix = fix_of(fault, text, offset(text, fault.line, fault.column))
    return of_fault(fault, text, inside, fix)


@lru_cache(maxsize=16)
def _policies(sources: tuple[Source, ...]) -> PolicyLook:
    """Reading policies takes a process; an editor asks again while only rules change."""
    return look_at(sources)
