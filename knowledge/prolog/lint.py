"""What policy text may say.

Policies are a small, pure part of Prolog: clauses over facts of the snapshot, own predicates, comparisons, `,`, `;` and
`\\+`. Rules checked here:

- no cut, no if-then-else, no side effect, no predicate of the system but comparisons, no directive that runs anything;
- no float, no open list, no character that does not print;
- a fact is asked for with its template's slots, and never with a value that it cannot have: in a policy that forbids, a
  goal that can never match permits;
- every predicate is defined, does not hide a fact or a word of Prolog, and has exactly one sentence:
  `:- sentence(belongs_to(Issuer, Group), "~Issuer belongs to ~Group").` (`~~` writes a tilde);
- a named variable occurs twice or begins with `_`; `permitted/1` and `forbidden/2` are there, and a predicate that they
  never come to has no name that is nearly one they come to.

Left out: whether the policies are right. That is what cases are for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

from knowledge.faults import Fault
from knowledge.prolog.text import Clause, File, PolicyText, Sentence, Tree
from knowledge.templates import Slot, Template, Vocabulary

Name = tuple[str, int]

ORDER = {"<", "=<", ">", ">=", "=:=", "=\\="}
"""Comparisons of numbers: both sides are evaluated, exactly."""
TESTS = {
    ("true", 0),
    *((name, 2) for name in ORDER | {"=", "\\=", "==", "\\==", "@<", "@=<", "@>", "@>=", "is", "member"}),
}
"""What policies may use of Prolog, besides `,`, `;` and `\\+`."""
ARITHMETIC = {
    ("+", 2),
    ("-", 2),
    ("*", 2),
    ("/", 2),
    ("//", 2),
    ("mod", 2),
    ("min", 2),
    ("max", 2),
    ("abs", 1),
    ("-", 1),
}
"""Functions that are exact over whole numbers and rationals."""
_KINDS = {"symbol": "a symbol", "text": "a text", "integer": "a whole number", "number": "a number"}
_SAMENESS = {("=", 2), ("==", 2), ("\\=", 2), ("\\==", 2), ("member", 2)}
MOST_DIGITS = 60
"""Digits of a number, both parts of a rational together."""
REQUIRED = (("permitted", 1), ("forbidden", 2))

_ALLOWED = ", ".join(f"`{name}`" for name in sorted({name for name, _ in TESTS} | {",", ";", "\\+"}))
_CUTS = {("!", 0), ("->", 2), ("*->", 2)}
_HARMLESS = {"discontiguous", "multifile"}
_PLAIN = re.compile(r"[a-z][A-Za-z0-9_]*\Z")
_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+\-]*\Z")
_MARK = re.compile(r"~(~|[A-Z][A-Za-z0-9_]*)?")


def predicate(template: str) -> str:
    """The name under which policies know a template's facts."""
    return template.replace("-", "_")


def lint(
    text: PolicyText, words: Vocabulary, provided: Callable[[set[Name]], set[Name]] = lambda names: set()
) -> tuple[list[Fault], dict[Name, Sentence]]:
    """Every fault of the policies, and their sentences. Where something can not be read, what may follow from that is
    not told. `provided` says which of some goals are Prolog's own, which a policy may not call either.
    """
    faults = [] if not text.faults else list(text.faults)
    sentences = _sentences(text, words, faults)
    templates = {predicate(name): shape for name, shape in words.templates.items()}
    defined = text.defined
    own = provided(_strange(text, defined, templates))
    for clause in text.clauses:
        faults.extend(_clause(clause, defined, templates, words, own))
    complained: set[Name] = set()
    for clause in text.clauses:
        name = clause.head.name
        if name not in sentences and name not in complained and not any(_head(clause, templates)):
            complained.add(name)
            faults.append(clause.file.fault(clause.head, f"`{_shown(name)}` has no sentence; {_how(clause)}", "P111"))
    faults.extend(_idle(text))
    first = text.files[0] if text.files else File("policies.pl", "")
    start = Tree("atom", "", (), 0, 0)
    for name in REQUIRED:
        if name not in defined:
            faults.append(
                first.fault(start, f"no clause defines `{_shown(name)}`; without it nothing can be permitted", "P114")
            )
    if text.faults:
        return sorted({one for one in faults if one.code not in _OF_ALL}), {}
    return sorted(set(faults)), sentences


