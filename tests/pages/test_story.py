"""The guided demo, on the demo book behind its own simulated Aladdin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

import bootstrap
from bootstrap import House
from orders.errors import Unavailable
from orders.model import OrderState, Role, User
from tests.house import PM, forget_settings, house_on
from tests.pages.front import APP, PATIENCE, ClosedPages, Front, OpenGate, words
from ui.scenarios import SCENARIOS


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    forget_settings(monkeypatch, tmp_path)
    with house_on(tmp_path / "data") as opened:
        shown = replace(opened, office=replace(opened.office, gate=OpenGate(user=PM, known=PM)))
        monkeypatch.setattr(bootstrap, "house", lambda: shown)
        monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
        monkeypatch.setattr("streamlit.testing.v1.app_test.PagesManager", ClosedPages)
        yield shown


def begun(name: str) -> AppTest:
    browser = AppTest.from_file(APP, default_timeout=PATIENCE).run()
    number = [scenario.name for scenario in SCENARIOS].index(name)
    return browser.button(f"story.menu.{number}").click().run()


@pytest.mark.soak
def test_each_scenario_can_be_played_to_its_end_and_each_step_is_set_up(house: House) -> None:
    for scenario in SCENARIOS:
        browser = begun(scenario.name)
        for number, step in enumerate(scenario.steps, 1):
            said = words(browser)
            assert f"{scenario.name}: {step.title}" in said
            assert f"{number} of {len(scenario.steps)}" in said
            if step.engine:
                assert browser.text_input("allocate.face").value == f"{scenario.face:,}"
                assert browser.session_state["allocate.engine"] == step.engine
                assert scenario.decided == ("Dispersion before → after" in said)
            if number < len(scenario.steps):
                browser.button("story.next").click().run()
        browser.button("story.end").click().run()
        assert not [button for button in browser.button if button.key == "story.next"]


def test_a_bond_of_the_story_dispersed_least_brings_the_accounts_together(house: House) -> None:
    browser = begun("High dispersion")
    for _ in range(3):
        browser.button("story.next").click().run()
    assert "Proved" in words(browser)
    (narrower,) = [figure.delta for figure in browser.metric if figure.label == "Change"]
    assert narrower == "narrower"


def test_the_guide_goes_on_with_the_order_and_says_what_is_so_where_there_is_none_or_it_waits(house: House) -> None:
    def on_orders(**address: str) -> str:
        browser.query_params.update(address)
        return words(browser.switch_page("pages/orders.py").run())

    browser = begun("Four eyes")
    assert "1 of 2" in on_orders()
    browser.button("story.next").click().run()
    assert "Nothing of this story is confirmed" in words(browser)
    browser.button("story.back").click().run()
    preview = browser.session_state["trip"].preview
    assert preview is not None
    order = house.office.desk.confirm(PM, preview, "", "c1")
    assert order.state is OrderState.AWAITING
    said = on_orders(order=order.id)
    assert "2 of 2" in said
    assert "Sign out" in said
    assert "is under **Approvals**" in said


def test_the_trouble_of_a_step_is_the_simulated_aladdins_and_the_end_lifts_it(house: House) -> None:
    browser = begun("Aladdin in trouble")
    for _ in range(2):
        browser.button("story.next").click().run()
    with pytest.raises(Unavailable):
        house.office.desk.group(PM, "BIG6", fresh=True)
    browser.button("story.end").click().run()
    assert house.office.trouble is not None
    house.office.trouble("stalled")  # which hinders no reading, and proves that it listens again
    house.office.trouble("clear")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST, Role.APPROVER])
def test_who_may_not_confirm_is_not_shown_around(house: House, role: Role) -> None:
    house.office.gate.user = User("x", "X", frozenset({role}), PM.groups)  # type: ignore[attr-defined]
    browser = AppTest.from_file(APP, default_timeout=PATIENCE).run()
    assert not [button for button in browser.button if (button.key or "").startswith("story.")]


def test_the_sign_in_card_of_the_demo_begins_it(house: House) -> None:
    gate = house.office.gate
    assert isinstance(gate, OpenGate)
    gate.user = None
    browser = AppTest.from_file(APP, default_timeout=PATIENCE).run()
    browser.button("sign_in.guided").click().run()
    assert "choose what to show" in words(browser)
    browser.button("story.first.0").click().run()
    assert f"{SCENARIOS[0].name}: {SCENARIOS[0].steps[0].title}" in words(browser)


def test_there_is_none_on_any_other_book(front: Front) -> None:
    browser = front.visit()
    assert not [button for button in browser.button if (button.key or "").startswith("story.")]
    front.gate.user = None
    assert not [button for button in front.visit().button if button.key == "sign_in.guided"]
