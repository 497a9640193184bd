"""A provenance document: what PROV-DM calls entities, activities, agents and relations, written as PROV-JSON.

PROV-DM is the W3C Recommendation of 2013-04-30, PROV-JSON the W3C Member Submission of 2013-04-24.

Rules:
- a name is a prefix and a local part; what a local part may not hold is written as `%` and two digits (PROV-N, 3.7.1);
- whatever a relation names has to be declared before: there is no relation to something that the document lacks;
- one thing said twice is said once, and all is written in the order in which it was said: the same log gives the same
  bytes;
- values are texts, or say their type: `xsd:QName` of a name, `xsd:decimal` of a decimal.

Left out: bundles, alternates, delegation within an activity.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import quote

from knowledge.values import Json

PROV = "http://www.w3.org/ns/prov#"
XSD = "http://www.w3.org/2001/XMLSchema#"
ENTITY, ACTIVITY, AGENT = "entity", "activity", "agent"

ENDS: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "used": (("activity", ACTIVITY), ("entity", ENTITY)),
    "wasGeneratedBy": (("entity", ENTITY), ("activity", ACTIVITY)),
    "wasInvalidatedBy": (("entity", ENTITY), ("activity", ACTIVITY)),
    "wasDerivedFrom": (("generatedEntity", ENTITY), ("usedEntity", ENTITY)),
    "wasInformedBy": (("informed", ACTIVITY), ("informant", ACTIVITY)),
    "wasAttributedTo": (("entity", ENTITY), ("agent", AGENT)),
    "wasAssociatedWith": (("activity", ACTIVITY), ("agent", AGENT)),
    "actedOnBehalfOf": (("delegate", AGENT), ("responsible", AGENT)),
    "hadMember": (("collection", ENTITY), ("entity", ENTITY)),
}
"""What each relation goes from and to: the member that names it, and what it has to be."""


def name(prefix: str, *parts: str) -> str:
    """A qualified name; parts of its local part stand behind each other with a slash."""
    return f"{prefix}:{'/'.join(quote(part, safe='-_') for part in parts)}"


def typed(kind: str) -> Json:
    """A qualified name as a value."""
    return {"$": kind, "type": "xsd:QName"}


def decimal(digits: str) -> Json:
    """An exact decimal as a value."""
    return {"$": digits, "type": "xsd:decimal"}


@dataclass
class Document:
    """Grows by what it is told. `prefixes` are namespaces by prefix, beside `prov` and `xsd`."""

    prefixes: dict[str, str]
    things: dict[str, dict[str, dict[str, Json]]] = field(default_factory=lambda: {ENTITY: {}, ACTIVITY: {}, AGENT: {}})
    _relations: dict[str, dict[tuple[str, str], dict[str, Json]]] = field(default_factory=dict)

    def entity(self, thing: str, kind: str, label: str, /, **said: Json) -> str:
        """Declare a thing, of this type of `warrant:` or `prov:`; returns its name."""
        return self._declare(ENTITY, thing, [kind], label, said)

    def activity(self, thing: str, kind: str, label: str, begins: str, ends: str, /, **said: Json) -> str:
        """Declare something that went on between two instants (RFC 3339)."""
        found = self._declare(ACTIVITY, thing, [kind], label, said)
        self.things[ACTIVITY][thing].update({"prov:startTime": begins, "prov:endTime": ends})
        return found

    def agent(self, thing: str, kinds: list[str], label: str, /, **said: Json) -> str:
        """Declare who is responsible: a `prov:Person`, `prov:Organization` or `prov:SoftwareAgent`."""
        return self._declare(AGENT, thing, kinds, label, said)

    def relate(self, relation: str, one: str, other: str, at: str = "", /, **said: Json) -> None:
        """Say that `one` stands in this relation to `other`; `at` is an instant, where the relation has one.

        Raises `KeyError` where either was not declared as what the relation asks for.
        """
        (first, is_first), (second, is_second) = ENDS[relation]
        for thing, kind in ((one, is_first), (other, is_second)):
            if thing not in self.things[kind]:
                raise KeyError(f"{relation} names {thing}, which is no {kind} of the document")
        found = self._relations.setdefault(relation, {})
        when = {"prov:time": at} if at else {}
        found.setdefault((one, other), {f"prov:{first}": one, f"prov:{second}": other, **when, **_said(said)})

    def to_json(self) -> Json:
        """The document."""
        relations = {
            relation: {f"_:{relation}{at}": said for at, said in enumerate(found.values(), 1)}
            for relation, found in self._relations.items()
        }
        things = {kind: found for kind, found in self.things.items() if found}
        return {"prefix": {"prov": PROV, "xsd": XSD, **self.prefixes}, **things, **relations}

    def text(self) -> str:
        """The document as a file has it."""
        return json.dumps(self.to_json(), indent=1, ensure_ascii=False) + "\n"

    def _declare(self, sort: str, thing: str, kinds: list[str], label: str, said: dict[str, Json]) -> str:
        types = [typed(kind) for kind in kinds]
        body = {"prov:type": types[0] if len(types) == 1 else types, "prov:label": label, **_said(said)}
        self.things[sort].setdefault(thing, body)
        return thing


def _said(said: dict[str, Json]) -> dict[str, Json]:
    """Attributes by their own names, those of `prov_` in its namespace; what is not known is not said."""
    return {
        f"prov:{key.removeprefix('prov_')}" if key.startswith("prov_") else f"warrant:{key}": value
        for key, value in said.items()
        if value not in (None, "", [])
    }
