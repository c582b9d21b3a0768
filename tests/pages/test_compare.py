"""Engines side by side, from the wizard and back into it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import orders.comparing
from allocation.engines.custom import Ask, Instruction
from allocation.model import Side
from allocation.partial_fill import FillPolicy
from orders.errors import Unavailable
from tests.allocation.desk import account
from tests.orders.desk import APPROVER
from tests.pages.allocating import cells, choose, chosen, errors, faces, method, settled, switch, three_accounts
from tests.pages.front import Front, buttons, press, told, words

READY = ["Pro rata", "Equal", "Minimum dispersion"]


@pytest.fixture
def group(front: Front) -> Front:
    return three_accounts(front)


def at_compare(page: AppTest) -> AppTest:
    """From the wizard on to the comparison."""
    return page.switch_page("pages/compare.py").run()


def engines(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["Engine"])


def show(page: AppTest, view: str) -> AppTest:
    return page.segmented_control("compare.view").set_value(view).run()


# -- from the wizard ------------------------------------------------------------------------------------------------


def test_every_engine_is_compared_on_the_block_that_is_typed(group: Front) -> None:
    page = press(group.at_allocate("3mm"), "Compare engines")
    at_compare(page)
    assert not errors(page)
    assert page.title[0].value == "Compare: buy 3,000,000 A bond for BIG6"
    assert engines(page) == READY
    assert "**Minimum dispersion** leaves the least dispersion: **0.8165 → " in words(page)


def test_the_figures_of_a_row_are_those_of_the_wizard(group: Front) -> None:
    page = group.at_allocate("3mm")
    after = method(page, "min_dispersion").metric[2].value
    at_compare(page)
    row = page.dataframe[0].value.iloc[2]
    assert after.endswith(f" → {row['After']:.4f} years")
    assert (row["Placed"], row["Above"]) == (3_000_000, "0.0000")


def test_every_engine_has_what_was_typed_for_it_and_says_what_is_missing(group: Front) -> None:
    page = method(group.at_allocate("3mm"), "to_target")
    page.number_input("allocate.BIG6.to_target.level.asd").set_value(5.5).run()
    method(page, "custom")
    cells(page, A={"ask": "1mm"}, B={"ask": "25%"})
    choose(method(page, "pro_rata"), "by", "cash")
    at_compare(page)
    assert engines(page) == [
        "Pro rata (in proportion to cash)", "Equal", "Minimum dispersion", "To target (level 5.500 years)",
        "Custom (instructions for 2 accounts)",
    ]  # fmt: skip
    assert page.session_state["trip"].request.choices.parameters == {"by": "cash"}


def test_engines_that_cannot_answer_are_listed_with_the_reason(group: Front) -> None:
    page = at_compare(group.at_allocate("3mm"))
    (expander,) = page.expander
    assert expander.label == "Without an answer: To target, Custom"
    assert "**To target**: Type the level of Active spread duration" in expander.markdown[0].value
    assert "**Custom**: Ask for something" in expander.markdown[0].value


def test_a_cell_that_cannot_be_read_keeps_its_engine_out_and_no_other(group: Front) -> None:
    page = method(group.at_allocate("3mm"), "custom")
    cells(page, A={"ask": "lots"})
    method(page, "equal")
    at_compare(page)
    assert engines(page) == READY
    assert "**Custom**: A, Ask: “lots” is not an ask" in page.expander[0].markdown[0].value


def test_locks_and_rules_hold_for_every_engine(group: Front) -> None:
    page = group.at_allocate("3mm")
    settled(faces(page, A="1mm"))
    switch(page, "cash", False)
    at_compare(page)
    assert "1 line locked: A 1,000,000. Every engine splits what is left." in words(page)
    assert "proved to be the least at this face, with the locked line as it is" in words(page)
    show(page, "Order size")
    assert "Sizes begin at the 1,000,000 that is locked." in words(page)
    show(page, "Who gets how much")
    assert "· locked: A" in words(page)
    table = page.dataframe[1].value.set_index("Account")
    assert list(table.loc["A", READY]) == [1_000_000] * 3
    assert table.loc["C", "Equal"] == 1_000_000, "the little cash of C is not respected"


def test_variants_are_added_beside_the_engines(group: Front) -> None:
    page = at_compare(group.at_allocate("3mm"))
    box = page.multiselect("compare.added")
    assert "Pro rata (in proportion to cash)" in box.options
    assert not any("order" in option or "target" in option for option in box.options), "they would ask for more"
    box.set_value(["Minimum dispersion (accounts weigh by NAV)"]).run()
    assert engines(page) == [*READY, "Minimum dispersion (accounts weigh by NAV)"]


def test_a_variant_that_is_the_engine_as_set_is_compared_once(group: Front) -> None:
    page = at_compare(choose(group.at_allocate("3mm"), "by", "cash"))
    page.multiselect("compare.added").set_value(["Pro rata (in proportion to cash)"]).run()
    assert engines(page) == ["Pro rata (in proportion to cash)", "Equal", "Minimum dispersion"]


def test_every_measure_of_dispersion_is_one_click_away(group: Front) -> None:
    page = at_compare(group.at_allocate("3mm"))
    page.toggle("compare.measures").set_value(True).run()
    table = page.dataframe[0].value
    assert list(table["Engine"]) == ["Before", *READY]
    assert list(table.columns) == ["Engine", "stdev", "stdev_nav", "range", "iqr", "max_deviation"]
    assert table["range"][0] == 2.0


# -- and back into it -----------------------------------------------------------------------------------------------


def test_use_puts_the_engine_and_its_options_into_the_wizard(group: Front) -> None:
    page = at_compare(group.at_allocate("3mm"))
    page.multiselect("compare.added").set_value(["Minimum dispersion (accounts weigh by NAV)"]).run()
    page.pills("compare.picked").set_value("Minimum dispersion (accounts weigh by NAV)").run()
    press(page, "Use Minimum dispersion (accounts weigh by NAV)")
    page.switch_page("pages/allocate.py").run()
    assert page.text_input("allocate.face").value == "3mm"
    assert chosen(page).engine == "min_dispersion"
    assert chosen(page).parameters["weighting"] == "nav"


def test_use_keeps_what_was_typed_for_the_others_and_the_locks(group: Front) -> None:
    page = method(group.at_allocate("3mm"), "custom")
    settled(faces(cells(page, A={"ask": "1mm"}), B="500k"))
    at_compare(page)
    page.pills("compare.picked").set_value("Equal").run()
    press(page, "Use Equal")
    page.switch_page("pages/allocate.py").run()
    assert (chosen(page).engine, dict(chosen(page).locked)) == ("equal", {"B": 500_000})
    method(page, "custom")
    assert chosen(page).parameters["instructions"] == {"A": Instruction(Ask.FACE, Decimal(1_000_000))}


def test_the_engine_in_hand_is_looked_at_first_and_a_choice_is_kept(group: Front) -> None:
    page = at_compare(method(group.at_allocate("3mm"), "equal"))
    assert page.pills("compare.picked").value == "Equal"
    page.pills("compare.picked").set_value("Pro rata").run()
    show(page, "Partial fill")
    assert "Use Pro rata" in buttons(page)


# -- the views ------------------------------------------------------------------------------------------------------


def test_a_size_of_the_slider_is_told_for_every_engine_and_goes_into_the_wizard(group: Front) -> None:
    page = show(at_compare(group.at_allocate("3mm")), "Order size")
    slider = page.select_slider[0]
    assert slider.value == 3_000_000
    assert "Use 3,000,000 with Pro rata" not in buttons(page), "it is that size already"
    size = int(slider.options[20].replace(",", ""))
    slider.set_value(size).run()
    assert f"**An order of {size:,}**" in words(page)
    assert list(page.dataframe[1].value["Engine"]) == READY
    assert size % 100_000 == 0, "round faces"
    page.text_input("compare.typed.3000000").set_value("1").run()
    assert errors(page) == ["An order of 1 is less than the smallest line of 1,000."]
    page.text_input("compare.typed.3000000").set_value("1.2345mm").run()
    assert "**An order of 1,234,000**" in words(page)
    assert list(page.dataframe[1].value["Placed"]) == [1_234_000] * 3
    page.select_slider[0].set_value(int(slider.options[21].replace(",", ""))).run()
    assert page.text_input("compare.typed.3000000").value == "", "the slider counts again"
    page.select_slider[0].set_value(size).run()
    press(page, f"Use {size:,} with Pro rata")
    page.switch_page("pages/allocate.py").run()
    assert page.text_input("allocate.face").value == f"{size:,}"


def test_a_partial_fill_is_shared_out_by_each_policy(group: Front) -> None:
    page = show(at_compare(group.at_allocate("3mm")), "Partial fill")
    assert "**1,500,000 of 3,000,000 filled, Pro rata**" in words(page)
    table = page.dataframe[1].value.set_index("Account")
    assert table["Would get"].sum() == 1_500_000
    page.segmented_control("compare.policy").set_value(FillPolicy.SMALLEST_FIRST).run()
    table = page.dataframe[1].value.set_index("Account")
    assert table.loc["C", "Left"] == 0
    page.slider("compare.filled").set_value(0).run()
    assert "**0 of 3,000,000 filled" in words(page)


def test_nothing_is_worked_out_twice_by_reruns(group: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def count(name: str) -> None:
        real = getattr(orders.comparing, name)

        def counted(*args: Any) -> Any:
            calls.append(name)
            return real(*args)

        monkeypatch.setattr(orders.comparing, name, counted)

    count("compare")
    count("size_curve")
    page = at_compare(group.at_allocate("3mm"))
    for view in ("Order size", "Partial fill", "Who gets how much", "Order size", "Every account"):
        show(page, view)
    page.pills("compare.picked").set_value("Equal").run()
    assert calls == ["compare", "size_curve"]


# -- empty, refused, failing ----------------------------------------------------------------------------------------


def test_without_a_group_a_bond_or_a_face_it_says_what_to_do_first(front: Front) -> None:
    page = front.visit("compare")
    page.session_state["trip"].group = None
    assert "Choose a portfolio group first." in words(page.run())
    assert "Groups" in buttons(page)
    page.session_state["trip"].group = "BIG6"
    assert "Choose a bond first." in words(page.run())
    page.session_state["trip"].asset_id = "B"
    assert "Type its side and face on Allocate." in words(page.run())
    assert "Allocate" in buttons(page)


def test_another_bond_is_not_compared_on_the_block_of_the_last_one(group: Front) -> None:
    group.market.bonds["C"] = replace(group.market.bonds["B"], asset_id="C")
    page = group.at_allocate("3mm")
    page.session_state["trip"].asset_id = "C"
    at_compare(page)
    assert "Type its side and face on Allocate." in words(page)


def test_a_face_that_is_taken_away_again_is_not_compared(group: Front) -> None:
    page = group.at_allocate("3mm")
    page.text_input("allocate.face").set_value("").run()
    assert "Compare engines" not in buttons(page)
    assert "Type its side and face on Allocate." in words(at_compare(page))


def test_accounts_without_the_metric_are_left_out_by_choice_and_stay_so_in_the_wizard(group: Front) -> None:
    group.market.accounts = (*group.market.accounts, account("D", level=None))
    page = at_compare(group.at_allocate("3mm"))
    assert "1 of 4 accounts has no Active spread duration" in errors(page)[0]
    assert not page.dataframe
    press(page, "Leave 1 account out of Active spread duration")
    assert engines(page) == READY
    assert "Dispersion over 3 of 4 accounts. Left out, as said on Allocate: D." in words(page)
    page.switch_page("pages/allocate.py").run()
    assert chosen(page).excluded == {"D"}
    page.checkbox[0].uncheck().run()
    assert "1 of 4 accounts has no Active spread duration" in errors(at_compare(page))[0]


def test_a_block_that_cannot_be_traded_is_explained(group: Front) -> None:
    page = group.at_allocate("300")
    at_compare(page)
    assert len(errors(page)) == 1
    assert not page.dataframe
    assert "Mend the block on Allocate." in words(page)
    assert buttons(page)[-1] == "Allocate"


def test_while_aladdin_is_away_it_says_so_with_a_reference(group: Front) -> None:
    page = group.at_allocate("3mm")
    group.market.failure = Unavailable("Aladdin does not answer.", "req-9")
    at_compare(page)
    assert [told(said) for said in errors(page)] == ["Aladdin does not answer. Reference …."]


def test_where_newer_figures_cannot_be_had_those_kept_are_compared(group: Front) -> None:
    page = at_compare(group.at_allocate("3mm"))
    group.market.fresh_failure = Unavailable("Aladdin does not answer.", "req-9")
    press(page, "Refresh")
    assert [told(said) for said in errors(page)] == ["Aladdin does not answer. Reference …."]
    assert engines(page) == READY


def test_a_sell_is_compared_too(group: Front) -> None:
    group.market.accounts = tuple(
        account(name, level=level, held="1000000") for name, level in (("A", 4.0), ("B", 6.0))
    )
    page = group.at_allocate("1mm")
    page.segmented_control("allocate.side").set_value(Side.SELL).run()
    at_compare(page)
    assert page.title[0].value.startswith("Compare: sell 1,000,000 ")
    assert engines(page) == READY
    show(page, "Partial fill")
    assert not errors(page)


def test_an_engine_that_places_nothing_has_nothing_to_fill(group: Front) -> None:
    group.market.accounts = tuple(account(name, cash="10") for name in "AB")
    page = show(at_compare(group.at_allocate("3mm")), "Partial fill")
    assert "Pro rata places nothing, so nothing of it can be filled." in words(page)


def test_who_may_not_preview_is_told_who_may(group: Front) -> None:
    group.gate.user = APPROVER
    page = group.visit("compare")
    assert page.title[0].value == "Not permitted"
    assert "analyst or portfolio manager can" in words(page)
