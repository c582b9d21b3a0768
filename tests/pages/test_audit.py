"""The page of the audit log, over a ledger with an order in it."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from access import demo_users
from storage import SqlActivity
from tests.orders.desk import PM
from tests.orders.test_desk import request
from tests.pages.front import Front, press, words


@pytest.fixture
def front(front: Front) -> Front:
    seen = front.desk.preview(PM, request())
    front.desk.confirm(PM, seen, "", "c1", accepted=dict.fromkeys(seen.warnings, "meant"))
    front.work()
    front.gate.user = demo_users()[0]["compliance"].user
    return front


def test_what_was_written_is_listed_newest_first_narrowed_down_and_saved(front: Front) -> None:
    page = front.visit("audit")
    (order,) = front.orders()
    table = page.dataframe[0].value
    assert list(table["Action"])[-1] == "confirm"
    assert set(table["Subject"]) >= {order.id}
    page.text_input("audit.action").set_value("confirm").run()
    assert list(page.dataframe[0].value["Action"]) == ["confirm"]
    page.text_input("audit.reference").set_value("deadbeef0000").run()
    assert "No entry matches these filters." in words(page)
    page.text_input("audit.reference").set_value(table["Reference"].iloc[0]).run()
    assert "No entry matches these filters." in words(page)  # a round of the worker's confirmed nothing
    page.text_input("audit.action").set_value("").run()
    assert set(page.dataframe[0].value["Reference"]) == {table["Reference"].iloc[0]}
    page.text_input("audit.actor").set_value("nobody").run()
    assert "No entry matches these filters." in words(page)


def test_a_whole_ledger_is_proved_and_an_edited_one_is_not(front: Front) -> None:
    page = front.visit("audit")
    press(page, "Verify the ledger")
    assert "The ledger is whole, as of" in words(page)
    url = front.ledger._store.url
    with create_engine(url).begin() as conn:
        conn.execute(text("UPDATE orders SET face = face + 1000"))
    press(page, "Verify the ledger")
    assert "The ledger is not what was written to it: 1 fault" in words(page)
    assert "was edited: face is" in words(page)


def test_who_did_what_is_beside_it(front: Front) -> None:
    noted = SqlActivity(front.ledger._store, front.clock)
    noted.note("pm", "previewed", "BIG6", "BUY 2,000,000")
    noted.close()
    page = front.visit("audit")
    page.session_state["audit.tab"] = "Seen and done"
    page.run()
    assert page.dataframe[0].value[["By", "Did", "About"]].to_numpy().tolist() == [["pm", "previewed", "BIG6"]]
    page.text_input("audit.by").set_value("approver").run()
    assert "Nothing is noted of approver." in words(page)


def test_who_may_not_audit_is_told_who_can(front: Front) -> None:
    front.gate.user = PM
    assert "you cannot use this page" in words(front.visit("audit"))
