"""The picture of the trading states, drawn from their table.

`python -m engine.gate.trading_diagram > docs/trading-states.md` writes the page; a test compares the two. The table
decides, the page follows: nothing is drawn by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum

from engine.gate.trading import ENTERING, TABLE, THROTTLE, ThrottleState, TradingState
from engine.limits.kinds import KINDS

COMMAND = "python -m engine.gate.trading_diagram > docs/trading-states.md"

Rows = Iterable[tuple[tuple[StrEnum, StrEnum], StrEnum]]


def mermaid(table: Rows, start: StrEnum) -> str:
    """A table as a Mermaid state diagram: one arrow for each pair (state, event) that leads elsewhere."""
    lines = ["stateDiagram-v2", f"    [*] --> {start}"]
    lines += [f"    {before} --> {after}: {event}" for (before, event), after in table if before is not after]
    return "\n".join(lines)


def page() -> str:
    """The whole of `docs/trading-states.md`."""
    return f"""# The trading states of a desk

Generated from the tables in `engine/gate/trading.py` by `{COMMAND}`; a test fails when the two differ.

```mermaid
{mermaid(TABLE.items(), TradingState.ACTIVE)}
```

| state | event | next state |
|---|---|---|
{_rows(TABLE.items())}

| state | entries | exits, stops, targets |
|---|---|---|
{_permitted()}

- *clear*, *reduce* and *halt* are what a decision finds: limits of the kinds {_kinds()} name a state, and the strictest
  counts. What they find lasts as long as they find it, but for a halt.
- *halt* and *kill* cancel the working entries and keep what protects. Both are records, and stay through restarts.
- *resume* is refused while what stopped the desk would stop it again (docs/adr/0008), and is done by a person whom
  `[people] resume` of `warrant.toml` lists. Outside a halt it ends throttles, and no limit.
- The state is a fold over the log and is stored nowhere else, like the counters below.

## The throttle of one instrument

```mermaid
{mermaid(THROTTLE.items(), ThrottleState.FREE)}
```

| state | event | next state |
|---|---|---|
{_rows(THROTTLE.items())}

- *repeat*: as many entries as `repeated_execution` allows were executed in one session, or refused by the venue one
  after the other. Both counts are folded from the log, so a restart forgets none.
- The messages of the last second (`message_rate`: orders, changes and cancels that the desk sent) are folded from the
  log, too: by when they were recorded, to the second, so that two seconds may count as one and never one as none.
"""


def _rows(table: Rows) -> str:
    return "\n".join(f"| {before} | {event} | {after} |" for (before, event), after in table)


def _permitted() -> str:
    return "\n".join(f"| {one} | {'yes' if one in ENTERING else 'no'} | yes |" for one in TradingState)


def _kinds() -> str:
    return ", ".join(f"`{name}`" for name, kind in KINDS.items() if kind.form == "state")


if __name__ == "__main__":
    sys.stdout.write(page())
