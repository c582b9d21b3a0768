from __future__ import annotations

from pathlib import Path

import pytest

from orders.model import OrderState
from tests.orders.both import Both, both_sides
from tests.orders.watch import Watch, watching


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return watching(tmp_path)


@pytest.fixture
def both(tmp_path: Path) -> Both:
    return both_sides(tmp_path)


@pytest.fixture
def live(watch: Watch) -> Watch:
    """An order at Aladdin, of which a little is filled."""
    watch.round()
    watch.broker.fill("Active", A=200_000, B=100_000)
    assert watch.round().state is OrderState.PART_FILLED
    return watch
