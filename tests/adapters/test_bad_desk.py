"""A desk that cannot be used is told so in sentences a person can act on, and nothing of it is used.

Each row spoils one thing in one file of a good desk and runs `warrant cycle` in it. What must come out: status 2, only
sentences of the form file:line:column, with the offending words, and no store.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters import cli
from adapters.desk.folder import ENTRIES
from adapters.desk.making import make_desk

GONE = "\0"
"""What stands for taking the whole file away."""
TREND, EARNINGS = "rules/book/trend.clp", "rules/book/earnings.pl"
SECOND_LOAD = '(load "rules/book/trend.clp")'
SENTENCE = ':- sentence(earnings_soon(Instrument), "~Instrument reports earnings within three sessions").'
GROSS = "kind: gross, bound: 160 %"

CASES: dict[str, tuple[str, str, str, list[str]]] = {
    # rules.clp
    "rules: syntax": (
        "rules.clp", SECOND_LOAD, SECOND_LOAD[:-1],
        ["rules.clp:3:1: the parenthesis `(` is not closed before line 4; add the missing `)`"],
    ),
    "rules: unknown construct": (
        "rules.clp", SECOND_LOAD, '(lod "rules/book/trend.clp")',
        ['rules.clp:3:1: unknown construct `lod`; a rulebook holds `(defrule …)` and `(load "file")`'],
    ),
    "rules: wrong type": (
        "rules.clp", SECOND_LOAD, "(load trend)",
        ['rules.clp:3:1: `(load trend)` needs one file name in quotes: `(load "rules/book/trend.clp")`'],
    ),
    "rules: duplicate": (
        "rules.clp", SECOND_LOAD, '(load "rules/book/regime.clp")',
        ["rules.clp:3:1: `rules/book/regime.clp` is read already; remove one of the two lines"],
    ),
    "rules: missing file": (
        "rules.clp", SECOND_LOAD, '(load "rules/book/trends.clp")',
        ["rules.clp:3:1: `rules/book/trends.clp` does not exist; create it, or correct the path"],
    ),
    "rules: outside the desk": (
        "rules.clp", SECOND_LOAD, '(load "../trend.clp")',
        ["rules.clp:3:1: `../trend.clp` is no path inside the desk; write it like `rules/book/trend.clp`"],
    ),
    # rules/book/*.clp
    "book: missing file": (
        TREND, GONE, "", ["rules.clp:3:1: `rules/book/trend.clp` does not exist; create it, or correct the path"]
    ),
    "book: syntax": (
        TREND, "(value ?adx&:(>= ?adx 20.0)))", "(value ?adx&:(>= ?adx 20.0))",
        [f"{TREND}:3:1: the parenthesis `(` is not closed before line 11; add the missing `)`"],
    ),
    "book: unknown template": (
        TREND, "(assert (trend ", "(assert (trnd ", [f"{TREND}:9:11: unknown template `trnd`; did you mean `trend`?"]
    ),
    "book: unknown slot": (
        TREND, "(indicator (instrument ?i) (name adx-14)", "(indicator (instrumnt ?i) (name adx-14)",
        [f"{TREND}:7:14: `indicator` has no slot `instrumnt`; did you mean `instrument`?"],
    ),
    "book: unknown measure": (
        TREND, "(name adx-14)", "(name adx-41)", [f"{TREND}:7:36: unknown measure `adx-41`; did you mean `adx-14`?"]
    ),
    "book: unknown symbol": (
        TREND, "(direction up)", "(direction upp)",
        [f"{TREND}:9:45: the slot `direction` never holds `upp`; did you mean `up`?"],
    ),
    "book: wrong type in a slot": (
        TREND, "(direction up)", "(direction 1)",
        [f"{TREND}:9:45: the slot `direction` holds a symbol, not the integer 1"],
    ),
    "book: wrong type in a comparison": (
        TREND, "(>= ?adx 20.0)", '(>= ?adx "20")', [f"{TREND}:7:66: `>=` takes a number here, not a text"]
    ),
    "book: unknown variable": (
        TREND, "(>= ?adx 20.0)", "(>= ?adz 20.0)",
        [f"{TREND}:7:61: `?adz` has no value here; bind it in a condition before this; did you mean `?adx`?"],
    ),
    "book: a call it may not make": (
        TREND, "(>= ?adx 20.0)", '(system "ls")', [f"{TREND}:7:57: a rule can not call `system`"]
    ),
    "book: duplicate id": (
        TREND, "(defrule trend-down", "(defrule trend-up",
        [f"{TREND}:11:10: the rule `trend-up` exists at {TREND}:3; rename one"],
    ),
    "book: no owner": (
        TREND, '"quant | ?i trends up', '"?i trends up',
        [f'{TREND}:4:3: the rule `trend-up` lacks an owner; write `"OWNER | SENTENCE"` after its name'],
    ),
    # policies.pl
    "policies: syntax": (
        "policies.pl", "\\+ forbidden(Candidate, _).", "\\+ forbidden(Candidate, _)",
        ["policies.pl:19:23: prolog can not read this clause: operator clash; does it, …"],
    ),
    "policies: unknown predicate": (
        "policies.pl", "\\+ forbidden(Candidate, _).", "\\+ forbiden(Candidate, _).",
        ["policies.pl:20:8: `forbiden/2` is no predicate of these policies, no fact, …; is `forbidden` meant?"],
    ),
    "policies: missing include": (
        "policies.pl", "rules/book/session.pl", "rules/book/sessions.pl",
        ["policies.pl:13:1: `rules/book/sessions.pl` does not exist; create it, or correct the path"],
    ),
    "policies: duplicate include": (
        "policies.pl", "rules/book/session.pl", EARNINGS,
        ["policies.pl:14:1: `rules/book/earnings.pl` is read already; remove one of the two lines"],
    ),
    # rules/book/*.pl
    "policy: missing file": (
        EARNINGS, GONE, "",
        ["policies.pl:14:1: `rules/book/earnings.pl` does not exist; create it, or correct the path"],
    ),
    "policy: unknown fact": (
        EARNINGS, "earnings(Instrument, SessionsToEarnings)", "earning(Instrument, SessionsToEarnings)",
        [f"{EARNINGS}:6:5: `earning/2` is no predicate of these policies, no fact, …; is `earnings` meant?"],
    ),
    "policy: a slot too many": (
        EARNINGS, "earnings(Instrument, SessionsToEarnings)", "earnings(Instrument, _, SessionsToEarnings)",
        [f"{EARNINGS}:6:5: `earnings` takes 2 values (instrument, sessions), not 3"],
    ),
    "policy: a slot too few": (
        EARNINGS, "candidate(Instrument, _, _, _, _), earnings_b", "candidate(Instrument, _, _, _), earnings_b",
        [f"{EARNINGS}:9:11: `candidate` takes 5 values (instrument, side, horizon, conviction, rule), not 4"],
    ),
    "policy: misspelt variable": (
        EARNINGS, "SessionsToEarnings =< 3", "SessionsToEarning =< 3",
        [
            f"{EARNINGS}:6:26: `SessionsToEarnings` occurs once; is it misspelt? "
            "write `_SessionsToEarnings` if it does not matter",
            f"{EARNINGS}:7:5: `SessionsToEarning` occurs once; is it misspelt? "
            "write `_SessionsToEarning` if it does not matter",
        ],
    ),
    "policy: wrong type": (
        EARNINGS, "SessionsToEarnings =< 3", "SessionsToEarnings =< three",
        [f"{EARNINGS}:7:27: `three` is no exact arithmetic; there are numbers, variables and …"],
    ),
    "policy: no sentence": (
        EARNINGS, SENTENCE, "",
        [f'{EARNINGS}:5:1: `earnings_soon/1` has no sentence; write `:- sentence(earnings_soon(A), "…").`'],
    ),
    "policy: duplicate sentence": (
        EARNINGS, SENTENCE, f"{SENTENCE}\n{SENTENCE}",
        [f"{EARNINGS}:4:4: a second sentence for `earnings_soon/1`; the first is at {EARNINGS}:3"],
    ),
    # limits.yaml
    "limits: syntax": ("limits.yaml", "version: 2\n", "version: [2\n", ["limits.yaml:{at+2}:19: not YAML: …"]),
    "limits: unknown key": (
        "limits.yaml", GROSS, GROSS.replace("bound", "bund"),
        [
            "limits.yaml:{at}:5: a limit of kind `gross` needs `bound`",
            "limits.yaml:{at}:50: unknown key `bund` in a limit; known are …",
        ],
    ),
    "limits: unknown kind": (
        "limits.yaml", GROSS, GROSS.replace("gross", "grosss"),
        ["limits.yaml:{at}:43: `grosss` is no kind; known are `instrument_exposure`, …"],
    ),
    "limits: unknown group": (
        "limits.yaml", "by: sector", "by: sectors",
        [
            "limits.yaml:{at}:61: `sectors` is no by; group by one of "
            "`sector`, `issuer`, `currency`, `strategy`, `horizon`"
        ],
    ),
    "limits: wrong type": (
        "limits.yaml", GROSS, GROSS.replace("160 %", "much"),
        ["limits.yaml:{at}:57: `much` is no bound; write digits such as `0.25` or `25 %`"],
    ),
    "limits: no number": (
        "limits.yaml", GROSS, GROSS.replace("160 %", ".nan"),
        ["limits.yaml:{at}:57: `.nan` is no bound; write digits such as `0.25` or `25 %`"],
    ),
    "limits: out of range": (
        "limits.yaml", GROSS, GROSS.replace("160 %", "-1"),
        ["limits.yaml:{at}:57: bound `-1` must be at least 0 and at most 10"]
    ),
    "limits: a share meant as a percentage": (
        "limits.yaml", GROSS, GROSS.replace("160 %", "160"),
        ["limits.yaml:{at}:57: bound `160` must be at least 0 and at most 10"]
    ),
    "limits: wrong unit": (
        "limits.yaml", f"{GROSS}, unit: NAV", f"{GROSS}, unit: shares",
        ["limits.yaml:{at}:70: `shares` is no unit; the unit of `gross` is `NAV`"],
    ),
    "limits: duplicate id": (
        "limits.yaml", "id: portfolio.gross", "id: portfolio.beta",
        [
            "limits.yaml:{at+3}:42: the limit id `portfolio.beta` is used twice, and with another `kind` in line {at}; "
            "rows of one id are one limit: rename one"
        ],
    ),
    "limits: a mandatory kind gone": (
        "limits.yaml", "  - {id: operations.quality,", "# - {id: operations.quality,",
        ["limits.yaml:{limits}:3: no limit of kind `data_quality`; no desk trades without one"],
    ),
    "limits: a multiplier above one": (
        "limits.yaml", "{bull: 1.0,", "{bull: 1.5,",
        ["limits.yaml:{at}:28: multiplier `1.5` must be at least 0 and at most 1"],
    ),
    "limits: another version": (
        "limits.yaml", "version: 2\n", "version: 3\n",
        ["limits.yaml:{at}:10: `3` is no version this program reads; …"],
    ),
    # instruments.yaml
    "instruments: syntax": (
        "instruments.yaml", "instruments:\n", "instruments: {\n", ["instruments.yaml:8:9: not YAML: …"]
    ),
    "instruments: unknown key": (
        "instruments.yaml", "    issuer: apple", "    isuer: apple",
        [
            "instruments.yaml:7:3: `AAPL` lacks `issuer`",
            "instruments.yaml:9:5: unknown key `isuer` in `AAPL`; known are …",
        ],
    ),
    "instruments: no symbol": (
        "instruments.yaml", "  AAPL:", "  AA PL:",
        ["instruments.yaml:7:3: `AA PL` is no symbol; use letters, digits and ._:+- after a first letter or digit"],
    ),
    "instruments: unknown symbol": (
        "instruments.yaml", "  FB:", "  META:", ["instruments.yaml:19:3: …`META`…"]
    ),
    "instruments: duplicate id": (
        "instruments.yaml", "  FB:", "  AAPL:",
        ["instruments.yaml:19:3: `AAPL` stands twice in `instruments`; keep one"],
    ),
    "instruments: wrong type": (
        "instruments.yaml", "    lot: 1", "    lot: one",
        ["instruments.yaml:15:10: `one` in `lot` is no number; write digits such as `1` or `0.01`"],
    ),
    "instruments: no number": (
        "instruments.yaml", "    tick: 0.01", "    tick: .nan",
        ["instruments.yaml:16:11: `.nan` in `tick` is no number; write digits such as `1` or `0.01`"],
    ),
    "instruments: unknown exchange": (
        "instruments.yaml", "exchange: XNAS", "exchange: XNAZ",
        [
            "instruments.yaml:12:15: the exchange `XNAZ` has no calendar here; known are"
            " `XNYS`, `XNAS`, `XBOM`, `XNSE`, `24/7`"
        ],
    ),
    "instruments: no date": (
        "instruments.yaml", "2011-01-18", "2011-02-30",
        ["instruments.yaml:18:16: `2011-02-30` is no date; write it like `2011-01-18`"],
    ),
    # warrant.toml
    "settings: syntax": (
        "warrant.toml", "[desk]", "[desk",
        ["warrant.toml:3:6: `[desk` is not TOML: expected ']' at the end of a table declaration"],
    ),
    "settings: unknown key": (
        "warrant.toml", "retrain_days", "retrain_dais",
        ["warrant.toml:27:1: unknown key `retrain_dais` in `[advisors]`; did you mean `retrain_days`?"],
    ),
    "settings: unknown section": (
        "warrant.toml", "[broker]", "[brokers]",
        ["warrant.toml:17:2: unknown key `brokers` in this file; did you mean `broker`?"],
    ),
    "settings: unknown symbol": (
        "warrant.toml", 'mode = "backtest"', 'mode = "live"',
        ['warrant.toml:8:1: `mode` takes "backtest" or "paper", not `"live"`'],
    ),
    "settings: wrong type": (
        "warrant.toml", "capital = 1_000_000", 'capital = "much"',
        ['warrant.toml:7:1: `capital` takes a number of at most 15 digits, above 0, not `"much"`'],
    ),
    "settings: no number": (
        "warrant.toml", "capital = 1_000_000", "capital = nan",
        ["warrant.toml:7:1: `capital` takes a number of at most 15 digits, above 0, not `NaN`"],
    ),
    "settings: no date": (
        "warrant.toml", '"2010-12-31"', '"2010-13-31"',
        ['warrant.toml:26:1: `trained_until` takes a date, like "2010-12-31", not `"2010-13-31"`'],
    ),
    "settings: duplicate key": (
        "warrant.toml", 'account = "PAPER-1"', 'account = "PAPER-1"\naccount = "PAPER-2"',
        ['warrant.toml:6:20: `account = "PAPER-2"` is not TOML: cannot overwrite a value'],
    ),
    "settings: a feed without its folder": (
        "warrant.toml", 'kind = "sample"', 'kind = "csv"',
        ['warrant.toml:13:2: `kind = "csv"` needs a `path`: the folder with one file per instrument'],
    ),
    **{
        f"{name}: missing": (
            name, GONE, "",
            [f"{name}:1:1: `{name}` is missing; copy it from another desk or `warrant init` a new one"],
        )
        for name in ENTRIES
    },
}  # fmt: skip
"""File, words in it, words instead, the complaints; `…` stands for any words."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the desk that ships."""
    desk = tmp_path_factory.mktemp("bad") / "desk"
    make_desk(desk)
    return desk


