"""What two cases differ in, piece by piece, and any case in between: some pieces of the one, all others of the other.

Pieces are facts by their names, parts of the portfolio, limits and parameters, rules and policy files, and *the date*:
the instant, the universe, the calendar, the periods and the session that bars say they are of. The date is one piece,
because a bar of another day under a clock of this one would be refused for its age, and nobody asked about that. Pieces
come in groups, so that a search can ask about few things first: what the heads say of an instrument, its indicators,
the market's figures.

In between two cases lies what never was. It is decided like any other case, and stands for nothing but itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property

from engine.supposing.case import Case
from engine.supposing.law import parts
from engine.telling.figures import amount
from knowledge.facts import Fact, value_text
from knowledge.values import Json
from rules.rulebook import Rulebook
from rules.texts import Source

DATE, PORTFOLIO, RULEBOOK, LIMITS = "the date", "the portfolio", "the rulebook", "the limits"
RULE, POLICY = "rule", "policies in"
_OF_THE_DATE = ("calendar", "period")
_GROUPS: Mapping[str, str] = {
    "advisory": "what heads say of {}",
    "abstention": "what heads say of {}",
    "head": "the records of the heads",
    "indicator": "indicators of {}",
    "market": "figures of the market",
    "bar": "the bar of {}",
    "earnings": "earnings of {}",
    "quality": "faults in data of {}",
    "reference": "what is fixed about {}",
    "rate": "rates of currencies",
    "correlations": "correlations and risk",
    "correlation": "correlations and risk",
    "risk": "correlations and risk",
}
_MONEY = ("nav", "cash", "settled_cash", "day_pnl", "high_water_mark", "traded_today")
_PARTS = {
    "money of the account": _MONEY,
    "positions": ("positions", "tail_loss"),
    "working orders": ("working",),
    "operations of the desk": ("operations",),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One difference: its name, its group, and what it is on either side, in words."""

    name: str
    group: str
    before: str
    after: str


