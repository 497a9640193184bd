"""What a monitor reads of a desk: a closed table of metrics, in a registry of their own.

Rules:
- names follow the conventions of Prometheus: `warrant_` first, the unit last, `_total` for what only grows; money is in
  the account's currency, a share is a ratio;
- counters count what this process recorded, from 0 at its start; what a desk *is* (NAV, exposure, halts) comes from the
  standing, so it is right from the first scrape after a restart;
- an age is reckoned at the scrape;
- labels are from closed lists or from the desk's own files; a sentence is never a label.

Floats are for looking here: nothing is decided by them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, SupportsFloat

from adapters.audit.envelope import instant
from adapters.running.standing import Standing
from adapters.running.watch import Happening
from adapters.watch.lines import counts
from engine.books.books import mark
from engine.limits.kinds import TRADING_STATES
from knowledge.values import Json

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_LIMIT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+")
"""What a verdict's reason looks like where it is a limit and no sentence."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: how it behaves, its labels, and what it says."""

    kind: Literal["counter", "gauge", "histogram"]
    says: str
    labels: tuple[str, ...] = ()


METRICS: Mapping[str, Metric] = {
    "warrant_cycles_total": Metric("counter", "cycles: decided, undetermined, failed or missed", ("outcome",)),
    "warrant_verdicts_total": Metric("counter", "verdicts of decisions", ("outcome",)),
    "warrant_denials_total": Metric("counter", "denied candidates by each limit that denied them", ("limit",)),
    "warrant_orders_total": Metric("counter", "orders submitted", ("role",)),
    "warrant_fills_total": Metric("counter", "executions", ("role",)),
    "warrant_rejections_total": Metric("counter", "orders that the broker rejected", ("reason",)),
    "warrant_stage_duration_seconds": Metric("histogram", "what a stage of a cycle took", ("stage",)),
    "warrant_worker_losses_total": Metric("counter", "cycles in which the deciding process was lost and started anew"),
    "warrant_recoveries_total": Metric("counter", "starts that found warrants decided and not sent"),
    "warrant_log_records": Metric("gauge", "records in the audit log"),
    "warrant_log_writable": Metric("gauge", "1 while the audit log can be written, else 0"),
    "warrant_nav": Metric("gauge", "net asset value at the last prices, in the account's currency"),
    "warrant_cash": Metric("gauge", "cash, in the account's currency"),
    "warrant_gross_exposure": Metric("gauge", "sum of the absolute values of all positions, in the account's currency"),
    "warrant_net_exposure": Metric("gauge", "sum of the signed values of all positions, in the account's currency"),
    "warrant_day_pnl": Metric("gauge", "change of NAV in the last session, in the account's currency"),
    "warrant_drawdown_ratio": Metric("gauge", "loss since the highest NAV, as a share of it"),
    "warrant_positions": Metric("gauge", "instruments held"),
    "warrant_working_orders": Metric("gauge", "orders that may still fill", ("role",)),
    "warrant_trading_state": Metric("gauge", "1 for the state of the last decision, else 0", ("state",)),
    "warrant_kill_switch": Metric("gauge", "1 while the desk is killed, else 0"),
    "warrant_halted": Metric("gauge", "1 while a halt awaits a named person, else 0"),
    "warrant_throttled_instruments": Metric("gauge", "instruments whose throttle awaits a named person"),
    "warrant_books_reconciled": Metric("gauge", "1 where books and broker agreed when last compared, else 0"),
    "warrant_last_cycle_age_seconds": Metric("gauge", "since this process recorded a cycle; NaN before"),
    "warrant_next_cycle_seconds": Metric("gauge", "until the next cycle is due, negative when late; NaN if unknown"),
    "warrant_feed_age_seconds": Metric("gauge", "since the close of the newest bars booked; NaN before"),
    "warrant_feed_failures_total": Metric("counter", "times the source of bars gave none or wrong ones"),
    "warrant_feed_failovers_total": Metric("counter", "times another source of bars was taken"),
    "warrant_alerts_total": Metric("counter", "alerts raised", ("kind",)),
    "warrant_alerts_delivered_total": Metric("counter", "alerts that the webhook took"),
    "warrant_alerts_undelivered_total": Metric("counter", "alerts that the webhook never took"),
    "warrant_alert_delivery_seconds": Metric("histogram", "from raising an alert to its delivery"),
    "warrant_watch_failures_total": Metric("counter", "failures of what watches the desk", ("part",)),
}  # fmt: skip
"""All metrics, by the name a scrape shows."""


