"""Two decisions side by side, instrument by instrument: what differs, and where on the path it first does.

The path is the order in which a decision comes about: what the rules conclude, policies, conditions and trading state,
size factors, numeric limits, what earlier grants left. Of each instrument that was decided otherwise all differences
are found in this order; the first one is the first cause on the path. That it follows from what was changed is known
because nothing else was changed: both decisions are made by one engine.

The input is the JSON of decisions, as records keep it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from engine.telling.figures import amount
from engine.telling.tokens import (
    Phrase,
    Run,
    fact,
    instrument,
    joined,
    limit,
    listed,
    number,
    plain,
    policy,
    rule,
    run,
    shares,
    verdict,
)
from knowledge.values import Json

COMPARED = ("outcome", "side", "quantity", "target", "limit_price", "stop_price", "rule", "reasons")
"""What makes one verdict another."""
EXIT = ("side", "quantity", "reasons", "held_back")
FACTORS = ("kelly", "volatility", "correlation", "regime", "stake", "loss_per_share", "held", "target")


@dataclass(frozen=True, slots=True)
class Step:
    """A place on the path at which two decisions differ, and the sentences that say so."""

    place: str
    sentences: tuple[Run, ...]

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {"place": self.place, "sentences": [plain(one) for one in self.sentences]}


@dataclass(frozen=True)
class Otherwise:
    """An instrument that was decided otherwise. `steps` are the differences along the path, the first cause first."""

    instrument: str
    before: Json
    after: Json
    steps: tuple[Step, ...]

    def to_json(self) -> Json:
        """The canonical JSON value."""
        return {
            "instrument": self.instrument,
            "before": self.before,
            "after": self.after,
            "first_cause": self.steps[0].to_json() if self.steps else None,
            "then": [one.to_json() for one in self.steps[1:]],
        }


@dataclass(frozen=True)
class Difference:
    """What two decisions differ in."""

    instruments: tuple[Otherwise, ...]
    same: tuple[str, ...]
    """Instruments that were decided the same."""
    circumstances: tuple[Run, ...]
    """Sentences about the regime, the trading state, the cycle as a whole."""

    @property
    def none(self) -> bool:
        """Whether nothing was decided otherwise."""
        return not self.instruments and not self.circumstances


def difference(before: Json, after: Json) -> Difference:
    """Compare two decisions about the same instruments."""
    names = sorted({*_by_instrument(before), *_by_instrument(after)})
    found = [(name, outcome(before, name), outcome(after, name)) for name in names]
    apart = tuple(Otherwise(name, one, two, tuple(path(before, after, name))) for name, one, two in found if one != two)
    return Difference(
        apart, tuple(name for name, one, two in found if one == two), tuple(_circumstances(before, after))
    )


def outcome(decision: Json, instrument: str) -> Json:
    """What was decided about an instrument, as far as it is compared; None for nothing at all."""
    verdict = next((one for one in decision["verdicts"] if one["instrument"] == instrument), None)
    going = next((one for one in decision["exits"] if one["instrument"] == instrument), None)
    if verdict is None and going is None:
        return None
    told = {name: verdict[name] for name in COMPARED if name in verdict} if verdict else {}
    return {**told, "exit": {name: going[name] for name in EXIT}} if going else told


def in_words(told: Json) -> Run:
    """An outcome in a few words."""
    from engine.gate.judge import SIZE

    if told is None:
        return run("nothing")
    words: list[Phrase] = (
        [verdict(told["outcome"].replace("no-candidate", "no candidate"))] if "outcome" in told else []
    )
    if "quantity" in told and "side" in told:
        verb = "buy" if told["side"] == "buy" else "sell short"
        match told["outcome"]:
            case "granted":
                words.append((f"{verb} ", shares(told["quantity"])))
            case "cut":
                words.append((f"{verb} ", number(told["quantity"]), " of ", shares(told["target"])))
            case _ if told["reasons"] == [SIZE]:
                words.append((f"to {verb}", ": the size came to less than one lot"))
            case _:
                words.append((f"to {verb} ", shares(told["target"])))
    if told.get("reasons") and told["reasons"] != [SIZE]:
        words.append(("because of ", listed(limit(one) for one in told["reasons"])))
    if "exit" in told:
        going = told["exit"]
        held = f", held back: {going['held_back']}" if going["held_back"] else ""
        words.append((f"exit, {going['side']} ", shares(going["quantity"]), f" ({', '.join(going['reasons'])}){held}"))
    return joined(words)


def path(before: Json, after: Json, instrument: str) -> Iterator[Step]:
    """The places at which what led to the verdicts on an instrument differs, in the order of the path."""
    one, two = ({each["instrument"]: each for each in side["verdicts"]}.get(instrument, {}) for side in (before, after))
    found = (
        ("cycle", _faults(before, after)),
        ("rules", _rules(before, after, instrument)),
        ("policies", _policies(one, two)),
        ("conditions", _conditions(one, two)),
        ("sizes", _sizes(one, two)),
        ("limits", _limits(one, two)),
        ("earlier grants", _crowding(before, after, one, two)),
        ("prices", _prices(one, two)),
        ("exits", _exits(before, after, instrument)),
    )
    for place, sentences in found:
        told = tuple(sentences)
        if told:
            yield Step(place, told)


def _by_instrument(decision: Json) -> Iterator[str]:
    yield from (one["instrument"] for part in ("verdicts", "exits") for one in decision[part])


def _faults(before: Json, after: Json) -> Iterator[Run]:
    if before.get("fault") != after.get("fault"):
        yield run(f"the cycle: {after.get('fault') or 'is decided'}, before: {before.get('fault') or 'was decided'}")


def _circumstances(before: Json, after: Json) -> Iterator[Run]:
    yield from _faults(before, after)
    for name, words in (("regime", "regime"), ("trading_state", "trading state")):
        if before[name] != after[name]:
            yield run(f"{words} {after[name]} in place of {before[name]}")


# --- rules ------------------------------------------------------------------------------------------------------


def _rules(before: Json, after: Json, instrument: str) -> Iterator[Run]:
    """Rules that fired in one of the two only, and what is concluded otherwise; of this instrument or of none."""
    names = {*_by_instrument(before), *_by_instrument(after)}
    fired = [_firings(side, instrument, names) for side in (before, after)]
    # In the order of the stages: what one rule no longer concludes, the next one misses.
    common = [one for one in fired[0] if one in fired[1]]
    apart = [(_stage(one, side, common), how, one)
             for side, other, how in ((fired[0], fired[1], _LOST), (fired[1], fired[0], _NEW))
             for one in side if one not in other]  # fmt: skip
    for _, how, firing in sorted(apart, key=lambda one: one[0]):
        yield run("rule ", rule(firing[0]), how, joined(map(fact, firing[2])))
    one, two = (_concluded(side, instrument, names) for side in (before, after))
    for ref in [ref for ref in one if ref in two and one[ref] != two[ref]]:
        moved = (name for name in one[ref] if one[ref][name] != two[ref].get(name))
        yield from (
            run(fact(ref), f" {name}: ", number(str(two[ref].get(name)), places=8), " in place of ",
                number(str(one[ref][name]), places=8)) for name in moved
        )  # fmt: skip


_LOST, _NEW = " does not fire any more: it had concluded ", " fires now: it concludes "
_LAST = ("candidate(", "basket-leg(", "exit(", "trail(")
"""What no rule waits for."""


def _stage(firing: Firing, side: list[Firing], common: list[Firing]) -> tuple[bool, int]:
    """Where a firing stands among those that both sides have."""
    before = sum(one in common for one in side[: side.index(firing)])
    return any(ref.startswith(_LAST) for ref in firing[2] if ref), before


Firing = tuple[str, tuple[str | None, ...], tuple[str, ...]]


def _firings(decision: Json, instrument: str, names: set[str]) -> list[Firing]:
    found = []
    for one in decision.get("firings", ()):
        refs = [ref for ref in (*one["matched"], *one["concluded"]) if ref]
        about = names.intersection(word for ref in refs for word in _words(ref))
        if not about or instrument in about:
            found.append((one["rule"], tuple(one["matched"]), tuple(one["concluded"])))
    return found


def _concluded(decision: Json, instrument: str, names: set[str]) -> dict[str, dict[str, str]]:
    """What the rules concluded, by name."""
    from knowledge.templates import vocabulary

    found = {}
    for template, slots in decision.get("derived", ()):
        about = names.intersection(map(str, slots.values()))
        if not about or instrument in about:
            key = vocabulary().templates[template].key if template in vocabulary().templates else ()
            found[f"{template}({','.join(str(slots[name]) for name in key)})"] = slots
    return found


def _words(ref: str) -> list[str]:
    return ref.partition("(")[2].removesuffix(")").split(",")


# --- policies, conditions, sizes, limits ------------------------------------------------------------------------


def _policies(one: Json, two: Json) -> Iterator[Run]:
    judged = [side.get("policy") or {} for side in (one, two)]
    if not all(judged) or judged[0]["outcome"] == judged[1]["outcome"]:
        return
    yield run("policies: ", verdict(judged[1]["outcome"]), ", before ", verdict(judged[0]["outcome"]))
    goals = [dict(_goals(side)) for side in judged]
    for name in sorted(goals[0].keys() | goals[1].keys()):
        statuses = [side.get(name, ("", "")) for side in goals]
        if statuses[0][0] != statuses[1][0] and "holds" in (statuses[0][0], statuses[1][0]):
            yield run(statuses[1][1] or statuses[0][1], " [", policy(name), "]")


def _goals(policy: Json) -> Iterator[tuple[str, tuple[str, str]]]:
    """The reasons that may forbid: their goal without its candidate, whether it holds, its sentence."""
    waiting = list(policy.get("proofs", ()))
    while waiting:
        node = waiting.pop(0)
        if str(node["goal"]).startswith("forbidden("):
            reason = str(node["goal"]).rpartition(",")[2].strip(" )")
            yield reason, (node["status"], node["sentence"])
        waiting += node["children"]


def _conditions(one: Json, two: Json) -> Iterator[Run]:
    found = [{each["limit"]: each for each in side.get("findings", ())} for side in (one, two)]
    for name in sorted(found[0].keys() & found[1].keys()):
        before, after = found[0][name], found[1][name]
        if before["holds"] != after["holds"]:
            does = "holds" if after["holds"] else "does not hold"
            yield run("condition ", limit(name), f" {does}: {after['detail']}{_against(before, after)}")


def _against(before: Json, after: Json) -> str:
    if (before["value"], before["bound"]) == (after["value"], after["bound"]):
        return ""
    now, was = (f"{amount(one['value'])} against {amount(one['bound'])}" for one in (after, before))
    return f", {now} in place of {was}"


def _sizes(one: Json, two: Json) -> Iterator[Run]:
    sizes = [side.get("size") for side in (one, two)]
    if not (sizes[0] and sizes[1]) or one.get("target") == two.get("target"):
        return
    for name in FACTORS[:-1]:
        if sizes[0][name] != sizes[1][name]:
            now, was = number(sizes[1][name]), number(sizes[0][name])
            yield run(f"size factor {name.replace('_', ' ')}: ", now, " in place of ", was)
    yield run("target: ", shares(two["target"]), " in place of ", number(one["target"]))


def _limits(one: Json, two: Json) -> Iterator[Run]:
    """Numeric limits that bind in one of the two only, or otherwise."""
    if not one.get("side") or not two.get("side"):
        return
    binding = [{each["measure"]: each for each in side.get("binding", ())} for side in (one, two)]
    conditions = {each["limit"] for side in (one, two) for each in side.get("findings", ())}
    denying = [{each["constraint"] for each in side.get("cores", ())} - conditions for side in (one, two)]
    for name in sorted((binding[0].keys() | denying[0]) - (binding[1].keys() | denying[1])):
        yield run("limit ", limit(name), " does not bind any more")
    for name in sorted((binding[1].keys() | denying[1]) - (binding[0].keys() | denying[0])):
        yield run("limit ", limit(name), " binds now")
    for name in sorted(binding[0].keys() & binding[1].keys()):
        bounds = [Fraction(side[name]["bound"]) for side in binding]
        if bounds[0] != bounds[1]:
            now, was = (number(one, places=2) for one in reversed(bounds))
            yield run("limit ", limit(name), " binds at ", now, " in place of ", was)


def _crowding(before: Json, after: Json, one: Json, two: Json) -> Iterator[Run]:
    """Earlier grants that take what this one wanted, and took another share of it."""
    crowds = [{name for _, name, _ in side.get("crowding", ())} for side in (one, two)]
    granted = [{each["instrument"]: each.get("quantity", "0") for each in side["verdicts"]} for side in (before, after)]
    for name in sorted(crowds[0] | crowds[1]):
        quantities = [side.get(name, "0") for side in granted]
        if quantities[0] != quantities[1]:
            now, was = shares(quantities[1]), number(quantities[0])
            yield run(instrument(name), " is granted ", now, " in place of ", was, ", and comes first")


def _prices(one: Json, two: Json) -> Iterator[Run]:
    for name, words in (("limit_price", "limit price"), ("stop_price", "protective stop")):
        if one.get(name) and two.get(name) and one[name] != two[name]:
            yield run(f"{words}: ", number(two[name]), " in place of ", number(one[name]))


def _exits(before: Json, after: Json, instrument: str) -> Iterator[Run]:
    going: list[Mapping[str, Json]] = [
        next((one for one in side["exits"] if one["instrument"] == instrument), {}) for side in (before, after)
    ]
    reasons = [set(side.get("reasons", ())) for side in going]
    yield from (run(f"`{one}` does not ask for an exit any more") for one in sorted(reasons[0] - reasons[1]))
    yield from (run(f"`{one}` asks for an exit now") for one in sorted(reasons[1] - reasons[0]))
    if reasons[0] & reasons[1]:
        for name in ("quantity", "held_back"):
            if going[0].get(name) != going[1].get(name):
                yield run(f"exit {name.replace('_', ' ')}: {going[1].get(name)} in place of {going[0].get(name)}")
