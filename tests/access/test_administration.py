"""What an administrator does with the users, refused to everybody else; and the first users of a ledger."""

from __future__ import annotations

import inspect
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import bcrypt
import pytest
import yaml
from structlog.testing import capture_logs

from access import Administration, demo_users, take_over_users
from orders.errors import NotFound, NotPermitted, SettingsError, VersionConflict
from orders.people import Entry, Permission, Role, User
from storage import SqlPeople
from tests.access.door import Door, change, shown, sign_in
from tests.access.surroundings import LEDGER, SetClock
from tests.ledgers import open_ledger

ADA = User("administrator", "Ada", frozenset({Role.ADMINISTRATOR}), frozenset())
VIEWER, GROUPS = [Role.VIEWER], ["BIG6"]


@pytest.fixture
def office(door: Door) -> Administration:
    return Administration(door.people, door.sign_ins, door.clock, door.activity)


USE_CASES: dict[str, Callable[[Administration, User], object]] = {
    "everybody": lambda office, user: office.everybody(user),
    "add": lambda office, user: office.add(user, "eve", "Eve", VIEWER, GROUPS),
    "change": lambda office, user: office.change(user, "pm", 1, "P", VIEWER, GROUPS),
    "disable": lambda office, user: office.disable(user, "pm"),
    "reset_password": lambda office, user: office.reset_password(user, "pm"),
    "locked_out": lambda office, user: office.locked_out(user),
    "unlock": lambda office, user: office.unlock(user, "pm"),
    "end_sessions": lambda office, user: office.end_sessions(user, "pm"),
}


def test_every_use_case_is_refused_to_each_role_that_does_not_administer_and_nothing_is_written(
    door: Door, office: Administration
) -> None:
    assert {name for name, _ in inspect.getmembers(office, inspect.ismethod) if name[0] != "_"} == set(USE_CASES)
    before = door.people.every()
    others = [frozenset({role}) for role in Role if Permission.ADMINISTER not in role.permissions]
    for call in USE_CASES.values():
        for roles in [*others, frozenset[Role]()]:
            with pytest.raises(NotPermitted, match="you may not administer users; administrator can"):
                call(office, User("eve", "Eve", roles, frozenset({"*"})))
    with pytest.raises(NotPermitted, match="until they can be read again you can only look"):
        office.end_sessions(replace(ADA, read_only=True), "pm")
    assert door.people.every() == before
    assert door.activity.deeds == []


def test_a_new_user_comes_in_once_by_the_password_shown_and_has_to_choose_another(
    door: Door, office: Administration
) -> None:
    password = office.add(ADA, " Maria ", "Maria  Ortega", VIEWER, ["BIG6", " OPNIC "])
    browser = sign_in(door.browser(), "maria", password)
    assert browser.caption[0].value == "choose!"
    assert change(door, browser, password, "correct horse battery") == ""
    there = door.entry("maria")
    assert (there.user.name, sorted(there.user.groups), there.one_time) == ("Maria Ortega", ["BIG6", "OPNIC"], False)
    assert door.activity.deeds[0] == ("administrator", "user added", "maria", "viewer; BIG6, OPNIC")
    assert password not in str(door.activity.deeds)
    assert door.people.every()["maria"].changed_by == "maria"


def test_a_one_time_password_lets_nobody_in_after_three_days(door: Door, office: Administration) -> None:
    password = office.reset_password(ADA, "pm")
    door.clock.move(timedelta(days=3, seconds=1))
    assert shown(sign_in(door.browser(), "pm", password)) == "The username or the password is not right."


def test_what_an_administrator_does_works_at_the_next_run(door: Door, office: Administration) -> None:
    browser = sign_in(door.browser())
    office.change(ADA, "pm", 1, "Paula", [Role.COMPLIANCE], ["CORE"])
    assert shown(browser.run()) == "pm: compliance; CORE"
    office.end_sessions(ADA, "pm")
    assert shown(browser.run()) == "You are signed out."
    sign_in(browser)
    office.reset_password(ADA, "pm")
    assert shown(browser.run()) == "Your password has changed; sign in with the new one."
    assert [deed[1:] for deed in door.activity.deeds if deed[0] == "administrator"] == [
        ("user changed", "pm", "portfolio manager; every group -> compliance; CORE"),
        ("sessions ended", "pm", ""),
        ("password reset", "pm", "their sessions ended"),
    ]


