"""The controls that a regulator holds beside a trading desk, and what stands for each: limits, modules, tests.

The rows are those that the trade's rules ask for, in the order of the design's list, each with its source. A control
that is only partly there says so in `missing`, with what will bring it; none is left out. `docs/controls.md` is written
from this table and a limits file, and a test holds every name in it against what exists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.limits.kinds import KINDS
from engine.limits.model import Limits

LAYERS = ("position", "portfolio", "account", "systemic", "model", "operations", "compliance")
_BOUNDS = "tests/engine/test_smt.py::test_each_kind_bounds_what_its_row_says"
_FORBIDS = "tests/engine/test_conditions.py::test_it_forbids"
_SOUND = "tests/promises/test_1_sound.py::test_sound"
_EXITS = "tests/promises/test_2_exits_are_free.py::test_exits_are_free"
_INTERVENTION = "tests/adapters/test_intervention.py"


@dataclass(frozen=True, slots=True)
class Control:
    """One control: where it comes from, its layer, the kinds of limits and the places that keep it, what shows it."""

    name: str
    source: str
    layer: int
    kinds: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    missing: str = ""
    read: bool = True
    """Whether a decision that read one of its limits shows it; False where they keep a part of it at most."""
    elsewhere: str = ""
    """Where to look, where the log holds nothing that shows it."""


CONTROLS: Sequence[Control] = (
    Control("price collar per order and over a window", "RTS 6 art. 15(1)(a)", 1, ("price_collar", "window_collar"),
            tests=("tests/engine/test_smt.py::test_the_collar_bounds_the_price_at_any_quantity", _FORBIDS)),
    Control("maximum order value, maximum order volume", "RTS 6 art. 15(1)(b, c)", 1,
            ("order_value", "order_quantity"), tests=(_BOUNDS,)),
    Control("order size against average daily volume; price band", "venue rules, SEBI 2012", 1,
            ("volume_share", "price_collar"), tests=(_BOUNDS,),
            missing="the collar is a band about the last close, narrower than a venue's; the venue's own is no fact"),
    Control("maximum messages (new, change, cancel) per time", "RTS 6 art. 15(1)(d); SEBI 10 orders/s", 6,
            ("message_rate",), ("adapters/running/standing.py",),
            (_FORBIDS, "tests/adapters/test_intervention.py::test_the_messages_of_the_last_second_survive_a_restart")),
    Control("every sent order counts in the limits at once, filled or not", "RTS 6 art. 15(2)", 3,
            ("gross", "instrument_exposure", "open_orders"), ("engine/gate/reach.py",), (_SOUND,),
            read=False),
    Control("repeated automated execution: disabled after n, until a named person re-enables", "RTS 6 art. 15(3)", 6,
            ("repeated_execution",), ("adapters/running/resuming.py",),
            (_FORBIDS, f"{_INTERVENTION}::test_a_throttle_holds_until_a_person_ends_it",
             "tests/attack/test_rejections.py::test_entries_refused_one_after_another_are_throttled_until_a_person_resumes")),
    Control("credit and capital thresholds in aggregate, pending orders included", "15c3-5", 3,
            ("credit", "margin", "maintenance_margin", "cash_reserve", "loss_budget", "day_loss", "drawdown"),
            tests=(_BOUNDS, _FORBIDS)),
    Control("cumulative value of open orders", "SEBI 2012", 3, ("open_orders",), tests=(_BOUNDS,)),
    Control("erroneous and duplicate orders refused", "15c3-5", 6,
            ("duplicate_order", "other_strategy", "data_quality", "data_complete", "data_age"),
            ("engine/orders/warrants.py",), (_FORBIDS,)),
    Control("restricted list, authorised persons and strategies only", "15c3-5", 7, ("policy", "strategies"),
            ("rules/book/restricted_list.pl", "adapters/running/resuming.py"),
            (_FORBIDS, f"{_INTERVENTION}::test_only_a_listed_person_resumes"),
            "a key listed in warrant.toml proves who somebody is; a bare name is recorded as claimed; any refusal by a "
            "policy counts as a hit, whether by the restricted list or by another policy"),
    Control("concentration per security, gross and net; sector, correlation, VaR, ES caps",
            "exchange guidance, practice", 2,
            ("instrument_exposure", "concentration", "gross", "net_long", "net_short", "beta", "group_gross",
             "cluster_gross", "basket_net", "book_correlation", "turnover", "volatility", "value_at_risk",
             "expected_shortfall"),
            tests=(_BOUNDS, _FORBIDS)),
    Control("kill: cancel everything in one decision; every order attributable to strategy and person; exits still "
            "possible",
            "RTS 6 art. 12; FIA", 4, ("kill_switch",), ("adapters/commands/kill.py", "engine/orders/order.py"),
            (_FORBIDS, _EXITS,
             f"{_INTERVENTION}::test_a_kill_cancels_entries_keeps_what_protects_and_survives_a_restart",
             f"{_INTERVENTION}::test_exits_and_stops_go_on_under_a_kill")),
    Control("cancel on disconnect", "FIA", 6, ("broker_connected", "feed_connected"), tests=(_FORBIDS,),
            missing="no entry goes out without a connection; what rests at a venue the venue cancels, by a switch "
                    "that a live broker sets: there is none yet",
            read=False, elsewhere="that the desk was connected was read before entries, which cancels nothing"),
    Control("limits set before deployment: instruments, values, counts, positions, venues", "RTS 6 art. 8", 5,
            ("open_positions", "session_entries", "order_value", "policy"),
            ("adapters/desk/instruments.py", "rules/book/jurisdiction.pl"), (_BOUNDS, _FORBIDS)),
    Control("named approver for deployment and for substantial change", "RTS 6 art. 5", 5,
            places=("adapters/verifying/governed.py", "adapters/people/seconding.py"),
            tests=("tests/adapters/test_approvals.py::test_looser_limits_need_a_person_and_hold_to_their_date",
                   "tests/adapters/test_four_eyes.py::"
                   "test_a_rulebook_at_a_start_needs_two_persons_and_exactly_its_bytes"),
            missing="of limits, and where the desk asks for two persons of rules, models, resumes, keys and persons; "
                    "nobody approves its other settings"),
    Control("change of a threshold: reason, approval, automatic return", "FINRA exam findings", 7,
            places=("engine/limits/windows.py", "adapters/commands/limits/approve.py"),
            tests=("tests/engine/test_limits_windows.py::test_rows_of_one_id_are_one_limit_over_several_windows",
                   "tests/adapters/test_approvals.py::test_looser_limits_need_a_person_and_hold_to_their_date",),
            missing="a change that is no looser on its face needs no approval"),
    Control("stress test at twice the highest message count and volume of six months", "RTS 6 art. 10", 6,
            missing="the benchmarks measure throughput; a test against the desk's own six months is not there"),
    Control("monitoring in real time, alerts within 5 s", "RTS 6 art. 16", 6, places=("adapters/watch/alerts.py",),
            tests=("tests/adapters/watch/test_desk_watch.py::"
                   "test_every_named_happening_has_its_line_its_health_and_its_alert",),
            missing="how soon an alert went out is in no record",
            elsewhere="alerts go to the receivers of `warrant.toml`, and their inboxes hold them"),
    Control("reconciliation of orders and positions with the other side, continuously", "RTS 6 art. 17", 6,
            ("books_reconciled",), ("engine/books/reconcile.py",),
            (_FORBIDS,
             f"{_INTERVENTION}::test_books_that_differ_and_a_cycle_without_a_decision_stand_against_a_resume"),
            read=False),
    Control("own orders that could match each other refused before they go out",
            "RTS 6 art. 13; venue rules on self-trades", 7, ("wash_trade", "duplicate_order"), tests=(_FORBIDS,)),
    Control("surveillance for market abuse: wash trades, layering, marking the close", "RTS 6 art. 13", 7,
            places=("engine/surveillance/survey.py", "adapters/surveillance/looking.py"),
            tests=("tests/engine/surveillance/test_patterns.py::test_layers_that_go_after_a_fill",),
            missing="of the desk's own orders, what others do at the venue is not seen; and a look that finds nothing "
                    "leaves no record",
            elsewhere="surveillance was not recorded in the log of these days: `warrant surveil scan` looks through "
                      "it, and with `--record` records what it finds"),
    Control("yearly self-assessment, risk report, audit", "RTS 6 art. 9", 7,
            places=("adapters/verifying/verify.py", "adapters/reports/selfassessment.py"),
            tests=("tests/adapters/reports/test_models_and_controls.py::test_what_leaves_no_record_is_no_evidence",),
            missing="a person has to read it, and sign it off elsewhere",
            elsewhere="it is a document with a person's signature, outside the log; this report is material for it"),
    Control("order records kept five years, strategy id on each order", "RTS 6 art. 28; SEBI 2025", 7,
            ("log_verified",), ("adapters/audit/log.py", "adapters/sealing/retention.py", "engine/orders/order.py"),
            ("tests/adapters/test_merkle.py::test_every_leaf_has_a_path_that_verifies_only_there",
             "tests/adapters/test_keeping.py::test_years_are_the_operators_and_never_less_than_five"),
            "that records are kept for years no log of some days shows; `warrant audit verify` shows that none is gone",
            read=False),
    Control("model inventory, independent validation, continuous monitoring, effective challenge",
            "SR 11-7, since 2026-04 SR 26-2", 5,
            ("head_validated", "healthy_heads", "head_brier", "head_psi", "head_age", "interval_width"),
            ("advisors/council.py",), (_FORBIDS,), "an inventory with a validator's name comes with a later issue"),
    Control("losses at the stops, in total and under scenarios", "desk mandate", 4,
            ("stop_loss", "open_risk", "stress"), tests=(_BOUNDS, _SOUND)),
    Control("market halts: volatility threshold, circuit breaker", "desk mandate; market-wide circuit breakers", 4,
            ("index_volatility", "index_move"), tests=(_FORBIDS,)),
    Control("clocks in step with the venue's", "RTS 25", 6, ("clock_skew",), tests=(_FORBIDS,),
            missing="jumps of the machine's own clock are measured, not its distance from the venue's; a time service "
                    "has to keep it in step",
            read=False, elsewhere="the records of the machine's time service show it"),
)  # fmt: skip


def page(limits: Limits) -> str:
    """The page of controls for a limits file, as Markdown."""
    return "\n".join((*_opening(), *_table(limits), "", *_open_ends(), "", *_by_limit(limits))) + "\n"


def _opening() -> Iterator[str]:
    yield "# Controls"
    yield ""
    yield "What a regulator would ask for, and where it is kept: written by `tests/engine/test_controls.py` from"
    yield "`engine/limits/controls.py` and the `limits.yaml` that ships; change those, not this page. RTS 6 is"
    yield "Commission Delegated Regulation (EU) 2017/589, 15c3-5 the SEC's access rule, SEBI the Indian regulator,"
    yield "FIA the industry's guide. What each kind of limit bounds: `docs/limits.md`."
    yield ""


def _table(limits: Limits) -> Iterator[str]:
    yield "| control | source | layer | kept by | shown by |"
    yield "|---|---|---|---|---|"
    for one in CONTROLS:
        ids = [limit.id for kind in one.kinds for limit in limits.limits if limit.kind == kind]
        unused = [f"kind `{kind}`" for kind in one.kinds if not any(limit.kind == kind for limit in limits.limits)]
        kept = [*(f"`{name}`" for name in dict.fromkeys(ids)), *unused, *(f"`{place}`" for place in one.places)]
        cells = (
            one.name, one.source, f"{one.layer} {LAYERS[one.layer - 1]}",
            ", ".join(kept) or "nothing yet", ", ".join(f"`{test}`" for test in one.tests) or "nothing yet",
        )  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def _open_ends() -> Iterator[str]:
    yield "## What is missing"
    yield ""
    yield from (f"- **{one.name}**: {one.missing}." for one in CONTROLS if one.missing)


def _by_limit(limits: Limits) -> Iterator[str]:
    yield "## Limits by layer"
    yield ""
    yield "| limit | kind | layer | bounds | owner | source |"
    yield "|---|---|---|---|---|---|"
    for one in limits.limits:
        cells = (f"`{one.id}`", f"`{one.kind}`", str(one.layer), KINDS[one.kind].meaning, one.owner, one.source)
        yield f"| {' | '.join(cells)} |"