_OF_ALL = {"P104", "P111", "P112", "P114", "P115", "P119"}
"""Codes of faults that a clause which can not be read may be the reason of."""


def _strange(text: PolicyText, defined: set[Name], templates: Mapping[str, Template]) -> set[Name]:
    """The goals that are neither defined nor facts nor words of the policies' language."""
    goals = {goal.name for clause in text.clauses for goal, _ in clause.goals() if goal.name[1] >= 0}
    return {one for one in goals if one not in defined | TESTS and one[0] not in templates}


def _idle(text: PolicyText) -> Iterator[Fault]:
    """Predicates that no question comes to, named nearly as one that is asked: a misspelt reason forbids nothing."""
    asked: dict[Name, set[Name]] = {}
    places: dict[Name, Clause] = {}
    for clause in text.clauses:
        places.setdefault(clause.head.name, clause)
        asked.setdefault(clause.head.name, set()).update(goal.name for goal, _ in clause.goals())
    reached: set[Name] = set()
    waiting = list(REQUIRED)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(asked.get(name, ()))
    for idle in asked.keys() - reached:
        alike = [word for word, arity in reached & asked.keys() if arity == idle[1]]
        near = get_close_matches(idle[0], alike, n=1, cutoff=0.8)
        if near:
            message = f"neither `permitted` nor `forbidden` comes to `{_shown(idle)}`; is `{near[0]}` meant?"
            yield places[idle].file.fault(places[idle].head, message, "P115")


def sentences_of(text: PolicyText, words: Vocabulary) -> Mapping[Name, Sentence]:
    """The declared sentence of each predicate; those that are not sound are left out."""
    return _sentences(text, words, [])


def _sentences(text: PolicyText, words: Vocabulary, faults: list[Fault]) -> dict[Name, Sentence]:
    known = text.defined | {(predicate(name), len(shape.slots)) for name, shape in words.templates.items()}
    result: dict[Name, Sentence] = {}
    for file, tree in text.directives:
        inner = tree.args[0]
        if inner.name == ("sentence", 2):
            found = _sentence(file, inner)
            if isinstance(found, Fault):
                faults.append(found)
            elif found.of not in known:
                message = f"a sentence for `{_shown(found.of)}`, which no clause defines"
                faults.append(file.fault(inner, message, "P112"))
            elif found.of in result:
                other = result[found.of]
                message = f"a second sentence for `{_shown(found.of)}`; the first is at {other.file.source(other.tree)}"
                faults.append(file.fault(inner, message, "P112"))
            else:
                result[found.of] = found
        elif inner.name == ("include", 1):
            wanted = inner.args[0].value
            if not any(other.name == wanted or other.name.endswith(f"/{wanted}") for other in text.files):
                # A file that is left out in silence takes its reasons to forbid along.
                message = f"`{wanted}` is included here but was not read; write `:- include('folder/file.pl').`"
                faults.append(file.fault(inner, message, "P119"))
        elif tree.value == "?-" or inner.value not in _HARMLESS:
            message = (
                f"`:- {file.written(inner)}` would run while the policies load; directives are `sentence` and `include`"
            )
            faults.append(file.fault(tree, message, "P105"))
    return result


def _sentence(file: File, tree: Tree) -> Sentence | Fault:
    goal, spoken = tree.args
    if goal.name[1] < 0 or any(arg.kind != "variable" for arg in goal.args) or spoken.kind != "string":
        return file.fault(
            tree, 'a sentence is written `:- sentence(likes(A, B), "~A likes ~B").`, with variables alone', "P112"
        )
    names = tuple(arg.value for arg in goal.args)
    if not spoken.value.isprintable() or not spoken.value.strip():
        return file.fault(spoken, "a sentence is printable text", "P112")
    pieces, places, last, piece = [], [], 0, ""
    for mark in _MARK.finditer(spoken.value):
        piece += spoken.value[last : mark.start()]
        last = mark.end()
        if mark[1] == "~":
            piece += "~"
        elif mark[1] in names:
            pieces.append(piece)
            places.append(names.index(mark[1]))
            piece = ""
        else:
            return file.fault(
                spoken, f"`{mark[0]}` names no variable of `{file.written(goal)}`; write `~~` for a tilde", "P112"
            )
    return Sentence(file, tree, goal.name, (*pieces, piece + spoken.value[last:]), tuple(places), names)


