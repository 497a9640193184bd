"""A question of a scene, settled: shown by facts that CLIPS bears out, proved impossible, or not known, and why not.

Facts that the solver finds are fired in CLIPS, in the whole rulebook. Where more is concluded than the scene knew of,
the scene grows by that and the question is asked again. So what is shown did happen, and what is proved was said of
every world: nothing that only helps to find facts is assumed then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from knowledge.clips import tree
from knowledge.clips.session import ClipsImage, Firing, Inference
from knowledge.door import Refused
from knowledge.facts import Fact
from rules.meaning.expressions import EXACT
from rules.meaning.ground import assertions_of
from rules.meaning.memory import TIDY
from rules.meaning.scene import Scene
from rules.meaning.script import Untranslated
from rules.meaning.solver import Solver
from rules.meaning.witness import Reading, beside, reading
from rules.stages import patterns

MOST_TRIES = 12
OVER_BUDGET = "the solver does not know within its budget"


@dataclass(frozen=True)
class Shown:
    """Facts, and what CLIPS makes of them."""

    world: Reading
    inference: Inference

    @property
    def facts(self) -> tuple[Fact, ...]:
        """The facts from outside."""
        return self.world.facts


@dataclass(frozen=True)
class Never:
    """No facts do it: assuming `core` is enough to see that."""

    core: tuple[str, ...]


@dataclass(frozen=True)
class Unknown:
    """Not known, and why."""

    reason: str


Settled = Shown | Never | Unknown
Accept = Callable[[Reading, Inference], bool]
"""Whether CLIPS did what was asked for."""


@dataclass
class Bench:
    """The rulebook in CLIPS, with what was fired on it so far."""

    program: tree.Program
    image: ClipsImage = field(init=False)
    fired: int = 0

    def __post_init__(self) -> None:
        self.image = ClipsImage(self.program)

    def infer(self, facts: Sequence[Fact]) -> Inference:
        """Fire."""
        self.fired += 1
        return self.image.infer(facts)


class Inquiry:
    """Questions about one scene."""

    def __init__(self, scene: Scene, bench: Bench | None) -> None:
        self.scene = scene
        self.bench = bench
        self.solver = Solver(scene.script)
        self._grown: set[Firing] = set()
        self._rules = {rule.name: rule for rule in scene.ground.program.rules}
        self._feeding: frozenset[str] | None = None

    def settle(self, assumed: Callable[[], Sequence[str]], accept: Accept, least: bool = True) -> Settled:
        """Find facts that do it, with these names assumed. Where it is impossible, `least` asks for a smallest core."""
        for _ in range(MOST_TRIES):
            self.scene.settle()
            names = list(assumed())
            verdict = self._possible(names)
            if verdict != "sat":
                return self._impossible(names, verdict, least)
            try:
                world = reading(self.scene, self.solver)
            except Refused as error:
                return Unknown(f"the facts found do not pass the door: {error}")
            inference = self._infer(world.facts)
            if accept(world, inference):
                return Shown(world, inference)
            try:
                if not self._grow(world, inference):
                    return self._beside(world, accept) or Unknown(_unconfirmed(inference))
            except Untranslated as error:
                return Unknown(str(error))
        return Unknown(f"CLIPS bore out none of {MOST_TRIES} sets of facts")

    def _beside(self, world: Reading, accept: Accept) -> Shown | None:
        """The same facts with one number moved, where CLIPS does on those what was asked for."""
        for facts in beside(world.facts, self.scene.ground.marks, self.scene.ground.words):
            moved = Reading(facts, world.refs)
            inference = self._infer(facts)
            if accept(moved, inference):
                return Shown(moved, inference)
        return None

    def _infer(self, facts: Sequence[Fact]) -> Inference:
        assert self.bench is not None, "nothing is shown without firing it"
        return self.bench.infer(facts)

    def possible(self, names: Sequence[str]) -> Never | None:
        """Whether a scene rules something out by itself, before anything is fired."""
        self.scene.settle()
        return Never(()) if self.solver.check(names) == "unsat" else None

    def _possible(self, names: list[str]) -> str:
        verdict = self.solver.check([*names, EXACT, TIDY])
        return verdict if verdict == "sat" else self.solver.check([*names, EXACT])

    def _impossible(self, names: list[str], verdict: str, least: bool) -> Settled:
        """What has no facts under `EXACT` is impossible only where it is so without."""
        plain = self.solver.check(names)
        if plain == "unsat":
            return Never(tuple(self.solver.core(names) if least else self.solver.reason()))
        if "unknown" in (plain, verdict):
            return Unknown(OVER_BUDGET)
        reasons = "; ".join(dict.fromkeys(self.scene.untranslated))
        return Unknown(reasons or "it depends on arithmetic that is not decided exactly")

    def follow(self, shown: Shown) -> None:
        """Take in all that was concluded besides from facts that were shown. Raises `Untranslated`."""
        self._grow(shown.world, shown.inference, everything=True)
        self.scene.settle()

    def _grow(self, world: Reading, inference: Inference, everything: bool = False) -> bool:
        """Take in what was concluded besides, as far as anything that has to be absent rests on it."""
        by_ref = world.by_ref
        grew = True
        any_ = False
        while grew:
            grew = False
            for firing in inference.firings:
                rule = self._rules[firing.rule]
                matched = [None if ref is None else by_ref.get(ref) for ref in firing.matched]
                lacking = any(
                    ref is not None and node is None for ref, node in zip(firing.matched, matched, strict=True)
                )
                if firing in self._grown or lacking or not (everything or self._feeds(rule)):
                    continue
                self._grown.add(firing)
                for node, ref in zip(self.scene.grow(rule, matched), firing.concluded, strict=True):
                    by_ref.setdefault(ref, node)
                grew = any_ = True
        return any_

    def _feeds(self, rule: tree.Rule) -> bool:
        if self._feeding is None:
            self._feeding = feeding(self.scene)
        return any(one.template in self._feeding for one in assertions_of(rule))


def feeding(scene: Scene) -> frozenset[str]:
    """The templates that something absent is of, and those that lead to them."""
    rules = scene.ground.program.rules
    wanted = {
        pattern.template for rule in rules for pattern, absent in patterns(rule.conditions) if absent
    }  # fmt: skip
    while True:
        leading = {
            pattern.template
            for rule in rules
            if any(one.template in wanted for one in assertions_of(rule))
            for pattern, _ in patterns(rule.conditions)
        }
        if leading <= wanted:
            return frozenset(wanted)
        wanted |= leading


def _unconfirmed(inference: Inference) -> str:
    if inference.fault:
        return f"CLIPS did not come to a conclusion on the facts found: {inference.fault}"
    return "CLIPS did not bear out the facts found"


def fired(rule: str) -> Accept:
    """That a rule fired."""
    return lambda _, inference: any(one.rule == rule for one in inference.firings)
