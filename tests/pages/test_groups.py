from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from allocation.model import Metric
from orders.errors import Malformed, Unavailable
from orders.model import GroupTree
from orders.ports import Dated
from tests.allocation.desk import account
from tests.orders.desk import ANALYST, COMPLIANCE, PM, FakeMarket
from tests.pages.front import Front, buttons, press, told, words
from ui.session import Pulse


def test_a_portfolio_manager_sees_the_groups_of_their_entry_and_the_accounts(front: Front) -> None:
    front.market.accounts = (account("A", level=4.0), account("B", level=6.0))
    page = front.visit("groups")
    said = words(page)
    assert "**BIG6** · 2 accounts" in said
    assert "OPNIC" not in said
    assert "Dispersion now: 1.0000 years" in said
    assert "NAV USD 200.0mm · cash USD 10.0mm" in said
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
    assert page.warning[0].value.startswith("**BIG6**: Dispersion over 2 of 3 accounts. ")
    assert "Dispersion now over 2 of 3: 1.0000 years" in words(page)
    table = page.dataframe[0].value
    assert list(table["Account"]) == ["B", "C", "A"]
    assert table["Note"].iloc[-1] == "half of it has no figure"


def test_an_outage_is_a_sentence_with_a_reference_and_no_figures(front: Front) -> None:
    front.market.failure = Unavailable("Aladdin gave no answer in 10 seconds. Try again in a minute.", "req-77")
    page = front.visit("groups")
    assert [told(error.value) for error in page.error] == [
        "Aladdin gave no answer in 10 seconds. Try again in a minute. Reference …."
    ]
    assert not page.metric
    assert not page.dataframe


def test_one_group_that_cannot_be_read_does_not_hide_the_others(front: Front) -> None:
    front.gate.user, front.market.unreadable = ANALYST, "OPNIC"
    page = front.visit("groups")
    assert "**OPNIC** · cannot be read" in words(page)
    assert told(page.error[0].value) == "The positions of OPNIC cannot be read. Reference …."
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


def test_several_groups_are_looked_at_beside_the_one_that_orders_go_to(front: Front) -> None:
    front.gate.user = ANALYST
    page = front.visit("groups")
    page.toggle("show.OPNIC").set_value(True).run()
    assert "BIG6, OPNIC: Active spread duration of 2 accounts" in words(page)
    assert "BIG6 is chosen. Orders go to it alone." in words(page)
    assert page.session_state["trip"].group == "BIG6"
    assert list(page.dataframe[0].value["Group"]) == ["BIG6", "OPNIC", "BIG6", "OPNIC"]
    address = {name: page.query_params[name] for name in ("group", "show", "metric")}
    assert address == {"group": "BIG6", "show": "OPNIC", "metric": "asd"}
    page.text_input("groups.text").set_value("opnic").run()
    assert list(page.dataframe[0].value["Account"]) == ["A", "B"]
    assert "2 of 4 dots" in words(page)
    page.text_input("groups.text").set_value("zebra").run()
    assert "No account has “zebra” in its ticker or name." in page.info[0].value
    page.button("choose.OPNIC").click().run()
    assert "OPNIC: Active spread duration of 2 accounts" in words(page), "the one chosen is shown, and alone"
    colleague = front.visit("groups", group="OPNIC", show="BIG6", metric="oas")
    assert "OPNIC, BIG6: OAS of 2 accounts" in words(colleague), "a link shows the same"
    colleague.toggle("show.BIG6").set_value(False).run()
    assert "show" not in colleague.query_params


def test_the_metric_is_remembered_for_its_user(front: Front) -> None:
    front.visit("groups").segmented_control("metric").set_value(Metric.DTS).run()
    assert "BIG6: Duration times spread of 2 accounts" in words(front.visit("groups"))
    front.gate.user = ANALYST
    assert "BIG6: Active spread duration of 2 accounts" in words(front.visit("groups"))


def find(page: AppTest, text: str) -> AppTest:
    return page.text_input("groups.search").set_value(text).run()


def test_the_page_says_where_its_list_comes_from(front: Front) -> None:
    assert "From the book, and what you added." in words(front.visit("groups"))


def test_a_group_is_searched_added_chosen_and_taken_off_again(front: Front) -> None:
    front.gate.user = ANALYST
    page = find(front.visit("groups"), "glob")
    assert "GLOBAL · GLOBAL mandates · 4 accounts" in [text.value for text in page.text]
    page.button("add.GLOBAL").click().run()
    assert page.toast[0].value == "GLOBAL is on your list."
    assert page.button("add.GLOBAL").disabled, "it is there now"
    page.button("choose.GLOBAL").click().run()
    assert page.session_state["trip"].group == "GLOBAL"
    assert front.desk.groups(ANALYST) == ("BIG6", "OPNIC", "GLOBAL")

    again = front.visit("groups")
    assert "**GLOBAL** · 2 accounts" in words(again), "remembered in another session"
    assert [b.key for b in again.button if (b.key or "").startswith("take_off.")] == ["take_off.GLOBAL"]
    press(again, "Take GLOBAL off my list")
    assert "GLOBAL" not in words(again)
    page.run()
    assert page.session_state["trip"].group == "BIG6"


