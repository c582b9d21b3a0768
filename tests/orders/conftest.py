from __future__ import annotations

from pathlib import Path

import pytest

from tests.orders.watch import Watch, watching


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return watching(tmp_path)
