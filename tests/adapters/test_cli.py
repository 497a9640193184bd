"""Every ending of the command line is a sentence and an exit status; the help imports no command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from adapters import cli
from adapters.frame import Failed, Status
from knowledge.faults import Fault, Faulty

ROOT = Path(__file__).resolve().parents[2]
MODULE = '''"""{line}"""

from adapters.frame import DeskOption, Failed, JsonOption, Status, write


def command(word: str = "", desk: DeskOption = None, json: JsonOption = False) -> Status:
    """Long help."""
    write(f"{{word}} {{desk}} {{json}}")
    {body}
    return Status.FINE
'''


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that makes commands, in a folder that stands in for `adapters/commands`."""
    monkeypatch.setattr("adapters.commands.__path__", [str(tmp_path)])

    def make(name: str, line: str = "One line.", body: str = "", **text: str) -> None:
        file = tmp_path / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text.get("text", MODULE.format(line=line, body=body)))
        if file.parent != tmp_path:
            (file.parent / "__init__.py").write_text('"""A group."""')
        monkeypatch.delitem(sys.modules, "adapters.commands." + name.replace("/", "."), raising=False)

    return make


def test_the_help_lists_every_command_and_imports_none(
    made: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    made("why_not", line="Say why not.", text='"""Say why not."""\nraise SystemExit("imported")\n')
    made("audit/verify", text='"""Verify the log."""\nraise SystemExit("imported")\n')
    assert cli.run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "why-not  Say why not." in shown
    assert "audit    A group." in shown
    assert cli.run(["audit", "--help"]) == 0
    assert "verify  Verify the log." in capsys.readouterr().out


def test_the_help_of_the_real_commands_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom adapters import cli\ncli.run(['--help'])\n"
        "heavy = {'pandas', 'numpy', 'rich', 'pydantic', 'sqlalchemy', 'catboost'}\n"
        "print([name for name in sys.modules if name in heavy or name.startswith('adapters.commands.')])"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", [name for name, _, group in cli.listing() if not group])
def test_every_command_takes_desk_and_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--desk DIR" in shown
    assert "--json" in shown


@pytest.mark.parametrize(
    "words",
    [
        ["one", "--word", "w", "--desk", "d", "--json"],
        ["--desk", "d", "--json", "one", "--word", "w"],
        ["--json", "one", "--desk=d", "--word", "w"],
        ["--desk=d", "one", "--word", "w", "--json"],
    ],
)
def test_desk_and_json_stand_before_or_after_the_name(
    made: Callable[..., None], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    made("one")
    assert cli.run(words) == 0
    assert capsys.readouterr().out == "w d True\n"


@pytest.mark.parametrize("words", [["--desk", "d", "group", "one"], ["group", "--desk", "d", "one"]])
def test_they_stand_before_a_group_or_inside_it(
    made: Callable[..., None], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    made("group/one")
    assert cli.run(words) == 0
    assert capsys.readouterr().out == " d False\n"


@pytest.mark.parametrize(
    ("words", "path", "rest"),
    [
        ([], [], []),
        (["--json"], [], []),
        (["--desk"], [], []),
        (["--help"], [], ["--help"]),
        (["nonsense", "one"], [], ["nonsense", "one"]),
        (["one", "group"], ["one"], ["group"]),
        (["group"], ["group"], []),
        (["group", "--json", "two"], ["group"], ["--json", "two"]),
        (["one", "--", "--json"], ["one"], ["--", "--json"]),
    ],
)
def test_words_split_into_name_and_rest(
    made: Callable[..., None], words: Sequence[str], path: list[str], rest: list[str]
) -> None:
    made("one")
    made("group/one")
    assert cli.split(words) == (path, rest)


FAULTS = (Fault("b.yaml", 2, 3, "unknown `x`; write `y`"), Fault("a.clp", 1, 1, "no"))


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (Faulty(*FAULTS), 2, ["a.clp:1:1: no", "b.yaml:2:3: unknown `x`; write `y`"]),
        (Failed("the solver is gone; start again"), 3, ["warrant: the solver is gone; start again"]),
        (OSError(28, "No space left on device", "s.sqlite"), 3, ["warrant: `s.sqlite`: no space left on device"]),
        (KeyboardInterrupt(), 130, ["warrant: interrupted; what was recorded stays recorded"]),
    ],
)
def test_every_ending_has_its_status_and_sentence(
    made: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    told: list[str],
) -> None:
    made("one")

    def write(text: str) -> None:
        raise error

    monkeypatch.setattr("adapters.frame.write", write)
    assert cli.run(["one"]) == status
    captured = capsys.readouterr()
    assert (captured.out, captured.err.splitlines()) == ("", told)


def test_an_error_nobody_expected_is_a_sentence_with_a_place(
    made: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    made("one", body="1 / 0")
    assert cli.run(["one"]) == 3
    told = capsys.readouterr().err
    assert told == "warrant: failed at one.py:9 (division by zero); set WARRANT_DEBUG=1 to see the way there\n"


def test_debug_shows_the_traceback(made: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    made("one", body="1 / 0")
    monkeypatch.setenv("WARRANT_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        cli.run(["one"])


def test_the_status_a_command_returns_is_the_exit_status(made: Callable[..., None]) -> None:
    made("one", body="return Status.FOUND")
    assert cli.run(["one"]) == Status.FOUND


def test_faults_are_json_for_machines(made: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    made("one", body="from knowledge.faults import Fault, Faulty; raise Faulty(Fault('a', 1, 2, 'm'))")
    assert cli.run(["--json", "one"]) == 2
    captured = capsys.readouterr()
    said = json.loads(captured.out.partition("\n")[2])
    assert said == {"status": 2, "faults": [{"file": "a", "line": 1, "column": 2, "message": "m"}]}
    assert captured.err == "a:1:2: m\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["oen"], "no such command `oen`; did you mean `one`; see `warrant --help`"),
        (["one", "--wrod", "x"], "no such option: --wrod"),
        (["one", "--desk"], "option `--desk` requires an argument; see `warrant one --help`"),
        (["one", "more"], "got unexpected extra argument(s) (more); see `warrant one --help`"),
        (["group", "x"], "no such command `x`; see `warrant group --help`"),
        (["group"], "missing command; see `warrant group --help`"),
    ],
)
def test_wrong_words_are_one_sentence(
    made: Callable[..., None], capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    made("one")
    made("group/one")
    assert cli.run(words) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert sentence in told


def test_the_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    version = capsys.readouterr().out.split()[1]
    assert f'version = "{version}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def program(body: str) -> subprocess.Popen[str]:
    """Start `warrant one`, a command that does `body`, in a process of its own."""
    text = f'"""One."""\ndef command():\n    {body}\n'
    whole = (
        "import sys, tempfile, pathlib\n"
        "from adapters import cli, commands\n"
        "commands.__path__ = [tempfile.mkdtemp()]\n"
        "file = pathlib.Path(commands.__path__[0], 'one.py')\n"
        f"file.write_text({text!r})\n"
        "sys.exit(cli.run(['one']))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", whole], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_ctrl_c_in_a_real_process_leaves_no_traceback() -> None:
    with program("import time; print('on', flush=True); time.sleep(60)") as called:
        assert called.stdout is not None
        called.stdout.readline()
        os.kill(called.pid, signal.SIGINT)
        _, err = called.communicate(timeout=20)
    assert (called.returncode, err) == (130, "warrant: interrupted; what was recorded stays recorded\n")


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    with program("[print('x' * 1000) for _ in range(1000)]") as called:
        assert called.stdout is not None
        assert called.stderr is not None
        called.stdout.close()
        err = called.stderr.read()
    assert (called.returncode, err) == (141, "")


def test_a_broken_pipe_to_another_process_is_a_failure() -> None:
    with program("raise BrokenPipeError(32, 'Broken pipe')") as called:
        out, err = called.communicate(timeout=20)
    assert (called.returncode, out) == (3, "")
    assert "another process of ours has ended" in err
