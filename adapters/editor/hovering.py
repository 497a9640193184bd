"""What is told of a thing that a text names, as Markdown: a rule's sentence, a template's slots, a measure's range and
its recent values, what a variable stands for, a policy's sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from adapters.editor.book import Book
from adapters.editor.clips_words import Form, Word, sheet_of
from adapters.editor.names import Mention, Named
from adapters.editor.policy_words import page_of, sentences_of
from knowledge.clips.tree import Program
from knowledge.prolog.lint import predicate
from knowledge.templates import Measure, Slot, Template, vocabulary
from knowledge.values import text as number
from rules.feeding import Feeding, feeding_of
from rules.texts import Source, program_of


class Values(NamedTuple):
    """Recent values of a measure: when, whose (empty for the market's), and the value, latest first; or why none."""

    rows: tuple[tuple[str, str, str], ...] = ()
    lack: str = ""


Recent = Callable[[Named], Values]
_ORIGIN = {"door": "told from outside", "portfolio": "told by the books", "rules": "concluded by rules"}


class Told(NamedTuple):
    """Markdown about the characters `[start, end)`."""

    markdown: str
    start: int
    end: int


def hover(book: Book, file: str, offset: int, recent: Recent = lambda named: Values()) -> Told | None:
    """What is told at a place; None where nothing is."""
    mention = book.mention_at(file, offset)
    lines = list(_lines(book, mention, recent)) if mention is not None else []
    return Told("\n\n".join(lines), mention.start, mention.end) if mention is not None and lines else None


def _lines(book: Book, mention: Mention, recent: Recent) -> Iterator[str]:
    of = mention.of
    if of.kind == "rule":
        yield from _rule(book, of.name)
    elif of.kind == "template":
        yield from _template(vocabulary().templates[of.name], mention.file in book.policies)
    elif of.kind == "slot":
        yield f"`{of.name}` of `{of.owner}`: {shape(vocabulary().templates[of.owner].slots[of.name])}"
    elif of.kind == "measure":
        yield from _measure(vocabulary().measures[of.owner][of.name], recent(of))
    elif of.kind == "variable":
        yield from _variable(book, of)
    elif of.kind == "predicate":
        yield from _predicate(book, of)
    elif of.kind == "reason":
        count = sum(one.role == "definition" for one in book.mentions_of(of))
        yield f"**{of.name}**: a reason to forbid, in {count} clause{'s' * (count != 1)}"


# Rules.


def _rule(book: Book, name: str) -> Iterator[str]:
    for file in book.rules:
        for one in book.outline(file):
            if one.kind == "rule" and one.name == name:
                yield f"**{name}**" + (f" ({one.owner})" if one.owner else "") + f", {file}"
                if one.says:
                    yield one.says
                yield from _fed(book, name)
                return


def _fed(book: Book, name: str) -> Iterator[str]:
    feeding = _feeding(tuple(Source(*one) for one in book.rules.items()))
    for fed in feeding.rules:
        if fed.rule == name:
            told = [
                ("asks for", fed.reads),
                ("asks for the absence of", fed.lacks),
                ("concludes", fed.concludes),
                ("is fed by", feeding.feeders(fed)),
                ("feeds", feeding.fed_by(fed)),
            ]
            yield "\n".join(f"- {what} {_listed(names)}" for what, names in told if names)
            return


@lru_cache(maxsize=4)
def _feeding(sources: tuple[Source, ...]) -> Feeding:
    return feeding_of(Program("", tuple(rule for one in sources for rule in program_of(one)[0].rules)))


def _variable(book: Book, of: Named) -> Iterator[str]:
    file = of.owner.partition("#")[0]
    bound = next((one for one in book.mentions_in(file) if one.of == of and one.role == "definition"), None)
    if bound is None:
        return
    if file in book.policies:
        yield from _of_clause(book.policies[file], of.name, bound.start + 1)
    else:
        yield from _of_rule(book.rules[file], of.name, bound.start + 1)


def _of_clause(text: str, name: str, offset: int) -> Iterator[str]:
    word = page_of(text).before(offset)
    shaped = word.term.template if word is not None and word.term is not None else None
    if word is not None and shaped is not None and word.slot is not None:
        yield f"`{name}` is the `{word.slot.name}` of `{shaped.name}`: {shape(word.slot)}"


def _of_rule(text: str, name: str, offset: int) -> Iterator[str]:
    word = sheet_of(text).before(offset)
    form = word.form if word is not None else None
    if form is None or form.slot is None or form.parent is None:
        return
    slot, pattern = form.slot, form.parent
    measure = None
    for part in pattern.parts if slot.by else ():
        if isinstance(part, Form) and part.head == slot.by and len(part.parts) > 1 and isinstance(part.parts[1], Word):
            measure = vocabulary().measure(pattern.head, part.parts[1].text)
    said = f"{measure.name}, {_range(measure.unit, measure)}" if measure else shape(slot)
    yield f"`?{name}` is the `{slot.name}` of `{pattern.head}`: {said}"


# The vocabulary.


def _template(template: Template, policy: bool) -> Iterator[str]:
    yield f"**{template.name}**: {template.doc}; {_ORIGIN[template.origin]}"
    if policy:
        yield f"```prolog\n{goal(template)}\n```"
    rows = [
        f"| `{slot.name}`{' (key)' * (slot.name in template.key)} | {shape(slot)} |" for slot in template.slots.values()
    ]
    yield "\n".join(["| slot | holds |", "|---|---|", *rows])


def goal(template: Template) -> str:
    """How a policy asks for a template: its slots in their order, as variables."""
    names = ("".join(part.capitalize() for part in slot.split("-")) for slot in template.slots)
    return f"{predicate(template.name)}({', '.join(names)})"


def shape(slot: Slot) -> str:
    """What a slot holds, in words."""
    if slot.allowed:
        return " or ".join(f"`{one}`" for one in slot.allowed)
    if slot.measures:
        return "the name of a measure"
    kind = "a list, each " * slot.many + {"text": "a text", "symbol": "a symbol"}.get(slot.type, "a number")
    if slot.by:
        return f"{kind} in the unit of the measure that `{slot.by}` names"
    return f"{kind}, {_range(slot.unit, slot)}" if slot.unit or slot.low is not None else kind


def _range(unit: str, of: Slot | Measure) -> str:
    said = [unit] if unit else []
    if of.low is not None and of.high is not None:
        said.append(f"from {number(of.low)} to {number(of.high)}")
    elif of.low is not None:
        said.append(f"from {number(of.low)}")
    if of.quantum is not None:
        said.append(f"in steps of {number(of.quantum)}")
    return ", ".join(said)


def _measure(measure: Measure, values: Values) -> Iterator[str]:
    yield f"**{measure.name}**: {measure.doc}"
    yield _range(measure.unit, measure)
    if values.lack:
        yield values.lack
    if values.rows:
        sessions = list(dict.fromkeys(session for session, _, _ in values.rows))
        found = {(session, whose): value for session, whose, value in values.rows}
        rows = [
            f"| {whose or 'market'} | {' | '.join(found.get((session, whose), '') for session in sessions)} |"
            for whose in dict.fromkeys(whose for _, whose, _ in values.rows)
        ]
        yield "\n".join([f"| | {' | '.join(sessions)} |", f"|---|{'---|' * len(sessions)}", *rows])


# Policies.


def _predicate(book: Book, of: Named) -> Iterator[str]:
    defined = [one for one in book.mentions_of(of) if one.role == "definition"]
    yield f"**{of.name}**: {len(defined)} clause{'s' * (len(defined) != 1)}"
    for text in book.policies.values():
        if of.name in (sentences := sentences_of(text)):
            yield sentences[of.name]
            return


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{one}`" for one in names)
