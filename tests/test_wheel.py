"""The wheel: what lies in it, and that what is unpacked from it is the program and the desk of the checkout."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from adapters.desk.doctor_desk import fingerprints
from adapters.installation import ROOT, SHIPPED, requirements, version
from adapters.running.provenance import program

EXTRAS = ("pyarrow", "yfinance", "ccxt", "stamina", "psycopg", "prometheus_client")
BLOCK = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {EXTRAS}:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
sys.meta_path.insert(0, Absent())
from warrant_engine import main
main()
"""


def build(target: str, project: Path, folder: Path) -> None:
    """Build as a front end would, in this environment and without a network."""
    made = f"import sys, hatchling.build as backend; backend.build_{target}(sys.argv[1])"
    subprocess.run([sys.executable, "-c", made, str(folder)], cwd=project, check=True, capture_output=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A wheel and a source distribution."""
    folder = tmp_path_factory.mktemp("built")
    for target in ("wheel", "sdist"):
        build(target, ROOT, folder)
    return next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def unpacked(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that stands for the site-packages into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(built[0]) as wheel:
        wheel.extractall(folder)
    return folder


def plain(need: str) -> str:
    """A requirement as indexes compare it."""
    return re.sub("[-_.]+", "-", need).lower()


def call(
    unpacked: Path, *words: str, cwd: Path, program: tuple[str, ...] = ("-m", "warrant_engine")
) -> tuple[int, str]:
    """Call the unpacked program from a folder elsewhere; returns status and output, errors after it."""
    ended = subprocess.run(
        [sys.executable, "-P", *program, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout


def test_the_wheel_holds_the_packages_and_the_desk_and_nothing_else(built: tuple[Path, Path]) -> None:
    names = zipfile.ZipFile(built[0]).namelist()
    assert len(names) == len(set(names))
    tops = {name.split("/")[0] for name in names}
    info = f"warrant_engine-{version()}.dist-info"
    assert tops == {"knowledge", "rules", "engine", "advisors", "adapters", "warrant_engine.py", info}
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    desk = (
        "rules/book/",
        "rules/cases/",
        "rules.clp",
        "policies.pl",
        "limits.yaml",
        "instruments.yaml",
        "warrant.toml",
    )
    wanted = {
        f"adapters/shipped/{name}" if name.startswith((*desk, "requirements.lock")) else name
        for name in tracked
        if name.split("/")[0] in tops or name.startswith((*desk, "requirements.lock"))
    }
    # files that are not added to git yet may lie in the wheel, too; none that is may be missing
    assert wanted <= set(names)
    assert not [name for name in names if name.startswith(("rules/book/", "rules/cases/")) or "__pycache__" in name]


def test_the_source_distribution_makes_the_same_wheel(built: tuple[Path, Path], tmp_path: Path) -> None:
    with tarfile.open(built[1]) as source:
        # The filter came with Python 3.11.4; Debian 12 has 3.11.2, and the archive is our own.
        source.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (root,) = tmp_path.iterdir()
    tops = {path.name for path in root.iterdir()}
    assert {"tests", "docs", "warrant", "hatch_build.py", "requirements-dev.lock"} <= tops
    assert not tops & {".ci", ".venv", ".git", "demo", "store"}
    build("wheel", root, tmp_path)
    (again,) = tmp_path.glob("*.whl")
    first, second = zipfile.ZipFile(built[0]), zipfile.ZipFile(again)
    assert sorted(second.namelist()) == sorted(first.namelist())
    assert all(second.read(name) == first.read(name) for name in first.namelist())


def test_the_wheel_names_what_it_needs(built: tuple[Path, Path]) -> None:
    wheel = zipfile.ZipFile(built[0])
    info = f"warrant_engine-{version()}.dist-info"
    told = message_from_bytes(wheel.read(f"{info}/METADATA"))
    needs = [one for one in told.get_all("Requires-Dist", []) if "extra ==" not in one]
    assert sorted(map(plain, needs)) == sorted(map(plain, requirements()))
    assert {"data", "postgresql", "watch", "editor", "all"} <= set(told.get_all("Provides-Extra", []))
    assert wheel.read(f"{info}/entry_points.txt").decode().split("\n")[1] == "warrant = warrant_engine:main"


def test_the_unpacked_wheel_is_the_program_and_the_desk_of_the_checkout(unpacked: Path, tmp_path: Path) -> None:
    status, out = call(unpacked, "doctor", "--json", cwd=tmp_path)
    told = json.loads(out)
    assert (status, [one for one in told["checks"] if not one["fine"]]) == (0, [])
    assert told["version"] == version()
    assert told["fingerprints"] == {**fingerprints(SHIPPED), "program": program()}
    seen = {one["subject"]: one["seen"] for one in told["checks"]}
    assert seen["desk"] == str(unpacked / "adapters" / "shipped")
    assert "`warrant init DIR`" in seen["store"]
    assert call(unpacked, "--version", cwd=tmp_path) == (0, f"warrant {version()}\n")


def test_no_log_is_written_into_the_installed_program(unpacked: Path, tmp_path: Path) -> None:
    before = sorted(unpacked.rglob("*.*"))
    status, out = call(unpacked, "cycle", cwd=tmp_path)
    assert status == 2
    assert "no log goes there; make your own: `warrant init DIR`" in out
    assert [path for path in sorted(unpacked.rglob("*.*")) if path not in before and path.suffix != ".pyc"] == []


def test_an_installed_program_says_where_its_tests_are(unpacked: Path, tmp_path: Path) -> None:
    status, out = call(unpacked, "test", cwd=tmp_path)
    assert status == 3
    assert "comes without its tests; take a checkout, and call `./warrant test` there" in out


def test_a_desk_works_without_what_any_extra_brings(unpacked: Path, tmp_path: Path) -> None:
    def without(*words: str) -> str:
        status, out = call(unpacked, *words, cwd=tmp_path, program=("-c", BLOCK))
        assert status == 0, out
        return out

    assert "made a desk in `desk`" in without("init", "desk")
    assert "2011-01-03" in without("cycle", "--desk", "desk")
    assert "sequence     holds" in without("audit", "verify", "--desk", "desk")


@pytest.mark.parametrize("words", [["run", "--replay", "feed"], ["backtest", "--to", "2011-01-05"], ["kill"]])
def test_no_command_writes_into_the_installed_program(unpacked: Path, tmp_path: Path, words: list[str]) -> None:
    before = {path for path in unpacked.rglob("*") if path.suffix != ".pyc" and path.name != "__pycache__"}
    more = ["--who", "Ada", "--why", "a test"] if words == ["kill"] else []
    assert call(unpacked, *words, *more, cwd=tmp_path)[0] in (2, 3)
    after = {path for path in unpacked.rglob("*") if path.suffix != ".pyc" and path.name != "__pycache__"}
    assert after == before
