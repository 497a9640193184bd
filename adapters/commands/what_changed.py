"""What changed between two cycles, or two versions of rules, limits or models, and which difference caused what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, Form, FormatOption, FullOption, JsonOption, OutOption, Status, write_json


def command(
    a: Annotated[str, typer.Argument(metavar="A", help="The id of a decision, or a date.")],
    b: Annotated[str | None, typer.Argument(metavar="[B]", help="Another one.")] = None,
    rules: Annotated[
        str | None,
        typer.Option("--rules", metavar="DIR", help="A under this folder's rulebook, or a recorded one's id."),
    ] = None,
    limits: Annotated[
        str | None, typer.Option("--limits", metavar="FILE", help="A under these limits, or a recorded change's id.")
    ] = None,
    models: Annotated[
        Path | None, typer.Option("--models", metavar="RUN", help="A with what the heads of another run said then.")
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", metavar="SYMBOL", help="Only this instrument.")] = None,
    budget: Annotated[int, typer.Option("--budget", min=1, metavar="N", help="Decisions it may take.")] = 2_000,
    desk: DeskOption = None,
    form: FormatOption = Form.TEXT,
    out: OutOption = None,
    full: FullOption = False,
    json: JsonOption = False,
) -> Status:
    """Say what differs in inputs and verdicts, and which difference caused which: by putting pieces of B into A.

    Every case in between is decided by the engine. Nothing is recorded, nothing is sent.
    """
    from adapters.answers.lookup import reading
    from adapters.answers.rendering import show
    from adapters.desk.folder import find_desk, read_desk
    from adapters.supposing.progress import progress
    from adapters.supposing.recorded import recorded
    from adapters.supposing.versions import with_limits, with_models, with_rules
    from adapters.supposing.whatchanged import ask, telling, to_json
    from knowledge.faults import Fault, Faulty

    with reading(read_desk(find_desk(desk))) as log:
        one = recorded(log, a, symbol if b is None else None)
        other = recorded(log, b) if b is not None else one
        case, names = other.case, [other.head] if b is not None else []
        if rules is not None:
            case, name = with_rules(case, log, rules)
            names.append(name)
        if limits is not None:
            case, name = with_limits(case, log, limits)
            names.append(name)
        if models is not None:
            case, name = with_models(case, other.record, models)
            names.append(name)
    if not names:
        words = "nothing to compare with; give a second cycle, `--rules`, `--limits` or `--models`"
        raise Faulty(Fault("command line", 1, 1, words))
    alone = b is not None and len(names) == 1
    with progress() as told:
        answer = ask(one, case, " with ".join(names), other.record if alone else None, symbol, budget, told)
    if json:
        write_json(to_json(answer))
    else:
        show(telling(answer), form, out, full=full)
    return Status.FINE
