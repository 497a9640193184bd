"""Faults of meaning seeded one by one into the shipped rulebook: what is found, what is missed, what is said falsely.

    PYTHONPATH=. python -P -m tests.rules.meaning.seeded [--only WORD]

Each fault of faults.yaml is an edit of one file and the code that has to be found for it: a finding that the clean book
does not have, about a rule or a region that the fault names. Every finding is fired again from its witness
file, in an engine of its own. Exit status 1 when fewer than the share below are found, or anything is said falsely.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from knowledge.clips.session import ClipsImage, Inference
from knowledge.facts_file import read_facts
from rules.findings import Finding
from rules.meaning.meaning import meaning
from rules.rulebook import Rulebook
from tests.rules import desk
from tests.rules.meaning.books import DOMAINS, shipped

WANTED = 0.9


@dataclass(frozen=True)
class Seeded:
    """One fault: a slip of a kind, the edit that makes it, what has to be found."""

    kind: str
    name: str
    file: str
    old: str
    new: str
    code: str
    about: str
    """A rule, or words of the sentence."""

    @property
    def rulebook(self) -> Rulebook:
        """The shipped rulebook with it."""
        return shipped(self.file, self.old, self.new)


def read_faults() -> tuple[Seeded, ...]:
    """The faults of faults.yaml."""
    text = Path(__file__).with_name("faults.yaml").read_text(encoding="utf-8")
    return tuple(Seeded(**one) for one in YAML(typ="safe", pure=True).load(text))


def found(rulebook: Rulebook) -> tuple[Finding, ...]:
    return meaning(rulebook.program, DOMAINS)


def new(findings: tuple[Finding, ...], clean: tuple[Finding, ...]) -> list[Finding]:
    known = {(one.code, one.rule, one.sentence.partition(" (line")[0]) for one in clean}
    return [one for one in findings if (one.code, one.rule, one.sentence.partition(" (line")[0]) not in known]


def caught(fault: Seeded, fresh: list[Finding]) -> bool:
    return any(one.code == fault.code and fault.about in f"{one.rule} {one.sentence}" for one in fresh)


def falsely(rulebook: Rulebook, findings: tuple[Finding, ...]) -> Iterator[Finding]:
    """The findings whose witness does not show in an engine of its own what they say."""
    if any("CLIPS refuses the rule" in one.sentence for one in findings):
        return  # what is left of it is no rulebook that could be fired
    image = ClipsImage(rulebook.program)
    for one in findings:
        if one.witness is not None and not _shows(one, image.infer(read_facts(one.witness, "witness.yaml"))):
            yield one


def _shows(finding: Finding, inference: Inference) -> bool:
    fired = {one.rule for one in inference.firings}
    match finding.code:
        case "M101":
            return finding.rule not in fired
        case "M102":
            return finding.rule in fired and any(f"`{name}`" in finding.sentence for name in fired - {finding.rule})
        case "M103":
            sides = [(fact["instrument"], fact["side"]) for fact in inference.derived if fact.template == "candidate"]
            both = any((name, "short") in sides for name, side in sides if side == "long")
            return both if "opposite" in finding.sentence else "contradict each other" in (inference.fault or "")
        case "M104":
            return all(fact.template != "candidate" for fact in inference.derived)
        case "M105" | "M106":
            return finding.rule in fired
    return True


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="faults whose kind or name holds this word")
    wanted = parser.parse_args().only
    clean = found(desk.rulebook())
    warned = [one for one in clean if one.severity != "note"]
    false = len(list(falsely(desk.rulebook(), clean))) + len(warned)
    print(f"the clean book: {len(clean)} findings, {len(warned)} of them no notes, {false} false")
    for one in clean:
        print(f"  {one.code} {one.file}:{one.line} {one.sentence}")
    faults = [one for one in read_faults() if wanted in f"{one.kind} {one.name} {one.code}"]
    missed = 0
    print(f"\n{'fault':17} {'what':56} {'wanted':6} {'found':5} others")
    for fault in faults:
        began = time.perf_counter()
        fresh = new(findings := found(fault.rulebook), clean)
        lies = list(falsely(fault.rulebook, findings))
        is_caught = caught(fault, fresh)
        missed += not is_caught
        false += len(lies)
        others = " ".join(sorted({one.code for one in fresh} - {fault.code})) or "-"
        seconds = time.perf_counter() - began
        shown = "yes" if is_caught else "NO"
        row = f"{fault.kind:17} {fault.name:56} {fault.code:6} {shown:5} {others:20} {seconds:5.1f} s"
        print(row + " FALSE" * len(lies))
        if not is_caught:
            for one in fresh:
                print(f"    {one.code} {one.rule}: {one.sentence[:200]}")
        sys.stdout.flush()
    print(f"\nof {len(faults)} seeded faults {len(faults) - missed} found, {missed} missed; {false} findings false")
    return int(false > 0 or len(faults) - missed < WANTED * len(faults))


if __name__ == "__main__":
    sys.exit(main())
