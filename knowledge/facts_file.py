"""Facts as a file that a person reads and writes: what a case is given, what a witness is written as.

A facts file is a YAML list, one fact an item, by template, with the slots in the vocabulary's types:

    - market: {name: index-volatility-rank, value: 0.9}
    - indicator: {instrument: AAPL, name: rsi-14, value: 79.99}
    - correlations: {instrument: AAPL, others: [IBM, MSFT], values: [0.5, -0.25]}

Rules:
- digits count as they are written, and pass `knowledge.door` like every other number; so does every word;
- facts of any origin may stand there: what the door lets in, what a portfolio holds, what rules conclude;
- two facts of one key are a fault, unless they say the same;
- what `written` writes, `read_facts` reads back as the same facts in the same order, and any other YAML reader sees the
  words as words: `yes` stands in quotes.

Left out: which facts belong together, and whether a rule reads them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from knowledge.door import Refused, admit
from knowledge.facts import Fact, Value, value_text
from knowledge.faults import Fault, Faulty
from knowledge.marked_yaml import Entry, MarkedReader, Node, Scalar, Table, compose
from knowledge.templates import vocabulary

FORM = "a fact is written as `template: {slot: value, …}`"
Statement = tuple[Node, str, Mapping[str, Entry]]
"""Where it stands, its template, its slots as they were written."""


def read_facts(source: str, file: str) -> tuple[Fact, ...]:
    """The facts of a file's text, in its order; `file` names it in faults. Raises `Faulty` with every fault found."""
    root = compose(source, file)
    reader = FactsReader(file)
    facts = reader.facts(reader.statements(root, "a facts file is a list of facts"))
    reader.done()
    return facts


def written(facts: Iterable[Fact], remark: str = "") -> str:
    """The text of a facts file, the facts in the order given; `remark` stands above them as a comment."""
    above = [f"# {line}".rstrip() for line in remark.splitlines()]
    lines = [*above, *(f"- {written_fact(fact)}" for fact in facts)]
    return "\n".join(lines if len(lines) > len(above) else [*above, "[]"]) + "\n"


def written_fact(fact: Fact) -> str:
    """One fact as an item of such a list, without the dash."""
    shapes = vocabulary().templates[fact.template].slots
    slots = ", ".join(f"{name}: {_written(value, shapes[name].type == 'text')}" for name, value in fact.slots)
    return f"{fact.template}: {{{slots}}}"


class FactsReader(MarkedReader):
    """Reads statements about facts; a file that holds them among other things derives its reader from this one."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.defaults: dict[str, dict[str, Entry]] = {}
        """Slots that statements may leave out, by template."""

    def statements(self, node: Node | None, otherwise: str) -> list[Statement]:
        """The items of a list; `otherwise` is said of what is no list."""
        found = (self.statement(one) for one in self.items(node, otherwise))
        return [one for one in found if one is not None]

    def statement(self, node: Node) -> Statement | None:
        """One item; None after a fault."""
        if not isinstance(node, Table) or len(node.entries) != 1:
            self.fault(node, FORM)
            return None
        (entry,) = node.entries
        return node, entry.key.written, self.table(entry.value, f"`{entry.key.written}`")

    def facts(self, statements: Iterable[Statement]) -> tuple[Fact, ...]:
        """The facts stated, each key once."""
        found: dict[str, Fact] = {}
        for node, template, slots in statements:
            fact = self.fact(node, template, slots)
            if fact is not None and found.setdefault(fact.ref, fact) != fact:
                self.fault(node, f"two facts say `{fact.ref}`, and not the same; keep one")
        return tuple(found.values())

    def fact(self, node: Node, template: str, slots: Mapping[str, Entry]) -> Fact | None:
        """A fact that is given, with the defaults of the file; None after a fault."""
        before = len(self.faults)
        shape = vocabulary().templates.get(template)
        many = {slot.name for slot in shape.slots.values() if slot.many} if shape is not None else ()
        said = {**self.defaults.get(template, {}), **slots}
        values = {name: self.listed(entry) if name in many else self.slot(entry) for name, entry in said.items()}
        if len(self.faults) > before:
            return None
        try:
            return admit(template, values)
        except Refused as error:
            self.fault(node, str(error))
            return None

    def listed(self, entry: Entry) -> list[str]:
        """What is written for a slot that holds a list."""
        name = entry.key.written
        return [self.word(node, f"`{name}`") for node in self.items(entry.value, f"`{name}` takes a list of values")]

    def slot(self, entry: Entry) -> str:
        """What is written for a slot; in quotes it may be empty."""
        quoted = isinstance(entry.value, Scalar) and not entry.value.plain
        return entry.value.written if quoted else self.text(entry)


def unreadable(file: str) -> Faulty:
    """The fault of a file that is no text at all."""
    return Faulty(Fault(file, 1, 1, "the file cannot be read as UTF-8 text"))


# What other readers of YAML take for a truth value, nothing, a number or a date where it stands without quotes.
_ODD = re.compile(r"(?:y|n|yes|no|on|off|true|false|null|~|[-+.0-9].*)\Z", re.IGNORECASE)
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+\-]*\Z")


def _written(value: Value, is_text: bool) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_written(one, is_text) for one in value)}]"
    if not isinstance(value, str):
        return value_text(value)
    if not is_text and _PLAIN.match(value) and not _ODD.match(value):
        return value
    return json.dumps(value, ensure_ascii=False)
