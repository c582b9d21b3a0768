"""The front, for every test of a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from orders.checks import Policy
from tests.pages.front import Front, opened, serve


@pytest.fixture
def front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Front:
    front = opened(tmp_path)
    serve(front, monkeypatch)
    return front


@pytest.fixture
def four_eyes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Front:
    """A front where orders of 2,000,000 or more need a second person."""
    front = opened(tmp_path, Policy(approval_from=2_000_000))
    serve(front, monkeypatch)
    return front
