"""Why one instrument was decided otherwise in a cycle: the first input that differs and shows in the reasoning.

Inputs are compared by digest, in the order in which the engine reads them:

1. *fault*: one of the two made no decision;
2. *facts* of the instrument, or of no instrument in particular;
3. *rulebook*: a rule that is another one fired for it in one of the two only, or a policy that is another one judged;
4. *limits*: a bound that is another one is among the verdict's reasons, or a figure that sizes it is another one;
5. *portfolio*: positions, working orders, money: what follows from an earlier difference;
6. *facts* of other instruments, then whatever else of the law differs: it can only have come to this instrument by way
   of what was granted to another;
7. *program* or *packages*: the same inputs, and another program read them.

What is left has no cause among the inputs, and says so: then one of the two records is not what its inputs give, and
`warrant audit verify --replay` tells which.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from fractions import Fraction

from adapters.comparing.sides import Cycle
from engine.telling.figures import amount
from knowledge.values import Json

MOST_TOLD = 6
"""Details of a cause that are written out."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What made a difference; `details` are sentences such as `indicator(AAPL,rsi-14) value: 31.2 -> 30.9`."""

    kind: str
    details: tuple[str, ...] = ()


def cause_of(a: Cycle, b: Cycle, instrument: str) -> Cause:
    """Why this instrument was decided otherwise."""
    if a.fault != b.fault:
        return Cause("fault", tuple(f"{side}: {one.fault}" for side, one in (("A", a), ("B", b)) if one.fault))
    for kind, found in _traces(a, b, instrument):
        details = tuple(found)
        if details:
            return Cause(kind, details)
    return Cause("unexplained", ("the inputs are the same; run `warrant audit verify --replay` on both",))


def _traces(a: Cycle, b: Cycle, instrument: str) -> Iterator[tuple[str, Iterator[str]]]:
    """Each input that may have made the difference, with the signs of it."""
    other = {
        name for name in ("snapshot", "rulebook", "limits", "portfolio") if a.inputs.get(name) != b.inputs.get(name)
    }
    if "snapshot" in other:
        yield "facts", facts_of(a, b, instrument)
    if "rulebook" in other:
        yield "rulebook", _rules_for(a, b, instrument)
    if "limits" in other:
        yield "limits", _bounds_for(a, b, instrument)
    if "portfolio" in other:
        yield "portfolio", portfolio_parts(a, b)
    if "snapshot" in other:
        yield "facts", facts_of(a, b, None)
    if "rulebook" in other:
        yield "rulebook", rulebook_parts(a, b)
    if "limits" in other:
        yield "limits", limits_parts(a, b)
    yield "program", program_parts(a.start, b.start)


# --- facts ------------------------------------------------------------------------------------------------------


def facts_of(a: Cycle, b: Cycle, instrument: str | None) -> Iterator[str]:
    """The slots that differ: of this instrument and of the market, or of everything."""
    names = a.instruments | b.instruments
    for key in sorted(a.facts.keys() | b.facts.keys()):
        about = names.intersection(key[1:])
        if instrument is not None and about and instrument not in about:
            continue
        one, two = a.facts.get(key), b.facts.get(key)
        if one == two:
            continue
        ref = f"{key[0]}({','.join(key[1:])})"
        if one is None or two is None:
            yield f"{ref}: only in {'A' if two is None else 'B'}"
        else:
            changed = (slot for slot in one if one[slot] != two.get(slot))
            yield from (f"{ref} {slot}: {one[slot]} -> {two.get(slot)}" for slot in changed)


# --- rules and policies -----------------------------------------------------------------------------------------


def rulebook_parts(a: Cycle, b: Cycle) -> Iterator[str]:
    """The rules that differ by name, then the policy files."""
    one, two = _rules(a), _rules(b)
    for name in sorted(one.keys() | two.keys()):
        if one.get(name) != two.get(name):
            how = "is another one" if name in one and name in two else f"only in {'A' if name in one else 'B'}"
            yield f"rule {name}: {how}"
    for file in _other_policies(a, b):
        yield f"policies in {file}: are others"
    if one == two and not _other_policies(a, b):
        yield "the text of rules: other comments, files or order"


