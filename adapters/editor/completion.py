"""What may be written at a place: templates, slots, measures and the symbols a slot allows, variables, functions,
predicates. Nothing is offered inside of comments, and in strings only what a sentence or a `load` names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from adapters.editor.book import Book
from adapters.editor.clips_words import GROUPS, Form, Word, docstring_of, sheet_of
from adapters.editor.hovering import goal, shape
from adapters.editor.policy_words import Term, TermWord, is_goal, page_of, templates
from knowledge.clips.lists import DEEPEST
from knowledge.prolog.lint import REQUIRED, predicate
from knowledge.templates import Slot, Template, vocabulary
from rules.signatures import SIGNATURES

What = Literal["keyword", "template", "slot", "value", "measure", "variable", "function", "predicate", "rule", "file"]


class Proposal(NamedTuple):
    """What may stand in place of the characters `[start, end)`."""

    label: str
    what: What
    detail: str
    start: int
    end: int
    text: str


_Choice = tuple[str, What, str]
"""A word, what it is, and what is said beside it."""


def completions(book: Book, file: str, offset: int) -> list[Proposal]:
    """What may be written at a place, in the order of the vocabulary."""
    if file in book.rules:
        return _of_rules(book, file, min(offset, len(book.rules[file])))
    if file in book.policies:
        return _of_policies(book, file, min(offset, len(book.policies[file])))
    if file in book.cases:
        return _of_cases(book, book.cases[file], min(offset, len(book.cases[file])))
    return []


def _proposals(choices: Iterable[_Choice], start: int, end: int) -> list[Proposal]:
    return [Proposal(word, what, detail, start, end, word) for word, what, detail in dict.fromkeys(choices)]


# Rules.


def _of_rules(book: Book, file: str, offset: int) -> list[Proposal]:
    text = book.rules[file]
    word = sheet_of(text).before(offset)
    if word is None:
        return []
    ends = word.end > offset or (word.end == offset and text[offset - 1 : offset] not in ('"', "\n"))
    if word.kind in ("comment", "string") and (ends or len(word.text) == 1):
        return _in_string(book, file, word, offset) if word.kind == "string" else []
    inside = word.kind == "word" and offset <= word.end
    start, end = (word.start, word.end) if inside else (offset, offset)
    form = word.form
    if form is None or form.depth > DEEPEST:
        return _proposals([("defrule", "keyword", "a rule"), ("load", "keyword", "a file")], start, end) * inside
    if inside and word.text.startswith("?"):
        return _proposals(_variables(book, file, form), start, end)
    first = word.is_head if inside else word.kind == "open"
    choices = _heads(form, start) if first else _values(book, file, form)
    return _proposals(choices, start, end)


def _in_string(book: Book, file: str, word: Word, offset: int) -> list[Proposal]:
    form = word.form
    if form is not None and form.parent is None and form.head == "load":
        end = word.end - (len(word.text) > 1 and word.text.endswith('"'))
        files = ((one, "file", "") for one in book.unloaded if one.endswith(".clp"))
        return _proposals(files, word.start + 1, max(end, word.start + 1))  # type: ignore[arg-type]
    begun = re.search(r"\?[\w-]*\Z", book.rules[file][word.start : offset])
    if form is None or docstring_of(form) is not word or begun is None:
        return []
    return _proposals(_variables(book, file, form), word.start + begun.start(), offset)


def _variables(book: Book, file: str, form: Form) -> Iterator[_Choice]:
    for one in book.mentions_in(file):
        if one.of.kind == "variable" and one.of.owner == f"{file}#{form.number}" and one.role == "definition":
            yield f"?{one.of.name}", "variable", ""


def _heads(form: Form, start: int) -> Iterator[_Choice]:
    """What a list may begin with."""
    parent = form.parent
    if parent is None:
        yield from (("defrule", "keyword", "a rule"), ("load", "keyword", "a file of rules"))
    elif parent.head == "assert":
        yield from _templates(True)
    elif parent.template is not None:
        used = {part.head for part in parent.parts if isinstance(part, Form) and part is not form}
        yield from (_slot(one) for one in parent.template.slots.values() if one.name not in used)
    elif parent.head == "declare":
        yield "salience", "keyword", "fires before rules of less"
    elif _is_expression(parent):
        yield from ((name, "function", _signature(name)) for name in SIGNATURES)
    elif parent.head == "defrule":
        arrow = any(isinstance(part, Word) and part.text == "=>" and part.start < start for part in parent.parts)
        if arrow:
            yield "assert", "keyword", "concludes facts"
        else:
            yield from _templates(False)
            yield from _conditions()
            yield "declare", "keyword", "the salience of the rule"
    elif parent.head in GROUPS:
        yield from _templates(False)
        yield from _conditions()


def _is_expression(form: Form) -> bool:
    """Whether calls stand in a list: a test, a slot's value, or another call."""
    around: Form | None = form
    while around is not None:
        if around.head == "test" or around.slot is not None:
            return True
        around = around.parent
    return False


def _values(book: Book, file: str, form: Form) -> Iterator[_Choice]:
    """What may stand in a list behind its first word."""
    slot = form.slot
    if slot is not None:
        yield from slot_values(book, slot)
    if slot is not None or _is_expression(form):
        yield from _variables(book, file, form)


def slot_values(book: Book, slot: Slot) -> Iterator[_Choice]:
    """The words that a slot may hold, where it is known which."""
    for word in slot.allowed:
        yield word, "value", slot.name
    if slot.measures:
        for measure in vocabulary().measures[slot.measures].values():
            yield measure.name, "measure", measure.doc
    if slot.name == "rule":
        yield from _rules(book)


