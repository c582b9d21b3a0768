"""Long-running operations: asked for now, carried out a little later, kept so that a restart finishes them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from aladdin.simulator.file import StateFile


class Kind(StrEnum):
    """The calls that answer with an operation."""

    POST = "BatchPostOrders"
    CANCEL = "BatchCancelOrders"


@dataclass(frozen=True, slots=True)
class Operation:
    """`request` is the body as it came; `response` its answer as JSON, None until it is done."""

    id: str
    kind: Kind
    request: str
    due: datetime
    response: str | None = None


class Operations:
    """The operations of one world, on disk."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def open(self, kind: Kind, request: str, due: datetime) -> Operation:
        """A new operation, to be carried out from `due` on."""
        operation = Operation(str(uuid.uuid4()), kind, request, due.astimezone(UTC))
        with self._file.transaction():
            values = (operation.id, kind.value, request, operation.due.isoformat())
            self._file.write("INSERT INTO operations VALUES (?, ?, ?, ?, NULL)", [values])
        return operation

    def find(self, operation_id: str) -> Operation | None:
        """The operation with this id."""
        found = self._read("WHERE id = ?", operation_id)
        return found[0] if found else None

    def pending(self) -> list[Operation]:
        """Those not yet carried out, first due first."""
        return self._read("WHERE response IS NULL ORDER BY due")

    def finish(self, operation: Operation, response: str) -> None:
        """Notes the answer; part of the transaction in which the work was done."""
        with self._file.transaction():
            self._file.write("UPDATE operations SET response = ? WHERE id = ?", [(response, operation.id)])

    def _read(self, which: str, *values: str) -> list[Operation]:
        # `which` is one of the constants above.
        rows = self._file.rows(f"SELECT id, kind, request, due, response FROM operations {which}", values)  # noqa: S608
        return [
            Operation(i, Kind(k), request, datetime.fromisoformat(due), answer) for i, k, request, due, answer in rows
        ]