def _rules_for(a: Cycle, b: Cycle, instrument: str) -> Iterator[str]:
    """Firings of rules that are others, in one of the two only; policies that judged it otherwise."""
    one, two = _rules(a), _rules(b)
    others = {name for name in one.keys() | two.keys() if one.get(name) != two.get(name)}
    names = a.instruments | b.instruments
    fired = [{_firing(each) for each in side.record.get("firings", ()) if each["rule"] in others} for side in (a, b)]
    for side, only in (("A", fired[0] - fired[1]), ("B", fired[1] - fired[0])):
        for rule, refs in sorted(only):
            about = names.intersection(word for ref in refs for word in _words(ref))
            if not about or instrument in about:
                yield f"rule {rule}: fired only in {side}"
    judged = [(side.verdicts.get(instrument) or {}).get("policy") for side in (a, b)]
    files = _other_policies(a, b)
    if files and judged[0] != judged[1]:
        yield f"policies in {', '.join(files)}: judged {_judged(judged[0])} in A, {_judged(judged[1])} in B"
    misses = [(side.verdicts.get(instrument) or {}).get("miss") for side in (a, b)]
    if misses[0] != misses[1] and not any(fired):
        near = {miss["rule"] for miss in misses if miss} & others
        yield from (f"rule {name}: came closest" for name in sorted(near))


def _rules(cycle: Cycle) -> dict[str, str]:
    """The text of each rule, by name."""
    return {rule.name: rule.text for rule in cycle.rulebook.program.rules}


def _other_policies(a: Cycle, b: Cycle) -> list[str]:
    one, two = ({source.file: source.text for source in side.rulebook.policies} for side in (a, b))
    return sorted(file for file in one.keys() | two.keys() if one.get(file) != two.get(file))


def _firing(one: Json) -> tuple[str, tuple[str, ...]]:
    return one["rule"], tuple(ref for ref in (*one["matched"], *one["concluded"]) if ref)


def _words(ref: str) -> list[str]:
    return ref.partition("(")[2].removesuffix(")").split(",")


def _judged(policy: Json) -> str:
    return "nothing" if policy is None else str(policy.get("outcome"))


# --- limits -----------------------------------------------------------------------------------------------------


def limits_parts(a: Cycle, b: Cycle) -> Iterator[str]:
    """Every bound and figure that differs."""
    one, two = (side.limits.rows(str(side.record.get("as_of", ""))[:10]) for side in (a, b))
    for name in sorted(one.keys() | two.keys()):
        if name not in one or name not in two:
            yield f"limit {name}: only in {'A' if name in one else 'B'}"
            continue
        for part in fields(one[name]):
            before, after = getattr(one[name], part.name), getattr(two[name], part.name)
            if before != after and part.name not in ("owner", "source"):
                yield f"limit {name} {part.name}: {_figure(before)} -> {_figure(after)}"
    yield from _figures(a, b)
    if a.limits.source != b.limits.source and (one, *_shaping(a)) == (two, *_shaping(b)):
        yield "the text of limits: other words, and the same bounds"


def _bounds_for(a: Cycle, b: Cycle, instrument: str) -> Iterator[str]:
    """The bounds that differ among the reasons of either verdict; figures that size, where the target is another."""
    verdicts = [side.verdicts.get(instrument) or {} for side in (a, b)]
    ruled = [[verdict.get(name) for name in ("outcome", "quantity", "reasons")] for verdict in verdicts]
    named: set[str] = set()
    # No limit makes a candidate, or takes one away: where only one run has it, its refusal there is no cause.
    if ruled[0] != ruled[1] and ("rule" in verdicts[0]) == ("rule" in verdicts[1]):
        named = {reason for verdict in verdicts for reason in verdict.get("reasons", ())}
    exits = [side.exits.get(instrument) or {} for side in (a, b)]
    named |= {one["held_back"] for one in exits if one.get("held_back")}
    if a.state != b.state:
        named |= {one["limit"] for side in (a, b) for one in side.record.get("states", ()) if not one["holds"]}
    for sentence in limits_parts(a, b):
        if sentence.startswith("limit ") and sentence.split()[1].rstrip(":") in named:
            yield sentence
    if verdicts[0].get("target") != verdicts[1].get("target") or verdicts[0].get("size") != verdicts[1].get("size"):
        yield from _figures(a, b)


