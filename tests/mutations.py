"""Small changes of a module's code, and putting one of them in place of what is loaded (see `tests/mutants.py`)."""

from __future__ import annotations

import ast
import copy
import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).parents[1]
COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
REACHED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.Pow: ast.Mult,
}  # fmt: skip
SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any"}


def changes(node: ast.AST) -> list[Callable[[ast.AST], ast.AST | None]]:  # noqa: PLR0911, PLR0912 - one for each sort
    """What may be done to a node; each changes a copy of it, and None takes it away."""
    match node:
        case ast.Compare(left=one) | ast.BinOp(left=one, op=ast.Mult()) if _is_sign(one):
            return []  # 1 or -1: never 0, and to divide by it is to multiply
        case ast.BinOp(op=ast.Mult(), right=one) if _is_sign(one):
            return []
        case ast.Expr(value=ast.Yield(value=ast.Constant(value=str() as words))) if words.startswith(";"):
            return []  # a remark in the solver's text
        case ast.Compare(ops=[one]) if type(one) in COMPARED:
            return [lambda of: _with(of, ops=[COMPARED[type(one)]()])]
        case ast.BinOp(op=op) if type(op) in REACHED and not _is_words(node):
            return [lambda of: _with(of, op=REACHED[type(op)]())]
        case ast.BoolOp(op=op):
            return [lambda of: _with(of, op=ast.Or() if isinstance(op, ast.And) else ast.And())]
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=inner):
            return [lambda of: inner]
        case ast.Constant(value=bool() as flag):
            return [lambda of: ast.Constant(not flag)]
        case ast.Constant(value=int() as number):
            return [lambda of: ast.Constant(number + 1)]
        case ast.Call(func=ast.Name(id=name)) if name in SWAPPED:
            return [lambda of: _with(of, func=ast.Name(SWAPPED[name], ast.Load()))]
        case ast.If(test=test) | ast.IfExp(test=test):
            return [lambda of: _with(of, test=ast.UnaryOp(ast.Not(), test))]
        case ast.Return(value=value) if value is not None and not isinstance(value, ast.Constant):
            return [lambda of: ast.Return(ast.Constant(None))]
        case ast.Assign() | ast.AugAssign() | ast.Expr(value=ast.Call() | ast.YieldFrom() | ast.Yield()):
            return [lambda of: ast.Pass()]
    return []


def _is_sign(node: ast.AST) -> bool:
    return "sign" in (getattr(node, "id", ""), getattr(node, "attr", ""))


def _with(node: ast.AST, **parts: Any) -> ast.AST:
    other = copy.copy(node)
    for name, value in parts.items():
        setattr(other, name, value)
    return other


def _is_words(node: ast.BinOp) -> bool:
    return any(isinstance(one, ast.JoinedStr) or (isinstance(one, ast.Constant) and isinstance(one.value, str))
               for one in (node.left, node.right))  # fmt: skip


class _Places(ast.NodeTransformer):
    """Walks a module; at the place of number `at` it makes the change, and it counts them all."""

    def __init__(self, at: int = -1) -> None:
        self.at, self.count, self.told, self.inside = at, 0, (0, ""), False

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.AnnAssign | ast.arg):
            # Annotations are no behaviour; what is assigned is.
            if isinstance(node, ast.AnnAssign) and node.value is not None:
                node.value = self.visit(node.value)
            return node
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            # Neither annotations nor decorators: `frozen` and `slots` are no behaviour that books could show.
            known, self.inside = self.inside, isinstance(node, ast.FunctionDef)
            node.body = [self.visit(one) for one in node.body]
            self.inside = known
            return node
        if isinstance(node, ast.Assign) and not self.inside:
            # A constant may be another; without it nothing would load.
            node.value = self.visit(node.value)
            return node
        if isinstance(node, ast.JoinedStr | ast.Raise | ast.Assert):
            return node  # words for people, and what never happens
        for change in changes(node):
            self.count += 1
            if self.count - 1 == self.at:
                made = ast.fix_missing_locations(ast.copy_location(change(node) or ast.Pass(), node))
                self.told = node.lineno, ast.unparse(made).splitlines()[0][:110]  # type: ignore[attr-defined]
                return made
        return self.generic_visit(node)


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    module: str
    at: int

    @property
    def file(self) -> Path:
        return ROOT / (self.module.replace(".", "/") + ".py")

    @property
    def source(self) -> str:
        return self.file.read_text(encoding="utf-8")

    def made(self) -> tuple[ast.Module, tuple[int, str]]:
        places = _Places(self.at)
        tree = places.visit(ast.parse(self.source))
        return tree, places.told

    def put_in(self) -> None:
        """Give every function of the module the mutant's code, in place, and every constant its value."""
        module, new = importlib.import_module(self.module), ModuleType(self.module)
        new.__file__ = module.__file__
        code = compile(self.made()[0], self.module, "exec")
        with patch.dict(sys.modules, {self.module: new}):
            exec(code, new.__dict__)
        _graft(vars(module), vars(new), self.module)


def _graft(old: Any, new: Any, module: str) -> None:
    for name, value in [(name, new[name]) for name in new if name in old]:
        known = old[name]
        if name.startswith("__") and not isinstance(known, FunctionType):
            continue
        if isinstance(known, FunctionType) and isinstance(value, FunctionType):
            if known.__code__.co_freevars == value.__code__.co_freevars and known.__module__ == module:
                known.__code__, known.__defaults__ = value.__code__, value.__defaults__
        elif isinstance(known, type) and known.__module__ == module:
            _graft(vars(known), vars(value), module)
        elif isinstance(known, property) and known.fget is not None:
            known.fget.__code__ = value.fget.__code__
        elif isinstance(known, cached_property):
            known.func.__code__ = value.func.__code__
        elif isinstance(known, dict) and known.keys() == value.keys():
            known.update(value)
        elif isinstance(known, int | str | tuple | Fraction) and known != value:
            for one in list(sys.modules.values()):
                if one is not None and vars(one).get(name) is known:
                    setattr(one, name, value)


def sites(module: str) -> int:
    """How many mutants a module has."""
    places = _Places()
    places.visit(ast.parse(Mutant(module, 0).source))
    return places.count
