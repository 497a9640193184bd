"""Limits: what each bounds, whose it is, how near it came over time, what it refused, who changed it."""

from __future__ import annotations

from adapters.frame import DeskOption, JsonOption, Status
from adapters.reports.frame.options import Form, FormOption, FromOption, OutOption, ToOption


def command(
    first: FromOption = None,
    last: ToOption = None,
    form: FormOption = Form.HTML,
    out: OutOption = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Write how the limits held over the days, and every change of them, from the log alone."""
    from adapters.reports.frame.delivery import Asked, deliver
    from adapters.reports.limits import limits

    asked = Asked("limits", None, first, last, form, out)
    return deliver(desk, asked, limits, json)
