"""One decision in a few lines, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.values import Json


def cycle_lines(record: Json) -> Iterator[str]:
    """A decision (or the fault of a cycle, or cycles that were missed) as lines of text."""
    if record["kind"] == "missed":
        more = f" and {record['cycles'] - 1} before it" if record["cycles"] > 1 else ""
        yield f"{record['label']}  {record['record_id']}  missed{more}: {record['reason']}"
        return
    if record["kind"] == "fault":
        yield f"{record['period']}  {record['record_id']}  no decision: {record['fault']}"
        return
    yield f"{record['period']}  {record['record_id']}  regime {record['regime']}, {record['trading_state']}"
    if record["fault"]:
        yield f"  undetermined: {record['fault']}"
    for one in record["verdicts"]:
        yield f"  {one['instrument']:<6} {one['outcome']:<13} {_detail(one)}".rstrip()
    for one in record["exits"]:
        held = f", held back: {one['held_back']}" if one["held_back"] else ""
        order = f"{one['side']} {one['quantity']} ({', '.join(one['reasons'])})"
        yield f"  {one['instrument']:<6} {'exit':<13} {order}{held}"


def _detail(one: Json) -> str:
    match one["outcome"]:
        case "granted":
            return f"{one['side']} {one['quantity']} up to {one['limit_price']}, stop {one['stop_price']}"
        case "cut":
            return f"{one['side']} {one['quantity']} of {one['target']}: {', '.join(one['reasons'])}"
        case "no-candidate":
            return _closest(one["miss"]) if "miss" in one else ""
        case _:
            return ", ".join(one["reasons"])


def _closest(miss: Json) -> str:
    """The closest rule and what failed; where a fact was absent, what kept the closest rule from concluding it."""
    deeper = miss["because"] or miss
    return f"closest {miss['rule']}: {deeper['failing'].split('; ')[0]}"
