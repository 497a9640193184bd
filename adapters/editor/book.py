"""The texts of a desk that an editor works on, and everything that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

from adapters.editor.case_words import case_mentions, case_outline
from adapters.editor.clips_words import clips_mentions, clips_outline
from adapters.editor.looking import case_texts
from adapters.editor.names import Mention, Named, Outlined
from adapters.editor.policy_words import policy_mentions, policy_outline
from rules.texts import POLICIES, RULES, read_text

VOCABULARY = str(resources.files("knowledge").joinpath("templates.yaml"))
"""The file that declares templates and measures; it belongs to the program, not to the desk."""


@dataclass(frozen=True)
class Book:
    """Texts by path inside the desk, in the order in which they are loaded; `unloaded` are paths of other files."""

    rules: Mapping[str, str]
    policies: Mapping[str, str]
    cases: Mapping[str, str]
    unloaded: tuple[str, ...] = ()

    @cached_property
    def texts(self) -> dict[str, str]:
        """Every text."""
        return {**self.rules, **self.policies, **self.cases}

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """Everything that is named anywhere, file by file."""
        return tuple(one for file in self.texts for one in self.mentions_in(file))

    def mentions_in(self, file: str) -> tuple[Mention, ...]:
        """What one file names, in order."""
        if file in self.rules:
            return clips_mentions(file, self.rules[file])
        if file in self.policies:
            return policy_mentions(file, self.policies[file])
        return case_mentions(file, self.cases[file]) if file in self.cases else ()

    def mention_at(self, file: str, offset: int) -> Mention | None:
        """What is named at a place: the word there, or the one that ends there."""
        found = [one for one in self.mentions_in(file) if one.start <= offset <= one.end]
        return found[-1] if found else None

    def mentions_of(self, of: Named) -> list[Mention]:
        """Where something is named."""
        return [one for one in self.mentions if one.of == of]

    def outline(self, file: str) -> Iterator[Outlined]:
        """What stands in a file."""
        if file in self.rules:
            yield from clips_outline(self.rules[file])
        elif file in self.policies:
            yield from policy_outline(self.policies[file])
        elif file in self.cases:
            yield from case_outline(self.cases[file])


def read_book(desk: Path, unsaved: Mapping[str, str]) -> Book:
    """The texts of a desk: what it loads, its cases, and what is open besides.

    What is loaded is found by its words, so that a text which takes long to parse keeps no answer waiting; whether a
    file may be loaded is for the check to say.
    """
    rules = _led_to(desk, unsaved, RULES, lambda file, text: clips_mentions(file, text) if file == RULES else ())
    policies = _led_to(desk, unsaved, POLICIES, policy_mentions)
    for name, text in unsaved.items():
        if name.endswith((".clp", ".pl")) and name not in rules and name not in policies:
            (policies if name.endswith(".pl") else rules)[name] = text
    found = {
        path.relative_to(desk).as_posix() for ending in ("clp", "pl") for path in desk.glob(f"rules/**/*.{ending}")
    }
    return Book(rules, policies, case_texts(desk, unsaved), tuple(sorted(found - set(rules) - set(policies))))


def _led_to(
    desk: Path, unsaved: Mapping[str, str], entry: str, names: Callable[[str, str], Iterable[Mention]]
) -> dict[str, str]:
    """The text of an entry and of each file that it leads to, in the order in which they are named."""
    found: dict[str, str] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop(0)
        place = (desk / name).resolve() if "\0" not in name else desk
        if name in found or not place.is_relative_to(desk.resolve()):
            continue
        text = unsaved[name] if name in unsaved else read_text(place, name)
        if isinstance(text, str):
            found[name] = text
            waiting = [one.of.name for one in names(name, text) if one.of.kind == "file"] + waiting
    return found
