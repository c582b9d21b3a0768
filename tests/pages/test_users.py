"""The pages about users: an administrator adds one, and everybody changes a password of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest

import bootstrap
from access import Administration, demo_users
from orders.people import Role
from storage import SqlPeople, SqlSignIns
from tests.orders.noted import Noted
from tests.pages.front import Front, press, words


@pytest.fixture
def people(front: Front, monkeypatch: pytest.MonkeyPatch) -> SqlPeople:
    """The demo's users in the ledger, and its administrator at the screen."""
    stored = SqlPeople(front.ledger._store, front.clock)
    stored.write(tuple(demo_users()[0].values()), "demo book", "take_over_users")
    office = Administration(stored, SqlSignIns(front.ledger._store, front.clock), front.clock, Noted())
    house = bootstrap.house()
    shown = type(house)(office=replace(house.office, people=office))  # type: ignore[call-arg]
    monkeypatch.setattr(bootstrap, "house", lambda: shown)
    front.gate.user = demo_users()[0]["administrator"].user
    return stored


def test_an_administrator_adds_a_user_and_is_shown_the_password_once(front: Front, people: SqlPeople) -> None:
    page = front.visit("users")
    assert list(page.dataframe[0].value["Username"]) == sorted(demo_users()[0])
    page.text_input("users.new.username").set_value("maria")
    page.text_input("users.new.name").set_value("Maria Ortega")
    page.multiselect("users.new.roles").set_value([Role.APPROVER])
    page.multiselect("users.new.groups").set_value(["BIG6"])
    press(page, "Add")
    assert page.toast[0].value == "maria is added."
    assert "The password of maria for one sign-in" in words(page)
    (password,) = (code.value for code in page.code)
    assert len(password) == 23
    added = page.dataframe[0].value.set_index("Username").loc["maria"]
    assert (added["Roles"], added["Groups"], added["State"]) == ("approver", "BIG6", "one-time password")
    assert page.run().code
    press(page, "Close")
    assert not page.code
    press(page, "Add")
    assert "There is a user maria already." in words(page)


def test_who_is_locked_out_is_seen_and_let_try_again(front: Front, people: SqlPeople) -> None:
    sign_ins = SqlSignIns(front.ledger._store, front.clock)
    for _ in range(5):
        sign_ins.record_failure("viewer", "192.0.2.7")
    page = front.visit("users")
    states = page.dataframe[0].value.set_index("Username")["State"]
    assert (states["viewer"], states["pm"]) == ("active, locked out", "active")
    page.session_state["users.table"] = {"selection": {"rows": [list(states.index).index("viewer")], "columns": []}}
    page.run()
    assert "is locked out at 192.0.2.7" in words(page)
    press(page, "Unlock")
    assert page.toast[0].value == "viewer can try again."
    assert set(page.dataframe[0].value["State"]) == {"active"}


def test_where_users_come_from_elsewhere_there_is_nothing_to_administer(front: Front) -> None:
    front.gate.user = demo_users()[0]["administrator"].user
    assert "Users sign in elsewhere here" in words(front.visit("users"))


def test_everybody_changes_their_own_password_under_account(front: Front) -> None:
    page = front.visit("account")
    assert "You are Paula." in words(page)
    press(page, "Change password")
    assert page.error[0].value == "Type all three."
    for name, typed in (("old", "wrong"), ("new", "correct horse"), ("again", "correct horse")):
        page.text_input(f"account.{name}").set_value(typed)
    press(page, "Change password")
    assert page.error[0].value == "The old password is not right."
    page.text_input("account.old").set_value("right")
    press(page, "Change password")
    assert front.gate.changed == [(old, "correct horse", "correct horse") for old in ("wrong", "right")]
    assert [box.value for box in page.text_input] == ["", "", ""]
    assert not page.error


def test_whoever_came_in_by_a_password_for_one_use_can_do_nothing_but_choose_another(front: Front) -> None:
    front.gate.one_time = True
    page = front.visit("allocate")
    assert page.title[0].value == "Choose your password"
    assert next(box.label for box in page.text_input) == "The password you came in with"
    for name, typed in (("old", "right"), ("new", "correct horse"), ("again", "correct horse")):
        page.text_input(f"account.{name}").set_value(typed)
    press(page, "Change password")
    assert page.title[0].value == "Allocate"


def test_rights_that_cannot_be_looked_up_are_said_above_the_page(front: Front) -> None:
    front.gate.doubted = "The users could not be read since 09:00:00 UTC."
    assert "The users could not be read since 09:00:00 UTC." in words(front.visit("orders"))