class Metrics:
    """The metrics of one desk. `clock` says what time it is for the desk, when it is scraped."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        from prometheus_client import CollectorRegistry, disable_created_metrics

        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry: CollectorRegistry = CollectorRegistry()
        self._made: dict[str, Any] = {name: _made(name, one, self.registry) for name, one in METRICS.items()}
        self._clock = clock
        self._standing: Standing | None = None
        self._last: datetime | None = None
        self._due: datetime | None = None
        self._bars: datetime | None = None
        self._of("warrant_last_cycle_age_seconds").set_function(lambda: self._since(self._last))
        self._of("warrant_next_cycle_seconds").set_function(lambda: -self._since(self._due))
        self._of("warrant_feed_age_seconds").set_function(lambda: self._since(self._bars))
        self._of("warrant_log_writable").set(1)

    def opened(self, standing: Standing, records: int) -> None:
        """Take over what the log says the desk is."""
        self._standing = standing
        self._of("warrant_log_records").set(records)
        self._stand()

    def recorded(self, record: Json, timings: Mapping[str, int]) -> None:
        """Count one record."""
        self._of("warrant_log_records").set(record["seq"] + 1)
        self._of("warrant_log_writable").set(1)
        for stage, taken in timings.items():
            self._of("warrant_stage_duration_seconds", stage=stage).observe(taken / 1e9)
        step = _STEPS.get(record["kind"])
        if step is not None:
            step(self, record)
        if record["kind"] in ("decision", "books", "fill", "order", "cancel", "expiry", "state", "reconciliation"):
            self._stand()

    def happened(self, what: Happening, fields: Mapping[str, Json]) -> None:
        """Count what is not in the log."""
        match what:
            case Happening.NEXT_CYCLE:
                self._due = instant(fields["due_at"])
            case Happening.LOG_UNWRITABLE:
                self._of("warrant_log_writable").set(0)
            case Happening.FEED_FAILING:
                self._of("warrant_feed_failures_total").inc()
            case Happening.FEED_FAILED_OVER:
                self._of("warrant_feed_failovers_total").inc()
            case Happening.FEED_FINE if fields.get("as_of"):
                self._bars = instant(fields["as_of"])

    def raised(self, kind: str) -> None:
        """An alert was raised."""
        self._of("warrant_alerts_total", kind=kind).inc()

    def delivered(self, seconds: float) -> None:
        """An alert was delivered."""
        self._of("warrant_alerts_delivered_total").inc()
        self._of("warrant_alert_delivery_seconds").observe(seconds)

    def undelivered(self) -> None:
        """An alert was not delivered, and will not be."""
        self._of("warrant_alerts_undelivered_total").inc()

    def failed(self, part: str) -> None:
        """A part of the watch failed."""
        self._of("warrant_watch_failures_total", part=part).inc()

    def page(self) -> bytes:
        """What a scrape gets, in the text format."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry)

    # --- one record ---------------------------------------------------------------------------------------------

    def _decision(self, record: Json) -> None:
        self._ended("undetermined" if record["fault"] else "decided")
        for outcome, many in counts(record).items():
            self._of("warrant_verdicts_total", outcome=outcome).inc(many)
        for verdict in record["verdicts"]:
            if verdict["outcome"] == "denied":
                for reason in {one if _LIMIT.fullmatch(one) else "other" for one in verdict["reasons"]}:
                    self._of("warrant_denials_total", limit=reason).inc()
        if record.get("ended_from_outside"):
            self._of("warrant_worker_losses_total").inc()
        for state in TRADING_STATES:
            self._of("warrant_trading_state", state=state).set(state == record["trading_state"])

    def _fault(self, record: Json) -> None:
        self._ended("failed")

    def _missed(self, record: Json) -> None:
        self._ended("missed", record.get("cycles", 1))

    def _order(self, record: Json) -> None:
        if record["event"] == "submit":
            self._of("warrant_orders_total", role=record["order"]["role"]).inc()

    def _fill(self, record: Json) -> None:
        self._of("warrant_fills_total", role=record["role"]).inc()

    def _rejection(self, record: Json) -> None:
        self._of("warrant_rejections_total", reason=str(record.get("reason") or "other")).inc()

    def _recovery(self, record: Json) -> None:
        self._of("warrant_recoveries_total").inc()

    def _books(self, record: Json) -> None:
        if record["entry"] == "session":
            self._bars = instant(record["as_of"])

    def _ended(self, outcome: str, many: int = 1) -> None:
        self._of("warrant_cycles_total", outcome=outcome).inc(many)
        self._last = self._clock()
        self._due = None

    # --- what the desk is ---------------------------------------------------------------------------------------

    def _stand(self) -> None:
        standing = self._standing
        if standing is None:
            return
        books = standing.books
        nav = mark(books, {}).nav
        values = [held.units * held.last_price for held in books.holdings.values()]
        high = max(books.high_water_mark, nav)
        figures: dict[str, SupportsFloat] = {
            "warrant_nav": nav,
            "warrant_cash": books.cash,
            "warrant_gross_exposure": sum(map(abs, values), Fraction(0)),
            "warrant_net_exposure": sum(values, Fraction(0)),
            "warrant_day_pnl": nav - books.opening_nav,
            "warrant_drawdown_ratio": 1 - nav / high if high > 0 else 0,
            "warrant_positions": len(books.holdings),
            "warrant_kill_switch": standing.killed,
            "warrant_halted": standing.halted or standing.halting,
            "warrant_throttled_instruments": len(standing.throttled),
            "warrant_books_reconciled": standing.reconciled == (),
        }
        for name, value in figures.items():
            self._of(name).set(float(value))
        roles = [one.order.role.value for one in standing.broker.working()]
        for role in ("entry", "exit", "stop"):
            self._of("warrant_working_orders", role=role).set(roles.count(role))

    def _since(self, moment: datetime | None) -> float:
        return float("nan") if moment is None else (self._clock() - moment).total_seconds()

    def _of(self, name: str, **labels: str) -> Any:  # noqa: ANN401 - of three unrelated classes
        made = self._made[name]
        return made.labels(**labels) if labels else made


