"""Why a rule, or a policy, did not speak about an instrument in a recorded cycle: in lines, and as JSON.

Of a rule: its conditions one by one, the first that failed with how far it was off, what that rests on, and the
smallest change of facts with which it fires in CLIPS. Of a policy: the goal that failed. Everything is worked out anew
from the facts of the record, in a process that is ended where an engine hangs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from adapters.authoring.bench import Bench, Engines
from engine.telling import tokens as say
from engine.telling.narrative import Telling, tell
from knowledge.faults import Fault, Faulty
from knowledge.values import Json
from rules.rulebook import Rulebook
from rules.signatures import meant

_STEP = 2
"""Blanks that a line stands further in than what it belongs to."""
_MARKS = {"held": "✓", "failed": "✗", "not asked": "·"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is told, for a reader and for a program."""

    lines: tuple[str, ...]
    json: Json

    def telling(self, name: str, symbol: str) -> Telling:
        """The lines as a tree: each belongs to the last one before it that is indented less."""
        return tell(say.rule(name), " and ", say.instrument(symbol), *_trees(self.lines))


def why_not(engines: Engines, bench: Bench, rulebook: Rulebook, name: str, symbol: str) -> Answer:
    """Why `name` did not speak about `symbol`. Raises `Faulty` for a name that is none, `Failed`."""
    rules = {rule.name: rule for rule in rulebook.program.rules}
    if name in rules:
        return _of_rule(engines, bench, name, symbol)
    reasons = _reasons(rulebook)
    if name in reasons:
        return _of_policy(engines, bench, name, symbol)
    known = dict.fromkeys((*rules, *reasons))
    message = f"no rule or reason to forbid is called `{name}`{meant(name, known)}"
    raise Faulty(Fault("command line", 1, 1, f"{message}; `warrant rules show` lists them all"))


def _reasons(rulebook: Rulebook) -> dict[str, None]:
    from knowledge.prolog.text import read_policies

    clauses = read_policies(rulebook.policies).clauses
    heads = [clause.head for clause in clauses if clause.head.name == ("forbidden", 2)]
    return {head.args[1].value: None for head in heads if head.args[1].kind == "atom"}


def _of_rule(engines: Engines, bench: Bench, rule: str, symbol: str) -> Answer:
    about = {"rule": rule, "instrument": symbol}
    walked = engines.told("walk", bench, **about)["walked"]
    if walked is None:
        line = f"{rule} concludes nothing about {symbol}, whatever the facts are"
        return Answer((line,), {**about, "fired": False, "walked": None, "miss": None, "changes": None})
    if walked["sentence"]:
        lines = (f"{rule} fired for {symbol}: {walked['sentence']}", *_conditions(walked))
        return Answer(lines, {**about, "fired": True, "walked": walked, "miss": None, "changes": []})
    miss = engines.why(bench, rule, symbol)
    changes = engines.told("change", bench, **about)["changes"]
    held = sum(one[1] == "held" for one in walked["conditions"])
    lines = (
        f"{rule} did not fire for {symbol}: {held} of its {len(walked['conditions'])} conditions held",
        *_conditions(walked),
        *_because(miss),
        *_changes(changes),
    )
    return Answer(lines, {**about, "fired": False, "walked": walked, "miss": miss, "changes": changes})


def _conditions(walked: Json) -> Iterator[str]:
    for words, state, fact in walked["conditions"]:
        yield f"  {_MARKS[state]} {words}" + (f"   {fact}" if fact else "")


def _trees(lines: Sequence[str]) -> Iterator[Telling]:
    """The lines of one level, each with those below it."""
    depths = [(len(line) - len(line.lstrip())) // _STEP for line in lines]
    starts = [at for at, depth in enumerate(depths) if depth <= min(depths)]
    for start, end in pairwise((*starts, len(lines))):
        yield tell(lines[start].strip(), *_trees(lines[start + 1 : end]))


def _because(miss: Json) -> Iterator[str]:
    depth = 0
    while miss is not None:
        yield f"{'  ' * depth}{'because ' if depth else ''}{miss['rule']}: {miss['failing']}"
        miss, depth = miss["because"], depth + 1


def _changes(changes: Json) -> Iterator[str]:
    if changes is None:
        yield "no change of facts was found that fires it: a position is not made up, and the search is bounded"
        return
    yield "it fires with this change, and with no part of it:" if len(changes) > 1 else "it fires with this change:"
    yield from (f"  {words}" for words, _, _ in changes)


def _of_policy(engines: Engines, bench: Bench, reason: str, symbol: str) -> Answer:
    answer = engines.told("judge", bench, instrument=symbol, reason=reason)
    lines = []
    if answer["supposed"]:
        lines.append(f"the rules propose nothing in {symbol}; of a candidate there the policies would say:")
    for side, outcome, reasons, fault, proof in answer["verdicts"]:
        spoke = reason in reasons
        said = f"{symbol} {side} is {outcome}" + (f" ({', '.join(reasons)})" if reasons else "")
        verb = "forbids it" if spoke else "does not forbid it"
        lines.append(f"{said}: {reason} {verb}" if not fault else f"{said}: {fault}")
        lines += [f"  {line}" for line in proof]
    verdicts = [
        {"side": side, "outcome": outcome, "reasons": reasons, "fault": fault, "proof": proof}
        for side, outcome, reasons, fault, proof in answer["verdicts"]
    ]
    known = {"policy": reason, "instrument": symbol, "supposed": answer["supposed"], "verdicts": verdicts}
    return Answer(tuple(lines), known)
