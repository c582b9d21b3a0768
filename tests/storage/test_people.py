"""The users of the desk: written with an audit entry, never without an administrator, and found out when changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from orders.errors import NotPermitted, SettingsError, VersionConflict
from orders.people import Entry, Role, User
from storage import SqlLedger, SqlPeople, SqlSignIns
from tests.storage.samples import NOON, SetClock

HASH = "$2b$12$" + "a" * 53


def user(name: str, *roles: Role, groups: frozenset[str] = frozenset({"BIG6"})) -> Entry:
    return Entry(User(name, name.title(), frozenset(roles), groups), HASH)


ADA, VERA = user("ada", Role.ADMINISTRATOR, Role.VIEWER), user("vera", Role.VIEWER)


@pytest.fixture
def people(engine: Engine, ledger: SqlLedger, clock: SetClock) -> SqlPeople:
    stored = SqlPeople(engine, clock)
    stored.write([ADA, VERA], "operator", "import_users")
    return stored


def test_what_was_written_is_read_with_who_wrote_it_and_the_audit_log_has_no_hash(
    people: SqlPeople, ledger: SqlLedger, engine: Engine, clock: SetClock
) -> None:
    assert people.every()["ada"] == replace(ADA, version=1, changed_at=NOON, changed_by="operator")
    vera = people.every()["vera"]
    people.write([replace(vera, disabled=True)], "ada", "change_user")
    SqlSignIns(engine, clock).revoke("vera")
    assert people.every()["vera"] == replace(vera, disabled=True, version=2, changed_by="ada", not_before=clock.now())
    entries = ledger.audit("users")
    assert [(entry.actor, entry.action, entry.subject) for entry in entries] == [
        ("ada", "change_user", "vera"),
        ("operator", "import_users", "users"),
    ]
    assert not any(HASH in entry.body for entry in ledger.audit())
    assert ledger.verify() == ()


def test_of_two_changes_made_from_one_version_the_second_is_refused(people: SqlPeople) -> None:
    vera = people.every()["vera"]
    people.write([replace(vera, disabled=True)], "ada", "change_user")
    with pytest.raises(VersionConflict, match="Somebody else changed vera meanwhile"):
        people.write([replace(vera, one_time=True)], "ada", "change_user")
    with pytest.raises(VersionConflict, match="There is a user vera already"):
        people.write([VERA], "ada", "add_user")


def test_users_of_tables_that_were_migrated_meanwhile_are_not_written(people: SqlPeople, engine: Engine) -> None:
    with engine.begin() as conn:
        conn.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(SettingsError, match="brought to revision 9999 while this program"):
        people.write([user("bob", Role.VIEWER)], "ada", "add_user")
    assert set(people.every()) == {"ada", "vera"}


def test_the_last_who_administers_stays_even_when_two_leave_at_once(people: SqlPeople, engine: Engine) -> None:
    people.write([user("bob", Role.ADMINISTRATOR)], "ada", "add_user")
    there = people.every()

    def leave(name: str) -> bool:
        try:
            people.write([replace(there[name], disabled=True)], name, "change_user")
        except NotPermitted:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(leave, ("ada", "bob"))) == [False, True]


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ("UPDATE desk_users SET roles = '[\"compliance\"]' WHERE username = 'vera'", "vera is not what the audit log"),
        ("UPDATE desk_users SET password_hash = 'x' WHERE username = 'vera'", "the entry or its password was edited"),
        ("DELETE FROM desk_users WHERE username = 'vera'", "vera was recorded and has been removed"),
        ("UPDATE desk_users SET username = 'eve' WHERE username = 'vera'", "eve was added past the audit log"),
    ],
)
def test_a_user_who_was_changed_past_the_audit_log_is_named(
    people: SqlPeople, ledger: SqlLedger, engine: Engine, done: str, said: str
) -> None:
    with engine.begin() as conn:
        conn.execute(text(done))
    assert any(said in fault for fault in ledger.verify())
