"""Which two rulebooks are compared: those of folders, of a rule file, of a recorded decision.

Rules:
- a folder of a desk is its rulebook; a rule file is read as if it were the `rules.clp` of the folder it lies in, with
  the policies of that folder, or of the desk where the folder has none;
- the rulebook of a decision is what the desk's log keeps under its digest, the newest decision where no date is said.

Left out: cases, limits and settings, which are no part of a rulebook.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.answers.lookup import decision_at, reading
from adapters.audit.kinds import period_of
from adapters.audit.reader import LogReader
from adapters.desk.folder import Desk, shown
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, parse
from rules.rulebook import POLICIES, RULES, Rulebook
from rules.texts import read_text, read_texts


@dataclass(frozen=True, slots=True)
class Book:
    """A rulebook, and how a reader finds it again."""

    rulebook: Rulebook
    where: str

    def to_json(self) -> Json:
        """Where it is from, and its digest."""
        return {"from": self.where, "rulebook": self.rulebook.fingerprint}


def book_at(place: Path, desk: Desk) -> Book:
    """The rulebook in a folder, or that begins with a rule file. Raises `Faulty`."""
    folder, unsaved = place, {}
    if place.is_file():
        folder, text = place.parent, read_text(place, shown(place))
        if isinstance(text, Fault):
            raise Faulty(text)
        unsaved[RULES] = text
    elif not (place / RULES).is_file():
        words = f"`{place}` is no folder with a `{RULES}`, and no rule file; name one, or give `--at DATE`"
        raise Faulty(Fault(str(place), 1, 1, words))
    found = read_texts(folder, unsaved)
    policies, faults = found.policies, list(found.faults)
    if not (folder / POLICIES).is_file():
        policies, faults = read_texts(desk.folder).policies, [one for one in faults if one.file != POLICIES]
    if faults:
        raise Faulty(*_placed(folder, faults))
    try:
        return Book(Rulebook(found.rules, policies), shown(place))
    except Faulty as error:
        raise Faulty(*_placed(folder, error.faults)) from None


def book_of_record(desk: Desk, session: str | None) -> Book:
    """The rulebook that the desk decided by in a session; of its last decision where none is said. Raises `Faulty`."""
    with reading(desk) as log:
        record = _last(log, desk) if session is None else decision_at(log, session)
        if "inputs" not in record:
            raise Faulty(Fault("--at", 1, 1, f"nothing was decided at `{session}`: {record.get('fault', '')}"))
        try:
            value = parse(log.blob(record["inputs"]["rulebook"]))
        except KeyError:
            raise Faulty(Fault(str(desk.store), 1, 1, "the log does not hold the rulebook of this decision")) from None
    try:
        return Book(Rulebook.from_json(value), f"the decision of {period_of(record)}, {record['record_id']}")
    except Faulty as error:
        day = period_of(record)
        raise Faulty(
            *(Fault(f"{one.file} of {day}", one.line, one.column, one.message) for one in error.faults)
        ) from None


def other_policies(old: Rulebook, new: Rulebook) -> tuple[str, ...]:
    """The policy files that are others in the two, or in one of them only."""
    one, two = ({source.file: source.text for source in book.policies} for book in (old, new))
    return tuple(sorted(file for file in one.keys() | two.keys() if one.get(file) != two.get(file)))


def _last(log: LogReader, desk: Desk) -> Json:
    found = next(log.records(["decision"], newest_first=True), None)
    if found is None:
        words = "the desk has decided nothing yet; name the rulebook to compare with, a folder or a rule file"
        raise Faulty(Fault(str(desk.store), 1, 1, words))
    return found


def _placed(folder: Path, faults: list[Fault] | tuple[Fault, ...]) -> Iterator[Fault]:
    for one in faults:
        yield Fault(shown(folder / one.file), one.line, one.column, one.message)
