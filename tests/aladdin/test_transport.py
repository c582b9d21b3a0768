"""How a call travels, over real HTTP: token, headers, retries, and what each failure is called."""

from __future__ import annotations

import socket
import threading
import traceback
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs

import httpx
import pytest
import structlog
from pydantic import SecretStr

from aladdin.config import AladdinConfig
from aladdin.transport import Call, Transport
from orders.errors import (
    AuthenticationFailed,
    Malformed,
    NotFound,
    NotPermitted,
    OutsideError,
    RateLimited,
    Rejected,
    Unavailable,
)
from tests.aladdin.loopback import SECRET, Answering, Asked, Loopback, Reply

READ = Call("GET", "/api/thing", "reading the thing", params={"a": "1"})
WRITE = Call("POST", "/api/order:post", "posting order EV-1", body={"x": 1})


def now() -> datetime:
    return datetime(2026, 11, 20, 15, 0, 0, 123456, tzinfo=UTC)


class Desk:
    """A transport on a loopback server, with the pauses it would have made."""

    def __init__(self, answering: Answering, tokens: Answering | None = None, **changes: object) -> None:
        self.server = Loopback(answering, tokens)
        self.pauses: list[float] = []
        self.changes = changes

    def __enter__(self) -> Desk:
        self.server.__enter__()
        self.transport = Transport(self.server.config(**self.changes), now, sleep=self.pauses.append)
        return self

    def __exit__(self, *_: object) -> None:
        self.transport.close()
        self.server.__exit__()


def scripted(*replies: Reply) -> Answering:
    """These replies in turn, the last one for ever."""
    left: Iterator[Reply] = iter(replies)
    last = replies[-1]
    return lambda _asked: next(left, last)


def test_each_request_carries_the_required_headers_and_a_new_id() -> None:
    with Desk(scripted(Reply({"ok": 1})), api_key=SecretStr("key-1")) as desk:
        references = {desk.transport.read(READ).reference, desk.transport.read(READ).reference}
        first, second = desk.server.calls()
    ids = {asked.headers["VND.com.blackrock.Request-ID"] for asked in (first, second)}
    assert ids == references
    assert all(uuid.UUID(one).version == 4 for one in ids)
    assert first.headers["VND.com.blackrock.Origin-Timestamp"] == "2026-11-20T15:00:00.123Z"
    assert first.headers["VND.com.blackrock.API-Key"] == "key-1"
    assert first.headers["Authorization"] == "Bearer token-1"
    assert first.query == {"a": "1"}


def test_the_token_is_asked_for_with_a_form_body_and_used_again() -> None:
    with Desk(scripted(Reply())) as desk:
        desk.transport.read(READ)
        desk.transport.read(READ)
        tokens = [asked for asked in desk.server.asked if asked.path.endswith("/token")]
    assert len(tokens) == 1
    form = parse_qs(tokens[0].body)
    assert form["grant_type"] == ["client_credentials"]
    assert form["client_id"] == ["desk"]
    assert "trading.order_management.order.v1.Order:write" in form["scope"][0].split(" ")
    assert tokens[0].query == {}  # addresses end up in logs
    assert "VND.com.blackrock.Request-ID" in tokens[0].headers


def test_many_threads_share_one_token() -> None:
    start = threading.Barrier(8)
    with Desk(scripted(Reply()), max_workers=8) as desk, ThreadPoolExecutor(8) as pool:

        def read() -> None:
            start.wait()
            desk.transport.read(READ)

        for done in [pool.submit(read) for _ in range(8)]:
            done.result()
        assert desk.server.granted == 1


def test_a_token_is_replaced_before_it_expires() -> None:
    server: list[Loopback] = []
    with Desk(scripted(Reply()), tokens=lambda _asked: server[0].grant(expires_in=0.000001)) as desk:
        server.append(desk.server)
        desk.transport.read(READ)
        desk.transport.read(READ)
        used = [asked.headers["Authorization"] for asked in desk.server.calls()]
    assert used == ["Bearer token-1", "Bearer token-2"]


