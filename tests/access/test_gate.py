"""The gate's decisions, in scripts run in process; cookies in a real browser are in `test_gate_in_browser`."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta

import bcrypt
import pytest
import streamlit as st
from structlog.testing import capture_logs

from orders.errors import SettingsError, Unavailable
from orders.model import Role
from tests.access.door import Door, Visit, script, shown, sign_in
from tests.access.surroundings import LEDGER, written

SIGNED_IN = "pm: portfolio_manager; *"
WRONG = "The username or the password is not right."
MINUTE = timedelta(minutes=1)


def test_the_run_after_the_submit_sees_the_user(door: Door) -> None:
    with capture_logs() as logs:
        assert shown(sign_in(door.browser())) == SIGNED_IN
    assert [(entry["event"], entry["username"]) for entry in logs] == [("signed in", "pm")]


def test_case_and_spaces_around_a_name_do_not_matter(door: Door) -> None:
    assert shown(sign_in(door.browser(), " PM ")) == SIGNED_IN


@pytest.mark.parametrize(
    ("username", "password"),
    [("pm", "wrong"), ("nobody", "wrong"), ("nobody", "pm-demo"), ("pm", "x" * 73), ("pm", "a\0b"), ("pm\0", "x")],
)
def test_whatever_is_wrong_the_text_is_the_same(
    door: Door, username: str, password: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(sign_in(door.browser(), username, password)) == WRONG
    assert "please hash" not in capsys.readouterr().out, "the library's print, when bcrypt refuses a length"


@pytest.mark.parametrize(("username", "password"), [("", "pm-demo"), ("pm", ""), ("  ", "  ")])
def test_an_empty_field_is_asked_for_and_counts_as_no_failure(door: Door, username: str, password: str) -> None:
    assert shown(sign_in(door.browser(), username, password)) == "Type your username and your password."
    assert written(door.folder) == ""


@pytest.mark.parametrize("username", ["pm", "nobody"])
def test_bcrypt_runs_once_and_equally_dear_for_known_and_unknown_names(
    door: Door, username: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = []
    check = bcrypt.checkpw

    def counting(password: bytes, hashed: bytes) -> bool:
        costs.append(hashed[:7])
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    sign_in(door.browser(), username, "wrong")
    assert costs == [b"$2b$06$"]


def test_a_password_typed_as_a_name_reaches_neither_log_nor_store(door: Door) -> None:
    with capture_logs() as logs:
        sign_in(door.browser(), "correct horse battery", "pm")
        sign_in(door.browser(), "pm", "correct horse")
    assert "correct horse" not in str(logs)
    assert "correct horse" not in written(door.folder)
    assert "unknown:" in written(door.folder)
    assert [entry["username"].split(":")[0] for entry in logs] == ["unknown", "pm"]


@pytest.mark.parametrize("username", ["pm", "nobody"])
def test_the_fifth_failure_locks_known_and_unknown_names_alike(door: Door, username: str) -> None:
    browser = door.browser()
    told = [shown(sign_in(browser, username, "wrong")) for _ in range(5)]
    locked = "Too many failed attempts. Wait 15 minutes, then try again."
    assert told == [WRONG] * 4 + [locked]
    assert shown(sign_in(door.browser(), username, "pm-demo")) == locked


def test_a_lock_outlives_a_restart_and_ends_with_its_window(door: Door) -> None:
    for _ in range(5):
        sign_in(door.browser(), "pm", "wrong")
    door.gate = door.new_gate()
    assert shown(sign_in(door.browser())).startswith("Too many")
    door.clock.move(15 * MINUTE + timedelta(seconds=1))
    assert shown(sign_in(door.browser())) == SIGNED_IN


@pytest.mark.parametrize("elsewhere", ["192.0.2.2", None])
def test_a_lock_holds_at_its_address_only(door: Door, visit: Visit, elsewhere: str | None) -> None:
    for _ in range(5):
        sign_in(door.browser(), "pm", "wrong")
    visit.address = elsewhere
    assert shown(sign_in(door.browser())) == SIGNED_IN


def test_the_right_password_clears_the_failures_before_it(door: Door) -> None:
    for _ in range(4):
        sign_in(door.browser(), "pm", "wrong")
    sign_in(door.browser())
    assert shown(sign_in(door.browser(), "pm", "wrong")) == WRONG


def test_who_came_who_was_turned_away_and_who_left_is_noted(door: Door) -> None:
    browser = door.browser()
    sign_in(browser, "pm", "wrong")
    shown(sign_in(browser).button[0].click().run())
    assert [(username, action) for username, action, *_ in door.activity.deeds] == [
        ("pm", "sign-in failed"),
        ("pm", "signed in"),
        ("pm", "signed out"),
    ]


def test_signing_out_ends_the_users_other_windows_and_nobody_else(door: Door) -> None:
    here, there, colleague = sign_in(door.browser()), sign_in(door.browser()), door.browser()
    sign_in(colleague, "analyst", "analyst-demo")
    assert shown(here.button[0].click().run()) == "You are signed out."
    assert shown(there.run()) == "You are signed out."
    assert shown(colleague.run()).startswith("analyst")
    assert shown(sign_in(here)) == SIGNED_IN, "in the very moment of the sign-out"


def test_nothing_of_a_session_passes_to_the_next_user(door: Door) -> None:
    browser = sign_in(door.browser())
    browser.session_state["wizard"] = "a half-typed order"
    browser.button[0].click().run()
    assert "wizard" not in browser.session_state
    assert shown(sign_in(browser, "analyst", "analyst-demo")).startswith("analyst")
    assert "wizard" not in browser.session_state


def test_the_library_leaves_none_of_its_common_words_in_the_session(door: Door) -> None:
    browser = sign_in(door.browser())
    for word in ("name", "username", "email", "roles", "logout", "authentication_status"):
        assert word not in browser.session_state


def test_a_store_that_does_not_answer_leaves_the_user_signed_in_and_says_so(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(username: str) -> None:
        raise Unavailable("The ledger does not answer.")

    browser = sign_in(door.browser())
    monkeypatch.setattr(door.sign_ins, "revoke", down)
    assert len(browser.button[0].click().run().exception) == 1
    assert shown(browser.run()) == SIGNED_IN


def test_a_sign_in_the_store_does_not_take_is_said_in_a_users_words_and_logged_in_the_operators(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Unavailable("Snowflake (account ours) does not answer.")

    monkeypatch.setattr(door.sign_ins, "failures", down)
    with capture_logs() as logs:
        told = shown(sign_in(door.browser()))
    assert told.startswith("You are not signed in: the ledger does not answer. Try again in a minute. Reference ")
    assert [entry["error"] for entry in logs if entry["reference"] in told] == [
        "Snowflake (account ours) does not answer."
    ]
    monkeypatch.undo()


def test_roles_and_groups_are_those_of_the_moment(door: Door) -> None:
    browser = sign_in(door.browser())
    entry = door.entry("pm")
    changed = replace(entry.user, roles=frozenset({Role.COMPLIANCE}), groups=frozenset({"CORE"}))
    door.change(replace(entry, user=changed))
    assert shown(browser.run()) == "pm: compliance; CORE"


def test_a_user_who_is_disabled_is_out_at_the_next_run_and_not_told_apart_from_a_wrong_password(door: Door) -> None:
    browser = sign_in(door.browser())
    door.change(replace(door.entry("pm"), disabled=True))
    assert shown(browser.run()).startswith("Your user was disabled")
    assert shown(sign_in(browser)) == WRONG
    assert door.activity.deeds[-1] == ("pm", "sign-in failed", "192.0.2.1", "disabled")


def test_a_user_who_is_gone_from_the_store_is_out_at_the_next_run(door: Door) -> None:
    browser = sign_in(door.browser())
    with sqlite3.connect(door.folder / LEDGER) as connection:
        connection.execute("DELETE FROM desk_users WHERE username = 'pm'")
    assert shown(browser.run()).startswith("You are no longer among the users")


def test_a_new_password_ends_the_sign_ins_under_the_old_one(door: Door) -> None:
    browser = sign_in(door.browser())
    new = bcrypt.hashpw(b"another", bcrypt.gensalt(6)).decode()
    door.change(replace(door.entry("pm"), password_hash=new))
    assert shown(browser.run()) == "Your password has changed; sign in with the new one."
    assert shown(sign_in(browser, "pm", "another")) == SIGNED_IN


def test_a_session_expires_after_its_idle_minutes_and_its_state_goes_with_it(door: Door) -> None:
    browser = sign_in(door.browser())
    browser.session_state["wizard"] = "a half-typed order"
    door.clock.move(30 * MINUTE)
    assert shown(browser.run()) == SIGNED_IN
    door.clock.move(30 * MINUTE + timedelta(seconds=1))
    assert shown(browser.run()) == "Your session expired after 30 minutes without use; sign in again."
    assert "wizard" not in browser.session_state


def test_a_live_tick_is_no_use(door: Door) -> None:
    browser = sign_in(door.browser())
    browser.toggle(key="tick").set_value(True)
    for _ in range(3):
        door.clock.move(10 * MINUTE)
        assert shown(browser.run()) == SIGNED_IN
    door.clock.move(1 * MINUTE)
    assert shown(browser.run()).startswith("Your session expired")


def test_touch_does_not_revive_an_expired_session(door: Door) -> None:
    browser = sign_in(door.browser())
    door.clock.move(31 * MINUTE)
    token = browser.session_state["access.token"]

    def touch() -> None:
        st.session_state["access.token"] = token
        door.gate.touch()

    script(touch).run()
    assert shown(browser.run()).startswith("Your session expired")


@pytest.mark.parametrize(("stay", "hours", "said"), [(False, 12, "12 hours"), (True, 7 * 24, "7 days")])
def test_a_sign_in_ends_after_its_time_however_busy(door: Door, stay: bool, hours: int, said: str) -> None:
    door.gate = door.new_gate(idle_minutes=20_000)
    browser = sign_in(door.browser(), stay=stay)
    door.clock.move(timedelta(hours=hours - 1))
    assert shown(browser.run()) == SIGNED_IN
    door.clock.move(timedelta(hours=1))
    assert shown(browser.run()) == f"A sign-in ends after {said}; sign in again."


def test_the_browser_forgets_the_cookie_when_the_sign_in_ends(door: Door) -> None:
    for stay, lasts in ((False, timedelta(hours=12)), (True, timedelta(days=7))):
        work = sign_in(door.browser(), stay=stay).session_state["access.cookie_work"]
        assert work.lasts_until == door.clock.now() + lasts


def test_who_stays_signed_in_gets_another_session_after_one_without_use_and_nothing_of_the_old_one(door: Door) -> None:
    browser = sign_in(door.browser(), stay=True)
    browser.session_state["wizard"] = "a half-typed order"
    door.clock.move(31 * MINUTE)
    assert shown(browser.run()) == SIGNED_IN
    assert "wizard" not in browser.session_state
    assert browser.caption[0].value == (
        "Your session expired after 30 minutes without use. You stay signed in, so this is a new one."
    )
    assert [action for _, action, *_ in door.activity.deeds] == ["signed in", "session ended", "session began"]


def test_a_click_that_comes_after_an_unused_session_has_ended_finds_nobody_even_where_they_stay(door: Door) -> None:
    browser = sign_in(door.browser(), stay=True)
    token = browser.session_state["access.token"]
    found: list[object] = []

    def click() -> None:
        st.session_state["access.token"] = token
        found.append(door.gate.current_user())

    script(click).run()
    door.clock.move(31 * MINUTE)
    script(click).run()
    assert [user is None for user in found] == [False, True]


def test_who_stays_signed_in_comes_in_by_the_cookie_after_days_and_a_restart(door: Door, visit: Visit) -> None:
    visit.keep_cookie(sign_in(door.browser(), stay=True))
    door.clock.move(timedelta(days=6))
    door.gate = door.new_gate()
    assert shown(door.browser().run()) == SIGNED_IN
    door.clock.move(timedelta(days=1))
    assert shown(door.browser().run()) == "A sign-in ends after 7 days; sign in again."


def test_a_cookie_signs_in_a_new_window_and_shares_its_use(door: Door, visit: Visit) -> None:
    first = sign_in(door.browser())
    visit.keep_cookie(first)
    second = door.browser()
    for _ in range(3):
        door.clock.move(20 * MINUTE)
        assert shown(second.run()) == SIGNED_IN
    assert shown(first.run()) == SIGNED_IN


def test_a_cookie_is_no_way_round_the_idle_expiry(door: Door, visit: Visit) -> None:
    visit.keep_cookie(sign_in(door.browser()))
    door.clock.move(31 * MINUTE)
    for _ in range(2):
        assert shown(door.browser().run()).startswith("Your session expired after 30 minutes")


def test_after_a_restart_a_cookie_counts_only_within_the_idle_time_of_its_sign_in(door: Door, visit: Visit) -> None:
    visit.keep_cookie(sign_in(door.browser()))
    door.clock.move(20 * MINUTE)
    door.gate = door.new_gate()
    assert shown(door.browser().run()) == SIGNED_IN
    door.gate = door.new_gate()
    door.clock.move(20 * MINUTE)
    assert shown(door.browser().run()) == "The server was restarted after you signed in; sign in again."


def test_a_cookie_copied_before_the_sign_out_is_refused_even_if_the_days_were_changed(door: Door, visit: Visit) -> None:
    browser = sign_in(door.browser())
    visit.keep_cookie(browser)
    browser.button[0].click().run()
    door.gate = door.new_gate(hours=0.01)
    assert shown(door.browser().run()) == "You are signed out."


def test_a_sign_out_at_a_server_whose_clock_is_behind_ends_a_copied_cookie_too(door: Door, visit: Visit) -> None:
    browser = sign_in(door.browser())
    visit.keep_cookie(browser)
    door.clock.move(timedelta(seconds=-2))
    browser.button[0].click().run()
    assert shown(door.browser().run()) == "You are signed out."
    visit.cookies = {}
    assert shown(sign_in(door.browser())) == SIGNED_IN


def test_a_forged_cookie_gets_the_form_and_a_line_in_the_log(door: Door, visit: Visit) -> None:
    door.gate = door.new_gate(cookie_key="x" * 32)
    visit.keep_cookie(sign_in(door.browser()))
    door.gate = door.new_gate()
    with capture_logs() as logs:
        browser = door.browser().run()
        browser.run()
    assert shown(browser) == ""
    assert [entry["event"] for entry in logs] == ["cookie refused: not one of ours"]


def test_the_cookie_of_a_refused_sign_in_does_not_hide_why_the_next_attempt_failed(door: Door, visit: Visit) -> None:
    browser = sign_in(door.browser())
    visit.keep_cookie(browser)
    browser.button[0].click().run()
    assert shown(sign_in(browser, "pm", "wrong")) == WRONG


def test_a_key_too_short_and_times_of_nothing_are_refused(door: Door) -> None:
    for settings in ({"cookie_key": "short"}, {"hours": 0}, {"days": 0}, {"idle_minutes": 0}):
        with pytest.raises(SettingsError):
            door.new_gate(**settings)


def test_the_gate_offers_the_demo_logins_it_was_given(door: Door) -> None:
    roles = ["pm", "approver", "analyst", "compliance", "viewer", "administrator"]
    assert [login.username for login in door.gate.demo_logins] == roles
