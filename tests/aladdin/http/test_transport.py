"""How a call travels, over real HTTP: token, headers, retries, and what each failure is called."""

from __future__ import annotations

import threading
import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qs

import pytest
import structlog
from pydantic import SecretStr

from aladdin.http.transport import Call
from orders.errors import (
    AuthenticationFailed,
    Malformed,
    NotPermitted,
    OutsideError,
    RateLimited,
    Rejected,
    Unavailable,
)
from tests.aladdin.loopback import SECRET, Asked, Reply
from tests.aladdin.sending import READ, Desk, first_token_is_void, scripted


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


def test_a_refused_token_is_replaced_once() -> None:
    with Desk(first_token_is_void) as desk:
        assert desk.transport.read(READ).json() == {"ok": 1}
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
    with Desk(scripted(passing, passing, Reply({"ok": 1}))) as desk:
        assert desk.transport.read(READ).json() == {"ok": 1}
        assert len(desk.server.calls()) == 3
        assert len(desk.pauses) == 2
        assert all(0 <= pause <= 8 for pause in desk.pauses)


def test_a_read_gives_up_after_three_attempts_with_the_last_error() -> None:
    with Desk(scripted(Reply({"code": "DOWN", "message": "maintenance."}, status=503))) as desk:
        with pytest.raises(Unavailable, match=r"status 503 while reading the thing \(maintenance\)") as raised:
            desk.transport.read(READ)
        calls = desk.server.calls()
        assert len(calls) == 3
        assert raised.value.reference == calls[-1].headers["VND.com.blackrock.Request-ID"]
        assert len({asked.headers["VND.com.blackrock.Request-ID"] for asked in calls}) == 3


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


def test_trouble_says_its_kind_and_since_when_and_names_nobody() -> None:
    replies = scripted(*[Reply(status=503)] * 3, Reply(status=429, headers={"Retry-After": "300"}), Reply())
    named = Call("GET", "/api/thing", "reading the positions of group BIG6")
    with Desk(replies) as desk:
        assert desk.transport.trouble == ""
        with pytest.raises(Unavailable):
            desk.transport.read(named)
        assert desk.transport.trouble == "Aladdin fails with status 503. Trouble since 20 Nov 15:00 UTC."
        desk.clock.pass_seconds(600)
        with pytest.raises(RateLimited, match="BIG6"):
            desk.transport.read(named)
        assert desk.transport.trouble == "Aladdin's rate limit is reached. Trouble since 20 Nov 15:00 UTC."
        desk.transport.read(named)
        assert desk.transport.trouble == ""


@pytest.mark.parametrize(
    ("reply", "grant", "kind"),
    [
        (Reply(status=401), None, "Aladdin does not accept our credentials."),
        (Reply(hang_up=True), None, "Aladdin cannot be reached, or does not answer in time."),
        (Reply(headers={"Content-Encoding": "gzip"}), None, "Aladdin's answers cannot be read."),
        (Reply(), Reply("<html>"), "Aladdin's answers cannot be read."),
        (Reply(), Reply(status=500), "Aladdin fails with status 500."),
    ],
)
def test_each_kind_of_trouble_has_words_of_its_own(reply: Reply, grant: Reply | None, kind: str) -> None:
    with Desk(scripted(reply), tokens=scripted(grant) if grant else None) as desk:
        with pytest.raises(OutsideError):
            desk.transport.read(READ)
        assert desk.transport.trouble.startswith(f"{kind} Trouble since ")


def test_a_refusal_of_what_was_asked_is_no_trouble() -> None:
    with Desk(scripted(Reply(status=403))) as desk, pytest.raises(NotPermitted):
        desk.transport.read(READ)
    assert desk.transport.trouble == ""
