"""The page about testing rules shows cases that can be read, and that pass."""

from __future__ import annotations

import re

import pytest

from rules.cases import cases_of
from rules.testing.bench import run_cases
from tests.rules.desk import DESK, rulebook

PAGE = (DESK / "docs" / "rules-testing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=["rule", "policy"])
def test_the_cases_of_the_page_pass(block: str) -> None:
    results = run_cases(rulebook(), cases_of(block, "page.yaml", lambda path: path))
    assert results and all(one.passed for one in results)
