"""Run all checks and tests of the project."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json

CONTEXT_SETTINGS = {"ignore_unknown_options": True}


def command(
    words: Annotated[list[str] | None, typer.Argument(metavar="PYTEST", help="Words for pytest.")] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Check style, types and imports, then run the tests: always those of the project, whatever the desk.

    What follows goes to pytest: `warrant test tests/engine -k reach`.
    """
    from importlib.util import find_spec

    from adapters.installation import INSTALLED
    from adapters.selftest import closing, run_all

    if INSTALLED:
        raise Failed("an installed program comes without its tests; take a checkout, and call `./warrant test` there")
    if not find_spec("pytest"):
        raise Failed("pytest is not installed here; run the tests through the launcher: ./warrant test")
    results = run_all(words or [], (lambda line: None) if json else write)
    passed = all(result.passed for result in results)
    if json:
        write_json({"passed": passed, "checks": [asdict(result) for result in results]})
    elif line := closing(results):
        write(line)
    return Status.FINE if passed else Status.FOUND
