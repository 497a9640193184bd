"""The provenance of one order: from the facts it rests on to its fills, with who answers for each step.

Read from the log alone; the evidence is held against the log's tree before it is used. What is there:

- entities: snapshot, portfolio, rulebook and limits by their digests; each fact, model, rule, policy file and limit
  that the order rests on; the candidate, the verdict, the decision's record, the warrant, the order, its fills, and the
  first signed checkpoint that covers them;
- activities: the cycle, what was observed, each firing, the proof by policies, the gate, the recording, the execution;
- agents: the desk, the program by its digest, the broker, the heads, who owns rules and limits, who approved.

All of one cycle is true as of one instant, the close that it decides at: the log does not say in which second of the
clock on the wall a rule fired, and neither does this.

Left out: bars and news behind a fact (the snapshot is where the record begins), rules that fired without leading to
this order, what other orders of the decision rest on.
"""

from __future__ import annotations

from functools import cached_property

from adapters.answers.evidence import evidence_of
from adapters.answers.lookup import orders_of, record_of
from adapters.answers.reading import unknown
from adapters.audit.reader import LogReader
from adapters.provenance.decided import Decided
from adapters.provenance.document import Document, decimal, name
from engine.orders.order import FINAL
from knowledge.values import Json

EVENTS = ("order", "fill", "cancel", "expiry", "rejection")
ROOT = "urn:x-warrant:"
"""Of all our names. No registry knows it: names of a log are not addresses to be visited."""


def provenance(log: LogReader, asked: str) -> Document:
    """Where the order or warrant of this id came from. Raises `Faulty`, `LogUnreadable`."""
    found = record_of(log, asked)
    if not found.order:
        raise unknown(asked, "this is a record, and an order or warrant is asked for: `warrant audit find` lists them")
    warrant, order = next(
        (warrant, one) for warrant, one in orders_of(found.record) if one["client_order_id"] == found.order
    )
    record = found.record
    place = f"{ROOT}desk:{record['desk']}:{record['mode']}:"
    prefixes = {
        "warrant": f"{ROOT}terms:", "desk": place, "record": f"{place}record:", "value": f"{ROOT}sha256:",
    }  # fmt: skip
    return _Order(log, evidence_of(log, record), warrant, order, Document(prefixes)).told()


class _Order(Decided):
    def told(self) -> Document:
        """Everything, in the order in which it happened."""
        self.agents()
        self.inputs()
        candidate = self.conclusions()
        self.decided(candidate)
        self._executed()
        self._signed()
        return self.document

    @cached_property
    def _events(self) -> list[Json]:
        """What the log says of the order, up to its end."""
        found: list[Json] = []
        for one in self.log.records(EVENTS, after=self.record["seq"]):
            if one["client_order_id"] == self.order["client_order_id"]:
                found.append(one)
                if one["state"] in FINAL:
                    break
        return found

    def _executed(self) -> None:
        tell, one, events = self.document, self.order, self._events
        terms = {key: one.get(key) for key in ("side", "role", "kind", "horizon", "strategy", "time_in_force")}
        prices = {key: decimal(one[key]) for key in ("quantity", "limit_price", "stop_price") if one.get(key)}
        order = tell.entity(name("desk", "order", one["client_order_id"]), "warrant:Order", one["client_order_id"],
                            instrument=self.instrument, **terms, **prices)  # fmt: skip
        tell.relate("wasDerivedFrom", order, self.warrant_name)
        tell.relate("wasAttributedTo", order, self.desk)
        if not events:
            tell.relate("wasGeneratedBy", order, self.cycle, self.at)
            return
        begins, ends = events[0]["as_of"], events[-1]["as_of"]
        sending = tell.activity(name("desk", "submission", one["client_order_id"]), "warrant:Submission",
                                "the order is submitted with the receipt of its decision", begins, begins)  # fmt: skip
        tell.relate("wasGeneratedBy", order, sending, begins)
        tell.relate("wasAssociatedWith", sending, self.program)
        tell.relate("wasInformedBy", sending, self.cycle)
        tell.relate("used", sending, self.warrant_name, begins)
        working = tell.activity(name("desk", "execution", one["client_order_id"]), "warrant:Execution",
                                "the broker works the order", begins, ends, state=events[-1]["state"])  # fmt: skip
        tell.relate("wasAssociatedWith", working, self.broker)
        tell.relate("wasInformedBy", working, sending)
        tell.relate("used", working, order, begins)
        for event in events:
            self._event(event, order, working)
        if events[-1]["state"] in FINAL:
            tell.relate("wasInvalidatedBy", order, working, ends, state=events[-1]["state"])

    def _event(self, event: Json, order: str, working: str) -> None:
        tell = self.document
        thing = name("record", event["record_id"])
        if event["kind"] == "fill":
            tell.entity(thing, "warrant:Fill", f"{event['side']} {event['quantity']} at {event['price']}",
                        seq=event["seq"], fill_id=event["fill_id"], quantity=decimal(event["quantity"]),
                        price=event["price"], commission=event["commission"], session=event["session"])  # fmt: skip
        else:
            why = event.get("why") or event.get("detail") or event.get("reason")
            tell.entity(thing, "warrant:OrderEvent", event["event"], seq=event["seq"], state=event["state"], why=why)
        tell.relate("wasGeneratedBy", thing, working, event["as_of"])
        tell.relate("wasDerivedFrom", thing, order)
        tell.relate("wasAttributedTo", thing, self.broker)

    def _signed(self) -> None:
        """The first signed checkpoint that covers all that was told; else the first that covers the decision."""
        events = self._events
        reached = [(events[-1] if events else self.record)["seq"], self.record["seq"]]
        kept = self.log.checkpoints()
        found = next((one for seq in reached for one in kept if one.signed.size > seq), None)
        if found is None:
            return
        tell, signed = self.document, found.signed
        key = tell.agent(name("desk", "agent", "key", found.vkey.split("+")[0]), ["prov:SoftwareAgent"],
                         "whoever has the log's key", vkey=found.vkey)  # fmt: skip
        tell.relate("actedOnBehalfOf", key, self.desk)
        thing = tell.entity(name("desk", "checkpoint", str(signed.size)), "warrant:Checkpoint",
                            f"signed checkpoint of {signed.size} records", size=signed.size,
                            root=signed.root.hex())  # fmt: skip
        tell.relate("wasAttributedTo", thing, key)
        for one in (self.record, *events):
            if one["seq"] < signed.size:
                tell.relate("wasDerivedFrom", thing, name("record", one["record_id"]))
