"""What cases exercise of a desk's rulebook, and what its recorded cycles do.

A recorded cycle counts with the facts of its snapshot and its portfolio, as the worker saw them, and with the rulebook
as it is now: what the log says was concluded then is not read. Facts that the vocabulary does not know any more make a
cycle unreadable, which is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.casework.kept import Lost
from adapters.casework.running import Asked, Listed
from knowledge.values import Json
from rules.testing.coverage import Item, Seen, added

PATIENCE = 60.0
"""Seconds a cycle may take."""
Coverage = Mapping[str, Seen]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was seen: `cases` and `cycles` are how many; `odd` says what could not be measured."""

    items: tuple[Item, ...]
    texts: tuple[tuple[str, str], ...]
    by_cases: Coverage
    by_practice: Coverage
    cases: int
    cycles: int
    is_practice_asked: bool
    odd: tuple[str, ...]

    def case_of(self, item: Item) -> Seen:
        """What cases saw of an item."""
        return self.by_cases.get(item.key, Seen())

    def practice_of(self, item: Item) -> Seen:
        """What practice saw of an item."""
        return self.by_practice.get(item.key, Seen())

    @property
    def missing(self) -> list[Item]:
        """The items that no case shows both ways, but for goals that compare nothing."""
        return [one for one in self.items if one.level != "goal" and not self.case_of(one).both]


def measure(
    desk: Path, chosen: Callable[[Asked], Sequence[Listed]], cycles: Iterator[Json] | None, tell: Callable[[int], None]
) -> Measured:
    """Measure the chosen cases and, where there are any, recorded cycles: each its facts as JSON. Raises `Faulty`."""
    odd: list[str] = []
    with Asked(desk, PATIENCE) as asked:
        listed = asked.prepare({"op": "items"})
        items = tuple(Item(*one) for one in listed["items"])
        seen = []
        wanted = chosen(asked)
        for one in wanted:
            seen.append(_ask(asked, {"op": "cover", "case": one.at}, f"{one.about}, {one.name}", odd))
        practice: dict[str, Seen] = {}
        count = 0
        for count, facts in enumerate(cycles or (), 1):
            one_cycle = _ask(asked, {"op": "cover facts", "facts": facts["facts"]}, f"cycle {facts['as_of']}", odd)
            practice = added((practice, one_cycle))
            tell(count)
    texts = tuple((file, text) for file, text in listed["texts"])
    return Measured(
        items, texts, added(seen), practice, len(wanted), count, cycles is not None, tuple(odd)
    )  # fmt: skip


def _ask(asked: Asked, question: Json, about: str, odd: list[str]) -> Coverage:
    try:
        answer = asked.ask(question)
    except Lost as error:
        odd.append(f"{about}: {error}")
        return {}
    if answer["fault"]:
        odd.append(f"{about}: {answer['fault']}")
    return {key: Seen.from_json(one) for key, one in answer["seen"].items()}


def recorded(desk: Path, most: int | None) -> Iterator[Json]:
    """The facts of each recorded decision, or of the last `most`, newest first. Raises `Faulty` without a log."""
    from adapters.answers.lookup import reading
    from adapters.desk.folder import read_desk
    from engine.orders.portfolio import Portfolio
    from engine.standing import portfolio_facts
    from knowledge.door import snapshot_from_json
    from knowledge.values import parse

    with reading(read_desk(desk)) as log:
        for count, record in enumerate(log.records(["decision"], newest_first=True)):
            if count == most:
                return
            inputs = record["inputs"]
            snapshot = snapshot_from_json(parse(log.blob(inputs["snapshot"])))
            portfolio = Portfolio.from_json(parse(log.blob(inputs["portfolio"])))
            facts = (*snapshot.facts, *portfolio_facts(snapshot, portfolio))
            yield {"as_of": record["as_of"], "facts": [fact.to_json() for fact in facts]}
