"""The launcher, in a small project of its own: no network, a made wheel, a bare PATH where a machine is to be bare."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from warrant_engine import PACKAGES

ROOT = Path(__file__).resolve().parents[1]
CLI = "import os, sys\nimport made\ndef run(words):\n    print(words, os.getcwd(), made.__file__)\n"
TOOLS = (
    "sh",
    "dirname",
    "readlink",
    "cmp",
    "date",
    "grep",
    "mkdir",
    "mktemp",
    "rm",
    "cp",
    "cat",
    "tail",
    "touch",
    "env",
)


def wheel(folder: Path, version: str = "1.0") -> str:
    """Make a wheel with one module `made`; returns its line in a lock."""
    file = folder / f"made-{version}-py3-none-any.whl"
    info = f"made-{version}.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("made.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: made\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"made.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return f"made=={version} \\\n    --hash=sha256:{digest}\n"


class Machine:
    """A project folder with a space in its name, and the environment in which its launcher is called."""

    def __init__(self, folder: Path) -> None:
        self.wheels = folder / "wheels"
        self.project = folder / "a project"
        self.bin = folder / "bin"
        packages = [self.project / name for name in PACKAGES]
        for made in (self.wheels, *packages, self.bin):
            made.mkdir(parents=True)
        shutil.copy(ROOT / "warrant", self.project / "warrant")
        shutil.copy(ROOT / "warrant_engine.py", self.project / "warrant_engine.py")
        for package in packages:
            (package / "__init__.py").touch()
        (self.project / "adapters" / "cli.py").write_text(CLI)
        line = wheel(self.wheels)
        (self.project / "requirements.lock").write_text(line)
        (self.project / "requirements-dev.lock").write_text(line + "# dev\n")
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
            "PIP_CONFIG_FILE": os.devnull,
            "WARRANT_PYTHON": sys.executable,
            "LIBSWIPL_PATH": "/somewhere",
        }

    def bare(self) -> None:
        """From here on the PATH holds the basic tools and nothing else, and there is no SWI-Prolog."""
        for name in TOOLS:
            (self.bin / name).symlink_to(str(shutil.which(name)))
        self.environment["PATH"] = str(self.bin)
        del self.environment["LIBSWIPL_PATH"]

    def tool(self, name: str, script: str) -> None:
        """Put a shell script on the bare PATH."""
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def start(self, *words: str, launcher: Path | None = None, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Call the launcher and go on."""
        return subprocess.Popen(
            [str(launcher or self.project / "warrant"), *words],
            cwd=cwd or self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *words: str, launcher: Path | None = None, cwd: Path | None = None) -> tuple[int, str, str]:
        """Call the launcher; returns status, output, errors."""
        with self.start(*words, launcher=launcher, cwd=cwd) as called:
            out, err = called.communicate(timeout=120)
        return called.returncode, out, err


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine on which nothing is set up."""
    return Machine(tmp_path)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine that is set up, shared by tests that leave it so."""
    machine = Machine(tmp_path_factory.mktemp("ready"))
    status, _, err = machine.call()
    assert status == 0, err
    yield machine


def test_the_second_call_sets_nothing_up_and_passes_every_word_on(ready: Machine) -> None:
    status, out, err = ready.call("explain", "a b", "--desk", "x")
    assert (status, err) == (0, "")
    assert out.startswith("['explain', 'a b', '--desk', 'x']")


def test_works_through_a_symlink_from_another_folder(ready: Machine, tmp_path: Path) -> None:
    # what lies in the folder one stands in does not stand in for our packages
    (tmp_path / "adapters").mkdir()
    (tmp_path / "adapters" / "__init__.py").write_text("raise SystemExit('the wrong adapters')")
    link = tmp_path / "warrant"
    link.symlink_to(ready.project / "warrant")
    status, out, err = ready.call("x", launcher=link, cwd=tmp_path)
    assert (status, err) == (0, "")
    assert str(tmp_path) in out
    assert str(ready.project / ".venv") in out


def test_test_installs_the_lock_of_the_tests_too(ready: Machine) -> None:
    for words in (["test"], ["--desk", "d", "--json", "test", "-k", "x"]):
        (ready.project / ".venv" / "requirements-dev.lock").unlink(missing_ok=True)
        assert ready.call("explain", "test")[2] == ""
        status, _, err = ready.call(*words)
        assert status == 0
        assert "setting up" in err
        assert ready.call(*words)[2] == ""
        assert ready.call("explain")[2] == ""


def test_a_changed_lock_is_installed(ready: Machine) -> None:
    lock = ready.project / "requirements.lock"
    before = lock.read_text()
    lock.write_text(wheel(ready.wheels, "2.0"))
    status, _, err = ready.call()
    assert status == 0
    assert "setting up" in err
    assert list((ready.project / ".venv").rglob("made-2.0.dist-info"))
    lock.write_text(before)
    assert ready.call()[0] == 0


