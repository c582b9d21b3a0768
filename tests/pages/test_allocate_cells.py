"""What is typed for each account: locks, asks and targets, and how long they are kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from allocation.model import Side
from orders.model import EVERY_GROUP
from tests.allocation.desk import account
from tests.orders.desk import PM
from tests.pages.allocating import cells, choose, chosen, edit, errors, faces, method, settled, shown, three_accounts
from tests.pages.front import Front, buttons, press, words
from tests.pages.test_allocate import CONFIRM, table


@pytest.fixture
def group(front: Front) -> Front:
    return three_accounts(front)


def test_a_locked_line_stays_and_the_rest_is_solved_again(group: Front) -> None:
    page = faces(group.at_allocate("4mm"), B="300k")
    assert chosen(page).locked == {"B": 300_000}
    editor = page.data_editor[0].value
    assert list(editor["Face"]) == ["3,600,000", "300k", "100,000"], "as typed until the grid lets go of the edit"
    assert list(editor["Lock"]) == [False, True, False]
    settled(page)
    assert list(table(page)["Face"]) == [3_600_000, 300_000, 100_000]
    settled(edit(page, A={"Lock": True}, B={"Lock": False}))  # as it is, and free again
    assert chosen(page).locked == {"A": 3_600_000}
    settled(edit(page, B={"Face": "0"}))
    assert chosen(page).locked == {"A": 3_600_000, "B": 0}
    settled(edit(page, A={"Face": None}))
    assert chosen(page).locked == {"B": 0}
    assert list(table(page)["Face"]) == [3_900_000, 0, 100_000]
    press(page, "Free all")
    assert chosen(page).locked == {}


def test_edits_that_the_grid_still_holds_are_taken_over_once(group: Front) -> None:
    page = faces(group.at_allocate("4mm"), B="300k")
    faces(page, B="300k", A="1mm")
    assert chosen(page).locked == {"A": 1_000_000, "B": 300_000}
    press(page, "Free all").run()
    assert chosen(page).locked == {}


def test_what_was_typed_for_a_buy_says_nothing_of_a_sell_and_is_there_again(group: Front) -> None:
    group.market.accounts = (account("A", held="3000000"), account("B", held="1000000"))
    page = cells(method(group.at_allocate("1mm"), "custom"), A={"ask": "10%"})
    settled(faces(page, B="5k"))
    page.segmented_control("allocate.side").set_value(Side.SELL).run()
    assert shown(page, "ask") == ["", ""]
    assert "Free all" not in buttons(page)
    assert list(page.data_editor[0].value["Held"]) == [3_000_000, 1_000_000]
    page.segmented_control("allocate.side").set_value(Side.BUY).run()
    assert (shown(page, "ask"), chosen(page).locked) == (["10%", ""], {"B": 5_000})
    assert "Held" not in page.data_editor[0].value


def test_a_face_that_cannot_be_is_said_at_its_row_with_the_nearest_and_the_rest_is_shown_without_it(
    group: Front,
) -> None:
    page = faces(group.at_allocate("4mm"), B="x", C="1mm")
    said = errors(page)
    assert said[0] == "B, Face: “x” is not a face: type 25,000,000 or 25mm."
    assert said[1].startswith("C cannot be locked at 1,000,000: cash of USD 98,500")
    assert said[1].endswith("Nearest: 100,000.")
    editor = page.data_editor[0].value
    assert list(editor["Face"]) == ["2,925,000", "x", "1mm"]
    assert list(editor["Cap"]) == ["", "✗ refused", "✗ refused"]
    assert "Mend the locked lines, or free them." in words(page)
    assert "All figures are without the locks that are refused below: in them B gets 975,000, C gets 100,000." in words(
        page
    )
    assert "No line locked, 2 refused." in words(page)
    assert [list(editor[name].isna()) for name in ("Money", "Cash after", "After")] == [[False, True, True]] * 3
    assert CONFIRM not in buttons(page)
    settled(page)
    press(page, "Lock C at 100,000")
    settled(faces(page, B="1.5mm"))
    assert chosen(page).locked == {"B": 1_500_000, "C": 100_000}
    faces(page, A="3mm")
    assert errors(page) == [
        "A cannot be locked at 3,000,000: B and C have 1,600,000 of the order's 4,000,000, which leaves 2,400,000. "
        "Nearest: 2,400,000."
    ]
    assert "2 lines locked, 1 refused." in words(page)
    assert CONFIRM not in buttons(page)
    settled(page)
    press(page, "Lock A at 2,400,000")
    assert chosen(page).locked == {"A": 2_400_000, "B": 1_500_000, "C": 100_000}
    assert not errors(page)


def test_bad_cells_are_named_all_at_once_and_nothing_is_lost(group: Front) -> None:
    page = method(group.at_allocate("4mm"), "custom")
    cells(page, A={"ask": "lots"}, B={"ask": "$1mm", "priority": "high"}, C={"least": "5"})
    assert errors(page) == [
        "A, Ask: “lots” is not an ask: type 25% of the order, 5mm of face, or USD 2mm.",
        "B, Priority: “high” is not a priority: type 1 for first, 2 for second.",
        "C, Ask: type how much it is to get; a min, max or priority alone asks for nothing.",
    ]
    assert page.title[0].value == "Buy 4,000,000 A bond for BIG6, settle Mon 23 Nov 2026"
    assert not page.metric
    assert CONFIRM not in buttons(page)
    cells(page, A={"ask": "10%"}, B={"priority": ""}, C={"least": ""})
    assert not errors(page)
    assert list(table(page)["Face"]) == [400_000, 1_015_000, 0]


def test_what_is_typed_survives_engines_pages_and_reruns(group: Front) -> None:
    page = settled(faces(cells(method(group.at_allocate("4mm"), "custom"), A={"ask": "10%"}), B="7k"))
    method(page, "equal")
    assert chosen(page).locked == {"B": 7_000}
    page.switch_page("pages/groups.py").run()
    page.switch_page("pages/allocate.py").run()
    assert chosen(page).locked == {"B": 7_000}
    method(page, "custom").run()
    assert shown(page, "ask") == ["10%", "", ""]
    assert list(table(page)["Face"]) == [400_000, 7_000, 0]


def test_an_edit_that_comes_with_a_click_on_another_engine_is_kept(group: Front) -> None:
    page = group.at_allocate("4mm")
    page.segmented_control("allocate.engine").set_value("equal")
    faces(page, B="7k")
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
    page = settled(faces(group.at_allocate("4mm"), B="7k"))
    page.session_state["trip"].group = "OPNIC"
    page.run().text_input("allocate.face").set_value("4mm").run()
    assert chosen(page).locked == {}
    page.session_state["trip"].group = "BIG6"
    page.run()
    assert chosen(page).locked == {"B": 7_000}


def test_a_member_that_leaves_takes_its_cells_along_and_the_others_keep_theirs(group: Front) -> None:
    page = settled(faces(group.at_allocate("4mm"), A="9k", B="7k"))
    group.market.accounts = group.market.accounts[1:]
    page.run()
    assert chosen(page).locked == {"B": 7_000}


def test_clear_empties_the_cells_that_are_typed_into_and_leaves_the_locks(group: Front) -> None:
    page = settled(faces(cells(method(group.at_allocate("4mm"), "custom"), A={"ask": "10%"}), B="7k"))
    assert "1 cell filled in" in page.expander[0].label
    press(page, "Clear")
    assert "filled in" not in page.expander[0].label
    cells(page, A={"ask": "20%"})
    assert chosen(page).locked == {"B": 7_000}


def test_the_table_typed_into_shows_where_each_account_stands(group: Front) -> None:
    group.market.accounts = (*group.market.accounts[:2], account("C", nav=None, level=None))
    shown_ = method(group.at_allocate("4mm"), "custom").data_editor[0].value
    assert list(shown_.index) == ["A", "B", "C"]
    assert list(shown_["Name"]) == ["A fund", "B fund", "C fund"]
    assert list(shown_["NAV"].isna()) == [False, False, True]
    assert list(shown_["Today"][:2]) == [4.0, 5.0]


def test_a_custom_split_is_frozen_with_its_instructions(group: Front) -> None:
    page = faces(cells(method(group.at_allocate("4mm"), "custom"), A={"ask": "33.3%"}), B="7k")
    press(page, CONFIRM)
    page.button("allocate.send").click().run()
    (order,) = group.orders()
    body = json.loads(group.ledger.statement(order.id).body)
    assert body["choices"]["locked"] == {"B": 7_000}
    assert body["choices"]["parameters"]["instructions"]["A"]["amount"] == "33.3"
    assert {line.account_id: line.face for line in order.lines if line.face} == {"A": 1_332_000, "B": 7_000}


def test_a_lock_stays_with_its_account_and_one_whose_account_left_is_said_and_freed(group: Front) -> None:
    page = faces(group.at_allocate("9mm"), A="2mm", B="1mm")
    assert chosen(page).locked == {"A": 2_000_000, "B": 1_000_000}
    _, b, c = group.market.accounts
    group.market.accounts = (b, c, replace(c, id="D"))
    page.run()
    assert chosen(page.run()).locked == {"B": 1_000_000}
    assert "No line of BIG6 any more: A (at 2mm)." in words(page)
    assert "1 line locked." in words(page)
    page.button("lines.free").click().run()
    assert "No line of BIG6" not in words(page)
    assert "Type a face to lock its line" in words(page)
