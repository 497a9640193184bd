"""How sure the verdicts of a recorded cycle are, asked of a process that decides it again and again, and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

from adapters.frame import Failed
from adapters.supposing.bench import Bench
from adapters.supposing.recorded import Recorded
from engine.supposing.difference import in_words, outcome
from engine.supposing.inputs import GROUPS, LIMITS, PORTFOLIO, Input, inputs_of, said
from engine.supposing.intervals import Budget, End, Interval
from engine.supposing.law import LIMIT, PARAMETER
from engine.supposing.sure import MOST_DECISIONS, Flip, HowSure, Search, Sure, how_sure, kind_of
from engine.telling.as_json import to_json as telling_json
from engine.telling.narrative import Telling, tell
from engine.telling.tokens import Phrase, Run, fact, instrument, limit, listed, number, run
from knowledge.values import Json, text

PROBABILITY = "probability"
MOST_TOLD = 6
"""Inputs of a group that are told without `--full`: those that would flip the verdict first."""


@dataclass(frozen=True)
class Answer:
    """What came of it, for each instrument asked about."""

    recorded: Recorded
    instruments: tuple[HowSure, ...]
    decisions: int
    spent: bool


def ask(
    recorded: Recorded,
    symbol: str | None = None,
    budget: int = MOST_DECISIONS,
    progress: Callable[[str], None] = lambda _: None,
) -> Answer:
    """How sure the verdict on one instrument is, or on each of the cycle. Raises `Failed`, `Faulty`."""
    with Bench(recorded) as bench:
        read = bench.suppose({"read": True})["read"]
        names = [symbol] if symbol else sorted(one["instrument"] for one in recorded.record["verdicts"])
        inputs = {name: list(inputs_of(recorded.case, recorded.record, name, read)) for name in names}
        shares = _shares(inputs)
        budgets = [Budget(budget // len(shares) + (at < budget % len(shares))) for at in range(len(shares))]
        with ThreadPoolExecutor(len(shares), thread_name_prefix="how-sure") as pool:
            more = [pool.submit(_beside, recorded, inputs, part, left, progress)
                    for part, left in zip(shares[1:], budgets[1:], strict=True)]  # fmt: skip
            try:
                answered = [_searched(bench, inputs, shares[0], budgets[0], progress), *(one.result() for one in more)]
            except BaseException:
                # Interrupted: the others end with their next decision.
                for each in budgets:
                    each.left = 0
                raise
        found = [_together([each[name] for each in answered]) for name in names]
        for one in found:
            _confirmed(bench, one)
    spent = any(each.left <= 0 for each in budgets)
    return Answer(recorded, tuple(found), sum(each.used for each in budgets), spent)


FEW = 40
"""Numbers that one process looks at alone; with more, a second one takes every other."""
Inputs = Mapping[str, Sequence[Input]]
"""The numbers of each instrument's verdict."""


def _shares(inputs: Inputs) -> list[frozenset[str]]:
    """The names of the numbers for each process. A number is one process's, for all instruments: it remembers."""
    names = sorted({one.name for each in inputs.values() for one in each})
    if len(names) <= FEW:
        return [frozenset(names)]
    return [frozenset(names[::2]), frozenset(names[1::2])]


def _beside(
    recorded: Recorded, inputs: Inputs, names: frozenset[str], budget: Budget, progress: Callable[[str], None]
) -> dict[str, HowSure]:
    with Bench(recorded) as bench:
        return _searched(bench, inputs, names, budget, progress)


def _searched(
    bench: Bench, inputs: Inputs, names: frozenset[str], budget: Budget, progress: Callable[[str], None]
) -> dict[str, HowSure]:
    search = Search(bench.suppose, budget)
    chosen = {name: [one for one in each if one.name in names] for name, each in inputs.items()}
    return {name: how_sure(search, name, each, progress) for name, each in chosen.items()}


def _together(parts: Sequence[HowSure]) -> HowSure:
    inputs = [one for part in parts for one in part.inputs]
    inputs.sort(key=lambda one: (GROUPS.index(one.input.group), one.input.name))
    return HowSure(parts[0].instrument, parts[0].verdict, tuple(inputs))


