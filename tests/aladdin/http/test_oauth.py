"""The access token over real HTTP: by which grant, how often, and what happens when it cannot be renewed."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest
import structlog
from pydantic import SecretStr

from aladdin.http.oauth import TOKEN_PATH
from orders.errors import AuthenticationFailed, Unavailable
from tests.aladdin.loopback import Asked, Reply
from tests.aladdin.sending import READ, Desk, scripted

HOUR = {"expires_in": 3600}


def tokens(desk: Desk) -> list[dict[str, list[str]]]:
    """The forms the token endpoint was sent."""
    return [parse_qs(asked.body) for asked in desk.server.asked if asked.path == TOKEN_PATH]


def authorizations(desk: Desk) -> list[str]:
    return [asked.headers["Authorization"] for asked in desk.server.calls()]


def test_a_token_is_replaced_before_it_expires() -> None:
    with Desk(scripted(Reply())) as desk:
        desk.transport.read(READ)
        desk.clock.pass_seconds(3539)
        desk.transport.read(READ)
        desk.clock.pass_seconds(1)  # a minute before its end
        desk.transport.read(READ)
        assert authorizations(desk) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_token_that_cannot_be_replaced_early_is_used_while_it_is_good_and_not_longer() -> None:
    with Desk(scripted(Reply()), tokens=once_then(Reply(status=503))) as desk:
        desk.transport.read(READ)
        desk.clock.pass_seconds(3580)
        with structlog.testing.capture_logs() as lines:
            desk.transport.read(READ)
        assert "token_not_renewed" in [line["event"] for line in lines]
        desk.clock.pass_seconds(20)
        with pytest.raises(Unavailable, match="status 503 while signing in"):
            desk.transport.read(READ)
        assert authorizations(desk) == ["Bearer token-1"] * 2


def test_a_refresh_token_is_used_and_replaced_by_the_one_that_comes_with_the_answer() -> None:
    grants = scripted(*[Reply({"access_token": f"t{n}", "refresh_token": f"next-{n}", **HOUR}) for n in range(3)])
    with Desk(scripted(Reply()), tokens=grants, refresh_token=SecretStr("first-one")) as desk:
        for _ in range(3):
            desk.transport.read(READ)
            desk.clock.pass_seconds(3600)
        forms = tokens(desk)
    assert [form["refresh_token"] for form in forms] == [["first-one"], ["next-0"], ["next-1"]]
    assert {form["grant_type"][0] for form in forms} == {"refresh_token"}
    assert {form["client_id"][0] for form in forms} == {"desk"}
    assert all("client_secret" in form and "scope" in form for form in forms)


def test_a_refresh_token_that_is_not_replaced_is_used_again() -> None:
    with Desk(scripted(Reply()), refresh_token=SecretStr("only-one")) as desk:
        for _ in range(2):
            desk.transport.read(READ)
            desk.clock.pass_seconds(3600)
        assert [form["refresh_token"] for form in tokens(desk)] == [["only-one"]] * 2


def test_a_refused_refresh_token_says_what_to_do_and_is_not_quoted() -> None:
    quoting = Reply({"error": "invalid_grant", "error_description": "o%2Fd=one or o/d=one has expired"}, status=400)
    with Desk(scripted(Reply()), tokens=scripted(quoting), refresh_token=SecretStr("o/d=one")) as desk:
        with pytest.raises(AuthenticationFailed, match="refresh token may have run out: get a new one") as raised:
            desk.transport.read(READ)
        assert desk.server.calls() == []
    told = "".join(traceback.format_exception(raised.value))
    assert "o/d=one" not in told


def test_a_refresh_token_given_out_without_being_asked_for_is_left_alone() -> None:
    grant = Reply({"access_token": "t", "refresh_token": "unasked", **HOUR})
    with Desk(scripted(Reply()), tokens=scripted(grant)) as desk:
        for _ in range(2):
            desk.transport.read(READ)
            desk.clock.pass_seconds(3600)
        assert [form["grant_type"] for form in tokens(desk)] == [["client_credentials"]] * 2


def test_the_scopes_of_the_settings_are_asked_for() -> None:
    with Desk(scripted(Reply()), scopes=("a.b.v1.C", "d.e.v1.F:read")) as desk:
        desk.transport.read(READ)
        assert tokens(desk)[0]["scope"] == ["a.b.v1.C d.e.v1.F:read"]


def test_sixteen_threads_ask_for_one_token() -> None:
    with Desk(scripted(Reply()), max_workers=16) as desk:
        together(16, lambda: desk.transport.read(READ))
        assert desk.server.granted == 1
        desk.clock.pass_seconds(3600)
        together(16, lambda: desk.transport.read(READ))
        assert desk.server.granted == 2
        assert set(authorizations(desk)) == {"Bearer token-1", "Bearer token-2"}


def test_credentials_that_are_refused_are_sent_once_for_all_who_wait() -> None:
    everybody, asked = threading.Event(), threading.Semaphore(0)

    def refuse_slowly(_asked: Asked) -> Reply:
        everybody.wait(10)
        return Reply({"error": "invalid_client"}, status=401)

    with Desk(scripted(Reply()), tokens=refuse_slowly) as desk, ThreadPoolExecutor(8) as pool:

        def read() -> None:
            asked.release()
            desk.transport.read(READ)

        reads = [pool.submit(read) for _ in range(8)]
        for _ in reads:
            assert asked.acquire(timeout=10)
        everybody.set()
        assert all(isinstance(read.exception(10), AuthenticationFailed) for read in reads)
        assert len(tokens(desk)) < 8  # a lockout counts refusals


def test_signing_in_has_a_circuit_of_its_own() -> None:
    with Desk(scripted(Reply()), tokens=scripted(Reply(status=500))) as desk:
        for _ in range(2):
            with pytest.raises(Unavailable):
                desk.transport.read(READ)
        assert len(tokens(desk)) == 5
        with pytest.raises(Unavailable, match=r"oauth2/default/v1 failed 5 times in a row.*while signing in"):
            desk.transport.read(READ)
        assert len(tokens(desk)) == 5
        assert desk.transport.resting(READ.path)


def once_then(reply: Reply) -> Callable[[Asked], Reply]:
    """A token, then this for ever."""
    return scripted(Reply({"access_token": "token-1", **HOUR}), reply)


def together(threads: int, work: Callable[[], Any]) -> None:
    """The same work in many threads begun at once."""
    start = threading.Barrier(threads)

    def one(_number: int) -> None:
        start.wait()
        work()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(one, range(threads)))
