"""What changes in meaning from one rulebook to another: rules added, removed, wider, narrower, each with facts.

Rules are compared by their names, each by what its own conditions ask and what it concludes, whatever is concluded
before it: *wider* fires wherever the old one did with the same conclusions, and somewhere else besides; *narrower* is
the same the other way round; *other* fires on facts of its own in both books. That it fires wherever the other does is
proved; that it fires somewhere else is shown by facts that are fired in CLIPS under both rulebooks. What is neither
proved nor shown is *unknown*, with the reason.

A rule that says the same and reads what changed rules conclude is *affected*.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from knowledge.clips import tree
from knowledge.clips.session import Inference
from knowledge.facts import Fact, ordered
from knowledge.facts_file import written, written_fact
from knowledge.templates import Vocabulary, vocabulary
from knowledge.values import Json
from rules.meaning.ground import Ground, assertions_of
from rules.meaning.inquiry import Bench, Inquiry, Shown, Unknown, fired
from rules.meaning.scene import Fired, Scene
from rules.meaning.script import Untranslated
from rules.meaning.shadowed import fails, same_conclusions
from rules.meaning.witness import Reading
from rules.stages import patterns

Kind = Literal["added", "removed", "wider", "narrower", "other", "same", "affected", "unknown"]


@dataclass(frozen=True, slots=True)
class Witness:
    """Facts, and what each rulebook concludes from them that the other does not (or why it came to no conclusion)."""

    facts: tuple[Fact, ...]
    old: tuple[str, ...]
    new: tuple[str, ...]

    def to_json(self) -> Json:
        """The canonical JSON value; the facts as the text of a facts file."""
        return {"facts": written(ordered(self.facts)), "old": list(self.old), "new": list(self.new)}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one rule. `before` are facts on which only the old one fires, `after` only the new one."""

    rule: str
    kind: Kind
    sentence: str
    old: str
    """`file:line` in the old rulebook; empty where it has none."""
    new: str
    before: Witness | None = None
    after: Witness | None = None

    def to_json(self) -> Json:
        """The canonical JSON value."""
        shown = {name: one and one.to_json() for name, one in (("before", self.before), ("after", self.after))}
        return {
            "rule": self.rule, "kind": self.kind, "sentence": self.sentence, "old": self.old, "new": self.new, **shown,
        }  # fmt: skip


def difference(
    old: tree.Program,
    new: tree.Program,
    domains: Mapping[str, tuple[str, ...]] | None = None,
    words: Vocabulary | None = None,
) -> tuple[Change, ...]:
    """What became of every rule that is not the same in both, in the order of the new rulebook, removed ones last.

    Raises `Faulty` where CLIPS refuses a rule.
    """
    words = words or vocabulary()
    books = _Books(
        Ground(old, words, domains or {}), Ground(new, words, domains or {}), Bench(old), Bench(new)
    )  # fmt: skip
    return tuple(books.changes())


def told(changes: Sequence[Change]) -> list[str]:
    """Lines for a reader."""
    if not changes:
        return ["the rulebooks mean the same"]
    lines = []
    for one in changes:
        place = " → ".join(dict.fromkeys(filter(None, (one.old, one.new))))
        lines.append(f"{one.kind}: {one.sentence} ({place})")
        for title, witness in (("only before", one.before), ("only now", one.after)):
            if witness is not None:
                lines.append(f"  {title}, on these facts:")
                lines += [f"    - {written_fact(fact)}" for fact in ordered(witness.facts)]
                lines.append(f"    before: {'; '.join(witness.old) or 'nothing else'}")
                lines.append(f"    now: {'; '.join(witness.new) or 'nothing else'}")
    return lines


