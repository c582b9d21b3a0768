from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from allocation.model import Side
from orders.desk import Request
from orders.errors import Rejected, Unavailable
from orders.model import Order, OrderState, User
from tests.orders.desk import ANALYST, COMPLIANCE, PM
from tests.pages.front import APP, PATIENCE, Front, press, words
from ui import dashboard


def confirmed(front: Front, command: str = "c1", face: int = 2_000_000, comment: str = "") -> Order:
    preview = front.desk.preview(PM, Request("BIG6", "B", Side.BUY, face, date(2026, 11, 23)))
    return front.desk.confirm(PM, preview, comment, command)


def test_before_the_first_order_the_page_says_what_to_do(front: Front) -> None:
    page = front.visit("orders")
    assert page.info[0].value == "No orders yet. Choose a group and a bond, and allocate."
    assert not page.dataframe
    assert press(page, "Choose a group").title[0].value == "Groups"


def test_the_address_has_the_filters_and_is_taken_at_its_word_by_whoever_opens_it(front: Front) -> None:
    order = confirmed(front)
    page = front.visit("orders", states=["confirmed", "no such state"], groups="BIG6", by="pm", batch="none")
    assert page.multiselect("orders.states").value == [OrderState.CONFIRMED]
    assert page.multiselect("orders.groups").value == ["BIG6"]
    assert not page.dataframe
    page.text_input("orders.batch").set_value(" ").run()
    assert list(page.dataframe[0].value["Order"]) == [order.id]
    page.text_input("orders.bond").set_value("b").run()
    ours = {name: page.query_params[name] for name in ("states", "groups", "by", "bond")}
    assert ours == {"states": "confirmed", "groups": "BIG6", "by": "pm", "bond": "b"}
    assert "batch" not in page.query_params
    assert not {"states", "groups", "by", "bond"} & set(press(page, "Clear the filters").query_params)


def test_orders_are_listed_newest_first_with_their_states(front: Front) -> None:
    first = confirmed(front, "c1")
    front.work()
    second = confirmed(front, "c2", 1_000_000)
    page = front.visit("orders")
    table = page.dataframe[0].value
    assert list(table["Order"]) == [second.id, first.id]
    assert list(table["State"]) == [["◌ confirmed"], ["○ open"]]


def test_a_state_picked_leaves_its_orders_only(front: Front) -> None:
    confirmed(front, "c1")
    front.work()
    waiting = confirmed(front, "c2", 1_000_000)
    page = front.visit("orders")
    page.multiselect("orders.states").set_value([OrderState.CONFIRMED]).run()
    assert list(page.dataframe[0].value["Order"]) == [waiting.id]
    page.multiselect("orders.states").set_value([]).run()
    assert len(page.dataframe[0].value) == 2


def test_orders_are_found_by_who_confirmed_them_when_and_of_which_bond_and_group(front: Front) -> None:
    order = confirmed(front, "c1")
    page = front.visit("orders")
    day = order.created_at.date()
    filters: tuple[tuple[str, Any, Any, Any], ...] = (
        ("by", page.text_input, "PM ", "ana"),
        ("bond", page.text_input, order.label.split()[0], "X"),
        ("account", page.text_input, "a", "Z"),
        ("days", page.date_input, (day, day), (day + timedelta(days=1),) * 2),
        ("states", page.multiselect, [OrderState.CONFIRMED], [OrderState.OPEN]),
    )
    for name, kind, right, wrong in filters:
        kind(f"orders.{name}").set_value(right).run()
        assert list(page.dataframe[0].value["Order"]) == [order.id], name
        kind(f"orders.{name}").set_value(wrong).run()
        assert not page.dataframe, name
        assert "No order matches these filters" in page.info[0].value
        kind(f"orders.{name}").set_value(right).run()
    page.text_input("orders.by").set_value("nobody").run()
    page.button[[button.label for button in page.button].index("Clear the filters")].click().run()
    assert list(page.dataframe[0].value["Order"]) == [order.id]
    page.multiselect("orders.groups").set_value([order.group]).run()
    assert list(page.dataframe[0].value["Order"]) == [order.id]


