from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from allocation.model import Metric
from orders.errors import Unavailable
from tests.allocation.desk import bond
from tests.orders.desk import ANALYST, PM, TODAY
from tests.pages.front import Front, told, words


def chosen(page: AppTest) -> tuple[str | None, str | None]:
    return page.session_state["trip"].group, page.session_state["trip"].asset_id


def test_a_link_chooses_its_group_and_bond_and_the_address_says_so(front: Front) -> None:
    front.gate.user = ANALYST
    page = front.visit("allocate", group="opnic", asset="B")
    assert page.title[0].value == "Buy A bond for OPNIC"
    assert (page.query_params["group"], page.query_params["asset"]) == ("OPNIC", "B")
    page.session_state["trip"].group = "BIG6"  # as anything on the page may do
    page.run()
    assert page.query_params["group"] == "BIG6"


def test_a_bond_is_named_by_any_of_its_identifiers_and_by_no_other_word(front: Front) -> None:
    front.market.bonds["C"] = replace(bond(), asset_id="C", cusip="037833100", description="Other", price_date=TODAY)
    assert chosen(front.visit("allocate", group="BIG6", asset="037833100"))[1] == "C"
    page = front.visit("allocate", group="BIG6", asset="other")
    assert "No bond has the CUSIP, ISIN, SEDOL or asset id other" in words(page)


def test_a_link_survives_sign_in(front: Front) -> None:
    front.gate.user = None
    page = front.visit("allocate", group="BIG6", asset="B")
    page.text_input("sign_in.username").set_value("pm")
    page.text_input("sign_in.password").set_value("right")
    page.button[0].click().run()
    assert page.title[0].value == "Buy A bond for BIG6"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"group": "OPNIC"}, "Your user is not entitled to the group OPNIC"),
        ({"group": "BIG6", "asset": "ZZZ"}, "No bond has the CUSIP, ISIN, SEDOL or asset id ZZZ"),
    ],
)
def test_what_a_link_may_not_open_is_a_sentence_until_something_else_is_chosen(
    front: Front, query: dict[str, str], sentence: str
) -> None:
    page = front.visit("allocate", **query)
    assert sentence in words(page)
    assert sentence in words(page.run()), "sign-in runs a page more than once"
    assert "OPNIC" not in str(page.query_params)
    page.session_state["trip"].asset_id = "B"
    page.run()
    assert sentence not in words(page.run())


def test_a_group_that_is_not_on_the_list_is_opened_and_listed_by_a_click_only(front: Front) -> None:
    front.gate.user = ANALYST
    assert chosen(front.visit("allocate", group="EMEA"))[0] == "EMEA"
    assert "EMEA" not in front.desk.groups(ANALYST)
    assert front.memory.get(ANALYST.username, "group") != "EMEA"
    page = front.visit("groups", group="BIG6", show=["EMEA", "GLOBAL", "OPNIC", "A", "B", "C"], metric="oas")
    assert "The address shows 6 groups beside the chosen one; the first 4 are shown." in words(page)
    assert "EMEA" in words(page)
    assert "EMEA" not in front.desk.groups(ANALYST)
    assert front.memory.get(ANALYST.username, "metric") is None
    assert page.segmented_control("groups.linked.switch").value == Metric.OAS
    assert page.session_state["metric"] != Metric.OAS, "what Allocate judges a block by stays the user's own"
    page.segmented_control("groups.linked.switch").set_value(Metric.DTS).run()
    assert page.run().segmented_control("metric").value == Metric.DTS
    assert front.memory.get(ANALYST.username, "metric") == "dts"
    page.button("put_on.EMEA").click().run()
    assert "EMEA" in front.desk.groups(ANALYST)
    page = front.visit("allocate", group="NOWHERE")
    assert "The group in the address cannot be shown. Aladdin has no portfolio group NOWHERE." in words(page)


def test_a_link_that_cannot_be_followed_during_an_outage_says_so_and_leaves_what_was_chosen(front: Front) -> None:
    front.memory.put(PM.username, "group", "BIG6")
    front.market.failure = Unavailable("Aladdin gave no answer.", "req-9")
    page = front.visit("allocate", asset="B")
    assert told(page.error[0].value) == "Aladdin gave no answer. Reference …."
    assert chosen(page) == ("BIG6", None)


def test_nothing_in_an_address_is_taken_for_markdown(front: Front) -> None:
    page = front.visit("allocate", group="![x](https://evil/p.png)", asset="[Sign in again](https://evil)")
    said = words(page)
    assert r"\[Sign in again\]" in said
    assert "![x](" not in said
    assert "https://evil" not in said
