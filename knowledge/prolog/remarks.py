"""What is wrong with policies that load: asked by nobody, there twice, too early, or never to come to an end.

Who calls whom is SWI's own cross-referencer's word (`crossing.pl`), and must agree with ours about what is undefined.

A recursion ends where each round uses something up. A round counts as endless when nothing before the call of the
circle does: no fact of the snapshot, no predicate outside of the circle that shares a variable with the call, and no
comparison of numbers in order. Where what is used up are clauses stated here, they may themselves go round in a circle:
`member_of(a, b). member_of(b, a).` is found as well. Left out: circles in the facts of a snapshot, which the judge's
bound on depth ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from knowledge.faults import Fault
from knowledge.prolog.engine import PrologFault, ask, load_crossing, quoted
from knowledge.prolog.lint import ORDER, REQUIRED, TESTS, Name, predicate
from knowledge.prolog.literals import literal_remarks
from knowledge.prolog.text import Clause, PolicyText, Tree, control
from knowledge.templates import vocabulary

Calls = dict[Name, set[Name]]
"""For each predicate those that its clauses call."""


def remarks_on(text: PolicyText) -> list[Fault]:
    """Every remark on policies without a fault. Raises `PrologFault` where Prolog contradicts our own reading."""
    calls = _calls(text)
    found = [
        *_unused(text, calls),
        *_twice(text),
        *_endless(text, calls),
        *_circles(text),
        *_unbound(text),
        *literal_remarks(text),
    ]
    return sorted(set(found))


def places_of(text: PolicyText) -> Iterator[tuple[str, int, int]]:
    """File, first and last line of each clause and directive."""
    for file, tree in [(clause.file, clause.tree) for clause in text.clauses] + text.directives:
        yield file.name, file.place(tree.start)[0], file.place(max(tree.end - 1, tree.start))[0]


def provided(names: set[Name]) -> set[Name]:
    """Which of these predicates Prolog itself has, built in or in a library."""
    if not names:
        return set()
    load_crossing()
    asked = ",".join(f"{quoted(name)}/{arity}" for name, arity in sorted(names))
    return {(name, arity) for name, arity in ask(f"warrant_crossing:provided([{asked}])")}


def _calls(text: PolicyText) -> Calls:
    load_crossing()
    # clauses alone, so that no directive is ever followed
    clauses = "".join(f"{clause.file.text[clause.tree.start : clause.tree.end]} .\n" for clause in text.clauses)
    pairs, undefined = ask(f"warrant_crossing:cross({quoted(clauses, chr(34))})")
    facts = {(predicate(name), len(shape.slots)) for name, shape in vocabulary().templates.items()}
    if strange := {(name, arity) for name, arity in undefined} - facts:
        name, arity = min(strange)
        raise PrologFault(f"prolog's cross-referencer finds `{name}/{arity}` undefined, and our own checks do not")
    calls: Calls = {clause.head.name: set() for clause in text.clauses}
    for caller, caller_arity, name, arity in pairs:
        calls.setdefault((caller, caller_arity), set()).add((name, arity))
    return calls


def _unused(text: PolicyText, calls: Calls) -> Iterator[Fault]:
    reached: set[Name] = set()
    waiting = list(REQUIRED)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(calls.get(name, ()))
    told: set[Name] = set()
    for clause in text.clauses:
        name = clause.head.name
        if name not in reached | told:
            told.add(name)
            message = f"neither `permitted` nor `forbidden` comes to `{_shown(name)}`; use it, or remove it"
            yield clause.file.fault(clause.head, message, "P116")


def _twice(text: PolicyText) -> Iterator[Fault]:
    seen: dict[object, Clause] = {}
    for clause in text.clauses:
        first = seen.setdefault(_form(clause.tree, {}), clause)
        if first is not clause:
            message = f"this clause stands at {first.file.source(first.tree)} already; remove one of the two"
            yield clause.file.fault(clause.head, message, "P122")


def _form(tree: Tree, names: dict[str, int]) -> object:
    """A term with its variables numbered in order, so that two that differ in their names alone are equal."""
    if tree.kind == "variable":
        # each nameless variable is one of its own
        return "variable", names.setdefault(tree.value if tree.value != "_" else f"_ {len(names)}", len(names))
    return tree.kind, tree.value, tuple(_form(arg, names) for arg in tree.args)


# Variables without a value where one is needed.


def _unbound(text: PolicyText) -> Iterator[Fault]:
    """Tests and negations that come before what gives their variable a value: the judge gives up on each of them."""
    for clause in text.clauses:
        if clause.body is not None:
            counts = Counter(_variables(clause.tree))
            for variable, what in _early(clause.body, set(_variables(clause.head)), counts):
                message = f"`{variable.value}` has no value yet in this {what}; put the goal that gives it one before"
                yield clause.file.fault(variable, message, "P123")


def _early(tree: Tree, bound: set[str], counts: Counter[str]) -> Iterator[tuple[Tree, str]]:
    """The variables of a term that are used too early; `bound` grows by those that have a value behind it."""
    if tree.name == (",", 2):
        for part in tree.args:
            yield from _early(part, bound, counts)
    elif tree.name == (";", 2):
        sides = [set(bound) for _ in tree.args]
        for part, side in zip(tree.args, sides, strict=True):
            yield from _early(part, side, counts)
        bound |= set.union(*sides)
    elif tree.name == ("\\+", 1):
        inside = Counter(_variables(tree))
        for variable in _of(tree):
            if variable.value not in bound and counts[variable.value] > inside[variable.value]:
                yield variable, "negation"
                return
        yield from _early(tree.args[0], set(bound), counts)
    elif tree.name in TESTS and tree.value not in ("=", "member", "true"):
        needed = tree.args[1:] if tree.value == "is" else tree.args
        for variable in (one for side in needed for one in _of(side)):
            if variable.value not in bound:
                yield variable, "test"
                break
        bound |= set(_variables(tree))
    else:
        bound |= set(_variables(tree))


def _of(tree: Tree) -> Iterator[Tree]:
    return (part for part in tree.walk() if part.kind == "variable" and part.value != "_")


def _variables(tree: Tree) -> Iterator[str]:
    return (part.value for part in _of(tree))


# Recursion.


def _endless(text: PolicyText, calls: Calls) -> Iterator[Fault]:
    own = set(calls)
    reach = {name: _reach(name, calls) & own for name in own}
    loose: dict[Name, dict[Name, tuple[Clause, Tree]]] = {}
    for clause in text.clauses:
        circle = {name for name in reach[clause.head.name] if clause.head.name in reach[name]}
        for goal in _unguarded(clause, circle):
            loose.setdefault(clause.head.name, {}).setdefault(goal.name, (clause, goal))
    graph: Calls = {name: set(goals) for name, goals in loose.items()}
    for name in sorted(loose):
        back = [called for called in loose[name] if called == name or name in _reach(called, graph)]
        for called in sorted(back):
            clause, place = loose[name][called]
            way = "itself" if called == name else f"`{_shown(called)}`, which comes back to it,"
            message = (
                f"`{_shown(name)}` calls {way} before anything is used up, and may never end; "
                "write a goal that finds a fact before the call"
            )
            yield clause.file.fault(place, message, "P120")


def _unguarded(clause: Clause, circle: set[Name]) -> Iterator[Tree]:
    """The calls of the circle before which nothing ends the rounds."""
    if clause.body is not None and circle:
        yield from _loose(clause.body, circle, [])


def _loose(tree: Tree, circle: set[Name], before: list[Tree]) -> Iterator[Tree]:
    """The loose calls in a term; `before` grows by the goals that have succeeded when the term has."""
    parts = control(tree)
    if parts is None:
        if tree.name in circle and not any(_guards(one, tree, circle) for one in before):
            yield tree
        before.append(tree)
    elif tree.value == ",":
        for part in parts:
            yield from _loose(part, circle, before)
    else:
        for part in parts:
            yield from _loose(part, circle, list(before))


def _guards(goal: Tree, call: Tree, circle: set[Name]) -> bool:
    if goal.name in circle:
        return False
    if goal.name in TESTS and goal.value not in ORDER and goal.value != "member":
        return False
    names = {part.value for part in goal.walk() if part.kind == "variable"}
    return goal.value in ORDER or bool(names & {part.value for part in call.walk() if part.kind == "variable"})


def _reach(name: Name, calls: Calls) -> set[Name]:
    found: set[Name] = set()
    waiting = list(calls.get(name, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(calls.get(one, ()))
    return found


def _circles(text: PolicyText) -> Iterator[Fault]:
    """Recursion along clauses stated here that go round: `p(X) :- step(X, Y), p(Y)` over `step(a, b). step(b, a).`"""
    stated = {
        name: [clause for clause in text.clauses if clause.head.name == name]
        for name in {clause.head.name for clause in text.clauses}
    }
    told: set[tuple[Name, int, int]] = set()
    for clause in text.clauses:
        for goal, negated in clause.goals():
            if goal.name != clause.head.name or negated:
                continue
            for step, _ in clause.goals():
                for start, end in _steps(clause.head, step, goal):
                    if (step.name, start, end) not in told and _plain(stated.get(step.name, [])):
                        told.add((step.name, start, end))
                        yield from _round(stated[step.name], start, end, clause)


def _steps(head: Tree, step: Tree, call: Tree) -> Iterator[tuple[int, int]]:
    """The places of a goal that lead from an argument of the head to the same argument of the call."""
    if step.name == call.name:
        return
    variables = {arg.value: place for place, arg in enumerate(step.args) if arg.kind == "variable"}
    for mine, theirs in zip(head.args, call.args, strict=True):
        start, end = variables.get(mine.value), variables.get(theirs.value)
        if mine.kind == theirs.kind == "variable" and start is not None and end is not None and start != end:
            yield start, end


def _plain(clauses: list[Clause]) -> bool:
    return bool(clauses) and all(clause.body is None for clause in clauses)


def _round(clauses: list[Clause], start: int, end: int, recursion: Clause) -> Iterator[Fault]:
    """A complaint about the first clause that closes a circle."""
    after: dict[object, set[object]] = {}
    for clause in clauses:
        one, other = (_form(clause.head.args[place], {}) for place in (start, end))
        if one == other or one in _values(other, after):
            name = _shown(recursion.head.name)
            message = f"with this clause `{name}` goes round in a circle, and never ends; take one step of it out"
            yield clause.file.fault(clause.head, message, "P120")
            return
        after.setdefault(one, set()).add(other)


def _values(value: object, after: dict[object, set[object]]) -> set[object]:
    found: set[object] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        for other in after.get(one, ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _shown(name: Name) -> str:
    return f"{name[0]}/{name[1]}"
