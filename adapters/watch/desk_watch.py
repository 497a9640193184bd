"""The watch of a running desk: lines, metrics, alerts and the watchdog behind the one seam that the runner knows.

Rules:
- each part is told on its own: one that fails is told once on standard error and counted; the desk goes on;
- nothing here waits: the webhook has a thread, the scrape has a thread, and the watchdog has one that does not depend
  on the loop, so that a loop that hangs is told;
- an alert is a line first. Whether it goes anywhere else is `adapters/watch/delivery.py`'s business;
- the webhook's address is read from `WARRANT_WEBHOOK`, else from warrant.toml, and is written nowhere.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TextIO

from adapters.audit.envelope import instant
from adapters.desk.folder import Desk
from adapters.frame import Failed
from adapters.running.lease import Taken
from adapters.running.standing import Standing
from adapters.running.watch import Happening
from adapters.store.faults import LogUnwritable
from adapters.watch.alerts import KINDS, Alert, alert_of, alerts_of
from adapters.watch.delivery import Delivery, Poster
from adapters.watch.lines import Level, Lines
from adapters.watch.logbook import Logbook
from adapters.watch.metrics import Metrics, Unmeasured
from adapters.watch.serving import HOST, Serving
from adapters.watch.watchdog import Rounds, Watchdog
from adapters.watch.webhook import Webhook
from knowledge.values import Json

WEBHOOK = "WARRANT_WEBHOOK"
"""The environment variable with the webhook's address."""
_QUIET = frozenset({Happening.ALIVE})
_LOUD: Mapping[Happening, Level] = {
    Happening.NEXT_CYCLE: "info",
    Happening.FEED_FINE: "info",
    Happening.STOPPED: "info",
    Happening.FEED_FAILED_OVER: "warning",
}


