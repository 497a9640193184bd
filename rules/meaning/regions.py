"""Regions of the measures in which nothing is proposed, whatever else is known: how they are found.

All measures that lead to a proposal are taken to be known, and everything else is free: advisories, positions, the
other instruments. At a point of that space every rule that proposes is asked whether it can fire, for an instrument
with those measures.

- One can: the other facts that made it fire are kept, and the rules are run over them with the measures left free.
  Where they propose something is no gap.
- None can: what that rests on is widened, measure by measure, as long as it stays proved. That region is a gap.

So the next point lies in neither, until there is none. CLIPS fires what was kept with the measures of each gap, and has
to propose nothing; what is shown is one of these sets of facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import partial

from knowledge.clips import tree
from knowledge.clips.session import Inference
from knowledge.door import admit
from knowledge.facts import Fact, ordered
from rules.meaning.cells import Axis, Box, Span, axes, in_words, leading, size
from rules.meaning.consequences import Consequences
from rules.meaning.ground import Ground, assertions_of
from rules.meaning.inquiry import Bench, Inquiry, Shown, Unknown
from rules.meaning.memory import Node
from rules.meaning.scene import Fired, Scene
from rules.meaning.script import Num, Term, Untranslated, both, either, negated, whole
from rules.meaning.solver import Solver
from rules.meaning.witness import Reading

MOST_POINTS = 80
MOST_UNKNOWN = 5
MOST_FIRED = 4
"""Sets of other facts with which each gap is fired."""
_EXAMPLE = "AAPL"


@dataclass(frozen=True)
class Kept:
    """Facts that lead to a proposal for an instrument, without its own and the market's measures."""

    facts: tuple[Fact, ...]
    instrument: str


@dataclass(frozen=True)
class Region:
    """A gap: an interval of each measure, its share of the space, and facts in it on which CLIPS proposes nothing."""

    box: Box
    share: Fraction
    facts: tuple[Fact, ...]


@dataclass
class _Goal:
    """A conclusion that is a proposal, in the scene of its rule, with a fact for each measure."""

    rule: tree.Rule
    fired: Fired
    inquiry: Inquiry
    measured: Mapping[str, Node]
    spans: dict[tuple[str, Span], str] = field(default_factory=dict)

    def inside(self, axis: Axis, span: Span) -> str:
        """The name of the assumption that a measure lies in an interval."""
        script = self.inquiry.scene.script
        if (axis.name, span) not in self.spans:
            value = self.measured[axis.name].slots[_value_slot(self.inquiry.scene.ground, axis)]
            name, _ = script.numbers[value.text]
            self.spans[axis.name, span] = script.declare("a", "Bool")
            script.say(f"(=> {self.spans[axis.name, span]} (<= {whole(span[0])} {name} {whole(span[1])}))")
        return self.spans[axis.name, span]


