"""Models: calibration, Brier score against a coin, drift, versions; what the heads are worth."""

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
    """Write what each head said, how often it was right, and which model spoke when, from the log alone."""
    from adapters.reports.frame.delivery import Asked, deliver
    from adapters.reports.model import model

    asked = Asked("model", None, first, last, form, out)
    return deliver(desk, asked, model, json)