def placed(wanted: str, text: str, words: str) -> str:
    """A complaint with the lines in it: `{at}` where the words stand, `{limits}` where the list of limits begins."""
    at = text[: max(0, text.find(words))].count("\n") + 1
    first = text[: text.find("- {id: ")].count("\n") + 1
    wanted = wanted.replace("{limits}", str(first))
    return re.sub(r"\{at(?:\+([0-9]+))?\}", lambda found: str(at + int(found[1] or 0)), wanted)


@pytest.mark.parametrize("name", CASES)
def test_a_bad_desk_is_told_where_and_what_to_do(
    name: str, good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, words, instead, expected = CASES[name]
    place = good / file
    text = place.read_text(encoding="utf-8")
    monkeypatch.chdir(good)
    if words == GONE:
        place.unlink()
    else:
        assert words in text, f"the desk that ships has no `{words}` any more"
        place.write_text(text.replace(words, instead, 1), encoding="utf-8")
    try:
        status = cli.run(["cycle"])
    finally:
        place.write_text(text, encoding="utf-8")
    captured = capsys.readouterr()
    told = captured.err.splitlines()
    assert status == 2, told
    assert captured.out == ""
    assert len(told) == len(expected), told
    for line, wanted in zip(told, (placed(one, text, words) for one in expected), strict=True):
        assert re.fullmatch(re.escape(wanted).replace("…", ".*") + ("" if wanted.endswith("…") else r"\Z"), line), line
    assert not (good / "store").exists(), "something was opened before the desk was read"


def test_every_fault_of_a_file_is_told_at_once(
    good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rules and limits are read to their ends, and complaints come in the order of the files."""
    spoiled = {TREND: ("(name adx-14)", "(name adx-41)"), "limits.yaml": (GROSS, GROSS.replace("160 %", "much"))}
    kept = {file: (good / file).read_text(encoding="utf-8") for file in spoiled}
    monkeypatch.chdir(good)
    for file, (words, instead) in spoiled.items():
        (good / file).write_text(kept[file].replace(words, instead), encoding="utf-8")
    try:
        assert cli.run(["cycle"]) == 2
    finally:
        for file, text in kept.items():
            (good / file).write_text(text, encoding="utf-8")
    places = [line.partition(": ")[0] for line in capsys.readouterr().err.splitlines()]
    assert places == [placed("limits.yaml:{at}:57", kept["limits.yaml"], GROSS), f"{TREND}:7:36", f"{TREND}:15:36"]


def test_the_good_desk_has_nothing_to_complain_about(good: Path) -> None:
    """A guard: what the cases spoil is sound before and after."""
    from adapters.desk.folder import read_desk
    from adapters.running.world import read_law

    law = read_law(read_desk(good))
    assert law.rulebook.program.rules
    assert law.limits.limits
