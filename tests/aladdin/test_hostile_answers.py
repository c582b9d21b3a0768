"""What the client makes of answers that no honest server gives: redirects, bodies without end or sense, absurd pauses,
tokens that are none."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aladdin.http import faults
from orders.errors import AuthenticationFailed, Malformed, OutsideError, RateLimited, Rejected, Unavailable
from tests.aladdin.loopback import Loopback, Reply
from tests.aladdin.sending import LATER, READ, WRITE, Desk, scripted

OK = Reply({"ok": 1})


# -- redirects -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed_and_the_caller_learns_where_it_would_lead(status: int) -> None:
    with Loopback(scripted(OK), tokens=scripted(OK)) as elsewhere:
        there = Reply(status=status, headers={"Location": f"{elsewhere.url}/login?session=5ecret"})
        with Desk(scripted(there)) as desk:
            with pytest.raises(Rejected, match=rf"status {status} while reading the thing, a redirect to 127") as read:
                desk.transport.read(READ)
            with pytest.raises(Unavailable, match=f"status {status} while posting order EV-1") as write:
                desk.transport.write(WRITE, LATER)
            assert len(desk.server.calls()) == 2
        with Desk(scripted(OK), tokens=scripted(there)) as desk:
            with pytest.raises(Unavailable, match=rf"sign-in answered with status {status}, a redirect to") as token:
                desk.transport.write(WRITE, LATER)
            assert not token.value.sent
            assert desk.server.calls() == []
        assert elsewhere.asked == []  # neither our token nor our secret went there
    assert "Check Aladdin's address in the settings" in str(read.value)
    assert "5ecret" not in f"{read.value} {write.value} {token.value}"


@pytest.mark.parametrize("location", ["https://[", "//", "", "javascript:alert(1)", "/api/other", "http://a b"])
def test_a_redirect_to_nowhere_still_makes_a_sentence_and_leaves_a_post_in_doubt(location: str) -> None:
    with Desk(scripted(Reply(status=302, headers={"Location": location}))) as desk:
        with pytest.raises((Rejected, Unavailable), match="while reading the thing"):
            desk.transport.read(READ)
        with pytest.raises(Unavailable, match="while posting order EV-1") as raised:
            desk.transport.write(WRITE, LATER)
        assert raised.value.sent


def test_a_token_endpoint_that_is_not_there_is_a_wrong_address_and_not_a_wrong_secret() -> None:
    with Desk(scripted(OK), tokens=scripted(Reply(status=404))) as desk:
        with pytest.raises(Unavailable, match=r"status 404\. Check Aladdin's address") as raised:
            desk.transport.read(READ)
        assert not raised.value.sent
        assert len(desk.server.asked) == 1  # asking again finds nothing else


# -- bodies ----------------------------------------------------------------------------------------------------------


def test_an_answer_without_end_is_malformed_and_not_asked_for_again() -> None:
    with Desk(scripted(Reply("[" + "1," * 5000 + "1]")), largest_answer=10_000) as desk:
        with pytest.raises(Malformed, match="cannot be taken in while reading the thing: it is larger than 10,000"):
            desk.transport.read(READ)
        assert len(desk.server.calls()) == 1


@pytest.mark.parametrize("body", [b"Soci\xe9t\xe9", "[" + "1," * 5000 + "1]"])
@pytest.mark.parametrize("status", [200, 500])
def test_a_post_whose_answer_cannot_be_taken_in_is_in_doubt(body: str | bytes, status: int) -> None:
    with Desk(scripted(Reply(body, status=status)), largest_answer=10_000) as desk:
        with pytest.raises(Unavailable, match="It may have been carried out") as raised:
            desk.transport.write(WRITE, LATER)
        assert raised.value.sent
        assert raised.value.reference
        assert len(desk.server.calls()) == 1


def test_an_answer_in_another_encoding_is_malformed_rather_than_misread() -> None:
    with (
        Desk(scripted(Reply(b'{"name": "Soci\xe9t\xe9"}'))) as desk,
        pytest.raises(Malformed, match="not text in utf-8"),
    ):
        desk.transport.read(READ)


@pytest.mark.parametrize("body", ["[" * 100_000, '{"message":' * 100_000, '{"n": ' + "9" * 5000 + "}"])
def test_nesting_and_numbers_without_end_are_malformed(body: str) -> None:
    with Desk(scripted(Reply(body))) as desk:
        answer = desk.transport.read(READ)
        with pytest.raises(Malformed, match="not JSON"):
            answer.json()
    with Desk(scripted(Reply(body, status=400))) as desk, pytest.raises(Rejected, match="no reason given"):
        desk.transport.read(READ)


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", '["a"]', '{"message": {"deep": 1}}', '{"code": null}', "7"])
def test_an_error_in_any_shape_still_makes_a_sentence(body: str | bytes) -> None:
    with Desk(scripted(Reply(body, status=400))) as desk, pytest.raises(Rejected, match="while reading the thing: "):
        desk.transport.read(READ)


# -- pauses ----------------------------------------------------------------------------------------------------------


@given(value=st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "S", "Zs")), max_size=40))
def test_no_retry_after_ever_breaks_anything(value: str) -> None:
    pause = faults.retry_after(httpx.Response(429, headers=[(b"Retry-After", value.encode("latin-1"))]))
    assert pause is None or 0 <= pause <= 7 * 86_400


@pytest.mark.parametrize(
    "value",
    [
        "9" * 400,
        "99999999999",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "1 Jan 2099 00:00:00 +99999999999999999999",
        "-5",
        "soon",
    ],
)
def test_an_absurd_pause_is_neither_waited_out_nor_told(value: str) -> None:
    with Desk(scripted(Reply(status=429, headers={"Retry-After": value}))) as desk:
        with pytest.raises(RateLimited, match=r"while reading the thing\. Try again later\."):
            desk.transport.read(READ)
        assert sum(desk.pauses) < 20


def test_a_pause_of_nothing_is_not_taken_at_its_word() -> None:
    with Desk(scripted(Reply(status=503, headers={"Retry-After": "0"}))) as desk:
        with pytest.raises(Unavailable):
            desk.transport.read(READ)
        assert len(desk.pauses) == 2
        assert all(pause > 0 for pause in desk.pauses)


# -- tokens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "grant",
    [
        {"access_token": "good-token"},
        {"access_token": "good-token", "expires_in": 0},
        {"access_token": "good-token", "expires_in": -1},
        {"access_token": "good-token", "expires_in": "soon"},
        {"access_token": "bad\r\ntoken: yes", "expires_in": 3600},
        {"access_token": "tökén-of-the-desk", "expires_in": 3600},
        {"access_token": ["good-token"], "expires_in": 3600},
    ],
)
def test_a_token_that_cannot_be_used_never_leaves_and_is_not_quoted(grant: dict[str, object]) -> None:
    with Desk(scripted(OK), tokens=scripted(Reply(grant))) as desk:
        with pytest.raises(Unavailable, match="access token") as raised:
            desk.transport.write(WRITE, LATER)
        assert not raised.value.sent
        assert desk.server.calls() == []
    assert "token: yes" not in str(raised.value)
    assert "good-token" not in str(raised.value)


def test_a_token_good_for_a_second_is_used_within_it_and_replaced_after_it() -> None:
    desk = Desk(scripted(OK), tokens=lambda _asked: desk.server.grant(expires_in=1))
    with desk:
        for _ in range(3):
            desk.transport.read(READ)
        assert desk.server.granted == 1
        desk.clock.pass_seconds(1)
        desk.transport.read(READ)
        assert desk.server.granted == 2


def test_a_wrong_secret_is_asked_about_once_for_each_call_and_never_repeated() -> None:
    refusal = Reply({"error": "invalid_client"}, status=401)
    with Desk(scripted(OK), tokens=scripted(refusal)) as desk:
        for _ in range(3):
            with pytest.raises(AuthenticationFailed):
                desk.transport.read(READ)
        assert len(desk.server.asked) == 3
        assert desk.pauses == []


def test_what_is_not_a_failure_of_the_server_opens_no_circuit() -> None:
    for reply in (Reply(b"\xe9"), Reply("[" * 20_000), Reply(status=302, headers={"Location": "https://x"})):
        with Desk(scripted(reply), largest_answer=10_000) as desk:
            for _ in range(6):
                with pytest.raises(OutsideError):
                    desk.transport.read(READ)
            assert not desk.transport.resting(READ.path)
