"""Verify the audit log: bytes, sequence, checkpoints, arithmetic; with --replay every decision again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json

if TYPE_CHECKING:
    from adapters.signing.note import VerifierKey
    from adapters.store.address import Address
    from adapters.verifying.verification import Verification
    from adapters.verifying.verify import Given, Recheck

MOST_SHOWN = 20
"""Findings written out; `--json` has all of them."""
LONG = 5000
"""Records from which on several processes are worth their start."""


def command(
    replay: Annotated[bool, typer.Option("--replay", help="Decide every cycle again from its own inputs.")] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", min=1, max=64, help="Worker processes, for --replay and long logs. [default: one for each core]"
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option("--against", metavar="FILE", help="A checkpoint that you kept elsewhere; may be repeated."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="VKEY", help="A verifier key that you noted elsewhere; may be repeated."),
    ] = None,
    desk: DeskOption = None,
    json: JsonOption = False,
) -> Status:
    """Verify the whole log: five verdicts, reported separately, and the first bad record by id and field.

    Exit status 0 only if all that were asked for hold, 1 otherwise, 3 if the store cannot be read at all. A log that
    was cut short together with its tree and its checkpoints looks like a shorter log: give a checkpoint that was kept
    elsewhere. Without `--key` the log's own word says whose signatures count.
    """
    from adapters.audit.log import LogUnreadable
    from adapters.desk.folder import find_desk, read_desk
    from adapters.signing.given import read_checkpoints, read_keys

    store = read_desk(find_desk(desk)).store
    heads, keys = read_checkpoints(against or ()), read_keys(key or ())
    try:
        verification = _verification(store, replay, jobs or os.cpu_count() or 1, heads, keys)
    except LogUnreadable as error:
        raise Failed(f"{error}; run `warrant demo` or `warrant cycle` first") from None
    if json:
        write_json({"store": str(store), **verification.to_json()})
    else:
        for line in _lines(store, verification):
            write(line)
    if verification.size == 0 and verification.root is None:
        return Status.FAILED
    return Status.FINE if verification.holds else Status.FOUND


def _verification(
    store: Address, replay: bool, jobs: int, against: Sequence[Given], keys: Sequence[VerifierKey]
) -> Verification:
    """Walk the store once; what other processes re-evaluate or replay is handed on meanwhile and awaited after it."""
    from adapters.verifying.collecting import seldom
    from adapters.verifying.recheck import Arithmetic
    from adapters.verifying.recheck_many import ArithmeticInParallel
    from adapters.verifying.replay import Replay
    from adapters.verifying.verification import collect
    from adapters.verifying.verify import verify

    with seldom(), ExitStack() as stack:
        told = stack.enter_context(_progress(store))
        long = jobs > 1 and (_size(store) or 0) >= LONG
        others = [stack.enter_context(ArithmeticInParallel(jobs))] if long else []
        replays = stack.enter_context(Replay(jobs)) if replay else None
        asked = _telling(others[0] if others else Arithmetic(), told)
        walked = verify(store, arithmetic=asked, replay=replays, against=against, keys=keys)
        found = [*walked.findings, *(finding for one in others for finding in one.findings())]
        found += replays.findings() if replays is not None else []
    given = [one.check for one in walked.verdicts if one.given]
    return collect(walked.size, walked.root, given, found, walked.notes)


def _lines(store: Address, verification: Verification) -> Iterator[str]:
    from adapters.running.provenance import decided_by_another

    yield f"{store}: {verification.size} records, root {verification.root or 'unknown'}"
    for verdict in verification.verdicts:
        count = len(verdict.findings)
        yield f"{verdict.check:<12} {verdict.outcome}{f' ({count} found)' if count else ''}"
    for note in verification.notes:
        yield f"note: {note}"
    findings = verification.findings
    if findings and decided_by_another(store):
        yield "note: the log was last started by another version of this program, which may word things differently"
    if findings:
        yield f"first: {findings[0]}"
        for finding in findings[1:MOST_SHOWN]:
            yield f"       {finding}"
        if len(findings) > MOST_SHOWN:
            yield f"       … and {len(findings) - MOST_SHOWN} more; `--json` has them all"


def _telling(recheck: Recheck, told: Callable[[], None]) -> Recheck:
    """The same recheck, which also tells that one more record was reached."""

    def asked(record: object, blob: Callable[[str], bytes]) -> list[str]:
        told()
        return recheck(record, blob)

    return asked


def _size(store: Address) -> int | None:
    """Records of the log; None where it cannot be read: the verification itself says what is wrong with it."""
    from adapters.audit.log import LogReader, LogUnreadable

    try:
        with LogReader.read(store) as log:
            return log.size
    except LogUnreadable:
        return None


@contextmanager
def _progress(store: Address) -> Iterator[Callable[[], None]]:
    """A progress bar on standard error where a person watches; a function that moves it on by one record."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    total = _size(store)
    columns = (TextColumn("verifying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("records", total=total)
        yield lambda: bar.advance(task)
