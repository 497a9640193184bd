"""Rules that ask for the absence of a conclusion must come after every rule that may still reach it.

`(not (veto …))` holds until a veto is concluded; a rule that fires before stays fired, because facts are never
withdrawn within a cycle. So every rule that can lead to the fact, directly or through others, must have a higher
salience: then it has fired, or can not fire any more, when the absence is read. Under this condition the set of
firings does not depend on the order of facts or rules (stratified negation: Apt, Blair, Walker, "Towards a theory of
declarative knowledge", 1988). It is sufficient and not necessary: rules that could never meet on one instrument are
not told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from knowledge.clips.tree import Assert, Condition, Exists, Forall, Not, Pattern, Program, Rule, Test
from knowledge.faults import Fault


def order_faults(program: Program) -> list[Fault]:
    """A fault for each pattern under `not` or `forall` whose facts may still be concluded later."""
    leading = leading_to(program)
    faults = []
    for rule in program.rules:
        for pattern in absences(rule):
            late = [one for one in leading[pattern.template] if one.salience <= rule.salience]
            if late:
                at, code = pattern.at, "R303" if rule in late else "R302"
                message = _too_early(rule, pattern, late)
                faults.append(Fault(rule.file, at.line, at.column, message, code, at.end - at.start))
    return faults


def absences(rule: Rule) -> list[Pattern]:
    """The patterns whose absence a rule asks for."""
    return [pattern for pattern, absent in patterns(rule.conditions) if absent]


def leading_to(program: Program) -> dict[str, list[Rule]]:
    """For each template that some rule asks the absence of, the rules whose conclusions can lead to a fact of it."""
    reads = {rule.name: {pattern.template for pattern, _ in patterns(rule.conditions)} for rule in program.rules}
    asked = {pattern.template for rule in program.rules for pattern in absences(rule)}
    return {template: _leading_to(template, program, reads) for template in sorted(asked)}


def _too_early(rule: Rule, pattern: Pattern, late: list[Rule]) -> str:
    what = f"`{rule.name}` asks for the absence of `{pattern.template}`"
    if rule in late:
        return f"{what}, to which its own conclusion leads; such a rule has no settled meaning, so cut the circle"
    lowest = min(one.salience for one in late)
    return (
        f"{what}, which `{late[0].name}` may still conclude; declare a salience below {lowest} here, or raise it there"
    )


def patterns(conditions: Iterable[Condition], absent: bool = False) -> Iterator[tuple[Pattern, bool]]:
    """Every pattern, and whether its absence is asked for (under `not`, or in a `forall`, which is a double `not`)."""
    for condition in conditions:
        match condition:
            case Pattern():
                yield condition, absent
            case Not():
                yield from patterns((condition.condition,), True)
            case Forall():
                yield from patterns((condition.first, *condition.conditions), True)
            case Exists():
                yield from patterns(condition.conditions, absent)
            case Test():
                pass
            case _:
                yield from patterns(condition.conditions, absent)


def _leading_to(template: str, program: Program, reads: dict[str, set[str]]) -> list[Rule]:
    """The rules whose conclusions can lead to facts of a template, in the order of the program."""
    wanted = {template}
    found: dict[str, Rule] = {}
    grown = True
    while grown:
        fresh = [rule for rule in program.rules if rule.name not in found and _concludes(rule) & wanted]
        found |= {rule.name: rule for rule in fresh}
        wanted |= {name for rule in fresh for name in reads[rule.name]}
        grown = bool(fresh)
    return [rule for rule in program.rules if rule.name in found]


def _concludes(rule: Rule) -> set[str]:
    return {one.template for action in rule.actions if isinstance(action, Assert) for one in action.assertions}