def _clause(
    clause: Clause, defined: set[Name], templates: Mapping[str, Template], words: Vocabulary, own: set[Name]
) -> Iterator[Fault]:
    fault = clause.file.fault
    yield from _head(clause, templates)
    yield from _terms(clause, templates, words)
    counts = Counter(part.value for part in clause.tree.walk() if part.kind == "variable")
    for part in clause.tree.walk():
        if part.kind == "variable" and counts[part.value] == 1 and not part.value.startswith("_"):
            yield fault(
                part,
                f"`{part.value}` occurs once; is it misspelt? write `_{part.value}` if it does not matter",
                "P110",
            )
    yield from _compared(clause, templates, words)
    for goal, _ in clause.goals():
        if goal.name in defined:
            continue
        if goal.value in templates and goal.name[1] >= 0:
            shape = templates[goal.value]
            if goal.name[1] != len(shape.slots):
                yield fault(goal, _slots(goal, shape), "P109")
        elif goal.name in TESTS:
            yield from _arithmetic(goal, fault)
        elif goal.name in own and goal.name not in _CUTS:
            what = f"`{_shown(goal.name)}` is no predicate of these policies but one of Prolog's own"
            yield fault(goal, f"{what}; a policy asks and does nothing, so leave it out", "P103")
        else:
            yield fault(goal, *_unknown(clause.file, goal, defined, templates))


def _head(clause: Clause, templates: Mapping[str, Template]) -> Iterator[Fault]:
    name, arity = clause.head.name
    fault = clause.file.fault
    if clause.tree.name == ("-->", 2):
        yield fault(clause.tree, "`-->` writes a grammar; policies are clauses with `:-`", "P113")
    elif arity < 0 or not _PLAIN.match(name):
        yield fault(
            clause.head,
            f"`{clause.file.written(clause.head)}` can not be defined: it is no plain name of a predicate",
            "P113",
        )
    elif name in templates:
        yield fault(clause.head, f"`{name}` is a fact of the snapshot; policies ask for it and never state it", "P113")
    elif (name, arity) in TESTS or name in ("sentence", "include"):
        yield fault(clause.head, f"`{_shown((name, arity))}` is a word of the language; choose another name", "P113")


def _terms(clause: Clause, templates: Mapping[str, Template], words: Vocabulary) -> Iterator[Fault]:
    written, fault = clause.file.written, clause.file.fault
    heads = {id(clause.head), id(clause.tree)}
    for part in clause.tree.walk():
        if part.kind == "partial":
            yield fault(part, f"`{written(part)}` has an open end; policies use closed lists", "P107")
        elif part.kind == "number" and len(part.value) > MOST_DIGITS:
            yield fault(part, f"this number has more than {MOST_DIGITS} digits; write fewer", "P106")
        elif part.kind == "other":
            yield fault(
                part, f"`{written(part)}` has no exact form; write whole numbers, `1r4`, symbols or texts", "P106"
            )
        elif part.kind in ("atom", "string", "compound") and (not part.value.isprintable() or "\u2e2f" in part.value):
            yield fault(part, f"`{written(part)}` holds a character that does not print", "P118")
        elif part.kind == "compound" and part.value in templates and id(part) not in heads:
            shape = templates[part.value]
            if len(part.args) == len(shape.slots):
                yield from _values(clause.file, part, shape, words)
            elif all(part is not goal for goal, _ in clause.goals()):
                yield fault(part, _slots(part, shape), "P109")


def _values(file: File, tree: Tree, shape: Template, words: Vocabulary) -> Iterator[Fault]:
    """A literal in a slot that the slot can never hold."""
    for arg, slot in zip(tree.args, shape.slots.values(), strict=True):
        if arg.kind != "variable":
            yield from _never(file, arg, slot, f"slot `{slot.name}` of `{shape.name}`", words)