def test_cards_trees_and_what_a_search_found_say_when_they_were_read(front: Front) -> None:
    front.gate.user = ANALYST
    front.desk.add_group(ANALYST, "GLOBAL")
    said = words(find(front.visit("groups"), "glob"))
    assert said.count("cash USD 10.0mm  \nread ") == 3
    assert "\nAs read " in said
    assert "\nGroups as read " in said


def test_a_group_that_makes_no_sense_cannot_be_added_and_says_why(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tree(self: FakeMarket, ticker: str, *, fresh: bool = False) -> Dated[GroupTree]:
        if ticker == "GLOBAL":
            raise Malformed("GLOBAL contains itself.")
        return Dated(self.trees[ticker], self.clock.now(), "fake")

    monkeypatch.setattr(FakeMarket, "tree", tree)
    front.gate.user = ANALYST
    page = find(front.visit("groups"), "glob")
    assert "GLOBAL · GLOBAL mandates · GLOBAL contains itself." in [text.value for text in page.text]
    assert page.button("add.GLOBAL").disabled


def test_a_search_that_finds_nothing_says_among_what(front: Front) -> None:
    page = find(front.visit("groups"), "glob")  # there is one, which is not in this user's entry
    assert "No group has “glob” in its ticker or name among those you are entitled to." in words(page)


def test_a_search_during_an_outage_is_a_sentence_and_the_groups_are_still_shown(front: Front) -> None:
    front.market.search_failure = Unavailable("Aladdin gave no answer.", "req-9")
    page = find(front.visit("groups"), "glob")
    assert [told(error.value) for error in page.error] == ["Aladdin gave no answer. Reference …."]
    assert "**BIG6** · 2 accounts" in words(page)


def test_a_group_that_vanished_between_search_and_click_is_refused_in_a_sentence(front: Front) -> None:
    front.gate.user = ANALYST
    page = find(front.visit("groups"), "glob")
    del front.market.trees["GLOBAL"]
    page.button("add.GLOBAL").click().run()
    assert page.error[0].value == "Aladdin has no portfolio group GLOBAL."
    page.run()
    assert not page.error


def test_groups_inside_groups_are_a_tree_of_which_any_level_can_be_chosen(front: Front) -> None:
    front.gate.user = ANALYST
    front.desk.add_group(ANALYST, "GLOBAL")
    front.desk.add_group(ANALYST, "EMEA")  # inside it, and not shown as a tree of its own
    front.market.trees["APAC"] = GroupTree("APAC", (), ("B", "C"))
    page = front.visit("groups")
    rows = [line for line in words(page).splitlines() if line.startswith(("**GLOBAL", "↳"))]
    assert rows[-3:] == ["**GLOBAL** · 4 accounts", "↳ **EMEA** · 2 accounts", "↳ **APAC** · 2 accounts"]
    page.button("level.choose.2.APAC").click().run()
    assert page.session_state["trip"].group == "APAC"
    assert front.desk.groups(ANALYST)[-1] == "APAC", "what is chosen is listed too"


def test_a_level_that_is_not_in_the_users_entry_is_shown_and_cannot_be_chosen(front: Front) -> None:
    front.gate.user = user = replace(PM, groups=frozenset({"BIG6", "GLOBAL"}))
    front.desk.add_group(user, "GLOBAL")
    page = front.visit("groups")
    assert words(page).count("not in your entry") == 2
    assert [b.key for b in page.button if (b.key or "").startswith("level.")] == ["level.choose.0.GLOBAL"]


def test_flat_groups_have_no_tree(front: Front) -> None:
    assert "Groups inside groups" not in words(front.visit("groups"))


def test_an_added_group_that_is_gone_says_so_and_can_be_taken_off(front: Front) -> None:
    front.gate.user = user = replace(PM, groups=frozenset({"EMEA"}))
    front.desk.add_group(user, "EMEA")
    del front.market.trees["EMEA"]
    page = front.visit("groups")
    assert page.error[0].value == "Aladdin has no portfolio group EMEA."
    press(page, "Take EMEA off my list")
    assert page.info[0].value == "No group is on your list yet. Add one above."


def test_when_no_group_can_be_read_each_on_the_list_says_so(front: Front) -> None:
    front.market.failure = Unavailable("Aladdin gave no answer.", "req-3")
    page = front.visit("groups")
    assert [told(error.value) for error in page.error] == ["Aladdin gave no answer. Reference …."]
    said = words(page)
    for group in front.desk.groups(PM):
        assert f"**{group}** · cannot be read" in said


def test_while_aladdin_is_out_of_order_the_age_of_what_is_shown_is_said(front: Front) -> None:
    front.pulses[0] = Pulse("Aladdin", False, "Aladdin is left alone for 30 seconds.", feeds=True)
    page = front.visit("groups")
    assert "Aladdin is out of order: what is shown was read on 20 Nov 2026, 15:00:00 UTC" in page.warning[0].value
    assert "**BIG6** · 2 accounts" in words(page)
    front.pulses[0] = Pulse("Store", False, "The store is busy.")
    assert not page.run().warning


def test_a_refresh_that_fails_says_so_and_shows_what_was_read_before(front: Front) -> None:
    page = front.visit("groups")
    front.market.fresh_failure = Unavailable("Aladdin gave no answer.", "req-3")
    press(page, "Refresh")
    assert [told(error.value) for error in page.error] == ["Aladdin gave no answer. Reference …."]
    assert "**BIG6** · 2 accounts" in words(page)
    page.run()
    assert not page.error
