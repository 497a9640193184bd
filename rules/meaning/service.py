"""The questions about meaning behind canonical bytes: a request in, findings out. For a process that can be ended.

A request names the question, the rule files (name and text, in order), the codes asked for and the words of slots. What
is wrong with the rules is an answer, too: faults with a place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from knowledge.clips.tree import Program
from knowledge.faults import Fault, Faulty
from knowledge.values import Json
from rules.meaning.difference import difference, told
from rules.meaning.meaning import meaning
from rules.rulebook import program_and_faults
from rules.texts import Source


def answer(request: Json) -> Json:
    """Answer one request. Raises `KeyError` on one that asks for nothing known."""
    try:
        return {"value": _QUESTIONS[request["op"]](request)}
    except Faulty as error:
        return {"faults": [[one.file, one.line, one.column, one.message] for one in error.faults]}


def sources(program: Program) -> list[list[str]]:
    """The rule files of a program as they have to be read to give the same rules at the same places."""
    files: dict[str, str] = {}
    for rule in sorted(program.rules, key=lambda one: one.at.start):
        text = files.get(rule.file, "")
        breaks = rule.at.line - 1 - text.count("\n")
        column = rule.at.column - 1
        if breaks:
            text += " " * (rule.at.start - len(text) - breaks - column) + "\n" * breaks
        files[rule.file] = f"{text.ljust(rule.at.start)}{rule.text}"
    ordered = dict.fromkeys(rule.file for rule in program.rules)
    return [[name, files[name]] for name in ordered]


def program_of(files: Iterable[Json]) -> Program:
    """The program of rule files. Raises `Faulty`."""
    program, faults = program_and_faults(tuple(Source(name, text) for name, text in files))
    if faults:
        raise Faulty(*(Fault(one.file, one.line, one.column, one.message) for one in faults))
    return program


def _meaning(request: Json) -> Json:
    domains = {slot: tuple(words) for slot, words in request["domains"].items()}
    found = meaning(program_of(request["rules"]), domains, asked=request["asked"])
    return [one.to_json() for one in found]


def _difference(request: Json) -> Json:
    old, new = (program_of(request[which]) for which in ("old", "new"))
    changes = difference(old, new, {slot: tuple(words) for slot, words in request["domains"].items()})
    return {"changes": [one.to_json() for one in changes], "text": told(changes)}


_QUESTIONS: dict[str, Callable[[Json], Json]] = {"meaning": _meaning, "difference": _difference}
