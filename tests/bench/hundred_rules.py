"""The check of a hundred rules: the shipped ones, and setups, vetoes and exits over pairs of measures beside them."""

from __future__ import annotations

import sys
import time
from itertools import combinations, islice

from adapters.asking.meanings import meanings
from rules.rulebook import Rulebook, Source
from tests.rules import desk

MEASURES = (
    ("rsi-14", "45.0", "60.0"),
    ("stochastic-k", "40.0", "60.0"),
    ("bollinger-position", "0.3", "0.7"),
    ("momentum-21", "-0.02", "0.02"),
    ("momentum-252", "0.0", "0.1"),
    ("volatility-20", "0.2", "0.4"),
    ("beta-252", "0.8", "1.2"),
    ("ema-20-distance", "-0.01", "0.01"),
    ("obv-zscore", "-0.5", "0.5"),
    ("adx-14", "15.0", "30.0"),
)
HEADS = {
    "setup": (300, "(setup (instrument ?i) (kind {kind}) (direction {side}))", ""),
    "veto": (100, "(veto (instrument ?i) (rule {name}))", "  (consensus (instrument ?i) (direction {side}))\n"),
    "exit": (0, "(exit (instrument ?i) (rule {name}))", "  (position (instrument ?i) (side {side}))\n"),
}


def book(count: int = 100) -> Rulebook:
    """A rulebook of so many rules."""
    shipped = desk.rulebook()
    lacking = count - len(shipped.program.rules)
    pairs = [
        (head, one, other)
        for one, other in combinations(MEASURES, 2)
        for head in HEADS
    ]  # fmt: skip
    texts = [_rule(place, *pair) for place, pair in enumerate(islice(pairs, lacking))]
    assert len(texts) == lacking, "there are no more pairs of measures"
    more = Source("rules/book/more.clp", "\n".join(texts))
    return Rulebook((*shipped.rules, more), shipped.policies)


def _rule(place: int, head: str, one: tuple[str, str, str], other: tuple[str, str, str]) -> str:
    salience, conclusion, first = HEADS[head]
    name, side = f"{head}-{place}", ("long", "short")[place % 2]
    kind = ("momentum", "reversion", "volume")[place // 2 % 3]
    words = {"name": name, "side": side, "kind": kind}
    low = f"  (indicator (instrument ?i) (name {one[0]}) (value ?x&:(< ?x {one[1]})))\n"
    high = f"  (indicator (instrument ?i) (name {other[0]}) (value ?y&:(> ?y {other[2]})))\n"
    return (
        f'(defrule {name}\n  "quant | ?i stands at ?x and ?y"\n  (declare (salience {salience}))\n'
        f"{first.format(**words)}{low}{high}  =>\n  (assert {conclusion.format(**words)}))\n"
    )


def main() -> None:
    """Print what it takes, in the process that asks, from its start to its answer."""
    made = book(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
    for codes in (
        ("M101", "M102", "M105", "M106"),
        ("M103",),
        ("M104",),
        ("M101", "M102", "M103", "M104", "M105", "M106"),
    ):
        began = time.perf_counter()
        found = meanings(made.program, codes)
        seconds = time.perf_counter() - began
        count = len(made.program.rules)
        print(f"{count} rules, {', '.join(codes)}: {seconds:.1f} s, {len(found)} findings", flush=True)
        for one in found:
            if one.code == "M109":
                print(f"  {one.rule}: {one.sentence}")


if __name__ == "__main__":
    main()
