"""Controls: each that a regulator asks for, and the evidence of it in the log, or that there is none."""

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
    """Write what the log of these days shows of each control of docs/controls.md."""
    from adapters.reports.frame.delivery import Asked, deliver
    from adapters.reports.selfassessment import selfassessment

    asked = Asked("selfassessment", None, first, last, form, out)
    return deliver(desk, asked, selfassessment, json)