class Unmeasured:
    """Where nobody scrapes: nothing is counted, and the library that would is not needed."""

    def opened(self, standing: Standing, records: int) -> None:
        """Nothing."""

    def recorded(self, record: Json, timings: Mapping[str, int]) -> None:
        """Nothing."""

    def happened(self, what: Happening, fields: Mapping[str, Json]) -> None:
        """Nothing."""

    def raised(self, kind: str) -> None:
        """Nothing."""

    def delivered(self, seconds: float) -> None:
        """Nothing."""

    def undelivered(self) -> None:
        """Nothing."""

    def failed(self, part: str) -> None:
        """Nothing."""

    def page(self) -> bytes:
        """Nothing."""
        return b""


_STEPS: Mapping[str, Callable[[Metrics, Json], None]] = {
    "decision": Metrics._decision,
    "fault": Metrics._fault,
    "missed": Metrics._missed,
    "order": Metrics._order,
    "fill": Metrics._fill,
    "rejection": Metrics._rejection,
    "recovery": Metrics._recovery,
    "books": Metrics._books,
}


def _made(name: str, metric: Metric, registry: CollectorRegistry) -> Any:  # noqa: ANN401 - of three unrelated classes
    from prometheus_client import Counter, Gauge, Histogram

    if metric.kind == "histogram":
        return Histogram(name, metric.says, metric.labels, registry=registry, buckets=BUCKETS)
    kind = Counter if metric.kind == "counter" else Gauge
    return kind(name, metric.says, metric.labels, registry=registry)
