"""The SQL that is sent to a store, for tests that count it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from storage.engine import READER


@contextmanager
def statements_sent(engine: Engine) -> Iterator[list[str]]:
    """The SQL sent meanwhile, by readers as well."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    both = {engine, engine.get_execution_options().get(READER, engine)}
    for listened in both:
        event.listen(listened, "before_cursor_execute", note)
    yield sent
    for listened in both:
        event.remove(listened, "before_cursor_execute", note)
