"""What is typed for each account: locks, asks and targets, and how long they are kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from allocation.model import Side
from orders.model import EVERY_GROUP
from tests.allocation.desk import account
from tests.orders.desk import PM
from tests.pages.allocating import cells, choose, chosen, errors, method, shown, three_accounts
from tests.pages.front import Front, buttons, press, words
from tests.pages.test_allocate import CONFIRM, table


@pytest.fixture
def group(front: Front) -> Front:
    return three_accounts(front)


def test_a_locked_line_stays_and_the_rest_is_solved_again(group: Front) -> None:
    page = cells(group.at_allocate("4mm"), B={"lock": "300k"})
    assert chosen(page).locked == {"B": 300_000}
    assert list(table(page)["Face"]) == [3_600_000, 300_000, 100_000]
    assert list(table(page)["Part"]) == ["", "locked", ""]
    cells(page, B={"lock": "0"})
    assert list(table(page)["Face"]) == [3_900_000, 0, 100_000]
    cells(page, B={"lock": ""})
    assert chosen(page).locked == {}


def test_what_was_typed_for_a_buy_says_nothing_of_a_sell_and_is_there_again(group: Front) -> None:
    group.market.accounts = (account("A", held="3000000"), account("B", held="1000000"))
    page = cells(method(group.at_allocate("1mm"), "custom"), A={"ask": "10%", "lock": ""}, B={"lock": "5k"})
    page.segmented_control("allocate.side").set_value(Side.SELL).run()
    assert shown(page, "ask") == shown(page, "lock") == ["", ""]
    assert list(page.data_editor[0].value["Held"]) == [3_000_000, 1_000_000]
    page.segmented_control("allocate.side").set_value(Side.BUY).run()
    assert (shown(page, "ask"), shown(page, "lock")) == (["10%", ""], ["", "5k"])
    assert "Held" not in page.data_editor[0].value


def test_a_lock_that_breaks_a_cap_is_a_sentence_beside_the_method(group: Front) -> None:
    page = cells(group.at_allocate("4mm"), C={"lock": "1mm"})
    assert errors(page)[0].startswith("C cannot be locked at 1,000,000: cash of USD 98,500")
    assert "Mend what is marked above." in words(page)


def test_bad_cells_are_named_all_at_once_and_nothing_is_lost(group: Front) -> None:
    page = method(group.at_allocate("4mm"), "custom")
    cells(page, A={"ask": "lots", "lock": "x"}, B={"ask": "$1mm", "priority": "high"}, C={"least": "5"})
    assert errors(page) == [
        "A, Ask: “lots” is not an ask: type 25% of the order, 5mm of face, or USD 2mm.",
        "B, Priority: “high” is not a priority: type 1 for first, 2 for second.",
        "C, Ask: type how much it is to get; a min, max or priority alone asks for nothing.",
        "A, Lock: “x” is not a face: type 25,000,000 or 25mm.",
    ]
    assert page.title[0].value == "Buy 4,000,000 A bond for BIG6, settle Mon 23 Nov 2026"
    assert not page.metric
    assert CONFIRM not in buttons(page)
    cells(page, A={"ask": "10%", "lock": ""}, B={"priority": ""}, C={"least": ""})
    assert not errors(page)
    assert list(table(page)["Face"]) == [400_000, 1_015_000, 0]


def test_what_is_typed_survives_engines_pages_and_reruns(group: Front) -> None:
    page = cells(method(group.at_allocate("4mm"), "custom"), A={"ask": "10%"}, B={"lock": "7k"})
    method(page, "equal")
    assert shown(page, "lock") == ["", "7k", ""]
    page.switch_page("pages/groups.py").run()
    page.switch_page("pages/allocate.py").run()
    assert chosen(page).locked == {"B": 7_000}
    method(page, "custom").run()
    assert shown(page, "ask") == ["10%", "", ""]
    assert list(table(page)["Face"]) == [400_000, 7_000, 0]


def test_an_edit_that_comes_with_a_click_on_another_engine_is_kept(group: Front) -> None:
    page = group.at_allocate("4mm")
    page.segmented_control("allocate.engine").set_value("equal")
    cells(page, B={"lock": "7k"})
    assert page.segmented_control("allocate.engine").value == "equal"
    assert chosen(page).locked == {"B": 7_000}


def test_targets_are_shared_by_the_engines_that_take_them(group: Front) -> None:
    page = choose(method(group.at_allocate("4mm"), "to_target"), "aim", "own")
    page.number_input("allocate.BIG6.same.targets.asd").set_value(5.25).run()
    choose(method(page, "min_dispersion"), "centre", "targets")
    assert shown(page, "targets") == ["5.25"] * 3
    assert "leaves less distance from the targets than" in words(page)


def test_another_group_has_cells_of_its_own(group: Front) -> None:
    group.gate.user = replace(PM, groups=frozenset({EVERY_GROUP}))
    page = cells(group.at_allocate("4mm"), B={"lock": "7k"})
    page.session_state["trip"].group = "OPNIC"
    page.run()
    assert chosen(page).locked == {}
    page.session_state["trip"].group = "BIG6"
    page.run()
    assert chosen(page).locked == {"B": 7_000}


def test_a_member_that_leaves_takes_its_cells_along_and_the_others_keep_theirs(group: Front) -> None:
    page = cells(group.at_allocate("4mm"), A={"lock": "9k"}, B={"lock": "7k"})
    group.market.accounts = group.market.accounts[1:]
    page.run()
    assert chosen(page).locked == {"B": 7_000}


def test_clear_empties_the_cells(group: Front) -> None:
    page = cells(group.at_allocate("4mm"), B={"lock": "7k"})
    assert "1 cell filled in" in page.expander[0].label
    press(page, "Clear")
    assert chosen(page).locked == {}
    assert "filled in" not in page.expander[0].label


def test_the_table_shows_where_each_account_stands(group: Front) -> None:
    group.market.accounts = (*group.market.accounts[:2], account("C", nav=None, level=None))
    shown_ = group.at_allocate("4mm").data_editor[0].value
    assert list(shown_.index) == ["A", "B", "C"]
    assert list(shown_["Name"]) == ["A fund", "B fund", "C fund"]
    assert list(shown_["NAV"].isna()) == [False, False, True]
    assert list(shown_["Today"][:2]) == [4.0, 5.0]


def test_a_custom_split_is_frozen_with_its_instructions(group: Front) -> None:
    page = cells(method(group.at_allocate("4mm"), "custom"), A={"ask": "33.3%"}, B={"lock": "7k"})
    press(page, CONFIRM)
    page.button("allocate.send").click().run()
    (order,) = group.orders()
    body = json.loads(group.ledger.statement(order.id).body)
    assert body["choices"]["locked"] == {"B": 7_000}
    assert body["choices"]["parameters"]["instructions"]["A"]["amount"] == "33.3"
    assert {line.account_id: line.face for line in order.lines if line.face} == {"A": 1_332_000, "B": 7_000}