class Search:
    """The gaps of one kind of proposal."""

    def __init__(self, ground: Ground, bench: Bench, goal: str) -> None:
        self.ground = ground
        self.bench = bench
        self.goal = goal
        self.space = axes(ground, [goal])
        self.rules = leading(ground, [goal])
        self.kept: list[Kept] = []
        self.untold: list[str] = []
        """Why something is not known."""
        self.goals = list(self._goals())
        self.run = Consequences(ground)
        self.free = self._free()
        self.solver = Solver(self.run.script)

    def regions(self) -> list[Region]:
        """The gaps that CLIPS bears out, none inside another, largest first."""
        every = list(self._found())
        widest = [one for one in every if not any(_inside(one, other) for other in every)]
        found = []
        for box in sorted(widest, key=lambda one: (-size(self.space, one), in_words(self.space, one))):
            facts = self._borne_out(box)
            if facts is None:
                self.untold.append(f"CLIPS does not bear out that there is none with {in_words(self.space, box)}")
            else:
                found.append(Region(box, size(self.space, box), facts))
        return found

    # --- the search ---------------------------------------------------------------------------------------------------

    def _found(self) -> Iterator[Box]:
        if not self.goals or not self.space:
            return
        unknown = 0
        for _ in range(MOST_POINTS):
            verdict = self.solver.check([])
            if verdict != "sat":
                if verdict == "unknown":
                    self.untold.append("the solver does not know within its budget whether there are more")
                return
            point = {axis.name: (count, count) for axis, count in self._point()}
            answer = self._proposed_at(point)
            if isinstance(answer, Kept):
                self._run(answer, point)
            elif isinstance(answer, Unknown):
                self.untold.append(answer.reason)
                unknown += 1
                if unknown == MOST_UNKNOWN:
                    self.untold.append(f"the search ended after {unknown} points that could not be settled")
                    return
                self._leave(self._cell(point))
            else:
                box = self._widened(point, answer)
                self._leave(box)
                yield box
        self.untold.append(f"there may be more: {MOST_POINTS} points were looked at")

    def _point(self) -> Iterator[tuple[Axis, int]]:
        for axis in self.space:
            term = self.free[axis.name]
            yield axis, int(self.solver.number(term) / Fraction(axis.measure.quantum))

    def _proposed_at(self, box: Box) -> Kept | Unknown | list[set[str]]:
        """What makes a rule propose something in a region; else, for each rule, the measures that keep it from that."""
        needed: list[set[str]] = []
        for goal in self.goals:
            names = {goal.inside(axis, box[axis.name]): axis.name for axis in self.space}
            assumed = partial(_together, goal, tuple(names))
            answer = goal.inquiry.settle(assumed, self._accept(goal), least=False)
            if isinstance(answer, Shown):
                return self._keep(goal, answer)
            if isinstance(answer, Unknown):
                return answer
            needed.append({names[name] for name in answer.core if name in names})
        return needed

    def _accept(self, goal: _Goal) -> Callable[[Reading, Inference], bool]:
        def accept(world: Reading, inference: Inference) -> bool:
            instrument = self._instrument(goal, world)
            refs = {ref for one in inference.firings if one.rule == goal.rule.name for ref in one.concluded}
            return any(
                fact.ref in refs and fact.template == self.goal and instrument in (None, fact["instrument"])
                for fact in inference.derived
            )

        return accept

    def _instrument(self, goal: _Goal, world: Reading) -> str | None:
        """Which instrument the measures are about; None where there are only the market's."""
        by_ref = {fact.ref: fact for fact in world.facts}
        for axis in self.space:
            fact = by_ref[world.refs[goal.measured[axis.name]]]
            if "instrument" in dict(fact.slots):
                return fact.word("instrument")
        return None

    def _keep(self, goal: _Goal, answer: Shown) -> Kept:
        proposed = {ref for one in answer.inference.firings if one.rule == goal.rule.name for ref in one.concluded}
        candidates = [one for one in answer.inference.derived if one.ref in proposed and one.template == self.goal]
        world = {fact.ref for fact in answer.facts}
        for candidate in candidates:
            name = candidate.word("instrument")
            own = {self.ref(axis, name) for axis in self.space}
            if own <= world:
                return Kept(tuple(fact for fact in answer.facts if fact.ref not in own), name)
        raise AssertionError("a proposal is about an instrument with measures")

    def _run(self, kept: Kept, point: Box) -> None:
        """Leave out wherever the same facts lead to a proposal."""
        measures = self._facts(kept.instrument, point)
        free = {self.ref(axis, kept.instrument): self.free[axis.name] for axis in self.space}
        try:
            proposed = self.run.proposed(self.rules, (*kept.facts, *measures), free, self.goal, kept.instrument)
        except Untranslated as error:
            self.untold.append(str(error))
            proposed = "false"
        self.kept.append(kept)
        # The point itself is settled, whatever the run made of it.
        self.run.script.say(negated(either((proposed, self._within(point)))))

    def _widened(self, point: Box, needed: list[set[str]]) -> Box:
        """A region around a point that is proved to be a gap and can not be widened, one measure after another."""
        bounding = set().union(*needed)
        box: dict[str, Span] = {
            axis.name: point[axis.name] if axis.name in bounding else axis.whole for axis in self.space
        }
        for axis in self.space:
            if box[axis.name] != axis.whole:
                self._try(box, needed, axis, axis.whole)
        for axis in self.space:
            if box[axis.name] != axis.whole:
                place = next(at for at, cell in enumerate(axis.cells) if cell[0] <= box[axis.name][0] <= cell[1])
                self._try(box, needed, axis, axis.cells[place])
                for cell in axis.cells[place + 1 :]:
                    if not self._try(box, needed, axis, (box[axis.name][0], cell[1])):
                        break
                for cell in reversed(axis.cells[:place]):
                    if not self._try(box, needed, axis, (cell[0], box[axis.name][1])):
                        break
        return box

    def _try(self, box: dict[str, Span], needed: list[set[str]], axis: Axis, span: Span) -> bool:
        """Widen a region to this interval of a measure, if it is a gap then; who needs the measure is asked."""
        wider = {**box, axis.name: span}
        fresh = list(needed)
        for place, goal in enumerate(self.goals):
            if axis.name in needed[place]:
                names = {
                    goal.inside(one, wider[one.name]): one.name for one in self.space if wider[one.name] != one.whole
                }
                if goal.inquiry.solver.check([*goal.fired.names, *names]) != "unsat":
                    return False
                fresh[place] = {names[name] for name in goal.inquiry.solver.reason() if name in names}
        needed[:] = fresh
        box.update(wider)
        # What nobody needs any more bounds nothing.
        left = set().union(*needed)
        box.update({one.name: one.whole for one in self.space if one.name not in left})
        return True

    # --- its parts ----------------------------------------------------------------------------------------------------

    def _goals(self) -> Iterator[_Goal]:
        for rule, assertion in self.ground.concluding[self.goal]:
            try:
                scene = Scene(self.ground)
                fired = scene.fire(rule)
                place = list(assertions_of(rule)).index(assertion)
                measured = {axis.name: self._measured(scene, axis, fired.concluded[place][1]) for axis in self.space}
                yield _Goal(rule, fired, Inquiry(scene, self.bench), measured)
            except Untranslated as error:
                self.untold.append(f"`{rule.name}`: {error}")

    def _measured(self, scene: Scene, axis: Axis, concluded: Mapping[str, Term]) -> Node:
        """The fact of a measure: the instrument's that is proposed, or the market's. It is there."""
        shape = self.ground.words.templates[axis.template]
        named: dict[str, Term] = {_value_by(self.ground, axis): self.ground.lexicon.word(axis.name)}
        if "instrument" in shape.key:
            named["instrument"] = concluded["instrument"]
        node = scene.node(axis.template, named)
        scene.script.say(node.present)
        return node

    def _free(self) -> dict[str, Num]:
        found = {}
        for axis in self.space:
            one = axis.measure
            found[axis.name] = self.run.script.number(one.low, one.high, one.quantum)
        return found

    def _cell(self, point: Box) -> Box:
        return {
            axis.name: next(cell for cell in axis.cells if cell[0] <= point[axis.name][0] <= cell[1])
            for axis in self.space
        }

    def _within(self, box: Box) -> str:
        parts = []
        for axis in self.space:
            if box[axis.name] != axis.whole:
                name, _ = self.run.script.numbers[self.free[axis.name].text]
                parts.append(f"(<= {whole(box[axis.name][0])} {name} {whole(box[axis.name][1])})")
        return both(parts)

    def _leave(self, box: Box) -> None:
        self.run.script.say(negated(self._within(box)))

    def ref(self, axis: Axis, instrument: str) -> str:
        """The name of the fact of a measure of an instrument."""
        key = self.ground.words.templates[axis.template].key
        return f"{axis.template}({','.join(instrument if name == 'instrument' else axis.name for name in key)})"

    def _facts(self, instrument: str, box: Box) -> list[Fact]:
        """A fact for each measure, in the middle of its interval."""
        found = []
        for axis in self.space:
            first, last = box[axis.name]
            said: dict[str, object] = {
                _value_by(self.ground, axis): axis.name,
                _value_slot(self.ground, axis): Decimal((first + last) // 2) * axis.measure.quantum,
            }
            if "instrument" in self.ground.words.templates[axis.template].slots:
                said["instrument"] = instrument
            found.append(admit(axis.template, said, self.ground.words))
        return found

    def _borne_out(self, box: Box) -> tuple[Fact, ...] | None:
        """Facts of a gap on which CLIPS proposes nothing; None where it proposes something after all."""
        shown: tuple[Fact, ...] | None = None
        for kept in self.kept[:MOST_FIRED] or [Kept((), _EXAMPLE)]:
            facts = ordered((*kept.facts, *self._facts(kept.instrument, box)))
            inference = self.bench.infer(facts)
            if any(one.template == self.goal and one["instrument"] == kept.instrument for one in inference.derived):
                return None
            if not inference.fault:
                shown = shown or facts
        return shown


def _together(goal: _Goal, names: Sequence[str]) -> list[str]:
    return [*goal.fired.names, *names]


def _inside(box: Box, other: Box) -> bool:
    """Whether a region lies in another one, and is not the same."""
    return box != other and all(other[name][0] <= span[0] and span[1] <= other[name][1] for name, span in box.items())


def _value_slot(ground: Ground, axis: Axis) -> str:
    return next(slot.name for slot in ground.words.templates[axis.template].slots.values() if slot.by)


def _value_by(ground: Ground, axis: Axis) -> str:
    return next(slot.by for slot in ground.words.templates[axis.template].slots.values() if slot.by)
