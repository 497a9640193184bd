"""From a record to its alert at a webhook: how long it takes, and what the webhook's conduct costs a cycle.

    PYTHONPATH=. python -m tests.bench.alert_delay [--alerts N]

Real records of a real desk, a real server on the loopback address. Delays are from the start of the watch's call with
the record to the body's arrival; costs are how long the desk's own thread was held by that call.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep

from adapters.watch.desk_watch import DeskWatch
from adapters.watch.webhook import Webhook
from knowledge.values import Json
from tests.adapters.watch.receiver import HANG, receiving

HEAD = f"{'webhook':34}{'alerts':>8}{'arrived':>9}{'median':>10}{'worst':>10}{'desk held, worst':>20}"
CONDUCTS: Sequence[tuple[str, tuple[int | str, ...]]] = (
    ("fine", (200,)),
    ("500 at first, then fine", (500, 200)),
    ("hangs at first, then fine", (HANG, 200)),
    ("500 always", (500,)),
    ("hangs always", (HANG,)),
)


def record(number: int) -> Json:
    """A rejection of an order, each for another reason, so that none is folded."""
    return {
        "kind": "rejection", "desk": "bench", "mode": "paper", "seq": number, "record_id": f"{number:016x}",
        "as_of": "2026-11-20T21:00:00Z", "recorded_at": "2026-11-20T21:00:01Z", "client_order_id": f"order-{number}",
        "decision_id": "0" * 16, "event": "reject", "state": "rejected", "reason": f"reason-{number}",
    }  # fmt: skip


def measure(script: Sequence[int | str], alerts: int, log: Path) -> tuple[list[float], list[float]]:
    """Delays of those that arrived, and how long each call held the desk; in seconds."""
    sent, held = dict[str, float](), list[float]()
    with receiving(*script) as receiver:
        watch = DeskWatch("bench", log, poster=Webhook(receiver.address), stream=io.StringIO())
        watch.start()
        for number in range(alerts):
            one, began = record(number), monotonic()
            sent[one["record_id"]] = began
            watch.recorded(one, {})
            held.append(monotonic() - began)
            sleep(0.01)
        end = monotonic() + 12
        while len(receiver.bodies) < alerts and monotonic() < end:
            sleep(0.05)
        watch.close()
        found = zip(receiver.bodies, receiver.at, strict=True)
        return [at - sent[body["record_id"]] for body, at in found], held


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--alerts", type=int, default=50)
    alerts = parser.parse_args().alerts
    print(HEAD)
    for name, script in CONDUCTS:
        with tempfile.TemporaryDirectory() as folder:
            delays, held = measure(script, alerts, Path(folder) / "log")
        delays.sort()
        told = (f"{delays[len(delays) // 2]:.3f} s", f"{delays[-1]:.3f} s") if delays else ("-", "-")
        print(f"{name:34}{alerts:>8}{len(delays):>9}{told[0]:>10}{told[1]:>10}{1000 * max(held):>17.2f} ms")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
