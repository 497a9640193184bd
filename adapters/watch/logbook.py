"""The lines, written: JSON to a file or standard error, or a human form on a terminal.

A file is turned over at 20 MB and ten old ones are kept. A file that can not be written (a full disk) is told once on
standard error and counted; what would have been written then is lost, and the desk goes on.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

from adapters.watch.lines import Level
from knowledge.values import Json

_APART = frozenset(
    {
        "desk",
        "mode",
        "as_of",
        "recorded_at",
        "record_id",
        "seq",
        "program",
        "rulebook",
        "limits",
        "latest_at",
        "stage_ms",
    }
    | {"client_order_id", "decision_id"}
)
"""What the JSON form has and a person who looks on has no use for."""
MOST_BYTES = 20_000_000
KEPT = 10


class Logbook:
    """Writes lines. `failed` is called with what went wrong, for every line that could not be written."""

    def __init__(
        self,
        file: Path | None,
        failed: Callable[[Exception], None],
        stream: TextIO | None = None,
        *,
        written: bool = True,
    ) -> None:
        """Into `file`, else to `stream` (default: standard error). Raises `OSError` where it can not be opened."""
        import structlog

        self._handler = _handler(file, failed, stream or sys.stderr)
        # Not from logging's registry: two desks in one process are two logbooks.
        logger = logging.Logger("warrant", logging.DEBUG if written else logging.CRITICAL + 1)
        logger.addHandler(self._handler)
        human = file is None and (stream or sys.stderr).isatty()
        last: Any = _human if human else structlog.processors.JSONRenderer(ensure_ascii=False)
        self._logger: Any = structlog.wrap_logger(
            logger,
            wrapper_class=structlog.stdlib.BoundLogger,
            processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper("iso", key="at"), last],
        )

    def write(self, level: Level, event: str, **fields: Json) -> None:
        """Write one line."""
        self._logger.log(logging.getLevelName(level.upper()), event, **fields)

    def close(self) -> None:
        """Close the file. What it could not take was told when it was written."""
        with suppress(OSError):
            self._handler.close()


def _human(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> str:
    """One line of a terminal: when, how loud, what, and the rest in words."""
    at, level, event = (str(fields.pop(name)) for name in ("at", "level", "event"))
    if event == "alert":
        words = f"{fields['kind']}: {fields['sentence']}; {fields['what_to_do']}"
    else:
        words = ", ".join(
            f"{name.replace('_', ' ')} {_word(value)}"
            for name, value in fields.items()
            if name not in _APART and value not in (None, [], {})
        )
    return f"{at[:19]}Z {level:<7} {event:<14} {words}".rstrip()


def _word(value: Json) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case dict():
            return " ".join(f"{number} {name}" for name, number in value.items())
        case list():
            return " ".join(_word(one) for one in value)
    return str(value)


class _File(RotatingFileHandler):
    failed: Callable[[Exception], None]

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        _tell(self.failed)


class _Stream(logging.StreamHandler[TextIO]):
    failed: Callable[[Exception], None]

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        _tell(self.failed)


def _tell(failed: Callable[[Exception], None]) -> None:
    error = sys.exc_info()[1]
    if isinstance(error, Exception):
        failed(error)


def _handler(file: Path | None, failed: Callable[[Exception], None], stream: TextIO) -> logging.Handler:
    if file is None:
        to_stream = _Stream(stream)
        to_stream.failed = failed
        return to_stream
    file.parent.mkdir(parents=True, exist_ok=True)
    to_file = _File(file, maxBytes=MOST_BYTES, backupCount=KEPT, encoding="utf-8")
    to_file.failed = failed
    return to_file
