"""The check-up of the machine: Python, packages, engines, time zones, our own folders on the path.

Rules:
- an engine is asked to do something in a process of its own: a native library that is broken aborts the process it
  is loaded in, and that must be a finding and not the end of the check-up;
- packages are compared with the pins of `requirements.lock`: older or missing is a finding, newer is not;
- every finding names what to do.

The desk's check-up is in `adapters/desk/doctor_desk.py`.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import zoneinfo
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from adapters.frame import OWN_PACKAGES
from adapters.installation import DISTRIBUTION, INSTALLED, ROOT, SHIPPED, by_installer, requirements, version
from adapters.running.provenance import program
from knowledge.prolog.check import probe
from warrant_engine import strangers

ZONES = ("UTC", "America/New_York", "Asia/Kolkata")
LONGEST_RUN = 60
"""Seconds that such a process may take before it counts as failed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check-up: what was looked at, whether it is fine, what was seen, and what to do if it is not."""

    subject: str
    fine: bool
    seen: str
    remedy: str = ""


ENGINES = {
    "SWI-Prolog": (
        "from pyswip import Prolog\n"
        "row = list(Prolog.query('current_prolog_flag(version, V), X is 6 * 7'))[0]\n"
        "assert row['X'] == 42, 'a wrong answer'\n"
        "v = row['V']\n"
        "print(f'{v // 10000}.{v // 100 % 100}.{v % 100}')"
    ),
    "CLIPS": (
        "import clips\n"
        "one = clips.Environment()\n"
        "one.build('(defrule r (a) => (assert (b)))')\n"
        "one.assert_string('(a)')\n"
        "assert one.run(10) == 1 and '(b)' in [str(f) for f in one.facts()], 'a rule did not fire'\n"
        "print('clipspy', clips.__version__)"
    ),
    "Z3": (
        "import z3\n"
        "x = z3.Int('x')\n"
        "s = z3.Solver()\n"
        "s.add(x > 1, x < 3)\n"
        "assert s.check() == z3.sat and s.model()[x].as_long() == 2, 'a wrong answer'\n"
        "print(z3.get_version_string())"
    ),
}
"""For each engine a program that makes it work and prints its version."""

AFRESH = (
    f"make the environment afresh: `pip install --force-reinstall {DISTRIBUTION}` in a new venv"
    if INSTALLED
    else "make the environment afresh: `rm -rf .venv`, then `./warrant doctor`"
)


def check_machine() -> list[Finding]:
    """Everything about the machine, in a fixed order; the probes run side by side."""
    with ThreadPoolExecutor() as pool:
        engines = [pool.submit(_engine, name) for name in ENGINES]
        imports = pool.submit(_imports)
        return [
            _python(),
            Finding("program", True, f"warrant {version()}, {program()}"),
            *_pins((SHIPPED / "requirements.lock").read_text(encoding="utf-8"), whole=not by_installer()),
            *imports.result(),
            *(engine.result() for engine in engines),
            _zones(),
            *_own_packages(),
        ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= (3, 11)
    return Finding("python", fine, f"{version} at {sys.executable}", "" if fine else "install Python 3.11 or newer")


def _pins(lock: str, whole: bool = True) -> Iterator[Finding]:
    """Compare what is installed with the lock; packages for other systems only (with a marker) are left out.

    The lock has those of every extra: where not the `whole` of it was asked for, one may be missing.
    """
    pins = re.findall(r"^([a-z0-9.-]+)==([^ ;]+) \\$", lock, re.MULTILINE)
    wrong = 0
    for name, pin in pins:
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = ""
        if not found and not whole:
            continue
        if not found or _older(found, pin):
            wrong += 1
            seen = f"{found} is older than the pinned {pin}" if found else f"missing; the pin is {pin}"
            yield Finding(f"package {name}", False, seen, AFRESH)
    if not wrong:
        yield Finding("packages", True, f"{len(pins)}, none older than its pin")


def _older(version: str, pin: str) -> bool:
    return _numbers(version) < _numbers(pin)


def _numbers(version: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", version)]


def _imports() -> list[Finding]:
    """Import every direct dependency in one other process, which says what it is about to import."""
    wanted = {_plain(re.split("[^A-Za-z0-9_.-]", need)[0]) for need in requirements()}
    brought = {module: set(map(_plain, names)) for module, names in importlib.metadata.packages_distributions().items()}
    modules = sorted(module for module, names in brought.items() if not module.startswith("_") and wanted & names)
    program = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    print('?', name, flush=True)\n"
        "    try: importlib.import_module(name)\n"
        "    except Exception as error: print('!', name, ' '.join(str(error).split()), flush=True)\n"
        "print('.')"
    )
    out, err = _run(program, *modules)
    lines = out.splitlines()
    failed = [
        Finding(f"package {name}", False, "missing, and nothing runs without it", AFRESH)
        for name in sorted(wanted.difference(*brought.values()))
    ]
    failed += [Finding(f"import {line.split()[1]}", False, line[2:], AFRESH) for line in lines if line.startswith("!")]
    if not lines or lines[-1] != ".":
        last = lines[-1].split()[1] if lines else "the first package"
        failed.append(Finding(f"import {last}", False, f"the process ended there: {err}", AFRESH))
    return failed or [Finding("imports", True, f"{len(modules)} modules of {len(wanted)} packages")]


def _plain(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub("[-_.]+", "-", name).lower()


def _engine(name: str) -> Finding:
    if name == "SWI-Prolog" and (fault := probe()):
        sentence, _, remedy = fault.partition("; ")
        return Finding(name, False, sentence, f"{remedy}; a folder of its own needs LIBSWIPL_PATH and SWI_HOME_DIR")
    out, err = _run(ENGINES[name])
    return Finding(name, False, err, AFRESH) if err else Finding(name, True, f"{out.strip()}, works")


def _run(program: str, *words: str) -> tuple[str, str]:
    """Run a program in a Python of its own; returns what it wrote and, unless it ended well, why not."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    try:
        ended = subprocess.run(  # noqa: S603  our own interpreter and programs
            [sys.executable, "-c", program, *words],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LONGEST_RUN,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {LONGEST_RUN} s"
    if ended.returncode == 0:
        return ended.stdout, ""
    said = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
    reason = said[-1] if said else "without a word"
    how = f"signal {-ended.returncode}" if ended.returncode < 0 else f"status {ended.returncode}"
    return ended.stdout, f"ended with {how}: {reason}"


def _zones() -> Finding:
    try:
        for zone in ZONES:
            zoneinfo.ZoneInfo(zone)
    except zoneinfo.ZoneInfoNotFoundError as error:
        return Finding("time zones", False, str(error).strip("'\""), "install the time zones: `apt-get install tzdata`")
    return Finding("time zones", True, ", ".join(ZONES))


def _own_packages() -> Iterator[Finding]:
    """Whether `import engine` finds our engine and not a package of that name from elsewhere."""
    found = list(strangers())
    for sentence in found:
        seen, _, remedy = sentence.partition(": " if "which is not ours: " in sentence else "; ")
        yield Finding("own folders", False, seen, remedy)
    if not found:
        yield Finding("own folders", True, f"{', '.join(OWN_PACKAGES)} are those of {ROOT}")
