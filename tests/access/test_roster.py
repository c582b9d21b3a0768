"""The users while their store cannot be read: known for five minutes, then good for reading only; and a change of one's
password."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from access.roster import Roster
from orders.errors import Unavailable
from orders.people import READING, Entry, Permission, Role
from tests.access.door import NEW, OLD, Door, Visit, change, script, shown, sign_in
from watch import references

SIGNED_IN = "pm: portfolio_manager; *"


def fail(door: Door, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The store is away from now on; each try to read it is counted."""
    tries: list[int] = []

    def away() -> None:
        tries.append(1)
        raise Unavailable("Snowflake (account ours) does not answer.")

    monkeypatch.setattr(door.people, "every", away)
    return tries


def test_what_was_known_last_counts_for_five_minutes_and_after_that_for_reading_alone(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in(door.browser())
    since = f"{door.clock.now():%H:%M:%S}"
    fail(door, monkeypatch)
    door.clock.move(timedelta(minutes=5))
    assert shown(browser.run()) == SIGNED_IN
    assert browser.caption[0].value == (
        f"The users could not be read since {since} UTC, and your rights are shown as of then. If that lasts for 5 "
        "minutes, you can only look until it is over."
    )
    door.clock.move(timedelta(seconds=6))
    assert shown(browser.run()) == f"{SIGNED_IN}; only looks"
    assert browser.caption[0].value.endswith("Until they can be read again you can look, and change nothing.")
    monkeypatch.undo()
    door.clock.move(timedelta(seconds=6))
    assert shown(browser.run()) == SIGNED_IN
    assert browser.caption[0].value == ""


def test_a_store_that_is_away_is_not_asked_with_every_click_and_no_sign_in_is_taken_meanwhile(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in(door.browser())
    with monkeypatch.context() as patched:
        tries = fail(door, patched)
        for _ in range(5):
            assert shown(browser.run()) == SIGNED_IN
        assert len(tries) == 1
        door.clock.move(timedelta(seconds=5))
        browser.run()
        assert len(tries) == 2
        assert shown(sign_in(door.browser(), "analyst", "analyst-demo")).startswith("You are not signed in: the ledger")


def test_a_run_reads_the_users_once_however_often_it_asks_and_the_next_one_anew(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, read, every = sign_in(door.browser()), [0], door.people.every

    def counted() -> dict[str, Entry]:
        read[0] += 1
        return every()

    monkeypatch.setattr(door.people, "every", counted)
    draw = door.draw

    def drawn() -> None:
        references.begin()
        draw()
        for _ in range(3):
            door.gate.current_user()

    monkeypatch.setattr(door, "draw", drawn)
    again = script(door.draw)
    again.session_state["access.token"] = browser.session_state["access.token"]
    assert shown(again.run()) == SIGNED_IN
    assert read == [1]
    door.change(replace(door.entry("pm"), disabled=True))
    read[0] = 0
    assert shown(again.run()).startswith("Your user was disabled")
    assert read == [1]


def test_a_server_that_never_read_the_users_lets_nobody_in(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(door, monkeypatch)
    with pytest.raises(Unavailable):
        Roster(door.people, door.clock).look()


def test_somebody_who_only_looks_keeps_what_is_read_and_loses_the_rest(door: Door) -> None:
    every = replace(door.entry("pm").user, roles=frozenset(Role), read_only=True)
    assert {permission for permission in Permission if every.may(permission)} == READING


def test_a_new_password_ends_every_other_session_and_copied_cookie_and_keeps_this_one(door: Door, visit: Visit) -> None:
    here, there = sign_in(door.browser()), sign_in(door.browser(), stay=True)
    visit.keep_cookie(there)
    assert change(door, here) == ""
    assert shown(here.run()) == SIGNED_IN
    for other in (there, door.browser()):
        assert shown(other.run()) == "Your password has changed; sign in with the new one."
    visit.cookies = {}
    assert shown(sign_in(door.browser(), "pm", OLD)) == "The username or the password is not right."
    assert shown(sign_in(door.browser(), "pm", NEW)) == SIGNED_IN
    assert ("pm", "password changed", "192.0.2.1", "every other session of theirs ended") in door.activity.deeds
    assert NEW not in str(door.activity.deeds)


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        (OLD, NEW, "another one altogether", "The two new passwords are not the same."),
        (OLD, "short", "", "The password is shorter than 12 characters."),
        (OLD, "my-own-PM-password", "", "The password has the username in it."),
        (NEW, NEW, "", "The new password is the one you have."),
    ],
)
def test_a_password_that_will_not_do_is_refused_and_costs_no_attempt(
    door: Door, old: str, new: str, again: str, said: str
) -> None:
    browser = sign_in(door.browser())
    for _ in range(6):
        assert change(door, browser, old, new, again) == said
    assert shown(browser.run()) == SIGNED_IN


def test_guessing_the_old_password_locks_the_change_and_the_sign_in_alike(door: Door) -> None:
    browser, locked = sign_in(door.browser()), "Too many failed attempts. Wait 15 minutes, then try again."
    said = [change(door, browser, f"wrong {attempt}") for attempt in range(5)]
    assert said == ["The old password is not right."] * 4 + [locked]
    assert change(door, browser) == locked
    assert shown(sign_in(door.browser())) == locked
    door.clock.move(timedelta(minutes=16))
    assert change(door, browser) == ""


def test_whoever_is_no_longer_signed_in_changes_nothing(door: Door) -> None:
    browser = sign_in(door.browser())
    door.sign_ins.revoke("pm")
    door.clock.move(timedelta(minutes=1))
    change(door, browser)
    assert shown(sign_in(door.browser(), "pm", OLD)) == SIGNED_IN
