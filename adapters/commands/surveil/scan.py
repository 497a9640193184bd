"""Look for wash trades, layering, marked closes, repeated cancels and nearness to limits in the log."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.frame import DeskOption, JsonOption, Status, day, uncollected, write, write_json


def command(
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day. [default: from the beginning]")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day. [default: up to the end]")] = None,
    record: Annotated[bool, typer.Option("--record", help="Record what is not recorded yet.")] = False,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Tell each finding that ends in these days: the pattern, its orders, its figures against the thresholds.

    Thresholds stand in `[surveillance]` of `warrant.toml` (docs/surveillance.md). A finding is a question and no
    verdict: exit status 1 where one is open, 0 where there is none or persons cleared all. With `--record` the desk
    must not run.
    """
    from adapters.answers.reading import reading
    from adapters.desk.folder import find_desk, read_desk
    from adapters.surveillance.looking import Lookout, Told
    from adapters.surveillance.text import lines

    begins, ends = day("--from", first), day("--to", last)
    place = read_desk(find_desk(desk))

    def wanted(one: Told) -> bool:
        return begins <= one.finding.last <= (ends or "9999")

    if record:
        from adapters.surveillance.recording import record_findings
        from adapters.watch.desk_watch import messenger

        with messenger(place) as watch:
            record_findings(place, wanted, watch)
    with uncollected(), reading(place) as log:
        found = [one for one in Lookout(log, place.settings.surveillance.parameters).look() if wanted(one)]
    if json:
        write_json([one.to_json() for one in found])
    else:
        span = " ".join(f"{word} {said}" for word, said in (("from", begins), ("to", ends)) if said) or "in all days"
        for line in lines(found, span):
            write(line)
    return Status.FOUND if any(one.open for one in found) else Status.FINE
