"""The ledger's benchmark builds the same past on both stores, which the ledger itself can read and add to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from bench.storing import stores
from bench.storing.past import LINES, START
from bench.storing.plain import plain
from bench.storing.reads import readings
from bench.storing.requests import CONFIRMATION, requests
from bench.storing.stores import Store
from bench.storing.timing import ENOUGH, Row
from bench.storing.writes import commits, verified
from orders.history import Wanted
from storage import SqlHistory
from tests.storage.emulated import EmulatedSnowflake

SIZE = 40 * LINES
PAST = Wanted(until=START + timedelta(days=365))  # what tests add is of today


@pytest.fixture(scope="module")
def on_file() -> Iterator[tuple[Store, Path]]:
    with stores.sqlite(SIZE) as opened:
        yield opened


@pytest.fixture(scope="module")
def emulated() -> Iterator[tuple[Store, EmulatedSnowflake]]:
    with stores.emulated(SIZE) as opened:
        yield opened


def few(store: Store) -> Store:
    return replace(store, commits=2, pages=1, sums=1)


@pytest.mark.soak
def test_both_stores_are_given_the_same_past(
    on_file: tuple[Store, Path], emulated: tuple[Store, EmulatedSnowflake]
) -> None:
    ours, theirs = SqlHistory(on_file[0].past), SqlHistory(emulated[0].past)
    assert sum(len(order.lines) for order in ours.orders(PAST).rows) == SIZE
    assert theirs.orders(PAST) == ours.orders(PAST)
    of_group = replace(PAST, groups=frozenset({"G07"}))
    assert len(ours.statements(of_group).rows) == 2
    assert theirs.statements(of_group) == ours.statements(of_group)
    participation = ours.participation(PAST)
    assert participation.considered.sum() == SIZE
    assert (participation.share < 1).all()
    pd.testing.assert_frame_equal(theirs.participation(PAST), participation)


def test_all_that_is_timed_succeeds_on_sqlite(on_file: tuple[Store, Path]) -> None:
    store, path = few(on_file[0]), on_file[1]
    rows, crowd = commits(store)
    assert {len(row.cells) for row in [*readings(store, SIZE), *rows, *plain(store, path)]} == {2}
    assert crowd > 0
    assert verified(store) > 0


@pytest.mark.soak
def test_all_that_is_timed_and_counted_succeeds_on_the_emulated_snowflake(
    emulated: tuple[Store, EmulatedSnowflake],
) -> None:
    store, server = few(emulated[0]), emulated[1]
    counted = requests(store, server)
    assert counted["the same command repeated"] < counted[CONFIRMATION] < counted["the first confirmation in a group"]
    assert min(counted.values()) > 0
    rows, crowd = commits(store)
    assert {len(row.cells) for row in [*readings(store, SIZE), *rows]} == {2}
    assert crowd > 0
    assert verified(store) > 0


def test_of_few_times_the_longest_is_told_and_of_many_the_99th_percentile() -> None:
    assert Row("few", [1.0, 2.0, 9.0]).cells == ("2.00", "9.00")
    assert Row("many", [1.0] * (ENOUGH - 1) + [9.0, 9.0]).cells == ("1.00", "9.00")
    assert Row("rare", [1.0] * 1000 + [9.0]).cells == ("1.00", "1.00")