@dataclass(frozen=True)
class Apart:
    """Two cases, and what they differ in."""

    a: Case
    b: Case

    @cached_property
    def pieces(self) -> dict[str, Piece]:
        """Every difference by its name."""
        found = (*self._facts(), *self._date(), *self._portfolio(), *self._limits(), *self._rulebook())
        return {one.name: one for one in found}

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The names of the pieces of each group."""
        found: dict[str, list[str]] = {}
        for one in self.pieces.values():
            found.setdefault(one.group, []).append(one.name)
        return {name: tuple(names) for name, names in found.items()}

    def change(self, taken: Iterable[str]) -> Json:
        """The case that is A with these pieces of B, as a request to a service whose base is A says it."""
        names = frozenset(taken)
        return {**self._facts_with(names), **self._portfolio_with(names), **self._law_with(names)}

    # --- facts ----------------------------------------------------------------------------------------------------

    @cached_property
    def _sides(self) -> tuple[dict[str, Fact], dict[str, Fact]]:
        return tuple({one.ref: one for one in side.snapshot.facts} for side in (self.a, self.b))  # type: ignore[return-value]

    def _facts(self) -> Iterator[Piece]:
        one, two = self._sides
        for ref in sorted(one.keys() | two.keys()):
            before, after = one.get(ref), two.get(ref)
            known = before or after
            assert known is not None
            if known.template in _OF_THE_DATE or _undated(before) == _undated(after):
                continue
            about = str(dict(known.slots).get("instrument", ""))
            group = _GROUPS.get(known.template, f"facts of `{known.template}`").format(about)
            yield Piece(ref, group, *_moved(before, after))

    def _date(self) -> Iterator[Piece]:
        if self._dated(self.a) != self._dated(self.b):
            yield Piece(DATE, DATE, self.a.snapshot.as_of, self.b.snapshot.as_of)

    @staticmethod
    def _dated(case: Case) -> tuple[object, ...]:
        snapshot = case.snapshot
        facts = tuple(one for name in _OF_THE_DATE for one in snapshot.all(name))
        return snapshot.as_of, snapshot.universe, facts, tuple(one["session"] for one in snapshot.all("bar"))

    def _facts_with(self, names: frozenset[str]) -> Json:
        one, two = self._sides
        dated = two if DATE in names else one
        put, drop = [], []
        for ref in sorted(one.keys() | two.keys()):
            known = one.get(ref) or two.get(ref)
            assert known is not None
            taken = DATE in names if known.template in _OF_THE_DATE else ref in names
            fact = two.get(ref) if taken else one.get(ref)
            if fact is None:
                drop.append(ref)
                continue
            said = fact.to_json()
            if fact.template == "bar" and ref in dated:
                said = [said[0], {**said[1], "session": str(dated[ref]["session"])}]
            if ref not in one or said != one[ref].to_json():
                put.append(said)
        snapshot = (self.b if DATE in names else self.a).snapshot
        return {"put": put, "drop": drop, "as_of": snapshot.as_of, "universe": list(snapshot.universe)}

    # --- the portfolio --------------------------------------------------------------------------------------------

    def _portfolio(self) -> Iterator[Piece]:
        one, two = self.a.portfolio.to_json(), self.b.portfolio.to_json()
        for name, held in _PARTS.items():
            before, after = ({field: side.get(field) for field in held} for side in (one, two))
            if before != after:
                yield Piece(name, PORTFOLIO, *_portfolio_words(name, before, after))

    def _portfolio_with(self, names: frozenset[str]) -> Json:
        taken = [field for name, held in _PARTS.items() if name in names for field in held]
        if not taken:
            return {}
        two = self.b.portfolio.to_json()
        rest = {name: value for name, value in self.a.portfolio.to_json().items() if name not in taken}
        return {"portfolio": {**rest, **{field: two[field] for field in taken if field in two}}}

    # --- the law --------------------------------------------------------------------------------------------------

    def _limits(self) -> Iterator[Piece]:
        if self.a.limits.source == self.b.limits.source:
            return
        one, two = parts(self.a.limits), parts(self.b.limits)
        for name in sorted(one.keys() | two.keys()):
            if one.get(name) != two.get(name):
                yield Piece(name, LIMITS, *_law_words(one.get(name), two.get(name)))

    def _rulebook(self) -> Iterator[Piece]:
        for name, before, after in _rulebook_pieces(self.a.rulebook, self.b.rulebook):
            yield Piece(name, RULEBOOK, before, after)

    def _law_with(self, names: frozenset[str]) -> Json:
        found: Json = {}
        limits = [name for name in self.groups.get(LIMITS, ()) if name in names]
        if limits:
            found["others"] = {"text": self.b.limits.source, "take": limits}
        rules = frozenset(name for name in self.groups.get(RULEBOOK, ()) if name in names)
        if rules:
            whole = len(rules) == len(self.groups[RULEBOOK])
            mixed = self.b.rulebook if whole else mixed_rulebook(self.a.rulebook, self.b.rulebook, rules)
            found["rulebook"] = mixed.to_json()
        return found


def _undated(fact: Fact | None) -> Json:
    """A fact as JSON, a bar without its session."""
    if fact is None:
        return None
    name, slots = fact.to_json()
    return [name, {slot: value for slot, value in slots.items() if (name, slot) != ("bar", "session")}]


def _moved(before: Fact | None, after: Fact | None) -> tuple[str, str]:
    """The slots that differ, on either side; all of a fact that only one side has."""
    if before is None or after is None:
        known = before or after
        assert known is not None
        said = ", ".join(f"{name} {_shown(value_text(value))}" for name, value in known.slots)
        return ("nothing", said) if before is None else (said, "nothing")
    names = [name for (name, one), (_, two) in zip(before.slots, after.slots, strict=True) if one != two]
    names = [name for name in names if (before.template, name) != ("bar", "session")]
    sides = (", ".join(f"{name} {_shown(value_text(side[name]))}" for name in names) for side in (before, after))
    return next(sides), next(sides)


def _shown(written: str) -> str:
    return written if len(written) <= LONGEST else f"{written[: LONGEST - 1]}…"


LONGEST = 48
"""Characters of a value in words."""


def _portfolio_words(name: str, before: Json, after: Json) -> tuple[str, str]:
    def words(side: Json) -> str:
        if name == "positions":
            return ", ".join(f"{one['instrument']} {one['quantity']}" for one in side["positions"]) or "none"
        if name == "working orders":
            orders = (one["order"] for one in side["working"])
            return (
                ", ".join(f"{one['role']} {one['side']} {one['quantity']} {one['instrument']}" for one in orders)
                or "none"
            )
        flat = side["operations"] if name == "operations of the desk" else side
        other = after if side is before else before
        beside = other["operations"] if name == "operations of the desk" else other
        return ", ".join(f"{key} {value}" for key, value in flat.items() if value != beside.get(key))

    return words(before), words(after)


def _law_words(before: object, after: object) -> tuple[str, str]:
    def words(part: object, other: object) -> str:
        if part is None:
            return "nothing"
        if isinstance(part, list):
            others = other if isinstance(other, list) else []
            return "; ".join(_row_words(row, others[at] if at < len(others) else None) for at, row in enumerate(part))
        return _figure(part)

    return words(before, after), words(after, before)


def _row_words(row: object, other: object) -> str:
    names = [part.name for part in fields(row)]  # type: ignore[arg-type]
    if other is not None:
        names = [name for name in names if getattr(row, name) != getattr(other, name)] or ["bound"]
    else:
        names = ["bound", "unit"]
    return ", ".join(f"{name} {_figure(getattr(row, name))}" for name in names)


def _figure(value: object) -> str:
    return amount(value) if isinstance(value, Fraction) else _shown(str(value))


# --- rulebooks --------------------------------------------------------------------------------------------------


def _rulebook_pieces(a: Rulebook, b: Rulebook) -> Iterator[tuple[str, str, str]]:
    """Rules and policy files that differ, by name; comments and the order of files are no difference."""
    sides = [_rules(side) for side in (a, b)]
    for name in sorted(sides[0].keys() | sides[1].keys()):
        if sides[0].get(name) != sides[1].get(name):
            yield f"{RULE} {name}", *_there(name in sides[0], name in sides[1])
    texts = [{source.file: source.text for source in side.policies} for side in (a, b)]
    for file in sorted(texts[0].keys() | texts[1].keys()):
        if texts[0].get(file) != texts[1].get(file):
            yield f"{POLICY} {file}", *_there(file in texts[0], file in texts[1])


def _there(before: bool, after: bool) -> tuple[str, str]:
    if before and after:
        return "as it was", "another text"
    return ("there", "not there") if before else ("not there", "there")


def _rules(rulebook: Rulebook) -> dict[str, str]:
    return {rule.name: rule.text for rule in rulebook.program.rules}


def mixed_rulebook(a: Rulebook, b: Rulebook, names: frozenset[str]) -> Rulebook:
    """The rulebook A with these rules and policy files of B. Raises `Faulty` where that is no sound rulebook."""
    one, two = _rules(a), _rules(b)
    order = [*one, *(name for name in two if name not in one)]
    chosen = ((two if f"{RULE} {name}" in names else one).get(name) for name in order)
    rules = Source("rules.clp", "\n\n".join(text for text in chosen if text is not None) + "\n")
    files: list[Source] = []
    by_file = [{source.file: source for source in side.policies} for side in (a, b)]
    for file in [*by_file[0], *(file for file in by_file[1] if file not in by_file[0])]:
        source = by_file[1 if f"{POLICY} {file}" in names else 0].get(file)
        if source is not None:
            files.append(source)
    return Rulebook((rules,), tuple(files))
