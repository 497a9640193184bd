"""A desk of the tests and what was ruled about it, as the export of a decision: what a stranger's checker reads.

Facts are written from the terms, one for one, and the findings of entries become conditions of the law, so that nothing
but the numbers is in question.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction

from engine.checker import Said
from engine.decision import core_json, reading_json
from engine.gate.judge import Judgement, Ruling
from engine.gate.market import Market
from engine.gate.proposals import Entry, Exit, Finding
from knowledge.values import Json, canonical, digest, text
from tests.engine.books_strategy import Desk

AS_OF = "T21:00:00Z"
FIGURES = (("average-volume-20", "average_volume"), ("beta-252", "beta"), ("volatility-20", "volatility"),
           ("atr-14", "true_range"))  # fmt: skip


def exported(desk: Desk, judgement: Judgement) -> Said:
    """The record of a decision that rules so, with what an export writes out."""
    market, law = desk.market, desk.limits.law
    entries = [one.entry for one in judgement.rulings]
    names = sorted({found.limit for one in entries for found in one.findings})
    conditions = [{"id": name, "kind": "wash_trade", "bound": "0", "effective": "2000-01-01"} for name in names]
    candidates = [["candidate", candidate(one)] for one in entries]
    inputs: dict[str, Json] = {
        "snapshot": {
            "as_of": f"{market.session}{AS_OF}",
            "universe": sorted({*market.terms, *market.missing}),
            "facts": list(facts(market)),
        },
        "portfolio": desk.portfolio.to_json(),
        "limits": desk.limits.source,
    }
    law = {**law, "limits": [*law["limits"], *conditions]}
    digests = {name: digest(canonical(value)) for name, value in inputs.items()}
    record = {
        "kind": "decision",
        "as_of": f"{market.session}{AS_OF}",
        "inputs": digests,
        **inputs,
        "law": law,
        "law_digest": digest(canonical(law)),
        "fault": None,
        "proof": None,
        "regime": desk.regime,
        "trading_state": "active",
        "states": [],
        "derived": [["regime", {"name": desk.regime}], *candidates],
        "verdicts": list(verdicts(desk, judgement)),
        "exits": [exit_json(one) for one in desk.exits],
        "readings": [reading_json(one) for one in judgement.readings] if entries else [],
    }
    record["warrants"] = list(warrants(desk, judgement))
    return reread(record)


def candidate(entry: Entry) -> Json:
    """What the rules concluded."""
    side = "long" if entry.side.sign > 0 else "short"
    return {"instrument": entry.instrument, "side": side, "conviction": text(entry.conviction)}


def reread(record: Json) -> Said:
    """The same, as it is read from a line of an export."""
    return json.loads(json.dumps(record), object_hook=Said)  # type: ignore[no-any-return]


def facts(market: Market) -> Iterator[Json]:
    """The facts that these terms are read from."""
    for name, one in market.terms.items():
        fixed = {"instrument": name, "currency": one.currency, "multiplier": text(one.unit), "tick": text(one.tick)}
        yield ["reference", {**fixed, "lot": str(one.lot), "sector": one.sector, "issuer": one.issuer}]
        yield ["bar", {"instrument": name, "close": text(one.price)}]
        for measure, field in FIGURES:
            yield ["indicator", {"instrument": name, "name": measure, "value": text(getattr(one, field))}]
        if one.factors:
            yield ["risk", {"instrument": name, "loadings": [text(each) for each in one.factors],
                            "residual": text(one.residual)}]  # fmt: skip
    for name, value in market.figures.items():
        yield ["market", {"name": name, "value": text(value)}]
    for currency in sorted({one.currency for one in market.terms.values()}):
        yield ["rate", {"currency": currency, "value": "1"}]
    names = sorted({*market.terms, *market.missing})
    for name in names:
        others = [other for other in names if other > name]
        joined = [any({name, other} <= {*cluster} for cluster in market.clusters) for other in others]
        yield ["correlations", {"instrument": name, "others": others, "values": [str(int(one)) for one in joined]}]


def verdicts(desk: Desk, judgement: Judgement) -> Iterator[Json]:
    """One for each instrument, by name."""
    ruled = {one.entry.instrument: one for one in judgement.rulings}
    for name in sorted({*desk.market.terms, *desk.market.missing, *ruled}):
        if name in ruled:
            yield verdict(ruled[name])
        else:
            yield {"instrument": name, "outcome": "no-candidate", "reasons": []}


def verdict(ruling: Ruling) -> Json:
    """What a record says of a ruling."""
    entry = ruling.entry
    value: dict[str, Json] = {
        "instrument": entry.instrument,
        "outcome": ruling.outcome.value,
        "reasons": list(dict.fromkeys([one.limit for one in ruling.cores] + [one.limit for one in ruling.binding])),
        "side": entry.side.value,
        "findings": [finding(one) for one in entry.findings],
        "strategy": entry.strategy,
        "horizon": entry.horizon,
        "quantity": text(ruling.quantity),
    }
    value |= {name: text(getattr(entry, name)) for name in ("conviction", "target", "limit_price", "stop_price")}
    if entry.basket is not None:
        value["basket"] = entry.basket.to_json()
    value["binding"] = [reading_json(one) for one in ruling.binding]
    value["cores"] = [core_json(one) for one in ruling.cores]
    value["crowding"] = [[measure, name, text(part)] for measure, name, part in ruling.crowding]
    return value


def finding(one: Finding) -> Json:
    """A condition that counts what stands against the entry."""
    return {"limit": one.limit, "holds": one.holds, "value": str(int(not one.holds)), "bound": "0", "detail": ""}


def exit_json(one: Exit) -> Json:
    """An exit that goes out, all that was asked."""
    said = {"instrument": one.instrument, "side": one.side.value, "quantity": text(one.quantity)}
    return {**said, "asked": said["quantity"], "held_back": None}


def warrants(desk: Desk, judgement: Judgement) -> Iterator[Json]:
    """One for each exit and each granted entry, with its stop."""
    for one in desk.exits:
        yield warrant(_order("exit", one.instrument, one.side.value, one.quantity, None, None))
    for grant in judgement.grants:
        entry, other = grant.entry, "sell" if grant.entry.side.sign > 0 else "buy"
        prices = entry.limit_price, entry.stop_price
        yield warrant(
            _order("entry", entry.instrument, entry.side.value, grant.quantity, *prices),
            _order("stop", entry.instrument, other, grant.quantity, None, entry.stop_price),
        )


def warrant(order: Json, stop: Json = None) -> Json:
    """The permission for an order, with the id of its content."""
    content = {"order": order, "protective_stop": stop}
    return {"warrant_id": "W-" + digest(canonical(content)).removeprefix("sha256:")[:32], **content}


def _order(role: str, name: str, side: str, shares: Fraction, limit: Fraction | None, stop: Fraction | None) -> Json:
    return {
        "role": role, "instrument": name, "side": side, "quantity": text(shares), "reduce_only": role != "entry",
        "limit_price": None if limit is None else text(limit), "stop_price": None if stop is None else text(stop),
    }  # fmt: skip
