"""A decision: each verdict with its derivation as a graph and in words, limits, proof, orders."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status
from adapters.reports.frame.options import Form, FormOption, FromOption, OutOption, ToOption


def command(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="A decision by its id, or its day. [default: those of the days]"),
    ] = None,
    first: FromOption = None,
    last: ToOption = None,
    form: FormOption = Form.HTML,
    out: OutOption = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Write why a decision is what it is, from its record alone; without ID, of all that proposed something."""
    from adapters.reports.cycle import cycle
    from adapters.reports.frame.delivery import Asked, deliver

    asked = Asked("cycle", name, first, last, form, out, one_day=name is None)
    return deliver(desk, asked, lambda span: cycle(span, name), json)
