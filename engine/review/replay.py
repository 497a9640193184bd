"""Replay: what a record says was decided, beside what its own inputs decide again.

Rules: a decision record names its four inputs by digest; the core, given them again, must give the same canonical
bytes. What the shell added around the decision (ids, place, instants, desk, mode) is taken away first, and the solver's
script, which the record keeps by digest alone. A cycle that was ended from outside (a killed worker, patience exceeded)
is an input of the replay and is not decided again; it must permit nothing.

Left out: running the core, which is the shell's (the native engines have one owner), and whether the stored bytes have
the digests they are found by, which is the store's.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.gate.judge import Outcome
from knowledge.values import Json, canonical, canonical_if_floatless

SHELL = frozenset(
    {
        "format",
        "record_id",
        "kind",
        "seq",
        "recorded_at",
        "desk",
        "mode",
        "blobs",
        "cycle_id",
        "period",
        "ended_from_outside",
    }
)
"""Fields of a decision record that the shell writes."""
SINCE = frozenset({"law_digest"})
"""Fields that records of an earlier release do not have."""
MOST_SHOWN = 60
"""Characters of a value in a sentence."""


def is_outside(record: Json) -> bool:
    """Whether the shell ended this cycle, so that nothing was decided that could be decided again."""
    return bool(record.get("ended_from_outside", False))


def decided(record: Json) -> Json:
    """The part of a decision record that the core wrote."""
    return {name: value for name, value in record.items() if name not in SHELL}


def as_recorded(decision: Json) -> Json:
    """A fresh decision in the form a record keeps: the solver's script by its digest alone."""
    proof = decision.get("proof")
    if proof is None:
        return decision
    return {**decision, "proof": {name: value for name, value in proof.items() if name != "script"}}


def differences(record: Json, decision: Json) -> list[str]:
    """`field: sentence` for each field in which the fresh decision is not the recorded one; none if all bytes agree."""
    before, now = decided(record), as_recorded(decision)
    now = {name: value for name, value in now.items() if name in before or name not in SINCE}
    if canonical_if_floatless(before) == canonical_if_floatless(now):
        return []
    return [f"{field}: {sentence}" for field, sentence in _compare("", before, now)]


def permissions(record: Json) -> list[str]:
    """`field: sentence` for whatever a cycle that was ended from outside permits all the same; none if nothing."""
    found = [f"{name}: a cycle that was ended from outside permits nothing, but this one does"
             for name in ("warrants", "exits") if record.get(name) != []]  # fmt: skip
    if not isinstance(record.get("fault"), str) or not record["fault"]:
        found.append("fault: a cycle that was ended from outside says why, but this one does not")
    for at, verdict in enumerate(record.get("verdicts", ())):
        if verdict.get("outcome") != Outcome.UNDETERMINED.value:
            found.append(f"verdicts[{at}].outcome: ended from outside, and not `undetermined`")
    return found


def _compare(place: str, before: Json, now: Json) -> Iterator[tuple[str, str]]:
    """Every place at which two JSON values differ, with a sentence."""
    if type(before) is type(now) and isinstance(before, dict):
        for name in sorted(before.keys() | now.keys()):
            inner = f"{place}.{name}" if place else name
            if name not in now:
                yield inner, f"the record has {_shown(before[name])}, the replay nothing"
            elif name not in before:
                yield inner, f"the replay has {_shown(now[name])}, the record nothing"
            else:
                yield from _compare(inner, before[name], now[name])
    elif type(before) is type(now) and isinstance(before, list):
        if len(before) != len(now):
            yield place, f"the record has {len(before)} entries, the replay {len(now)}"
        for at, (one, other) in enumerate(zip(before, now, strict=False)):
            yield from _compare(f"{place}[{at}]", one, other)
    elif type(before) is not type(now) or before != now:
        yield place, f"the record has {_shown(before)}, the replay {_shown(now)}"


def _shown(value: Json) -> str:
    written = canonical(value).decode("utf-8")
    return f"`{written if len(written) <= MOST_SHOWN else written[: MOST_SHOWN - 1] + '…'}`"
