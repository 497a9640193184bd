"""A rulebook is read whole or not at all, and every complaint has its place."""

from __future__ import annotations

import shutil
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.clips.session import ClipsImage
from knowledge.faults import Faulty
from knowledge.values import canonical, parse
from rules.rulebook import Rulebook, Source, read_rulebook

ROOT = Path(__file__).parents[2]
GOOD = """(defrule trend-up
  "quant | ?i trends up"
  (indicator (instrument ?i) (name adx-14) (value ?adx&:(>= ?adx 20.0)))
  =>
  (assert (trend (instrument ?i) (direction up))))
"""


def desk(folder: Path, **files: str | bytes) -> Path:
    """A desk of these files; `__` stands for a slash and `_` for a dot."""
    files = {"rules_clp": '(load "book/a.clp")', "policies_pl": "", "book__a_clp": GOOD} | files
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def complaints(folder: Path) -> list[str]:
    with pytest.raises(Faulty) as error:
        read_rulebook(folder)
    return [str(fault) for fault in error.value.faults]


def test_the_desk_that_ships_is_sound() -> None:
    rulebook = read_rulebook(ROOT)
    assert rulebook.rules[0].file == "rules.clp"
    assert rulebook.policies[0].file == "policies.pl"
    assert len(rulebook.program.rules) >= 12
    assert {rule.file for rule in rulebook.program.rules} == {one.file for one in rulebook.rules[1:]}
    ClipsImage(rulebook.program)


def test_sources_come_in_the_order_of_the_entries(tmp_path: Path) -> None:
    folder = desk(
        tmp_path,
        rules_clp='; two files\n(load "book/b.clp")\n(load "book/a.clp")\n' + GOOD.replace("trend-up", "entry"),
        book__b_clp=GOOD.replace("trend-up", "trend-b"),
        policies_pl="% all\n:- include('book/x.pl').\n:- include( 'book/y.pl' ) .\n% :- include('book/no.pl').\n",
        book__x_pl=":- include('book/z.pl').\n",
        book__y_pl="y.\n",
        book__z_pl="z.\n",
    )
    rulebook = read_rulebook(folder)
    assert [one.file for one in rulebook.rules] == ["rules.clp", "book/b.clp", "book/a.clp"]
    assert [one.file for one in rulebook.policies] == ["policies.pl", "book/x.pl", "book/z.pl", "book/y.pl"]
    assert [rule.name for rule in rulebook.program.rules] == ["entry", "trend-b", "trend-up"]


def test_a_record_reads_back_as_the_same_rulebook() -> None:
    rulebook = read_rulebook(ROOT)
    again = Rulebook.from_json(parse(canonical(rulebook.to_json())))
    assert again == rulebook
    assert again.fingerprint == rulebook.fingerprint
    assert again.program == rulebook.program
    with pytest.raises(FrozenInstanceError):
        again.rules = ()  # type: ignore[misc]


def test_a_record_of_unsound_rules_is_refused() -> None:
    with pytest.raises(Faulty, match="unknown template `trned`"):
        Rulebook.from_json({"rules": [["a.clp", GOOD.replace("(trend ", "(trned ")]], "policies": []})
    with pytest.raises(TypeError):
        Rulebook.from_json({"rules": [["a.clp", 5]], "policies": []})


@given(st.data())
def test_the_fingerprint_changes_with_any_byte_or_name(data: st.DataObject) -> None:
    policies = tuple(
        Source(f"{name}.pl", text) for name, text in data.draw(st.dictionaries(names, texts, max_size=3)).items()
    )
    other = tuple(
        Source(f"{name}.pl", text) for name, text in data.draw(st.dictionaries(names, texts, max_size=3)).items()
    )
    first, second = Rulebook((), policies), Rulebook((), other)
    assert (first.fingerprint == second.fingerprint) == (policies == other)


