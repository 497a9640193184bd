"""What no sum of rows shows: Z3 looks for a book with one side and one class an instrument.

The polytope lets an instrument be long and short at once, so that its largest value may be larger than any book's. Here
the sides exclude each other. *Unsat* says that no book inside the rows breaks the target, and only Z3 attests it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from engine.proof.smt_text import plus, real, times
from engine.proof.solver import Nonsense, answers
from engine.universe.polytope import Columns, Line

BUDGET = 20_000_000
"""Resource units of a question: some seconds, and then it is not known."""


@dataclass(frozen=True, slots=True)
class Attested:
    """`sat`, `unsat` or `unknown`, with the point where it is `sat`."""

    verdict: str
    point: tuple[float, ...] = ()


def one_sided(target: Line, lines: Sequence[Line], columns: Columns, budget: int = BUDGET) -> Attested:
    """Is there a book inside the lines that breaks the target?"""
    text = "\n".join(_script(target, lines, columns, budget))
    try:
        (answer,) = answers(text)
        if answer.verdict != "sat":
            return Attested(answer.verdict)
        (answer,) = answers(f"{text}\n(get-value ({' '.join(f'x{at}' for at in range(columns.count))}))")
    except Nonsense:
        return Attested("unknown")
    values = dict(answer.values)
    return Attested("sat", tuple(float(values[f"x{at}"]) for at in range(columns.count)))


def _script(target: Line, lines: Sequence[Line], columns: Columns, budget: int) -> Iterator[str]:
    yield f"(set-option :rlimit {budget})"
    yield "(set-logic QF_LRA)"
    for at in range(columns.count):
        yield f"(declare-const x{at} Real)"
        yield f"(assert (<= 0.0 x{at}))"
    for line in lines:
        yield f"(assert (<= {_sum(line)} {real(line.bound)}))"
    for name in columns.names:
        places = [columns.exposure(name, side, at) for at in range(len(columns.classes)) for side in (1, -1)]
        for one, other in combinations(places, 2):
            yield f"(assert (or (= x{one} 0.0) (= x{other} 0.0)))"
    yield f"(assert (> {_sum(target)} {real(target.bound)}))"
    yield "(check-sat)"


def _sum(line: Line) -> str:
    return plus(times(value, f"x{column}") for column, value in sorted(line.terms.items()))
