"""What two persons can approve beside limits, as the files and the log say it now: rules, persons, models, log keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from adapters.audit.kinds import Kind
from adapters.audit.reader import LogReader
from adapters.desk.folder import SETTINGS, Desk, shown
from adapters.people.four_eyes import MODELS, PEOPLE, RULES, Roster
from adapters.people.persons import check_persons
from adapters.people.seconding import Change, needed
from adapters.running.adopting import meaning_of, rulebook_of
from adapters.verifying.governed import REFUSED, named
from adapters.verifying.law import LawInForce
from knowledge.faults import Fault, Faulty
from knowledge.values import Json, canonical
from rules.rulebook import read_rulebook

Make = Callable[[LogReader, LawInForce], Change]


def rules_change(desk: Desk) -> Make:
    """The rulebook of the desk's files, in the place of the one in force."""

    def change(log: LogReader, law: LawInForce) -> Change:
        needed(law, RULES)
        new = read_rulebook(desk.folder)
        meaning = meaning_of(rulebook_of(log, law.rulebook), new)
        lines = (f"what changes: {meaning.verdict}", *meaning.value["text"])
        texts = {new.fingerprint: new.encoded}
        return Change(RULES, new.fingerprint, meaning.verdict, meaning.encoded, texts=texts, lines=lines)

    return change


def people_change(desk: Desk) -> Make:
    """The persons of warrant.toml, in the place of those in force."""

    def change(_: LogReader, law: LawInForce) -> Change:
        needed(law, PEOPLE)
        check_persons(desk)
        new = desk.settings.people.roster
        lines = tuple(differences(law.roster, new))
        if not lines:
            raise Faulty(
                Fault(shown(desk.folder / SETTINGS), 1, 1, "these persons are in force; nothing is to approve")
            )
        return Change(PEOPLE, new.digest, f"differences {len(lines)}", canonical(list(lines)), lines=lines)

    return change


def differences(old: Roster, new: Roster) -> Iterator[str]:
    """What is said otherwise of the persons, a line each."""
    before, after = old.to_json(), new.to_json()
    for name in ("four_eyes", "approve", "resume"):
        for who in [one for one in after[name] if one not in before[name]]:
            yield f"{name}: {who} comes"
        for who in [one for one in before[name] if one not in after[name]]:
            yield f"{name}: {who} goes"
        if sorted(before[name]) == sorted(after[name]) and before[name] != after[name]:
            yield f"{name}: in another order"
    for who in sorted(before["keys"].keys() | after["keys"].keys()):
        keys = before["keys"].get(who, "none"), after["keys"].get(who, "none")
        if keys[0] != keys[1]:
            yield f"key of {who}: {keys[0]} becomes {keys[1]}"
    if old.claims != new.claims:
        yield f"claims: {str(old.claims).lower()} becomes {str(new.claims).lower()}"


def model_change(head: str) -> Make:
    """The model that a head waits to speak with, as its last refused promotion says."""

    def change(log: LogReader, law: LawInForce) -> Change:
        needed(law, MODELS)
        record = waiting(log, law).get(head)
        if record is None:
            raise Faulty(Fault("command line", 1, 1, f"`{head}`: no model of a head called so waits for an approval"))
        told = {"head": head, "old": law.models.get(head, ""), "new": record["model"], "age": record["age"]}
        lines = tuple(f"{name}: {value}" for name, value in told.items())
        return Change(MODELS, named(record["model"]), f"promotion of {head}", canonical(told), about=head, lines=lines)

    return change


def waiting(log: LogReader, law: LawInForce) -> dict[str, Json]:
    """The last refused promotion of each head, where its model is not the one in force."""
    found: dict[str, Json] = {}
    for record in log.records([Kind.MODEL]):
        if record.get("outcome") == REFUSED:
            found[record["head"]] = record
        else:
            found.pop(record["head"], None)
    return {head: one for head, one in found.items() if law.models.get(head) != one["model"]}
