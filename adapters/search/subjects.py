"""What of a record can be found, and by which words.

Rules:
- a decision is found by each of its verdicts and exits, any other record as a whole; a `place` numbers them;
- `outcome` is that of a verdict, `exit`, the state of an order after the event, what became of a change, or the state
  of the desk; empty where a record has none;
- what tells of an order and names no instrument is found by that of its warrant (`Instruments`);
- a reason is a limit's id, a policy's reason, or a sentence; a limit is one that refused, cut or was found broken;
- nothing here fails over a record that is not what it should be: what it does not say is not found by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from knowledge.values import Json

VERSION: Final = 2
"""Of these rules: an index made by others is made anew."""
FIELDS: Final = ("kind", "symbol", "outcome", "reason", "rule", "limit", "who", "order")
MOST_SIGNS: Final = 200
"""Of a sentence that is a reason."""
_SENTENCES = ("reason", "why", "cause", "fault", "pattern")
_PEOPLE = ("who", "approver", "proposer")
_ORDER_WORDS = ("client_order_id", "warrant_id")


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that can be found in a record."""

    place: int
    outcome: str
    words: frozenset[tuple[str, str]]
    """Field and word."""

    def all(self, field: str) -> tuple[str, ...]:
        """Its words of one field, sorted."""
        return tuple(sorted(word for name, word in self.words if name == field))


class Instruments:
    """Whose orders are whose: the instrument of an order, by the decision that warranted it.

    `decision` gives a decision by its id and raises `KeyError`; it is asked where the decision was not seen.
    """

    def __init__(self, decision: Callable[[str], Json]) -> None:
        self._decision = decision
        self._known: dict[str, str] = {}

    def of(self, record: Json) -> str:
        """The instrument of a record that tells of an order and does not name it; else empty."""
        if record.get("kind") == "decision":
            self._take(record)
            return ""
        order, decision = _text(record, "client_order_id"), _text(record, "decision_id")
        if not order or _instrument(record):
            return ""
        if order not in self._known and decision:
            try:
                self._take(self._decision(decision))
            except KeyError:
                # Nobody is told of an order that no decision warranted; a verification tells of it.
                self._known[order] = ""
        return self._known.get(order, "")

    def _take(self, decision: Json) -> None:
        for exits in (False, True):
            for instrument, ids in _orders(decision, exits=exits).items():
                self._known.update(dict.fromkeys(ids, instrument))


def subjects(record: Json, instrument: str = "") -> tuple[Subject, ...]:
    """What can be found in a record: at least one. `instrument` is that of its order, where it names none."""
    parts = _parts(record, instrument)
    return tuple(
        Subject(place, outcome, frozenset({*_common(record, outcome), *words}))
        for place, (outcome, words) in enumerate(parts)
    )


def known(record: Json) -> frozenset[tuple[str, str]]:
    """Limits that a decision asked, whether or not they said no: words that are known although nothing is found."""
    asked = [*_list(record, "readings"), *_list(record, "states")]
    for one in _list(record, "verdicts"):
        asked += _list(one, "findings")
    names = {word for one in asked for word in _words(one, "limit")}
    return frozenset((field, name) for name in names for field in ("limit", "reason"))


def _parts(record: Json, instrument: str) -> Sequence[tuple[str, set[tuple[str, str]]]]:
    if record.get("kind") == "decision":
        found = [*_verdicts(record), *_exits(record)]
        if found:
            return found
    return [_whole(record, instrument)]


def _common(record: Json, outcome: str) -> Iterator[tuple[str, str]]:
    for word in _words(record, "kind"):
        yield "kind", word
    if outcome:
        yield "outcome", outcome


def _verdicts(record: Json) -> Iterator[tuple[str, set[tuple[str, str]]]]:
    orders = _orders(record, exits=False)
    for one in _list(record, "verdicts"):
        name = _text(one, "instrument")
        broken = [each for each in _list(one, "findings") if each.get("holds") is False]
        said = {
            *_named("symbol", [name]),
            *_named("rule", _words(one, "rule")),
            *_named("limit", (each for part in (*_list(one, "cores"), *_list(one, "binding"), *broken)
                              for each in _words(part, "limit"))),
            *_named("reason", [*_texts(one, "reasons"), *_texts(_mapping(one, "policy"), "reasons")]),
            *_named("order", orders.get(name, [])),
        }  # fmt: skip
        yield _text(one, "outcome"), said


def _exits(record: Json) -> Iterator[tuple[str, set[tuple[str, str]]]]:
    orders = _orders(record, exits=True)
    for one in _list(record, "exits"):
        name = _text(one, "instrument")
        said = {
            *_named("symbol", [name]),
            *_named("reason", _texts(one, "reasons")),
            *_named("rule", (each for each in _texts(one, "reasons") if ":" not in each)),
            *_named("order", orders.get(name, [])),
        }
        yield "exit", said


def _orders(record: Json, *, exits: bool) -> dict[str, list[str]]:
    """Ids of orders and warrants by instrument: of exits, or of everything else."""
    found: dict[str, list[str]] = {}
    for warrant in _list(record, "warrants"):
        order = _mapping(warrant, "order")
        if (order.get("role") == "exit") is not exits:
            continue
        terms = [order, _mapping(warrant, "protective_stop"), _mapping(warrant, "take_profit")]
        ids = [_text(warrant, "warrant_id"), *(_text(one, "client_order_id") for one in terms)]
        found.setdefault(_text(order, "instrument"), []).extend(ids)
    return found


def _whole(record: Json, known: str) -> tuple[str, set[tuple[str, str]]]:
    outcome = _text(record, "outcome") or _text(record, "state")
    instrument = _instrument(record) or known
    sentences = [word for name in _SENTENCES for word in _words(record, name)]
    said = {
        *_named("symbol", [instrument, *_texts(record, "instruments")]),
        *_named("rule", _words(record, "rule")),
        *_named("reason", [*sentences, *_texts(record, "reasons")]),
        *_named("who", (word for name in _PEOPLE for word in _words(record, name))),
        *_named("order", (word for name in _ORDER_WORDS for word in _words(record, name))),
        *_named("order", _texts(record, "orders")),
        *_named("limit", _words(record, "limit")),
    }
    return outcome, said


def _instrument(record: Json) -> str:
    return _text(record, "instrument") or _text(_mapping(record, "order"), "instrument")


def _named(field: str, words: Iterable[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        if word:
            yield field, word[:MOST_SIGNS]


def _words(part: Json, name: str) -> list[str]:
    word = _text(part, name)
    return [word] if word else []


def _text(part: Json, name: str) -> str:
    found = part.get(name) if isinstance(part, Mapping) else None
    # What no database stores as text is not a word.
    return found.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(found, str) else ""


def _texts(part: Json, name: str) -> list[str]:
    found = part.get(name) if isinstance(part, Mapping) else None
    if not isinstance(found, list):
        return []
    return [one.replace("\0", "\N{REPLACEMENT CHARACTER}") for one in found if isinstance(one, str)]


def _list(part: Json, name: str) -> list[Json]:
    found = part.get(name) if isinstance(part, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _mapping(part: Json, name: str) -> Json:
    found = part.get(name) if isinstance(part, Mapping) else None
    return found if isinstance(found, Mapping) else {}
