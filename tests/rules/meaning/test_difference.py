from __future__ import annotations

import pytest

from knowledge.clips.session import ClipsImage
from knowledge.facts_file import read_facts
from rules.meaning.difference import Change, Witness, difference, told
from rules.rulebook import Rulebook
from tests.rules import desk
from tests.rules.meaning.books import DOMAINS, book, rsi, rule, shipped

EXIT = "(exit (instrument ?i) (rule a))"
HELD = "(position (instrument ?i) (sessions-held ?n&:(>= ?n 5)))"
OUT = "(not (working (instrument ?i)))"


def changes(old: Rulebook, new: Rulebook) -> list[Change]:
    found = list(difference(old.program, new.program, DOMAINS))
    for change in found:
        for witness in filter(None, (change.before, change.after)):
            _replayed(old, new, change, witness)
    return found


def _replayed(old: Rulebook, new: Rulebook, change: Change, witness: Witness) -> None:
    """A witness says what both rulebooks make of it, in engines of their own."""
    facts = read_facts(witness.to_json()["facts"], "w.yaml")
    before, after = (ClipsImage(one.program).infer(facts) for one in (old, new))
    fires = [any(one.rule == change.rule for one in each.firings) for each in (before, after)]
    assert fires != [False, False]
    if change.kind in ("wider", "narrower", "added", "removed"):
        assert fires == [witness is change.before, witness is change.after]
    assert [fact in after.derived for fact in before.derived].count(False) == len(witness.old)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (HELD, HELD.replace("5", "4"), "wider"),
        (HELD, HELD.replace("5", "6"), "narrower"),
        (HELD, HELD.replace(">= ?n 5", "> ?n 4"), "same"),
        (HELD, HELD.replace(">=", "<="), "other"),
        (HELD, f"{HELD} {OUT}", "narrower"),
        (f"{HELD} {OUT}", f"{HELD} (not (working (instrument ?i) (side buy)))", "wider"),
        (HELD, f"{rsi('(> ?rsi 1.0)')} (position (instrument ?i))", "other"),
        (HELD, HELD.replace("?n", "?m"), "same"),
        (f"{rsi('(> ?rsi 50.0)')} {HELD}", f"{HELD} {rsi('(> ?rsi 50.0)')}", "same"),
    ],
)
def test_a_rule_becomes_wider_narrower_other_or_stays_the_same(old: str, new: str, kind: str) -> None:
    (found,) = changes(book(rule("a", old, EXIT)), book(rule("a", new, EXIT)))
    assert found.kind == kind
    wanted = {"wider": (False, True), "narrower": (True, False), "other": (True, True), "same": (False, False)}[kind]
    assert (found.before is not None, found.after is not None) == wanted


def test_another_conclusion_is_another_rule() -> None:
    was = rule("a", HELD, "(setup (instrument ?i) (kind volume) (direction long))")
    (found,) = changes(book(was), book(was.replace("direction long", "direction short")))
    assert found.kind == "other"
    assert found.before is not None and "direction: long" in found.before.old[0]


def test_rules_come_and_go_with_facts_that_show_it() -> None:
    one, other = rule("a", HELD, EXIT), rule("b", rsi("(> ?rsi 70.0)"), EXIT.replace("rule a", "rule b"))
    (gone, new) = sorted(changes(book(one), book(other)), key=lambda change: change.rule)
    assert (gone.kind, new.kind) == ("removed", "added")
    assert gone.before is not None and new.after is not None
    assert told([gone])[0] == "removed: `a` is gone (rules.clp:1)"


def test_the_same_rulebook_means_the_same() -> None:
    assert changes(desk.rulebook(), desk.rulebook()) == []
    assert told([]) == ["the rulebooks mean the same"]


def test_a_change_reaches_what_rests_on_it() -> None:
    found = changes(desk.rulebook(), shipped("trend.clp", "(> ?spread 0.0)", "(> ?spread 0.01)"))
    kinds = {one.rule: one.kind for one in found}
    assert kinds.pop("trend-up") == "narrower"
    assert kinds == dict.fromkeys(("momentum-long", "veto-short-in-bull", "swing-short", "swing-long"), "affected") | {
        "momentum-short": "affected", "veto-long-in-bear": "affected",
    }  # fmt: skip


def test_a_threshold_of_the_shipped_rulebook_moves() -> None:
    (found, *affected) = changes(desk.rulebook(), shipped("veto.clp", "(> ?rsi 80.0)", "(> ?rsi 75.0)"))
    assert (found.rule, found.kind) == ("veto-overbought", "wider")
    assert {one.kind for one in affected} == {"affected"}
    assert found.after is not None
    assert found.after.new == ("veto: {instrument: AAPL, rule: veto-overbought}",)
