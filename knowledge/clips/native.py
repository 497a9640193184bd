"""Facts into CLIPS and out of it, by the calls of the engine's own C interface that clipspy wraps.

clipspy's classes build an object and a value cell for each slot; with one cell for all, a cycle of 150 facts spends
0.5 ms here in place of 1.4. What goes in is decided by the slot's declared type *and* the value's exact type: a value
that is only nearly right (numpy's float, a bool, a NaN) is refused, because the engine would take it for an external
address or for a number below and above every other, and neither shows before an order is out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import clips
from clips._clips import ffi, lib

from knowledge.facts import Fact, Value
from knowledge.templates import Slot, SlotType, Template, Vocabulary


class Unfit(ValueError):
    """A value that can not go into working memory, or came out of it with an impossible type; a sentence."""


def assert_facts(environment: clips.Environment, given: Mapping[str, Fact], words: Vocabulary) -> dict[int, str]:
    """Assert facts (by ref) in the order given; returns their refs by the engine's index. Raises `Unfit`."""
    env = environment._env
    cell = ffi.new("CLIPSValue *")
    builder = lib.CreateFactBuilder(env, ffi.NULL)
    refs: dict[int, str] = {}
    known: dict[str, ffi.CData] = {}
    current = ""
    slots: tuple[tuple[str, bytes, _Native], ...] = ()
    try:
        for ref, fact in given.items():
            if fact.template != current:
                if lib.FBSetDeftemplate(builder, fact.template.encode()) != lib.FBE_NO_ERROR:
                    raise Unfit(f"CLIPS knows no template `{fact.template}`")
                current, shapes = fact.template, words.templates[fact.template].slots.values()
                slots = tuple((one.name, one.name.encode(), _native(env, current, one, known)) for one in shapes)
            if len(fact.slots) != len(slots):
                raise Unfit(f"`{ref}` has not the slots of its template, in their order")
            for (name, value), (declared, encoded, native_of) in zip(fact.slots, slots, strict=True):
                if name != declared:
                    raise Unfit(f"`{ref}` has not the slots of its template, in their order")
                cell.value = native_of(value)
                if lib.FBPutSlot(builder, encoded, cell) != lib.PSE_NO_ERROR:
                    raise Unfit(f"CLIPS refuses `{value}` in `{fact.template}.{name}`")
            native = lib.FBAssert(builder)
            if native == ffi.NULL:
                raise Unfit(f"CLIPS refuses the fact `{ref}`")
            refs[lib.FactIndex(native)] = ref
    finally:
        lib.FBDispose(builder)
    return refs


_Native = Callable[[object], ffi.CData]
"""Takes what a slot holds to the engine's own value. Raises `Unfit`."""


def _native(env: ffi.CData, template: str, slot: Slot, known: dict[str, ffi.CData]) -> _Native:
    """How the values of a slot are handed over; `known` are the symbols that facts in working memory hold already."""
    fits, make = _FITS[slot.type], _NATIVE[slot.type]

    def many(values: object) -> ffi.CData:
        return _multifield(env, _listed(template, slot, values), slot.type)

    def symbol(value: object) -> ffi.CData:
        # The facts that hold it keep it alive, and the same few hundred come again and again.
        if type(value) is not str:
            raise _unfit(template, slot, value)
        made = known.get(value)
        if made is None:
            made = known[value] = lib.CreateSymbol(env, value.encode())
        return made

    def other(value: object) -> ffi.CData:
        if not fits(value):
            raise _unfit(template, slot, value)
        return make(env, value)

    return many if slot.many else symbol if slot.type == "symbol" else other


