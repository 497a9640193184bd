"""The traps of Prolog seen from Python: each was met, each would have turned into an order that should not go out.

Where the trap still exists below us, the test first shows it, then that the session does not fall into it.
"""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from pyswip import Prolog

from knowledge.faults import Faulty
from knowledge.prolog.engine import PrologFault, ask, quoted
from knowledge.prolog.session import probe
from tests.knowledge.policy_texts import BASE, ROOT, candidate, earnings, forbidding, policies

PERMITTED = forbidding("Side == short")


def test_an_open_query_elsewhere_makes_the_verdict_undetermined_and_the_next_one_is_judged():
    unclosed = Prolog.query("member(X, [1, 2, 3])")
    next(unclosed)
    (verdict,) = PERMITTED.judge([], [candidate()])
    assert verdict.outcome == "undetermined"
    assert "could not be asked" in str(verdict.fault)
    unclosed.close()
    assert PERMITTED.judge([], [candidate()])[0].outcome == "permitted"


def test_another_thread_gets_no_verdict():
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.extend(PERMITTED.judge([], [candidate()])))
    thread.start()
    thread.join()
    assert [one.outcome for one in verdicts] == ["undetermined"]
    assert "thread" in str(verdicts[0].fault)


def test_every_query_is_drained_and_there_is_one_for_all_candidates(monkeypatch):
    asked = []
    whole = Prolog.query.__func__

    def counted(cls, *args, **options):
        asked.append(args)
        return whole(cls, *args, **options)

    monkeypatch.setattr(Prolog, "query", classmethod(counted))
    assert len(PERMITTED.judge([], [candidate(), candidate(side="short"), candidate("IBM")])) == 3
    assert len(asked) == 1
    assert Prolog._queryIsOpen is False


def test_consulting_a_broken_file_returns_normally_but_broken_text_never_loads(tmp_path):
    broken = BASE + "forbidden(_, never) :- .\nforbidden(_, always).\n"
    file = tmp_path / "broken.pl"
    file.write_text(broken, encoding="utf-8")
    child = f"from pyswip import Prolog\nProlog.consult({str(file)!r})\nprint('went on')\n"
    run = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True)
    assert "went on" in run.stdout, "the trap is gone"
    with pytest.raises(Faulty, match=r"p\.pl:4:\d+: prolog can not read this clause"):
        policies("forbidden(_, never) :- .\nforbidden(_, always).\n")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_python_predicate_can_not_be_reached_from_a_policy():
    def raises(_: object) -> bool:
        raise ValueError

    Prolog.register_foreign(raises, name="raises_in_python", arity=1)
    assert list(Prolog.query("raises_in_python(x)", catcherrors=False)) == [], "the trap is gone"
    with pytest.raises(Faulty, match="`raises_in_python/1` is no predicate of these policies"):
        forbidding("raises_in_python(Side)")


def test_text_big_numbers_and_rationals_cross_the_border_unharmed():
    rows = list(Prolog.query('X = "word"'))
    assert rows[0]["X"] == b"word", "the trap is gone"
    body = 'X = [123456789012345678901234567890, 1r3, -7r2, "naïve \\"\\\\ ∑ 🐻"], member(1r3, X), Y = 1r3, Y == 1r3'
    (verdict,) = forbidding(body).judge([], [candidate()])
    goals = [child.goal for child in verdict.proofs[0].children]
    whole = '[123456789012345678901234567890, 1r3, -7r2, "naïve \\"\\\\ ∑ 🐻"]'
    assert goals[2:] == [f"{whole} = {whole}", f"member(1r3, {whole})", "1r3 = 1r3", "1r3 == 1r3"]


@pytest.mark.parametrize(
    "word", ["it's", 'a "b"', "back\\slash", "new\nline", "~w ~q", "%", "é🐻", "\x01", "a\\x41\\b", ""]
)
def test_quoted_text_reads_back_as_it_was(word):
    for mark in ("'", '"'):
        tree = ask(f"warrant_reading:read_text({quoted(f'p({quoted(word, mark)}).', chr(34))})")
        assert tree[0][2][0][1] == word


