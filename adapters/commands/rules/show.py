"""Show the rulebook as a page: sentences, who feeds whom, sources; or one rule in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json


def command(
    rule: Annotated[
        str | None, typer.Argument(metavar="[RULE]", help="Show this rule here. [default: the page]")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the page is written.")] = Path(
        "rulebook.html"
    ),
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Write the rulebook as one HTML file: every rule and policy in words, who feeds whom, the vocabulary.

    With RULE: its sentence, what it reads and concludes, who feeds it and whom it feeds, and its source.
    """
    from adapters.desk.folder import find_desk
    from rules.feeding import feeding_of
    from rules.rulebook import read_rulebook

    folder = find_desk(desk)
    rulebook = read_rulebook(folder)
    if rule is not None:
        from adapters.showing.told import known_rule, told

        found = known_rule(rulebook, rule)
        card = told(found, feeding_of(rulebook.program))
        if json:
            write_json(card)
        else:
            for line in card["lines"]:
                write(line)
        return Status.FINE
    from adapters.showing.page import page
    from knowledge.prolog.text import read_policies
    from knowledge.templates import vocabulary
    from rules.cases import read_cases

    cases = read_cases(folder / "rules" / "cases", folder) if (folder / "rules" / "cases").is_dir() else []
    text = page(rulebook, read_policies(rulebook.policies), cases, vocabulary())
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failed(f"`{out}` can not be written: {error.strerror}; name another file with `--out`") from None
    if json:
        write_json({"page": str(out), "rulebook": rulebook.fingerprint, "rules": len(rulebook.program.rules)})
    else:
        write(f"{len(rulebook.program.rules)} rules: {out}")
    return Status.FINE
