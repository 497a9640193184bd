"""What stands against resuming a desk (docs/adr/0008).

Rules:
- a resume is no override: where a limit would halt the desk again at the next cycle, or the books are not right, it is
  refused and says which, and there is no word that lets it through. Who may change the cause (the risk officer a bound,
  operations the books) does so first;
- a limit is judged by its value at the last decision and its bound today; a value that nobody knows stands against it;
- only a person listed under `[people] resume` of warrant.toml resumes, as the file says at that moment;
- where `four_eyes` asks for states, two of them are needed, each with his key (`adapters/people/resuming_by_two.py`):
  the first proposes it, and the second resumes the desk. A kill, halt or throttle in between makes the proposal void.

Left out: proof that somebody is who he says, where the desk does not ask for two.
"""

from __future__ import annotations

from collections.abc import Iterator

from adapters.desk.folder import SETTINGS, Desk, read_desk
from adapters.running.standing import Standing
from engine.limits.model import Limit, Limits
from knowledge.values import Json, fraction, text


class StillStopped(Exception):
    """The desk was not resumed; `reasons` are sentences, each with what to do."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def objections(who: str, desk: Desk, standing: Standing, decision: Json | None, limits: Limits) -> tuple[str, ...]:
    """All that stands against this person resuming the desk now. `decision` is the last one of the log, if any.

    Raises `Faulty` where the desk's settings can not be read.
    """
    return (*_person(who, desk), *_books(standing), *_halting(decision, limits))


def _person(who: str, desk: Desk) -> Iterator[str]:
    listed = read_desk(desk.folder).settings.people.resume
    if who not in listed:
        names = ", ".join(f"`{name}`" for name in listed) or "nobody"
        yield f"`{who}` may not resume this desk: `[people] resume` of {SETTINGS} lists {names}"


def _books(standing: Standing) -> Iterator[str]:
    for one in standing.differences():
        yield f"{one} (operations.books); find out which execution one of them has not seen"


def _halting(decision: Json | None, limits: Limits) -> Iterator[str]:
    if decision is None:
        return
    if decision["fault"]:
        yield f"the last cycle was undetermined ({decision['fault']}); resume after one that decides"
        return
    found = {one["limit"]: one for one in decision["states"]}
    for limit in limits.in_force(decision["as_of"][:10], decision["regime"]):
        if limit.spec.form == "state" and limit.then == "halted" and limit.kind != "kill_switch":
            yield from _stands(limit, found.get(limit.id))


def _stands(limit: Limit, finding: Json | None) -> Iterator[str]:
    """Whether this limit would halt again, by what the last decision found."""
    bound = f"`{limit.id}` halts at {text(limit.bound)}"
    owner = f"the {limit.owner} owner changes the bound, or a cycle finds it inside again"
    if finding is None and limit.when.figure:
        # The figure did not ask for it then; whether it does now, the next cycle sees before it enters anything.
        return
    if finding is None:
        yield f"{bound}, and the last decision did not reckon it; resume after a cycle that does"
    elif finding["value"] == "unknown":
        yield f"{bound}, and its value is unknown; resume after a cycle that knows it"
    elif fraction(finding["value"]) >= limit.bound:
        yield f"{bound}, and stands at {_short(finding['value'])}: it would halt the desk again; {owner}"


def _short(value: str) -> str:
    return f"{float(fraction(value)):.4g}"
