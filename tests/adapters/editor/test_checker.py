"""The process that checks: a text on which it hangs or dies costs that check, and a newer text ends an older one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event, Thread

from adapters.editor.checker import Answer, Checker
from adapters.editor.desks import Desks
from adapters.editor.diagnostics import Diagnostics

ODD = """
from adapters.casework.kept import serve
import os, time
def answer(request):
    words = request['unsaved'].get('a.clp', '')
    if words == 'hang': time.sleep(600)
    if words == 'die' and not request['apart']: os._exit(9)
    if words == 'die twice': os._exit(9)
    if words == 'print': print('loud', flush=True)
    return {'failed': words} if words == 'fail' else {'findings': [], 'texts': {'a.clp': words}}
serve(answer)
"""
HERE = Path("/nowhere")


def test_what_a_text_does_to_the_process_costs_one_check_only() -> None:
    checker = Checker(ODD, patience=30.0)
    try:
        for words in ("one", "print", "die", "two"):
            assert checker.check(HERE, {"a.clp": words}) == Answer((), {"a.clp": words})
        lost = checker.check(HERE, {"a.clp": "die twice"})
        assert lost is not None and lost.failed.startswith("the check was lost: it ended with status 9")
        assert checker.check(HERE, {"a.clp": "fail"}) == Answer((), {}, "fail")
    finally:
        checker.close()


def test_a_check_that_nobody_waits_for_is_ended() -> None:
    checker = Checker(ODD)
    found: list[Answer | None] = []
    started = Event()

    def check() -> None:
        checker.check(HERE, {"a.clp": "one"})
        started.set()
        found.append(checker.check(HERE, {"a.clp": "hang"}))
        found.append(checker.check(HERE, {"a.clp": "two"}))
        checker.close()

    thread = Thread(target=check)
    thread.start()
    started.wait(60)
    while not checker.interrupt(0.0):
        thread.join(0.01)
    thread.join(60)
    assert found == [None, Answer((), {"a.clp": "two"})]


class Noting(Checker):
    """Notes what it is asked; the second question comes while the first is under way."""

    def __init__(self) -> None:
        super().__init__(ODD)
        self.asked: list[str] = []
        self.busy = Event()
        self.go_on = Event()

    def check(self, desk: Path, unsaved: object) -> Answer | None:
        assert isinstance(unsaved, dict)
        self.asked.append(unsaved["a.clp"])
        self.busy.set()
        self.go_on.wait(60)
        return Answer((), unsaved)


def test_the_newest_text_is_checked_and_older_answers_are_not_shown() -> None:
    shown: list[str] = []
    checker = Noting()
    desks = Desks()

    async def session() -> None:
        done = asyncio.Event()

        def show(desk: Path, answer: Answer) -> None:
            shown.append(answer.texts["a.clp"])
            done.set()

        diagnostics = Diagnostics(desks, show, shown.append, checker, rest=0.0)

        def write(text: str) -> None:
            diagnostics.want(desks.put(HERE / "a.clp", "uri", text, None))

        write("first")
        write("second")
        await asyncio.to_thread(checker.busy.wait, 60)
        for text in ("third", "fourth", "fifth"):
            write(text)
        checker.go_on.set()
        await asyncio.wait_for(done.wait(), 60)
        diagnostics.close()

    asyncio.run(session())
    assert checker.asked == ["second", "fifth"]
    assert shown == ["fifth"]


def test_a_check_that_breaks_is_told() -> None:
    class Broken(Checker):
        def check(self, desk: Path, unsaved: object) -> Answer | None:
            raise KeyError("an answer without findings")

    async def session() -> str:
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        diagnostics = Diagnostics(Desks(), lambda *shown: None, told.set_result, Broken(ODD), rest=0.0)
        diagnostics.want(HERE)
        said = await asyncio.wait_for(told, 60)
        diagnostics.close()
        return said

    assert "KeyError" in asyncio.run(session())


def test_a_file_belongs_to_the_nearest_desk_above_it(tmp_path: Path) -> None:
    inner = tmp_path / "desks" / "one"
    (inner / "rules" / "book").mkdir(parents=True)
    for folder in (tmp_path, inner):
        (folder / "rules.clp").write_text("", encoding="utf-8")
    desks = Desks(fallback=HERE)
    assert desks.place(inner / "rules/book/a.clp") == (inner, "rules/book/a.clp")
    assert desks.place(tmp_path / "b.clp") == (tmp_path, "b.clp")
    assert desks.place(HERE / "x" / "b.clp") == (HERE, "x/b.clp")
    assert Desks().place(HERE / "x" / "b.clp") == (HERE / "x", "b.clp")


def test_halves_of_characters_become_whole_ones_in_place() -> None:
    desks = Desks()
    assert desks.put(HERE / "a.clp", "uri", "a\ud800b", 7) == HERE
    assert desks.unsaved(HERE) == {"a.clp": "a\ufffdb"}
    assert desks.drop(HERE / "a.clp") == HERE and desks.unsaved(HERE) == {}
