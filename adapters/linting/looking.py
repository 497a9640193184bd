"""Everything that `warrant rules check` looks at: the desk's files, its cases, and the meaning of its rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from knowledge.faults import Fault, Faulty
from rules.cases import Case, read_cases
from rules.findings import Finding
from rules.lints.cased import outline
from rules.lints.catalogue import LINTS
from rules.lints.check import Checked, Look, check, wanted
from rules.texts import BookText, Source, read_text, read_texts


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for. `files` are paths of rule and policy files; those of no rulebook are read beside it."""

    files: tuple[Path, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    meaning: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """The texts that were read, and what was found in them."""

    book: BookText
    checked: Checked


def look(desk: Path, wish: Wish) -> Seen:
    """Check the rulebook of a desk. Raises `PrologFault` where Prolog cannot run, `Faulty` for what is no code."""
    _known(wish)
    book, names = _beside(read_texts(desk), wish.files, desk)
    cased, unread = _cased(desk)
    checked = check(book, cased, _looks(wish), wish.select, wish.ignore)
    findings = sorted((*checked.findings, *unread), key=lambda one: one.place)
    kept = tuple(one for one in findings if not names or one.file in names)
    return Seen(book, Checked(kept, checked.silenced, checked.program, checked.sound))


def _looks(wish: Wish) -> Sequence[tuple[str, Look]]:
    """Further looks at a sound program: what it means, in a process that is ended in time."""
    if not wish.meaning:
        return []
    from adapters.asking.meanings import meanings  # takes as long to come as all else
    from rules.meaning.meaning import CODES

    asked = tuple(code for code in CODES if wanted(code, wish.select, wish.ignore))
    return [("M", partial(meanings, asked=asked))] if asked else []


def _known(wish: Wish) -> None:
    for word in (*wish.select, *wish.ignore):
        if not any(code.startswith(word) for code in LINTS):
            raise Faulty(
                Fault("--select, --ignore", 1, 1, f"no code begins with `{word}`; see `warrant rules explain`")
            )


def _beside(book: BookText, files: Sequence[Path], desk: Path) -> tuple[BookText, frozenset[str]]:
    """The rulebook with the files of no rulebook besides, and the names of all files asked for."""
    names = []
    rules, policies, faults = list(book.rules), list(book.policies), list(book.faults)
    for path in files:
        inside = path.resolve().is_relative_to(desk.resolve())
        name = path.resolve().relative_to(desk.resolve()).as_posix() if inside else str(path)
        names.append(name)
        if name in book.texts or any(fault.file == name for fault in faults):
            continue
        text = read_text(path, name)
        if isinstance(text, Fault):
            faults.append(text)
        else:
            (policies if path.suffix == ".pl" else rules).append(Source(name, text))
    return BookText(tuple(rules), tuple(policies), tuple(faults)), frozenset(names)


def _cased(desk: Path) -> tuple[frozenset[str] | None, list[Finding]]:
    """The rules with a case in which they fire and one in which they do not, and what is wrong with the case files."""
    folder = desk / "rules" / "cases"
    found: dict[str, set[bool]] = {}
    for path in sorted(folder.glob("*.yaml")):
        text = read_text(path, path.relative_to(desk).as_posix())
        if isinstance(text, Fault):
            return None, [_unread(text)]
        seen = outline(text)
        if seen is None:
            return _read_in_full(folder, desk)
        found.setdefault(seen[0], set()).update(seen[1])
    return frozenset(name for name, fires in found.items() if len(fires) == 2), []


def _read_in_full(folder: Path, desk: Path) -> tuple[frozenset[str] | None, list[Finding]]:
    try:
        cases = read_cases(folder, desk)
    except Faulty as error:
        return None, [_unread(fault) for fault in error.faults]
    return frozenset(_named(cases, True) & _named(cases, False)), []


def _named(cases: Sequence[Case], fires: bool) -> set[str]:
    return {case.about for case in cases if case.kind == "rule" and case.fires is fires}


def _unread(fault: Fault) -> Finding:
    sentence, _, advice = fault.message.partition("; ")
    severity = LINTS["C101"].severity
    place = (fault.line, fault.column, fault.line, fault.column)
    return Finding("C101", severity, fault.file, *place, "", sentence, advice)
