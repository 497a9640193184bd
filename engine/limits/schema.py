"""The shape of `limits.yaml`, published: as JSON Schema for editors and other readers, and as a page for people.

Both are made of the table of kinds, and of what the reader asks of a row, so that neither can say something else. The
schema is of the YAML as YAML 1.2 reads it (`yes` is a word). Left out of it, and told by the reader: windows of one id,
mandatory kinds, contradictions, groups and dates that there are, and the range of a number written in per cent.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.limits.kinds import BOUNDLESS, GROUPS, KINDS, MANDATORY, REGIMES, TRADING_STATES
from engine.limits.model import UNKNOWN_REGIME
from engine.limits.rows import BREACHES, DAYS, FIGURES, MOST, MOST_OF_NAV, NEEDED
from engine.limits.scenarios import FEWEST_PATHS, MOST_PATHS
from engine.limits.text import FIELDS, MAY_LACK, MULTIPLIED, PARAMETERS, SECTIONS, VERSIONS
from knowledge.values import Json

NUMBER = r"^\s*[+-]?[0-9]{1,30}(\.[0-9]{1,30})?\s*%?\s*$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
ID = r"^[a-z0-9][a-z0-9._\-]*$"
MEANINGS = {
    "id": "name of the limit; rows with one id are one limit over several windows of time",
    "layer": "1 position, 2 portfolio, 3 account, 4 systemic, 5 model, 6 operations, 7 compliance",
    "kind": "what it bounds, from the closed list below",
    "bound": "digits such as `0.25` or `25 %`, in `unit`",
    "unit": "the unit of the kind, written out so that a slip is seen",
    "owner": "who answers for it and may change it",
    "source": "where it comes from: a rule, a mandate",
    "effective": "first day in force",
    "until": "last day in force; without it there is no end",
    "when": "circumstances in which it is in force, all of which must hold; without it always",
    "regime": "`yes`: the bound is multiplied by the regime's multiplier",
    "by": "what `group_gross` groups by",
    "only": "the one group it bounds; without it each group",
    "once": "from how many held positions on",
    "long": "part of a long exposure that counts",
    "short": "part of a short exposure that counts",
    "then": "the trading state from the bound on",
    "days": "horizon in days",
    "names": "the names it admits",
    "breach": "what positions beyond the bound ask for; without it exits, in files of `version: 1` nothing",
}


def schema() -> Json:
    """The JSON Schema (2020-12) of a limits file."""
    texts = {name: {"type": "string", "minLength": 1} for name in ("owner", "source", "unit")}
    parameter = {**texts, "value": _number(0, None), "effective": _text(DAY)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "limits.yaml",
        "type": "object",
        "additionalProperties": False,
        "required": list(SECTIONS),
        "properties": {
            "version": {"enum": [*map(int, VERSIONS), *VERSIONS]},
            "regime_multipliers": _object({name: _number(0, 1) for name in MULTIPLIED}, MULTIPLIED),
            "parameters": _object(
                {name: _object(parameter, FIELDS) for name in PARAMETERS},
                tuple(name for name in PARAMETERS if name not in MAY_LACK),
            ),
            "limits": {"type": "array", "items": {"oneOf": [_kind(name) for name in KINDS]}},
            "scenarios": {"type": "array", "items": {"oneOf": list(_scenarios())}},
        },
    }


def _object(properties: dict[str, Json], required: tuple[str, ...]) -> Json:
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def _text(pattern: str) -> Json:
    return {"type": "string", "pattern": pattern}


def _number(low: int, high: int | None) -> Json:
    most = {} if high is None else {"maximum": high}
    return {"anyOf": [{"type": "number", "minimum": low, **most}, _text(NUMBER)]}


def _scenarios() -> Iterator[Json]:
    """What a scenario says: moves of the index and of sectors, of instruments, a number of sigmas, or drawn paths."""
    move = _number(-1, 10)
    moves: Json = {"type": "object", "minProperties": 1, "additionalProperties": move}
    paths: Json = {"type": "integer", "minimum": FEWEST_PATHS, "maximum": MOST_PATHS}
    about: dict[str, Json] = {"id": _text(ID), "source": {"type": "string", "minLength": 1}}
    happened: dict[str, Json] = {**about, "from": _text(DAY), "to": _text(DAY)}
    sorts: tuple[tuple[dict[str, Json], tuple[str, ...]], ...] = (
        ({"index": move, "sectors": moves}, ("index",)),
        ({"sectors": moves}, ("sectors",)),
        ({"instruments": moves}, ("instruments",)),
        ({"sigmas": _number(0, None)}, ("sigmas",)),
        ({"paths": paths, "seed": {"type": "integer", "minimum": 0}}, ("paths", "seed")),
    )
    for said, needed in sorts:
        shape = _object({**happened, **said}, (*about, *needed))
        yield {**shape, "dependentRequired": {"from": ["to"], "to": ["from"]}}


def _kind(name: str) -> Json:
    kind = KINDS[name]
    bounded = () if name in BOUNDLESS else ("bound", "unit")
    required = ("kind", *NEEDED, *kind.needed, *bounded)
    taken = (*required, "until", *(() if name in MANDATORY else ("when",)), *kind.options)
    return {
        **_object({part: _part(name, part) for part in taken}, required),
        "title": name,
        "description": kind.meaning,
    }


def _part(name: str, part: str) -> Json:
    kind = KINDS[name]
    named: dict[str, Json] = {
        "kind": {"const": name},
        "id": _text(ID),
        "layer": {"enum": list(kind.layers)},
        "bound": _number(0, _most(name)),
        "unit": {"const": kind.unit},
        "effective": _text(DAY),
        "until": _text(DAY),
        "when": _when(name),
        "regime": {"enum": ["yes", "no"]},
        "by": {"enum": list(GROUPS)},
        "once": {"type": "integer", "minimum": 1},
        "long": _number(0, None),
        "short": _number(0, None),
        "then": {"enum": list(TRADING_STATES[1:])},
        "days": {"enum": list(DAYS.values())},
        "breach": {"enum": list(BREACHES)},
        "names": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
    }
    return {**named.get(part, {"type": "string", "minLength": 1}), "description": MEANINGS[part]}


def _most(name: str) -> int | None:
    """The largest bound the reader takes."""
    usual = MOST_OF_NAV if KINDS[name].unit == "NAV" else None
    return 1 if name == "concentration" else MOST.get(name, usual)


def _when(name: str) -> Json:
    states = {} if KINDS[name].form == "state" else {"state": _some_of(TRADING_STATES)}
    ends: dict[str, Json] = {"above": {"anyOf": [{"type": "number"}, _text(NUMBER)]}}
    properties = {"regime": _some_of((*REGIMES, UNKNOWN_REGIME)), **states, "figure": {"enum": list(FIGURES)}}
    return {
        **_object({**properties, **ends, "below": ends["above"]}, ()),
        "minProperties": 1,
        "dependentRequired": {"above": ["figure"], "below": ["figure"]},
    }


def _some_of(names: tuple[str, ...]) -> Json:
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": list(names)}}


def fields() -> str:
    """The page about the fields of a limit and about each kind, as Markdown."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# The limits file"
    yield ""
    yield "Written by `tests/engine/test_limits_schema.py` from `engine/limits/schema.py`; change that, not this page."
    yield "The same as JSON Schema: `docs/limits.schema.json`. What each kind bounds and when: `docs/limits.md`."
    yield ""
    yield "Sections: " + ", ".join(f"`{name}`" for name in SECTIONS) + ". Every complaint names file, line and column."
    yield ""
    yield "## Fields of a limit"
    yield ""
    yield "| field | meaning | values | needed |"
    yield "|---|---|---|---|"
    for part, meaning in MEANINGS.items():
        yield f"| `{part}` | {meaning} | {_values(part)} | {_needed(part)} |"
    yield ""
    yield "`when` says `regime: [..]`, `state: [..]`, and `figure` with `above`, `below` or both; figures are those of"
    yield f"the market as a whole, which no order changes: {', '.join(f'`{name}`' for name in FIGURES)}."
    yield ""
    yield "## Kinds"
    yield ""
    yield "| kind | layer | unit | bound at most | also | bounds |"
    yield "|---|---|---|---|---|---|"
    for name, kind in KINDS.items():
        also = [f"`{part}`" for part in kind.needed] + [f"`{part}` (optional)" for part in kind.options]
        most = "" if name in BOUNDLESS or _most(name) is None else str(_most(name))
        unit = "no bound" if name in BOUNDLESS else kind.unit
        layers = " or ".join(map(str, kind.layers))
        yield f"| `{name}` | {layers} | {unit} | {most} | {', '.join(also)} | {kind.meaning} |"
    yield ""
    always = ", ".join(f"`{name}`" for name in MANDATORY)
    yield f"No desk trades without {always}; these are in force always: no `when`, no gap."


def _values(part: str) -> str:
    listed: dict[str, tuple[str, ...]] = {
        "regime": ("yes", "no"), "by": GROUPS, "then": TRADING_STATES[1:], "days": tuple(DAYS), "breach": BREACHES,
    }  # fmt: skip
    kinds = {"effective": "a date", "until": "a date", "once": "a whole number", "names": "a list", "when": "a mapping"}
    return ", ".join(f"`{one}`" for one in listed[part]) if part in listed else kinds.get(part, "")


def _needed(part: str) -> str:
    if part in (*NEEDED, "kind"):
        return "yes"
    if part in ("bound", "unit"):
        return "where the kind has a bound"
    return "by some kinds" if any(part in kind.needed for kind in KINDS.values()) else "no"