def _never(file: File, literal: Tree, slot: Slot, where: str, words: Vocabulary) -> Iterator[Fault]:
    if slot.many and literal.kind == "list":
        for part in literal.args:
            if part.kind != "variable":
                yield from _never(file, part, replace(slot, many=False), f"the list in {where}", words)
        return
    wanted = {"symbol": "atom", "text": "string", "integer": "number", "number": "number"}[slot.type]
    allowed = tuple(words.measures[slot.measures]) if slot.measures else slot.allowed
    written = file.written(literal)
    if slot.many:
        message = f"{where} holds a list, so `{written}` never matches; look into it with `member/2`"
        yield file.fault(literal, message, "P108")
    elif literal.kind != wanted:
        message = f"{where} holds {_KINDS[slot.type]}, so `{written}` never matches{_hint(literal, slot)}"
        yield file.fault(literal, message, "P108")
    elif literal.kind == "atom" and (not _SYMBOL.match(literal.value) or (allowed and literal.value not in allowed)):
        choice = f"; it holds {_list(allowed)}" if allowed else ""
        yield file.fault(literal, f"{where} never holds `{written}`{choice}", "P108")


def _compared(clause: Clause, templates: Mapping[str, Template], words: Vocabulary) -> Iterator[Fault]:
    """A variable from a slot, compared with a literal that the slot can never hold: `Side == shrt`."""
    slots: dict[str, Slot] = {}
    for part in clause.tree.walk():
        shape = templates.get(part.value) if part.kind == "compound" else None
        if shape is not None and len(part.args) == len(shape.slots):
            slots |= {arg.value: slot for arg, slot in zip(part.args, shape.slots.values(), strict=True)}
    for goal, _ in clause.goals():
        if goal.name not in _SAMENESS:
            continue
        for side, other in (goal.args, goal.args[::-1]):
            slot = slots.get(side.value) if side.kind == "variable" and side.value != "_" else None
            if slot is not None and slot.many and goal.value == "member" and side is goal.args[1]:
                slot = replace(slot, many=False)  # what is asked for is one of its values
            for literal in other.args if other.kind == "list" else (other,):
                if slot is not None and literal.kind in ("atom", "string"):
                    yield from _never(clause.file, literal, slot, f"`{side.value}`", words)


def _hint(arg: Tree, slot: Slot) -> str:
    if slot.type == "symbol" and arg.kind == "string":
        return f"; write `'{arg.value}'`"
    return f'; write `"{arg.value}"`' if slot.type == "text" and arg.kind == "atom" else ""


def _arithmetic(goal: Tree, fault: Callable[[Tree, str, str], Fault]) -> Iterator[Fault]:
    sides = goal.args if goal.value in ORDER else goal.args[1:] if goal.value == "is" else ()
    for side in sides:
        for part in side.walk():
            exact = part.kind in ("variable", "number") or part.name in ARITHMETIC
            if not exact and part.kind != "other":
                names = _list({name for name, _ in ARITHMETIC})
                message = f"`{part.value}` is no exact arithmetic; there are numbers, variables and {names}"
                yield fault(part, message, "P117")


def _unknown(file: File, goal: Tree, defined: set[Name], templates: Mapping[str, Template]) -> tuple[str, str]:
    """The sentence about a goal that nothing answers, and its code."""
    if goal.name == ("!", 0):
        return "a cut (`!`) hides reasons from the proof; write the condition into the other clauses", "P102"
    if goal.value in ("->", "*->"):
        what = f"`{goal.value}` is a hidden cut; write two clauses, one with the condition and one with `\\+` of it"
        return what, "P102"
    if goal.name[1] < 0:
        return f"`{file.written(goal)}` is no goal; name the predicate that is meant", "P104"
    arities = sorted(arity for name, arity in defined if name == goal.value)
    if arities:
        return f"`{_shown(goal.name)}` is not defined, but `{_shown((goal.value, arities[0]))}` is", "P104"
    near = get_close_matches(goal.value, [*(name for name, _ in defined), *templates], n=1)
    what = f"`{_shown(goal.name)}` is no predicate of these policies, no fact, and not one of {_ALLOWED}"
    return f"{what}; is `{near[0]}` meant?" if near else what, "P104"


def _slots(goal: Tree, shape: Template) -> str:
    return f"`{goal.value}` takes {len(shape.slots)} values ({', '.join(shape.slots)}), not {len(goal.args)}"


def _how(clause: Clause) -> str:
    head = clause.head
    letters = [f"{chr(65 + place)}" for place in range(len(head.args))]
    goal = f"{head.value}({', '.join(letters)})" if letters else head.value
    return f'write `:- sentence({goal}, "…").`'


def _shown(name: Name) -> str:
    return f"{name[0]}/{name[1]}"


def _list(names: set[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