def test_older_orders_are_a_page_away_and_a_filter_begins_at_the_newest(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "PAGE", 1)
    first, second = confirmed(front, "c1"), confirmed(front, "c2", 1_000_000)
    page = front.visit("orders")
    assert list(page.dataframe[0].value["Order"]) == [second.id]
    page.button("orders.older").click().run()
    assert list(page.dataframe[0].value["Order"]) == [first.id]
    assert page.button("orders.older").disabled
    page.text_input("orders.by").set_value("Paul").run()  # of the name that the page shows
    assert list(page.dataframe[0].value["Order"]) == [second.id]
    page.button("orders.older").click().run()
    page.button("orders.newer").click().run()
    assert list(page.dataframe[0].value["Order"]) == [second.id]


def test_the_past_is_found_though_aladdin_is_away_or_has_the_bond_no_more(front: Front) -> None:
    order = confirmed(front, "c1")
    page = front.visit("orders")
    front.market.failure = Unavailable("Aladdin does not answer.")
    page.text_input("orders.bond").set_value(order.asset_id.lower()).run()
    assert list(page.dataframe[0].value["Order"]) == [order.id]


def test_whoever_comes_back_to_the_orders_sees_the_newest(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "PAGE", 1)
    confirmed(front, "c1"), confirmed(front, "c2", 1_000_000)
    page = front.visit("orders")
    page.button("orders.older").click().run()
    page.switch_page("pages/groups.py").run()
    newest = confirmed(front, "c3", 1_000_000)
    page.switch_page("pages/orders.py").run()
    assert list(page.dataframe[0].value["Order"]) == [newest.id]


def test_what_was_booked_is_told_with_its_times(front: Front) -> None:
    order = confirmed(front, "c1")
    front.work()
    front.broker.fill("Active", A=600_000)
    front.worker.wake()
    front.work()
    page = front.visit("orders", order=order.id)
    assert not [table for table in page.dataframe if "In all" in table.value]  # not before somebody looks
    page.session_state["order.tab"] = "Fills"
    page.run()
    (fills,) = [table.value for table in page.dataframe if "In all" in table.value]
    assert list(zip(fills["Account"], fills["Booked"], strict=True)) == [("A", 600_000.0)]


