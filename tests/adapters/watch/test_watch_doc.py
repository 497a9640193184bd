"""The tables of `docs/watch.md` are the code's. Write them anew: `WARRANT_WRITE_DOCS=1 ./warrant test -k watch_doc`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from adapters.watch.alerts import KINDS, Alert
from adapters.watch.metrics import METRICS

DOC = Path(__file__).resolve().parents[3] / "docs" / "watch.md"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return (
        "\n".join("| " + " | ".join(line) + " |" for line in lines).replace("| --- ", "|---").replace("---| |", "---|")
    )


def metrics() -> str:
    rows = [
        (f"`{name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), one.says)
        for name, one in METRICS.items()
    ]
    return table(("metric", "type", "labels", "says"), rows)


def alerts() -> str:
    rows = [(f"`{name}`", one.severity, one.meaning, one.what_to_do) for name, one in KINDS.items()]
    return table(("kind", "severity", "means", "what to do"), rows)


def test_the_tables_of_the_page_are_current() -> None:
    page = DOC.read_text(encoding="utf-8")
    wanted = page
    for name, made in (("metrics", metrics()), ("alerts", alerts())):
        wanted, found = re.subn(
            rf"<!-- {name} -->\n.*?<!-- end -->",
            lambda _, name=name, made=made: f"<!-- {name} -->\n{made}\n<!-- end -->",  # type: ignore[misc]
            wanted,
            flags=re.DOTALL,
        )
        assert found == 1
    if os.environ.get("WARRANT_WRITE_DOCS") == "1":
        DOC.write_text(wanted, encoding="utf-8")
        page = wanted
    assert page == wanted


def test_the_page_names_every_field_of_an_alert() -> None:
    body = Alert("halted", "s", "d", None, None, None, datetime(2026, 1, 2, tzinfo=UTC)).to_json()
    section = DOC.read_text(encoding="utf-8").partition("The body is one JSON object:")[2].partition("## ")[0]
    named = set(re.findall(r"`([a-z_]+)`", "".join(line.split("|")[1] for line in section.splitlines() if "|" in line)))
    assert named == set(body)
