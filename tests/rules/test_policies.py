"""The policies that ship, against a slow and obvious reading of them in Python; and their explanations in words."""

from __future__ import annotations

import pytest
from hypothesis import given

from knowledge.facts import Fact
from knowledge.prolog.session import PrologPolicies, ProofNode, check_policies
from tests.knowledge.policy_texts import (
    both_sides,
    calendar,
    candidate,
    earnings,
    reference,
    shipped_sources,
    worlds,
)

SHIPPED = PrologPolicies(shipped_sources())

LISTED = {"facebook": "recent-listings-2012", "recent-listings-2012": "syndicate-offerings"}
RESTRICTED = {"syndicate-offerings": ("2012-05-18", "2012-06-27")}


def reasons(world: list[Fact], instrument: str, side: str) -> set[str]:
    """Why the desk may not enter, read off compliance's memo."""
    known = {fact.template: fact for fact in world if fact["instrument"] == instrument}
    about, ahead, release = known.get("reference"), known.get("calendar"), known.get("earnings")
    found = set()
    if about is None:
        found |= {"issuer_unknown", "jurisdiction"} | ({"not_shortable"} if side == "short" else set())
    else:
        if about["country"] != "US" or about["exchange"] not in ("XNYS", "XNAS"):
            found.add("jurisdiction")
        if side == "short" and about["shortable"] == "no":
            found.add("not_shortable")
        group = LISTED.get(about.word("issuer"))
        while group is not None:
            first, last = RESTRICTED.get(group, ("9999", "0000"))
            if group in RESTRICTED and (ahead is None or first <= ahead.word("next") <= last):
                found.add("restricted_list")
            group = LISTED.get(group)
    if ahead is None or ahead["session"] == "closed":
        found.add("no_session")
    if release is None:
        found.add("earnings_date_unknown")
    elif release.number("sessions") <= 3:
        found.add("earnings_blackout")
    return found


@given(worlds())
def test_the_policies_say_what_the_memo_says(world):
    for verdict in SHIPPED.judge(world, both_sides()):
        expected = reasons(world, verdict.instrument, verdict.side)
        assert verdict.fault is None
        assert set(verdict.reasons) == expected
        assert verdict.outcome == ("forbidden" if expected else "permitted")


def test_the_policies_that_ship_have_no_fault():
    assert check_policies(shipped_sources()) == []


def test_nothing_known_is_no_entry():
    assert {verdict.outcome for verdict in SHIPPED.judge([], both_sides())} == {"forbidden"}


def facebook(day: str) -> list[Fact]:
    return [reference("FB", "facebook", shortable="no"), calendar("FB", "open", day), earnings("FB", 20)]


@pytest.mark.parametrize(
    ("day", "outcome"),
    [
        ("2012-05-17", "permitted"),
        ("2012-05-18", "forbidden"),
        ("2012-06-27", "forbidden"),
        ("2012-06-28", "permitted"),
    ],
)
def test_the_quiet_period_has_a_first_and_a_last_day(day, outcome):
    assert SHIPPED.judge(facebook(day), [candidate("FB")])[0].outcome == outcome


@pytest.mark.parametrize(("sessions", "outcome"), [(0, "forbidden"), (3, "forbidden"), (4, "permitted")])
def test_the_blackout_covers_three_sessions(sessions, outcome):
    world = [reference("IBM", "ibm"), calendar("IBM", "half"), earnings("IBM", sessions)]
    assert SHIPPED.judge(world, [candidate("IBM")])[0].outcome == outcome


def outline(node: ProofNode, depth: int = 0) -> list[str]:
    return [f"{'  ' * depth}{node.sentence}", *(line for child in node.children for line in outline(child, depth + 1))]


def test_a_refusal_reads_like_this():
    (verdict,) = SHIPPED.judge(facebook("2012-06-01"), [candidate("FB", "short")])
    assert verdict.reasons == ("restricted_list", "not_shortable")
    assert [line for proof in verdict.proofs for line in outline(proof)] == [
        "FB short is forbidden: restricted list",
        "  FB is issued by facebook",
        "    reference of FB: issuer facebook",
        "  facebook belongs to syndicate-offerings",
        "    facebook is listed in recent-listings-2012",
        "    recent-listings-2012 belongs to syndicate-offerings",
        "      recent-listings-2012 is listed in syndicate-offerings",
        "  syndicate-offerings is restricted from 2012-05-18 to 2012-06-27",
        "  FB would trade between 2012-05-18 and 2012-06-27",
        "    calendar of FB: next 2012-06-01",
        "    first 2012-05-18 is not after next session 2012-06-01",
        "    next session 2012-06-01 is not after last 2012-06-27",
        "FB short is forbidden: not shortable",
        "  side short is short",
        "  it is not so that shares of FB can be borrowed",
        "    it is not so that shares of FB can be borrowed",
        "      reference of FB: shortable is no, not yes",
        "        reference of FB: shortable no",
    ]


def test_a_permission_reads_like_this():
    world = [reference("IBM", "ibm", "XNYS"), calendar("IBM"), earnings("IBM", 12)]
    (verdict,) = SHIPPED.judge(world, [candidate("IBM")])
    (proof,) = verdict.proofs
    assert outline(proof) == [
        "IBM long is permitted",
        "  it is not so that IBM long is forbidden: any reason",
        "    it is not so that IBM long is forbidden: restricted list",
        "      IBM is issued by ibm",
        "        reference of IBM: issuer ibm",
        "      it is not so that ibm belongs to any group",
        "        it is not so that ibm belongs to any group",
        "          nothing says that ibm is listed in any group",
        "        it is not so that ibm belongs to any group",
        "          nothing says that ibm is listed in any group",
        "    it is not so that IBM long is forbidden: issuer unknown",
        "      IBM is issued by ibm",
        "        IBM is issued by ibm",
        "          reference of IBM: issuer ibm",
        "    it is not so that IBM long is forbidden: jurisdiction",
        "      IBM lies inside the jurisdiction of this desk",
        "        IBM lies inside the jurisdiction of this desk",
        "          reference of IBM: exchange XNYS, country US",
        "          this desk may trade in US",
        "          this desk may trade on XNYS",
        "    it is not so that IBM long is forbidden: no session",
        "      IBM has a session ahead",
        "        IBM has a session ahead",
        "          calendar of IBM: session open",
        "          a session that is open can be traded",
        "    it is not so that IBM long is forbidden: earnings blackout",
        "      it is not so that IBM reports earnings within three sessions",
        "        earnings of IBM: sessions 12",
        "        12 sessions to earnings > 3",
        "    it is not so that IBM long is forbidden: earnings date unknown",
        "      earnings of IBM is known",
        "        earnings of IBM is known",
        "    it is not so that IBM long is forbidden: not shortable",
        "      side long is not short",
    ]


def test_every_place_in_a_proof_is_a_line_of_the_text():
    texts = {file: text.splitlines() for file, text in shipped_sources()}
    for verdict in SHIPPED.judge(facebook("2012-06-01"), both_sides()):
        for node in (node for proof in verdict.proofs for node in proof.walk()):
            if node.source != "snapshot":
                file, _, line = node.source.rpartition(":")
                assert texts[file][int(line) - 1].strip(), node
