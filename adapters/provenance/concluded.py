"""What rules concluded on the way to an order: each firing, what it matched, whose rule it is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from adapters.provenance.cycle import Cycle, value
from adapters.provenance.document import name
from knowledge.values import Json

_SIDES = {"buy": "long", "sell": "short"}


class Concluded(Cycle):
    """A cycle with the firings that led to the order."""

    def conclusions(self) -> list[str]:
        """The firings that lead to what the order was made for; returns the names of what they end in."""
        ends = [ref for ref in self._ends() if ref in self.evidence.supports]
        for ref in ends:
            self._concluded(ref)
        return [self.fact(ref) for ref in ends]

    def _ends(self) -> Iterator[str]:
        """What rules conclude that makes an order: a candidate, an exit and its reasons, a stop that moves."""
        asked, instrument = self.warrant["order"], self.instrument
        if asked["role"] == "entry":
            yield f"candidate({instrument},{_SIDES[asked['side']]})"
        elif asked["role"] == "stop":
            yield from (ref for ref in self.evidence.supports if ref.startswith(f"trail({instrument},"))
        else:
            for reason in self.exit.get("reasons", ()):
                yield f"exit({instrument},{reason})"
                if reason.startswith("reversal:"):
                    yield from (f"candidate({instrument},{side})" for side in _SIDES.values())

    @cached_property
    def exit(self) -> Json:
        """The decision's exit of the instrument; empty where it has none."""
        return next((one for one in self.record["exits"] if one["instrument"] == self.instrument), {})

    @cached_property
    def _order_of_firings(self) -> dict[str, int]:
        """When each fact was first concluded: nothing rests on what came after it."""
        found: dict[str, int] = {}
        for at, firing in enumerate(self.record["firings"]):
            for ref in firing["concluded"]:
                found.setdefault(ref, at)
        return found

    def _concluded(self, ref: str) -> None:
        """One fact with all that it rests on."""
        thing, tell = self.fact(ref), self.document
        if thing in tell.things["entity"]:
            return
        fact = self.evidence.facts.get(ref)
        said = [f"{key} {text}" for (key, _), text in zip(fact.slots, fact.texts, strict=True)] if fact else []
        tell.entity(thing, "warrant:Conclusion", ref, prov_value=", ".join(said))
        for number, firing in enumerate(self.record["firings"]):
            if ref in firing["concluded"]:
                self._fired(number, firing, ref, thing)

    def _fired(self, number: int, firing: Json, ref: str, thing: str) -> None:
        tell, at = self.document, self.at
        made = name("desk", "firing", self.period, str(number + 1))
        tell.activity(made, "warrant:Firing", f"the rule {firing['rule']} fires", at, at, number=number + 1)
        rule = self._rule(firing["rule"])
        tell.relate("used", made, rule, at)
        tell.relate("wasAssociatedWith", made, self.program, prov_plan=rule)
        tell.relate("wasGeneratedBy", thing, made, at)
        tell.relate("wasInformedBy", self.cycle, made)
        for each in dict.fromkeys(one for one in firing["matched"] if one is not None and one != ref):
            earlier = self._order_of_firings.get(each)
            if earlier is None:
                below = self.given(each)
            elif earlier < number:
                self._concluded(each)
                below = self.fact(each)
            else:
                continue
            tell.relate("used", made, below, at)
            tell.relate("wasDerivedFrom", thing, below, prov_activity=made)

    def _rule(self, called: str) -> str:
        tell, rule = self.document, self.evidence.rules[called]
        book = self.record["inputs"]["rulebook"]
        place = f"{rule.file}:{rule.at.line}"
        made = tell.entity(name("desk", "rule", self.period, called), "prov:Plan", f"rule {called}", source=place)
        tell.relate("wasDerivedFrom", made, value(book))
        if rule.owner:
            tell.relate("wasAttributedTo", made, self.owner(rule.owner))
        return made
