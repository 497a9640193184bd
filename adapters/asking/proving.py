"""Proves the theorems of a limits file one by one, timed, and remembers by their text what was proved.

Runs in the process of a question. What is remembered is a convenience of the shell: a theorem says the same or it is
another one, by the digest of its text and the solver's version, and `--fresh` asks again.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

from engine.limits.text import read_limits
from engine.proof.solver import version
from engine.universe.service import markets_of
from engine.universe.theorems import not_encoded, settle, theorems
from knowledge.door import snapshot_from_json
from knowledge.faults import Faulty
from knowledge.values import Json, text


def prove(request: Json) -> Json:
    """The theorems with their answers. `known` maps digests to what was answered before."""
    try:
        return {"value": _prove(request)}
    except Faulty as error:
        return {"faults": [[one.file, one.line, one.column, one.message] for one in error.faults]}


def _prove(request: Json) -> Json:
    ((words, name),) = request["files"]
    limits = read_limits(words, name)
    market = markets_of(snapshot_from_json(request["snapshot"]), request["currency"])(limits)
    known: dict[str, Any] = request["known"] if request["solver"] == version() else {}
    told = []
    for theorem in theorems(limits, market):
        before = known.get(theorem.digest)
        if before is not None:
            told.append({**theorem.to_json(), **before, "remembered": True})
            continue
        began = time.perf_counter()
        settled = settle(theorem)
        spent = Decimal(round((time.perf_counter() - began) * 10_000)) / 10
        told.append({**theorem.to_json(), **settled.to_json(), "milliseconds": text(spent), "remembered": False})
    return {
        "file": name,
        "limits": limits.fingerprint,
        "solver": version(),
        "instruments": list(market.terms),
        "theorems": told,
        "not_encoded": not_encoded(limits),
        "proved": sum(one["answer"] == "proved" for one in told),
    }
