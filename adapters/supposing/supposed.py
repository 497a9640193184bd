"""What a person supposes on the command line, files included, as a changed case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from adapters.asking.files import limits_file
from adapters.desk.folder import shown
from engine.limits.text import read_limits
from engine.supposing.case import Case
from engine.supposing.changes import Supposed, changed
from knowledge.faults import Fault, Faulty
from rules.rulebook import read_rulebook


def supposed(
    case: Case,
    sets: Sequence[str] = (),
    drops: Sequence[str] = (),
    adds: Sequence[str] = (),
    rules: Path | None = None,
    limits: str | None = None,
) -> tuple[Case, tuple[Supposed, ...]]:
    """The case with the files given in place of its own, and then with each change. Raises `Faulty`."""
    told: list[Supposed] = []
    if rules is not None:
        case = replace(case, rulebook=read_rulebook(rules))
        told.append(Supposed("rulebook", "the one it was decided by", f"that of {shown(rules)}"))
    if limits is not None:
        text, name = limits_file(limits)
        case = replace(case, limits=read_limits(text, name))
        told.append(Supposed("limits", "those it was decided under", f"those of {name}"))
    case, changes = changed(case, sets, drops, adds)
    if not told and not changes:
        words = "nothing is supposed; say what is changed, such as `--set limit.portfolio.sector=45 %`"
        raise Faulty(Fault("command line", 1, 1, words))
    return case, (*told, *changes)