def _rules(book: Book) -> Iterator[_Choice]:
    for file in book.rules:
        yield from ((one.name, "rule", one.says) for one in book.outline(file) if one.kind == "rule")


def _templates(concluded: bool) -> Iterator[_Choice]:
    for one in vocabulary().templates.values():
        if one.origin == "rules" or not concluded:
            yield one.name, "template", one.doc


def _conditions() -> Iterator[_Choice]:
    said = ("nothing satisfies it", "all hold", "one holds", "something satisfies all", "whatever satisfies the first")
    yield from ((name, "keyword", doc) for name, doc in zip(GROUPS, said, strict=True))
    yield "test", "keyword", "a comparison holds"


def _slot(slot: Slot) -> _Choice:
    return slot.name, "slot", shape(slot).replace("`", "")


def _signature(name: str) -> str:
    one = SIGNATURES[name]
    return f"gives {one.gives or 'a number'}"


# Policies.


def _of_policies(book: Book, file: str, offset: int) -> list[Proposal]:
    text = book.policies[file]
    word = page_of(text).before(offset)
    if word is None or (word.kind in ("comment", "quoted") and offset < word.end):
        return []
    if word.kind == "comment" and text[word.end - 1] != "/":
        return []
    if word.kind == "string" and offset < word.end:
        begun = re.search(r"~\w*\Z", text[word.start : offset])
        variables = ((f"~{name}", "variable", "") for name in _named_variables(book, file, word))
        return _proposals(variables, word.start + begun.start(), offset) if begun else []  # type: ignore[arg-type]
    inside = word.kind in ("atom", "variable") and offset <= word.end
    start, end = (word.start, word.end) if inside else (offset, offset)
    choices: list[_Choice] = []
    if is_goal(word) if inside else _expects_goal(word):
        choices += _goals(book)
    term = word.term
    if term is not None and term.functor is not None and not (word.directive and term.functor.text == "sentence"):
        shaped = _shape(term)
        slots = tuple(shaped.slots.values()) if shaped is not None else ()
        if word.argument < len(slots):
            choices += ((_atom(one), what, said) for one, what, said in slot_values(book, slots[word.argument]))
    if term is not None:
        choices += ((name, "variable", "") for name in _named_variables(book, file, word))
    return [
        one._replace(text=goal(templates_by_name()[one.label])) if one.what == "template" and not inside else one
        for one in _proposals(choices, start, end)
    ]


def _expects_goal(word: TermWord) -> bool:
    """Whether a goal may begin after a word."""
    if word.kind not in ("symbol", "comma", "open", "end"):
        return False
    if word.kind == "symbol" and word.text not in (":-", "\\+", ";"):
        return False
    term = word.term
    while term is not None:
        if term.opening != "(" or (term.functor is not None and term.functor.text != "\\+"):
            return False
        term = term.parent
    return True


def _goals(book: Book) -> Iterator[_Choice]:
    seen: set[str] = set()
    for file, text in book.policies.items():
        del text
        for one in book.outline(file):
            name = one.name.rpartition("/")[0]
            if name not in seen and one.name not in {f"{required}/{arity}" for required, arity in REQUIRED}:
                seen.add(name)
                yield name, "predicate", one.says or one.name
    yield "forbidden", "predicate", "a reason not to enter: forbidden(Candidate, Reason)"
    yield from ((predicate(one.name), "template", goal(one)) for one in vocabulary().templates.values())


def templates_by_name() -> dict[str, Template]:
    """The templates by the name that policies give them."""
    return {name: one for (name, _), one in templates().items()}


def _shape(term: Term) -> Template | None:
    """The template that a goal asks for, also where arguments are still missing."""
    return templates_by_name().get(term.functor.name) if term.functor is not None else None


def _named_variables(book: Book, file: str, word: TermWord) -> Iterator[str]:
    for one in book.mentions_in(file):
        if one.of.kind == "variable" and one.of.owner == f"{file}#{word.clause}" and one.role == "definition":
            yield one.of.name


def _atom(word: str) -> str:
    return word if re.fullmatch(r"[a-z]\w*", word) else f"'{word}'"


# Cases.

_SLOT = re.compile(r"([\w.-]+):[ \t]*\{(?:[^{}\n]*,)?[ \t]*([\w.-]*)\Z")
_VALUE = re.compile(r"([\w.-]+):[ \t]*\{(?:[^{}\n]*,)?[ \t]*([\w.-]+):[ \t]*([^\s,{}]*)\Z")
_ITEM = re.compile(r"\A[ \t]+-[ \t]+([\w-]*)\Z")
_ABOUT = re.compile(r"\A(rule|policy):[ \t]*([^\s]*)\Z")


def _of_cases(book: Book, text: str, offset: int) -> list[Proposal]:
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    words = vocabulary().templates
    choices: Iterable[_Choice] = ()
    prefix = ""
    if found := _ABOUT.search(line):
        prefix = found[2]
        choices = _rules(book) if found[1] == "rule" else _reasons(book)
    elif (found := _VALUE.search(line)) and found[1] in words and found[2] in words[found[1]].slots:
        prefix, choices = found[3], slot_values(book, words[found[1]].slots[found[2]])
    elif (found := _SLOT.search(line)) and found[1] in words:
        prefix, choices = found[2], map(_slot, words[found[1]].slots.values())
    elif found := _ITEM.search(line):
        prefix, choices = found[1], _templates(False)
    return _proposals(choices, offset - len(prefix), offset)


def _reasons(book: Book) -> Iterator[_Choice]:
    for one in book.mentions:
        if one.of.kind == "reason" and one.role == "definition":
            yield one.of.name, "value", "a reason to forbid"