def test_a_tick_of_the_page_does_not_look_at_every_order_again(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    confirmed(front, "c1")
    page = front.visit("orders")
    assert page.multiselect("orders.groups").options == ["BIG6"]
    monkeypatch.setattr(front.desk, "last_allocations", None)
    page.run()
    assert len(page.dataframe[0].value) == 1


def test_the_order_in_the_address_is_shown_whole(front: Front) -> None:
    order = confirmed(front, comment="Invest the inflow")
    front.work()
    front.broker.fill("Active", A=400_000, B=300_000)
    front.work()
    page = front.visit("orders", order=order.id)
    said = words(page)
    assert "Buy 2,000,000 A bond for BIG6" in said
    assert f"{order.id} · Aladdin order 1 · confirmed by Paula" in said
    assert "State: ◐ part filled" in said
    assert "Filled: 35.0%" in said
    assert "Limit: market" in said
    assert page.text[0].value == "“Invest the inflow”"
    _, lines, *_, history = (frame.value for frame in page.dataframe)
    assert list(lines["Booked"]) == [400_000, 300_000]
    assert list(lines["Left"]) == [600_000, 700_000]
    assert list(history["Event"]) == ["part filled", "opened", "being sent", "confirmed"]


def test_a_refused_order_says_what_aladdin_said(front: Front) -> None:
    order = confirmed(front)
    front.broker.fails = [(Rejected("Aladdin refused the order: the issuer is restricted.", code="RESTRICTED"), False)]
    front.work()
    page = front.visit("orders", order=order.id)
    assert page.warning[0].value == "Aladdin refused the order: the issuer is restricted."
    assert "State: × rejected" in words(page)


def test_what_was_not_placed_is_told_with_its_reasons(front: Front) -> None:
    order = confirmed(front, face=40_000_000)
    page = front.visit("orders", order=order.id)
    left = 40_000_000 - order.face
    assert f"**{order.face:,} of 40,000,000 ordered**, {left:,} not placed." in words(page)
    (reasons,) = [frame.value for frame in page.dataframe if "Reason" in frame.value.columns]
    assert reasons["Face"].sum() == left


def test_an_order_placed_whole_says_nothing_of_a_rest(front: Front) -> None:
    page = front.visit("orders", order=confirmed(front).id)
    assert "not placed" not in words(page).lower()


def test_an_unknown_order_is_a_sentence_below_the_list(front: Front) -> None:
    confirmed(front)
    page = front.visit("orders", order="EL-NONE")
    assert "EL-NONE" in page.error[0].value
    assert len(page.dataframe) == 1


def test_an_order_of_a_group_the_user_does_not_see_is_not_found(front: Front) -> None:
    order = confirmed(front)
    front.gate.user = replace(ANALYST, groups=frozenset({"OPNIC"}))
    page = front.visit("orders", order=order.id)
    assert page.error[0].value == f"There is no order {order.id} among your groups."
    assert not page.dataframe
    assert "A bond" not in words(page)


@pytest.mark.parametrize("user", [PM, ANALYST, COMPLIANCE])
def test_whoever_may_look_sees_orders_and_statements(front: Front, user: User) -> None:
    order = confirmed(front)
    front.gate.user = user
    page = front.visit("orders", order=order.id)
    assert "Buy 2,000,000 A bond for BIG6" in words(page)
    assert not page.json  # of a large group it is megabytes: sent to whoever opens it
    page.session_state["order.statement"] = True
    page.run()
    assert page.code[0].value == f"SHA-256 {order.statement_sha256}"
    shown = json.loads(page.json[0].value)
    assert [account["holdings"]["counted"] for account in shown["accounts"]] == [0, 0]
    assert page.download_button[0].label == "Download the statement"


def test_news_comes_in_with_the_next_tick_and_the_pace_follows(front: Front) -> None:
    order = confirmed(front)
    front.work()
    page = front.visit("orders", order=order.id)
    assert page.session_state["orders.moving"] is True
    front.broker.fill("Booked", A=1_000_000, B=1_000_000)
    front.work()
    page.run()
    assert "State: ● booked" in words(page)
    assert page.session_state["orders.moving"] is False


def test_a_group_taken_away_takes_its_orders_off_the_screen(front: Front) -> None:
    order = confirmed(front)
    page = front.visit("orders", order=order.id)
    front.gate.user = replace(PM, groups=frozenset({"OPNIC"}))
    page.run()
    assert not page.dataframe
    assert "A bond" not in words(page)


def test_a_tick_after_the_sign_in_has_ended_shows_the_form_and_no_order(front: Front) -> None:
    order = confirmed(front)
    page = front.visit("orders", order=order.id)
    front.gate.user = None
    page.run()
    assert page.title[0].value == "Evenlot"
    assert not page.dataframe


def test_a_click_shows_the_orders_that_wait_for_their_time_with_when_that_is(front: Front) -> None:
    at = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    preview = front.desk.preview(PM, Request("BIG6", "B", Side.BUY, 1_000_000, date(2026, 11, 25)))
    later = front.desk.confirm(PM, preview, "", "c1", release_at=at)
    confirmed(front, "c2")
    page = front.visit("orders")
    assert page.pills("orders.view").value == "All"
    assert "Release" not in page.dataframe[0].value
    assert "Scheduled, above, shows when those that are scheduled are released." in words(page)
    page.pills("orders.view").set_value("Scheduled").run()
    table = page.dataframe[0].value
    assert list(table["Order"]) == [later.id]
    assert list(table["State"]) == [["◷ scheduled"]]
    assert list(table["Release"]) == ["Mon 23 Nov, 09:30 New York"]
    assert page.multiselect("orders.states").value == [OrderState.SCHEDULED]
    page.multiselect("orders.states").set_value([OrderState.SCHEDULED, OrderState.CONFIRMED]).run()
    assert len(page.dataframe[0].value) == 2
    assert page.pills("orders.view").value is None


def test_a_scheduled_order_is_withdrawn_before_its_time(front: Front) -> None:
    at = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    preview = front.desk.preview(PM, Request("BIG6", "B", Side.BUY, 1_000_000, date(2026, 11, 25)))
    order = front.desk.confirm(PM, preview, "", "c1", release_at=at)
    page = front.visit("orders", order=order.id)
    assert "To be released **Mon 23 Nov 2026, 09:30 New York (14:30 UTC)**." in words(page)
    assert "Withdraw…" in [button.label for button in page.button]


def test_why_somebody_went_on_in_spite_of_a_warning_can_be_read_on_the_order(front: Front) -> None:
    preview = front.desk.preview(PM, Request("BIG6", "B", Side.BUY, 2_000_000, date(2026, 11, 23), Decimal("120")))
    said = dict.fromkeys(preview.warnings, "A squeeze")
    order = front.desk.confirm(PM, preview, "", "c1", accepted=said)
    texts = [str(text.value) for text in front.visit("orders", order=order.id).text]
    assert any(text.startswith("Paula, ") and text.endswith("Is it meant? “A squeeze”") for text in texts)


def test_of_an_order_that_ended_nothing_is_left_to_fill(front: Front) -> None:
    order = confirmed(front)
    assert "Left" in front.visit("orders", order=order.id).dataframe[1].value
    front.desk.orders.withdraw(PM, order_id=order.id, reason="Another price", command_id="w1")
    lines = front.visit("orders", order=order.id).dataframe[1].value
    assert list(lines["Not done"]) == [1_000_000, 1_000_000]
    assert "Left" not in lines


def test_a_new_session_of_the_same_user_has_the_group_they_chose_last(front: Front) -> None:
    def reloaded() -> AppTest:
        return AppTest.from_file(APP, default_timeout=PATIENCE).switch_page("pages/orders.py").run()

    assert reloaded().session_state["trip"].group is None
    front.at_allocate("2mm")
    assert reloaded().session_state["trip"].group == "BIG6"
    front.gate.user = replace(PM, username="somebody-else")
    assert reloaded().session_state["trip"].group is None


def views(page: AppTest) -> list[str]:
    return list(page.pills("orders.view").options)


def test_it_is_told_how_many_orders_are_in_which_state_and_a_filter_narrows_that_down(front: Front) -> None:
    confirmed(front, "c1")
    front.work()
    confirmed(front, "c2", 1_000_000)
    page = front.visit("orders")
    assert views(page) == [
        "All · 2", "Awaiting approval · 0", "Scheduled · 0", "On the way · 1", "In doubt · 0", "At Aladdin · 1",
        "Ended · 0",
    ]  # fmt: skip
    assert "◌ 1 confirmed · ○ 1 open" in words(page)
    page.pills("orders.view").set_value("At Aladdin").run()
    assert len(page.dataframe[0].value) == 1
    assert "All · 2" in views(page)
    page.text_input("orders.by").set_value("nobody").run()
    assert {label.split(" · ")[1] for label in views(page)} == {"0"}


def test_the_counts_follow_what_is_shown_at_once_and_are_not_taken_with_each_tick(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    counts = front.desk.past.counts
    monkeypatch.setattr(front.desk.past, "counts", lambda *asked: counted.append(1) or counts(*asked))  # type: ignore
    confirmed(front, "c1")
    page = front.visit("orders")
    page.run(), page.run()
    assert len(counted) == 1
    front.work()
    assert "At Aladdin · 1" in views(page.run())
    assert len(counted) == 2
    front.clock.pass_(dashboard.COUNTED_FOR.total_seconds())
    page.run()
    assert len(counted) == 3


def test_orders_of_other_groups_are_not_counted(front: Front) -> None:
    confirmed(front)
    page = front.visit("orders")
    front.gate.user = replace(PM, groups=frozenset({"OPNIC"}))
    assert "All · 0" in views(page.run())


def test_a_page_whose_last_order_has_gone_gives_way_to_the_one_before(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "PAGE", 1)
    first = confirmed(front, "c1")
    front.work()
    second = confirmed(front, "c2", 1_000_000)
    page = front.visit("orders")
    page.multiselect("orders.states").set_value([OrderState.CONFIRMED, OrderState.OPEN]).run()
    page.button("orders.older").click().run()
    assert list(page.dataframe[0].value["Order"]) == [first.id]
    front.broker.fill("Booked", A=1_000_000, B=1_000_000)
    front.worker.wake()
    front.work()
    page.run()
    assert list(page.dataframe[0].value["State"]) == [["○ open"]]
    assert list(page.dataframe[0].value["Order"]) == [second.id]
