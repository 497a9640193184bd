"""A finding of surveillance: which pattern, where, on what, by which figures, in one sentence.

Rules:
- a finding is told as of the record that completed it: what comes later neither changes it nor takes it away;
- its id derives from pattern, subject, orders and that record's place, so the same finding has the same id whenever it
  is looked for;
- a finding is a question for a person and no accusation: the log knows what was done and not why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from knowledge.values import Json, canonical, digest


class Pattern(StrEnum):
    """What is looked for."""

    WASH = "wash-trade"
    LAYERING = "layering"
    CLOSE = "marking-the-close"
    CANCELS = "repeated-cancels"
    NEAR = "limit-proximity"
    BINDING = "limit-binding"
    UNDER = "just-under-a-limit"


class Severity(StrEnum):
    """How soon a person should look."""

    SEVERE = "severe"
    """At once: there is an alert."""
    WARNING = "warning"
    """Within the day."""
    NOTICE = "notice"
    """With the next review."""


SOURCES = {
    Pattern.WASH: "MAR Annex I A(c); 2016/522 Annex II section 1 (wash trades); FINRA rule 5210.02",
    Pattern.LAYERING: "MAR Annex I A(f); 2016/522 Annex II section 1 (layering and spoofing)",
    Pattern.CLOSE: "MAR Annex I A(g); 2016/522 Annex II section 1 (marking the close)",
    Pattern.CANCELS: "RTS 6 art. 13; MAR Annex I A(f)",
    Pattern.NEAR: "desk mandate: use of limits is reviewed (15c3-5(e))",
    Pattern.BINDING: "desk mandate: use of limits is reviewed (15c3-5(e))",
    Pattern.UNDER: "desk mandate: orders cut to size below a control (15c3-5(c))",
}
"""Where each comes from."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number against its threshold, both exact text; `unit` names what they count."""

    name: str
    value: str
    threshold: str
    unit: str

    def to_json(self) -> Json:
        """As a record has it."""
        return {"name": self.name, "value": self.value, "threshold": self.threshold, "unit": self.unit}


@dataclass(frozen=True)
class Finding:
    """One finding. `first` and `last` are the days (ISO dates) that it spans, `at` is the place that completed it."""

    pattern: Pattern
    severity: Severity
    instrument: str
    """Empty where it is about more than one."""
    limit: str
    """Of patterns about a limit, its id or measure; else empty."""
    first: str
    last: str
    at: int
    as_of: str
    instruments: tuple[str, ...]
    """All that it is about, sorted."""
    orders: tuple[str, ...]
    figures: tuple[Figure, ...]
    sentence: str

    @cached_property
    def id(self) -> str:
        """What names it, wherever it is found again."""
        said = [self.pattern.value, self.instrument, self.limit, list(self.orders), self.at]
        return digest(canonical(said)).removeprefix("sha256:")[:16]

    def to_json(self) -> Json:
        """What a record of it says."""
        found = {
            "finding_id": self.id, "pattern": self.pattern.value, "severity": self.severity.value,
            "instrument": self.instrument, "limit": self.limit, "first": self.first, "last": self.last,
            "completed_by": self.at, "instruments": list(self.instruments), "orders": list(self.orders),
            "figures": [one.to_json() for one in self.figures], "sentence": self.sentence,
            "source": SOURCES[self.pattern],
        }  # fmt: skip
        return {name: value for name, value in found.items() if value != ""}


Findings = Iterator[Finding]
