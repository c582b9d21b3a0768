"""Rows of several tables in as few statements as the store allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, Table, bindparam, cast, insert, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from orders.errors import Rejected

Rows = Sequence[Mapping[str, Any]]
LONGEST = 16_777_216  # bytes that Snowflake keeps in one text


def insert_all(conn: Connection, writes: Sequence[tuple[Table, Rows]]) -> None:
    """Insert the rows of each table. Tables with one row come first, in their order: on Snowflake, where each statement
    is a request, all of them together. Then those with more, one statement each."""
    for table, rows in writes:
        require_fit(conn, table, rows)
    single = [(table, rows[0]) for table, rows in writes if len(rows) == 1]
    if conn.dialect.name == "snowflake" and len(single) > 1:
        conn.execute(_InsertAll(single)).close()
    else:
        for table, row in single:
            conn.execute(insert(table).values(row))
    for table, rows in writes:
        if len(rows) > 1:
            conn.execute(insert(table), rows)


def require_fit(conn: Connection, table: Table, rows: Rows) -> None:
    """`Rejected` where a text is longer than Snowflake keeps; a file keeps any."""
    texts = ((name, value) for row in rows for name, value in row.items() if isinstance(value, str))
    for name, text in texts if conn.dialect.name == "snowflake" else ():
        if 4 * len(text) > LONGEST and (size := len(text.encode())) > LONGEST:
            raise Rejected(
                f"The {name} of a row of {table.name} would have {size / 1e6:.1f} MB, and Snowflake keeps "
                f"{LONGEST / 1e6:.1f} MB in one text, so nothing was written. Do it in smaller parts: a group of fewer "
                "accounts, or fewer rows at once.",
                code="too_long",
            )


class _InsertAll(Executable, ClauseElement):
    """Snowflake's INSERT ALL: one row of values, spread over several tables."""

    inherit_cache = False

    def __init__(self, rows: Sequence[tuple[Table, Mapping[str, Any]]]) -> None:
        self.targets = [(table, {name: f"t{i}_{name}" for name in row}) for i, (table, row) in enumerate(rows)]
        self.source = select(
            *(
                # a value in a select has no column to take its type from: a number travels as text, a null as nothing
                cast(bindparam(None, row[name], type_=table.c[name].type, unique=True), table.c[name].type).label(alias)
                for (table, row), (_, aliases) in zip(rows, self.targets, strict=True)
                for name, alias in aliases.items()
            )
        )


@compiles(_InsertAll, "snowflake")
def _insert_all(element: _InsertAll, compiler: SQLCompiler, **options: Any) -> str:
    into = (
        f"INTO {compiler.preparer.format_table(table)} ({', '.join(aliases)}) VALUES ({', '.join(aliases.values())})"
        for table, aliases in element.targets
    )
    return f"INSERT ALL {' '.join(into)} {compiler.process(element.source, **options)}"
