"""The guided demo: chooses a scenario's group, bond and block as if they had been typed, and says what to look at. It
plays on the demo book alone, which is the only one whose office has a stage."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from allocation.errors import EvenlotError
from allocation.metrics import spread
from allocation.model import Choices, Metric, Side
from orders.block import Request
from orders.errors import NotFound
from orders.history import Wanted
from orders.model import Order, OrderState, Permission, Role, User
from ui import drafts, frame, method, session
from ui.scenarios import AWAITS, NOT_CONFIRMED, SCENARIOS, WORDS, Scenario, Step
from ui.sign_in import GUIDED

_AT, _ENTER = "story.at", "story.enter"  # (scenario, step) by number; a step that is still to be set up
_SINCE = "story.since"  # when the scenario was begun


def menu(user: User) -> None:
    """The scenarios, in the side bar of whoever may play them."""
    if not _plays(user):
        return
    with st.popover("Guided demo", icon=":material/slideshow:", width="stretch", key="story.menu"):
        _choices("menu")


def draw(user: User, page: str) -> None:
    """What is told above the page, and on entering a step, the page set up for it. Called before the page runs."""
    if not _plays(user):
        return
    if (at := st.session_state.get(_AT)) is None:
        if st.session_state.get(GUIDED):
            with st.container(border=True, key="story.choose"):
                st.markdown("**Guided demo** · choose what to show. It types for you; go on by hand whenever you like.")
                _choices("first")
        return
    scenario = SCENARIOS[at[0]]
    step = scenario.steps[at[1]]
    order = _order(user, scenario) if page == "orders" or step.page == "orders" else None
    if _ENTER in st.session_state:
        if page != step.page:
            its = {"order": order.id} if order is not None else {}
            st.switch_page(f"pages/{step.page}.py", query_params=its)
        del st.session_state[_ENTER]
        _set_up(user, scenario, step)
    elif order is not None:
        at = st.session_state[_AT] = at[0], _sent(at[1], scenario)
    _told(at, scenario, scenario.steps[at[1]], order)


def _order(user: User, scenario: Scenario) -> Order | None:
    """What was confirmed of a scenario since it was begun, the last of it."""
    wanted = Wanted(username=user.username, groups=frozenset({scenario.group}), since=st.session_state[_SINCE])
    try:
        return next(iter(session.desk().past.orders(user, wanted, 1).rows), None)
    except EvenlotError:
        return None  # the page itself says what is wrong


def _sent(number: int, scenario: Scenario) -> int:
    """The step about the order that was confirmed, if it is still to come: sending it is going on."""
    following = range(number, len(scenario.steps))
    return next((each for each in following if scenario.steps[each].page == "orders"), number)


def _plays(user: User) -> bool:
    return session.office().trouble is not None and user.may(Permission.CONFIRM)


def _choices(place: str) -> None:
    with st.container(gap="xsmall"):
        for number, scenario in enumerate(SCENARIOS):
            st.button(
                f"**{scenario.name}** · {scenario.about}", icon=scenario.icon, key=f"story.{place}.{number}",
                type="tertiary", on_click=_go, args=(number, 0),
            )  # fmt: skip


def _told(at: tuple[int, int], scenario: Scenario, step: Step, order: Order | None) -> None:
    number, last = at[1], at[1] + 1 == len(scenario.steps)
    with st.container(border=True, key="story.told", gap="xsmall"):
        row = st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center")
        row.markdown(
            f"{scenario.icon} **{scenario.name}: {step.title}** · :gray[{number + 1} of {len(scenario.steps)}]",
            width="content",
        )
        row = row.container(horizontal=True, vertical_alignment="center", width="content")
        row.button(
            "Back", key="story.back", type="tertiary", icon=":material/arrow_back:", disabled=number == 0, on_click=_go,
            args=(at[0], number - 1),
        )  # fmt: skip
        row.button("Set up again", key="story.again", type="tertiary", icon=":material/replay:", on_click=_go, args=at)
        if not last:
            row.button(
                "Next", key="story.next", icon=":material/arrow_forward:", icon_position="right", on_click=_go,
                args=(at[0], number + 1),
            )  # fmt: skip
        row.button("End the demo" if last else "End", key="story.end", type="tertiary", on_click=_end)
        st.markdown(_says(step, order))


def _says(step: Step, order: Order | None) -> str:
    """What is so: whoever went on without confirming has no order to look at, and a large one may wait."""
    if step.page != "orders":
        return step.says
    if order is None:
        return NOT_CONFIRMED
    if order.state is OrderState.AWAITING:
        logins = session.office().gate.demo_logins
        return AWAITS.format(approver=next((each.username for each in logins if each.role == Role.APPROVER.label), "?"))
    return step.says


def _go(scenario: int, step: int) -> None:
    """Enter a step; the first one of a scenario ends whatever trouble an earlier one made."""
    session.office().gate.touch()
    if step == 0:
        _trouble("clear")
        st.session_state[_SINCE] = datetime.now(UTC)
    st.session_state.pop(GUIDED, None)
    st.session_state[_AT], st.session_state[_ENTER] = (scenario, step), True


def _end() -> None:
    _trouble("clear")
    for key in (_AT, _ENTER, _SINCE, GUIDED):
        st.session_state.pop(key, None)


def _trouble(plan: str) -> None:
    if (trouble := session.office().trouble) is not None:
        try:
            trouble(plan)
        except EvenlotError as error:
            frame.show(error)


def _set_up(user: User, scenario: Scenario, step: Step) -> None:
    """Choose and type what the step needs, before the page's fields are drawn; then the trouble, for it is the page's
    own reads that it is to strike."""
    trip = session.trip()
    with frame.waits():
        try:
            if trip.group != scenario.group:
                trip.group = scenario.group
                trip.keep(None)
            if step.page == "securities" or step.engine:
                asset = _bond(user)
                trip.asset_id = st.session_state["securities.text"] = asset
                if step.engine:
                    drafts.put(user, _request(user, scenario, asset, step.engine))
        except EvenlotError as error:
            frame.show(error)
    if step.plan:
        _trouble(step.plan)


def _bond(user: User) -> str:
    """The longest that has all its figures."""
    found = session.desk().find(user, WORDS).value
    measured = {b.asset_id: b.measures.spread_duration or 0.0 for b in found if b.price is not None}
    if not measured:
        raise NotFound(f"The demo book has no bond like {WORDS}.")
    return max(measured, key=measured.__getitem__)


def _request(user: User, scenario: Scenario, asset: str, engine: str) -> Request:
    desk = session.desk()
    bond = desk.bond(user, asset).value
    settlement = desk.settlement(bond)
    missing = frozenset(spread(desk.group(user, scenario.group, settlement).value.accounts, Metric.ASD).missing)
    st.session_state[method.left_out(scenario.group, bond, Metric.ASD, missing)] = scenario.decided
    excluded = missing if scenario.decided else frozenset[str]()
    choices = Choices(engine=engine, metric=Metric.ASD, excluded=excluded)
    return Request(scenario.group, asset, Side.BUY, scenario.face, settlement, None, choices)