def test_a_refused_token_is_replaced_once_for_a_read_and_for_a_write() -> None:
    def first_token_is_void(asked: Asked) -> Reply:
        return Reply(status=401) if asked.headers["Authorization"] == "Bearer token-1" else Reply({"ok": 1})

    for call in (READ, WRITE):
        with Desk(first_token_is_void) as desk:
            send = desk.transport.write if call is WRITE else desk.transport.read
            assert send(call).json() == {"ok": 1}
            assert desk.server.granted == 2
            assert len(desk.server.calls()) == 2


def test_credentials_refused_twice_are_not_tried_again() -> None:
    with Desk(scripted(Reply(status=401))) as desk:
        with pytest.raises(AuthenticationFailed):
            desk.transport.read(READ)
        assert len(desk.server.calls()) == 2


def test_refused_client_credentials_say_what_to_check_and_keep_the_secret() -> None:
    refusal = Reply({"error": "invalid_client", "error_description": f"secret {SECRET} is wrong"}, status=401)
    with Desk(scripted(Reply()), tokens=scripted(refusal)) as desk:
        with pytest.raises(AuthenticationFailed, match="Check the client id, the secret and the scopes") as raised:
            desk.transport.read(READ)
        assert desk.server.calls() == []
    assert SECRET not in "".join(traceback.format_exception(raised.value))
    assert raised.value.reference


@pytest.mark.parametrize("passing", [Reply(status=500), Reply(status=503), Reply(status=429), Reply(hang_up=True)])
def test_a_read_is_tried_again_when_the_fault_may_pass(passing: Reply) -> None:
    with Desk(scripted(passing, passing, passing, Reply({"ok": 1}))) as desk:
        assert desk.transport.read(READ).json() == {"ok": 1}
        assert len(desk.server.calls()) == 4
        assert len(desk.pauses) == 3
        assert all(0 <= pause <= 8 for pause in desk.pauses)


def test_a_read_gives_up_after_three_repeats_with_the_last_error() -> None:
    with Desk(scripted(Reply({"code": "DOWN", "message": "maintenance."}, status=503))) as desk:
        with pytest.raises(Unavailable, match=r"status 503 while reading the thing \(maintenance\)") as raised:
            desk.transport.read(READ)
        calls = desk.server.calls()
        assert len(calls) == 4
        assert raised.value.reference == calls[-1].headers["VND.com.blackrock.Request-ID"]
        assert len({asked.headers["VND.com.blackrock.Request-ID"] for asked in calls}) == 4


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_obeyed(status: int) -> None:
    with Desk(scripted(Reply(status=status, headers={"Retry-After": "7"}), Reply())) as desk:
        desk.transport.read(READ)
        assert desk.pauses == [7.0]


def test_retry_after_as_a_date_is_obeyed() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=15), usegmt=True)
    with Desk(scripted(Reply(status=429, headers={"Retry-After": until}), Reply())) as desk:
        desk.transport.read(READ)
        assert 0 < desk.pauses[0] <= 15


def test_a_longer_wait_than_a_person_bears_goes_to_the_caller() -> None:
    with Desk(scripted(Reply(status=429, headers={"Retry-After": "300"}))) as desk:
        with pytest.raises(RateLimited, match="in 300 seconds") as raised:
            desk.transport.read(READ)
        assert raised.value.retry_after == 300
        assert desk.pauses == []


@pytest.mark.parametrize("reply", [Reply(status=500), Reply(status=502), Reply(hang_up=True)])
def test_a_write_is_sent_once_and_its_fate_is_unknown_when_the_answer_is_lost(reply: Reply) -> None:
    with Desk(scripted(reply)) as desk:
        with pytest.raises(Unavailable) as raised:
            desk.transport.write(WRITE)
        assert raised.value.sent
        assert len(desk.server.calls()) == 1


def test_a_write_that_times_out_may_have_been_acted_upon() -> None:
    release = threading.Event()

    def slow(_asked: Asked) -> Reply:
        release.wait(10)
        return Reply()

    with Desk(slow, read_timeout=0.1) as desk:
        desk.transport._token.current()
        with pytest.raises(Unavailable, match="did not answer in time while posting order EV-1") as raised:
            desk.transport.write(WRITE)
        release.set()
        assert raised.value.sent


