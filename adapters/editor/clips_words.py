"""The words of a rule file and the lists they stand in, whatever the text: while it is typed it is rarely whole.

What loads is read by `knowledge.clips.text`; this reading refuses nothing and says only what stands where. A list that
begins a construct in the first column ends what was open before it. Lists that nest deeper than a rulebook may nest
are passed over.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from adapters.editor.names import Mention, Named, Outlined, Role, first_of_each
from knowledge.clips.lists import DEEPEST
from knowledge.clips.tree import VARIABLE
from knowledge.templates import Slot, Template, vocabulary

GROUPS = ("not", "and", "or", "exists", "forall")
"""Lists of conditions inside a rule."""
_TOKEN = re.compile(
    r"""(?P<comment>;[^\r\n]*)|(?P<string>"(?:[^"\\]|\\.)*(?:"|\Z))|(?P<open>\()|(?P<close>\))|(?P<mark>[&|~])"""
    r"""|(?P<word>[^\s"();&|~][^\s"();&|~<]*)""",
    re.DOTALL,
)
_CONSTRUCT = re.compile(r"\((?:def|load)")


@dataclass(slots=True, eq=False)
class Form:
    """A list: what stands in it, and the list it stands in. `end` is where the text goes on after it."""

    start: int
    parent: Form | None
    depth: int
    number: int
    end: int = 0
    parts: list[Word | Form] = field(default_factory=list)

    @property
    def head(self) -> str:
        """Its first word; empty where there is none."""
        first = self.parts[0] if self.parts else None
        return first.text if isinstance(first, Word) and first.kind == "word" else ""

    @property
    def top(self) -> Form:
        """The construct it belongs to."""
        form = self
        while form.parent is not None:
            form = form.parent
        return form

    @property
    def template(self) -> Template | None:
        """The template of a pattern or an assertion; None of any other list."""
        parent = self.parent
        if parent is None or self.depth > DEEPEST:
            return None
        if parent.head not in (*GROUPS, "assert") and not (parent.head == "defrule" and parent.parent is None):
            return None
        return vocabulary().templates.get(self.head)

    @property
    def slot(self) -> Slot | None:
        """The slot of a list inside of a pattern or an assertion."""
        template = self.parent.template if self.parent is not None else None
        return template.slots.get(self.head) if template is not None else None

    @property
    def is_asserted(self) -> bool:
        """Whether it stands in an `assert`."""
        form = self.parent
        while form is not None and form.head != "assert":
            form = form.parent
        return form is not None


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """A word, string, mark or comment, or a parenthesis; `form` is the list that the text is in after it."""

    kind: str
    text: str
    start: int
    end: int
    form: Form | None

    @property
    def is_head(self) -> bool:
        """Whether a list begins with it."""
        return self.form is not None and bool(self.form.parts) and self.form.parts[0] is self


@dataclass(frozen=True, slots=True)
class Sheet:
    """The words of a file in order, and the lists that stand in no other."""

    words: tuple[Word, ...]
    tops: tuple[Form, ...]

    def before(self, offset: int) -> Word | None:
        """The last word that begins before an offset."""
        place = bisect_left(self.words, offset, key=lambda one: one.start)
        return self.words[place - 1] if place else None


@lru_cache(maxsize=128)
def sheet_of(text: str) -> Sheet:
    """Read any text."""
    words: list[Word] = []
    tops: list[Form] = []
    form: Form | None = None
    for found in _TOKEN.finditer(text):
        kind, start = found.lastgroup or "", found.start()
        if kind == "open":
            if form is not None and text[start - 1 : start] in ("\n", "\r") and _CONSTRUCT.match(text, start):
                _end(form, start)
                form = None
            inner = Form(start, form, form.depth + 1 if form else 1, form.number if form else len(tops))
            (tops if form is None else form.parts).append(inner)
            form = inner
        elif kind == "close" and form is not None:
            form.end = found.end()
            form = form.parent
        word = Word(kind, found[0], start, found.end(), form)
        words.append(word)
        if form is not None and kind in ("word", "string", "mark"):
            form.parts.append(word)
    if form is not None:
        _end(form, len(text))
    return Sheet(tuple(words), tuple(tops))


def _end(form: Form | None, end: int) -> None:
    while form is not None:
        form.end = end
        form = form.parent


@lru_cache(maxsize=256)
def clips_mentions(file: str, text: str) -> tuple[Mention, ...]:
    """Everything that a rule file names, in order."""
    return tuple(first_of_each(one for word in sheet_of(text).words for one in _mentions(file, word)))


def _mentions(file: str, word: Word) -> Iterator[Mention]:
    form = word.form
    if form is None or form.depth > DEEPEST:
        return
    if word.kind == "string":
        yield from _in_string(file, word, form)
    elif word.kind == "word":
        found = VARIABLE.fullmatch(word.text)
        named = Named("variable", found[1], f"{file}#{form.number}") if found else _named(word, form)
        role: Role = "use"
        if named is not None and named.kind == "rule" and word is name_of(form):
            role = "definition"
        elif named is not None and named.kind in ("rule", "template") and form.is_asserted:
            role = "conclusion"
        if named is not None:
            yield Mention(file, word.start + (named.kind == "variable"), word.end, named, role)


def _in_string(file: str, word: Word, form: Form) -> Iterator[Mention]:
    if form.parent is None and form.head == "load":
        end = word.end - (len(word.text) > 1 and word.text.endswith('"'))
        yield Mention(file, word.start + 1, end, Named("file", word.text[1:].removesuffix('"')))
    elif docstring_of(form) is word:
        for found in VARIABLE.finditer(word.text):
            start = word.start + found.start(1)
            of = Named("variable", found[1], f"{file}#{form.number}")
            yield Mention(file, start, start + len(found[1]), of, "spoken")


def _named(word: Word, form: Form) -> Named | None:
    """What a word that is no variable names."""
    if word is name_of(form):
        return Named("rule", word.text)
    if word.is_head:
        if form.template is not None:
            return Named("template", word.text)
        return Named("slot", word.text, form.parent.head) if form.slot is not None and form.parent is not None else None
    slot = form.slot
    if slot is not None and slot.measures and word.text in vocabulary().measures[slot.measures]:
        return Named("measure", word.text, slot.measures)
    return Named("rule", word.text) if slot is not None and slot.name == "rule" else None


def name_of(form: Form) -> Word | None:
    """The word that names a rule."""
    if form.parent is None and form.head == "defrule" and len(form.parts) > 1:
        second = form.parts[1]
        return second if isinstance(second, Word) and second.kind == "word" else None
    return None


def docstring_of(form: Form) -> Word | None:
    """The string that says whose a rule is and what it says."""
    third = form.parts[2] if name_of(form) is not None and len(form.parts) > 2 else None
    return third if isinstance(third, Word) and third.kind == "string" else None


def clips_outline(text: str) -> Iterator[Outlined]:
    """The rules of a file, and the files it loads."""
    for form in sheet_of(text).tops:
        name = name_of(form)
        if name is not None:
            said = docstring_of(form)
            owner, _, says = (one.strip() for one in (said.text.strip('"') if said else "").partition("|"))
            yield Outlined("rule", name.text, says, form.start, form.end, name.start, name.end, owner if says else "")
        elif form.head == "load" and len(form.parts) > 1 and isinstance(path := form.parts[1], Word):
            yield Outlined("load", path.text.strip('"'), "", form.start, form.end, path.start, path.end)
