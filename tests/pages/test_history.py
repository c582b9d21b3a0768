"""The page of the past: found, opened as it was on the day, and replayed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text

from orders.canonical import digest
from tests.orders.desk import PM
from tests.orders.test_desk import request
from tests.pages.front import Front, press, words


@pytest.fixture
def front(front: Front) -> Front:
    seen = front.desk.preview(PM, request())
    front.desk.confirm(PM, seen, "", "c1", accepted=dict.fromkeys(seen.warnings, "meant"))
    front.work()
    front.broker.fill("Active", A=500_000)
    front.work()
    return front


def test_statements_are_listed_with_what_was_asked_given_and_filled_and_narrowed_down(front: Front) -> None:
    (order,) = front.orders()
    page = front.visit("history")
    (row,) = page.dataframe[0].value.to_dict("records")
    assert (row["Asked"], row["Given"], row["Filled"]) == (order.ordered, order.face, 500_000)
    assert row["State"] == ["◐ part filled"]
    assert (row["Statement"], row["By"], row["Version"]) == (order.statement_id, "Paula", 1)
    page.selectbox("history.engine").set_value("to_target").run()
    assert "No statement matches these filters." in words(page)
    page.selectbox("history.engine").set_value(order.engine).run()
    assert len(page.dataframe[0].value) == 1
    page.session_state["history.tab"] = "Added up"
    page.run()
    assert [list(each.value.iloc[:, 0]) for each in page.dataframe] == [["Pro rata"], ["A", "B"], ["Pro rata"]]
    assert len(page.download_button) == 6


def test_a_statement_opens_as_it_was_and_replays(front: Front) -> None:
    (order,) = front.orders()
    front.market.accounts = front.market.accounts[:1]  # today is another day
    page = front.visit("history", statement=order.statement_id)
    said = words(page)
    assert f"{order.side.value.title()} {order.ordered:,} {order.label} for BIG6, settle" in said
    assert order.statement_sha256 in said
    faces = {line.account_id: line.face for line in order.lines}
    table = next(each.value for each in page.dataframe if "Headroom" in each.value)
    assert dict(zip(table["Account"], table["Face"], strict=True)) == faces
    assert "**The same**" in words(press(page, "Replay"))
    assert {"Memo to print", "Text as JSON", "FIX 4.4 AllocationInstruction"} <= {b.label for b in page.download_button}


def test_the_address_has_the_filters_and_is_taken_at_its_word_by_whoever_opens_it(front: Front) -> None:
    (order,) = front.orders()
    page = front.visit("history", by="pm", engine="equal", groups=["BIG6", "none"])
    assert page.multiselect("history.groups").value == ["BIG6"]
    assert "No statement matches these filters." in words(page)
    page.selectbox("history.engine").set_value(order.engine).run()
    page.text_input("history.by").set_value("").run()
    assert len(page.dataframe[0].value) == 1
    carried = {name: page.query_params.get(name) for name in ("groups", "by", "engine")}
    assert carried == {"groups": "BIG6", "by": None, "engine": order.engine}


def test_what_differs_is_told_with_the_version_that_changed(front: Front) -> None:
    (order,) = front.orders()
    body = json.loads(front.desk.past.statement(PM, order.id).body)
    body["lines"][0]["face"] += 1_000
    body["versions"]["engines"] = "1"
    changed = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    with create_engine(front.ledger._store.url).begin() as conn:
        conn.execute(text("UPDATE statements SET body = :b, sha256 = :h"), {"b": changed, "h": digest(changed)})
    page = press(front.visit("history", statement=order.statement_id), "Replay")
    assert "**Other faces.** What changed since: engines 1 then" in words(page)
    assert any("lines › A › face" in each.value for each in page.text)
    assert "Differences as Excel" in {button.label for button in page.download_button}


def test_a_statement_of_another_group_is_not_there(front: Front) -> None:
    (order,) = front.orders()
    front.gate.user = replace(PM, groups=frozenset({"OPNIC"}))
    said = words(front.visit("history", statement=order.statement_id))
    assert f"There is no statement {order.statement_id} among your groups." in said
    assert "There is no statement EL among your groups." in words(front.visit("history", statement="EL"))


def test_each_version_of_a_modified_order_opens_as_it_was(front: Front) -> None:
    (order,) = front.orders()
    changed = front.desk.modifying.request(PM, order.id)
    seen = front.desk.preview(PM, replace(changed, face=1_000_000))
    front.desk.modifying.modify(PM, seen, "less", "c2", accepted=dict.fromkeys(seen.warnings, "meant"))
    page = front.visit("history", statement=f"{order.id}.1")
    assert f"The order stands on {order.id}.2 by now." in words(page)
    assert f"Asked: {order.ordered:,}" in words(page)
    page = front.visit("history", statement=f"{order.id}.2")
    assert "Asked: 1,000,000" in words(page)
    assert "**The same**" in words(press(page, "Replay"))
