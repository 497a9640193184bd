"""Facts: ground statements with exact values, and the snapshot that holds all of one instant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, KeysView, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, cached_property
from json.encoder import encode_basestring
from types import MappingProxyType
from typing import Self

from knowledge.templates import vocabulary
from knowledge.values import Json, canonical, digest, text

Single = Decimal | int | str
Value = Single | tuple[Single, ...]
"""What a slot holds: one value, or a list where the slot is `many`."""
_set = object.__setattr__
quoted: Callable[[str], str] = encode_basestring
"""A text as canonical JSON writes it."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement. Build it through `knowledge.door`; slots come in the template's order."""

    template: str
    slots: tuple[tuple[str, Value], ...]
    texts: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The canonical text of each slot's value (of a list, its JSON): order, name and bytes are all made of it."""
    _ref: str | None = field(default=None, init=False, repr=False, compare=False)
    _line: str | None = field(default=None, init=False, repr=False, compare=False)
    is_told: bool = field(default=False, init=False, repr=False, compare=False)
    """Whether the door made it, so that its slots are those of its template and their values fit."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "texts", tuple([value_text(value) for _, value in self.slots]))

    def __getitem__(self, slot: str) -> Value:
        for name, value in self.slots:
            if name == slot:
                return value
        raise KeyError(slot)

    def number(self, slot: str) -> Decimal:
        """The slot's value as a Decimal. Raises `TypeError` where it is no number."""
        value = self[slot]
        if isinstance(value, str | tuple):
            raise TypeError(f"{self.template}.{slot} holds `{value}`, which is no number")
        return Decimal(value)

    def word(self, slot: str) -> str:
        """The slot's value as a string. Raises `TypeError` where it is a number."""
        value = self[slot]
        if not isinstance(value, str):
            raise TypeError(f"{self.template}.{slot} holds {value}, which is no word")
        return value

    def numbers(self, slot: str) -> tuple[Decimal, ...]:
        """The values of a list of numbers. Raises `TypeError` where it is none."""
        return tuple([one if type(one) is Decimal else _number(self, slot, one) for one in self._many(slot)])

    def words(self, slot: str) -> tuple[str, ...]:
        """The values of a list of words. Raises `TypeError` where it is none."""
        values = self._many(slot)
        if not all(isinstance(one, str) for one in values):
            raise TypeError(f"{self.template}.{slot} holds {values}, which are no words")
        return values  # type: ignore[return-value]

    def _many(self, slot: str) -> tuple[Single, ...]:
        values = self[slot]
        if not isinstance(values, tuple):
            raise TypeError(f"{self.template}.{slot} holds `{values}`, which is no list")
        return values

    @classmethod
    def told(
        cls,
        template: str,
        slots: tuple[tuple[str, Value], ...],
        texts: tuple[str, ...],
        ref: str,
        line: str | None = None,
    ) -> Self:
        """A fact whose texts and ref are known already, or its line, too: the door has them at hand."""
        made = object.__new__(cls)
        # Thousands a cycle: each slot by its own descriptor, which `object.__setattr__` would look up.
        _put_template(made, template)
        _put_slots(made, slots)
        _put_texts(made, texts)
        _put_ref(made, ref)
        _put_line(made, line)
        _put_told(made, True)
        return made

    @property
    def ref(self) -> str:
        """A readable name that is unique in a snapshot: `indicator(AAPL,rsi-14)`."""
        if self._ref is None:
            key = vocabulary().templates[self.template].key
            object.__setattr__(self, "_ref", f"{self.template}({','.join([value_text(self[slot]) for slot in key])})")
        assert self._ref is not None
        return self._ref

    @property
    def line(self) -> str:
        """The canonical text of `to_json`, slots in the order of their names. Kept: it is sent, hashed and stored."""
        if self._line is None:
            form, order = form_of(self.template, tuple([name for name, _ in self.slots]))
            texts, slots = self.texts, self.slots
            said = [texts[at] if type(slots[at][1]) is tuple else quoted(texts[at]) for at in order]
            _set(self, "_line", form % tuple(said))
        assert self._line is not None
        return self._line

    def to_json(self) -> list[Json]:
        """`[template, {slot: text}]`, all values as strings or lists of them; integers too: one reader serves all."""
        return [
            self.template,
            {
                name: [value_text(one) for one in value] if isinstance(value, tuple) else written
                for (name, value), written in zip(self.slots, self.texts, strict=True)
            },
        ]


