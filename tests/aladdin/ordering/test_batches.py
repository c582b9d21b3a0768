"""Many orders at once over real HTTP: begun once, asked after until done, and what became of each in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from aladdin.client import Aladdin
from aladdin.reading.cache import AnswerCache
from orders.errors import AuthenticationFailed, DeskError, NotPermitted, RateLimited, Rejected, Unavailable
from orders.model import BrokerOrder, Cancellation, OrderLine
from tests.aladdin.batching import Batching, Operations, canceling, echoed, numbered, posted, unknown
from tests.aladdin.conftest import Desk
from tests.aladdin.loopback import Reply
from tests.aladdin.ordering.test_broker import LATER, TICKET, placed

DEADLINE = 60  # seconds
POLL = "/longrunningoperations/"
CERTAIN = {
    3: Rejected,
    5: Rejected,
    9: Rejected,
    11: Rejected,
    7: NotPermitted,
    8: RateLimited,
    16: AuthenticationFailed,
}


@pytest.fixture
def batching(desk: Desk) -> Iterator[Batching]:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        desk.clock.pass_seconds(seconds)

    operations = Operations()
    desk.world.override |= {"orders:batch": operations.begin, POLL: operations.ask}
    config = desk.server.config(operation_deadline=DEADLINE)
    client = Aladdin(
        config, AnswerCache(desk.directory), desk.clock, "small", sleep=sleep, monotonic=desk.clock.monotonic
    )
    yield Batching(desk, client, operations, pauses)
    client.close()


def test_many_orders_are_posted_in_one_batch_and_come_back_in_the_order_asked(batching: Batching) -> None:
    fates = batching.client.post_all(numbered(3), LATER)
    assert posted(fates) == ["EV-1", "EV-2", "EV-3"]
    assert isinstance(fates[0], BrokerOrder)
    assert fates[0].asked == {"ACC1": Decimal(2000), "ACC2": Decimal(3000)}
    (begun,) = batching.begun()
    assert begun.path.endswith("/orders:batchPost")
    assert begun.json()["postOrderConfig"] == {"whatIf": False, "runCompliance": True, "complianceTimeout": "10s"}


def test_many_orders_are_canceled_in_one_batch(batching: Batching) -> None:
    fates = batching.client.cancel_all([*canceling(2), Cancellation("too late", reference="EV-1")], LATER)
    assert [(fate.id, fate.status) for fate in fates if isinstance(fate, BrokerOrder)] == [
        ("1", "Canceled"),
        ("2", "Canceled"),
        ("9", "Canceled"),
    ]
    (begun,) = batching.begun()
    assert begun.path.endswith("/orders:batchCancel")
    assert begun.json()["requests"][2] == {
        "externalReference": {"externalId1": "EV-1"},
        "orderComments": [{"orderCommentKey": "General", "orderCommentValue": "too late"}],
    }


def test_nothing_asks_nothing(batching: Batching) -> None:
    assert batching.client.post_all([], LATER) == batching.client.cancel_all([], LATER) == ()
    assert batching.desk.server.calls() == []


def test_more_than_fit_one_batch_are_split_and_all_are_begun_before_the_first_is_asked_after(
    batching: Batching,
) -> None:
    assert posted(batching.client.post_all(numbered(2001), LATER)) == [f"EV-{n}" for n in range(1, 2002)]
    assert [len(asked.json()["orders"]) for asked in batching.begun()] == [1000, 1000, 1]
    kinds = ["begin" if "orders:batch" in asked.path else "ask" for asked in batching.desk.server.calls()]
    assert kinds == ["begin"] * 3 + ["ask"] * 3
    fates = batching.client.cancel_all(canceling(501), LATER)
    assert [fate.id for fate in fates if isinstance(fate, BrokerOrder)] == [str(n) for n in range(1, 502)]
    assert [len(asked.json()["requests"]) for asked in batching.begun()[3:]] == [500, 1]


def test_an_operation_is_asked_after_with_growing_pauses_until_it_is_done(batching: Batching) -> None:
    batching.operations.turns = 9
    assert posted(batching.client.post_all(numbered(1), LATER)) == ["EV-1"]
    assert batching.pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5]
    assert len(batching.begun()) == 1


def test_an_operation_that_is_done_at_once_is_not_asked_after(batching: Batching) -> None:
    batching.operations.turns = 0
    assert posted(batching.client.post_all(numbered(2), LATER)) == ["EV-1", "EV-2"]
    assert batching.desk.server.calls(POLL) == []


def test_an_operation_that_never_ends_is_given_up_at_its_deadline(batching: Batching) -> None:
    batching.operations.turns = 10**9
    fates = batching.client.post_all(numbered(2), LATER)
    unknown(fates, "order EV-1", "order EV-2")
    assert "did not finish posting 2 orders at once within 60 seconds (operation ops/0)" in str(fates[0])
    assert DEADLINE - 5 <= sum(batching.pauses) <= DEADLINE
    assert len(batching.begun()) == 1


def test_an_operation_that_cannot_be_asked_after_for_a_while_is_asked_again(batching: Batching) -> None:
    batching.operations.asked_after = lambda turn: Reply(status=503) if turn <= 5 else None  # which opens the circuit
    assert posted(batching.client.post_all(numbered(1), LATER)) == ["EV-1"]


def test_an_operation_that_can_never_be_asked_after_says_what_kept_us(batching: Batching) -> None:
    batching.operations.asked_after = lambda _turn: Reply(status=503)
    fates = batching.client.post_all(numbered(1), LATER)
    unknown(fates, "order EV-1")
    assert "within 60 seconds" in str(fates[0])
    assert "times in a row" in str(fates[0])


@pytest.mark.parametrize("reply", [Reply(status=404), Reply(status=403), Reply("<html>"), Reply({"done": True})])
def test_an_operation_that_is_gone_or_unreadable_leaves_each_order_unknown(batching: Batching, reply: Reply) -> None:
    batching.operations.asked_after = lambda _turn: reply
    unknown(batching.client.post_all(numbered(2), LATER), "order EV-1", "order EV-2")


@pytest.mark.parametrize(
    "answer",
    [
        {"done": True, "error": {"code": 3, "message": "Too many."}},
        {"done": True},
        {"done": True, "response": {}},
        {"done": True, "response": {"results": []}},
        {"done": True, "response": {"results": [echoed(placed(reference="EV-1"), 1)]}},
        {"done": True, "response": {"results": [echoed(placed(reference=f"EV-{n}"), n) for n in (1, 2, 3)]}},
    ],
)
def test_an_operation_that_failed_or_has_not_a_result_for_each_leaves_each_unknown(
    batching: Batching, answer: dict[str, Any]
) -> None:
    batching.answers(Reply({"id": "op"} | answer))
    fates = batching.client.post_all(numbered(2), LATER)
    unknown(fates, "order EV-1", "order EV-2")
    unknown(
        batching.client.cancel_all(canceling(2), LATER), "the cancellation of order 1", "the cancellation of order 2"
    )


def test_the_results_of_an_operation_that_failed_are_not_believed(batching: Batching) -> None:
    results = [echoed(placed(reference=f"EV-{n}"), n) for n in (1, 2)]
    failed = {"error": {"code": 13, "message": "Broken."}, "response": {"results": results}}
    batching.answers(Reply({"id": "op", "done": True} | failed))
    fates = batching.client.post_all(numbered(2), LATER)
    unknown(fates, "order EV-1", "order EV-2")
    assert "gave up posting 2 orders at once (Broken)" in str(fates[0])


@pytest.mark.parametrize("answered", [True, False])
def test_after_a_batch_the_groups_cash_is_read_again(batching: Batching, answered: bool) -> None:
    if not answered:
        batching.answers(Reply(status=500))
    batching.client.group("G/1", TICKET.settlement)
    batching.desk.clock.pass_seconds(1)
    batching.client.post_all(numbered(1), LATER)
    batching.desk.clock.pass_seconds(1)
    batching.client.group("G/1", TICKET.settlement)
    assert len(batching.desk.server.calls("ladders:filter")) == 2


def test_results_in_another_order_leave_each_unknown_as_nobody_knows_whose_error_is_whose(batching: Batching) -> None:
    batching.operations.changed = lambda results: [results[1], results[0], {"error": {"code": 3, "message": "No."}}]
    unknown(batching.client.post_all(numbered(3), LATER), "order EV-1", "order EV-2", "order EV-3")


@pytest.mark.parametrize(
    "reply", [Reply(status=500), Reply(status=409), Reply(hang_up=True), Reply("<html>"), Reply({"done": False})]
)
def test_a_begin_whose_answer_is_lost_leaves_each_unknown_and_is_not_repeated(batching: Batching, reply: Reply) -> None:
    batching.answers(reply)
    unknown(batching.client.post_all(numbered(2), LATER), "order EV-1", "order EV-2")
    assert len(batching.begun()) == 1


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (404, Rejected), (403, NotPermitted), (429, RateLimited)]
)
def test_a_refused_begin_refuses_each_for_certain(batching: Batching, status: int, error: type[DeskError]) -> None:
    batching.answers(Reply({"code": "NO", "message": "no"}, status))
    fates = batching.client.post_all(numbered(2), LATER)
    assert [type(fate) for fate in fates] == [error, error]
    assert len(batching.begun()) == 1


def test_a_batch_whose_time_has_passed_is_not_begun(batching: Batching) -> None:
    batching.desk.clock.pass_seconds(3601)
    for fate in batching.client.post_all(numbered(2), LATER):
        assert isinstance(fate, Unavailable)
        assert not fate.sent
    assert batching.begun() == []


@pytest.mark.parametrize("code", range(18))
def test_an_order_that_fails_inside_a_batch_has_its_own_name_and_harms_no_other(batching: Batching, code: int) -> None:
    batching.operations.changed = lambda results: [results[0], {"error": {"code": code, "message": "No."}}, results[2]]
    first, second, third = batching.client.post_all(numbered(3), LATER)
    assert posted([first, third]) == ["EV-1", "EV-3"]
    assert type(second) is CERTAIN.get(code, Unavailable)
    assert "order EV-2" in str(second)
    assert ("may have been placed" in str(second)) == (code not in CERTAIN)


@pytest.mark.parametrize("odd", [None, {}, {"output": {}}, {"output": {"order": {"orderStatus": "Open"}}}, "what"])
def test_a_result_that_cannot_be_read_leaves_one_order_unknown_and_harms_no_other(batching: Batching, odd: Any) -> None:
    batching.operations.changed = lambda results: [results[0], odd, results[2]]
    first, second, third = batching.client.post_all(numbered(3), LATER)
    assert posted([first, third]) == ["EV-1", "EV-3"]
    unknown([second], "order EV-2")


def by_number(results: list[Any]) -> list[Any]:
    """The results with accounts given by number alone: 1001 is known, 77 is not."""
    for result, number in zip(results, ("1001", "77"), strict=True):
        result["output"]["order"]["orderDetails"] = [{"portfolioReference": {"portfolioId": number}, "quantity": 5000}]
    return results


def test_accounts_are_named_in_one_look_up_and_one_without_a_name_harms_no_other(batching: Batching) -> None:
    batching.operations.changed = by_number
    first, second = batching.client.post_all(numbered(2), LATER)
    assert isinstance(first, BrokerOrder)
    assert first.asked == {"ACC1": Decimal(5000)}
    unknown([second], "order EV-2")
    assert len(batching.desk.server.calls("portfolios:filter")) == 1


def test_orders_are_no_less_placed_when_names_cannot_be_looked_up(batching: Batching) -> None:
    batching.operations.changed = lambda results: [results[0], *by_number(results[1:])]
    batching.desk.world.override["portfolios:filter"] = lambda _asked: Reply(status=500)
    first, second, third = batching.client.post_all(numbered(3), LATER)
    assert posted([first]) == ["EV-1"]
    unknown([second, third], "order EV-2", "order EV-3")


def test_a_ticket_that_cannot_be_sent_is_left_out_and_keeps_its_place(batching: Batching) -> None:
    tickets = numbered(3)
    tickets[1] = replace(tickets[1], lines=(OrderLine("ACC1", 0),))
    first, second, third = batching.client.post_all(tickets, LATER)
    assert posted([first, third]) == ["EV-1", "EV-3"]
    assert isinstance(second, Rejected)
    assert "EV-2 has no face" in str(second)


def test_a_reference_that_comes_twice_is_posted_once(batching: Batching) -> None:
    first, again = batching.client.post_all([TICKET, TICKET], LATER)
    assert posted([first]) == ["EV-1"]
    assert isinstance(again, Rejected)
    assert "twice" in str(again)
    assert len(batching.begun()[0].json()["orders"]) == 1
