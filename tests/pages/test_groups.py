from __future__ import annotations

from dataclasses import replace

from allocation.model import Metric
from orders.errors import Unavailable
from tests.allocation.desk import account
from tests.orders.desk import ANALYST, COMPLIANCE, PM
from tests.pages.front import Front, buttons, press, words


def test_a_portfolio_manager_sees_the_groups_of_their_entry_and_the_accounts(front: Front) -> None:
    front.market.accounts = (account("A", level=4.0), account("B", level=6.0))
    page = front.visit("groups")
    said = words(page)
    assert "**BIG6** · 2 accounts" in said
    assert "OPNIC" not in said
    assert "Dispersion now: 1.0000 years" in said
    assert "NAV 200.0mm · cash 10.0mm" in said
    assert "not allocated to yet" in said
    assert list(page.dataframe[0].value["Account"]) == ["A", "B"]


def test_an_analyst_of_every_group_chooses_one_and_goes_on_to_a_bond(front: Front) -> None:
    front.gate.user = ANALYST
    page = front.visit("groups")
    assert page.session_state["trip"].group == "BIG6"
    page.button("choose.OPNIC").click().run()
    assert page.session_state["trip"].group == "OPNIC"
    assert "OPNIC is chosen." in words(page)
    press(page, "Find a bond")
    assert page.title[0].value == "Securities"


def test_compliance_may_look_at_groups(front: Front) -> None:
    front.gate.user = COMPLIANCE
    assert "OPNIC" in words(front.visit("groups"))


def test_a_user_without_groups_is_told_who_can_add_some(front: Front) -> None:
    front.gate.user = replace(PM, groups=frozenset())
    page = front.visit("groups")
    assert "Your user sees no portfolio group yet" in page.warning[0].value
    assert "Find a bond" not in buttons(page)


def test_another_metric_is_another_dispersion(front: Front) -> None:
    page = front.visit("groups")
    page.segmented_control("metric").set_value(Metric.OAS).run()
    assert "BIG6: OAS of 2 accounts" in words(page)
    assert "0.0 bp" in words(page)


def test_accounts_without_the_metric_are_counted_and_listed_last_with_the_reason(front: Front) -> None:
    front.market.accounts = (account("A", level=None), account("B", level=6.0), account("C", level=4.0))
    page = front.visit("groups")
    assert "Dispersion over 2 of 3 accounts" in page.warning[0].value
    assert "Dispersion now over 2 of 3: 1.0000 years" in words(page)
    table = page.dataframe[0].value
    assert list(table["Account"]) == ["B", "C", "A"]
    assert table["Note"].iloc[-1] == "half of it has no figure"


def test_an_outage_is_a_sentence_with_a_reference_and_no_figures(front: Front) -> None:
    front.market.failure = Unavailable("Aladdin gave no answer in 10 seconds. Try again in a minute.", "req-77")
    page = front.visit("groups")
    assert [error.value for error in page.error] == [
        "Aladdin gave no answer in 10 seconds. Try again in a minute. Reference req-77."
    ]
    assert not page.metric
    assert not page.dataframe


def test_one_group_that_cannot_be_read_does_not_hide_the_others(front: Front) -> None:
    front.gate.user, front.market.unreadable = ANALYST, "OPNIC"
    page = front.visit("groups")
    assert "**OPNIC** · cannot be read" in words(page)
    assert page.error[0].value == "The positions of OPNIC cannot be read. Reference req-5."
    assert "**BIG6** · 2 accounts" in words(page)
    assert list(page.dataframe[0].value["Account"]) == ["A", "B"]


def test_the_chosen_group_that_can_no_longer_be_read_is_said_and_shows_no_figures(front: Front) -> None:
    front.gate.user = ANALYST
    page = front.visit("groups")
    front.market.unreadable = "BIG6"
    page.run()
    assert page.info[0].value == "BIG6 cannot be read now; choose another group, or refresh."
    assert not page.dataframe
    assert "choose.OPNIC" in [button.key for button in page.button]


def test_refresh_reads_past_the_caches_once(front: Front) -> None:
    page = front.visit("groups")
    assert front.market.fresh_reads == 0
    press(page, "Refresh")
    assert front.market.fresh_reads == 1
    page.run()
    assert front.market.fresh_reads == 1


def test_a_group_no_longer_seen_is_not_kept_as_the_choice(front: Front) -> None:
    page = front.visit("groups")
    page.session_state["trip"].group = "OPNIC"
    page.run()
    assert page.session_state["trip"].group == "BIG6"
