"""How this program logs: one JSON object a line on standard error."""

from __future__ import annotations

import json
import sys
from collections import deque
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

MOST_KEPT = 5_000  # lines, of this process: what a reference on a screen most likely asks for
_REFERENCES = ("reference", "request_id", "command", "order")

_recent: deque[str] = deque(maxlen=MOST_KEPT)


def _keep(_: Any, __: str, line: Any) -> Any:
    _recent.append(line)
    return line


def lines_about(reference: str) -> tuple[str, ...]:
    """The newest lines of this process whose reference, command or order it is, in their order."""
    return tuple(line for line in list(_recent) if reference in line and _is_about(line, reference))


def _is_about(line: str, reference: str) -> bool:
    said = json.loads(line)
    return reference != "" and any(said.get(field) == reference for field in _REFERENCES)


def log_as_json(level: str) -> None:
    """Each line with the time and whatever the context carries. Of a traceback it has the places and the words, never
    what the frames held: a header or a body there may carry a secret."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(default=str),
            _keep,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
