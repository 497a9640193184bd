"""Write where an order came from, from facts to fills and with who answers for each step, as W3C PROV-JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, Status, uncollected


def command(
    name: Annotated[str, typer.Argument(metavar="ORDER", help="The id of an order or warrant.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write it into this file. [default: standard output]", show_default=False
        ),
    ] = None,
    desk: DeskOption = None,
) -> Status:
    """Write the provenance of ORDER: entities, activities, agents and how they rest on each other (docs/provenance.md).

    Read from the log alone; the same log gives the same bytes.
    """
    with uncollected():
        from adapters.answers.reading import reading_at
        from adapters.answers.rendering import put
        from adapters.desk.folder import find_desk, store_of
        from adapters.provenance.order import provenance

        with reading_at(store_of(find_desk(desk))) as log:
            text = provenance(log, name).text()
        put(text, out)
    return Status.FINE
