"""The ledger's benchmark builds a past that the ledger itself can read."""

from __future__ import annotations

from pathlib import Path

from bench.past import LINES, build
from bench.storing import readings
from orders.history import Wanted
from storage import migrate, open_engine
from storage.history import SqlHistory


def test_what_is_built_can_be_read_by_every_query_timed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    engine = open_engine(f"sqlite:///{path}")
    migrate(engine)
    build(path, 40 * LINES)
    history = SqlHistory(engine)
    assert sum(len(order.lines) for order in history.orders().rows) == 40 * LINES
    assert len(history.statements(Wanted(groups=frozenset({"G07"}))).rows) == 2
    participation = history.participation()
    assert participation.considered.sum() == 40 * LINES
    assert (participation.share < 1).all()
    engine.dispose()
    assert {len(row.cells) for row in readings(path, 40 * LINES)} == {3}