names = st.sampled_from(["a", "b", "ab", "c"])
texts = st.sampled_from(["", "a", "ab", "b", "p(a).", "\n"])


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path) -> None:
    folder = desk(
        tmp_path,
        rules_clp='(load "book/a.clp")\n(load "book/missing.clp")\n(load "book/b.clp")',
        book__a_clp=GOOD.replace("adx-14", "adx-41"),
        book__b_clp="(defrule",
        policies_pl=":- include('book/gone.pl').",
    )
    found = complaints(folder)
    assert [one.split(": ")[0] for one in found] == [
        "book/a.clp:3:36",
        "book/b.clp:1:1",
        "policies.pl:1:1",
        "rules.clp:2:1",
    ]


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        (
            {"rules_clp": '\n  (load "book/trned.clp")'},
            "rules.clp:2:3: `book/trned.clp` does not exist; create it, or correct the path",
        ),
        ({"rules_clp": '(load "../a.clp")'}, "rules.clp:1:1: `../a.clp` is no path inside the desk"),
        ({"rules_clp": '(load "/etc/passwd")'}, "rules.clp:1:1: `/etc/passwd` is no path inside the desk"),
        ({"rules_clp": '(load "book/./a.clp")'}, "`book/./a.clp` is no path inside the desk"),
        ({"rules_clp": '(load "book\\\\a.clp")'}, "is no path inside the desk"),
        ({"rules_clp": '(load "")'}, "`` is no path inside the desk"),
        ({"rules_clp": '(load "book")'}, "rules.clp:1:1: `book` can not be read: is a directory"),
        ({"rules_clp": '(load "book/a.clp")\n(load "book/a.clp")'}, "rules.clp:2:1: `book/a.clp` is read already"),
        ({"rules_clp": '(load "rules.clp")'}, "rules.clp:1:1: `rules.clp` is read already"),
        (
            {"book__a_clp": GOOD + '(load "b.clp")'},
            'book/a.clp:6:1: only `rules.clp` loads files; move `(load "b.clp")`',
        ),
        ({"book__a_clp": b"; caf\xe9\n"}, "book/a.clp:1:6: byte 0xe9 is no UTF-8; save the file as UTF-8"),
        ({"book__a_clp": "; nothing\n"}, "rules.clp:1:1: the rulebook holds no rule; load a file with rules"),
        (
            {"book__a_clp": GOOD + "(deftemplate mine (slot x))"},
            "`mine` is declared here, but templates are declared in",
        ),
        ({"policies_pl": "a.\n :- include('../x.pl')."}, "policies.pl:2:2: `../x.pl` is no path inside the desk"),
        ({"policies_pl": ":- include('policies.pl')."}, "policies.pl:1:1: `policies.pl` is read already"),
    ],
)
def test_each_broken_desk_has_its_sentence(tmp_path: Path, files: dict[str, str | bytes], complaint: str) -> None:
    found = complaints(desk(tmp_path, **files))
    assert len(found) == 1
    assert complaint in found[0]


def test_missing_entries_are_named(tmp_path: Path) -> None:
    assert complaints(tmp_path) == [
        "policies.pl:1:1: `policies.pl` does not exist; create it, or correct the path",
        "rules.clp:1:1: `rules.clp` does not exist; create it, or correct the path",
    ]


def test_a_link_out_of_the_desk_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.clp").write_text(GOOD)
    folder = desk(tmp_path / "desk", rules_clp='(load "book/link.clp")')
    (folder / "book" / "link.clp").symlink_to(tmp_path / "outside.clp")
    (complaint,) = complaints(folder)
    assert "`book/link.clp` leads out of the desk" in complaint


def test_a_copied_desk_has_the_same_fingerprint(tmp_path: Path) -> None:
    for name in ("rules.clp", "policies.pl"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "rules" / "book", tmp_path / "rules" / "book")
    assert read_rulebook(tmp_path).fingerprint == read_rulebook(ROOT).fingerprint
