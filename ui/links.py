"""The groups, the bond and the metric in the address: taken up where somebody opened a link, and written there whenever
they change, so that an address copied from a screen opens the same screen for a colleague."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from allocation.errors import EvenlotError
from orders.errors import NotFound, NotPermitted
from orders.groups import accounts_within
from orders.model import User
from orders.searching import carries
from ui import frame, session

GROUP, ASSET, SHOWN, METRIC = "group", "asset", "show", "metric"
MOST_SHOWN = 4  # groups beside the chosen one: each is read whole
_VISITED = "links.visited"  # groups that a link opened and that are not on the user's list
_OURS = (GROUP, ASSET, SHOWN, METRIC)
# what we last put there, None while a link is taken up; what stood against what was found there
_WRITTEN, _REFUSED = "links.written", "links.refused"

Address = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Followed:
    """What else than its group and its bond a link has opened: groups to be shown beside, and the key of a metric."""

    shown: tuple[str, ...] = ()
    metric: str = ""


def take_up(user: User) -> Followed | None:
    """Choose the group and the bond that the address names, unless we wrote it; what cannot be chosen is said,
    and what was chosen before stays. None where nobody came by a link."""
    found = _there()
    if found == st.session_state.get(_WRITTEN):
        if found.get(GROUP, []) == _some(session.trip().group):
            _say()
        return None
    refused: list[EvenlotError] = []
    st.session_state[_REFUSED], st.session_state[_WRITTEN] = refused, None
    if not found:
        return None

    def tried(take: Callable[[], str | None]) -> str | None:
        try:
            return take()
        except EvenlotError as error:
            refused.append(error)
            return None

    trip = session.trip()
    before = trip.group, trip.asset_id
    for ticker in found.get(GROUP, [])[-1:]:
        trip.group = tried(partial(_visible, user, ticker)) or trip.group
        session.opened_by_link()
    for identifier in found.get(ASSET, [])[-1:]:
        trip.asset_id = tried(partial(_asset, user, identifier)) or trip.asset_id
    if (trip.group, trip.asset_id) != before:
        trip.keep(None)  # a preview is of one group and one bond
    asked = list(dict.fromkeys(found.get(SHOWN, [])))
    shown = [tried(partial(_visible, user, ticker)) for ticker in asked[:MOST_SHOWN]]
    if len(asked) > MOST_SHOWN:
        said = f"The address shows {len(asked)} groups beside the chosen one; the first {MOST_SHOWN} are shown."
        refused.append(EvenlotError(said))
    _say()
    return Followed(tuple(dict.fromkeys(filter(None, shown))), found.get(METRIC, [""])[-1])


def write(group: str | None, asset_id: str | None = None, shown: Sequence[str] = (), metric: str = "") -> None:
    """Let the address name what is on the screen."""
    now = {GROUP: _some(group), ASSET: _some(asset_id), SHOWN: list(shown), METRIC: _some(metric)}
    address = {name: values for name, values in now.items() if values}
    if address != _there():
        others = {name: st.query_params.get_all(name) for name in st.query_params if name not in _OURS}
        st.query_params.from_dict(others | address)
    if st.session_state.get(_WRITTEN) not in (None, address):  # something else was chosen since
        st.session_state.pop(_REFUSED, None)
    st.session_state[_WRITTEN] = address


def _there() -> Address:
    return {name: values for name in _OURS if (values := st.query_params.get_all(name))}


def _some(value: str | None) -> list[str]:
    return [value] if value else []


def _say() -> None:
    """What stood against the address, on each run until something else is chosen: sign-in makes several."""
    for error in st.session_state.get(_REFUSED, ()):
        frame.show(error)


def visited(listed: Sequence[str]) -> tuple[str, ...]:
    """The groups that links opened in this session and that are not on the list: shown, and listed by a click only."""
    return tuple(group for group in st.session_state.get(_VISITED, ()) if group not in listed)


def _visible(user: User, ticker: str) -> str:
    """The group by this ticker, on the user's list or not. `NotFound` when there is none, `NotPermitted` when the user
    is not entitled to it."""
    named = ticker.strip()
    listed = session.desk().groups(user)
    if known := next((group for group in listed if group.casefold() == named.casefold()), None):
        return known
    try:
        tree = session.desk().tree(user, named).value
        if not accounts_within(tree):
            raise NotFound(f"Aladdin shows no accounts in {named}.")
    except (NotFound, NotPermitted) as error:
        raise type(error)(f"The group in the address cannot be shown. {error}") from error
    st.session_state[_VISITED] = tuple(dict.fromkeys((*st.session_state.get(_VISITED, ()), named)))[-MOST_SHOWN - 1 :]
    return named


def _asset(user: User, identifier: str) -> str:
    """The asset id of the bond that carries this CUSIP, ISIN, SEDOL or asset id; `NotFound` when there is none."""
    named = identifier.strip().upper()
    try:
        found = session.desk().find(user, named).value
    except NotFound as error:
        raise NotFound(f"The bond in the address cannot be shown. {error}", error.close) from error
    for bond in found:
        if carries(bond, named):
            return bond.asset_id
    raise NotFound(f"No bond has the CUSIP, ISIN, SEDOL or asset id {identifier}, which the address names.")
