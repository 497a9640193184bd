"""The nearest repair of a refusal: the smallest changes that would flip it, by whose they are to make.

A *way* is a list of changes that flip the refusal when all of them are made, the earlier grants standing as they do. A
cut has two: the quant asks for less, or the owners of the limits in its way raise them as far as the target needs. A
denial has one of what its owners would have to change so that the smallest quantity fits, and where earlier grants
crowd it out one more for each of them that alone could spare enough.

A number that a limit would need is worked out exactly from its reading and written rounded up to what its owner would
type. Conditions and policies say what would have to be so; when it will be, nobody here knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isqrt

from engine.gate.judge import SIZE, WHOLE, Core, Outcome, Reading, Ruling
from engine.gate.proposals import Entry
from engine.limits.model import Limit
from knowledge.prolog.proof import PolicyVerdict, ProofNode
from knowledge.values import Json, text

QUANT = "quant"
"""Who answers for what was asked."""
_STEP = 10_000
"""A bound is written in steps of a ten-thousandth: a hundredth of a per cent."""
_ROOT = 10**12


@dataclass(frozen=True, slots=True)
class Repair:
    """One change: who could make it, of what, and from which figure to which (empty where it is no figure)."""

    owner: str
    about: str
    """A limit's id, a condition's, a policy's reason, or the instrument or basket whose quantity it is."""
    change: str
    """`fewer`, `raise`, `lower`, `condition`, `policy`, `sizing` or `none`."""
    old: str = ""
    new: str = ""
    words: str = ""

    def to_json(self) -> Json:
        """The canonical JSON value; empty parts are left out."""
        value = {"owner": self.owner, "about": self.about, "change": self.change}
        return value | {
            name: part for name, part in (("from", self.old), ("to", self.new), ("words", self.words)) if part
        }


Way = tuple[Repair, ...]


def repairs(ruling: Ruling, rows: Mapping[str, Limit], nav: Fraction, policy: PolicyVerdict | None) -> tuple[Way, ...]:
    """Every way out of a refusal, the quant's first; none for what was granted. `rows` are the limits by id."""
    entry = ruling.entry
    if ruling.outcome not in (Outcome.CUT, Outcome.DENIED):
        return ()
    owned = (*_by_owners(ruling, rows, nav), *_conditions(ruling, rows, policy))
    if ruling.outcome is Outcome.CUT:
        fewer = Repair(QUANT, entry.instrument, "fewer", text(entry.target), text(ruling.quantity))
        return ((fewer,), owned)
    free = [
        (Repair(QUANT, name, "fewer", "", text(shares)),)
        for name, shares in ruling.spare
    ]  # fmt: skip
    return (*free, owned) if owned else tuple(free)


def _by_owners(ruling: Ruling, rows: Mapping[str, Limit], nav: Fraction) -> Iterator[Repair]:
    """One change for each limit in the way: as far as its furthest reading needs."""
    needed: dict[str, list[Reading]] = {}
    for one in ruling.lacking:
        needed.setdefault(one.limit, []).append(one)
    for name in sorted(needed):
        limit = rows[name]
        bounds = [bound_for(limit, one, nav) for one in needed[name]]
        known = [one for one in bounds if one is not None]
        if len(known) < len(bounds):
            beyond = text(max(one.value - one.bound for one in needed[name]))
            words = f"how far, its reading does not say: {beyond} beyond"
            yield Repair(limit.owner, name, "none", text(limit.bound), "", words)
        elif limit.kind == "cash_reserve":
            yield Repair(limit.owner, name, "lower", text(limit.bound), text(min(known)))
        else:
            yield Repair(limit.owner, name, "raise", text(limit.bound), text(max(known)))


def bound_for(limit: Limit, reading: Reading, nav: Fraction) -> Fraction | None:
    """The bound at which this reading would just hold, rounded to what can be written; None where it does not say.

    Nearly every bound is proportional to what the file says; that of a convex limit to its square; a reserve of cash is
    lowered instead; and a concentration's part is on both sides, so that its reading alone does not say.
    """
    if limit.kind == "cash_reserve":
        lower = Fraction((limit.bound - (reading.value - reading.bound) / nav) * _STEP // 1, _STEP) if nav > 0 else None
        return None if lower is None or lower < 0 else lower
    if reading.bound <= 0 or limit.bound <= 0 or limit.kind == "concentration":
        return None
    ratio = reading.value / reading.bound
    if reading.corner is not None:
        ratio = Fraction(isqrt(ratio.numerator * _ROOT**2 // ratio.denominator) + 1, _ROOT)
    needed = limit.bound * ratio
    return (
        Fraction(ceil(needed))
        if limit.unit in ("shares", "account currency")
        else Fraction(ceil(needed * _STEP), _STEP)
    )


def _conditions(ruling: Ruling, rows: Mapping[str, Limit], policy: PolicyVerdict | None) -> Iterator[Repair]:
    for core in ruling.cores:
        if core.constraint == SIZE:
            yield Repair(QUANT, SIZE, "sizing", text(ruling.entry.target), "", "the size would have to come to one lot")
        elif core.constraint == WHOLE:
            yield Repair(
                QUANT, WHOLE, "sizing", "", "", "every leg of the basket would have to be proposed in its ratio"
            )
        yield from _of_a_fellow(ruling.entry, core, rows)
    for found in ruling.entry.findings:
        if found.holds:
            continue
        limit = rows[found.limit]
        if limit.kind == "policy" and policy is not None and policy.proofs:
            reasons = policy.reasons or ("",) * len(policy.proofs)
            for reason, proof in zip(reasons, policy.proofs, strict=True):
                yield Repair(limit.owner, reason or limit.id, "policy", "", "", until(proof))
        else:
            yield Repair(limit.owner, found.limit, "condition", found.value, found.bound, found.detail)


def _of_a_fellow(entry: Entry, core: Core, rows: Mapping[str, Limit]) -> Iterator[Repair]:
    """What a condition says of another leg: the leg's own verdict has what would change it."""
    limit = rows.get(core.limit)
    if entry.basket is not None and limit is not None and limit.spec.form in ("condition", "state"):
        for leg in entry.basket.fellows(entry.instrument):
            if core.constraint == f"{core.limit}[{leg}]":
                words = f"it forbids {leg}, and there is no basket without it"
                yield Repair(limit.owner, core.constraint, "condition", "", "", words)


def until(proof: ProofNode) -> str:
    """What would have to change for a proof to fall: the first of its premises that is no plain fact of the cycle."""
    premises = [one for one in proof.children if one.source != "snapshot"] or list(proof.children)
    if not premises:
        return f"once it is no longer so that {proof.sentence}"
    first = premises[0]
    inner = "it is not so that "
    if first.sentence.startswith(inner):
        return f"once {first.sentence.removeprefix(inner)}"
    return f"once it is no longer so that {first.sentence}"