def _confirmed(bench: Bench, one: HowSure) -> None:
    """Ask for the nearest flip in full, solver included, on both sides. Raises `Failed` where it is another one."""
    flip = one.nearest(lambda each: each.flips)
    if flip is None:
        return
    for value, wanted in ((flip.last, one.verdict), (flip.beyond, flip.becomes)):
        change = flip.input.change(flip.input.grid.nearest(value))
        told = outcome(bench.suppose({**change, "full": True}), one.instrument)
        if kind_of(told) != kind_of(wanted):
            raise Failed(
                f"{flip.input.name} at {text(value)}: decided in full, {one.instrument} is another one than in outline "
                f"({kind_of(told)[0]}, not {kind_of(wanted)[0]}); this is a fault of the program, please report it"
            )


# --- in words ---------------------------------------------------------------------------------------------------


def telling(answer: Answer) -> Telling:
    """The answer as a tree."""
    parts = [_instrument(one) for one in answer.instruments]
    how = f"{answer.decisions:,} decisions with one number changed at a time, all else equal"
    parts.append(tell(f"how it was found: {how}", *map(tell, _method(answer))))
    return tell(f"how sure, of {answer.recorded.head}; hypothetical: nothing is recorded, nothing is sent", *parts)


def _method(answer: Answer) -> Iterator[str]:
    yield "each end is two neighbouring values that were decided, one with the verdict and one with another"
    yield "facts move in the steps of the door, limits in steps of 0.01 % or of their own digits"
    yield "between and beyond ends some values were tried, not all; where one gave another verdict, it is told"
    yield "the flip that is nearest was decided in full on both sides, the solver included"
    if answer.spent:
        yield "the budget of decisions is spent: ends marked as not found lie further out; raise `--budget`"


def _instrument(one: HowSure) -> Telling:
    parts = []
    flip, move = one.nearest(lambda each: each.flips), one.nearest(lambda each: each.moves)
    if flip is None:
        parts.append(tell("no single number that was tried changes the outcome").named("nearest"))
    else:
        parts.append(tell(_would(flip)).named("nearest"))
    granted = one.verdict is not None and ("exit" in one.verdict or one.verdict.get("outcome") in ("granted", "cut"))
    if granted and move is not None and move != flip:
        parts.append(tell(_would(move)).named("nearest"))
    for group in GROUPS:
        told = sorted((each for each in one.inputs if each.input.group == group and each.matters), key=_nearness)
        if told:
            each = [_input(each, granted) for each in told]
            each[MOST_TOLD:] = [more.as_detail() for more in each[MOST_TOLD:]]
            parts.append(tell(_counted(group, len(told)), *each).named(group))
    still = [each.input for each in one.inputs if not each.matters]
    if still:
        names = [_still(each) for each in sorted(still, key=lambda each: (each.slot != PROBABILITY, each.name))]
        others = "other number changes" if len(still) == 1 else "other numbers change"
        parts.append(tell(f"{len(still)} {others} nothing at any value that was tried", *names))
    if one.verdict is None:
        parts.append(tell("limits and money do not matter here: the rules propose nothing, and nothing is held"))
    verdict = in_words(one.verdict) if one.verdict is not None else run("no candidate")
    return tell(instrument(one.instrument), ": ", verdict, *parts)


def _still(one: Input) -> Telling:
    """A number that changes nothing. What heads hold probable is asked about most, and told in any case."""
    told = tell(_named(one), " was ", _value(one, one.value))
    return told if one.slot == PROBABILITY else told.as_detail()


def _nearness(one: Sure) -> tuple[bool, Fraction, str]:
    """What flips the outcome before what moves the quantity alone, the nearer one first."""
    flips = one.flips or one.moves
    return not one.flips, min((flip.distance for flip in flips), default=Fraction(0)), one.input.name


def _counted(group: str, count: int) -> str:
    first = "" if count <= MOST_TOLD else f", the {MOST_TOLD} nearest first"
    return f"{group}: {count} {'matters' if count == 1 else 'matter'}{first}"


def _would(flip: Flip) -> Run:
    """`would be denied if the technical head's probability on IBM fell to 0.5311; it was 0.5471`."""
    one, there = flip.input, _value(flip.input, flip.beyond)
    how = "rose to" if flip.rises else "fell to"
    would = run("nothing would be proposed")
    if flip.becomes is not None:
        would = run("would be ", in_words(flip.becomes))
    was = _value(one, one.value)
    return run(would, " if ", _named(one), f" {how} ", there, "; it was ", was)


