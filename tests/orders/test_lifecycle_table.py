"""Every state with every event, against what is expected of groups of them, written down here by itself."""

from __future__ import annotations

import itertools

import pytest

from orders.errors import IllegalTransition
from orders.lifecycle import Event, step
from orders.model import OrderState as S

E = Event

UNSENT = {S.AWAITING, S.SCHEDULED, S.CONFIRMED, S.APPROVED, S.SEND_FAILED}
MAY_GO = {S.CONFIRMED, S.APPROVED, S.SEND_FAILED}
WORKED = {S.COMPLIANCE, S.OPEN, S.AUTHORIZED, S.ACTIVE, S.PART_FILLED, S.FOREIGN}
ASKED = {S.MODIFY_PENDING, S.CANCEL_PENDING}
AT_ALADDIN = WORKED | ASKED | {S.FILLED}
IN_DOUBT = {S.SENDING, S.UNKNOWN}
LIVE_WORDS = {
    E.REPORTED_COMPLIANCE: S.COMPLIANCE,
    E.REPORTED_OPEN: S.OPEN,
    E.REPORTED_AUTHORIZED: S.AUTHORIZED,
    E.REPORTED_ACTIVE: S.ACTIVE,
    E.REPORTED_PART_FILLED: S.PART_FILLED,
    E.REPORTED_FILLED: S.FILLED,
    E.REPORTED_FOREIGN: S.FOREIGN,
}
LAST_WORDS = {
    E.REPORTED_BOOKED: S.BOOKED,
    E.REPORTED_CANCELED: S.CANCELED,
    E.REPORTED_EXPIRED: S.EXPIRED,
    E.REPORTED_REJECTED: S.REJECTED,
}
# event: from where it may happen, and where to; None where it stays
ONE_WAY: dict[E, tuple[set[S], S | None]] = {
    E.CONFIRM: (set(), None),  # an order begins with it
    E.APPROVE: ({S.AWAITING}, S.APPROVED),
    E.APPROVE_FOR_LATER: ({S.AWAITING}, S.SCHEDULED),
    E.DECLINE: ({S.AWAITING}, S.REJECTED),
    E.WITHDRAW: (UNSENT, S.CANCELED),
    E.SEND_AGAIN: ({S.SEND_FAILED}, S.CONFIRMED),
    E.NOT_THERE: ({S.UNKNOWN}, S.SEND_FAILED),
    E.MODIFY: (WORKED, S.MODIFY_PENDING),
    E.CANCEL: (WORKED | {S.MODIFY_PENDING}, S.CANCEL_PENDING),
    E.CLOSE: (AT_ALADDIN, S.CANCELED),
    E.CLOSE_ASKED: (AT_ALADDIN, None),
    E.CLOSE_AGREED: (AT_ALADDIN, S.CANCELED),
    E.RELEASE: ({S.SCHEDULED}, S.CONFIRMED),
    E.RELEASE_MISSED: ({S.SCHEDULED}, S.SEND_FAILED),
    E.SEND: (MAY_GO | {S.UNKNOWN}, S.SENDING),
    E.GIVEN_UP: (MAY_GO, S.SEND_FAILED),
    E.MISSED: ({S.UNKNOWN}, None),
    E.RESTORED: (UNSENT | IN_DOUBT, S.UNKNOWN),
    E.STILL_AWAITING: ({S.UNKNOWN}, S.AWAITING),
    E.STILL_SCHEDULED: ({S.UNKNOWN}, S.SCHEDULED),
    E.REFUSED: (MAY_GO | {S.SENDING}, S.REJECTED),
    E.REPEAT_NEVER_LEFT: ({S.SENDING}, S.UNKNOWN),
    E.LAPSED: (UNSENT, S.EXPIRED),
    E.MODIFY_SENT: ({S.MODIFY_PENDING}, None),
    E.CANCEL_REFUSED: ({S.CANCEL_PENDING}, S.OPEN),
    E.ADOPTED: (WORKED | {S.FILLED}, None),
    E.EXPLAINED: (AT_ALADDIN | set(LAST_WORDS.values()), None),
    E.EXPLANATION_APPROVED: (AT_ALADDIN | set(LAST_WORDS.values()), None),
    E.NOTED: (UNSENT | {S.UNKNOWN} | AT_ALADDIN, None),
}
OF_A_MODIFICATION = {E.MODIFIED, E.MODIFY_REFUSED}
OF_A_POST = {E.NEVER_LEFT: S.SEND_FAILED, E.ANSWER_LOST: S.UNKNOWN, E.REPEAT_REFUSED: S.UNKNOWN}


def expected(state: S, event: E) -> S | None:
    """Where it leads; None where it may not happen."""
    if event in ONE_WAY:
        sources, to = ONE_WAY[event]
        return (to or state) if state in sources else None
    if event in OF_A_MODIFICATION:  # which may have been canceled before it was settled
        return {S.MODIFY_PENDING: S.OPEN, S.CANCEL_PENDING: state}.get(state)
    if event in OF_A_POST:  # of a post, or of what was asked to modify
        return {S.SENDING: OF_A_POST[event], S.MODIFY_PENDING: state}.get(state)
    if event is E.MISTAKEN:
        return S.UNKNOWN if state in IN_DOUBT else state if state in AT_ALADDIN else None
    if state in LAST_WORDS.values():  # booked late, corrected, or taken back
        return LAST_WORDS.get(event)
    if state not in IN_DOUBT | AT_ALADDIN:
        return None
    if event in LIVE_WORDS:
        return state if state in ASKED else LIVE_WORDS[event]
    return LAST_WORDS[event]


@pytest.mark.parametrize(("state", "event"), [*itertools.product(S, E)])
def test_each_event_leads_where_it_should_or_is_refused(state: S, event: E) -> None:
    to = expected(state, event)
    if to is not None:
        assert step(state, event) is to
        return
    with pytest.raises(IllegalTransition) as refused:
        step(state, event)
    assert str(refused.value).startswith(f"An order that is {state.value} cannot ")


def test_what_may_be_at_aladdin_is_ended_by_aladdin_alone_or_closed_by_a_person_who_finds_it_gone() -> None:
    ended = {S.BOOKED, S.CANCELED, S.EXPIRED, S.REJECTED}
    for state, event in itertools.product(IN_DOUBT | AT_ALADDIN, E):
        if expected(state, event) in ended:
            assert event in {*LAST_WORDS, E.CLOSE, E.CLOSE_AGREED} or (state, event) == (S.SENDING, E.REFUSED)
            assert state in AT_ALADDIN or event not in {E.CLOSE, E.CLOSE_AGREED}


def test_nothing_is_sent_that_somebody_must_approve_first() -> None:
    ways = {event for event in E if expected(S.AWAITING, event) in {S.SENDING, *MAY_GO}}
    assert ways == {E.APPROVE}
