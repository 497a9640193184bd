"""Check the machine and the desk: packages, engines, files, store."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from adapters.frame import DeskOption, JsonOption, Status, write, write_json

if TYPE_CHECKING:
    from adapters.desk.doctor import Finding


def command(desk: DeskOption = None, json: JsonOption = False) -> Status:
    """Check the machine and the desk, and say for each thing found what to do. Exit status 1 when there is any."""
    from adapters.desk.doctor import check_machine
    from adapters.desk.doctor_desk import check_desk, fingerprints
    from adapters.desk.folder import find_desk
    from adapters.installation import version
    from adapters.running.provenance import program

    folder = find_desk(desk)
    findings = [*check_machine(), *check_desk(folder)]
    found = sum(not finding.fine for finding in findings)
    if json:
        digests = {**fingerprints(folder), "program": program()}
        checks = [asdict(finding) for finding in findings]
        write_json({"found": found, "version": version(), "fingerprints": digests, "checks": checks})
    else:
        _table(findings)
        write(f"{len(findings)} checks, {found or 'nothing'} found")
    return Status.FOUND if found else Status.FINE


def _table(findings: list[Finding]) -> None:
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        write(f"{'fine ' if finding.fine else 'FOUND'}  {finding.subject:<{width}}  {finding.seen}")
        if finding.remedy:
            write(f"{'':7}{'':<{width}}  -> {finding.remedy}")
