"""A day or a range of days: NAV, limits, refusals, orders, outcomes, where the result came from."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status
from adapters.reports.frame.options import Form, FormOption, FromOption, OutOption, ToOption


def command(
    day: Annotated[
        str | None, typer.Argument(metavar="[DATE]", help="This day alone. [default: the last session]")
    ] = None,
    first: FromOption = None,
    last: ToOption = None,
    form: FormOption = Form.HTML,
    out: OutOption = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Write what was decided, traded and earned, and how near it came to the limits, from the log alone."""
    from adapters.reports.daily import daily
    from adapters.reports.frame.delivery import Asked, deliver

    asked = Asked("daily", None, day or first, day or last, form, out, one_day=True)
    return deliver(desk, asked, daily, json)
