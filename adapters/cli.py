"""The command line: finds the command, runs it, and turns every ending into a sentence and an exit status.

Rules:
- commands are the modules of `adapters/commands/`; the help lists them without importing them, and a call imports
  only the one it runs;
- `--desk DIR` and `--json` are accepted before and after the name of any command;
- exit status: 0 fine, 1 the check found something, 2 the input is wrong, 3 an engine failed, 130 interrupted;
- no traceback reaches a person, unless `WARRANT_DEBUG=1` asks for it.
"""

from __future__ import annotations

import ast
import gc
import os
import pkgutil
import re
import select
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from adapters import commands
from adapters.frame import DeskOption, Failed, JsonOption, Status, write, write_json
from adapters.store.faults import StoreFailed
from knowledge.faults import Fault, Faulty
from knowledge.values import Json

HELP_WIDTH = 100


class _Broken(Exception):
    """A pipe broke in a command."""


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Run `warrant WORDS` and return the exit status.

    What went wrong is said on standard error and, with `--json`, also as one JSON value on standard output.
    """
    json = "--json" in words
    path: list[str] = []
    try:
        path, rest = split(words)
        status = typer.main.get_command(app(path))(
            args=[*path, *rest] or ["--help"], prog_name="warrant", standalone_mode=False
        )
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        status = Status.INTERRUPTED
    except Exception as error:
        # the boundary of the process: each failure becomes a sentence and a status
        if _reader_left(error):
            return 128 + signal.SIGPIPE
        if os.environ.get("WARRANT_DEBUG") == "1":
            raise
        return _end(error, path, json)
    if status == Status.INTERRUPTED:
        sys.stderr.write("warrant: interrupted; what was recorded stays recorded\n")
    return int(status or Status.FINE)


def listing(path: Sequence[str] = ()) -> Iterator[tuple[str, str, bool]]:
    """Name, help line and is-a-group of each command below `path`, from the sources alone."""
    folder = Path(commands.__path__[0]).joinpath(*map(_module_name, path))
    for found in sorted(pkgutil.iter_modules([str(folder)]), key=lambda found: found.name):
        file = folder / found.name / "__init__.py" if found.ispkg else folder / f"{found.name}.py"
        yield found.name.replace("_", "-"), _help_line(file), found.ispkg


_FIRST = re.compile(rb'"""([^\n\\]+?)("""|\r?\n)')
"""The first line of a docstring at the head of a file, as ours are: to parse all of it takes longer than most calls."""


def _help_line(file: Path) -> str:
    source = file.read_bytes()
    if found := _FIRST.match(source):
        return found[1].decode().strip()
    doc = ast.get_docstring(ast.parse(source))
    assert doc, f"{file} has no docstring, so `warrant --help` has no line for it"
    return doc.splitlines()[0]


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The command's name (`["audit", "verify"]`) and the rest, with `--desk` and `--json` moved behind the name."""
    path: list[str] = []
    moved: list[str] = []
    rest = list(words)
    while rest:
        if rest[0] == "--json" or rest[0].startswith("--desk="):
            moved.append(rest.pop(0))
        elif rest[0] == "--desk":
            moved += rest[:2]
            del rest[:2]
        else:
            groups = {name: group for name, _, group in listing(path)}
            if rest[0] not in groups:
                break
            path.append(rest.pop(0))
            if not groups[path[-1]]:
                break
    if path or rest:
        return path, moved + rest
    # options and no command: the same as no word at all
    return [], []


def app(path: Sequence[str]) -> typer.Typer:
    """The application with the command at `path` loaded and all others listed."""
    return _group((), tuple(path), _root)


def _group(here: tuple[str, ...], path: tuple[str, ...], callback: Callable[..., None] | None = None) -> typer.Typer:
    group = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        callback=callback,
        context_settings={"max_content_width": HELP_WIDTH, "help_option_names": ["--help", "-h"]},
    )
    for name, line, is_group in listing(here):
        there = (*here, name)
        if is_group:
            group.add_typer(_group(there, path), name=name, help=line)
        else:
            function = _load(there) if there == path else _listed
            settings = getattr(sys.modules.get(function.__module__), "CONTEXT_SETTINGS", None)
            group.command(name, short_help=line, context_settings=settings)(function)
    return group


def _listed() -> None:
    """Stands for a command in the help of its group; a call loads the command itself."""


def _load(path: tuple[str, ...]) -> Callable[..., Status | None]:
    module = import_module(".".join([commands.__name__, *map(_module_name, path)]))
    function: Callable[..., Status | None] = module.command

    @wraps(function)
    def command(*args: object, **named: object) -> Status | None:
        gc.enable()
        try:
            return function(*args, **named)
        except BrokenPipeError as error:
            # typer would end the process with status 1, which here means that a check found something
            raise _Broken from error

    return command


def _module_name(name: str) -> str:
    return name.replace("-", "_")


def _version(asked: bool) -> None:
    if asked:
        from adapters.installation import version as number

        write(f"warrant {number()}")
        raise typer.Exit


def _root(
    desk: DeskOption = None,
    json: JsonOption = False,
    version: Annotated[
        bool, typer.Option("--version", help="Write the version and stop.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """A decision engine for trading that can prove and explain what it does."""


def _end(error: Exception, path: Sequence[str], json: bool) -> int:
    """Say what ended the command, to people on standard error; returns the exit status."""
    told: Json
    if isinstance(error, Faulty):
        # no prefix: `file:line:column:` at the start of a line is what editors jump to
        status, sentences = Status.WRONG, [str(fault) for fault in error.faults]
        told = {"status": int(status), "faults": [_told(fault) for fault in error.faults]}
    else:
        status, sentence = _judge(error, path)
        sentences = [f"warrant: {sentence}"]
        told = {"status": int(status), "error": sentence}
    if json:
        write_json(told)
    sys.stderr.writelines(f"{sentence}\n" for sentence in sentences)
    return status


def _told(fault: Fault) -> Json:
    said = {"file": fault.file, "line": fault.line, "column": fault.column, "message": fault.message}
    return {**said, "code": fault.code} if fault.code else said


def _judge(error: Exception, path: Sequence[str]) -> tuple[Status, str]:
    if isinstance(error, TyperException):
        message = error.format_message().rstrip(".?").replace("'", "`").replace(". Did", "; did")
        place = " ".join(["warrant", *path])
        return Status.WRONG, f"{message[:1].lower()}{message[1:]}; see `{place} --help`"
    if isinstance(error, Failed | StoreFailed):
        return Status.FAILED, str(error)
    if isinstance(error, _Broken):
        return Status.FAILED, "another process of ours has ended in the middle of a sentence; start the command again"
    if isinstance(error, OSError) and error.filename:
        return Status.FAILED, f"`{error.filename}`: {str(error.strerror).lower()}"
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(last.filename).name}:{last.lineno}"
    reason = " ".join(str(error).split()) or "no reason given"
    return Status.FAILED, f"failed at {place} ({reason}); set WARRANT_DEBUG=1 to see the way there"


def _reader_left(error: Exception) -> bool:
    """Whether a pipe broke because the reader of our output has gone (`| head`), and not one to another process."""
    if not isinstance(error, _Broken | BrokenPipeError):
        return False
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    left = any(event & select.POLLERR for _, event in output.poll(0))
    if left:
        # what is still to be written goes nowhere, so that the interpreter's last flush is quiet
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return left


if __name__ == "__main__":
    main()
