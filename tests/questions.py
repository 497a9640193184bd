"""Questions that an auditor would ask of the demonstration, each with the commands that answer it and their output.

    python -m tests.questions --write        make a demonstration, ask, write docs/questions.md
    python -m tests.questions                the same, and say where the page is not what the commands say today

The commands are those of the page, run one after the other in one folder as a reader would. An answer is shown up to so
many lines, and the page says how many there are. Ids, digests, keys and signatures differ from one demonstration to the
next (the key is made anew each time) and are left out of the comparison.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "questions.md"
DIFFERS = re.compile(r"\b[0-9a-f]{8,64}\b|[A-Za-z0-9+/]{40,}={0,2}|\b[0-9.,]+ (?:s|ms)\b")
"""What two demonstrations need not have in common: ids, digests, keys, signatures, durations."""


@dataclass(frozen=True)
class Asked:
    """A command and how many lines of its answer the page shows; `status` is how it has to end."""

    line: str
    shown: int = 40
    status: int = 0


@dataclass(frozen=True)
class Question:
    """A question in the auditor's words, what to know before reading the answer, and the commands."""

    words: str
    before: str
    asked: tuple[Asked, ...]


QUESTIONS = (
    Question(
        "Why was this order placed, and what came of it?",
        "From the record alone: a paragraph in plain words, then everything that it rests on. `--format html` writes a"
        " page, and `warrant report order` a report with the order's timeline.",
        (Asked("warrant explain 20110720T200000Z-AAPL-entry --desk demo", 44),),
    ),
    Question(
        "Why was that one not placed?",
        "A refusal has every minimal set of limits and conditions that forbids it, who crowds it out, and the smallest"
        " changes that would let it through, by owner.",
        (Asked("warrant why-not GOOG --at 2012-03-23 --desk demo", 40),),
    ),
    Question(
        "And why was there nothing at all on that day?",
        "A silence has a reason, too: the rule that came closest, the condition that failed, and by how much.",
        (Asked("warrant why-not MSFT --at 2013-03-01 --desk demo", 20),),
    ),
    Question(
        "What would have changed it?",
        "The recorded cycle is decided again, first unchanged (it has to give the record byte for byte), then with what"
        " is supposed. Nothing is recorded or sent.",
        (
            Asked("warrant what-if 2012-03-23 --set limit.portfolio.sector=0.10 --desk demo"),
            Asked("warrant what-if 2011-07-20 --symbol AAPL --set fact.indicator(AAPL,rsi-14).value=81 --desk demo"),
        ),
    ),
    Question(
        "Yesterday it was refused and today it is permitted: what changed?",
        "Inputs of the one cycle are put into the other, until the fewest are found that turn the verdict.",
        (Asked("warrant what-changed 2012-03-23 2012-03-26 --symbol GOOG --desk demo", 40),),
    ),
    Question(
        "How sure is that verdict?",
        "For each number that matters, how far it may move, all else equal, before the outcome (or the quantity) is"
        " another one. Both sides of each end were decided.",
        (Asked("warrant how-sure 2011-07-20 AAPL --desk demo", 30),),
    ),
    Question(
        "How often did the sector cap bind, and whom?",
        "Reasons are found by the words one has for them. Each row has the id that `warrant explain` takes.",
        (
            Asked("warrant audit find --reason sector_cap --from 2011-01-01 --to 2012-12-31 --desk demo", 14),
            Asked("warrant audit find --reason earnings_blackout --outcome denied --symbol AAPL --desk demo", 12),
        ),
    ),
    Question(
        "Who changed rules, limits, models, states or keys, and who approved it?",
        "In the demonstration nobody but the engine, which trains its heads anew. Where `warrant.toml` asks for two"
        " persons, each change names both ([people.md](people.md)).",
        (Asked("warrant audit people --desk demo", 20),),
    ),
    Question(
        "Can I trust this file? Was anything cut off or rewritten since you signed it?",
        "The checkpoint is what you kept, and the key is what you noted, when the log was handed to you. Afterwards"
        " somebody cuts the last records off, together with everything that the store itself has to say about them.",
        (
            Asked("warrant audit verify --against demo/checkpoint.txt --key KEY --desk demo"),
            Asked("cut demo"),
            Asked("warrant audit verify --against demo/checkpoint.txt --key KEY --desk cut", 20, status=1),
        ),
    ),
    Question(
        "Can I check it without your program?",
        "On a machine that has Python and the package `cryptography` and nothing of ours. The folder has the records,"
        " the checkpoint, and one file of Python to read before you run it.",
        (
            Asked("warrant audit export --folder for-the-auditor --desk demo"),
            Asked("python for-the-auditor/verify_warrant.py for-the-auditor --key KEY", 20),
            Asked("warrant audit prove 20110720T200000Z-AAPL-entry --out proof.txt --desk demo"),
            Asked("warrant audit check-proof proof.txt --key KEY"),
        ),
    ),
    Question(
        "Where did this order come from, in a form that my tools read?",
        "W3C PROV-JSON: what it was derived from, who is responsible for which part.",
        (Asked("warrant audit prov 20110720T200000Z-AAPL-entry --out order.prov.json --desk demo"),),
    ),
    Question(
        "Which controls of the regulations does this system have, and is there evidence of each?",
        "The self-assessment walks [controls.md](controls.md) and shows the evidence in the log, or says that there is"
        " none.",
        (Asked("warrant report selfassessment --desk demo --out controls.html"),),
    ),
    Question(
        "Does anything in the orders look like abuse?",
        "Wash trades, layering, marking the close, repeated cancels, nearness to limits"
        " ([surveillance.md](surveillance.md)). Of the demonstration two notices, both true: the tightened sector cap"
        " is met again and again.",
        (Asked("warrant surveil scan --desk demo", 20, status=1),),
    ),
)


