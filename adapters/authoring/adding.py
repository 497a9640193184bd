"""The files of a new rule, put into a desk: all of them and a rulebook that loads, or nothing.

The rulebook is read as it would be before a byte is written. Each file then takes its name when it is complete, the
entry that loads the rule last: whatever interrupts this leaves a rulebook as it was.
"""

from __future__ import annotations

from pathlib import Path

from adapters.frame import Failed
from knowledge.faults import Fault, Faulty
from rules.cases import read_cases
from rules.rulebook import RULES, Rulebook
from rules.scaffold import PLACE, Scaffold
from rules.texts import read_texts

BOOK, CASES = "rules/book", "rules/cases"


def add(folder: Path, name: str, made: Scaffold) -> list[str]:
    """Write the rule, its cases and the line that loads it; returns their paths. Raises `Faulty`, `Failed`."""
    rule, cases = f"{BOOK}/{name}.clp", f"{CASES}/{name}.yaml"
    for path in (rule, cases):
        if (folder / path).exists():
            raise Faulty(Fault(PLACE, 1, 1, f"`{path}` exists; choose another name, or edit it"))
    entry = _with_load(folder, rule)
    found = read_texts(folder, {RULES: entry, rule: made.rule})
    if found.faults:
        raise Faulty(*found.faults)
    Rulebook(found.rules, found.policies)
    texts = {rule: made.rule, cases: made.cases, RULES: entry}
    written: list[Path] = []
    try:
        for path, text in texts.items():
            _replace(folder / path, text)
            written.append(folder / path)
        read_cases(folder / CASES, folder)
    except OSError as error:
        for new in written:
            if new.name != RULES:
                new.unlink(missing_ok=True)
        raise Failed(f"the rule can not be written: {error.strerror}: {error.filename}; nothing was changed") from None
    return list(texts)


def _with_load(folder: Path, rule: str) -> str:
    """The entry of the rulebook with one more line. Raises `Faulty`."""
    try:
        entry = (folder / RULES).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Faulty(Fault(RULES, 1, 1, f"the entry of the rulebook can not be read: {error}")) from None
    return f'{entry.rstrip()}\n(load "{rule}")\n'


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
