"""What is wrong with a PROV-JSON document, by the specifications and by nothing of the program that wrote it.

Form: the PROV-JSON Member Submission of 2013-04-24. Names: PROV-N, production PN_LOCAL. Meaning: PROV-DM (domains and
ranges of relations) and PROV-CONSTRAINTS (disjointness, ordering of events; the numbers in the sentences are its).
Bundles, alternates, mentions and `wasStartedBy` and its kind are not written by us, and are complained of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

RELATIONS: dict[str, tuple[tuple[str, str, bool], ...]] = {
    # member, section it has to be declared in, whether it has to be there
    "wasGeneratedBy": (("prov:entity", "entity", True), ("prov:activity", "activity", False)),
    "used": (("prov:activity", "activity", True), ("prov:entity", "entity", False)),
    "wasInformedBy": (("prov:informed", "activity", True), ("prov:informant", "activity", True)),
    "wasInvalidatedBy": (("prov:entity", "entity", True), ("prov:activity", "activity", False)),
    "wasDerivedFrom": (
        ("prov:generatedEntity", "entity", True), ("prov:usedEntity", "entity", True),
        ("prov:activity", "activity", False),
    ),
    "wasAttributedTo": (("prov:entity", "entity", True), ("prov:agent", "agent", True)),
    "wasAssociatedWith": (
        ("prov:activity", "activity", True), ("prov:agent", "agent", False), ("prov:plan", "entity", False),
    ),
    "actedOnBehalfOf": (
        ("prov:delegate", "agent", True), ("prov:responsible", "agent", True), ("prov:activity", "activity", False),
    ),
    "hadMember": (("prov:collection", "entity", True), ("prov:entity", "entity", True)),
}  # fmt: skip
TIMED = {"wasGeneratedBy", "used", "wasInvalidatedBy"}
OF_ALL = {"prov:type", "prov:label", "prov:location"}
ALLOWED = {
    "entity": OF_ALL | {"prov:value"},
    "activity": OF_ALL,
    "agent": OF_ALL,
    "wasGeneratedBy": OF_ALL | {"prov:role"}, "used": OF_ALL | {"prov:role"},
    "wasInvalidatedBy": OF_ALL | {"prov:role"}, "wasAssociatedWith": OF_ALL | {"prov:role"},
}  # fmt: skip
_PREFIX = re.compile(r"[a-zA-Z0-9_-]+")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*")
_OTHER = r"(?:[/@~&+*?#$!]|%[0-9A-Fa-f]{2}|\\[=\'(),\-:;\[\].])"
_BASE = r"A-Za-z\u00C0-\u02FF\u0370-\u037D\u037F-\u1FFF"
_LOCAL = re.compile(
    rf"(?:[{_BASE}_0-9]|{_OTHER})(?:(?:[{_BASE}_0-9\-.]|{_OTHER})*(?:[{_BASE}_0-9\-]|{_OTHER}))?"
)  # fmt: skip
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
Event = tuple[str, ...]


def complaints(document: Any) -> list[str]:
    """All that is wrong; empty for a document that is right."""
    found = list(_form(document))
    return found or [*_references(document), *_order(document)]


def _form(document: Any) -> Iterator[str]:
    prefixes = document.get("prefix", {})
    for prefix, uri in prefixes.items():
        if not _PREFIX.fullmatch(prefix) or not isinstance(uri, str) or not _URI.fullmatch(uri):
            yield f"prefix {prefix}: {uri} is no namespace"
    if prefixes.get("prov") != "http://www.w3.org/ns/prov#":
        yield "prov is another namespace"
    if prefixes.get("xsd") != "http://www.w3.org/2001/XMLSchema#":
        yield "xsd is another namespace"
    for section, things in document.items():
        if section == "prefix":
            continue
        if section not in RELATIONS and section not in ("entity", "activity", "agent"):
            yield f"{section} is no section that is known here"
            continue
        for thing, body in things.items():
            yield from _named(thing, prefixes, blank=section in RELATIONS)
            if not isinstance(body, dict):
                yield f"{thing} is no object"
                continue
            yield from (f"{thing}: {one}" for one in _attributes(section, body, prefixes))


def _named(thing: Any, prefixes: Any, *, blank: bool = False) -> Iterator[str]:
    if not isinstance(thing, str):
        yield f"{thing} is no name"
        return
    prefix, colon, local = thing.partition(":")
    if not colon or not _LOCAL.fullmatch(local):
        yield f"{thing} is no qualified name"
    elif prefix not in prefixes and not (blank and prefix == "_"):
        yield f"{thing}: the prefix {prefix} is not declared"


def _attributes(section: str, body: Any, prefixes: Any) -> Iterator[str]:
    members = {member: needed for member, _, needed in RELATIONS.get(section, ())}
    for member, needed in members.items():
        if needed and member not in body:
            yield f"{member} is missing"
    for key, value in body.items():
        yield from _named(key, prefixes)
        if key in members:
            yield from _named(value, prefixes)
        elif (key in ("prov:startTime", "prov:endTime") and section == "activity") or (
            key == "prov:time" and section in TIMED
        ):
            if not isinstance(value, str) or not _INSTANT.fullmatch(value) or datetime.fromisoformat(value) is None:
                yield f"{key}: {value} is no instant"
        elif key.startswith("prov:") and key not in ALLOWED.get(section, OF_ALL):
            yield f"{key} is no attribute of {section}"
        else:
            for one in value if isinstance(value, list) else [value]:
                yield from _literal(key, one, prefixes)
                if key == "prov:type" and not (isinstance(one, dict) and one.get("type") == "xsd:QName"):
                    yield f"the type {one} is no qualified name"


def _literal(key: str, value: Any, prefixes: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        if not isinstance(value, str | bool | int | float):
            yield f"{key}: {value} is no value"
        return
    if set(value) - {"$", "type", "lang"} or not isinstance(value.get("$"), str):
        yield f"{key}: {value} is no typed value"
        return
    written, kind = value["$"], value.get("type", "xsd:string")
    yield from _named(kind, prefixes)
    if kind == "xsd:QName":
        yield from _named(written, prefixes)
    elif kind == "xsd:decimal":
        if not re.fullmatch(r"[+-]?\d+(\.\d+)?", written) or not Decimal(written).is_finite():
            yield f"{key}: {written} is no decimal"
    elif kind == "xsd:dateTime":
        if not _INSTANT.fullmatch(written):
            yield f"{key}: {written} is no instant"
    elif kind != "xsd:string":
        yield f"{key}: the type {kind} is not written by us"


def _references(document: Any) -> Iterator[str]:
    for one in set(document.get("entity", {})) & set(document.get("activity", {})):
        yield f"{one} is an entity and an activity (constraint 55)"
    for relation, ends in RELATIONS.items():
        for name, body in document.get(relation, {}).items():
            for member, section, _ in ends:
                if member in body and body[member] not in document.get(section, {}):
                    yield f"{relation} {name}: {body[member]} is not declared as {section}"
    for name, body in document.get("hadMember", {}).items():
        kinds = document["entity"].get(body["prov:collection"], {}).get("prov:type")
        if {"$": "prov:Collection", "type": "xsd:QName"} not in (kinds if isinstance(kinds, list) else [kinds]):
            yield f"hadMember {name}: its collection is none"


def _order(document: Any) -> Iterator[str]:
    """Events and what must not come before what; a strict step must not lie on a way round."""
    steps: list[tuple[Event, Event, bool, str]] = []
    times: dict[Event, str] = {}
    for activity, body in document.get("activity", {}).items():
        steps.append((("start", activity), ("end", activity), False, "30"))
        times[("start", activity)], times[("end", activity)] = body["prov:startTime"], body["prov:endTime"]
    made: dict[str, list[Event]] = {}
    for body in document.get("wasGeneratedBy", {}).values():
        event = ("generation", body["prov:entity"], body["prov:activity"])
        times[event] = body["prov:time"]
        steps += [(("start", event[2]), event, False, "33"), (event, ("end", event[2]), False, "33")]
        for other in made.setdefault(event[1], []):
            steps += [(event, other, False, "39"), (other, event, False, "39")]
        made[event[1]].append(event)
    ended: dict[str, list[Event]] = {}
    for body in document.get("wasInvalidatedBy", {}).values():
        event = ("invalidation", body["prov:entity"], body["prov:activity"])
        times[event] = body["prov:time"]
        steps += [(("start", event[2]), event, False, "34"), (event, ("end", event[2]), False, "34")]
        ended.setdefault(event[1], []).append(event)
        steps += [(one, event, False, "36") for one in made.get(event[1], [])]
    for body in document.get("used", {}).values():
        event = ("usage", body["prov:activity"], body["prov:entity"])
        times[event] = body["prov:time"]
        steps += [(("start", event[1]), event, False, "33"), (event, ("end", event[1]), False, "33")]
        steps += [(one, event, False, "37") for one in made.get(event[2], [])]
        steps += [(event, one, False, "38") for one in ended.get(event[2], [])]
    for body in document.get("wasInformedBy", {}).values():
        steps.append((("start", body["prov:informant"]), ("end", body["prov:informed"]), False, "35"))
    for body in document.get("wasDerivedFrom", {}).values():
        # An entity whose generation is not told has one all the same (inference 7).
        later = made.get(body["prov:generatedEntity"]) or [("generation", body["prov:generatedEntity"])]
        before = made.get(body["prov:usedEntity"]) or [("generation", body["prov:usedEntity"])]
        steps += [(one, two, True, "42") for one in before for two in later]
    after: dict[Event, list[Event]] = {}
    for first, then, _, rule in steps:
        after.setdefault(first, []).append(then)
        if first in times and then in times and _moment(times[first]) > _moment(times[then]):
            yield f"{' '.join(then)} is before {' '.join(first)} (constraint {rule})"
    for first, then, strict, rule in steps:
        if strict and _reaches(after, then, first):
            yield f"{' '.join(then)} comes before itself (constraint {rule})"


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written)


def _reaches(after: dict[Event, list[Event]], start: Event, end: Event) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        one = waiting.pop()
        if one == end:
            return True
        for then in after.get(one, ()):
            if then not in seen:
                seen.add(then)
                waiting.append(then)
    return False
