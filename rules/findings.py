"""What a look at a rulebook found, as values: lints, meaning and cases all report this, and nothing else.

A finding has a code with a page of its own (`rules.lints.catalogue`), a place from which to which, a sentence and an
advice. Lines and columns count from 1, and a column counts characters; `end` is the first place after the text. Where
a change is safe the finding carries it as exact edits, and where it is about facts, the facts themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from knowledge.values import Json

Severity = Literal["error", "warning", "note"]
"""An error keeps the rulebook from loading; a warning is a fault of a rulebook that loads; a note is none."""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """The characters `[start, end)` of a file become `text`."""

    file: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that removes the finding; the sentence says what it does. The edits belong together: all or none.

    A safe one changes nothing that a sound rulebook means. What is not `safe` is a guess at what was meant: an editor
    may offer it, and nobody makes it unasked.
    """

    sentence: str
    edits: tuple[Edit, ...]
    safe: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    `rule` is the id of the rule it is about, empty for policies and whole files. `sentence` says what is wrong and
    `advice` what to do, empty where the sentence says it. `witness` is the text of a facts file that shows it.
    """

    code: str
    severity: Severity
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    rule: str
    sentence: str
    advice: str = ""
    fix: Fix | None = None
    witness: str | None = None

    @property
    def place(self) -> tuple[str, int, int, str]:
        """What findings are sorted by."""
        return self.file, self.line, self.column, self.code

    @property
    def message(self) -> str:
        """Sentence and advice in one line."""
        return f"{self.sentence}; {self.advice}" if self.advice else self.sentence

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.message}"

    def to_json(self) -> Json:
        """The canonical JSON value."""
        fix = self.fix and {
            "sentence": self.fix.sentence,
            "safe": self.fix.safe,
            "edits": [[one.file, one.start, one.end, one.text] for one in self.fix.edits],
        }
        return {
            "code": self.code,
            "severity": self.severity,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "end_line": self.end_line,
            "end_column": self.end_column,
            "rule": self.rule,
            "sentence": self.sentence,
            "advice": self.advice,
            "fix": fix,
            "witness": self.witness,
        }


def mended(texts: Mapping[str, str], fixes: Iterable[Fix]) -> dict[str, str]:
    """The texts of the files that change, by file, once each fix is made that meets no earlier one's characters."""
    taken: list[Edit] = []
    for fix in fixes:
        if all(one.file in texts and not any(_meet(one, other) for other in taken) for one in fix.edits):
            taken += fix.edits
    found: dict[str, str] = {}
    for edit in sorted(taken, reverse=True):
        before = found.get(edit.file, texts[edit.file])
        found[edit.file] = before[: edit.start] + edit.text + before[edit.end :]
    return found


def _meet(one: Edit, other: Edit) -> bool:
    return one.file == other.file and one.start <= other.end and other.start <= one.end
