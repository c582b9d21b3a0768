"""Every engine's parameters on the page, and what is typed for each account."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from allocation.engines import ENGINES
from allocation.engines.custom import Ask, Instruction
from allocation.engines.equal import Equal
from allocation.engines.options import Choice, Level, OneAccount, Option, PerAccount, Switch
from allocation.model import Measures, Metric, Side
from tests.pages.allocating import cells, choose, chosen, errors, faces, method, settled, shown, three_accounts
from tests.pages.front import Front, buttons, words
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
    assert "1 of 3 accounts end within 0.05 years of their target." in words(page)


@pytest.mark.parametrize(("metric", "level"), [(Metric.OAS, 22.6), (Metric.ASD, 4.01234)])
def test_a_level_is_used_and_shown_as_it_was_typed(group: Front, metric: Metric, level: float) -> None:
    page = method(group.at_allocate("4mm"), "to_target")
    page.segmented_control("metric").set_value(metric).run()
    box = page.number_input(f"allocate.BIG6.to_target.level.{metric.key}")
    box.set_value(level).run()
    assert box.proto.format % level == str(level)
    assert chosen(page).parameters["level"] == level
    assert list(table(page)["Target"]) == [level] * 3


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
    cells(page, A={"targets": "5"}, B={"targets": "5"}, C={"targets": "5"})
    settled(faces(page, B="100k"))
    page.number_input("allocate.BIG6.same.targets.asd").set_value(5.25).run()
    assert shown(page, "targets") == ["5.25"] * 3
    assert chosen(page).locked == {"B": 100_000}


def test_a_proof_names_the_lines_that_were_locked(group: Front) -> None:
    page = faces(method(group.at_allocate("4mm"), "min_dispersion"), B="500k")
    assert "Proved: with B locked as it is, no allocation of this face leaves less dispersion than" in words(page)


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
    assert list(table(page)["Asked"]) == [1_000_000, 1_000_000, 50_000]


def test_a_share_without_its_sign_is_asked_about_and_more_than_all_is_refused(group: Front) -> None:
    page = method(group.at_allocate("4mm"), "custom")
    cells(page, A={"ask": "25"}, B={"ask": "150%"})
    assert errors(page) == [
        "A, Ask: a face of 25 is below the smallest line of 1,000. Did you mean 25%?",
        "B, Ask: “150%” is more than the whole order: type at most 100%.",
    ]


def test_the_remainder_goes_by_rule_and_partial_lines_can_be_refused(group: Front) -> None:
    page = method(group.at_allocate("4mm"), "custom")
    choose(page, "remainder", "equal")
    cells(page, C={"ask": "200k"})
    assert list(table(page)["Face"]) == [1_950_000, 1_950_000, 100_000]
    assert list(table(page)["Part"]) == ["remainder", "remainder", "direct"]
    page.toggle("allocate.BIG6.custom.allow_partial").set_value(False).run()
    assert list(table(page)["Face"]) == [2_000_000, 2_000_000, 0]


def test_a_bond_without_a_figure_is_allocated_and_compared_where_nobody_is_to_count(group: Front) -> None:
    group.market.bonds["B"] = replace(group.market.bonds["B"], measures=Measures())
    page = group.at_allocate("3mm")
    assert errors(page) == [
        "A bond has no spread duration, so Active spread duration cannot be shown. None of its figures is known today."
    ]
    assert "Pro rata, Equal and Custom need no figure of the bond" in words(page)
    assert "Say above who counts, or choose another metric." in words(page)
    (way,) = [box for box in page.checkbox if box.label == "Allocate without Active spread duration"]
    assert way.key is not None
    assert way.key.endswith(".B"), "the choice is of this bond: another that lacks a figure asks anew"
    way.check().run()
    assert "No dispersion is shown: A bond has no spread duration." in words(page)
    assert [figure.value for figure in page.metric][2:4] == ["–", "–"]
    assert CONFIRM in buttons(page)
    assert "as close together as possible; proved" not in words(method(page, "min_dispersion"))
    assert "Minimum dispersion does not apply: no account counts in the metric." in words(page)
    page.switch_page("pages/compare.py").run()
    assert "Nobody counts in the dispersion" in words(page)
    assert list(page.segmented_control("compare.view").options) == ["Who gets how much", "Partial fill"]