def test_an_interrupted_set_up_is_redone(ready: Machine) -> None:
    venv = ready.project / ".venv"
    (venv / "unfinished").touch()
    (venv / "half").touch()
    status, _, err = ready.call()
    assert status == 0
    assert "setting up" in err
    assert not (venv / "half").exists()
    assert ready.call()[2] == ""


def test_an_environment_made_by_someone_else_is_completed_and_never_deleted(ready: Machine) -> None:
    venv = ready.project / ".venv"
    for stamp in venv.glob("requirements*.lock"):
        stamp.unlink()
    (venv / "theirs").touch()
    lock = ready.project / "requirements.lock"
    before = lock.read_text()
    lock.write_text("no-such-package==1.0 --hash=sha256:" + "0" * 64 + "\n")
    assert ready.call()[0] == 3
    lock.write_text(before)
    assert ready.call()[0] == 0
    assert (venv / "theirs").exists()


def test_two_first_calls_at_once_set_up_once(machine: Machine) -> None:
    with machine.start("one") as one, machine.start("two") as two:
        ended = [called.communicate(timeout=120) for called in (one, two)]
    assert (one.returncode, two.returncode) == (0, 0), ended
    errors = "".join(err for _, err in ended)
    assert errors.count("once; this takes") == 1, errors
    assert "waiting for it" in errors


def test_a_file_with_another_hash_is_not_installed(machine: Machine) -> None:
    lock = machine.project / "requirements.lock"
    lock.write_text(re.sub("sha256:.{8}", "sha256:00000000", lock.read_text()))
    status, out, err = machine.call()
    assert (status, out) == (3, "")
    last = err.splitlines()[-1]
    assert "could not be installed" in last
    assert "-m pip install --require-hashes" in last
    assert not (machine.project / ".venv" / "requirements.lock").exists()


def test_no_python_is_one_sentence(machine: Machine) -> None:
    machine.bare()
    del machine.environment["WARRANT_PYTHON"]
    machine.tool("python3", "exit 1")
    status, out, err = machine.call()
    assert (status, out) == (3, "")
    assert err == (
        "warrant: Python 3.11 or newer is missing; install it, for example:"
        " sudo apt-get install python3.11 python3.11-venv\n"
    )


def test_prolog_is_installed_through_apt_get_as_root(machine: Machine) -> None:
    machine.bare()
    machine.tool("id", "echo 0")
    # the first try finds no package, as on a machine whose lists are empty
    machine.tool(
        "apt-get",
        f'echo "$DEBIAN_FRONTEND $*" >>"{machine.bin}/said"\n'
        f'case $1 in update) touch "{machine.bin}/lists";; esac\n'
        f'[ -e "{machine.bin}/lists" ] || exit 100\n'
        f'ln -sf /bin/true "{machine.bin}/swipl"',
    )
    (machine.bin / "ln").symlink_to(str(shutil.which("ln")))
    status, out, err = machine.call("x")
    assert status == 0, err
    assert out.startswith("['x']")
    install = "noninteractive install -y -qq --no-install-recommends swi-prolog-nox"
    assert (machine.bin / "said").read_text().splitlines() == [install, "noninteractive update -qq", install]
    assert machine.call("x")[2] == ""


@pytest.mark.parametrize(
    ("tools", "sentence"),
    [
        ({}, "this system has no apt-get: install what these Debian packages hold, then call again: swi-prolog-nox"),
        (
            {"apt-get": "exit 100", "id": "echo 1000"},
            "swi-prolog-nox is missing and there is no sudo here; as root, type:"
            " apt-get update && apt-get install -y swi-prolog-nox",
        ),
        (
            {"apt-get": "exit 100", "id": "echo 1000", "sudo": "echo 'sudo: a password is required'; exit 1"},
            "swi-prolog-nox could not be installed (sudo: a password is required);"
            " type: sudo apt-get update && sudo apt-get install -y swi-prolog-nox",
        ),
        (
            {"apt-get": "echo E: no way; exit 100", "id": "echo 0"},
            "swi-prolog-nox could not be installed (E: no way);"
            " type: sudo apt-get update && sudo apt-get install -y swi-prolog-nox",
        ),
    ],
    ids=["no apt-get", "no sudo", "no password", "no package"],
)
def test_what_can_not_be_installed_is_one_sentence_and_a_command(
    machine: Machine, tools: dict[str, str], sentence: str
) -> None:
    machine.bare()
    for name, script in tools.items():
        machine.tool(name, script)
    status, out, err = machine.call()
    assert (status, out) == (3, "")
    assert err.splitlines()[-1] == f"warrant: {sentence}"
    assert not (machine.project / ".venv").exists()