class Reader:
    """Somebody who types the page's commands into one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ""
        self._bare: Path | None = None

    def demonstrate(self) -> None:
        """Make the demonstration and note the key that it prints."""
        said = self._run([*self._warrant, "demo"])
        found = re.search(r"(warrant/demo\+\S+)", said.stdout)
        if said.returncode or found is None:
            raise SystemExit(said.stdout + said.stderr)
        self.key = found[1]

    def ask(self, one: Asked) -> str:
        """The answer to one command. Raises `SystemExit` where it ends otherwise than it should."""
        first, *words = [self.key if word == "KEY" else word for word in one.line.split()]
        if first == "cut":
            return cut(self.folder / words[0], self.folder / "cut")
        start = self._warrant if first == "warrant" else [str(self._python), "-I"]
        said = self._run([*start, *words])
        if said.returncode != one.status:
            raise SystemExit(f"`{one.line}` ended with {said.returncode}:\n{said.stdout}{said.stderr}")
        return (said.stdout + said.stderr).rstrip("\n")

    @property
    def _warrant(self) -> list[str]:
        return [sys.executable, "-P", "-m", "warrant_engine"]

    @property
    def _python(self) -> Path:
        """A Python that has `cryptography` and nothing of ours."""
        if self._bare is None:
            place = self.folder / ".bare"
            venv.create(place, with_pip=True)
            self._bare = place / "bin" / "python"
            self._run([str(self._bare), "-m", "pip", "install", "--quiet", "cryptography"])
        return self._bare

    def _run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
        return subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)


def cut(desk: Path, into: Path) -> str:
    """A copy of the desk without its last five records, and without all that its store says about them."""
    import shutil
    import sqlite3

    shutil.copytree(desk, into)
    with sqlite3.connect(into / "store" / "warrant.sqlite") as store:
        triggers = store.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            store.execute(f'DROP TRIGGER "{name}"')
        left = store.execute("SELECT max(size) - 5 FROM tree").fetchone()[0]
        store.execute("DELETE FROM timing WHERE seq >= ?", (left,))
        store.execute("DELETE FROM leaf WHERE seq >= ?", (left,))
        store.execute("DELETE FROM tree WHERE size > ?", (left,))
        store.execute("DELETE FROM checkpoint WHERE size > ?", (left,))
        for _, text in triggers:
            store.execute(text)
    store.close()
    return ""


def page(reader: Reader) -> Iterator[str]:
    """The lines of the page."""
    yield "# What an auditor asks"
    yield ""
    yield "Each question with the command that answers it, and what that says of the demonstration (`warrant demo`, a"
    yield "minute). All is answered from the record alone. Made by `python -m tests.questions --write`; ids, digests"
    yield "and keys are other ones in your demonstration. KEY is the verifier key that it prints at its end."
    for number, question in enumerate(QUESTIONS, 1):
        yield ""
        yield f"## {number}. {question.words}"
        if question.before:
            yield ""
            yield question.before
        for one in question.asked:
            if one.line.startswith("cut "):
                reader.ask(one)
                continue
            yield ""
            yield f"    $ {one.line}"
            lines = reader.ask(one).splitlines()
            yield from (f"    {line}".rstrip() for line in lines[: one.shown])
            if len(lines) > one.shown:
                yield f"    … {len(lines) - one.shown} more lines"


def compared(text: str) -> list[str]:
    """The page without what differs between two demonstrations."""
    return [DIFFERS.sub("~", line) for line in text.splitlines()]


def main() -> int:
    """Ask, then write or compare."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--write", action="store_true")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        reader = Reader(Path(folder))
        reader.demonstrate()
        text = "\n".join(page(reader)) + "\n"
    if asked.write:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    kept, now = compared(PAGE.read_text(encoding="utf-8")), compared(text)
    difference = list(difflib.unified_diff(kept, now, "docs/questions.md", "today", lineterm=""))
    print("\n".join(difference) or "the page is what the commands say")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
