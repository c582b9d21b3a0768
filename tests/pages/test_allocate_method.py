"""Every engine's parameters on the page, and what is typed for each account."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from allocation.engines import ENGINES
from allocation.engines.custom import Ask, Instruction
from allocation.engines.equal import Equal
from allocation.engines.options import Choice, Level, OneAccount, Option, PerAccount, Switch
from allocation.model import Metric, Side
from orders.model import EVERY_GROUP
from tests.allocation.desk import account
from tests.orders.desk import PM
from tests.pages.allocating import cells, choose, chosen, errors, method, shown, three_accounts
from tests.pages.front import Front, buttons, press, words
from tests.pages.test_allocate import CONFIRM, table


@pytest.fixture
def group(front: Front) -> Front:
    return three_accounts(front)


# -- engines and their parameters -----------------------------------------------------------------------------------


def test_every_engine_is_offered_with_its_sentence_and_says_what_is_still_to_be_filled_in(group: Front) -> None:
    page = group.at_allocate("4mm")
    for name, engine in ENGINES.items():
        method(page, name)
        assert engine.sentence in words(page)
        assert not errors(page)
        assert page.metric or page.info


class Newcomer(Equal):
    """An engine nobody has told the page about."""

    name = "newcomer"
    label = "Newcomer"
    options: tuple[Option, ...] = (
        Choice("dig", "Dig", {"no": "not at all", "yes": "deep"}, "no"),
        Switch("tidy", "Tidy", True, "Leaves no trace.", {"dig": ("yes",)}),
        Level("depth", "Depth", {"dig": ("yes",)}),
        OneAccount("digger", "Digger", {"dig": ("yes",)}),
        PerAccount("spades", "Spades", "face", {"dig": ("yes",)}),
    )


def test_a_new_engine_needs_no_page_code(group: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "newcomer", Newcomer())
    page = method(group.at_allocate("3mm"), "newcomer")
    assert chosen(page).parameters == {"dig": "no"}
    choose(page, "dig", "yes")
    assert chosen(page).parameters == {"dig": "yes", "tidy": True}
    page.toggle("allocate.BIG6.newcomer.tidy").set_value(False).run()
    page.number_input("allocate.BIG6.newcomer.depth.asd").set_value(-1.5).run()
    page.selectbox("allocate.BIG6.newcomer.digger").set_value("B").run()
    cells(page, A={"spades": "3k"})
    given = {"dig": "yes", "tidy": False, "depth": -1.5, "digger": "B", "spades": {"A": 3_000}}
    assert chosen(page).parameters == given


def test_a_sell_starts_by_what_is_held_and_a_buy_by_nav(group: Front) -> None:
    page = group.at_allocate("1mm")
    assert page.selectbox("allocate.BIG6.pro_rata.by.BUY").value == "nav"
    page.segmented_control("allocate.side").set_value(Side.SELL).run()
    assert page.selectbox("allocate.BIG6.pro_rata.by.SELL").value == "holding"


def test_order_sizes_share_in_proportion_and_nobody_beyond_its_own(group: Front) -> None:
    page = choose(group.at_allocate("3mm"), "by", "order_size")
    assert "needs the size of each account's own order" in page.info[0].value
    assert "Fill in what is asked for above." in words(page)
    cells(page, A={"order_sizes": "1mm"}, B={"order_sizes": "500k"})
    assert chosen(page).parameters == {"by": "order_size", "order_sizes": {"A": 1_000_000, "B": 500_000}}
    assert list(table(page)["Face"]) == [1_000_000, 500_000, 0]
    assert list(table(page)["Asked"].dropna()) == [1_000_000, 500_000]
    assert "Not placed: 1,500,000" in words(page)


def test_a_level_is_asked_for_before_it_is_typed_and_every_account_goes_there(group: Front) -> None:
    page = method(group.at_allocate("4mm"), "to_target")
    assert page.info[0].value == "Type the level of Active spread duration the accounts are to reach."
    assert CONFIRM not in buttons(page)
    box = page.number_input("allocate.BIG6.to_target.level.asd")
    assert (box.label, box.value) == ("Level, years", None)
    box.set_value(4.01).run()
    assert chosen(page).parameters == {"aim": "level", "level": 4.01}
    assert list(table(page)["Target"]) == [4.01] * 3
    assert list(table(page)["Within"]) == ["✓ within", "▲ above", "▲ above"]
    assert list(table(page)["Face"])[1:] == [0, 0]
    assert "Within 0.05 years: 1 of 3" in words(page)


def test_a_level_is_of_one_metric_only(group: Front) -> None:
    page = method(group.at_allocate("4mm"), "to_target")
    page.number_input("allocate.BIG6.to_target.level.asd").set_value(4.01).run()
    page.segmented_control("metric").set_value(Metric.OAS).run()
    box = page.number_input("allocate.BIG6.to_target.level.oas")
    assert (box.label, box.value) == ("Level, bp", None)
    page.segmented_control("metric").set_value(Metric.ASD).run()
    assert page.number_input("allocate.BIG6.to_target.level.asd").value == 4.01


def test_the_lead_account_is_chosen_by_name(group: Front) -> None:
    page = choose(method(group.at_allocate("4mm"), "to_target"), "aim", "lead")
    assert "Choose the lead account" in page.info[0].value
    box = page.selectbox("allocate.BIG6.to_target.lead")
    assert box.options == ["A · A fund", "B · B fund", "C · C fund"]
    box.set_value("B").run()
    assert list(table(page)["Target"]) == [5.0] * 3


@pytest.mark.parametrize(("name", "aim"), [("to_target", ("aim", "own")), ("min_dispersion", ("centre", "targets"))])
def test_targets_are_typed_for_each_account_and_those_without_are_named(
    group: Front, name: str, aim: tuple[str, str]
) -> None:
    page = choose(method(group.at_allocate("4mm"), name), *aim)
    assert "A, B, C have no target for Active spread duration" in page.info[0].value
    cells(page, A={"targets": "4.2"}, B={"targets": "5"})
    assert errors(page)[0].startswith("C has no target for Active spread duration")
    cells(page, C={"targets": "−0.5"})
    assert not errors(page)
    assert list(table(page)["Target"]) == [4.2, 5.0, -0.5]


def test_one_target_fills_the_column_and_each_can_still_be_changed(group: Front) -> None:
    page = choose(method(group.at_allocate("4mm"), "to_target"), "aim", "own")
    page.number_input("allocate.BIG6.same.targets.asd").set_value(5.25).run()
    assert shown(page, "targets") == ["5.25"] * 3
    assert page.number_input("allocate.BIG6.same.targets.asd").value is None
    cells(page, B={"targets": "5.5"})
    assert list(table(page)["Target"]) == [5.25, 5.5, 5.25]
    page.number_input("allocate.BIG6.same.targets.asd").set_value(5.25).run()
    assert list(table(page)["Target"]) == [5.25] * 3


def test_filling_the_column_keeps_what_was_typed_beside_it(group: Front) -> None:
    page = choose(method(group.at_allocate("4mm"), "to_target"), "aim", "own")
    cells(page, B={"lock": "100k"})
    page.number_input("allocate.BIG6.same.targets.asd").set_value(5.25).run()
    assert shown(page, "lock") == ["", "100k", ""]
    assert chosen(page).locked == {"B": 100_000}


def test_minimum_dispersion_says_what_it_minimised_and_what_it_proves(group: Front) -> None:
    page = method(group.at_allocate("4mm"), "min_dispersion")
    assert "Proved: no allocation of this face leaves less dispersion than" in words(page)
    assert "gap" in page.expander[-2].markdown[0].value
    choose(page, "weighting", "nav")
    assert "leaves less NAV-weighted dispersion than" in words(page)


def test_custom_gives_what_is_asked_as_share_money_or_face(group: Front) -> None:
    page = method(group.at_allocate("4mm"), "custom")
    assert page.info[0].value == "Ask for something for at least one account, or set the remainder."
    cells(
        page,
        A={"ask": "25%", "least": "500k", "priority": "2"},
        B={"ask": "USD 985,000", "most": "900k"},
        C={"ask": "50k"},
    )
    assert chosen(page).parameters["instructions"] == {
        "A": Instruction(Ask.PERCENT, Decimal(25), 500_000, None, 2),
        "B": Instruction(Ask.MONEY, Decimal(985_000), 0, 900_000, 1),
        "C": Instruction(Ask.FACE, Decimal(50_000)),
    }
    assert list(table(page)["Face"]) == [1_000_000, 900_000, 50_000]
    assert list(table(page)["Part"]) == ["direct"] * 3
    assert list(table(page)["Asked"]) == [1_000_000, 900_000, 50_000]


def test_the_remainder_goes_by_rule_and_partial_lines_can_be_refused(group: Front) -> None:
    page = method(group.at_allocate("4mm"), "custom")
    choose(page, "remainder", "equal")
    cells(page, C={"ask": "200k"})
    assert list(table(page)["Face"]) == [1_950_000, 1_950_000, 100_000]
    assert list(table(page)["Part"]) == ["remainder", "remainder", "direct"]
    page.toggle("allocate.BIG6.custom.allow_partial").set_value(False).run()
    assert list(table(page)["Face"]) == [2_000_000, 2_000_000, 0]


# -- what is typed for each account ---------------------------------------------------------------------------------


def test_a_locked_line_stays_and_the_rest_is_solved_again(group: Front) -> None:
    page = cells(group.at_allocate("4mm"), B={"lock": "300k"})
    assert chosen(page).locked == {"B": 300_000}
    assert list(table(page)["Face"]) == [3_600_000, 300_000, 100_000]
    assert list(table(page)["Part"]) == ["", "locked", ""]
    cells(page, B={"lock": "0"})
    assert list(table(page)["Face"]) == [3_900_000, 0, 100_000]
    cells(page, B={"lock": ""})
    assert chosen(page).locked == {}


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