def _input(one: Sure, granted: bool) -> Telling:
    parts = []
    if granted and one.quantity != one.outcome:
        parts.append(tell("the quantity stays ", _within(one.input, one.quantity), _exactly(one.moves)))
    parts += [tell(_becomes(flip)) for flip in one.flips]
    if one.back:
        again = ", ".join(said(each, one.input.unit) for each in one.back[:3])
        parts.append(tell(f"not once and for all: at {again} the outcome is as it was"))
    stays = run("the outcome stays ", _within(one.input, one.outcome))
    return tell(_named(one.input), " was ", _value(one.input, one.input.value), "; ", stays, *parts)


def _becomes(flip: Flip) -> Run:
    beyond = _value(flip.input, flip.beyond)
    becomes = in_words(flip.becomes) if flip.becomes is not None else run("nothing is proposed")
    return run("at ", beyond, ": ", becomes, _exactly([flip]))


def _exactly(flips: Sequence[Flip]) -> Run:
    """The bound itself, where it is known beside the grid."""
    known = [(flip.input, flip.exact) for flip in flips if flip.exact is not None]
    values = listed(number(value, one.unit, said(value, one.unit)) for one, value in known)
    return run("; the bound itself is ", values) if known else run()


def _within(one: Input, found: Interval) -> Run:
    if found.whole:
        return run("at any value that was tried")
    low, high = _end(one, found.low), _end(one, found.high)
    if found.low.beyond is None and found.low.known:
        return run("up to ", high)
    if found.high.beyond is None and found.high.known:
        return run("from ", low, " on")
    return run("from ", low, " to ", high)


def _end(one: Input, end: End) -> Phrase:
    value = _value(one, one.grid.value(end.last))
    return value if end.known else run(value, " (not searched further)")


def _value(one: Input, value: Fraction) -> Phrase:
    shown = said(value, one.unit)
    unit = f" {one.unit}" if one.group in (LIMITS, PORTFOLIO) and one.unit not in ("-", "") and "%" not in shown else ""
    return number(value, one.unit, f"{shown}{unit}")


def _named(one: Input) -> Run:
    """What a person calls it."""
    if one.fact is None:
        kind, _, name = one.name.partition(" ")
        return run(f"{kind} ", limit(name)) if kind in (LIMIT, PARAMETER) else run(one.name.replace("_", " "))
    slots = dict(one.fact.slots)
    match one.fact.template:
        case "advisory":
            return run(f"the {slots['head']} head's {one.slot} on ", instrument(str(slots["instrument"])))
        case "head":
            return run(f"the {slots['head']} head's {one.slot.replace('-', ' ')}")
        case "indicator":
            return run(f"{slots['name']} of ", instrument(str(slots["instrument"])))
        case "market":
            return run(str(slots["name"]))
        case _:
            return run(fact(one.fact.ref), f" {one.slot}")


def to_json(answer: Answer) -> Json:
    """The answer for machines."""
    return {
        "hypothetical": True,
        "record_id": answer.recorded.record["record_id"],
        "as_of": answer.recorded.record["as_of"],
        "decisions": answer.decisions,
        "budget_spent": answer.spent,
        "instruments": [
            {
                "instrument": one.instrument,
                "verdict": one.verdict or {"outcome": "no-candidate"},
                "inputs": [_sure_json(each) for each in one.inputs],
            }
            for one in answer.instruments
        ],
        "told": telling_json(telling(answer)),
    }


def _sure_json(one: Sure) -> Json:
    return {
        "input": one.input.name,
        "group": one.input.group,
        "unit": one.input.unit,
        "value": text(one.input.value),
        "step": text(one.input.grid.step),
        "outcome": _interval_json(one.input, one.outcome),
        "quantity": _interval_json(one.input, one.quantity),
        "flips": [
            {
                "last": text(each.last),
                "beyond": text(each.beyond),
                "exact": None if each.exact is None else text(each.exact),
                "becomes": each.becomes or {"outcome": "no-candidate"},
            }
            for each in one.flips
        ],
        "again": [text(each) for each in one.back],
    }


def _interval_json(one: Input, found: Interval) -> Json:
    return {
        "from": text(one.grid.value(found.low.last)),
        "to": text(one.grid.value(found.high.last)),
        "ends": [end.beyond is not None for end in (found.low, found.high)],
        "known": [end.known for end in (found.low, found.high)],
        "tried": found.tried,
    }
