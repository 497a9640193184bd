"""Show the page of a finding's code: why it matters, a bad and a good example; without a code, list all."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, write, write_json
from knowledge.faults import Fault, Faulty


def command(
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="Such as R305. [default: list all]")] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Print the page of a code of `warrant rules check`."""
    from adapters.installation import SHIPPED
    from rules.lints.catalogue import LINTS
    from rules.signatures import meant

    if code is None:
        rows = [
            {"code": one.code, "name": one.name, "severity": one.severity, "title": one.title} for one in LINTS.values()
        ]
        if json:
            write_json(rows)
        else:
            write("\n".join(f"{one['code']}  {one['severity']:7}  {one['name']}: {one['title']}" for one in rows))
        return Status.FINE
    lint = LINTS.get(code.upper())
    if lint is None:
        raise Faulty(Fault("CODE", 1, 1, f"there is no code `{code}`{meant(code.upper(), LINTS)}"))
    page = (SHIPPED / lint.page).read_text(encoding="utf-8")
    if json:
        write_json({"code": lint.code, "name": lint.name, "severity": lint.severity, "title": lint.title, "page": page})
    else:
        write(page.rstrip())
    return Status.FINE
