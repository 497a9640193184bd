"""What a rulebook means, as findings: each shown by facts that were fired in CLIPS, or said to be not analysed.

What is translated, and what is not: `docs/rules-meaning.md`. The questions are those of `lives` (dead), `idle` (always
true, implied), `shadowed`, `conflicts` and `gaps`. Pure, within counted budgets; whoever asks watches the clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from knowledge.clips.tree import Program
from knowledge.faults import Faulty
from knowledge.templates import Vocabulary, vocabulary
from rules.findings import Finding
from rules.meaning.conflicts import conflicts
from rules.meaning.gaps import gaps
from rules.meaning.ground import Ground
from rules.meaning.idle import idle
from rules.meaning.inquiry import Bench, Unknown
from rules.meaning.lives import Life, dead, live
from rules.meaning.shadowed import shadowed
from rules.meaning.telling import told

CODES = ("M101", "M102", "M103", "M104", "M105", "M106")
"""What can be asked; M109 says what was not answered."""


def meaning(
    program: Program,
    domains: Mapping[str, tuple[str, ...]] | None = None,
    words: Vocabulary | None = None,
    asked: Collection[str] = CODES,
) -> tuple[Finding, ...]:
    """Every finding of the codes asked for about a sound program, by place.

    `domains` says which words a slot holds on this desk (`head`: its heads). A rule that CLIPS
    refuses to take is dead, too.
    """
    bench, found = _built(program)
    ground = Ground(bench.program, words or vocabulary(), domains or {})
    found += _of_rules(ground, bench, asked)
    if "M103" in asked:
        found += conflicts(ground, bench)
    if "M104" in asked:
        found += gaps(ground, bench)
    return tuple(sorted(found, key=lambda one: one.place))


def _built(program: Program) -> tuple[Bench, list[Finding]]:
    """The rules in CLIPS, without those that it refuses because their conditions contradict each other."""
    try:
        return Bench(program), []
    except Faulty as error:
        places = {(one.file, one.line): one.message for one in error.faults}
        refused = {
            rule.name: places[rule.file, rule.at.line] for rule in program.rules if (rule.file, rule.at.line) in places
        }
        if not refused:
            raise
        rest = Program(program.file, tuple(rule for rule in program.rules if rule.name not in refused))
        found = [
            told("M101", rule, None, refused[rule.name], "correct its conditions")
            for rule in program.rules
            if rule.name in refused
        ]
        return Bench(rest), found


def _of_rules(ground: Ground, bench: Bench, asked: Collection[str]) -> Iterator[Finding]:
    """Of each rule by itself, and beside the others that conclude the same."""
    if not {"M101", "M102", "M105", "M106"} & set(asked):
        return
    lives: list[Life] = []
    for rule in ground.program.rules:
        life = live(ground, bench, rule)
        if isinstance(life, Unknown):
            yield told("M109", rule, None, f"not analysed: {life.reason}")
            continue
        lives.append(life)
        if "M101" in asked:
            yield from dead(ground, bench, life)
        if {"M105", "M106"} & set(asked):
            yield from idle(ground, bench, life)
    if "M102" in asked:
        yield from shadowed(ground, lives)
