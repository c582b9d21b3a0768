from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from allocation.model import Side
from orders.desk import Request
from orders.errors import NotPermitted
from orders.model import Permission
from storage import Memory
from tests.orders.desk import ANALYST, COMPLIANCE, PM, outfit
from tests.pages.front import OpenGate
from ui import session
from ui.session import Office, Trip


def test_a_new_preview_is_confirmed_under_a_command_of_its_own(tmp_path: Path) -> None:
    preview = outfit(tmp_path).desk.preview(PM, Request("BIG6", "B", Side.BUY, 2_000_000, date(2026, 11, 23)))
    trip = Trip()
    trip.keep(preview)
    first = trip.command_id
    assert trip.preview is preview
    trip.keep(replace(preview, read_at=preview.read_at))
    assert trip.command_id != first


def test_only_what_the_role_allows_is_offered() -> None:
    assert session.only_if(PM, Permission.CONFIRM)
    assert not session.only_if(ANALYST, Permission.CONFIRM)
    assert not session.only_if(COMPLIANCE, Permission.PREVIEW)


def test_a_user_entitled_to_no_group_is_told_who_can_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = outfit(tmp_path)
    monkeypatch.setattr(session, "desk", lambda: at.desk)
    assert session.groups_of(PM) == ("BIG6",)
    with pytest.raises(NotPermitted, match="Whoever administers the users can add some"):
        session.groups_of(replace(PM, groups=frozenset()))


def test_the_office_opened_last_is_the_one_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_opened", [])
    at = outfit(tmp_path)
    memory = Memory(tmp_path / "memory.db", at.clock)
    first, second = (Office(at.desk, OpenGate(user=None), at.desk.book, tuple, memory) for _ in range(2))
    session.open_office(first)
    session.open_office(second)
    assert session.office() is second
    assert session.desk() is at.desk
