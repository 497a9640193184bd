"""Who may approve what on this desk, at its start: the list in warrant.toml beside the one that the log has in force.

Rules:
- where `four_eyes` asks for two persons there have to be two, each with a key of his own; without a key only where
  `claims = true` says that a name is enough;
- once a list is in force, another one needs the approvals of two persons of the former (`warrant people approve`).
  Until then the desk does not start;
- a kill asks for none of this.
"""

from __future__ import annotations

from collections.abc import Iterator

from adapters.desk.folder import SETTINGS, Desk, shown, text_of
from adapters.desk.toml_text import places
from adapters.people.four_eyes import PEOPLE, STATES, Roster, pair_against, pairs
from adapters.verifying.governed import in_force
from adapters.verifying.law import LawInForce
from knowledge.faults import Fault, Faulty
from knowledge.values import Json


def check_persons(desk: Desk) -> None:
    """Raises `Faulty` where two persons are asked for and there are not two who could."""
    file = desk.folder / SETTINGS
    if found := tuple(_lacks(desk.settings.people.roster)):
        line, column = places(text_of(file)).get(("people", "four_eyes"), (1, 1))
        raise Faulty(*(Fault(shown(file), line, column, one) for one in found))


def _lacks(roster: Roster) -> Iterator[str]:
    if not roster.four_eyes:
        return
    lists = {"approve": roster.listed(PEOPLE)}
    if STATES in roster.four_eyes:
        lists["resume"] = roster.listed(STATES)
    for name, listed in lists.items():
        if len(set(listed)) < 2:
            yield f"`four_eyes` needs two different persons under `{name}`; list them"
        without = [who for who in dict.fromkeys(listed) if who not in roster.keys]
        if without and not roster.claims:
            told = ", ".join(f"`{who}`" for who in without)
            yield f"{told} under `{name}` has no key under `[people.keys]`; add what `warrant keys make` prints"
    shared = len(set(roster.keys.values())) < len(roster.keys)
    if shared:
        yield "two persons of `[people.keys]` have one key, which is one person's; each makes his own"


def settled(desk: Desk, law: LawInForce, at: str) -> Json:
    """What a start record says of the persons, and the approval that it uses. Raises `Faulty` where it needs one.

    `at` is the instant that the start is recorded at.
    """
    now = desk.settings.people.roster
    if not now.four_eyes and not law.roster.four_eyes:
        return {}
    if now == law.roster or not (law.decided and law.roster.governs(PEOPLE)):
        return {"people": now.to_json()}
    approval, against = approved(law, PEOPLE, now.digest, at)
    if approval is None:
        words = f"these are not the persons in force, and {against or 'nobody has approved them'}; `warrant people"
        words += " approve --approve NAME --reason TEXT --key FILE` by two of the former does that; or put them back"
        raise Faulty(Fault(shown(desk.folder / SETTINGS), *_place(desk), words))
    return {"people": now.to_json(), "approval": approval["record_id"]}


def approved(law: LawInForce, what: str, new: str, at: str, about: str = "") -> tuple[Json | None, str]:
    """The seconding approval of what is to come into force now, or why the newest does not count."""
    against = ""
    for first, second in pairs(law.approvals, what, in_force(law, what, about), new, about):
        found = pair_against(law.roster, first, second, at)
        if not found:
            return second, ""
        against = against or found
    return None, against


def _place(desk: Desk) -> tuple[int, int]:
    found = places(text_of(desk.folder / SETTINGS))
    return found.get(("people", "four_eyes")) or found.get(("people",)) or (1, 1)
