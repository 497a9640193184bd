"""The limits as a canonical JSON value, for whoever checks a record and has no YAML.

Every number is exact text, as everywhere in a record. What stands at its default is left out, so that a field that a
later release adds does not change what an earlier file comes to. The text of the file stays the law; a decision names
the digest of this reading of it (`law_digest`), and `audit verify` reads the text again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from fractions import Fraction
from typing import Any

from knowledge.values import Json, text


def law_value(
    limits: tuple[object, ...], scenarios: tuple[object, ...], parameters: object, multipliers: Mapping[str, Fraction]
) -> Json:
    """The four parts of a limits file, each as its dataclass says it."""
    return {
        "limits": _value(limits),
        "scenarios": _value(scenarios),
        "parameters": _value(parameters),
        "regime_multipliers": _value(multipliers),
    }


def _value(value: object) -> Json:
    if isinstance(value, Fraction):
        return text(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _value(value[name]) for name in sorted(value)}
    if isinstance(value, tuple | list | frozenset):
        return [_value(one) for one in (sorted(value) if isinstance(value, frozenset) else value)]
    if is_dataclass(value) and not isinstance(value, type):
        found = ((one, getattr(value, one.name)) for one in fields(value))
        return {one.name: _value(held) for one, held in found if not _default(one, held)}
    raise TypeError(f"a {type(value).__name__} has no place in a law")


def _default(one: Field[Any], held: object) -> bool:
    known = one.default if one.default_factory is MISSING else one.default_factory()
    return known is not MISSING and held == known
