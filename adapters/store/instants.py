"""Instants as the desk's own tables keep them: UTC text of one width, so that they sort and compare as text."""

from __future__ import annotations

from datetime import UTC, datetime

_WRITTEN = "%Y-%m-%dT%H:%M:%S.%fZ"


def written(moment: datetime) -> str:
    """The text of an instant. Raises `ValueError` where it has no time zone."""
    if moment.tzinfo is None:
        raise ValueError(f"`{moment}` has no time zone")
    return moment.astimezone(UTC).strftime(_WRITTEN)


def read(text: str) -> datetime:
    """The instant of a text that `written` gave. Raises `ValueError`."""
    return datetime.strptime(text, _WRITTEN).replace(tzinfo=UTC)
