from __future__ import annotations

import pytest

from knowledge.clips.session import ClipsImage
from knowledge.facts_file import read_facts
from tests.rules.meaning.books import book, of, rsi, rule

EXIT = "(exit (instrument ?i) (rule {}))"
HELD = "(position (instrument ?i) (sessions-held ?n&:(>= ?n 5)))"
LONG_HELD = "(position (instrument ?i) (sessions-held ?k&:(> ?k 7)) (side long))"
OUT = "(not (working (instrument ?i)))"


def of_two(weak: str, strong: str) -> list[str]:
    made = book(rule("weak", weak, EXIT.format("weak")) + rule("strong", strong, EXIT.format("strong")))
    found = of(made, "M102")
    for one in found:
        fired = ClipsImage(made.program).infer(read_facts(one.witness or "", "w.yaml")).firings
        assert {firing.rule for firing in fired} == {"weak", "strong"}
    return [one.rule for one in found]


@pytest.mark.parametrize(
    ("weak", "strong", "shadowed"),
    [
        (HELD, LONG_HELD, ["strong"]),
        (HELD, HELD.replace("5", "6"), ["strong"]),
        (HELD, HELD.replace("?n", "?m"), ["strong"]),  # of two that say the same, the later one
        (HELD.replace(">= ?n 5", "> ?n 4"), HELD, ["strong"]),
        (f"{HELD} {OUT}", f"{LONG_HELD} {OUT}", ["strong"]),
        (f"{HELD} (not (working (instrument ?i) (side buy)))", f"{LONG_HELD} {OUT}", ["strong"]),
        (f"{HELD} {OUT}", LONG_HELD, []),
        (f"{HELD} {OUT}", f"{LONG_HELD} (not (working (instrument ?i) (side buy)))", []),
        (HELD, LONG_HELD.replace("7", "3"), []),
        (f"{HELD} {rsi('(> ?rsi 50.0)')}", f"{LONG_HELD} {rsi('(> ?rsi 60.0)')}", ["strong"]),
        (f"{HELD} (exists {rsi('(> ?rsi 50.0)')})", f"{LONG_HELD} {rsi('(> ?rsi 60.0)')}", ["strong"]),
        (f"{HELD} {rsi('(> ?rsi 50.0)')}", f"{LONG_HELD} {rsi('(> ?rsi 50.0)').replace('?i', '?j')}", []),
    ],
)
def test_a_rule_that_adds_nothing_is_shadowed(weak: str, strong: str, shadowed: list[str]) -> None:
    assert of_two(weak, strong) == shadowed


def test_what_the_facts_rest_on_counts() -> None:
    up = rule("up", rsi("(> ?rsi 70.0)"), "(trend (instrument ?i) (direction up))", 10)
    by_trend = rule("by-trend", "(trend (instrument ?i) (direction up))", EXIT.format("by-trend"))
    by_rsi = rule("by-rsi", rsi("(> ?rsi 60.0)"), EXIT.format("by-rsi"))
    assert [one.rule for one in of(book(up + by_trend + by_rsi), "M102")] == ["by-trend"]
