"""The closed list of findings: each code, its name, how grave it is, its one line; the page is `docs/lints/CODE.md`.

R0 the text and its files, R1 vocabulary and types, R2 what a rule must have, R3 firing and order, R4 numbers, P1
policies, M1 meaning, C1 cases. A code is never given to anything else, also once it is gone. An error keeps the
rulebook from loading, everywhere; a warning makes `warrant rules check` end with status 1; a note changes no status.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from knowledge.clips.tree import Place
from knowledge.faults import Fault
from rules.findings import Finding, Fix, Severity


@dataclass(frozen=True, slots=True)
class Lint:
    """One kind of finding. `name` is two or three words, `title` one sentence without a full stop."""

    code: str
    name: str
    severity: Severity
    title: str

    @property
    def page(self) -> str:
        """Its page, relative to the root of the project."""
        return f"docs/lints/{self.code}.md"


_ROWS: tuple[tuple[str, str, Severity, str], ...] = (
    # The text and its files.
    ("R001", "unreadable text", "error", "a character, a string or a parenthesis is unsound"),
    ("R002", "no form of a rulebook", "error", "the text is CLIPS, or nearly, and nothing that a rulebook holds"),
    ("R003", "file out of reach", "error", "a file is not there, is no text, or is named where none may be"),
    ("R004", "file too large", "error", "a file has more than a million characters"),
    ("R008", "unused allow", "warning", "a comment allows a finding that is not there"),
    ("R009", "allow without a reason", "warning", "a comment allows a finding and does not say why, or which"),
    # Vocabulary and types.
    ("R101", "unknown template", "error", "a template that is not declared"),
    ("R102", "unknown slot", "error", "a slot that its template does not have"),
    ("R103", "unknown symbol", "error", "a symbol that the slot never holds"),
    ("R104", "unknown indicator", "error", "a measure that nobody computes"),
    ("R105", "wrong type", "error", "a value of a type that the slot never holds"),
    ("R106", "units mixed", "warning", "numbers of different units are compared or added"),
    ("R107", "unbound variable", "error", "a variable that has no value where it is used"),
    ("R108", "unused variable", "warning", "a variable that is bound and never used"),
    ("R109", "callback", "error", "a call of something that is no function of the rule language"),
    ("R110", "wrong arguments", "error", "a function with arguments that it does not take"),
    ("R111", "test without a question", "error", "a test whose value always counts as true"),
    ("R112", "slot twice", "error", "a slot that stands twice in one pattern or conclusion"),
    ("R113", "slot left out", "error", "a conclusion that does not give every slot"),
    ("R114", "not for rules to conclude", "error", "a conclusion that only the door or the portfolio may state"),
    ("R115", "list in a condition", "error", "a condition that looks into a slot that holds a list"),
    ("R116", "address of a fact", "error", "a fact's address is bound, and nothing takes one"),
    ("R117", "other than assert", "error", "an action that is not `assert`"),
    ("R118", "under another name", "error", "a conclusion that names another rule as its author"),
    ("R119", "group that can not be traced", "error", "a condition whose facts the trace would not show"),
    ("R120", "symbol never equal", "warning", "a comparison with a symbol that the slot never holds"),
    # What a rule must have.
    ("R201", "no owner", "error", "a rule that nobody answers for"),
    ("R202", "no sentence", "error", "a rule without the sentence that explains it"),
    ("R203", "owner of several words", "error", "an owner that is no one word"),
    ("R204", "sentence without a value", "error", "the sentence names a variable that the rule does not bind"),
    ("R205", "no id", "error", "a rule without a name that can be its id"),
    ("R206", "id twice", "error", "two rules of one name"),
    ("R207", "no case", "warning", "a rule without a case in which it fires, or without one in which it does not"),
    ("R208", "duplicate rule", "warning", "two rules that say the same, up to names and the order of conditions"),
    # Firing and order.
    ("R301", "endless firing", "warning", "a rule feeds itself new numbers without a bound"),
    ("R302", "order decides", "error", "an absence is asked for before everything has fired that may end it"),
    ("R303", "circle through an absence", "error", "a rule whose conclusion leads to what it asks the absence of"),
    ("R304", "salience without need", "warning", "a salience that changes nothing"),
    ("R305", "guard left out", "warning", "a rule that proposes without asking for the absence its siblings ask for"),
    # Numbers and ranges.
    ("R401", "beyond the range", "warning", "a threshold outside of what the number can be"),
    ("R402", "equality of numbers", "warning", "measured or computed numbers compared for equality"),
    ("R403", "finer than the grid", "warning", "a threshold with more digits than the number has"),
    ("R404", "conclusion beyond the range", "warning", "a concluded number that the slot refuses"),
    ("R405", "symbol beyond the slot", "warning", "a concluded variable that may be a symbol the slot refuses"),
    # Policies.
    ("P101", "unreadable clause", "error", "prolog can not read a clause"),
    ("P102", "cut", "error", "a cut, or a conditional, which is one"),
    ("P103", "side effect", "error", "a goal that does something, or runs what is not of the policies"),
    ("P104", "undefined predicate", "error", "a goal that nothing defines"),
    ("P105", "directive that runs", "error", "a directive that would run while the policies load"),
    ("P106", "inexact term", "error", "a number or term that has no exact form"),
    ("P107", "open list", "error", "a list without an end"),
    ("P108", "value that never matches", "error", "a value that the slot never holds"),
    ("P109", "number of slots", "error", "a fact asked for with another number of slots than it has"),
    ("P110", "variable once", "error", "a variable that occurs once"),
    ("P111", "no sentence", "error", "a predicate without the sentence that explains it"),
    ("P112", "sentence of nothing", "error", "a sentence that fits no predicate, or a second one"),
    ("P113", "head that can not be", "error", "a clause for a fact, a word of Prolog, or no name at all"),
    ("P114", "no verdict", "error", "nothing defines `permitted` or `forbidden`"),
    ("P115", "misspelt reason", "error", "a predicate that no verdict comes to, named nearly as one that it does"),
    ("P116", "unused predicate", "warning", "a predicate that no verdict comes to"),
    ("P117", "inexact arithmetic", "error", "a function that is not exact"),
    ("P118", "hidden character", "error", "a character that does not print"),
    ("P119", "file left out", "error", "a file is included, and was not read"),
    ("P120", "endless recursion", "warning", "a predicate that calls itself with nothing in between that ends it"),
    ("P121", "clause too deep", "error", "a clause that nests more terms than anyone reads"),
    ("P122", "clause twice", "warning", "a clause that stands there already"),
    ("P123", "value not there yet", "warning", "a test or negation before what gives its variable a value"),
    ("P124", "beyond the range", "warning", "a comparison that always or never holds, by what the slot can be"),
    ("P125", "nearly the same word", "warning", "a word that stands once, and is nearly one that stands elsewhere"),
    ("P126", "no day", "warning", "a word that is written as a day, and is none of the calendar"),
    ("P127", "never asked for", "warning", "a fact of the policies with a symbol that no clause asks for"),
    # Meaning, by Z3, each shown in CLIPS.
    ("M101", "dead rule", "warning", "a rule that no facts make fire"),
    ("M102", "shadowed rule", "warning", "a rule that says nothing another rule does not say whenever it fires"),
    (
        "M103",
        "conflict",
        "warning",
        "two rules that propose opposite things, or contradict each other, on the same facts",
    ),
    ("M104", "gap", "note", "a region of the measures in which nothing is proposed"),
    ("M105", "always true", "warning", "a condition that holds whatever the facts"),
    ("M106", "implied condition", "note", "a condition that follows from the rule's other conditions"),
    ("M109", "not analysed", "note", "a question about meaning that was not answered, and why"),
    # Cases.
    ("C101", "unreadable case", "warning", "a file of cases that can not be read"),
)

LINTS: Mapping[str, Lint] = MappingProxyType({row[0]: Lint(*row) for row in _ROWS})
"""Every kind of finding, by code."""


def found(
    code: str,
    text: str,
    file: str,
    at: Place,
    sentence: str,
    advice: str = "",
    rule: str = "",
    fix: Fix | None = None,
    witness: str | None = None,
) -> Finding:
    """A finding of this code at a place of a file with this text."""
    inside = text[at.start : at.end]
    breaks = inside.count("\n")
    end_column = len(inside) - inside.rfind("\n") if breaks else at.column + len(inside)
    severity = LINTS[code].severity
    said, todo = (_LONG.sub(lambda words: f"`{words[1]}…`", one) for one in (sentence, advice))
    return Finding(
        code, severity, file, at.line, at.column, at.line + breaks, end_column, rule, said, todo, fix, witness
    )


_LONG = re.compile(r"`([^`]{100})[^`]{20,}`")
"""Words of a file that nobody reads to their end."""


def of_fault(fault: Fault, text: str, rule: str = "", fix: Fix | None = None) -> Finding:
    """A fault that refuses to load, as a finding. Its advice is what stands behind the first semicolon."""
    start = offset(text, fault.line, fault.column)
    at = Place(fault.line, fault.column, start, start + fault.length)
    sentence, _, advice = fault.message.partition("; ")
    return found(fault.code, text, fault.file, at, sentence, advice, rule, fix)


def offset(text: str, line: int, column: int) -> int:
    """The offset of a place in a text, inside of it also where the place is not."""
    starts = _starts(text)
    return min(starts[line - 1] + column - 1, len(text)) if 0 < line <= len(starts) else len(text)


def line_of(text: str, start: int) -> int:
    """The line of an offset."""
    return bisect_right(_starts(text), start)


@lru_cache(maxsize=64)
def _starts(text: str) -> tuple[int, ...]:
    return (0, *(one.end() for one in re.finditer("\n", text)))
