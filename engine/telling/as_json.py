"""A telling as JSON, for programs: the same tree, each sentence with its typed tokens; and the way back.

The form is `warrant-telling/1`, described in docs/telling.md and, for machines, by docs/telling.schema.json. A cause
that was told before has `see`, the `id` of the node that told it, and no parts: reading brings them back.
"""

from __future__ import annotations

from engine.telling.narrative import Shown, Telling, told_once
from engine.telling.tokens import Run, Sort, Token
from knowledge.values import Json

FORMAT = "warrant-telling/1"


def to_json(root: Telling) -> Json:
    """The canonical JSON value."""
    head: Json = {"format": FORMAT}
    if root.summary:
        head["summary"] = [_run(one) for one in root.summary]
    return head | _node(told_once(root))


def from_json(value: Json) -> Telling:
    """Read what `to_json` wrote. Raises `KeyError`, `TypeError`, `ValueError`."""
    if value["format"] != FORMAT:
        raise ValueError(f"`{value['format']}` is no form of a telling that this release reads; it reads `{FORMAT}`")
    read = _read(value, {})
    return read.headed(*(_tokens(one) for one in value.get("summary", [])))


def _node(shown: Shown) -> Json:
    node = shown.telling
    found: Json = {"text": node.text, "run": _run(node.run)}
    if node.about:
        found["about"] = node.about
    if node.detail:
        found["detail"] = True
    if shown.anchor:
        found["id"] = shown.anchor
    if shown.again:
        return found | {"see": shown.again}
    return found | {"parts": [_node(part) for part in shown.parts]}


def _run(run: Run) -> Json:
    return [
        {name: text for name in ("text", "value", "unit", "source") if (text := getattr(one, name)) or name == "text"}
        | {"sort": one.sort.value}
        for one in run
    ]


def _read(value: Json, known: dict[str, Telling]) -> Telling:
    run, about, detail = _tokens(value["run"]), value.get("about", ""), value.get("detail", False)
    parts = known[value["see"]].parts if "see" in value else [_read(one, known) for one in value["parts"]]
    node = Telling(run, parts, about, detail=detail)
    if "id" in value:
        known[value["id"]] = node
    return node


def _tokens(value: Json) -> Run:
    return tuple(
        Token(Sort(one["sort"]), one["text"], one.get("value", ""), one.get("unit", ""), one.get("source", ""))
        for one in value
    )


def schema() -> Json:
    """The JSON schema of `to_json`, as published in docs/telling.schema.json."""
    text, run = {"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/token"}}
    token = dict.fromkeys(("text", "value", "unit", "source"), text)
    node: Json = {
        "text": text | {"description": "the sentence as it is shown"},
        "run": run | {"description": "the same as tokens, one behind the other"},
        "about": text | {"description": "what the node is about, a word for programs"},
        "detail": {"const": True, "description": "left out of the short form"},
        "id": text | {"description": "the name that a later `see` uses"},
        "see": text | {"description": "the `id` of the node that told the parts before; there are no `parts` then"},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/node"}},
    }
    told = {"required": ["text", "run"], "oneOf": [{"required": ["parts"]}, {"required": ["see"]}]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"an explanation ({FORMAT})",
        "type": "object",
        "properties": {"format": {"const": FORMAT}, "summary": {"type": "array", "items": run}, **node},
        "additionalProperties": False,
        **told,
        "required": ["format", "text", "run", "parts"],
        "$defs": {
            "node": {"type": "object", "properties": node, "additionalProperties": False, **told},
            "token": {
                "type": "object",
                "properties": {
                    "sort": {"enum": [one.value for one in Sort]},
                    **token,
                    "value": text | {"description": "what is meant, where it is not what is shown; of a number: exact"},
                    "source": text | {"description": "`file:line` of a rule or policy; whose a limit is"},
                },
                "required": ["sort", "text"],
                "additionalProperties": False,
            },
        },
    }
