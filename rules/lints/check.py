"""The check of a rulebook: every finding of all its files in one run, over texts alone.

What refuses to load is found by the very functions that refuse it (`rules.rulebook`, `knowledge.prolog.check`); the
lints of `rules.lints` add what loads and is wrong all the same. Whatever stands in a file, the result is findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from knowledge.clips.tree import Program, Rule
from knowledge.faults import Fault
from knowledge.prolog.check import check_policies
from rules.findings import Finding
from rules.lints.catalogue import of_fault
from rules.rulebook import no_rule, program_and_faults
from rules.texts import BookText

Look = Callable[[Program], Iterable[Finding]]
"""A further look at a program that is sound: its meaning, its cases."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, in the order of files and places, and the program it was found in.

    `program` holds the rules that can be read; `sound` says whether the rules load.
    """

    findings: tuple[Finding, ...]
    program: Program
    sound: bool


def check(
    book: BookText,
    cased: frozenset[str] | None = None,
    looks: Sequence[Look] = (),
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Checked:
    """Check a rulebook. `cased` has the rules with a case in which they fire and one in which they do not, where that
    is known; `select` and `ignore` are codes or the beginnings of codes. Raises `PrologFault` where Prolog cannot run.
    """
    program, faults = program_and_faults(book.rules)
    sound = not faults and not book.faults
    if sound and not program.rules:
        faults.append(no_rule())
        sound = False
    faults += [*book.faults, *check_policies(book.policies)]
    findings = [_finding(fault, book, program) for fault in dict.fromkeys(faults)]
    if sound:
        for look in looks:
            findings += look(program)
    kept = [one for one in findings if wanted(one.code, select, ignore)]
    return Checked(tuple(sorted(kept, key=lambda one: one.place)), program, sound)


def wanted(code: str, select: Sequence[str], ignore: Sequence[str]) -> bool:
    """Whether findings of a code are asked for; of what is selected and what is ignored the longer word counts."""
    chosen = max((len(one) for one in select if code.startswith(one)), default=-1) if select else 0
    return chosen > max((len(one) for one in ignore if code.startswith(one)), default=-1)


def _finding(fault: Fault, book: BookText, program: Program) -> Finding:
    rule = next((one.name for one in program.rules if one.file == fault.file and _inside(one, fault)), "")
    return of_fault(fault, book.texts.get(fault.file, ""), rule)


def _inside(rule: Rule, fault: Fault) -> bool:
    return rule.at.line <= fault.line <= rule.at.line + rule.text.count("\n")