class DeskWatch:
    """Watches one desk; a `Watch` for its runner. `live` is false for a replay, whose clock is not the wall's."""

    def __init__(
        self,
        desk: str,
        log: Path | None = None,
        *,
        poster: Poster | None = None,
        port: int | None = None,
        live: bool = True,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        stream: TextIO | None = None,
        lines: bool = True,
    ) -> None:
        """`port` None: no metrics; 0: a free one. `lines` false: only complaints about the watch itself are written.

        Raises `Failed` where the log file can not be opened.
        """
        self.desk, self._live, self._clock, self._stream = desk, live, clock, stream or sys.stderr
        self._failures: set[str] = set()
        self._lock = threading.Lock()
        self._unwell: dict[str, str] = {}
        """What speaks against the desk's health until it is known to be over."""
        self._standing: Standing | None = None
        self.metrics = Unmeasured() if port is None else Metrics(clock)
        self._lines = Lines()
        self._dog = Watchdog()
        try:
            self._book = Logbook(log, lambda error: self._failed("log", error), stream, written=lines)
        except OSError as error:
            words = (error.strerror or str(error)).lower()
            raise Failed(f"the log file `{log}` can not be opened: {words}; name another with `--log`") from error
        self._delivery = Delivery(poster, self._delivered, self._undelivered)
        self._rounds = Rounds(self.look)
        self._port, self._refused = port, ""
        self._serving = self._serve()

    # --- the seam -----------------------------------------------------------------------------------------------

    def opened(self, standing: Standing, records: int) -> None:
        """What the log says the desk is; the lease is ours by now, and whoever had it had the port, too."""
        self._standing = standing
        self._insist()
        self._guarded("metrics", self.metrics.opened, standing, records)

    def recorded(self, record: Json, timings: Mapping[str, int]) -> None:
        """A record of this process is durable."""
        self._guarded("lines", self._line, record, timings)
        self._guarded("metrics", self.metrics.recorded, record, timings)
        self._guarded("alerts", self._alert_of_record, record)
        self._guarded("watchdog", self._settle, record)

    def happened(self, what: Happening, **fields: Json) -> None:
        """Something that can not be a record."""
        if what not in _QUIET and (self._live or what is not Happening.NEXT_CYCLE):
            self._guarded("lines", self._write, _LOUD.get(what, "error"), what.value, fields)
        if self._live or what is not Happening.NEXT_CYCLE:
            self._guarded("metrics", self.metrics.happened, what, fields)
        self._guarded("alerts", self._alert_of_happening, what, fields)
        self._guarded("watchdog", self._hear, what, fields)

    # --- from outside -------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Where metrics are served; 0 where they are not."""
        return self._serving.port if self._serving else 0

    def start(self) -> None:
        """Start the threads."""
        self._delivery.start()
        self._rounds.start()
        if self._serving is not None:
            self._serving.start()

    def close(self) -> None:
        """Send what is left, and end the threads."""
        self._rounds.close()
        self._guarded("alerts", self._delivery.close)
        if self._serving is not None:
            self._guarded("metrics", self._serving.close)
        self._book.close()

    def look(self) -> None:
        """One round of the watchdog."""
        self._guarded("watchdog", self._look)

    def health(self) -> tuple[bool, Json]:
        """Whether the desk is well, and what speaks against it."""
        reasons = [one.sentence for one in self._dog.silences(self._clock(), monotonic())]
        with self._lock:
            reasons += self._unwell.values()
        standing = self._standing
        stops = list(standing.stops) if standing else []
        return not reasons, {"desk": self.desk, "healthy": not reasons, "reasons": reasons, "stopped_by": stops}

    # --- lines --------------------------------------------------------------------------------------------------

    def _line(self, record: Json, timings: Mapping[str, int]) -> None:
        line = self._lines.of(record, timings)
        if line is not None:
            self._book.write(line.level, line.event, **line.fields)

    def _write(self, level: Level, event: str, fields: Mapping[str, Json]) -> None:
        self._book.write(level, event, **{"desk": self.desk, **fields})

    # --- alerts -------------------------------------------------------------------------------------------------

    def _alert_of_record(self, record: Json) -> None:
        for alert in alerts_of(record, self._lines.cycle_of(record), datetime.now(UTC)):
            self._raise(alert)

    def _alert_of_happening(self, what: Happening, fields: Mapping[str, Json]) -> None:
        alert = alert_of(what, fields, self.desk, datetime.now(UTC))
        if alert is not None:
            self._raise(alert)

    def _raise(self, alert: Alert) -> None:
        body = alert.to_json()
        severity = body.pop("severity")
        level: Level = "error" if severity in ("critical", "error") else severity
        del body["format"], body["text"]
        self._guarded("lines", self._book.write, level, "alert", severity=severity, **body)
        self.metrics.raised(alert.kind)
        self._delivery.take(alert)

    def _delivered(self, alert: Alert, seconds: float) -> None:
        self._guarded("metrics", self.metrics.delivered, seconds)

    def _undelivered(self, alert: Alert, reason: str) -> None:
        """Told where the alert itself was told: a webhook that is down can not say so by webhook."""
        self._guarded("metrics", self.metrics.undelivered)
        fields = {"kind": alert.kind, "cycle_id": alert.cycle_id, "record_id": alert.record_id, "count": alert.count}
        self._guarded("lines", self._write, "error", "alert-undelivered", {**fields, "reason": reason})
        self._once("webhook", f"an alert was not delivered: {reason}")

    # --- health -------------------------------------------------------------------------------------------------

    def _settle(self, record: Json) -> None:
        with self._lock:
            self._unwell.pop("log", None)
        if record["kind"] in ("decision", "fault", "missed"):
            self._dog.settled(self._lines.cycle_of(record))

    def _hear(self, what: Happening, fields: Mapping[str, Json]) -> None:
        self._dog.heard(monotonic())
        match what:
            case Happening.NEXT_CYCLE if self._live:
                self._dog.expect(fields["cycle_id"], instant(fields["latest_at"]))
            case Happening.LOG_UNWRITABLE:
                self._ill("log", f"the audit log can not be written: {fields.get('reason')}")
            case Happening.LEASE_LOST | Happening.FAILED:
                self._ill("desk", f"{what.value}: {fields.get('reason')}")
            case Happening.STOPPED:
                self._dog.end()

    def _look(self) -> None:
        for one in self._dog.fresh(self._clock(), monotonic()):
            self._raise(Alert(one.kind, one.sentence, self.desk, one.cycle_id, None, None, datetime.now(UTC)))

    def _ill(self, what: str, words: str) -> None:
        with self._lock:
            self._unwell[what] = words

    # --- what fails here ----------------------------------------------------------------------------------------

    def _serve(self) -> Serving | None:
        if self._port is None:
            return None
        try:
            return Serving(self._port, self.metrics.page, self.health)
        except OSError as error:
            self._refused = f"port {self._port} of {HOST}: {(error.strerror or str(error)).lower()}"
            return None

    def _insist(self) -> None:
        """Ask again for a port that was taken. Who never gets the lease has nothing to complain of."""
        if self._port is None or self._serving is not None:
            return
        self._serving = self._serve()
        if self._serving is None:
            self._failed("metrics", OSError(self._refused))
        else:
            self._serving.start()

    def _guarded(self, part: str, act: Callable[..., None], *given: object, **named: object) -> None:
        """What watches a desk may fail in any way, and the desk goes on."""
        try:
            act(*given, **named)
        except Exception as error:  # noqa: BLE001 - the boundary between the desk and whoever looks at it
            self._failed(part, error)

    def _failed(self, part: str, error: Exception) -> None:
        self.metrics.failed(part)
        words = _sentence(error)
        if self._once(part, f"what watches the desk fails in its {part}: {words}") and part != "alerts":
            sentence = f"{KINDS['watch-failing'].meaning}: {part}: {words}"
            alert = Alert("watch-failing", sentence, self.desk, None, None, None, datetime.now(UTC), part)
            self._guarded("alerts", self._raise, alert)

    def _once(self, part: str, words: str) -> bool:
        """Say it on standard error, the first time."""
        with self._lock:
            if part in self._failures:
                return False
            self._failures.add(part)
        try:
            self._stream.write(f"warrant: {words}\n")
            self._stream.flush()
        except (OSError, ValueError):
            # Standard error itself is gone; it is counted, and the alert is on its way.
            return True
        return True


