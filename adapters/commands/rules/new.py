"""Write the first text of a rule: conditions, sentence, and cases that hold both sides of each threshold."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from adapters.frame import DeskOption, Status, write


class Concludes(StrEnum):
    """What the new rule concludes."""

    VETO = "veto"
    SETUP = "setup"
    CANDIDATE = "candidate"
    EXIT = "exit"


class Side(StrEnum):
    """The side it is about."""

    LONG = "long"
    SHORT = "short"


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The id of the rule, such as `veto-thin-volume`.")],
    when: Annotated[
        list[str], typer.Option("--when", metavar="COMPARISON", help="A condition: 'rsi-14 > 80'. Give one or more.")
    ],
    concludes: Annotated[Concludes, typer.Option("--concludes", help="What it concludes.")] = Concludes.VETO,
    side: Annotated[Side, typer.Option("--side", help="The side it is about.")] = Side.LONG,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="Of a setup: its kind.")] = "momentum",
    owner: Annotated[str, typer.Option("--owner", metavar="NAME", help="Who answers for it.")] = "quant",
    sentence: Annotated[
        str, typer.Option("--sentence", metavar="TEXT", help="What it says, with variables. [default: made]")
    ] = "",
    desk: DeskOption = None,
) -> Status:
    """Write rules/book/NAME.clp and rules/cases/NAME.yaml, and load the rule in rules.clp.

    The cases pass as they stand: they hold the rule at its thresholds, and change each single thing that keeps it from
    firing. Change the rule, then run `warrant rules check` and `warrant rules test NAME`. Nothing is written when the
    new rulebook would not load.
    """
    from adapters.authoring.adding import add
    from adapters.desk.folder import writable_desk
    from knowledge.templates import vocabulary
    from rules.scaffold import Wish, scaffold

    folder = writable_desk(desk).folder
    wish = Wish(name, concludes.value, side.value, tuple(when), owner, sentence, kind)
    for path in add(folder, name, scaffold(wish, vocabulary())):
        write(f"wrote {path}")
    write(f"next: warrant rules test {name}; warrant rules check")
    return Status.FINE
