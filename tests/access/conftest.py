"""The door and its visitors, for every test of the gate."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.runtime.context import ContextProxy

from access import passwords
from tests.access.door import Door, Visit


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Visit:
    visit = Visit()
    monkeypatch.setattr(ContextProxy, "ip_address", property(lambda _: visit.address))
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda _: visit.cookies))
    return visit


@pytest.fixture
def door(tmp_path: Path, visit: Visit) -> Door:
    return Door(tmp_path)


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes at the cost of the demo's: each takes a quarter of a second otherwise."""
    monkeypatch.setattr(passwords, "HASH_COST", 6)
