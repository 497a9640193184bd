"""Z3 over a script: can what is assumed be, with which values, and if not, why.

Budgets are counted in Z3's resource units, each question its own; what exceeds it is *unknown*. The wall clock belongs
to the process that asks. Z3 is asked by its own reader, and only names that the script declared are read off its model.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any, Literal

from rules.meaning.script import Num, Script, Word

BUDGET = 3_000_000
"""Resource units of one question."""
Verdict = Literal["sat", "unsat", "unknown"]


@cache
def _context() -> Any:  # noqa: ANN401  z3 has no types
    """One for all scripts of the process: a fresh solver knows nothing of others, and a fresh context takes longer."""
    import z3

    return z3.Context()


class Solver:
    """Questions about one script, which may grow between them."""

    def __init__(self, script: Script, budget: int = BUDGET) -> None:
        import z3

        self._z3: Any = z3
        self._script = script
        self._context = _context()
        self._solver = z3.SolverFor("QF_LIRA", ctx=self._context)
        self._solver.set("rlimit", budget)
        self._read = 0
        self._model: Any = None
        self._bools: dict[str, Any] = {}

    def check(self, assumed: Sequence[str]) -> Verdict:
        """Whether all that is said and assumed can be."""
        self._catch_up()
        verdict = str(self._solver.check(*[self._bool(name) for name in assumed]))
        self._model = None
        return verdict if verdict in ("sat", "unsat") else "unknown"  # type: ignore[return-value]

    def reason(self) -> list[str]:
        """Of what was assumed in vain, a part that is in vain."""
        return sorted(str(one.decl().name()) for one in self._solver.unsat_core())

    def core(self, assumed: Sequence[str]) -> list[str]:
        """Of what was assumed in vain, a smallest part that is in vain: by deletion, in order."""
        found = set(self.reason())
        least = [name for name in assumed if name in found]
        for name in list(least):
            without = [one for one in least if one != name]
            if self.check(without) == "unsat":
                least = without
        return least

    def truth(self, name: str) -> bool:
        """Of the last answer: whether this is true."""
        return bool(self._world().eval(self._bool(name), model_completion=True))

    def number(self, term: Num) -> Fraction:
        """Of the last answer: a number of a slot."""
        if term.known is not None:
            return term.known
        name, step = self._script.numbers[term.text]
        return self._whole(name) * step

    def counts(self, term: Num) -> bool:
        """Whether this is a number of a slot (or a constant), whose value can be read."""
        return term.known is not None or term.text in self._script.numbers

    def code(self, term: Word) -> int:
        """Of the last answer: the number of a word."""
        return int(term.text) if term.known is not None else self._whole(term.text)

    def _whole(self, name: str) -> int:
        value = self._world().eval(self._z3.Int(name, self._context), model_completion=True)
        return int(value.as_long())

    def _world(self) -> Any:  # noqa: ANN401  z3 has no types
        """The model of the last answer, which takes longer to come than the answer."""
        if self._model is None:
            self._model = self._solver.model()
        return self._model

    def _bool(self, name: str) -> Any:  # noqa: ANN401  z3 has no types
        if name not in self._bools:
            self._bools[name] = self._z3.Bool(name, self._context)
        return self._bools[name]

    def _catch_up(self) -> None:
        lines = self._script.lines
        if self._read < len(lines):
            self._solver.from_string("\n".join(lines[self._read :]))
            self._read = len(lines)
