"""What a file of cases names, read line by line, whatever the text: while it is typed it is rarely YAML.

What is expected is read by `rules.cases`; this reading refuses nothing. A template is a key with that name, and the
keys after it are its slots: in braces behind it, or in the lines below it that are indented further.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from adapters.editor.names import Mention, Named, Outlined
from knowledge.templates import vocabulary

_TOKEN = re.compile(
    r"""(?P<comment>(?<![^\s])\#[^\n]*)|(?P<string>"(?:[^"\\\n]|\\.)*"?|'(?:[^'\n]|'')*'?)(?P<quoted_key>\s*:(?=\s|$))?"""
    r"""|(?P<break>\n)|(?P<punct>[{}\[\],])|(?P<dash>-(?=\s|$))|(?P<key>[A-Za-z_][\w.-]*)(?P<colon>\s*:(?=\s|$))"""
    r"""|(?P<word>[^\s{}\[\],]+)""",
    re.MULTILINE,
)
_CASE = re.compile(r"^[ \t]*- name:[ \t]*(\S[^\n]*?)[ \t]*$", re.MULTILINE)


@lru_cache(maxsize=256)
def case_mentions(file: str, text: str) -> tuple[Mention, ...]:
    """Everything that a file of cases names, in order."""
    return tuple(_mentions(file, text))


def _mentions(file: str, text: str) -> Iterator[Mention]:
    words = vocabulary()
    template, depth, key, line = "", 0, "", 0
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup
        start = found.start()
        if kind == "break":
            line, key = found.end(), ""
        elif kind == "colon":
            column = start - line
            key = found["key"]
            at = Mention(file, start, start + len(key), Named("template", key))
            if key in words.templates and (not template or column <= depth or text[line:start].strip(" ") == "-"):
                template, depth = key, column
                yield at
            elif template and column > depth and key in words.templates[template].slots:
                yield Mention(file, start, start + len(key), Named("slot", key, template))
            elif column <= depth:
                template = ""
        elif kind in ("word", "string") and key:
            quote = kind == "string"
            end = found.end() - (quote and len(found[0]) > 1 and found[0].endswith(found[0][0]))
            value = text[start + quote : end]
            if (named := _value(key, value, template)) is not None:
                yield Mention(file, start + quote, end, named)
            key = ""
        elif kind == "punct":
            key = ""


def _value(key: str, value: str, template: str) -> Named | None:
    """What a value names."""
    if not template:
        return Named("rule" if key == "rule" else "reason", value) if key in ("rule", "policy") else None
    slot = vocabulary().templates[template].slots.get(key)
    if slot is None:
        return None
    if slot.measures and value in vocabulary().measures[slot.measures]:
        return Named("measure", value, slot.measures)
    return Named("rule", value) if slot.name == "rule" else None


def case_outline(text: str) -> Iterator[Outlined]:
    """The cases of a file."""
    found = list(_CASE.finditer(text))
    for place, one in enumerate(found, 1):
        after = found[place].start() if place < len(found) else len(text)
        yield Outlined("case", one[1], "", one.start(), after, one.start(1), one.end(1))
