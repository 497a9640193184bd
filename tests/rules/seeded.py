"""Faults seeded one by one into the shipped rulebook: what each tool finds, and what is said falsely of the clean book.

    PYTHONPATH=. python -P -m tests.rules.seeded [--jobs 2] [--only WORD] [--kept FILE] [--page]

Each fault of seeded.yaml is an edit of one file. The rulebook with it is looked at by `rules check` without meaning, by
`rules check` with it, by its cases (those of the shipped book, unchanged) and by `rules diff` in meaning. Lints and
meaning find a fault where they say something that they do not say of the clean book: an error or a warning, a note
about the rule that the fault is about, or a note of a region without proposals that holds the words it foretells. Cases
find it where one fails that passes on the clean book. R207 is not asked, as it names every new rule; M109 finds
nothing. A difference is shown beside it: it takes the rulebook before for right.

Exit status 1 when fewer than WANTED are found, or anything but a note is said of the clean book, or anything that its
witness does not show. `--page` writes the table into docs/rules-faults.md; `--kept` keeps what was seen in a file, for
a run that goes on where one was interrupted (the tools have to be the same).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from ruamel.yaml import YAML

from knowledge.faults import Faulty
from knowledge.prolog.session import PrologFault
from knowledge.values import Json
from rules.cases import Case, read_cases
from rules.findings import Finding
from rules.lints.check import check
from rules.meaning.difference import difference
from rules.meaning.meaning import CODES, meaning
from rules.rulebook import Rulebook
from rules.testing.bench import Bench
from rules.texts import BookText, Source, read_texts
from tests.rules import desk
from tests.rules.meaning.books import DOMAINS
from tests.rules.meaning.seeded import falsely

WANTED = 55
PAGE = desk.DESK / "docs" / "rules-faults.md"
MARKS = "<!-- written by tests/rules/seeded.py -->", "<!-- end -->"
HEAD = ("fault", "kind", "what was done", "lints", "meaning", "cases", "`rules diff`")


@dataclass(frozen=True)
class Seeded:
    """One fault: what somebody did, in words and as an edit; which rule or policy it is about."""

    id: str
    kind: str
    what: str
    about: str
    file: str
    old: str
    new: str
    gap: tuple[str, ...] = ()

    def book(self) -> BookText:
        """The text of the shipped rulebook with it."""
        clean = _texts()
        name = self.file if self.file in clean.texts else f"rules/book/{self.file}"
        assert clean.texts[name].count(self.old) == 1, self.id
        rules, policies = (
            tuple(
                Source(one.file, one.text.replace(self.old, self.new) if one.file == name else one.text) for one in some
            )
            for some in (clean.rules, clean.policies)
        )
        return BookText(rules, tuple(one for one in policies if _included(one.file, policies)))


@dataclass(frozen=True)
class Seen:
    """What the tools say of one rulebook. None: not asked, as it does not load or nothing changed that they look at."""

    lints: tuple[Finding, ...]
    meaning: tuple[Finding, ...] | None
    cases: frozenset[str] | str | None
    """The cases that fail, or why none could be run."""
    changes: tuple[tuple[str, str], ...] | None
    """Of each rule that changed in meaning how."""
    false: int
    """Findings that their witness does not show."""
    seconds: float
    """Of a core."""

    def to_json(self) -> Json:
        """A value to be kept."""
        lints, said = ([one.to_json() for one in some or ()] for some in (self.lints, self.meaning))
        cases = self.cases if self.cases is None or isinstance(self.cases, str) else sorted(self.cases)
        return [lints, None if self.meaning is None else said, cases, self.changes, self.false, self.seconds]

    @classmethod
    def from_json(cls, kept: Json) -> Seen:
        """What was kept."""
        lints, said, cases, changes, false, seconds = kept
        return cls(
            tuple(Finding(**one) for one in lints),
            None if said is None else tuple(Finding(**one) for one in said),
            frozenset(cases) if isinstance(cases, list) else cases,
            None if changes is None else tuple((rule, kind) for rule, kind in changes),
            false,
            seconds,
        )


@dataclass(frozen=True)
class Told:
    """What of that is about the fault: codes of lints and of meaning, how many cases fail (-1: none could be run)."""

    fault: Seeded
    lints: tuple[str, ...]
    meaning: tuple[str, ...]
    cases: int
    diff: str
    seen: Seen

    @property
    def is_checked(self) -> bool:
        """Whether `rules check` finds it."""
        return bool(self.lints or self.meaning)

    @property
    def is_found(self) -> bool:
        """Whether anything finds it before it trades."""
        return self.is_checked or self.cases != 0

    @property
    def row(self) -> tuple[str, ...]:
        """The row of the table."""
        asked = self.seen.meaning is not None
        ran = self.seen.cases is not None
        cases = str(self.cases) if self.cases > 0 else "refused" if self.cases else "–"
        return (
            self.fault.id,
            self.fault.kind,
            self.fault.what,
            ", ".join(self.lints) or "–",
            ", ".join(self.meaning) or ("–" if asked else ""),
            cases if ran else "",
            self.diff,
        )


def read_faults() -> tuple[Seeded, ...]:
    """The faults of seeded.yaml."""
    found = YAML(typ="safe", pure=True).load(Path(__file__).with_name("seeded.yaml").read_text(encoding="utf-8"))
    return tuple(Seeded(**{**one, "gap": tuple(one.get("gap", ()))}) for one in found)


@cache
def _texts() -> BookText:
    return read_texts(desk.DESK)


def _included(file: str, policies: Sequence[Source]) -> bool:
    return file == "policies.pl" or any(f"include('{file}')" in one.text for one in policies)


# --- the tools --------------------------------------------------------------------------------------------------------


def look(fault: Seeded | None, codes: Collection[str] = CODES, diff: bool = True) -> Seen:
    """Ask every tool about the clean book, or about one with a fault."""
    began = time.process_time()
    book = fault.book() if fault is not None else _texts()
    checked = check(book)
    said, cases, changes, false = None, None, None, 0
    if checked.sound:
        rulebook = Rulebook(book.rules, book.policies)
        cases = failing(rulebook)
        if fault is None or book.rules != _texts().rules:
            said = meaning(rulebook.program, DOMAINS, asked=codes)
            false = len(list(falsely(rulebook, said)))
            changes = _changes(rulebook) if fault is not None and diff else None
    return Seen(checked.findings, said, cases, changes, false, time.process_time() - began)


@cache
def _cases() -> tuple[Case, ...]:
    return tuple(read_cases(desk.DESK / "rules" / "cases", desk.DESK))


def failing(rulebook: Rulebook) -> frozenset[str] | str:
    """The cases that fail, or why none could be run."""
    try:
        bench = Bench(rulebook)
        if unknown := bench.unknown(_cases()):
            return unknown[0].message
        return frozenset(f"{one.about}: {one.name}" for one in _cases() if not bench.run(one).passed)
    except (Faulty, PrologFault) as error:
        return str(error)


def _changes(rulebook: Rulebook) -> tuple[tuple[str, str], ...]:
    try:
        return tuple((one.rule, one.kind) for one in difference(desk.program(), rulebook.program, DOMAINS))
    except Faulty as error:
        return (("", f"refused: {error.faults[0].message}"),)


# --- what of it is about the fault ------------------------------------------------------------------------------------


def told(fault: Seeded, seen: Seen, clean: Seen) -> Told:
    """What the tools say that they do not say of the clean book."""
    known = {_said(one) for one in (*clean.lints, *(clean.meaning or ()))}
    lints, means = (
        tuple(sorted({one.code for one in some or () if _said(one) not in known and _counts(one, fault, clean)}))
        for some in (seen.lints, seen.meaning)
    )
    cases = 0 if seen.cases is None else -1 if isinstance(seen.cases, str) else len(seen.cases)
    return Told(fault, lints, means, cases, _shown(fault, seen), seen)


def _said(finding: Finding) -> tuple[str, str, str]:
    return finding.code, finding.rule, re.sub(r" \(line \d+\)", "", finding.sentence)


def _counts(finding: Finding, fault: Seeded, clean: Seen) -> bool:
    if finding.severity != "note":
        return True
    if finding.code == "M104":
        fresh = set(regions(finding)) - {one for each in clean.meaning or () for one in regions(each)}
        return bool(fault.gap) and any(all(words in one for words in fault.gap) for one in fresh)
    return finding.code != "M109" and finding.rule == fault.about


def regions(finding: Finding) -> Iterator[str]:
    """The regions that a note of gaps lists, each with the bounds that all share."""
    if finding.code != "M104":
        return
    words = re.sub(r" \([^()]* of the declared space\)", "", finding.sentence.partition(" with ")[2])
    shared, several, listed = words.partition(" regions: ")
    if not several:
        yield words
        return
    common = re.sub(r" in \d+$", "", shared)
    for one in listed.split("; "):
        if not one.startswith("and "):
            yield f"{common}, {one}"


def _shown(fault: Seeded, seen: Seen) -> str:
    if seen.changes is None:
        return ""
    mine = dict(seen.changes).get(fault.about)
    other = Counter(kind for rule, kind in seen.changes if rule != fault.about)
    rest = ", ".join(f"{count} {kind}" for kind, count in sorted(other.items()))
    return "; ".join(filter(None, (mine, rest))) or "–"


# --- the table --------------------------------------------------------------------------------------------------------


def summary(table: Sequence[Told], clean: Seen) -> list[str]:
    """What the table adds up to."""
    said = [*clean.lints, *(clean.meaning or ())]
    loud = sum(one.severity != "note" for one in said)
    checked, lints, means, found = (
        sum(map(bool, some))
        for some in zip(*((one.is_checked, one.lints, one.meaning, one.is_found) for one in table), strict=True)
    )
    diffs = [one.seen.changes for one in table if one.seen.changes is not None]
    moved = sum(bool(_moved(one)) for one in diffs)
    return [
        f"{found} of {len(table)} faults found: {checked} by `rules check` ({lints} by lints, {means} by meaning), "
        f"{found - checked} by cases alone, {len(table) - found} by nothing.",
        f"`rules diff` shows a change of meaning for {moved} of the {len(diffs)} that change rules and load.",
        f"The clean book: {loud} errors or warnings, {len(said) - loud} notes, {clean.false} findings that their "
        f"witness does not show, {len(clean.cases or ())} cases that fail.",
        f"The books with faults: {sum(one.seen.false for one in table)} findings that their witness does not show.",
    ]


def _moved(changes: Sequence[tuple[str, str]]) -> list[str]:
    return [kind for _, kind in changes if kind not in ("same", "unknown")]


def _page(table: Sequence[Told], lines: Sequence[str]) -> None:
    rows = [HEAD, ("---",) * len(HEAD), *(one.row for one in table)]
    written = "\n".join([*lines, "", *("| " + " | ".join(row) + " |" for row in rows)])
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{written}\n\n{MARKS[1]}{rest.partition(MARKS[1])[2]}", encoding="utf-8")


def seen_of(faults: Sequence[Seeded], jobs: int, kept: Path | None) -> Iterator[tuple[Seeded | None, Seen]]:
    """What the tools say of the clean book (None), and then of each fault, in order."""
    known: dict[str, Json] = {}
    if kept is not None and kept.exists():
        known = dict(json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines())
    asked = (None, *faults)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as processes:
        running = {one: processes.submit(look, one) for one in asked if _name(one) not in known}
        for one in asked:
            if one not in running:
                yield one, Seen.from_json(known[_name(one)])
                continue
            seen = running[one].result()
            if kept is not None:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([_name(one), seen.to_json()]) + "\n")
            yield one, seen


def _name(fault: Seeded | None) -> str:
    return fault.id if fault is not None else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.rules.seeded")
    parser.add_argument("--only", default="", help="faults whose id or kind holds this word")
    parser.add_argument("--jobs", type=int, default=1, help="processes that work side by side")
    parser.add_argument("--kept", type=Path, help="a file that keeps what was seen, for the next run")
    parser.add_argument("--page", action="store_true", help="write the table into docs/rules-faults.md")
    asked = parser.parse_args()
    faults = [one for one in read_faults() if asked.only in f"{one.id} {one.kind}"]
    began = time.perf_counter()
    table: list[Told] = []
    every = seen_of(faults, asked.jobs, asked.kept)
    _, clean = next(every)
    for said in (*clean.lints, *(clean.meaning or ())):
        print(f"the clean book: {said}")
    for fault, seen in every:
        assert fault is not None
        table.append(told(fault, seen, clean))
        _print(table[-1])
        print(f"{len(table)} of {len(faults)}, {time.perf_counter() - began:.0f} s", file=sys.stderr)
    lines = summary(table, clean)
    print("\n" + "\n".join(lines))
    print(f"{time.perf_counter() - began:.0f} s, {sum(one.seen.seconds for one in table):.0f} s of a core")
    if asked.page:
        _page(table, lines)
    return int(not _is_fine(table, clean))


def _print(one: Told) -> None:
    found = "checked" if one.is_checked else "cases" if one.is_found else "NOT"
    name, _, what, lints, means, cases, diff = one.row
    false = f" {one.seen.false} FALSE" if one.seen.false else ""
    print(f"{found:8}{name:14}{what[:60]:61}{lints:18}{means:18}{cases:8}{diff}{false}", flush=True)


def _is_fine(table: Sequence[Told], clean: Seen) -> bool:
    loud = any(one.severity != "note" for one in (*clean.lints, *(clean.meaning or ())))
    false = clean.false + sum(one.seen.false for one in table)
    enough = sum(one.is_found for one in table) >= min(WANTED, len(table))
    return enough and not loud and not false and not clean.cases


if __name__ == "__main__":
    sys.exit(main())
