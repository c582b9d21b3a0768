"""How the transport spares an Aladdin that is slow, busy or out of order, and tells those who wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
import structlog

from aladdin.http.breaker import CircuitState
from aladdin.http.limiter import WINDOW_SECONDS, Queue
from aladdin.http.transport import Call, Transport
from orders.errors import Malformed, NotPermitted, OutsideError, RateLimited, Rejected, Unavailable
from orders.waiting import Waiting, announce_waits
from tests.aladdin.loopback import Asked, Loopback, Reply
from tests.aladdin.patience import Patience
from tests.aladdin.sending import LATER, READ, START, Desk, scripted

POST = Call("POST", "/api/trading/order-management/order/v1/order:post", "posting order EV-1", body={"x": 1})
FILTER = Call("POST", "/api/trading/order-management/order/v1/orders:filter", "following orders", body={})
POSITIONS = Call("GET", "/api/portfolio-mgmt/positions/v1/position", "reading the positions of group G")
DOWN, UP = Reply(status=503), Reply({"ok": 1})


def test_a_call_knows_its_api_group_its_operation_and_its_scope() -> None:
    assert (POST.group, POST.operation) == ("trading/order-management/order/v1", "order:post")
    assert POST.scope == "trading.order_management.order.v1.Order:write"
    assert FILTER.scope == "trading.order_management.order.v1.Order:read"
    assert (POSITIONS.group, POSITIONS.operation, POSITIONS.scope) == ("portfolio-mgmt/positions/v1", "position", "")
    polled = Call("GET", "/api/trading/order-management/order/v1/longrunningoperations/17", "waiting")
    assert (polled.operation, polled.scope) == ("longrunningoperations", FILTER.scope)
    assert (READ.group, READ.operation) == ("/api/thing", "thing")


# -- quotas --------------------------------------------------------------------------------------------------------


def test_a_call_beyond_the_quota_waits_for_its_turn() -> None:
    with Desk(scripted(UP), calls_a_minute=2) as desk:
        for _ in range(3):
            desk.transport.read(READ)
        assert desk.pauses == [WINDOW_SECONDS]
        assert len(desk.server.calls()) == 3


def test_a_read_whose_turn_would_come_past_its_deadline_is_told_so_at_once_and_not_repeated() -> None:
    with Desk(scripted(UP), calls_a_minute=1, read_deadline=60) as desk:
        desk.transport.read(READ)
        with pytest.raises(
            RateLimited, match=r"while reading the thing: .* used up\. Try again in 61 seconds"
        ) as raised:
            desk.transport.read(READ)
        assert raised.value.retry_after == WINDOW_SECONDS
        assert raised.value.reference
        assert desk.pauses == []
        assert len(desk.server.calls()) == 1


def test_a_write_waits_no_longer_than_it_may_begin_and_then_never_leaves() -> None:
    with Desk(scripted(UP), quotas={"order:post": 1}) as desk:
        desk.transport.write(POST, LATER)
        with pytest.raises(RateLimited, match="the 1 calls a minute of order:post"):
            desk.transport.write(POST, START + timedelta(seconds=10))
        assert len(desk.server.calls()) == 1
        desk.transport.write(POST, START + timedelta(seconds=62))
        assert desk.pauses == [WINDOW_SECONDS]


def test_a_pause_that_aladdin_asks_of_one_call_holds_for_others_of_the_operation() -> None:
    busy = Reply(status=429, headers={"Retry-After": "7"})
    with Desk(scripted(busy, UP)) as desk:
        with pytest.raises(RateLimited):
            desk.transport.write(POST, LATER)
        desk.transport.read(FILTER)
        assert desk.pauses == []
        desk.transport.write(POST, LATER)
        assert desk.pauses == [7.0]


def test_sixteen_threads_at_once_fetch_one_token_and_never_exceed_the_quota() -> None:
    patience = Patience()
    arrived: list[float] = []

    def note(_asked: Asked) -> Reply:
        arrived.append(patience.monotonic())
        return UP

    with Loopback(note) as server:
        config = server.config(calls_a_minute=10, read_deadline=1000, max_workers=16)
        transport = Transport(config, lambda: START, sleep=patience.sleep, monotonic=patience.monotonic)
        patience.run(16, lambda _number: [transport.read(READ) for _ in range(3)])
        transport.close()
        assert server.granted == 1
    assert len(arrived) == 48
    assert all(last - first >= WINDOW_SECONDS for first, last in zip(arrived, arrived[10:], strict=False))


def test_it_can_be_seen_that_calls_wait_and_for_how_long() -> None:
    seen: list[Queue] = []
    with Desk(scripted(UP), calls_a_minute=1) as desk:
        desk.transport._limiter._sleep = lambda _seconds: seen.append(desk.transport.waiting)
        for _ in range(2):
            desk.transport.read(READ)
        assert seen == [Queue(1, WINDOW_SECONDS)]
        assert desk.transport.waiting == Queue()


# -- repeats -------------------------------------------------------------------------------------------------------


def test_no_attempt_begins_past_the_deadline() -> None:
    busy = Reply(status=429, headers={"Retry-After": "7"})
    with Desk(scripted(busy), read_deadline=10) as desk:
        with pytest.raises(RateLimited):
            desk.transport.read(READ)
        assert desk.pauses == [7.0]
        assert len(desk.server.calls()) == 2


def test_retry_after_as_a_date_is_counted_on_aladdins_own_clock() -> None:
    hours_off = {"Date": "Sat, 21 Nov 2026 03:00:00 GMT", "Retry-After": "Sat, 21 Nov 2026 03:00:12 GMT"}
    with Desk(scripted(Reply(status=429, headers=hours_off), UP)) as desk:
        desk.transport.read(READ)
        assert desk.pauses == [12.0]


def test_whoever_asked_is_told_of_a_pause_before_another_attempt_and_of_its_end() -> None:
    told: list[Waiting] = []
    with Desk(scripted(Reply(status=503, headers={"Retry-After": "7"}), UP)) as desk, announce_waits(told.append):
        desk.transport.read(READ)
    assert told == [Waiting("to ask Aladdin again", 7.0), Waiting()]


# -- circuits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [Reply(status=500), DOWN, Reply(hang_up=True)])
def test_five_failures_in_a_row_leave_the_group_alone_for_thirty_seconds(failure: Reply) -> None:
    with Desk(scripted(*[failure] * 5, UP)) as desk:
        for _ in range(2):
            with pytest.raises(Unavailable) as raised:
                desk.transport.read(FILTER)
            assert raised.value.__cause__ is not None  # the failure itself, not the refusal of a further attempt
        assert len(desk.server.calls()) == 5
        opened_after = sum(desk.pauses)
        with pytest.raises(Unavailable, match="failed 5 times in a row") as raised:
            desk.transport.read(FILTER)
        assert not raised.value.sent
        assert raised.value.reference
        assert sum(desk.pauses) == opened_after  # at once
        desk.clock.pass_seconds(30)
        assert desk.transport.read(FILTER).json() == {"ok": 1}
        assert len(desk.server.calls()) == 6


def test_a_write_is_refused_at_once_while_its_group_is_left_alone() -> None:
    with Desk(scripted(DOWN)) as desk:
        for _ in range(5):
            with pytest.raises(Unavailable) as raised:
                desk.transport.write(POST, LATER)
            assert raised.value.sent
        with structlog.testing.capture_logs() as lines, pytest.raises(Unavailable) as raised:
            desk.transport.write(POST, LATER)
        assert str(raised.value) == (
            "Aladdin's trading/order-management/order/v1 failed 5 times in a row, so nothing was sent while posting "
            "order EV-1. It is tried again in 30 seconds."
        )
        assert not raised.value.sent
        assert raised.value.reference == lines[0]["request_id"]
        assert len(desk.server.calls()) == 5


def test_the_trouble_names_the_group_that_is_left_alone_though_others_answer() -> None:
    with Desk(lambda asked: UP if "positions" in asked.path else DOWN) as desk:
        for _ in range(2):
            with pytest.raises(Unavailable):
                desk.transport.read(FILTER)
        desk.transport.read(POSITIONS)
        assert desk.transport.trouble == (
            "trading/order-management/order/v1 failed 5 times in a row and is tried again in 30 seconds."
        )
        states = {status.group: status.state for status in desk.transport.circuits}
        assert states == {
            "oauth2/default/v1": CircuitState.CLOSED,
            "portfolio-mgmt/positions/v1": CircuitState.CLOSED,
            "trading/order-management/order/v1": CircuitState.OPEN,
        }
        assert desk.transport.resting(POST.path)
        assert not desk.transport.resting(POSITIONS.path)


def test_the_kind_of_trouble_stays_what_it_was_while_nothing_is_asked() -> None:
    with Desk(scripted(DOWN)) as desk:
        for _ in range(3):
            with pytest.raises(Unavailable):
                desk.transport.read(FILTER)
        assert desk.transport.trouble.startswith("Aladdin fails with status 503. Trouble since 20 Nov 15:00 UTC.")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=400), Rejected),
        (Reply(status=403), NotPermitted),
        (Reply(status=429), RateLimited),
        (Reply(headers={"Content-Encoding": "gzip"}), Malformed),
    ],
)
def test_an_answer_that_refuses_or_cannot_be_read_is_no_failure(reply: Reply, error: type[OutsideError]) -> None:
    with Desk(scripted(reply)) as desk:
        for _ in range(6):
            with pytest.raises(error):
                desk.transport.read(FILTER)
        assert not desk.transport.resting(FILTER.path)


# -- scopes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message", "said"),
    [
        (
            POST,
            "no",
            "It needs the scope trading.order_management.order.v1.Order:write: have it granted to this client.",
        ),
        (
            POSITIONS,
            "missing scope portfolio_mgmt.positions.v1.Position:read",
            "It needs the scope portfolio_mgmt.positions.v1.Position:read, which is not among the scopes",
        ),
    ],
)
def test_what_is_not_permitted_names_the_scope_it_needs(call: Call, message: str, said: str) -> None:
    with Desk(scripted(Reply({"message": message}, status=403))) as desk:
        with pytest.raises(NotPermitted) as raised:
            desk.transport.read(call)
        (asked,) = desk.server.calls()
        assert said in str(raised.value)
        assert asked.headers["VND.com.blackrock.Request-ID"] in str(raised.value)


def test_where_no_scope_is_known_none_is_named() -> None:
    with Desk(scripted(Reply(status=403))) as desk, pytest.raises(NotPermitted) as raised:
        desk.transport.read(POSITIONS)
    assert "scope" not in str(raised.value)


# -- one id in log and error -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reply", "grant"), [(DOWN, None), (Reply(), Reply(status=500))])
def test_the_id_of_the_request_is_in_its_log_line_and_in_the_errors_reference(
    reply: Reply, grant: Reply | None
) -> None:
    with (
        structlog.testing.capture_logs() as lines,
        Desk(scripted(reply), tokens=scripted(grant) if grant else None) as desk,
    ):
        with pytest.raises(Unavailable) as raised:
            desk.transport.read(READ)
        sent = [asked.headers["VND.com.blackrock.Request-ID"] for asked in desk.server.asked]
    assert raised.value.reference == sent[-1]
    assert raised.value.reference in [line.get("request_id") for line in lines]
