"""A parsed program, run as it stands: templates first, then rules, then facts by template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import clips

from knowledge.clips.text import parse
from knowledge.clips.tree import Program

HERE = Path(__file__).parent
Slots = Mapping[str, str | int]


def read(name: str) -> Program:
    return parse((HERE / name).read_text(encoding="utf-8"), name)


def run(
    program: Program, facts: Iterable[tuple[str, Slots]], limit: int
) -> tuple[dict[str, list[dict[str, str | int]]], int]:
    """The facts that stand at the end by template, and how many rules fired; symbols as text."""
    environment = clips.Environment()
    environment.strategy = clips.Strategy.MEA
    for construct in (*program.templates, *program.rules):
        environment.build(construct.text)
    for template, slots in facts:
        values = {name: clips.Symbol(value) if isinstance(value, str) else value for name, value in slots.items()}
        environment.find_template(template).assert_fact(**values)
    fired = environment.run(limit)
    standing: dict[str, list[dict[str, str | int]]] = {}
    for fact in environment.facts():
        values = {name: str(value) if isinstance(value, str) else value for name, value in dict(fact).items()}
        standing.setdefault(fact.template.name, []).append(values)
    return standing, fired
