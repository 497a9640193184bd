"""Strategies by a plain generator of random numbers, for runs of a hundred thousand.

Hypothesis remembers what it drew, so that it can shrink it, and a draw costs more than a judgement. A module of
strategies that asks for integers, one of several, lists and composites is loaded a second time with these instead: the
same desks, thirty times as fast, each from its own seed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from random import Random
from types import ModuleType
from typing import Any
from unittest.mock import patch


@dataclass(frozen=True)
class Dice:
    """A strategy: something to roll."""

    roll: Callable[[Random], Any]

    def map(self, change: Callable[[Any], Any]) -> Dice:
        return Dice(lambda chance: change(self.roll(chance)))


def integers(low: int, high: int) -> Dice:
    return Dice(lambda chance: chance.randint(low, high))


def sampled_from(options: Sequence[Any]) -> Dice:
    return Dice(lambda chance: chance.choice(options))


def lists(of: Dice, min_size: int = 0, max_size: int = 4, unique: bool = False) -> Dice:
    """Unique ones may come out shorter than asked, but for one."""

    def roll(chance: Random) -> list[Any]:
        found = [of.roll(chance) for _ in range(chance.randint(min_size, max_size))]
        return list(dict.fromkeys(found)) if unique else found

    return Dice(roll)


def composite(made: Callable[..., Any]) -> Callable[..., Dice]:
    return lambda *of, **named: Dice(lambda chance: made(lambda dice: dice.roll(chance), *of, **named))


def booleans() -> Dice:
    return sampled_from((False, True))


def loaded(name: str) -> ModuleType:
    """A module of strategies, loaded anew with dice; it is another module than the one of that name."""
    strategies, hypothesis = ModuleType("hypothesis.strategies"), ModuleType("hypothesis")
    for part in (integers, sampled_from, lists, composite, booleans):
        setattr(strategies, part.__name__, part)
    hypothesis.strategies = strategies  # type: ignore[attr-defined]
    known = find_spec(name)
    assert known is not None and known.origin is not None
    found = spec_from_file_location(f"{name}_by_dice", known.origin)
    assert found is not None and found.loader is not None
    module = module_from_spec(found)
    sys.modules[module.__name__] = module  # dataclasses look their module up by its name
    with patch.dict(sys.modules, {"hypothesis": hypothesis, "hypothesis.strategies": strategies}):
        found.loader.exec_module(module)
    return module
