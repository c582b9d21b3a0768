"""How a call that may change something travels: once, in time, and with nothing in doubt that can be known."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from aladdin.config import AladdinConfig
from aladdin.http.transport import Transport
from orders.errors import AuthenticationFailed, NotPermitted, RateLimited, Rejected, Unavailable
from tests.aladdin.loopback import SECRET, Asked, Reply
from tests.aladdin.sending import LATER, START, WRITE, Desk, first_token_is_void, scripted


def test_a_write_is_sent_again_with_a_new_token_when_the_first_is_refused() -> None:
    with Desk(first_token_is_void) as desk:
        assert desk.transport.write(WRITE, LATER).json() == {"ok": 1}
        assert desk.server.granted == 2
        assert len(desk.server.calls()) == 2


@pytest.mark.parametrize("reply", [Reply(status=500), Reply(status=502), Reply(hang_up=True)])
def test_a_write_is_sent_once_and_its_fate_is_unknown_when_the_answer_is_lost(reply: Reply) -> None:
    with Desk(scripted(reply)) as desk:
        with pytest.raises(Unavailable) as raised:
            desk.transport.write(WRITE, LATER)
        assert raised.value.sent
        assert len(desk.server.calls()) == 1


def test_a_write_that_times_out_may_have_been_acted_upon() -> None:
    release = threading.Event()

    def slow(_asked: Asked) -> Reply:
        release.wait(10)
        return Reply()

    with Desk(slow, read_timeout=0.1) as desk:
        desk.transport._sign_in.current()
        with pytest.raises(Unavailable, match="did not answer in time while posting order EV-1") as raised:
            desk.transport.write(WRITE, LATER)
        release.set()
        assert raised.value.sent


def test_a_write_that_cannot_connect_never_left() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        config = AladdinConfig(f"http://127.0.0.1:{taken.getsockname()[1]}", "desk", SecretStr(SECRET))
        transport = Transport(config, lambda: START, sleep=lambda _seconds: None)
        with pytest.raises(Unavailable, match="could not be reached") as raised:
            transport.write(WRITE, LATER)
        transport.close()
    assert not raised.value.sent


@pytest.mark.parametrize("fault", [httpx.ConnectTimeout("t"), httpx.PoolTimeout("t"), httpx.ConnectError("c")])
def test_a_fault_before_the_request_leaves_is_marked_not_sent(fault: httpx.RequestError) -> None:
    def raising(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 60})
        raise fault

    config = AladdinConfig("https://aladdin.example", "desk", SecretStr(SECRET))
    transport = Transport(config, lambda: START, wire_transport=httpx.MockTransport(raising))
    with pytest.raises(Unavailable) as raised:
        transport.write(WRITE, LATER)
    assert not raised.value.sent


def test_a_lost_answer_while_signing_in_does_not_put_the_write_in_doubt() -> None:
    with Desk(scripted(Reply()), tokens=scripted(Reply(status=500))) as desk:
        with pytest.raises(Unavailable) as raised:
            desk.transport.write(WRITE, LATER)
        assert not raised.value.sent
        assert desk.server.calls() == []
        assert len(desk.pauses) == 2  # signing in changes nothing and is repeated


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (404, Rejected),
        (422, Rejected),
        (401, AuthenticationFailed),
        (403, NotPermitted),
        (429, RateLimited),
    ],
)
def test_a_write_that_was_certainly_not_carried_out_is_named_and_not_repeated(
    status: int, error: type[Exception]
) -> None:
    with Desk(scripted(Reply({"code": "BAD_FACE", "message": "Face is off the lattice."}, status=status))) as desk:
        with pytest.raises(error):
            desk.transport.write(WRITE, LATER)
        assert len(desk.server.calls()) == (2 if status == 401 else 1)


@pytest.mark.parametrize("status", [302, 405, 408, 409, 410, 412, 413, 425, 500, 501, 503, 504])
def test_any_other_status_leaves_open_what_became_of_a_write(status: int) -> None:
    with Desk(scripted(Reply({"code": "ALREADY_EXISTS", "message": "Taken."}, status=status))) as desk:
        with pytest.raises(
            Unavailable, match=rf"status {status} while posting order EV-1 \(Taken\)\. It may"
        ) as raised:
            desk.transport.write(WRITE, LATER)
        assert raised.value.sent
        assert len(desk.server.calls()) == 1


def test_a_rejection_carries_code_message_and_reference() -> None:
    refusal = Reply({"code": "BAD_FACE", "message": "Face is off the lattice."}, status=400)
    with Desk(scripted(refusal)) as desk, pytest.raises(Rejected) as raised:
        desk.transport.write(WRITE, LATER)
    assert (raised.value.code, raised.value.message) == ("BAD_FACE", "Face is off the lattice")
    assert raised.value.reference
    assert "while posting order EV-1: Face is off the lattice." in str(raised.value)


@pytest.mark.parametrize("grant", [Reply("<html>"), Reply({"expires_in": 60})])
def test_a_token_that_cannot_be_read_does_not_put_the_write_in_doubt(grant: Reply) -> None:
    with Desk(scripted(Reply()), tokens=scripted(grant)) as desk:
        with pytest.raises(Unavailable) as raised:
            desk.transport.write(WRITE, LATER)
        assert not raised.value.sent
        assert desk.server.calls() == []


def test_a_write_delayed_by_signing_in_past_its_time_never_leaves() -> None:
    def slow(_asked: Asked) -> Reply:
        desk.clock.pass_seconds(11)
        return desk.server.grant()

    desk = Desk(scripted(Reply({"ok": 1})), tokens=slow)
    with desk:
        with pytest.raises(
            Unavailable, match=r"posting order EV-1 ran out at 15:00:10 UTC: nothing was sent"
        ) as raised:
            desk.transport.write(WRITE, START + timedelta(seconds=10))
        assert not raised.value.sent
        assert raised.value.reference
        assert desk.server.calls() == []


def test_a_write_may_leave_until_its_last_moment() -> None:
    with Desk(scripted(Reply({"ok": 1}))) as desk:
        assert desk.transport.write(WRITE, START).json() == {"ok": 1}
        desk.clock.pass_seconds(0.001)
        with pytest.raises(Unavailable):
            desk.transport.write(WRITE, START)
        assert len(desk.server.calls()) == 1


def test_the_repeat_after_a_refused_token_does_not_leave_past_its_time() -> None:
    def slow_refusal(asked: Asked) -> Reply:
        desk.clock.pass_seconds(11)
        return first_token_is_void(asked)

    desk = Desk(slow_refusal)
    with desk:
        with pytest.raises(Unavailable, match="nothing was sent") as raised:
            desk.transport.write(WRITE, START + timedelta(seconds=10))
        assert not raised.value.sent
        assert len(desk.server.calls()) == 1


@pytest.mark.parametrize(("seconds", "pauses"), [(6, []), (13, [7.0]), (60, [7.0, 7.0])])
def test_signing_in_is_not_repeated_past_the_writes_time(seconds: int, pauses: list[float]) -> None:
    busy = Reply(status=503, headers={"Retry-After": "7"})
    with Desk(scripted(Reply()), tokens=scripted(busy)) as desk:
        with pytest.raises(Unavailable, match="status 503 while signing in") as raised:
            desk.transport.write(WRITE, START + timedelta(seconds=seconds))
        assert not raised.value.sent
        assert desk.pauses == pauses
        assert desk.server.calls() == []


def test_trouble_goes_on_while_only_the_token_is_at_hand() -> None:
    with Desk(scripted(Reply({"ok": 1}), Reply(status=500))) as desk:
        desk.transport.write(WRITE, LATER)
        for _ in range(2):
            with pytest.raises(Unavailable):
                desk.transport.write(WRITE, LATER)
            desk.clock.pass_seconds(60)
        assert desk.transport.trouble == "Aladdin fails with status 500. Trouble since 20 Nov 15:00 UTC."
