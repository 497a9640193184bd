"""What an extra brings is asked for by the extra's name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from adapters.frame import Failed, need


def test_a_module_that_is_there_is_given() -> None:
    assert need("decimal", extra="data").Decimal(1) == 1
    assert need("importlib.metadata", extra="data").__name__ == "importlib.metadata"


def test_a_missing_module_names_its_extra() -> None:
    with pytest.raises(Failed, match=r"`no_such_module.inner` is not .* pip install 'warrant-engine\[data\]'"):
        need("no_such_module.inner", extra="data")


def test_a_module_that_is_blocked_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Failed, match="`pyarrow` is not installed"):
        need("pyarrow", extra="data")


def test_a_module_that_is_broken_says_so_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_and_broken.py").write_text("import no_such_module_of_its_own")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="no_such_module_of_its_own"):
        need("made_and_broken", extra="data")
