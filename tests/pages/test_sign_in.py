from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest
from structlog.testing import capture_logs

import bootstrap
from orders.errors import SettingsError, Unavailable
from orders.model import User
from tests.orders.desk import ANALYST, COMPLIANCE, PM
from tests.pages.front import APP, PATIENCE, Front, buttons, press, words
from ui import session
from ui.session import Pulse

PAGES = sorted(path.stem for path in (APP.parent / "pages").glob("*.py"))


def type_in(page: AppTest, username: str, password: str) -> AppTest:
    page.text_input("sign_in.username").set_value(username)
    page.text_input("sign_in.password").set_value(password)
    return press(page, "Sign in")


def only_the_form(page: AppTest) -> None:
    assert not page.exception
    assert [title.value for title in page.title] == ["Evenlot"]
    assert [box.label for box in page.text_input] == ["Username", "Password"]
    assert set(buttons(page)) == {"Sign in", "Fill in"}
    assert not page.dataframe
    assert not page.metric
    assert len(page.sidebar) == 0


@pytest.mark.parametrize("name", PAGES)
def test_signed_out_every_page_is_the_sign_in_form_and_nothing_else(front: Front, name: str) -> None:
    front.gate.user = None
    only_the_form(front.visit(name))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_file_run_by_itself_is_the_form_too(front: Front, name: str) -> None:
    front.gate.user = None
    session.open_office(bootstrap.house().office)
    only_the_form(AppTest.from_file(APP.parent / "pages" / f"{name}.py", default_timeout=PATIENCE).run())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_file_run_before_the_front_door_shows_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_opened", [])
    page = AppTest.from_file(APP.parent / "pages" / f"{name}.py", default_timeout=PATIENCE).run()
    assert words(page) == "Open Evenlot at its front page."


def test_the_page_asked_for_is_there_after_the_sign_in(front: Front) -> None:
    front.gate.user = None
    page = front.visit("orders", order="EL-NONE")
    type_in(page, "pm", "right")
    assert page.title[0].value == "Orders"
    assert "EL-NONE" in page.error[0].value


def test_a_wrong_password_is_one_sentence_and_keeps_the_form(front: Front) -> None:
    front.gate.user = None
    page = type_in(front.visit(), "pm", "wrong")
    assert page.error[0].value == "The username or the password is not right."
    only_the_form(page)


def test_while_the_store_is_away_the_form_stays_and_says_so_before_anybody_types(front: Front) -> None:
    front.gate.user = None
    front.pulses.append(Pulse("Store", False, "Snowflake (account ours) does not answer. Nothing can be confirmed."))
    with capture_logs() as logs:
        page = front.visit()
    (told,) = page.warning
    assert told.value.startswith("The ledger does not answer, so nobody can sign in or go on just now. Try again in a ")
    assert [log["error"].partition(".")[0] for log in logs if log.get("reference", "-") in told.value] == [
        "Snowflake (account ours) does not answer"
    ]
    only_the_form(page)
    front.pulses.pop()
    assert not page.run().warning


def test_while_nobody_can_tell_whether_a_sign_in_still_counts_it_is_kept_and_nothing_shown(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> User | None:
        raise Unavailable("Snowflake (account ours) does not answer.")

    monkeypatch.setattr(front.gate, "current_user", away)
    page = front.visit("orders")
    assert "Snowflake" not in words(page)
    assert page.warning[0].value.startswith("The ledger does not answer")
    monkeypatch.undo()
    assert press(page, "Try again").title[0].value == "Orders"


def test_a_demo_user_is_filled_in_by_a_click(front: Front) -> None:
    front.gate.user = None
    page = press(front.visit(), "Fill in")
    assert (page.text_input("sign_in.username").value, page.text_input("sign_in.password").value) == ("pm", "right")
    press(page, "Sign in")
    assert page.title[0].value == "Groups"


def test_without_demo_users_none_are_offered(front: Front) -> None:
    front.gate.user, front.gate.demo_logins = None, ()
    page = front.visit()
    assert buttons(page) == ["Sign in"]
    assert "Demo users" not in words(page)


def test_who_is_signed_in_is_said_and_can_leave(front: Front) -> None:
    page = front.visit("orders")
    assert page.sidebar.caption[0].value == "Paula · portfolio manager"
    page.button("sign_out").click().run()
    assert page.error[0].value == "You are signed out."
    only_the_form(page)


@pytest.mark.parametrize(
    ("user", "denied"),
    [
        (PM, ["approvals", "audit", "users"]),
        (ANALYST, ["approvals", "audit", "batch", "users"]),
        (COMPLIANCE, ["allocate", "approvals", "batch", "compare", "users"]),
    ],
)
def test_a_page_not_permitted_says_so(front: Front, user: User, denied: list[str]) -> None:
    front.gate.user = user
    refused = [name for name in PAGES if front.visit(name).title[0].value == "Not permitted"]
    assert refused == denied


def test_every_full_run_counts_as_use(front: Front) -> None:
    page = front.visit("orders")
    before = front.gate.touched
    page.run()
    assert front.gate.touched == before + 1


def test_a_page_that_runs_anew_for_what_changed_by_itself_is_no_use(front: Front) -> None:
    page = front.visit("orders")
    page.session_state["orders.moving"] = (
        True  # as it was, until the last order came to rest: a tick runs the page anew
    )
    before = front.gate.touched
    page.run()
    assert front.gate.touched == before + 1, "the run somebody asked for, and not the one that followed from it"
    page.run()
    assert front.gate.touched == before + 2


def test_a_house_that_cannot_open_says_why_on_every_page(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    def shut() -> bootstrap.House:
        raise SettingsError("Aladdin is half-configured: ALADDIN_URL set, ALADDIN_CLIENT_ID missing.")

    monkeypatch.setattr(bootstrap, "house", shut)
    page = AppTest.from_file(APP, default_timeout=PATIENCE).run()
    assert page.title[0].value == "Evenlot cannot start"
    assert page.error[0].value == "Aladdin is half-configured: ALADDIN_URL set, ALADDIN_CLIENT_ID missing."
    assert not page.text_input


def test_the_strip_says_the_world_and_what_is_wrong_behind_it(front: Front) -> None:
    front.pulses[:] = [
        session.Pulse("Simulated Aladdin", False, "portfolio-group/v1 failed 5 times", feeds=True),
        session.Pulse("Store", True, "ok"),
        session.Pulse("Worker", False, "No worker is running. Orders wait in the outbox; nothing is lost."),
    ]
    said = words(front.visit())
    assert "demo book · Fri 20 Nov" in said
    assert ":red-badge[:material/error: Simulated Aladdin: out of order]" in said
    assert ":red-badge[:material/error: Worker: trouble]" in said
    assert ":red[Worker: No worker is running. Orders wait in the outbox; nothing is lost.]" in said
    assert "failed 5 times" not in said, "that is for whoever asks for the help of the badge"
    assert ":green-badge[:material/check_circle: Store]" in said