@dataclass(frozen=True)
class _Books:
    """Both rulebooks, in Z3's words and in CLIPS."""

    old: Ground
    new: Ground
    before: Bench
    after: Bench

    @property
    def turned(self) -> _Books:
        """The other way round."""
        return _Books(self.new, self.old, self.after, self.before)

    def changes(self) -> Iterator[Change]:
        was = {rule.name: rule for rule in self.old.program.rules}
        now = {rule.name: rule for rule in self.new.program.rules}
        moved = {
            name
            for name in {*was, *now}
            if name not in was or name not in now or not _says_the_same(was[name], now[name])
        }
        for name, rule in now.items():
            if name not in was:
                yield self._added(rule)
            elif name in moved:
                yield self._changed(was[name], rule)
            elif reason := _rests_on(self.new.program, rule, moved) | _rests_on(self.old.program, was[name], moved):
                yield self._affected(was[name], rule, sorted(reason))
        for name, rule in was.items():
            if name not in now:
                yield self._removed(rule)

    # --- one rule -----------------------------------------------------------------------------------------------------

    def _added(self, rule: tree.Rule) -> Change:
        shown = self.turned._alone(rule)
        if isinstance(shown, str):
            return Change(rule.name, "added", f"`{rule.name}` is new ({shown})", "", _place(rule))
        same = "" if shown.old or shown.new else "; on these facts it concludes nothing new"
        return Change(rule.name, "added", f"`{rule.name}` is new{same}", "", _place(rule), None, shown.turned)

    def _removed(self, rule: tree.Rule) -> Change:
        shown = self._alone(rule)
        if isinstance(shown, str):
            return Change(rule.name, "removed", f"`{rule.name}` is gone ({shown})", _place(rule), "")
        same = "" if shown.old or shown.new else "; on these facts the others conclude the same"
        return Change(rule.name, "removed", f"`{rule.name}` is gone{same}", _place(rule), "", shown.plain, None)

    def _affected(self, was: tree.Rule, now: tree.Rule, reasons: Sequence[str]) -> Change:
        said = ", ".join(f"`{one}`" for one in reasons)
        return Change(now.name, "affected", f"`{now.name}` rests on {said}", _place(was), _place(now))

    def _changed(self, was: tree.Rule, now: tree.Rule) -> Change:
        before, after = self._only(was, now), self.turned._only(now, was)
        places = _place(was), _place(now)
        lost = before.plain if isinstance(before, _Pair) else None
        won = after.turned if isinstance(after, _Pair) else None
        name = f"`{now.name}`"
        unknown = [one for one in (before, after) if isinstance(one, str)]
        if before is None and after is None:
            return Change(now.name, "same", f"{name} is written otherwise and means the same", *places)
        if lost and won:
            return Change(now.name, "other", f"{name} fires on other facts, or concludes otherwise", *places, lost, won)
        if unknown:
            return Change(now.name, "unknown", f"{name} is not analysed: {'; '.join(unknown)}", *places, lost, won)
        if won:
            return Change(now.name, "wider", f"{name} fires wherever it did, and elsewhere", *places, None, won)
        return Change(
            now.name, "narrower", f"{name} fires no more on some facts, and on no others", *places, lost, None
        )

    # --- questions ----------------------------------------------------------------------------------------------------

    def _alone(self, rule: tree.Rule) -> _Pair | str:
        """Facts on which a rule fires that the other book lacks; a reason where there are none."""
        try:
            scene = Scene(self.old)
            asked = scene.fire(rule)
            differing = partial(self._differs, rule)
            names = partial(_names, asked, ())
            answer = Inquiry(scene, self.before).settle(names, differing)
            if not isinstance(answer, Shown):
                answer = Inquiry(scene, self.before).settle(names, fired(rule.name))
        except Untranslated as error:
            answer = Unknown(str(error))
        if isinstance(answer, Shown):
            return self._pair(answer.facts)
        return f"not analysed: {answer.reason}" if isinstance(answer, Unknown) else "no facts make it fire"

    def _only(self, rule: tree.Rule, other: tree.Rule) -> _Pair | str | None:
        """Facts on which only the first fires, or concludes otherwise; None where there are none; or why not known."""
        try:
            if self._follows(rule, other):
                return None
            scene = Scene(self.old)
            asked = scene.fire(rule)
            lacking: tuple[str, ...] = ()
            twins = same_conclusions(rule, other)
            if twins is not None:
                name = fails(scene, asked, _renamed(other, rule), twins)
                lacking = (name,) if name is not None else ()
            answer = Inquiry(scene, self.before).settle(partial(_names, asked, lacking), partial(self._lost, rule))
        except Untranslated as error:
            return str(error)
        if isinstance(answer, Shown):
            return self._pair(answer.facts)
        if isinstance(answer, Unknown):
            return answer.reason
        return None if self._same_before(rule) else "it depends on how the facts that it reads are concluded"

    def _follows(self, rule: tree.Rule, other: tree.Rule) -> bool:
        """Whether the other one fires and concludes the same wherever the first does, whatever is concluded before."""
        twins = same_conclusions(rule, other)
        if twins is None:
            return False
        scene = Scene(self.old, expand=False)
        asked = scene.fire(rule)
        name = fails(scene, asked, other, twins)
        return name is not None and Inquiry(scene, None).possible([*asked.names, name]) is not None

    def _same_before(self, rule: tree.Rule) -> bool:
        """Whether all rules that lead to what this one reads say the same in both books."""
        other = {one.name: one for one in self.new.program.rules}
        leading = _leading(self.old.program, rule) | _leading(self.new.program, rule)
        mine = {one.name: one for one in self.old.program.rules}
        return all(name in mine and name in other and _says_the_same(mine[name], other[name]) for name in leading)

    def _lost(self, rule: tree.Rule, world: Reading, inference: Inference) -> bool:
        """Whether the rule fires here and the other book does not conclude the same by it."""
        mine = _concluded(rule.name, inference)
        return bool(mine - _concluded(rule.name, self.after.infer(world.facts)))

    def _differs(self, rule: tree.Rule, world: Reading, inference: Inference) -> bool:
        """Whether the rule fires and the other book concludes something else."""
        there = any(one.rule == rule.name for one in inference.firings)
        return there and inference.derived != self.after.infer(world.facts).derived

    def _pair(self, facts: tuple[Fact, ...]) -> _Pair:
        mine, theirs = self.before.infer(facts), self.after.infer(facts)
        return _Pair(facts, _besides(mine, theirs), _besides(theirs, mine))


