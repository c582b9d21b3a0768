"""The schema on both stores."""

from __future__ import annotations

import pytest
from snowflake.sqlalchemy import dialect as snowflake_dialect
from sqlalchemy import Dialect, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from storage.schema import metadata, orders


@pytest.mark.parametrize("dialect", [snowflake_dialect(), sqlite.dialect()], ids=lambda dialect: str(dialect.name))
@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: str(table.name))
def test_no_name_is_reserved_by_a_store_and_no_number_counts_by_itself(table: Table, dialect: Dialect) -> None:
    names = {table.name, *table.columns.keys(), *(str(index.name) for index in table.indexes)}
    assert names.isdisjoint(word.lower() for word in dialect.preparer.reserved_words)
    ddl = str(CreateTable(table).compile(dialect=dialect))
    assert '"' not in ddl
    assert "AUTOINCREMENT" not in ddl.upper()


def test_the_terms_an_order_memorandum_asks_for_are_columns() -> None:
    terms = {"asset_id", "side", "ordered", "limit_price", "settlement", "created_by", "created_at", "trade_date"}
    assert terms <= set(orders.columns.keys())