def _figures(a: Cycle, b: Cycle) -> Iterator[str]:
    """Parameters, multipliers and scenarios that differ."""
    one, two = asdict(a.limits.parameters), asdict(b.limits.parameters)
    yield from (
        f"parameter {name}: {_figure(one[name])} -> {_figure(two[name])}" for name in one if one[name] != two[name]
    )
    before, after = a.limits.regime_multipliers, b.limits.regime_multipliers
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"multiplier of regime {name}: {_figure(before.get(name))} -> {_figure(after.get(name))}"
    if a.limits.scenarios != b.limits.scenarios:
        yield "the stress scenarios are others"


def _shaping(cycle: Cycle) -> tuple[object, ...]:
    return cycle.limits.parameters, dict(cycle.limits.regime_multipliers), cycle.limits.scenarios


def _figure(value: object) -> str:
    return amount(value) if isinstance(value, Fraction) else f"{value}"


# --- portfolio and program --------------------------------------------------------------------------------------


def portfolio_parts(a: Cycle, b: Cycle) -> Iterator[str]:
    """The parts of the portfolios that differ: money, positions and working orders by instrument, operations."""
    one, two = a.portfolio, b.portfolio
    for name in one:
        if one[name] == two.get(name):
            continue
        if name in ("positions", "working"):
            for instrument in sorted(_held(one, name).keys() | _held(two, name).keys()):
                before, after = _held(one, name).get(instrument), _held(two, name).get(instrument)
                if before != after:
                    yield f"{name} of {instrument}: {_short(before)} -> {_short(after)}"
        elif name == "operations":
            yield from (
                f"operations {part}: {one[name][part]} -> {two[name].get(part)}"
                for part in one[name]
                if one[name][part] != two[name].get(part)
            )
        else:
            yield f"{name}: {one[name]} -> {two.get(name)}"


def instruments_held(a: Cycle, b: Cycle) -> set[str]:
    """Instruments whose position or working orders differ."""
    one, two = a.portfolio, b.portfolio
    return {
        instrument
        for part in ("positions", "working")
        for instrument in _held(one, part).keys() | _held(two, part).keys()
        if _held(one, part).get(instrument) != _held(two, part).get(instrument)
    }


def _held(portfolio: Json, part: str) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for one in portfolio[part]:
        found.setdefault(one.get("instrument") or one["order"]["instrument"], []).append(one)
    return found


def _short(held: list[Json] | None) -> str:
    if not held:
        return "none"
    return ", ".join(str(one.get("quantity") or one.get("remaining") or one["order"]["quantity"]) for one in held)


def program_parts(a: Json, b: Json) -> Iterator[str]:
    """What of program and packages differs between two starts."""
    if a.get("program") != b.get("program"):
        yield f"program: {str(a.get('program'))[:19]} -> {str(b.get('program'))[:19]}"
    one, two = a.get("versions", {}), b.get("versions", {})
    for name in sorted(one.keys() | two.keys()):
        if one.get(name) != two.get(name):
            yield f"package {name}: {one.get(name)} -> {two.get(name)}"


def account_parts(a: Json, b: Json) -> Iterator[str]:
    """What of account and costs differs between two starts."""
    for name in ("currency", "capital"):
        if a.get(name) != b.get(name):
            yield f"{name}: {a.get(name)} -> {b.get(name)}"
    one, two = a.get("costs", {}), b.get("costs", {})
    for name in sorted(one.keys() | two.keys()):
        if one.get(name) != two.get(name):
            yield f"{name}: {one.get(name)} -> {two.get(name)}"
