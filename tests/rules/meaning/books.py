"""Small rulebooks for questions about meaning, and the shipped one with a piece of it replaced."""

from __future__ import annotations

from functools import cache

from rules.findings import Finding
from rules.meaning.meaning import meaning
from rules.rulebook import Rulebook, Source
from tests.rules import desk

DOMAINS = {"head": desk.HEADS}


def book(text: str) -> Rulebook:
    """A rulebook of these rules alone."""
    return Rulebook((Source("rules.clp", text),), ())


def rule(name: str, conditions: str, conclusion: str, salience: int = 0) -> str:
    """The text of a rule of an owner with a sentence."""
    head = f'(defrule {name}\n  "quant | it says so"\n  (declare (salience {salience}))'
    return f"{head}\n  {conditions}\n  =>\n  (assert {conclusion}))\n"


def candidate(name: str, side: str, conditions: str) -> str:
    """A rule that proposes a side of ?i."""
    slots = f"(instrument ?i) (side {side}) (horizon swing) (conviction 0.5) (rule {name})"
    return rule(name, conditions, f"(candidate {slots})")


def rsi(test: str) -> str:
    """A pattern about the RSI of ?i, as ?rsi."""
    return f"(indicator (instrument ?i) (name rsi-14) (value ?rsi&:{test}))"


def shipped(file: str, old: str, new: str) -> Rulebook:
    """The shipped rulebook with a piece of one file replaced, which has to be there once."""
    texts = [(one.file, one.text) for one in desk.rulebook().rules]
    (found,) = [text for name, text in texts if name.endswith(f"/{file}")]
    assert found.count(old) == 1, (file, old)
    sources = tuple(Source(name, text.replace(old, new) if text is found else text) for name, text in texts)
    return Rulebook(sources, desk.rulebook().policies)


def of(rulebook: Rulebook, code: str) -> list[Finding]:
    """The findings of one code, and nothing else is asked (but M109 comes with every question)."""
    asked = ("M101",) if code == "M109" else ("M105", "M106") if code in ("M105", "M106") else (code,)
    return [one for one in _asked(rulebook, asked) if one.code == code]


@cache
def _asked(rulebook: Rulebook, codes: tuple[str, ...]) -> tuple[Finding, ...]:
    return meaning(rulebook.program, DOMAINS, asked=codes)