@dataclass(frozen=True)
class _Pair:
    """A witness whose first book may be either."""

    facts: tuple[Fact, ...]
    old: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def plain(self) -> Witness:
        return Witness(self.facts, self.old, self.new)

    @property
    def turned(self) -> Witness:
        return Witness(self.facts, self.new, self.old)


def _names(asked: Fired, more: Sequence[str]) -> list[str]:
    return [*asked.names, *more]


def _besides(one: Inference, other: Inference) -> tuple[str, ...]:
    """What one concludes and the other does not."""
    if one.fault:
        return (f"undetermined: {one.fault}",)
    return tuple(written_fact(fact) for fact in one.derived if fact not in other.derived)


def _concluded(name: str, inference: Inference) -> set[tuple[Fact, ...]]:
    by_ref = {fact.ref: fact for fact in inference.derived}
    return {
        tuple(by_ref[ref] for ref in one.concluded if ref in by_ref) for one in inference.firings if one.rule == name
    }


def _says_the_same(one: tree.Rule, other: tree.Rule) -> bool:
    """Whether two rules are the same but for their sentence."""
    return replace(one, docstring=None) == replace(other, docstring=None)


def _renamed(other: tree.Rule, rule: tree.Rule) -> tree.Rule:
    """The other rule, as one that is not the first."""
    return replace(other, name=f"{rule.name} (other)")


def _place(rule: tree.Rule) -> str:
    return f"{rule.file}:{rule.name_at.line}"


def _leading(program: tree.Program, rule: tree.Rule) -> set[str]:
    """The rules whose conclusions lead to what a rule reads."""
    wanted = {pattern.template for pattern, _ in patterns(rule.conditions)}
    found: set[str] = set()
    while True:
        fresh = [
            one for one in program.rules
            if one.name not in found and any(each.template in wanted for each in assertions_of(one))
        ]  # fmt: skip
        if not fresh:
            return found
        found |= {one.name for one in fresh}
        wanted |= {pattern.template for one in fresh for pattern, _ in patterns(one.conditions)}


def _rests_on(program: tree.Program, rule: tree.Rule, moved: set[str]) -> set[str]:
    return _leading(program, rule) & moved