def test_what_lays_out_a_pdf_is_installed_when_one_is_asked_for(machine: Machine) -> None:
    words = ("report", "daily", "--format=pdf")
    libraries = machine.project.parent / "usr"
    launcher = machine.project / "warrant"
    launcher.write_text(re.sub(r"(?<= )(/usr|)/lib(?=[/*])", f"{libraries}/lib", launcher.read_text()))
    machine.bare()
    machine.tool("swipl", "exit 0")
    machine.tool("id", "echo 0")
    machine.tool(
        "apt-get",
        f'echo "$*" >>"{machine.bin}/said"\nmkdir -p "{libraries}/lib/here"\n'
        f'for one in pango-1.0 pangoft2-1.0 harfbuzz-subset; do : >"{libraries}/lib/here/lib$one.so.0"; done',
    )
    assert machine.call("report", "daily")[0] == 0
    assert not (machine.bin / "said").exists(), "HTML needs none of it"
    status, out, err = machine.call(*words)
    assert (status, out[:10]) == (0, "['report',"), err
    wanted = "install -y -qq --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
    assert (machine.bin / "said").read_text().splitlines() == [wanted]
    assert machine.call(*words)[2] == ""


SWIPL = """[ "$1" = --dump-runtime-variables ] || exit 9
echo 'CC="clang";'; echo 'PLBASE="/brew/lib/swipl";'; echo 'PLLIBSWIPL="/brew/lib/libswipl.dylib";'"""


def mac(machine: Machine) -> None:
    """A machine that says it runs macOS: a readlink that knows no `-f`, and Homebrew, which has SWI-Prolog."""
    machine.bare()
    machine.tool("uname", "echo Darwin")
    machine.tool("basename", f'exec {shutil.which("basename")} "$@"')
    (machine.bin / "readlink").unlink()
    machine.tool("readlink", f'[ "$1" != -f ] || exit 1\nexec {shutil.which("readlink")} "$@"')
    machine.tool("chmod", f'exec {shutil.which("chmod")} "$@"')
    body = f"cat >'{machine.bin}/swipl' <<'E'\n#!/bin/sh\n{SWIPL}\nE\nchmod +x '{machine.bin}/swipl'"
    machine.tool("brew", f"echo \"$*\" >>'{machine.bin}/said'\n{body}")


def test_what_homebrew_has_is_installed_and_shown_to_pyswip(machine: Machine, tmp_path: Path) -> None:
    mac(machine)
    cli = "import os, made\ndef run(words): print(words, os.environ['LIBSWIPL_PATH'], os.environ['SWI_HOME_DIR'])\n"
    (machine.project / "adapters" / "cli.py").write_text(cli)
    # a link to a link, each relative to its own folder
    (tmp_path / "one").symlink_to(Path("a project") / "warrant")
    (tmp_path / "two").symlink_to("one")
    status, out, err = machine.call("x", launcher=tmp_path / "two")
    assert (status, out) == (0, "['x'] /brew/lib/libswipl.dylib /brew/lib/swipl\n"), err
    assert (machine.bin / "said").read_text() == "install --quiet swi-prolog\n"
    status, out, err = machine.call("x")
    assert (status, err) == (0, "")
    assert "/brew/lib/libswipl.dylib" in out


def test_a_mac_without_homebrew_or_python_is_told_where_to_get_them(machine: Machine) -> None:
    mac(machine)
    (machine.bin / "brew").unlink()
    status, _, err = machine.call()
    assert (status, err.splitlines()[-1]) == (
        3, "warrant: swi-prolog is missing; install Homebrew (https://brew.sh), then call again",
    )  # fmt: skip
    del machine.environment["WARRANT_PYTHON"]
    machine.tool("python3", "exit 1")
    assert (
        machine.call()[2] == "warrant: Python 3.11 or newer is missing; install it with Homebrew: brew install python\n"
    )


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_pins_every_dependency_with_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"://|file:|find-links|index-url|^-|/", re.sub(r"# via.*|#   .*", "", text), re.MULTILINE)
    entries = re.findall(r"^([a-z0-9.-]+)==(\S+)(.*(?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)", text, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^\S", text, re.MULTILINE))
    pins = {name: tuple(map(int, re.findall(r"\d+", version))) for name, version, _ in entries}
    assert len(pins) == len(entries), "one version of each, on every Python"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = project["dependencies"] + (project["optional-dependencies"]["dev"] if "dev" in name else [])
    for need in needs:
        wanted, least = re.split("[>=]+", need)
        assert pins[re.sub("[_.]", "-", wanted).lower()] >= tuple(map(int, re.findall(r"\d+", least))), need
