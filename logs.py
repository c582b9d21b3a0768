"""How this program logs: one JSON object a line on standard error."""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Mapping, Set
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from watch import references

MOST_KEPT = 5_000  # lines, of this process: what a reference on a screen most likely asks for
_REFERENCES = ("reference", "request_id", "command", "order")
_SEVERAL = ("references", "orders")  # of one call for the orders of several people

_recent: deque[str] = deque(maxlen=MOST_KEPT)


def _keep(_: Any, __: str, line: Any) -> Any:
    _recent.append(line)
    return line


def lines_about(reference: str) -> tuple[str, ...]:
    """The newest lines of this process whose reference, request, command or order it is, in their order; and those of
    requests it waited for that somebody else had made."""
    wanted = {reference, references.of(reference)} - {""}
    lines = [(line, json.loads(line)) for line in list(_recent)]
    requests = {str(said.get("request_id", "")) for _, said in lines if _is_about(said, wanted)} - {""}
    return tuple(line for line, said in lines if _is_about(said, wanted | requests))


def _is_about(said: Mapping[str, Any], wanted: Set[str]) -> bool:
    named = [said.get(field) for field in _REFERENCES]
    named += (one for field in _SEVERAL if isinstance(several := said.get(field), list) for one in several)
    return any(isinstance(one, str) and one in wanted for one in named)


def log_as_json(level: str, masks: Processor) -> None:
    """Each line with the time and whatever the context carries, but for what `masks` leaves out. Of a traceback it has
    the places and the words, never what the frames held: a header or a body there may carry a secret."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            masks,
            structlog.processors.JSONRenderer(default=str),
            _keep,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
