"""Answers to questions about what rules mean; they fire the rules of a stranger, and ask Z3."""

from __future__ import annotations

from knowledge.values import Json


def warm() -> None:
    """Import what answers need, and wake the solver."""
    import clips  # noqa: F401  as slow to come as the solver
    import z3

    import rules.meaning.service  # noqa: F401

    z3.Solver().check()


def answer(request: Json) -> Json:
    """Answer one request."""
    from rules.meaning import service

    return service.answer(request)
