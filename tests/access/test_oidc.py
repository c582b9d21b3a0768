"""What claims make of somebody, and what the store knows of a sign-in elsewhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
import streamlit as st

from access import Claims, Elsewhere, Terms
from orders.errors import SettingsError, Unavailable
from orders.people import Role, User
from tests.access.door import Door, script
from watch import references

CLAIMS = Claims.mapped(
    "desk-pm=portfolio_manager, cn=desk view;ou=x=viewer",
    "desk-us=BIG6 OPNIC,desk-all=*",
    "email",
    "groups",
)


def test_each_value_of_the_claim_adds_its_roles_and_groups() -> None:
    said = {"email": " Petra@Example.com", "name": "Petra Maier", "groups": ["desk-pm", "desk-us", "desk-all", "other"]}
    roles = frozenset({Role.PORTFOLIO_MANAGER})
    assert CLAIMS.user(said) == User("petra@example.com", "Petra Maier", roles, frozenset({"BIG6", "OPNIC", "*"}))
    assert CLAIMS.user(said | {"groups": "cn=desk view;ou=x", "name": None}) == User(
        "petra@example.com", " Petra@Example.com", frozenset({Role.VIEWER}), frozenset()
    )


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"email": "a@b", "groups": []},
        {"email": "a@b", "groups": ["desk-us"]},
        {"email": "a@b", "groups": {"desk-pm": True}},
        {"email": " ", "groups": ["desk-pm"]},
        {"email": ["a@b"], "groups": ["desk-pm"]},
        {"groups": ["desk-pm"]},
    ],
)
def test_nobody_comes_in_without_a_name_and_a_role(said: dict[str, object]) -> None:
    assert CLAIMS.user(said) is None


@pytest.mark.parametrize("roles", ["desk-pm", "desk-pm=", "=viewer", "desk-pm=trader"])
def test_a_mapping_that_maps_nothing_is_refused(roles: str) -> None:
    with pytest.raises(SettingsError, match="OIDC_ROLES"):
        Claims.mapped(roles, "", "email", "groups")


class FakeUser:
    """What `st.user` says of whoever signed in at the provider."""

    def __init__(self, issued_at: float) -> None:
        self._said = {"is_logged_in": True, "sub": "1", "iat": issued_at, "email": "petra@example.com"}

    def to_dict(self) -> dict[str, object]:
        return self._said | {"groups": ["desk-pm", "desk-us"]}


@pytest.fixture
def elsewhere(door: Door, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    monkeypatch.setattr(st, "user", FakeUser(door.clock.now().timestamp()))
    return Elsewhere("Corporate", CLAIMS, door.sign_ins, door.clock, door.activity, Terms())


def said(gate: Elsewhere) -> str:
    """Who is there in a run, and what is not known of them."""
    told: list[str] = []

    def run() -> None:
        references.begin()
        user = gate.arrive()
        assert user is not None
        assert gate.current_user() == user
        gate.touch()
        told.append(f"{user.username}{' only looks' if user.read_only else ''} {gate.doubt() or ''}".strip())

    page = script(run).run()
    assert not page.exception, page.exception[0].message
    return told[-1]


def test_a_run_asks_the_store_once_and_a_slow_answer_is_no_doubt(
    door: Door, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def slow(username: str) -> None:
        asked.append(username)
        door.clock.move(timedelta(seconds=3))

    monkeypatch.setattr(door.sign_ins, "not_before", slow)
    assert said(elsewhere) == "petra@example.com"
    assert asked == ["petra@example.com"]


def test_a_store_that_is_away_is_asked_every_five_seconds_and_after_five_minutes_one_only_looks(
    door: Door, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(elsewhere) == "petra@example.com"
    tries: list[str] = []

    def away(username: str) -> None:
        tries.append(username)
        raise Unavailable("Snowflake (account ours) does not answer.")

    monkeypatch.setattr(door.sign_ins, "not_before", away)
    for _ in range(3):
        assert said(elsewhere).startswith("petra@example.com Whether you were signed out elsewhere could not be read")
    assert len(tries) == 1
    door.clock.move(timedelta(minutes=5, seconds=1))
    assert said(elsewhere).startswith("petra@example.com only looks Whether")
    monkeypatch.undo()
    monkeypatch.setattr(st, "user", FakeUser(door.clock.now().timestamp()))
    door.clock.move(timedelta(seconds=6))
    assert said(elsewhere) == "petra@example.com"
