"""A real desk that is watched: lines, a scrape, alerts by webhook; and that nothing in its watch can hurt it."""

from __future__ import annotations

import io
import json
import math
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters import cli
from adapters.audit.log import LogReader
from adapters.frame import Failed
from adapters.running.session import opened
from adapters.running.watch import Happening
from adapters.watch.alerts import KINDS
from adapters.watch.delivery import Poster
from adapters.watch.desk_watch import WEBHOOK, DeskWatch, watching
from adapters.watch.metrics import METRICS
from adapters.watch.webhook import NotDelivered, Webhook
from engine.books.books import mark
from knowledge.values import Json
from tests.adapters.test_intervention import ADA, following
from tests.adapters.test_runner import entry_days
from tests.adapters.watch.receiver import HANG, receiving
from tests.shared_run import SharedRun, decide_all

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
NOW = datetime(2026, 11, 20, 21, 1, tzinfo=UTC)


@contextmanager
def watched(
    log: Path | None = None, poster: Poster | None = None, stream: io.StringIO | None = None
) -> Iterator[DeskWatch]:
    watch = DeskWatch("shipped", log, poster=poster, port=0, stream=stream or io.StringIO())
    watch.start()
    try:
        yield watch
    finally:
        watch.close()


def get(watch: DeskWatch, page: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{watch.port}{page}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def scrape(watch: DeskWatch) -> Samples:
    status, text = get(watch, "/metrics")
    assert status == 200
    families = list(text_string_to_metric_families(text))
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert (family.type, family.documentation) == (METRICS[name].kind, METRICS[name].says)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def lines(file: Path) -> list[Json]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_scrape_says_what_the_log_and_the_books_say(shared: SharedRun, tmp_path: Path) -> None:
    desk, world, day = shared.bare(tmp_path / "desk"), shared.world(), entry_days(shared)[0]
    with watched(tmp_path / "desk.log") as watch, opened(desk, world, watch) as runner:
        decide_all(runner, following(world, day))
        found = scrape(watch)
        standing, books = runner.standing, runner.standing.books
        runner.kill(ADA, "a test", "2026-11-20T09:00:00Z")
        killed = scrape(watch)
    with LogReader.read(desk.store) as log:
        records = list(log)
    decisions = [one for one in records if one["kind"] == "decision"]
    verdicts = [one for record in decisions for one in record["verdicts"]]

    def of(name: str, **labels: str) -> float:
        return found[name, tuple(sorted(labels.items()))]

    assert of("warrant_cycles_total", outcome="decided") == len(decisions)
    for outcome in {one["outcome"] for one in verdicts}:
        many = sum(one["outcome"] == outcome for one in verdicts)
        assert of("warrant_verdicts_total", outcome=outcome) == many
    assert of("warrant_stage_duration_seconds_count", stage="decide") == len(decisions)
    submitted = [one for one in records if one["kind"] == "order" and one["event"] == "submit"]
    assert sum(v for (name, _), v in found.items() if name == "warrant_orders_total") == len(submitted)
    assert of("warrant_fills_total", role="entry") == sum(one["kind"] == "fill" for one in records) > 0
    assert of("warrant_nav") == float(mark(books, {}).nav)
    assert of("warrant_cash") == float(books.cash)
    values = [float(held.units * held.last_price) for held in books.holdings.values()]
    assert math.isclose(of("warrant_gross_exposure"), sum(map(abs, values)))
    assert of("warrant_nav") == pytest.approx(of("warrant_cash") + of("warrant_net_exposure"))
    assert of("warrant_positions") == len(values) > 0
    assert of("warrant_trading_state", state="active") == 1
    assert (of("warrant_kill_switch"), of("warrant_books_reconciled"), of("warrant_log_writable")) == (0, 1, 1)
    assert 0 <= of("warrant_last_cycle_age_seconds") < 600
    assert killed["warrant_kill_switch", ()] == 1
    assert killed["warrant_alerts_total", (("kind", "killed"),)] == 1
    assert killed["warrant_log_records", ()] == len(records)
    assert standing.killed
    cycles = [one for one in lines(tmp_path / "desk.log") if one["event"] == "cycle"]
    assert [one["record_id"] for one in cycles] == [one["record_id"] for one in decisions]
    assert all(set(one["stage_ms"]) >= {"pass", "publish", "decide"} for one in cycles)


def test_a_restarted_desk_is_scraped_right_before_anything_happens(shared: SharedRun, tmp_path: Path) -> None:
    desk = shared.copied(tmp_path)
    with watched() as watch, opened(desk, shared.world(), watch) as runner:
        found = scrape(watch)
        assert found["warrant_log_records", ()] == len(shared.records)
        assert found["warrant_nav", ()] == float(mark(runner.standing.books, {}).nav)
        assert math.isnan(found["warrant_last_cycle_age_seconds", ()])


def test_every_named_happening_has_its_line_its_health_and_its_alert(tmp_path: Path) -> None:
    with receiving() as receiver, watched(tmp_path / "log", Webhook(receiver.address)) as watch:
        assert get(watch, "/healthz")[0] == 200
        for what in Happening:
            watch.happened(
                what, reason="because", source="csv", failed="web", holder="other", cycle_id="d:1",
                due_at="2026-11-20T21:01:00Z", latest_at="2999-11-20T21:16:00Z", as_of="2026-11-20T21:00:00Z",
            )  # fmt: skip
        wanted = {"log-unwritable", "feed-failing", "feed-failed-over", "lease-lost", "desk-failed"}
        assert {one["kind"] for one in receiver.wait(len(wanted))} == wanted
        status, told = get(watch, "/healthz")
        assert status == 503
        assert json.loads(told)["reasons"] == ["the audit log can not be written: because", "failed: because"]
        found = scrape(watch)
        assert found["warrant_log_writable", ()] == 0
        assert found["warrant_feed_failures_total", ()] == found["warrant_feed_failovers_total", ()] == 1
        assert get(watch, "/nothing")[0] == 404
    events = [one["event"] for one in lines(tmp_path / "log")]
    assert set(events) == {what.value for what in Happening} - {"alive"} | {"alert"}


def test_a_silent_loop_is_told_by_a_thread_of_its_own(tmp_path: Path) -> None:
    """The cycle's latest instant is long past and nobody else says a word: the watchdog does, and health is gone."""
    with receiving() as receiver, watched(tmp_path / "log", Webhook(receiver.address)) as watch:
        due = datetime.now(UTC) - timedelta(minutes=20)
        watch.happened(
            Happening.NEXT_CYCLE,
            cycle_id="d:1",
            due_at=f"{due:%Y-%m-%dT%H:%M:%SZ}",
            latest_at=f"{due:%Y-%m-%dT%H:%M:%SZ}",
        )
        (body,) = receiver.wait(1)
        assert (body["kind"], body["severity"], body["cycle_id"]) == ("cycle-overdue", "critical", "d:1")
        status, told = get(watch, "/healthz")
        assert status == 503 and "neither decided nor missed" in told
        assert scrape(watch)["warrant_next_cycle_seconds", ()] < -1000


def test_a_replay_is_not_overdue_by_the_clock_on_the_wall() -> None:
    watch = DeskWatch("d", live=False, stream=io.StringIO())
    watch.happened(
        Happening.NEXT_CYCLE, cycle_id="d:1", due_at="2011-01-03T21:00:00Z", latest_at="2011-01-03T21:15:00Z"
    )
    watch.look()
    assert watch.health() == (True, {"desk": "d", "healthy": True, "reasons": [], "stopped_by": []})


def test_alerts_of_a_real_kill_and_a_lost_worker_name_their_records(shared: SharedRun, tmp_path: Path) -> None:
    desk, world = shared.bare(tmp_path / "desk"), shared.world()
    with receiving() as receiver, watched(tmp_path / "log", Webhook(receiver.address)) as watch:
        with opened(desk, world, watch) as runner:
            runner.worker.program = "raise SystemExit(3)"
            runner.worker.close()
            lost = runner.cycle(world.first_decision)
            runner.kill(ADA, "a test", "2026-11-20T09:00:00Z")
        first, second = receiver.wait(2)
    assert (first["kind"], first["record_id"], first["cycle_id"]) == (
        "worker-lost",
        lost["record_id"],
        lost["cycle_id"],
    )
    assert (second["kind"], second["sentence"]) == ("killed", "Ada Lovelace killed the desk: a test")
    assert second["what_to_do"] == KINDS["killed"].what_to_do
    alerts = [one for one in lines(tmp_path / "log") if one["event"] == "alert"]
    assert [(one["kind"], one["record_id"]) for one in alerts] == [
        (one["kind"], one["record_id"]) for one in (first, second)
    ]


def test_a_kill_by_command_is_an_alert_and_a_webhook_that_is_none_does_not_hinder_it(
    shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = shared.copied(tmp_path)
    words = ["kill", "--desk", str(desk.folder), "--who", ADA, "--why", "the news"]
    with receiving() as receiver:
        monkeypatch.setenv(WEBHOOK, receiver.address)
        assert cli.run(words) == 0
        assert [one["kind"] for one in receiver.bodies] == ["killed"]
    monkeypatch.setenv(WEBHOOK, "ftp://secret-word")
    assert cli.run(words) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1] == "the desk was killed before"
    assert captured.err.startswith("warrant: the webhook's address is none") and "secret" not in captured.err


# --- what fails in the watch ------------------------------------------------------------------------------------


def test_a_webhook_that_is_gone_costs_no_cycle_and_is_told(shared: SharedRun, tmp_path: Path) -> None:
    class Gone:
        def post(self, body: Json) -> None:
            raise NotDelivered("the webhook can not be reached: no route")

    desk, world, stream = shared.bare(tmp_path / "desk"), shared.world(), io.StringIO()
    with watched(tmp_path / "log", Gone(), stream) as watch, opened(desk, world, watch) as runner:
        runner.kill(ADA, "a test", "2026-11-20T09:00:00Z")
        assert runner.cycle(world.first_decision)["trading_state"] == "halted"
    (undelivered,) = [one for one in lines(tmp_path / "log") if one["event"] == "alert-undelivered"]
    assert (undelivered["kind"], undelivered["reason"]) == ("killed", "the webhook can not be reached: no route")
    assert stream.getvalue() == "warrant: an alert was not delivered: the webhook can not be reached: no route\n"
    assert watch.metrics.registry.get_sample_value("warrant_alerts_undelivered_total") == 1  # type: ignore[union-attr]


def test_a_webhook_that_hangs_does_not_hold_up_a_cycle(shared: SharedRun, tmp_path: Path) -> None:
    """While its first alert hangs in the webhook, the desk records everything else, and only then is it let go."""
    desk, world = shared.bare(tmp_path / "desk"), shared.world()
    with receiving(HANG) as receiver, watched(poster=Webhook(receiver.address)) as watch:
        with opened(desk, world, watch) as runner:
            runner.kill(ADA, "a test", "2026-11-20T09:00:00Z")
            while not receiver.asked:
                pass
            assert runner.cycle(world.first_decision)["fault"] is None
        receiver.free.set()


@pytest.mark.parametrize("part", ["_line", "_alert_of_record", "_settle", "metrics"])
def test_a_part_of_the_watch_that_breaks_is_told_once_and_the_desk_goes_on(
    part: str, shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a fault in the watch")

    desk, world, stream = shared.bare(tmp_path), shared.world(), io.StringIO()
    with watched(tmp_path / "log", stream=stream) as watch, opened(desk, world, watch) as runner:
        where: object = watch.metrics if part == "metrics" else watch
        monkeypatch.setattr(where, "recorded" if part == "metrics" else part, broken)
        days = world.sessions(world.first_decision, "9999-12-31")[:3]
        assert [runner.cycle(day)["fault"] for day in days] == [None] * 3
        failures = {labels: v for (name, labels), v in scrape(watch).items() if name == "warrant_watch_failures_total"}
    assert sum(failures.values()) > 3
    told = stream.getvalue().splitlines()
    assert len(told) == 1 and told[0].endswith("a fault in the watch")
    with LogReader.read(desk.store) as log:
        assert sum(one["kind"] == "decision" for one in log) == 3


def test_a_full_disk_under_the_log_file_stops_nothing_and_is_told_once(shared: SharedRun, tmp_path: Path) -> None:
    """`/dev/full` takes the opening and refuses every byte, as a full disk does."""
    desk, world, stream = shared.bare(tmp_path), shared.world(), io.StringIO()
    with watched(Path("/dev/full"), stream=stream) as watch, opened(desk, world, watch) as runner:
        assert runner.cycle(world.first_decision)["fault"] is None
        assert scrape(watch)["warrant_watch_failures_total", (("part", "log"),)] > 1
    assert stream.getvalue() == "warrant: what watches the desk fails in its log: [Errno 28] No space left on device\n"


def waiting(first: DeskWatch, log: Path, stream: io.StringIO) -> DeskWatch:
    """A second watch of a desk whose port the first one has."""
    second = DeskWatch("d", log, port=first.port, stream=stream)
    second.start()
    return second


def test_a_port_that_is_taken_is_told_and_the_desk_goes_on(shared: SharedRun, tmp_path: Path) -> None:
    desk, stream = shared.bare(tmp_path / "desk"), io.StringIO()
    with watched() as first:
        second = waiting(first, tmp_path / "log", stream)
        with opened(desk, shared.world(), second) as runner:
            assert runner.standing
        second.close()
    assert f"fails in its metrics: port {first.port} of 127.0.0.1: address already in use" in stream.getvalue()
    assert [one["kind"] for one in lines(tmp_path / "log") if one["event"] == "alert"] == ["watch-failing"]


def test_who_is_refused_the_lease_has_nothing_to_say_of_the_port(tmp_path: Path) -> None:
    """The desk that runs is well, and its port is in good hands: no alert may say that its watch fails."""
    stream = io.StringIO()
    with watched() as first:
        waiting(first, tmp_path / "log", stream).close()
    assert stream.getvalue() == (tmp_path / "log").read_text() == ""


def test_who_waited_for_the_lease_serves_the_port_that_was_taken(shared: SharedRun, tmp_path: Path) -> None:
    desk, stream = shared.bare(tmp_path / "desk"), io.StringIO()
    with watched() as first:
        second = waiting(first, tmp_path / "log", stream)
    with opened(desk, shared.world(), second):
        assert get(second, "/healthz")[0] == 200
    second.close()
    assert stream.getvalue() == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_line_is_a_sentence() -> None:
    stream = Terminal()
    watch = DeskWatch("d", stream=stream)
    due, latest = "2999-01-02T21:01:00Z", "2999-01-02T21:16:00Z"
    watch.happened(Happening.NEXT_CYCLE, cycle_id="d:1", due_at=due, latest_at=latest)
    watch.happened(Happening.FAILED, reason="because")
    told = [line[21:] for line in stream.getvalue().splitlines()]
    assert told == [
        "info    next-cycle     cycle id d:1, due at 2999-01-02T21:01:00Z",
        "error   failed         reason because",
        "error   alert          desk-failed: the process that runs the desk ends, because it can not go on: because; "
        "read the reason; start it again",
    ]


def test_a_log_file_that_can_not_be_opened_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="can not be opened: is a directory; name another with `--log`"):
        DeskWatch("d", tmp_path)


def test_secrets_are_written_nowhere(
    shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The webhook's address from the environment is used, and is in no line, no metric, no health and no complaint."""
    desk = shared.bare(tmp_path / "desk")
    with receiving(500) as receiver:
        monkeypatch.setenv(WEBHOOK, receiver.address)
        monkeypatch.setattr("adapters.watch.delivery.PATIENCE", 0)
        with watching(desk, tmp_path / "log") as watch, opened(desk, shared.world(), watch) as runner:
            runner.kill(ADA, "a test", "2026-11-20T09:00:00Z")
            seen = str(watch.health()) + watch.metrics.page().decode()
        assert receiver.asked
    captured = capsys.readouterr()
    seen += (tmp_path / "log").read_text() + captured.err + captured.out
    assert "alert-undelivered" in seen
    assert "secret-word" not in seen and "hidden" not in seen


@pytest.mark.parametrize("live", [False, True])
def test_a_replay_calls_nobody(live: bool, shared: SharedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = shared.bare(tmp_path / "desk")
    with receiving(200) as receiver:
        monkeypatch.setenv(WEBHOOK, receiver.address)
        with watching(desk, tmp_path / "log", live=live) as watch, opened(desk, shared.world(), watch) as runner:
            runner.kill(ADA, "a test", "2026-11-20T09:00:00Z")
        assert bool(receiver.asked) is live
