"""The words of a policy file and the terms they stand in, whatever the text, without asking Prolog.

What is permitted is read by Prolog itself (`knowledge.prolog.text`); this reading refuses nothing. A predicate is named
where a goal, the head of a clause or a sentence names it; the same word inside of a term is a value. Left out:
operators of one's own, which a policy may not define.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from adapters.editor.names import Mention, Named, Outlined, first_of_each
from knowledge.prolog.lint import predicate
from knowledge.templates import Slot, Template, vocabulary

_TOKEN = re.compile(
    r"""(?P<comment>%[^\n]*|/\*.*?(?:\*/|\Z))|(?P<quoted>'(?:[^'\\]|\\.|'')*(?:'|\Z))"""
    r"""|(?P<string>"(?:[^"\\]|\\.|"")*(?:"|\Z)|`(?:[^`\\]|\\.)*(?:`|\Z))|(?P<number>0'(?:\\.|''|.)|\d+(?:\.\d+)?\w*)"""
    r"""|(?P<variable>[A-Z_]\w*)|(?P<atom>[^\W\d]\w*)|(?P<end>\.(?=\s|%|\Z))|(?P<open>[(\[{])|(?P<close>[)\]}])"""
    r"""|(?P<comma>,)|(?P<symbol>[+\-*/\\^<>=~:.?@#&$]+|[|!;])""",
    re.DOTALL,
)
_MARK = re.compile(r"~([A-Z]\w*)")
DEEPEST = 100


@dataclass(slots=True, eq=False)
class Term:
    """What stands between two brackets, the first of them `opening`; `functor` is the word right before a `(`."""

    opening: str
    functor: TermWord | None
    parent: Term | None
    depth: int
    commas: int = 0

    @property
    def arity(self) -> int:
        """The number of arguments."""
        return self.commas + 1

    @property
    def template(self) -> Template | None:
        """The template that a goal asks for."""
        return templates().get((self.functor.name, self.arity)) if self.functor is not None else None


@dataclass(slots=True, eq=False)
class TermWord:
    """A word: the clause it belongs to by number, the term it stands in, and which argument of it it belongs to."""

    kind: str
    text: str
    start: int
    end: int
    clause: int
    term: Term | None
    argument: int
    first: bool
    directive: bool
    arguments: Term | None = None
    operand: bool = False
    """Whether it stands beside an operator that makes a value of it."""

    @property
    def name(self) -> str:
        """An atom without its quotes."""
        return re.sub(r"\\(.)|'(?=')", r"\1", self.text[1:].removesuffix("'")) if self.kind == "quoted" else self.text

    @property
    def arity(self) -> int:
        """How many arguments follow."""
        return self.arguments.arity if self.arguments is not None else 0

    @property
    def slot(self) -> Slot | None:
        """The slot of a template whose value it is."""
        shape = self.term.template if self.term is not None else None
        return tuple(shape.slots.values())[self.argument] if shape is not None else None


@dataclass(frozen=True, slots=True)
class Page:
    """The words of a policy file in order."""

    words: tuple[TermWord, ...]

    def before(self, offset: int) -> TermWord | None:
        """The last word that begins before an offset."""
        place = bisect_left(self.words, offset, key=lambda one: one.start)
        return self.words[place - 1] if place else None


@cache
def templates() -> dict[tuple[str, int], Template]:
    """The templates by the name and arity that they have in policies."""
    return {(predicate(one.name), len(one.slots)): one for one in vocabulary().templates.values()}


@lru_cache(maxsize=128)
def page_of(text: str) -> Page:
    """Read any text."""
    words: list[TermWord] = []
    term: Term | None = None
    clause, first, directive = 0, True, False
    before: TermWord | None = None
    closed: Term | None = None
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        if kind == "open":
            functor = before if found[0] == "(" and _calls(before, found.start()) else None
            term = Term(found[0], functor, term, term.depth + 1 if term else 1)
            if functor is not None:
                functor.arguments = term
        elif kind == "comma" and term is not None:
            term.commas += 1
        elif kind == "close" and term is not None:
            closed, term = term, term.parent
        elif kind == "end":
            term = None
        if kind == "symbol" and first and found[0] in (":-", "?-"):
            directive = True
        place = term.commas if term else 0
        word = TermWord(kind, found[0], found.start(), found.end(), clause, term, place, first, directive)
        words.append(word)
        _operands(before, word, closed)
        if kind == "end":
            clause, first, directive, before = clause + 1, True, False, None
        elif kind != "comment":
            first = False
            before = word
    return Page(tuple(words))


_CONTROL = (":-", "?-", "\\+", "|", ";", "!", "->", "-->", ",")
_WORDS = ("is", "mod", "rem", "div", "rdiv")


def _calls(before: TermWord | None, start: int) -> bool:
    """Whether a word that stands right before a parenthesis takes arguments."""
    return before is not None and before.end == start and before.kind in ("atom", "quoted", "symbol")


