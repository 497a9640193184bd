"""Compare two runs: every difference, and its cause."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json


def command(
    one: Annotated[Path, typer.Argument(metavar="A", help="The folder of a desk or a run, or the file of a log.")],
    two: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Walk two runs side by side, and say for each instrument that was decided otherwise why.

    The cause is the first input that differs and shows in the reasoning: facts, rulebook, limits, portfolio, program.
    What follows from an earlier difference is told under it. Exit status 0 if nothing differs, else 1.
    """
    from adapters.comparing.comparison import compare
    from adapters.comparing.sides import opened
    from adapters.comparing.text import comparison_json, comparison_lines

    with opened(one) as a, opened(two) as b:
        found = compare(a, b)
        told = {"a": _told(a.name, a.log.size, a.log.root), "b": _told(b.name, b.log.size, b.log.root)}
    if json:
        write_json({**told, **comparison_json(found)})
    else:
        for side, each in told.items():
            write(f"{side.upper()}  {each['log']}: {each['records']:,} records, root {each['root']}")
        for line in comparison_lines(found):
            write(line)
    return Status.FINE if found.identical else Status.FOUND


def _told(name: str, records: int, root: bytes) -> dict[str, str | int]:
    return {"log": name, "records": records, "root": root.hex()}