def test_whoever_is_locked_out_is_told_of_and_let_try_again(door: Door, office: Administration) -> None:
    for _ in range(5):
        sign_in(door.browser(), "pm", "wrong")
    sign_in(door.browser(), "nobody", "wrong")
    assert office.locked_out(ADA) == {"pm": ("192.0.2.1",)}
    office.unlock(ADA, "pm")
    assert office.locked_out(ADA) == {}
    assert shown(sign_in(door.browser(), "pm")) == "pm: portfolio_manager; *"
    assert ("administrator", "user unlocked", "pm", "at 192.0.2.1") in door.activity.deeds


def test_sessions_of_before_do_not_come_back_when_a_user_is_enabled_again(door: Door, office: Administration) -> None:
    browser = sign_in(door.browser())
    office.disable(ADA, "pm")
    office.disable(ADA, "pm", False)
    assert shown(browser.run()) == "You are signed out."


def test_nobody_changes_their_own_rights_nor_leaves_the_desk_without_an_administrator(
    door: Door, office: Administration
) -> None:
    with pytest.raises(NotPermitted, match="another administrator has to"):
        office.change(ADA, "administrator", 1, "Ada", [Role.ADMINISTRATOR, Role.APPROVER], ["*"])
    with pytest.raises(NotPermitted, match="Your own password"):
        office.reset_password(ADA, "administrator")
    office.change(ADA, "administrator", 1, "Ada Lovelace", [Role.ADMINISTRATOR], ["*"])
    other = replace(ADA, username="operator root")
    with pytest.raises(NotPermitted, match="Nobody could administer users any more"):
        office.disable(other, "administrator")


@pytest.mark.parametrize(
    ("name", "roles", "username", "error"),
    [
        (" ", VIEWER, "eve", SettingsError),
        ("Eve", [], "eve", SettingsError),
        ("Eve", VIEWER, "unknown:1", SettingsError),
        ("Eve", VIEWER, "-eve", SettingsError),
        ("Eve", VIEWER, "PM", VersionConflict),
    ],
)
def test_what_cannot_be_an_entry_is_refused(
    office: Administration, name: str, roles: list[Role], username: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        office.add(ADA, username, name, roles, GROUPS)
    with pytest.raises(NotFound):
        office.reset_password(ADA, "nobody")


def test_a_change_made_from_an_older_version_is_refused(office: Administration) -> None:
    office.change(ADA, "pm", 1, "Paula", VIEWER, GROUPS)
    with pytest.raises(VersionConflict, match="Somebody else changed pm meanwhile"):
        office.change(ADA, "pm", 1, "Paula", [Role.APPROVER], GROUPS)


def test_a_user_file_gives_an_empty_store_its_users_once_and_then_the_store_counts(door: Door, tmp_path: Path) -> None:
    with sqlite3.connect(door.folder / LEDGER) as connection:
        connection.execute("DELETE FROM desk_users")
    hashed = bcrypt.hashpw(b"of the tests", bcrypt.gensalt(10)).decode()
    row = {"name": "Anna", "password": hashed, "roles": ["analyst"], "groups": ["CORE"]}
    file = tmp_path / "users.yaml"
    file.write_text(yaml.safe_dump({"credentials": {"usernames": {"anna": row}}}))
    take_over_users(door.people, file, demo=False)
    assert set(door.people.every()) == {"anna"}
    file.write_text(yaml.safe_dump({"credentials": {"usernames": {"anna": row | {"roles": ["viewer"]}, "bob": row}}}))
    with capture_logs() as logs:
        take_over_users(door.people, file, demo=False)
    assert logs[0]["users"] == ["bob"]
    assert door.entry("anna").user.roles == {Role.ANALYST}


def test_outside_the_demo_nobody_starts_with_the_passwords_of_the_demo(door: Door) -> None:
    take_over_users(door.people, None, demo=True)
    with pytest.raises(SettingsError, match=r"lets somebody in as .*pm.*, and this is not the demo\. Give them others"):
        take_over_users(door.people, None, demo=False)
    for entry in door.people.every().values():
        if entry.user.username in demo_users()[0]:
            door.change(replace(entry, password_hash=bcrypt.hashpw(b"another", bcrypt.gensalt(4)).decode()))
    take_over_users(door.people, None, demo=False)


def test_of_two_that_start_at_once_one_takes_the_first_users_over(tmp_path: Path) -> None:
    engine = open_ledger(tmp_path / LEDGER)
    both = threading.Barrier(2)

    class Starting(SqlPeople):
        begun = False

        def every(self) -> dict[str, Entry]:
            there = super().every()
            if not self.begun:
                self.begun = True
                both.wait(timeout=10)
            return there

    with ThreadPoolExecutor(2) as pool:
        starting = [Starting(engine, SetClock()) for _ in range(2)]
        list(pool.map(lambda store: take_over_users(store, None, demo=True), starting))
    assert set(SqlPeople(engine, SetClock()).every()) == set(demo_users()[0])