def read_facts(
    environment: clips.Environment, templates: Iterable[Template], known: Mapping[int, str]
) -> Iterator[tuple[int, str, dict[str, Value | float]]]:
    """(index, template, slots) of each fact of these templates whose index is not `known`. Raises `Unfit`."""
    cell = ffi.new("CLIPSValue *")
    for template in templates:
        native = lib.FindDeftemplate(environment._env, template.name.encode())
        slots = tuple([(name, name.encode()) for name in template.slots])
        fact = lib.GetNextFactInTemplate(native, ffi.NULL)
        while fact != ffi.NULL:
            index = int(lib.FactIndex(fact))
            if index not in known:
                yield index, template.name, {name: _read(fact, template.name, name, said, cell) for name, said in slots}
            fact = lib.GetNextFactInTemplate(native, fact)


def check_fact(ref: str, fact: Fact, template: Template) -> None:
    """What `assert_facts` asks of a fact, for one that is not handed over. Raises `Unfit`."""
    if len(fact.slots) != len(template.slots):
        raise Unfit(f"`{ref}` has not the slots of its template, in their order")
    for (name, value), slot in zip(fact.slots, template.slots.values(), strict=True):
        if name != slot.name:
            raise Unfit(f"`{ref}` has not the slots of its template, in their order")
        if slot.many:
            _listed(template.name, slot, value)
        elif not _FITS[slot.type](value):
            raise _unfit(template.name, slot, value)


def _listed(template: str, slot: Slot, values: object) -> tuple[Any, ...]:
    """The values of a slot that is `many`, each of its type."""
    if type(values) is not tuple:
        raise Unfit(f"`{template}.{slot.name}` takes a list, not the {type(values).__name__} `{values}`")
    for value in values:
        if not _FITS[slot.type](value):
            raise _unfit(template, slot, value)
    return values


def _multifield(env: ffi.CData, values: tuple[Any, ...], kind: SlotType) -> ffi.CData:
    builder = lib.CreateMultifieldBuilder(env, len(values))
    cell = ffi.new("CLIPSValue *")
    try:
        for value in values:
            cell.value = _NATIVE[kind](env, value)
            lib.MBAppend(builder, cell)
        return lib.MBCreate(builder)
    finally:
        lib.MBDispose(builder)


_FITS: Mapping[SlotType, Callable[[Any], bool]] = {
    "symbol": lambda value: type(value) is str,
    "number": lambda value: type(value) is Decimal and value.is_finite(),
    "integer": lambda value: type(value) is int and abs(value) < 10**18,
    "text": lambda value: type(value) is str and "\0" not in value,
}


def _unfit(template: str, slot: Slot, value: object) -> Unfit:
    return Unfit(f"`{template}.{slot.name}` takes a {slot.type}, not the {type(value).__name__} `{value}`")


_NATIVE: Mapping[SlotType, Callable[[ffi.CData, Any], ffi.CData]] = {
    "symbol": lambda env, value: lib.CreateSymbol(env, value.encode()),
    "number": lambda env, value: lib.CreateFloat(env, float(value)),
    "integer": lib.CreateInteger,
    "text": lambda env, value: lib.CreateString(env, value.encode()),
}


_FLOAT, _INTEGER = int(clips.common.CLIPSType.FLOAT), int(clips.common.CLIPSType.INTEGER)
_WORDS = (int(clips.common.CLIPSType.SYMBOL), int(clips.common.CLIPSType.STRING))
_NO_ERROR = int(lib.GSE_NO_ERROR)


def _read(fact: ffi.CData, template: str, name: str, said: bytes, cell: ffi.CData) -> Value | float:
    if lib.GetFactSlot(fact, said, cell) != _NO_ERROR:
        raise Unfit(f"CLIPS does not tell `{template}.{name}`")
    kind = cell.header.type
    if kind == _FLOAT:
        return float(cell.floatValue.contents)
    if kind == _INTEGER:
        return int(cell.integerValue.contents)
    if kind in _WORDS:
        words: str = ffi.string(cell.lexemeValue.contents).decode()
        return words
    raise Unfit(f"the rules concluded `{template}.{name}` with a value that is neither a number nor a word")