def _operands(before: TermWord | None, word: TermWord, closed: Term | None) -> None:
    """Of two words, one of which may be an operator, the other is its operand."""
    if before is None:
        return
    if _operates(word):
        left = closed.functor if before.kind == "close" and closed is not None else before
        if left is not None:
            left.operand = True
    elif _operates(before):
        word.operand = True


def _operates(word: TermWord) -> bool:
    if word.kind == "symbol":
        return word.text not in _CONTROL
    return word.kind == "atom" and word.text in _WORDS


@lru_cache(maxsize=256)
def policy_mentions(file: str, text: str) -> tuple[Mention, ...]:
    """Everything that a policy file names, in order."""
    words = page_of(text).words
    found: list[Mention] = []
    for place, word in enumerate(words):
        if word.term is None or word.term.depth <= DEEPEST:
            found += _mentions(file, word, words[place + 1 : place + 3])
    return tuple(first_of_each(found))


def _mentions(file: str, word: TermWord, after: tuple[TermWord, ...]) -> Iterator[Mention]:
    owner = f"{file}#{word.clause}"
    if word.kind == "variable" and word.text.strip("_"):
        yield Mention(file, word.start, word.end, Named("variable", word.text, owner))
    elif word.kind == "string" and word.directive and _inside(word) == "sentence":
        for found in _MARK.finditer(word.text):
            start = word.start + found.start(1)
            yield Mention(file, start, start + len(found[1]), Named("variable", found[1], owner))
    elif word.kind in ("atom", "quoted"):
        yield from _atom(file, word, after)


def _atom(file: str, word: TermWord, after: tuple[TermWord, ...]) -> Iterator[Mention]:
    quote = word.kind == "quoted"
    end = word.end - (quote and len(word.text) > 1 and word.text.endswith("'"))
    start = word.start + quote
    if word.directive and _inside(word) == "include":
        yield Mention(file, start, end, Named("file", word.name))
    elif is_goal(word):
        shape = templates().get((word.name, word.arity))
        if shape is not None:
            yield Mention(file, start, end, Named("template", shape.name))
        elif not (word.directive and word.term is None):
            role = "definition" if word.first else "use"
            yield Mention(file, start, end, Named("predicate", f"{word.name}/{word.arity}"), role)  # type: ignore[arg-type]
    elif word.directive and len(after) == 2 and after[0].text == "/" and after[1].text.isdigit():
        yield Mention(file, start, end, Named("predicate", f"{word.name}/{after[1].text}"))
    elif word.arguments is None and _inside(word) == "forbidden" and word.argument == 1:
        head = word.term is not None and word.term.functor is not None and word.term.functor.first
        yield Mention(file, start, end, Named("reason", word.name), "definition" if head else "use")
    elif word.arguments is None and (slot := word.slot) is not None:
        if slot.measures and word.name in vocabulary().measures[slot.measures]:
            yield Mention(file, start, end, Named("measure", word.name, slot.measures))
        elif slot.name == "rule":
            yield Mention(file, start, end, Named("rule", word.name))


def _inside(word: TermWord) -> str:
    return word.term.functor.name if word.term is not None and word.term.functor is not None else ""


def is_goal(word: TermWord) -> bool:
    """Whether a word stands where a goal, a head, or the predicate of a sentence does."""
    term = word.term
    if word.operand or _operates(word):
        return False
    if term is not None and term.depth <= DEEPEST and word.directive:
        said = term.functor is not None and term.functor.text == "sentence" and term.parent is None
        return said and word.argument == 0
    while term is not None and term.depth <= DEEPEST:
        if term.opening != "(" or (term.functor is not None and term.functor.text not in _CONTROL):
            return False
        term = term.parent
    return term is None


def policy_outline(text: str) -> Iterator[Outlined]:
    """The predicates of a file, each once: from the head of its first clause to the end of its last."""
    sentences = sentences_of(text)
    found: dict[str, Outlined] = {}
    name = ""
    for word in page_of(text).words:
        if word.first and word.kind in ("atom", "quoted") and not word.directive:
            name = f"{word.name}/{word.arity}"
            fresh = Outlined("predicate", name, sentences.get(name, ""), word.start, word.end, word.start, word.end)
            found.setdefault(name, fresh)
        if name and word.kind == "end":
            one = found[name]
            found[name] = Outlined(one.kind, name, one.says, one.start, word.end, one.name_start, one.name_end)
            name = ""
    yield from found.values()


def sentences_of(text: str) -> dict[str, str]:
    """The sentence of each predicate that has one here."""
    found: dict[str, str] = {}
    about = ""
    for word in page_of(text).words:
        if word.directive and _inside(word) == "sentence":
            if word.kind in ("atom", "quoted") and word.argument == 0 and is_goal(word):
                about = f"{word.name}/{word.arity}"
            elif word.kind == "string" and about:
                found.setdefault(about, word.text.strip('"'))
                about = ""
    return found
