"""A telling in each form: a page has nothing to say of options to a reader who has no program."""

from __future__ import annotations

import pytest

from adapters.answers.rendering import rendered
from adapters.frame import Form
from engine.telling.narrative import tell

TOLD = tell("all of it", tell("to be read: a Kelly stake"), tell("to be checked").as_detail())


@pytest.mark.parametrize("form", [Form.HTML, Form.MD])
def test_a_page_names_no_option(form: Form) -> None:
    page = rendered(TOLD, form, full=False)
    assert "1 line that is only to be checked is left out of this page" in page
    assert "--full" not in page
    assert "left out" not in rendered(TOLD, form, full=True)


def test_a_terminal_is_told_how_to_see_the_rest() -> None:
    assert "--full tells it" in rendered(TOLD, Form.TEXT, full=False)