@contextmanager
def watching(desk: Desk, log: Path | None = None, *, live: bool = True) -> Iterator[DeskWatch]:
    """The watch of this desk as its settings say, to its end and how it ended.

    A replay writes lines only where it is given a file for them, calls nobody and serves nothing: what it tells of is
    long over, and the port may be that of the desk it was copied from. Raises `Failed` where the log file or the
    webhook is none.
    """
    settings = desk.settings.watch
    address = (os.environ.get(WEBHOOK) or settings.webhook) if live else ""
    watch = DeskWatch(
        desk.settings.desk.name,
        log,
        poster=Webhook(address) if address else None,
        port=(settings.metrics_port or None) if live else None,
        live=live,
        lines=live or log is not None,
    )
    watch.start()
    try:
        yield watch
    except Taken:
        # Who is refused is no desk that failed: the one that runs is well.
        raise
    except Exception as error:
        unwritable = isinstance(error.__cause__, LogUnwritable)
        watch.happened(Happening.LOG_UNWRITABLE if unwritable else Happening.FAILED, reason=_sentence(error))
        raise
    else:
        watch.happened(Happening.STOPPED, reason="it was asked to, or nothing is left to do")
    finally:
        watch.close()


@contextmanager
def messenger(desk: Desk) -> Iterator[DeskWatch]:
    """For a command that does one thing to a desk: alerts go to the webhook, and no lines are written.

    A webhook that is none is told on standard error: it may not keep anybody from killing a desk.
    """
    address, poster = os.environ.get(WEBHOOK) or desk.settings.watch.webhook, None
    try:
        poster = Webhook(address) if address else None
    except Failed as error:
        sys.stderr.write(f"warrant: {error}\n")
    watch = DeskWatch(desk.settings.desk.name, poster=poster, lines=False)
    watch.start()
    try:
        yield watch
    finally:
        watch.close()


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