def test_a_write_that_cannot_connect_never_left() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        config = AladdinConfig(f"http://127.0.0.1:{taken.getsockname()[1]}", "desk", SecretStr(SECRET))
        transport = Transport(config, now, sleep=lambda _seconds: None)
        with pytest.raises(Unavailable, match="could not be reached") as raised:
            transport.write(WRITE)
        transport.close()
    assert not raised.value.sent


@pytest.mark.parametrize("fault", [httpx.ConnectTimeout("t"), httpx.PoolTimeout("t"), httpx.ConnectError("c")])
def test_a_fault_before_the_request_leaves_is_marked_not_sent(fault: httpx.RequestError) -> None:
    def raising(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 60})
        raise fault

    config = AladdinConfig("https://aladdin.example", "desk", SecretStr(SECRET))
    transport = Transport(config, now, wire_transport=httpx.MockTransport(raising))
    with pytest.raises(Unavailable) as raised:
        transport.write(WRITE)
    assert not raised.value.sent


def test_a_lost_answer_while_signing_in_does_not_put_the_write_in_doubt() -> None:
    with Desk(scripted(Reply()), tokens=scripted(Reply(status=500))) as desk:
        with pytest.raises(Unavailable) as raised:
            desk.transport.write(WRITE)
        assert not raised.value.sent
        assert desk.server.calls() == []
        assert len(desk.pauses) == 3  # signing in changes nothing and is repeated


@pytest.mark.parametrize(
    ("status", "error"), [(403, NotPermitted), (404, NotFound), (429, RateLimited), (400, Rejected)]
)
def test_a_refused_write_is_named_and_not_repeated(status: int, error: type[Exception]) -> None:
    with Desk(scripted(Reply({"code": "BAD_FACE", "message": "Face is off the lattice."}, status=status))) as desk:
        with pytest.raises(error):
            desk.transport.write(WRITE)
        assert len(desk.server.calls()) == 1


def test_a_rejection_carries_code_message_and_reference() -> None:
    refusal = Reply({"code": "BAD_FACE", "message": "Face is off the lattice."}, status=400)
    with Desk(scripted(refusal)) as desk, pytest.raises(Rejected) as raised:
        desk.transport.write(WRITE)
    assert (raised.value.code, raised.value.message) == ("BAD_FACE", "Face is off the lattice")
    assert raised.value.reference
    assert "while posting order EV-1: Face is off the lattice." in str(raised.value)


def test_a_redirect_is_not_followed_with_our_token() -> None:
    with Desk(scripted(Reply(status=302, headers={"Location": "https://elsewhere.example"}))) as desk:
        with pytest.raises(Rejected, match="status 302"):
            desk.transport.read(READ)
        assert len(desk.server.calls()) == 1


@pytest.mark.parametrize("body", ["<html>hello</html>", "", '{"a": NaN}', "[1,"])
def test_an_answer_that_is_not_json_is_malformed(body: str) -> None:
    with Desk(scripted(Reply(body))) as desk:
        answer = desk.transport.read(READ)
        with pytest.raises(Malformed, match="not JSON") as raised:
            answer.json()
    assert raised.value.reference == answer.reference


def test_an_error_page_that_is_not_json_still_makes_a_sentence() -> None:
    with (
        Desk(scripted(Reply("<html>Bad gateway</html>", status=400))) as desk,
        pytest.raises(Rejected, match="no reason"),
    ):
        desk.transport.read(READ)


def test_numbers_arrive_with_all_their_digits() -> None:
    with Desk(scripted(Reply('{"n": 12345678901234567890.123456789}'))) as desk:
        assert str(desk.transport.read(READ).json()["n"]) == "12345678901234567890.123456789"


def test_nothing_secret_is_in_any_error_or_log_line() -> None:
    def quoting(asked: Asked) -> Reply:
        return Reply({"code": "X", "message": f"you sent {asked.headers['Authorization']} and {SECRET}"}, status=400)

    with structlog.testing.capture_logs() as lines, Desk(quoting) as desk, pytest.raises(OutsideError) as raised:
        desk.transport.read(READ)
    told = "".join(traceback.format_exception(raised.value)) + repr(vars(raised.value)) + repr(lines)
    assert SECRET not in told
    assert "token-1" not in told
    assert lines[0]["event"] == "aladdin_call"
    assert lines[0]["status"] == 400
    assert lines[0]["request_id"]
