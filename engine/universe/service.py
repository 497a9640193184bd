"""The questions behind canonical bytes: a request in, an answer out. What the process that is killed in time serves.

A request names the question (`diff`, `check`, `prove`), the texts of the files and the snapshot. The answer holds the
JSON value and the lines for a reader. What is wrong with an input is an answer, too: faults with a place.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from engine.gate.market import Market, read_market
from engine.limits.model import Limits
from engine.limits.text import read_limits
from engine.orders.portfolio import Mode, Operations, Portfolio
from engine.universe.check import check
from engine.universe.diff import diff
from engine.universe.telling import told, told_check
from knowledge.door import snapshot_from_json
from knowledge.facts import Snapshot
from knowledge.faults import Fault, Faulty
from knowledge.values import Json

ZERO = Decimal(0)


def answer(request: Json) -> Json:
    """Answer one request. Raises `KeyError` on one that asks for nothing known."""
    try:
        return _QUESTIONS[request["op"]](request)
    except Faulty as error:
        return {"faults": [[one.file, one.line, one.column, one.message] for one in error.faults]}


def markets_of(snapshot: Snapshot, currency: str) -> Callable[[Limits], Market]:
    """The snapshot's market for a file: read with its threshold and scenarios, once for each. Raises `Faulty`."""
    known: dict[object, Market] = {}
    flat = Portfolio("universe", Mode.BACKTEST, currency, *(ZERO,) * 6, (), (), Operations())

    def market(limits: Limits) -> Market:
        key = limits.parameters.cluster_threshold, limits.scenarios
        if key not in known:
            known[key] = read_market(snapshot, flat, *key)
            if not known[key].terms:
                words = f"no instrument of the snapshot of {snapshot.as_of} has all its figures; name another one"
                raise Faulty(Fault("--snapshot", 1, 1, words))
        return known[key]

    return market


def _diff(request: Json) -> Json:
    (old, new), names = (read_limits(*one) for one in request["files"]), [one[1] for one in request["files"]]
    found = diff(old, new, markets_of(snapshot_from_json(request["snapshot"]), request["currency"]))
    return {"value": found.to_json(), "text": told(found, *names)}


def _check(request: Json) -> Json:
    ((words, name),) = request["files"]
    limits = read_limits(words, name, request["groups"])
    market = markets_of(snapshot_from_json(request["snapshot"]), request["currency"])(limits)
    found = check(limits, market, Decimal(request["nav"]), request["currency"])
    return {"value": found.to_json(), "text": told_check(found, name)}


_QUESTIONS: dict[str, Callable[[Json], Json]] = {"check": _check, "diff": _diff}
