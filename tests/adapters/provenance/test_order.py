"""The provenance of every order of a run is a right PROV-JSON document, and says what the log says."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters import cli
from adapters.answers.lookup import orders_of
from adapters.audit.log import AuditLog, LogReader
from adapters.provenance.document import Document
from adapters.provenance.order import provenance
from adapters.signing.note import Signer
from knowledge.faults import Faulty
from knowledge.values import Json, canonical, digest
from tests.adapters.provenance.validator import complaints
from tests.adapters.records import body
from tests.shared_run import SharedRun


@pytest.fixture(scope="module")
def log(shared: SharedRun) -> Iterator[LogReader]:
    with LogReader.read(shared.store) as found:
        yield found


@pytest.fixture(scope="module")
def orders(shared: SharedRun) -> dict[str, tuple[Json, Json]]:
    decisions = [one for one in shared.records if one["kind"] == "decision"]
    return {order["client_order_id"]: (decision, order) for decision in decisions for _, order in orders_of(decision)}


@pytest.fixture(scope="module")
def entry(log: LogReader, orders: dict[str, tuple[Json, Json]]) -> Json:
    name = next(name for name, (_, order) in orders.items() if order["role"] == "entry")
    return provenance(log, name).to_json()


def labels(document: Json, section: str, kind: str) -> set[str]:
    wanted = {"$": kind, "type": "xsd:QName"}
    return {one["prov:label"] for one in document[section].values() if wanted in (one["prov:type"], *one["prov:type"])}


def grounds(document: Json, thing: str) -> set[str]:
    """All entities that a thing is derived from, at any distance."""
    found: set[str] = set()
    waiting = [thing]
    while waiting:
        one = waiting.pop()
        for said in document["wasDerivedFrom"].values():
            if said["prov:generatedEntity"] == one and said["prov:usedEntity"] not in found:
                found.add(said["prov:usedEntity"])
                waiting.append(said["prov:usedEntity"])
    return found


def test_of_every_order_of_a_run(log: LogReader, orders: dict[str, tuple[Json, Json]]) -> None:
    assert {order["role"] for _, order in orders.values()} >= {"entry", "stop", "exit"}
    for name, (decision, order) in orders.items():
        document = provenance(log, name).to_json()
        assert complaints(document) == [], name
        came = grounds(document, f"desk:order/{name}")
        inputs = {f"value:{one.removeprefix('sha256:')}" for one in decision["inputs"].values()}
        assert came >= {f"record:{decision['record_id']}", *inputs}
        assert labels(document, "entity", "warrant:Order") == {name}
        fills = [one for one in log.records(["fill"]) if one["client_order_id"] == name]
        told = {said["warrant:fill_id"] for said in document["entity"].values() if "warrant:fill_id" in said}
        assert told == {one["fill_id"] for one in fills}
        if order["role"] == "entry":
            verdict = next(one for one in decision["verdicts"] if one["instrument"] == order["instrument"])
            assert f"the rule {verdict['rule']} fires" in labels(document, "activity", "warrant:Firing")
            held = {f"limit {one['limit']}" for one in (*verdict["findings"], *verdict.get("binding", ()))}
            assert labels(document, "entity", "warrant:Limit") >= held


def test_what_rules_concluded_rests_on_what_they_matched(
    entry: Json, log: LogReader, orders: dict[str, tuple[Json, Json]]
) -> None:
    (name,) = labels(entry, "entity", "warrant:Order")
    decision, order = orders[name]
    firings = {firing["rule"]: firing for firing in decision["firings"]
               if any(one.startswith(f"candidate({order['instrument']}") for one in firing["concluded"])}  # fmt: skip
    matched = {one for firing in firings.values() for one in firing["matched"] if one is not None}
    facts = {said["prov:label"]: thing for thing, said in entry["entity"].items() if thing.startswith("desk:fact/")}
    candidate = next(thing for label, thing in facts.items() if label.startswith("candidate("))
    assert {facts[one] for one in matched} <= grounds(entry, candidate)
    models = labels(entry, "entity", "warrant:Model")
    heads = {one["head"] for one in log.records(["model"])}
    assert models and models <= {f"model of the head {head}" for head in heads}


def test_it_says_who_answers_for_what(entry: Json, log: LogReader) -> None:
    start = next(log.records(["start"]))
    software = labels(entry, "agent", "prov:SoftwareAgent")
    assert "the broker" in software and any(one.startswith("head ") for one in software)
    program = entry["agent"]["desk:agent/program"]
    assert program["warrant:digest"] == start["program"]
    assert any(one.startswith("z3") for one in program["warrant:version"])
    assert {"owner: quant", "owner: risk", "owner: compliance"} <= labels(entry, "agent", "warrant:Owner")
    delegates = {said["prov:delegate"] for said in entry["actedOnBehalfOf"].values()}
    assert delegates == set(entry["agent"]) - {"desk:agent/desk"}


def test_approvers_and_the_checkpoint_are_told(shared: SharedRun, log: LogReader, tmp_path: Path) -> None:
    decision = next(one for one in shared.records if one["kind"] == "decision" and one["warrants"])
    blobs = {name: log.blob(name) for name in decision["blobs"]}
    limits, name = decision["inputs"]["limits"], decision["warrants"][0]["order"]["client_order_id"]
    diff = canonical({"verdict": "looser"})
    common = body("2011-01-02T21:00:00Z")
    old = digest(b"old")
    kept = ("record_id", "seq", "format", "kind", "blobs", "as_of", "recorded_at")
    signer = Signer("warrant/test", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    with AuditLog.open(tmp_path / "log.sqlite") as made:
        about = {**common, "old": old, "new": limits, "verdict": "looser"}
        said = {**about, "diff": digest(diff), "reason": "more room", "asked_at": common["as_of"], "claimed": True}
        first = made.append("approval", {**said, "who": "Ada Lovelace"}, {digest(diff): diff})
        second = made.append("approval", {**said, "who": "Charles Babbage", "proposal": first.record_id})
        made.append("change", {**about, "outcome": "adopted", "reason": "approved", "approval": second.record_id})
        head = next(one for one in log.records(["model"]))
        again = {key: head[key] for key in ("head", "model", "age")}
        made.append("model", {**common, **again, "outcome": "refused", "reason": "nobody has approved it"})
        made.append("model", {**common, **again, "approval": first.record_id})
        again = {key: value for key, value in decision.items() if key not in kept}
        receipt = made.append("decision", {**body(decision["as_of"]), **again}, blobs)
        made.checkpoint(signer)
    with LogReader.read(tmp_path / "log.sqlite") as found:
        document = provenance(found, name).to_json()
    assert complaints(document) == []
    assert labels(document, "agent", "prov:Person") == {"Ada Lovelace", "Charles Babbage"}
    approved = [one for one in document["wasAttributedTo"].values() if one.get("warrant:role") == "approver"]
    assert {(one["prov:entity"], one["prov:agent"].rpartition("/")[2]) for one in approved} == {
        (f"value:{limits.removeprefix('sha256:')}", "Ada%20Lovelace"),
        (f"value:{limits.removeprefix('sha256:')}", "Charles%20Babbage"),
        (f"value:{head['model'].removeprefix('sha256:')}", "Ada%20Lovelace"),
    }
    assert all("claimed" in one["warrant:known_by"] and one["warrant:reason"] == "more room" for one in approved)
    assert f"record:{receipt.record_id}" in grounds(document, "desk:checkpoint/6")
    assert document["entity"]["desk:checkpoint/6"]["warrant:root"] == receipt.root.hex()


def test_the_command(shared: SharedRun, entry: Json, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (name,) = labels(entry, "entity", "warrant:Order")
    for _ in range(2):
        assert cli.run(["audit", "prov", name, "--desk", str(shared.folder)]) == 0
        assert json.loads(capsys.readouterr().out) == entry
    out = tmp_path / "order.json"
    assert cli.run(["audit", "prov", name, "--desk", str(shared.folder), "--out", str(out)]) == 0
    assert json.loads(out.read_text()) == entry
    decision = next(one["record_id"] for one in shared.records if one["kind"] == "decision")
    assert cli.run(["audit", "prov", decision, "--desk", str(shared.folder)]) == 2
    assert "an order or warrant is asked for" in capsys.readouterr().err


def test_a_warrants_id_is_taken_too(log: LogReader, orders: dict[str, tuple[Json, Json]], entry: Json) -> None:
    (name,) = labels(entry, "entity", "warrant:Order")
    decision, _ = orders[name]
    warrant = next(one for one in decision["warrants"] if one["order"]["client_order_id"] == name)
    assert provenance(log, warrant["warrant_id"]).to_json() == entry
    with pytest.raises(Faulty):
        provenance(log, "no-such-order")


def test_a_relation_to_what_is_not_there_is_refused() -> None:
    document = Document({"warrant": "urn:x-warrant:terms:", "desk": "urn:x-warrant:desk:"})
    document.entity("desk:one", "warrant:Fact", "one")
    with pytest.raises(KeyError):
        document.relate("wasDerivedFrom", "desk:one", "desk:two")
    with pytest.raises(KeyError):
        document.relate("used", "desk:one", "desk:one")


def _first(document: Json, relation: str) -> Any:
    return next(iter(document[relation].values()))


def _lose_entity(document: Json) -> None:
    del document["entity"][_first(document, "wasDerivedFrom")["prov:usedEntity"]]


def _swap(document: Json) -> None:
    said = _first(document, "used")
    said["prov:activity"], said["prov:entity"] = said["prov:entity"], said["prov:activity"]


def _circle(document: Json) -> None:
    said = dict(_first(document, "wasDerivedFrom"))
    said["prov:generatedEntity"], said["prov:usedEntity"] = said["prov:usedEntity"], said["prov:generatedEntity"]
    document["wasDerivedFrom"]["_:round"] = said


def _use_before(document: Json) -> None:
    next(one for one in document["used"].values() if "warrant/" in one["prov:entity"])["prov:time"] = (
        "2001-01-01T00:00:00Z"
    )


def _end_before(document: Json) -> None:
    next(one for name, one in document["activity"].items() if "execution/" in name)["prov:endTime"] = (
        "2001-01-01T00:00:00Z"
    )


def _both(document: Json) -> None:
    document["entity"][next(iter(document["activity"]))] = next(iter(document["entity"].values()))


def _attribute(document: Json) -> None:
    next(iter(document["agent"].values()))["prov:startTime"] = "2011-01-01T00:00:00Z"


def _local_time(document: Json) -> None:
    next(iter(document["activity"].values()))["prov:startTime"] = "2011-01-01T00:00:00"


def _collection(document: Json) -> None:
    document["entity"][_first(document, "hadMember")["prov:collection"]]["prov:type"] = {
        "$": "prov:Plan", "type": "xsd:QName"
    }  # fmt: skip


THIRD = {"$": "1/3", "type": "xsd:decimal"}
WRONG: dict[str, Callable[[Json], None]] = {
    "is not declared": _lose_entity,
    "declared as": _swap,
    "comes before itself": _circle,
    "is before": _use_before,
    "constraint 3": _end_before,
    "an entity and an activity": _both,
    "is no attribute": _attribute,
    "is no instant": _local_time,
    "its collection is none": _collection,
    "the prefix value is not declared": lambda document: document["prefix"].pop("value"),
    "is no namespace": lambda document: document["prefix"].update(desk="demo"),
    "is no qualified name": lambda document: document["entity"].update({"desk:a(b)": {}}),
    "no typed value": lambda document: document["entity"].update({"desk:a": {"warrant:a": {"$": 1}}}),
    "no decimal": lambda document: document["entity"].update({"desk:a": {"warrant:a": THIRD}}),
    "no section": lambda document: document.update(wasMadeOf={}),
    "is missing": lambda document: _first(document, "wasAttributedTo").pop("prov:agent"),
}  # fmt: skip


@pytest.mark.parametrize("words", WRONG)
def test_the_validator_sees_what_is_wrong(entry: Json, words: str) -> None:
    broken = copy.deepcopy(entry)
    WRONG[words](broken)
    assert any(words in one for one in complaints(broken)), complaints(broken)