def test_facts_do_not_survive_their_cycle_not_even_a_failed_one():
    judge = forbidding("earnings(Instrument, Sessions), 6 / Sessions >= 2").judge
    assert judge([earnings("AAPL", 1)], [candidate()])[0].outcome == "forbidden"
    assert judge([], [candidate()])[0].outcome == "permitted"
    assert judge([earnings("AAPL", 0)], [candidate()])[0].outcome == "undetermined"
    assert judge([], [candidate()])[0].outcome == "permitted"
    judge([earnings("AAPL", 1)], [candidate()], most_inferences=10)
    assert judge([], [candidate()])[0].outcome == "permitted"


def test_memory_stays_flat_over_cycles():
    def clauses() -> int:
        list(Prolog.query("garbage_collect_clauses"))
        return int(next(iter(list(Prolog.query("statistics(clauses, N)"))))["N"])

    judge = forbidding("earnings(Instrument, S), S < 3").judge
    judge([earnings("AAPL", 1)], [candidate()])
    before = clauses()
    for cycle in range(300):
        judge([earnings("AAPL", cycle)], [candidate()])
    assert clauses() <= before + 5


def test_an_endless_policy_ends():
    endless = ':- sentence(on(X), "on ~X").\non(X) :- on(X).\non(X) :- X > 0, on(X).\nforbidden(_, r) :- on(1).\n'
    (verdict,) = policies(endless).judge([], [candidate()])
    assert verdict.outcome == "undetermined"
    assert verdict.fault


def test_endless_breadth_ends_by_the_count_of_inferences():
    wide = f"L = [{','.join(map(str, range(300)))}], member(A, L), member(B, L), member(C, L), A + B + C > 9999"
    (verdict,) = forbidding(wide).judge([], [candidate()])
    assert verdict.fault == "the policies took more than 1000000 inferences"


def test_a_missing_home_is_a_sentence_not_an_abort(monkeypatch, tmp_path):
    from pyswip import core

    monkeypatch.setenv("LIBSWIPL_PATH", core._path)
    monkeypatch.setenv("SWI_HOME_DIR", str(tmp_path))
    child = subprocess.run([sys.executable, "-c", "import pyswip"], capture_output=True, cwd=ROOT, check=False)
    assert child.returncode != 0, "the trap is gone"
    sentence = probe()
    assert sentence is not None
    assert "apt-get install swi-prolog-nox" in sentence
    assert "brew install swi-prolog" in sentence


def test_a_missing_library_is_a_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("LIBSWIPL_PATH", str(tmp_path / "nothing.so"))
    monkeypatch.setenv("SWI_HOME_DIR", str(tmp_path))
    assert "apt-get install swi-prolog-nox" in str(probe())


def test_prolog_that_works_is_no_complaint():
    assert probe() is None


def test_a_warning_is_a_fault_not_a_line_on_the_screen(capfd):
    with pytest.raises(PrologFault, match="something odd"):
        ask("[P]>>(P = write(1), print_message(warning, format('something odd', [])))")
    assert ask("=(write(1))") == 1, "one warning does not spoil the next question"
    with pytest.raises(PrologFault, match="existence_error"):
        ask("no_such_question")
    assert capfd.readouterr() == ("", "")


def test_numbers_are_never_floats():
    with pytest.raises(KeyError):  # pyswip has no way to hand over a rational: the trap
        list(Prolog.query("X is 1 / 3"))
    (verdict,) = forbidding("X = 1, X / 3 * 3 =:= 1").judge([], [candidate()])
    assert verdict.outcome == "forbidden"
    with pytest.raises(Faulty, match=r"`0\.1` has no exact form"):
        forbidding("0.1 + 0.2 =:= 0.3")


def test_a_misspelt_value_that_could_never_match_is_refused():
    """In Prolog it would fail in silence, and a policy that forbids would permit."""
    for body in ("calendar(Instrument, opne, _)", 'calendar(Instrument, "open", _)', "Side == shrt", "Side = 'Short'"):
        with pytest.raises(Faulty, match="never"):
            forbidding(body)


def test_an_unknown_predicate_never_loads():
    with pytest.raises(Faulty, match=r"`earning/2` is no predicate .* is `earnings` meant\?"):
        forbidding("earning(Instrument, 3)")
