"""Fills that their orders did not allow and accounts that do not come to what is said: each edit is found."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest

from adapters.verifying.trading import TradingCheck
from knowledge.values import Json
from tests.adapters.records import at, body
from tests.attack.stage import SESSIONS, Stage, desk, records, running
from tests.attack.test_targets import SETTINGS, asking, day

MON, TUE, WED, THU, FRI = SESSIONS[:5]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> list[Json]:
    """A position bought, half of it gone at its target, the rest the day after; all settles a session later."""
    quotes = {
        (TUE, "AAPL"): day("501", 9_000_000),
        (WED, "AAPL"): day("530", 300),
        (THU, "AAPL"): day("530", 9_000_000),
    }
    stage = Stage(desk(tmp_path_factory.mktemp("story"), SETTINGS), moods={(MON, "AAPL"): "long"}, quotes=quotes)
    with running(stage, None, asking()) as runner:
        costs = {"participation": "0.1", "settlement_days": "1"}
        runner.start({"account": "PAPER-1", "capital": "1000000", "currency": "USD", "costs": costs})
        for session in (MON, TUE, WED, THU, FRI):
            runner.cycle(session)
    return records(stage)


def complaints(told: list[Json]) -> list[tuple[int, str, str]]:
    check = TradingCheck()
    return [(seq, *found) for seq, record in enumerate(told) for found in check.feed(record)]


def test_what_happened_holds(story: list[Json]) -> None:
    assert complaints(story) == []
    assert sum(one["kind"] == "fill" for one in story) == 3
    assert sum(one.get("entry") == "settlement" for one in story) == 3


def too_much(told: list[Json]) -> None:
    last = _fills(told)[-1]
    last["quantity"] = str(int(last["quantity"]) + 1)


def other_way(told: list[Json]) -> None:
    _fills(told)[1]["side"] = "buy"


def thin(told: list[Json]) -> None:
    _fills(told)[1]["volume"] = "299"


def late(told: list[Json]) -> None:
    first = _fills(told)[0]
    again = {**first, "session": WED, "as_of": f"{WED}T21:00:00Z", "quantity": "1"}
    told.insert(told.index(_fills(told)[1]), again)


def settled_too_little(told: list[Json]) -> None:
    next(one for one in told if one.get("entry") == "settlement")["payable"] = "1"


def settled_twice(told: list[Json]) -> None:
    once = next(one for one in told if one.get("entry") == "settlement")
    told.insert(told.index(once), dict(once))


def never_settled(told: list[Json]) -> None:
    told.remove(next(one for one in told if one.get("entry") == "settlement"))


def borrowed(told: list[Json]) -> None:
    what = {"kind": "books", "entry": "borrow", "event_id": "borrow:AAPL", "instrument": "AAPL", "nights": 1}
    told.insert(_session_of(told, THU), {**what, "value": "1", "rate": "0.1", "fee": "9", "session": THU, "as_of": THU})


def odd(told: list[Json]) -> None:
    _fills(told)[0]["side"] = "sideways"


@pytest.mark.parametrize(
    ("edit", "field", "words"),
    [
        (too_much, "quantity", "across zero"),
        (other_way, "side", "away from zero, and its order is reduce-only"),
        (thin, "volume", "gives at most 29.9"),
        (late, "session", "works no longer"),
        (late, "as_of", "its warrant ended at"),
        (settled_too_little, "account", "nothing is due"),
        (settled_twice, "account", "nothing is due"),
        (never_settled, "account", "is not settled"),
        (borrowed, "account", "were not borrowed"),
        (odd, "record", "can not be followed"),
    ],
)
def test_an_edit_is_found(story: list[Json], edit: Callable[[list[Json]], None], field: str, words: str) -> None:
    told = deepcopy(story)
    edit(told)
    found = complaints(told)
    assert any(name == field and words in sentence for _, name, sentence in found), found


def test_a_pair_may_not_fill_more_than_its_entry_however_much_is_held() -> None:
    def order(identity: str, role: str) -> Json:
        return {"client_order_id": identity, "role": role, "reduce_only": role != "entry"}

    def fill(identity: str, side: str, quantity: str) -> Json:
        return body(at(1), kind="fill", client_order_id=identity, instrument="AAPL", side=side, session=TUE,
                    quantity=quantity)  # fmt: skip

    warrants = [
        {"order": order(name, "entry"), "protective_stop": order(f"{name}-stop", "stop"), "expires_at": at(9),
         "take_profit": order(f"{name}-target", "target")}
        for name in ("a", "b")
    ]  # fmt: skip
    told = [
        body(at(0), kind="decision", warrants=warrants), fill("a", "buy", "10"), fill("b", "buy", "10"),
        fill("a-stop", "sell", "10"), fill("b-target", "sell", "4"), fill("a-target", "sell", "1"),
    ]  # fmt: skip
    assert [(seq, field) for seq, field, _ in complaints(told)] == [(5, "quantity")]


def test_whatever_a_record_says_the_check_goes_on(story: list[Json]) -> None:
    for name in ("costs", "warrants", "quantity", "volume", "ratio", "receivable", "closes", "capital", "mode"):
        for wrong in (None, "many", [], {"participation": "much"}):
            told = [{**one, name: wrong} if name in one else one for one in story]
            assert isinstance(complaints(told), list)


def _fills(told: list[Json]) -> list[Json]:
    return [one for one in told if one["kind"] == "fill"]


def _session_of(told: list[Json], session: str) -> int:
    return next(seq for seq, one in enumerate(told) if one.get("session") == session)
