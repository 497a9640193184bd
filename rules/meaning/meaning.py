"""What a rulebook means, as findings: each shown by facts that were fired in CLIPS, or said to be not analysed."""

from __future__ import annotations

from collections.abc import Mapping

from knowledge.clips.tree import Program
from knowledge.templates import Vocabulary, vocabulary
from rules.findings import Finding
from rules.meaning.conflicts import conflicts
from rules.meaning.inquiry import Bench
from rules.meaning.scene import Ground


def meaning(
    program: Program, domains: Mapping[str, tuple[str, ...]] | None = None, words: Vocabulary | None = None
) -> tuple[Finding, ...]:
    """Every finding about a sound program. `domains` says which words a slot holds on this desk (`head`: its heads)."""
    ground = Ground(program, words or vocabulary(), domains or {})
    bench = Bench(program)
    return tuple(conflicts(ground, bench))
