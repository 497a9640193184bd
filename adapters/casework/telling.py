"""How cases went, in words and as JSON."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.casework.running import Listed, Problem
from knowledge.faults import Fault
from knowledge.values import Json


@dataclass(frozen=True, slots=True)
class Run:
    """All cases that were run, each with its problems; the rules that lack cases where all were run."""

    results: tuple[tuple[Listed, tuple[Problem, ...]], ...]
    lacking: tuple[Fault, ...]
    milliseconds: int

    @property
    def failed(self) -> int:
        """How many cases fail."""
        return sum(bool(problems) for _, problems in self.results)

    @property
    def is_fine(self) -> bool:
        """Whether nothing is to be done."""
        return not self.failed and not self.lacking

    def to_json(self) -> Json:
        """The JSON value."""
        return {
            "cases": [
                {
                    one.kind: one.about,
                    "case": one.name,
                    "file": one.file,
                    "line": one.line,
                    "column": one.column,
                    "passed": not problems,
                    "problems": [
                        {
                            "line": each.line,
                            "column": each.column,
                            "message": each.message,
                            "closest": list(each.closest),
                        }
                        for each in problems
                    ],
                }
                for one, problems in self.results
            ],
            "lacking": [{"file": one.file, "line": one.line, "message": one.message} for one in self.lacking],
            "milliseconds": self.milliseconds,
        }


def told(run: Run, every: bool = False) -> list[str]:
    """What a person reads: each problem at its place, the cases that pass where asked, a line at the end."""
    lines = []
    for one, problems in run.results:
        if every and not problems:
            lines.append(f"{one.file}:{one.line}:{one.column}: passes: {one.about}, {one.name}")
        for each in problems:
            lines.append(f"{each.file}:{each.line}:{each.column}: {one.about}, {one.name}: {each.message}")
            lines += [f"    {line}" for line in each.closest]
    lines += map(str, run.lacking)
    return [*lines, _summary(run)]


def _summary(run: Run) -> str:
    about = {(one.kind, one.about) for one, _ in run.results}
    kinds = [_counted(sum(kind == each for kind, _ in about), word)
             for each, word in (("rule", "rule"), ("policy", "policy"))]  # fmt: skip
    whole = len(run.results)
    ending = "pass" if not run.failed else f"{_counted(run.failed, 'fails', 'fail')}, {whole - run.failed} pass"
    lacking = f"; {_counted(len(run.lacking), 'rule lacks', 'rules lack')} cases" if run.lacking else ""
    named = " and ".join(filter(None, kinds))
    return f"{_counted(whole, 'case')} of {named}: {ending}{lacking}; {run.milliseconds / 1000:.1f} s"


def _counted(count: int, one: str, many: str = "") -> str:
    plural = many or (f"{one[:-1]}ies" if one.endswith("y") else f"{one}s")
    return f"{count} {one if count == 1 else plural}" if count or one == "case" else ""
