"""What is typed at `warrant rules repl`, and what is answered: lines in, lines out, no terminal.

Each change is followed by what it changes: conclusions that came (`+`) and went (`-`), and candidates whose permission
changed. A change that does not load is told and taken back.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

from adapters.authoring.bench import Bench, Engines, Fired
from adapters.frame import Failed
from knowledge.clips.lists import nested
from knowledge.clips.text import parse
from knowledge.facts import Fact
from knowledge.facts_file import read_facts, written, written_fact
from knowledge.faults import Fault, Faulty
from knowledge.templates import vocabulary
from rules.signatures import meant

TYPED = "typed"
"""The file name of what was typed."""
HELP = """\
(defrule …)              try a rule beside the book, or in place of the one of its name; it may take several lines
TEMPLATE: {SLOT: VALUE}  put a fact on the bench: indicator: {instrument: AAPL, name: rsi-14, value: 85}
set NAME SYMBOL VALUE    give an indicator another value; of a measure of the market: set NAME VALUE
drop REF                 take a fact away: drop indicator(AAPL,rsi-14)
load FILE                facts from a .yaml file, rules from a .clp file
facts [WORD]...          the facts whose line holds all words
fires [WORD]...          the firings whose line holds all words
why RULE [SYMBOL]        why a rule did not fire
rules                    the rules that are tried
undo                     take back the last change
save FILE                write the facts to a file
quit                     end (or Ctrl-D)"""


class Conversation:
    """A bench, what was on it before each change, and what the last run came to."""

    def __init__(self, bench: Bench, engines: Engines) -> None:
        self._engines = engines
        self._bench = bench
        self._before: list[tuple[Bench, Fired]] = []
        self._pending = ""
        self._fired = engines.fire(bench)
        self._commands: dict[str, Callable[[list[str]], Iterator[str]]] = {
            "help": self._help,
            "set": self._set,
            "drop": self._drop,
            "load": self._load,
            "facts": self._facts,
            "fires": self._fires,
            "why": self._why,
            "rules": self._rules,
            "undo": self._undo,
            "save": self._save,
        }

    @property
    def is_open(self) -> bool:
        """Whether a rule was begun and not yet closed."""
        return bool(self._pending)

    def greeting(self) -> list[str]:
        """What is on the bench at the start."""
        count = f"{len(self._bench.facts)} facts on the bench, {len(self._fired.firings)} firings"
        fault = [f"the rules came to no end: {self._fired.fault}"] if self._fired.fault else []
        return [f"{count}; `help` says what can be typed", *fault]

    def take(self, line: str) -> list[str]:
        """The answer to a line. Faults of the user are answers; raises nothing that the user can cause."""
        try:
            return list(self._answer(line))
        except Faulty as error:
            return [str(fault) for fault in error.faults]
        except Failed as error:
            return [str(error)]

    def _answer(self, line: str) -> Iterator[str]:
        if self._pending or line.lstrip().startswith("("):
            yield from self._rule(line)
            return
        if not line.strip() or line.lstrip().startswith((";", "#")):
            return
        first = line.split(maxsplit=1)[0]
        if first.endswith(":") or line.lstrip().startswith("- "):
            text = line.strip().removeprefix("- ")
            yield from self._changed(self._bench.with_facts(read_facts(f"- {text}\n", TYPED)))
        elif first in self._commands:
            try:
                words = shlex.split(line)[1:]
            except ValueError as error:
                raise _wrong(f"`{line.strip()}`: {str(error).lower()}") from None
            yield from self._commands[first](words)
        else:
            raise _wrong(f"`{first}` is nothing that can be typed here{meant(first, self._commands)}; see `help`")

    # Changes.

    def _rule(self, line: str) -> Iterator[str]:
        """A rule, as soon as its last parenthesis is closed; an empty line gives up."""
        if not line.strip():
            self._pending = ""
            yield "given up"
            return
        self._pending += f"{line}\n"
        if self._pending.count("(") > self._pending.count(")") and nested(self._pending, TYPED)[1]:
            return
        text, self._pending = self._pending, ""
        yield from self._changed(self._bench.with_rules(text, TYPED))

    def _set(self, words: list[str]) -> Iterator[str]:
        name, value = (words[0], words[-1]) if len(words) in (2, 3) else ("", "")
        if not name:
            raise _wrong("write `set rsi-14 AAPL 85`, or `set index-momentum-63 0.05`")
        groups = vocabulary().measures
        if len(words) == 3 and name in groups["indicators"]:
            slots = f"instrument: {words[1]}, name: {name}"
            fact = f"- indicator: {{{slots}, value: {value}}}\n"
        elif len(words) == 2 and name in groups["market"]:
            fact = f"- market: {{name: {name}, value: {value}}}\n"
        else:
            known = groups["indicators"] if len(words) == 3 else groups["market"]
            raise _wrong(f"no measure is called `{name}` here{meant(name, known)}")
        yield from self._changed(self._bench.with_facts(read_facts(fact, TYPED)))

    def _drop(self, words: list[str]) -> Iterator[str]:
        known = {fact.ref: fact for fact in self._bench.facts}
        for ref in words:
            if ref not in known:
                raise _wrong(f"there is no fact `{ref}` on the bench{meant(ref, known)}")
        if not words:
            raise _wrong("write the name of a fact: `drop indicator(AAPL,rsi-14)`; `facts` lists them")
        yield from self._changed(self._bench.without(words))

    def _load(self, words: list[str]) -> Iterator[str]:
        if len(words) != 1:
            raise _wrong("write one file: `load facts.yaml`, or `load rule.clp`")
        path = Path(words[0])
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise _wrong(f"`{path}` can not be read: {str(error).lower()}") from None
        is_rule = path.suffix == ".clp"
        bench = self._bench
        yield from self._changed(
            bench.with_rules(text, str(path)) if is_rule else bench.with_facts(read_facts(text, str(path)))
        )

    def _undo(self, words: list[str]) -> Iterator[str]:
        if not self._before:
            raise _wrong("there is nothing to take back")
        fired, (self._bench, self._fired) = self._fired, self._before.pop()
        yield from _difference(fired, self._fired)

    def _changed(self, bench: Bench) -> Iterator[str]:
        """Run the rules on the changed bench, keep it, and tell what came and went."""
        fired = self._engines.fire(bench)
        self._before.append((self._bench, self._fired))
        self._bench, before, self._fired = bench, self._fired, fired
        yield from _difference(before, fired)

    # Questions.

    def _help(self, words: list[str]) -> Iterator[str]:
        yield from HELP.splitlines()

    def _facts(self, words: list[str]) -> Iterator[str]:
        yield from _holding((written_fact(fact) for fact in self._bench.facts), words)

    def _fires(self, words: list[str]) -> Iterator[str]:
        lines = (f"{rule}: {said} → {', '.join(refs)}" for rule, said, refs in self._fired.firings)
        yield from _holding(lines, words)
        judged = (f"{name} {side}: {what}{_reasons(why)}" for name, side, what, why in self._fired.verdicts)
        yield from _holding(judged, words)

    def _why(self, words: list[str]) -> Iterator[str]:
        if len(words) not in (1, 2):
            raise _wrong("write `why RULE SYMBOL`: `why swing-long AAPL`")
        rule, symbol = words[0], words[1] if len(words) == 2 else ""
        known = {one.name: one for source in self._bench.rules for one in parse(source.text, source.file).rules}
        known |= {name: parse(text, TYPED).rules[0] for name, text in self._bench.tried}
        if rule not in known:
            raise _wrong(f"no rule is called `{rule}`{meant(rule, known)}")
        fired = [one for one in self._fired.firings if one[0] == rule and _is_about(one[2], symbol)]
        if fired:
            yield from (f"it fired: {said}" for _, said, _ in fired)
            return
        miss = self._engines.why(self._bench, rule, symbol)
        if miss is None:
            yield f"`{rule}` concludes nothing about {symbol or 'anything'}"
        while miss is not None:
            yield f"{miss['rule']}, {miss['held']} of {miss['conditions']} conditions held: {miss['failing']}"
            miss = miss["because"]

    def _rules(self, words: list[str]) -> Iterator[str]:
        yield from (text for _, text in self._bench.tried)
        if not self._bench.tried:
            yield "no rule is tried beside the book"

    def _save(self, words: list[str]) -> Iterator[str]:
        if len(words) != 1:
            raise _wrong("write one file: `save facts.yaml`")
        try:
            Path(words[0]).write_text(written(self._bench.facts), encoding="utf-8")
        except OSError as error:
            raise _wrong(f"`{words[0]}` can not be written: {error.strerror}") from None
        yield f"{len(self._bench.facts)} facts: {words[0]}"


def told_facts(facts: dict[str, Fact]) -> list[Fact]:
    """The facts that no rule concluded: rules conclude theirs again."""
    words = vocabulary().templates
    return [fact for fact in facts.values() if words[fact.template].origin != "rules"]


def _difference(before: Fired, after: Fired) -> Iterator[str]:
    """What came and went from one run to another."""
    if after.fault:
        yield f"the rules came to no end: {after.fault}"
        return
    said = {ref: f"{rule}: {words}" for rule, words, refs in after.firings for ref in refs}
    yield from (f"- {ref}" for ref in sorted(before.derived - after.derived))
    yield from (f"+ {ref}  {said.get(ref, '')}".rstrip() for ref in sorted(after.derived - before.derived))
    was = {(name, side): (what, why) for name, side, what, why in before.verdicts}
    is_now = {(name, side): (what, why) for name, side, what, why in after.verdicts}
    changed = [key for key in is_now if is_now[key] != was.get(key)]
    yield from (f"  {name} {side}: {is_now[name, side][0]}{_reasons(is_now[name, side][1])}" for name, side in changed)
    if before.derived == after.derived and not changed:
        yield "nothing changes"


def _reasons(why: tuple[str, ...]) -> str:
    return f" ({', '.join(why)})" if why else ""


def _holding(lines: Iterator[str], words: list[str]) -> Iterator[str]:
    found = [line for line in lines if all(word.lower() in line.lower() for word in words)]
    yield from found or (["there is none"] if words else [])


def _is_about(refs: tuple[str, ...], symbol: str) -> bool:
    return not symbol or any(symbol in ref.partition("(")[2].rstrip(")").split(",") for ref in refs)


def _wrong(message: str) -> Faulty:
    return Faulty(Fault(TYPED, 1, 1, message))
