"""The paragraph before a tree: what was decided and why, in two to four sentences that a client understands.

Each sentence says what the tree below it says, with the same figures; nothing is told here alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from engine.limits.kinds import NUMERIC
from engine.reasons import BASKET, OBLIGATION, REVERSAL
from engine.telling import tokens as say
from engine.telling.baskets import leaving_with
from engine.telling.evidence import Evidence
from engine.telling.proposal import concluded
from engine.telling.repairs import repairs
from engine.telling.tokens import Phrase, Run
from knowledge.values import Json

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def of_verdict(evidence: Evidence, verdict: Json) -> Run:
    """The verdict on one instrument."""
    outcome, name = verdict["outcome"], say.instrument(verdict["instrument"])
    when = _when(evidence)
    if outcome == "no-candidate":
        silent = (when, " the rules proposed nothing for ", name, ", so there was nothing to permit or to refuse.")
        return _sentences(silent, *_closest(verdict.get("miss")))
    if outcome == "undetermined" or "side" not in verdict:
        reasons = "; ".join(verdict["reasons"])
        unsure = (when, " it could not be determined whether ", name, " may be traded, so nothing was permitted")
        return _sentences((unsure, f": {reasons}." if reasons else "."))
    verb = "buy" if verdict["side"] == "buy" else "sell short"
    if outcome == "granted":
        granted = (when, f" the desk decided to {verb} ", _sized(verdict), " of ", name, _worth(evidence, verdict), ".")
        return _sentences(granted, _basket(verdict), _because(evidence, verdict), _allowed(evidence, verdict))
    target, quantity = Fraction(verdict["target"]), Fraction(verdict["quantity"])
    shares: Phrase = (say.shares(target), " of ") if target else ""
    asked = (when, f" the rules proposed to {verb} ", shares, name)
    if outcome == "cut":
        were = "was" if quantity == 1 else "were"
        cut = (asked, ", and ", _sized(verdict), f" {were} permitted", _worth(evidence, verdict), ".")
        return _sentences(cut, _basket(verdict), _because(evidence, verdict), *_broken(evidence, verdict))
    nothing = (asked, ", and nothing was permitted.")
    return _sentences(nothing, _basket(verdict), *_refused(evidence, verdict), *_way_out(evidence, verdict))


def of_exit(evidence: Evidence, one: Json) -> Run:
    """An exit: what closes, and why."""
    verb = "sell" if one["side"] == "sell" else "buy back"
    quantity, name = Fraction(one["quantity"]), one["instrument"]
    held = evidence.portfolio.position(name)
    whole = abs(Fraction(held.quantity)) if held is not None else quantity
    what: Phrase = say.shares(quantity) if quantity == whole else (say.number(quantity), " of the ", say.shares(whole))
    closing = ", and with that to close the position" if quantity == whole else " that it holds"
    asked = ("the rules asked" if one["held_back"] else "the desk decided", f" to {verb} ")
    head = (_when(evidence), " ", *asked, what, " of ", say.instrument(name), "" if one["held_back"] else closing, ".")
    held_back = f"It was held back: {one['held_back']}." if one["held_back"] else ""
    return _sentences(head, _leaving(evidence, one), held_back)


def of_cycle(evidence: Evidence) -> list[Run]:
    """A whole cycle: how many of each outcome, which; what closes; how the account stands."""
    record, portfolio = evidence.record, evidence.portfolio
    verdicts = record["verdicts"]
    names: dict[str, list[str]] = {}
    for one in verdicts:
        names.setdefault(one["outcome"], []).append(one["instrument"])
    counts = Counter(one["outcome"] for one in verdicts)
    told = [
        (_count(counts[outcome]), f" {words} (", _few(names[outcome]), ")")
        for outcome, words in (
            ("granted", "granted in full"), ("cut", "granted in part"), ("denied", "refused"),
            ("undetermined", "undetermined"), ("no-candidate", "without a proposal"),
        )
        if counts[outcome]
    ]  # fmt: skip
    many = f"{_count(len(verdicts))} instrument{'' if len(verdicts) == 1 else 's'}"
    looked = (_when(evidence), f" the desk looked at {many}: ", say.listed(told) or "none", ".")
    exits = [one["instrument"] for one in record["exits"] if not one["held_back"]]
    closed: Phrase = ("Exits go out for ", _few(exits), ".") if exits else ""
    fault = f"The cycle is undetermined, so nothing was permitted: {record['fault']}." if record["fault"] else ""
    market = f"The market's regime was {record['regime']}, the trading state {record['trading_state']}, "
    stands = (market, "and the account was worth ", say.money(portfolio.nav, portfolio.currency), ".")
    return [_sentences(looked, closed, fault, stands)]


# --- why --------------------------------------------------------------------------------------------------------


def _because(evidence: Evidence, verdict: Json) -> Phrase:
    """Who spoke for it, and which rule proposed it."""
    direction = "long" if verdict["side"] == "buy" else "short"
    heads = [
        slots["head"]
        for template, slots in evidence.record["derived"]
        if template == "opinion" and slots["instrument"] == verdict["instrument"] and slots["direction"] == direction
    ]
    rule = verdict["rule"]
    source = f"{evidence.rules[rule].file}:{evidence.rules[rule].at.line}" if rule in evidence.rules else ""
    regime = f" proposed it while the market's regime was {evidence.record['regime']}."
    if not heads:
        return ("The rule ", say.rule(rule, source), regime)
    move = "rise" if direction == "long" else "fall"
    models = f"{_count(len(heads)).capitalize()} model{'' if len(heads) == 1 else 's'} ("
    expected = f") expected the price to {move}, and the rule "
    return (models, say.listed(sorted(heads)), expected, say.rule(rule, source), regime)


def _allowed(evidence: Evidence, verdict: Json) -> Phrase:
    """That nothing stood against it, and what is at risk."""
    count = len(verdict.get("findings", []))
    held = f"No policy forbids it, and all {count} conditions and every limit hold however the orders fill"
    return (held, _at_risk(evidence, verdict), ".")


def _at_risk(evidence: Evidence, verdict: Json) -> Phrase:
    """What the stop lets be lost."""
    size = verdict.get("size")
    if size is None or Fraction(size["loss_per_share"]) <= 0:
        return ""
    loss = Fraction(size["loss_per_share"]) * Fraction(verdict["quantity"])
    stop = say.price(verdict["stop_price"], evidence.portfolio.currency)
    lost = say.money(loss, evidence.portfolio.currency, 0)
    return ("; if its protective stop at ", stop, " is hit, about ", lost, " are lost")


def _broken(evidence: Evidence, verdict: Json) -> Iterator[Phrase]:
    """What one lot more of a cut would break."""
    limits = dict.fromkeys(one["limit"] for one in verdict.get("binding", []))
    if limits:
        more = "One unit more" if "basket" in verdict else "One lot more"
        yield (f"{more} would break ", say.listed(_meant(evidence, one) for one in limits), ".")


def _refused(evidence: Evidence, verdict: Json) -> Iterator[Phrase]:
    """Why nothing was permitted: the policy, the conditions, the limits, or who was there before."""
    policy = verdict.get("policy")
    if policy is not None and policy["outcome"] != "permitted":
        said = [_proven(proof) for proof in policy["proofs"]] or [policy["fault"] or policy["outcome"]]
        yield f"Compliance's policies forbid it: {'; '.join(said)}."
    failing = [one for one in verdict.get("findings", []) if not one["holds"] and one["limit"] != "compliance.policy"]
    if failing:
        yield ("It fails ", say.listed((say.limit(one["limit"]), f" ({one['detail']})") for one in failing[:2]), ".")
    cores = [
        one for one in verdict.get("cores", [])
        if one["limit"] in evidence.limit and evidence.limit[one["limit"]].spec.form in NUMERIC
    ]  # fmt: skip
    alone = [one for one in cores if not one["grants"]]
    if alone:
        limits = dict.fromkeys(one["limit"] for one in alone)
        yield ("Not even the smallest order fits ", say.listed(_meant(evidence, one) for one in limits), ".")
    elif cores:
        yield from _crowded(evidence, verdict, cores)
    elif not failing and (policy is None or policy["outcome"] == "permitted"):
        yield _other_reason(verdict)


def _other_reason(verdict: Json) -> Phrase:
    """Where neither its policy nor a condition or limit of its own refuses it: its size, or another leg."""
    if "basket" in verdict:
        constraints = dict.fromkeys(core["constraint"] for core in verdict["cores"])
        return ("The reason lies with another leg: ", say.listed(map(say.limit, constraints)), ".")
    from engine.gate.judge import SIZE

    if verdict["reasons"] == [SIZE]:
        return "By its odds and the account's risk its size comes to less than one lot."
    return ("The reason is ", say.listed(verdict["reasons"]), ".")


def _basket(verdict: Json) -> Phrase:
    """That it goes with others or not at all."""
    basket = verdict.get("basket")
    return f"It is a leg of the basket {basket['name']}, which is entered whole or not at all." if basket else ""


def _proven(proof: Json) -> str:
    """What a proof proves, and the first thing it rests on."""
    because = [child["sentence"] for child in proof["children"]][:1]
    return ", as ".join([proof["sentence"], *because])


def _crowded(evidence: Evidence, verdict: Json, cores: list[Json]) -> Iterator[Phrase]:
    """By whom, and what each took."""
    first = cores[0]
    parts = [one for one in verdict.get("crowding", []) if one[0] == first["constraint"] and one[1] in first["grants"]]
    nav = Fraction(evidence.portfolio.nav)
    convex = evidence.limit[first["limit"]].spec.form == "convex"
    takers: list[Phrase] = [
        (say.instrument(name), "" if convex or nav <= 0 else (" (", say.share(Fraction(part) / nav), " of NAV)"))
        for _, name, part in parts
    ]
    takers = takers or [say.instrument(name) for name in first["grants"]]
    yield (
        *("Others were served before it in the same decision: beside ", say.listed(takers)),
        *(" not even the smallest order fits ", _meant(evidence, first["limit"]), "."),
    )


def _way_out(evidence: Evidence, verdict: Json) -> Iterator[Phrase]:
    """The first way out that the record has."""
    found = repairs(verdict, evidence.limit)
    if found:
        yield ("What would change it: ", found[0].parts[0].run, ".")


def _closest(miss: Json) -> Iterator[Phrase]:
    """The rule that came closest, and what it lacked at the root."""
    if miss is None:
        return
    deepest = miss
    while deepest["because"]:
        deepest = deepest["because"]
    what = deepest["failing"].split("; ")
    yield (
        *("The rule that came closest is ", say.rule(miss["rule"], miss["source"])),
        f": {miss['held'] or 'none'} of its {miss['conditions']} conditions held.",
    )
    if deepest is not miss:
        yield ("What failed: ", miss["failing"].split("; ")[0], "; and at the root of it: ", what[0], ".")
    else:
        yield ("What failed: ", "; ".join(what), ".")


def _leaving(evidence: Evidence, one: Json) -> Phrase:
    """The first reason of an exit."""
    for reason in one["reasons"]:
        kind, _, rule = reason.partition(":")
        if kind == OBLIGATION and rule:
            return ("The limit ", _meant(evidence, rule.partition("[")[0]), " is in breach and asks for it.")
        if kind == REVERSAL and rule:
            return ("The rule ", say.rule(rule), " proposes the other side, and a position closes before it turns.")
        if kind == BASKET and rule:
            return ("The reason: ", leaving_with(evidence.record, evidence.portfolio, one["instrument"]).run, ".")
        found = concluded(evidence, f"exit({one['instrument']},{reason})")
        if found:
            return ("The reason: ", found[0].run, ".")
    return ""


# --- pieces -----------------------------------------------------------------------------------------------------


def _when(evidence: Evidence) -> Phrase:
    period = str(evidence.record.get("period", evidence.record["as_of"][:10]))
    what = "After the close of " if len(period) == len("2011-03-01") else "After the bar of "
    return (what, say.instant(period))


def _sized(verdict: Json) -> Phrase:
    return say.shares(verdict["quantity"])


def _worth(evidence: Evidence, verdict: Json) -> Phrase:
    """The worst price, and what all of it comes to."""
    price, quantity = Fraction(verdict["limit_price"]), Fraction(verdict["quantity"])
    currency, nav = evidence.portfolio.currency, Fraction(evidence.portfolio.nav)
    how = "at most" if verdict["side"] == "buy" else "at least"
    whole = say.money(price * quantity, currency, 0)
    share: Phrase = (", ", say.share(price * quantity / nav), " of NAV") if nav > 0 else ""
    return (f", for {how} ", say.price(price, currency), " each (", whole, " in all", share, ")")


def _meant(evidence: Evidence, limit: str) -> Phrase:
    """A limit with what it bounds."""
    row = evidence.limit.get(limit)
    named = say.limit(limit, source=evidence.place(limit))
    return named if row is None else (named, f" ({row.spec.meaning})")


def _few(names: list[str]) -> Run:
    """At most five names."""
    shown: list[Phrase] = [say.instrument(one) for one in names[:5]]
    if len(names) > len(shown):
        shown.append(f"{len(names) - len(shown)} others")
    return say.listed(shown)


def _count(number: int) -> str:
    return _WORDS[number] if number < len(_WORDS) else f"{number:,}"


def _sentences(*sentences: Phrase) -> Run:
    """Those that say something, with a space between them; none ends in two stops."""
    said = [run for one in sentences if (run := say.run(one))]
    return say.run(say.joined(map(_stopped, said), " "))


def _stopped(run: Run) -> Run:
    last, before = run[-1], run[:-1]
    if last.sort is say.Sort.WORDS and last.text.endswith(".."):
        return say.run(*before, last.text.rstrip(".") + ".")
    return run
