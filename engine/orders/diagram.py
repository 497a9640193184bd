"""The picture of an order's life, drawn from the order-state table.

`python -m engine.orders.diagram > docs/order-states.md` writes the page; a test compares the two. The table decides,
the page follows: nothing is drawn by hand.
"""

from __future__ import annotations

import sys

from engine.orders.order import FINAL, TABLE, State

COMMAND = "python -m engine.orders.diagram > docs/order-states.md"


def mermaid() -> str:
    """The table as a Mermaid state diagram: one arrow for each pair (state, event), in the table's order."""
    lines = ["stateDiagram-v2", f"    [*] --> {_node(State.WARRANTED)}"]
    lines += [f"    {_node(before)} --> {_node(after)}: {event}" for (before, event), after in TABLE.items()]
    lines += [f"    {_node(state)} --> [*]" for state in State if state in FINAL]
    return "\n".join(lines)


def page() -> str:
    """The whole of `docs/order-states.md`."""
    return f"""# The life of an order

Generated from the table in `engine/orders/order.py` by `{COMMAND}`; a test fails when the two differ.
What the table does not list can not happen: it raises `ImpossibleEvent`.

```mermaid
{mermaid()}
```

| state | event | next state |
|---|---|---|
{_rows()}

- *warranted* is permission, nothing more; a protective stop or a target stays warranted until its entry fills.
- *cancel-pending* still fills: a cancel counts as not done until it is confirmed.
- {", ".join(f"*{state}*" for state in State if state in FINAL)} are final: nothing follows.

## Time in force

| | works | what is left of it |
|---|---|---|
| day | for one session: entries and exits | expires; an exit at the close, an entry with its warrant |
| gtc | an entry until its warrant ends; a stop or a target until the position is flat | expires, or is cancelled |
| ioc | at the open of its first session | is cancelled with that session |

## One cancels the other

An entry may bring a *target* (take-profit, a reduce-only limit order) beside its protective stop. Both grow with each
partial fill of the entry. What one of the two fills, the other loses; a stop that replaces the first takes its place in
the pair. When either has begun to fill, what is left of the entry is cancelled. Within one bar the stop is assumed to
come first, and a target takes no part in a bar in which its entry fills.

## Volume

All our fills in one instrument take at most `participation` (`[broker]` in `warrant.toml`) of a bar's volume, in whole
shares; what is left keeps working, or expires by its time in force. A stop that has begun to fill goes on as a market
order at the next open. The commission is that of the whole order, however many fills it takes.
"""


def _rows() -> str:
    return "\n".join(f"| {before} | {event} | {after} |" for (before, event), after in TABLE.items())


def _node(state: State) -> str:
    return state.value.replace("-", "_")


if __name__ == "__main__":
    sys.stdout.write(page())
