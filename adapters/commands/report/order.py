"""An order: what it was for, its way from warrant to end, fills, costs, what came of the position."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status
from adapters.reports.frame.options import Form, FormOption, FromOption, OutOption, ToOption


def command(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="An order or warrant by its id. [default: the entries of the days]"),
    ] = None,
    first: FromOption = None,
    last: ToOption = None,
    form: FormOption = Form.HTML,
    out: OutOption = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Write what an order was for and what became of it, from the log alone; without ID, of all entries."""
    from adapters.reports.frame.delivery import Asked, deliver
    from adapters.reports.order import order

    asked = Asked("order", name, first, last, form, out, one_day=name is None)
    return deliver(desk, asked, lambda span: order(span, name), json)
