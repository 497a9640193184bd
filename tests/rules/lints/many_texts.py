"""Ten thousand broken texts: `python -m tests.rules.lints.many_texts [SEED] [COUNT]`.

Rule and policy files of the book are cut, doubled, mixed and sprinkled with whatever breaks readers; each is checked in
a process that is ended where it takes too long. Printed: what was found, what took longest, and whatever went wrong.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from knowledge.values import Json

ALPHABET = "()\"';:?&|~=<>-_.,!\\/*%`{}[]$#@0159azAZ \n\r\t\x00\x1b\u200b\ufeffé趋🚀"
ROOT = Path(__file__).parents[3]
PIECES = (
    "(defrule ",
    '(load "',
    "=>",
    "(not ",
    "(assert ",
    "(declare (salience ",
    "?x",
    "$?x",
    "?*g*",
    "&:(",
    "(test (",
    "1e999",
    ":- ",
    "forbidden(",
    "\\+ ",
    "!, ",
    "->",
    "include('",
    "0'",
    "/*",
    "*/",
    "0x",
    "1r0",
    "_{",
    "999999999999999999999999999999",
)
"""What readers trip over."""
PATIENCE = 30.0
PROGRAM = "from adapters.casework.kept import serve; from tests.rules.lints.many_texts import answer; serve(answer)"


def changed(text: str, edits: Iterable[tuple[int, int, str]]) -> str:
    """The text with each edit made: at an offset, so many characters become these."""
    for start, length, words in edits:
        text = text[:start] + words + text[start + length :]
    return text


def made(dice: random.Random, books: list[str]) -> str:
    """A text nobody wrote."""
    text = dice.choice(books)
    for _ in range(dice.randint(1, 6)):
        start, length = dice.randrange(len(text) + 1), min(int(dice.expovariate(0.1)), 400)
        kind = dice.randrange(6)
        if kind == 0:
            words = "".join(dice.choice(ALPHABET) for _ in range(dice.randint(1, 8)))
        elif kind == 1:
            words = dice.choice(PIECES)
        elif kind == 2:
            words = text[start : start + length] * dice.randint(2, 3)
        elif kind == 3:
            other = dice.choice(books)
            at = dice.randrange(len(other) + 1)
            words = other[at : at + length]
        elif kind == 4:
            words = dice.choice("([\"'{") * dice.randint(1, 200)
        else:
            words = ""
        text = changed(text, [(start, 0 if kind == 3 else length, words)])
    return text


def answer(request: Json) -> Json:
    """Check one text beside the rest of a book; the codes that were found."""
    from knowledge.prolog.check import look_here
    from rules.lints.check import check
    from rules.texts import BookText, Source
    from tests.rules.lints.examples import FOLDER, NOTHING, REST

    good = Source("good.clp", (FOLDER / "R101-good.clp").read_text(encoding="utf-8"))
    source = Source(f"odd{request['suffix']}", request["text"])
    is_rules = request["suffix"] == ".clp"
    rules, policies = ((good, source), (REST, NOTHING)) if is_rules else ((good,), (REST, source))
    try:
        checked = check(BookText(rules, policies), read_policies=look_here)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return {"raised": f"{type(error).__name__}: {error}"[:300]}
    return {"codes": [one.code for one in checked.findings], "sound": checked.sound}


def main(seed: int, count: int) -> int:
    """Run and print; the number of texts that went wrong."""
    from adapters.casework.kept import Kept, Lost

    dice = random.Random(seed)
    books = {
        suffix: [path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules" / "book").glob(f"*{suffix}"))]
        for suffix in (".clp", ".pl")
    }
    codes: Counter[str] = Counter()
    sound, wrong, slowest = 0, 0, 0.0
    with Kept(PROGRAM) as kept:
        for number in range(count):
            suffix = (".clp", ".pl")[number % 2]
            text = made(dice, books[suffix])
            began = time.perf_counter()
            try:
                found, _ = kept.ask({"suffix": suffix, "text": text}, PATIENCE)
            except Lost as error:
                found = {"raised": str(error)}
            if number > 1:
                slowest = max(slowest, time.perf_counter() - began)
            if "raised" in found:
                wrong += 1
                Path(f"wrong-{seed}-{number}{suffix}").write_text(text, encoding="utf-8")
                print(f"text {number}{suffix}: {found['raised']}")
            else:
                codes.update(set(found["codes"]))
                sound += found["sound"]
    print(f"seed {seed}: {count} texts, {wrong} went wrong, {sound} load; the slowest took {slowest:.2f} s")
    for code, often in sorted(codes.items()):
        print(f"  {code}  {often}")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(*(int(word) for word in (*sys.argv[1:], "1", "10000")[:2]))))
