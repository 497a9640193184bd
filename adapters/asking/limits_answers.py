"""Answers to questions about limits: the engine's own, and proofs with what was remembered."""

from __future__ import annotations

from knowledge.values import Json


def warm() -> None:
    """Import what answers need."""
    import adapters.asking.proving  # noqa: F401  so that its time is none of the question's
    from engine.universe import warm

    warm.up()


def answer(request: Json) -> Json:
    """Answer one request."""
    from adapters.asking.proving import prove
    from engine.universe import service

    return prove(request) if request["op"] == "prove" else service.answer(request)