_put_template, _put_slots, _put_texts, _put_ref, _put_line, _put_told = (
    vars(Fact)[name].__set__ for name in ("template", "slots", "texts", "_ref", "_line", "is_told")
)


def _number(fact: Fact, slot: str, value: Single) -> Decimal:
    if isinstance(value, str):
        raise TypeError(f"{fact.template}.{slot} holds `{value}`, which is no number")
    return Decimal(value)


def value_text(value: Value) -> str:
    """The canonical text of a slot's value; of a list, the canonical JSON of its values' texts."""
    if isinstance(value, tuple):
        return list_text([value_text(one) for one in value])
    return value if isinstance(value, str) else text(value)


def list_text(texts: Iterable[str]) -> str:
    """The canonical JSON of a list of texts."""
    return f"[{','.join([quoted(one) for one in texts])}]"


def ordered(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Facts in canonical order: by template, then by canonical text of the slots."""
    return tuple(sorted(facts, key=in_order))


def in_order(fact: Fact) -> tuple[str, tuple[str, ...]]:
    """What facts are sorted by."""
    return fact.template, fact.texts


@cache
def form_of(template: str, slots: tuple[str, ...]) -> tuple[str, tuple[int, ...]]:
    """A template's facts as text with a gap for each slot, and the places of the slots that fill them."""
    order = tuple(sorted(range(len(slots)), key=slots.__getitem__))
    assert "%" not in f"{template}{slots}", template
    gaps = ",".join(f"{quoted(slots[place])}:%s" for place in order)
    return f"[{quoted(template)},{{{gaps}}}]", order


@dataclass(frozen=True)
class Snapshot:
    """Everything known as of one instant, as facts in canonical order.

    `as_of` is an RFC 3339 instant in UTC; `universe` the instruments a verdict is due for, in canonical order.
    Build it with `knowledge.door.freeze`, which checks keys and order.
    """

    as_of: str
    universe: tuple[str, ...]
    facts: tuple[Fact, ...]
    _index: Mapping[str, Fact] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", MappingProxyType({fact.ref: fact for fact in self.facts}))

    def find(self, template: str, *key: str) -> Fact | None:
        """The fact of `template` with these key values."""
        return self._index.get(f"{template}({','.join(key)})")

    @property
    def refs(self) -> KeysView[str]:
        """The names of its facts."""
        return self._index.keys()

    def all(self, template: str) -> tuple[Fact, ...]:
        """All facts of one template, in canonical order."""
        return self.by_template.get(template, ())

    @cached_property
    def by_template(self) -> Mapping[str, tuple[Fact, ...]]:
        """All facts by template, each template's in canonical order."""
        groups: dict[str, list[Fact]] = {}
        for fact in self.facts:
            groups.setdefault(fact.template, []).append(fact)
        return {name: tuple(facts) for name, facts in groups.items()}

    def to_json(self) -> Json:
        """The canonical JSON value of the snapshot."""
        return {
            "as_of": self.as_of,
            "universe": list(self.universe),
            "facts": [fact.to_json() for fact in self.facts],
        }

    @cached_property
    def encoded(self) -> bytes:
        """The canonical bytes of `to_json`, written fact by fact."""
        return self.told_but(self.facts)

    def told_but(self, facts: Iterable[Fact]) -> bytes:
        """The canonical bytes as if these were all its facts: what a reader lacks that was told the others."""
        lines = ",".join([fact.line for fact in facts])
        as_of, universe = canonical(self.as_of).decode(), canonical(list(self.universe)).decode()
        return f'{{"as_of":{as_of},"facts":[{lines}],"universe":{universe}}}'.encode()

    def about(self, template: str, instrument: str) -> tuple[Fact, ...]:
        """All facts of one template whose `instrument` is this one, in canonical order."""
        return self._by_instrument(template).get(instrument, ())

    def _by_instrument(self, template: str) -> dict[str, tuple[Fact, ...]]:
        if template not in self._instruments:
            groups: dict[str, list[Fact]] = {}
            for fact in self.all(template):
                groups.setdefault(fact.word("instrument"), []).append(fact)
            self._instruments[template] = {name: tuple(facts) for name, facts in groups.items()}
        return self._instruments[template]

    @cached_property
    def _instruments(self) -> dict[str, dict[str, tuple[Fact, ...]]]:
        return {}

    @cached_property
    def digest(self) -> str:
        """Digest of the canonical bytes."""
        return digest(self.encoded)
