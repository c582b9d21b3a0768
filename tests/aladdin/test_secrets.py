"""Nothing secret is in any error, log line or text of the client, however a call fails and whatever is quoted back."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, quote

import pytest
import structlog
from pydantic import SecretStr

from orders.errors import DeskError, Rejected
from tests.aladdin.conftest import Desk as Clients
from tests.aladdin.loopback import Answering, Asked, Reply
from tests.aladdin.sending import LATER, READ, START, WRITE, Desk, scripted
from tests.aladdin.stand import ticket

SECRET = "sentinel/secret+of the desk=1"
KEY = "sentinel-key-of-the-desk"
FIRST, NEXT = "sentinel-refresh-of-the-desk", "sentinel-next-refresh-of-the-desk"
TOKEN = "sentinel-token-of-the-desk"
PASSWORD = "sentinel-password-of-the-desk"
CLIENT: dict[str, Any] = {"client_secret": SecretStr(SECRET), "api_key": SecretStr(KEY)}
BASIC: dict[str, Any] = {"client_id": "", "client_secret": SecretStr(""), "username": "ann"}
OURS = {  # how we sign in, and what could be quoted back
    "client": (CLIENT, (SECRET, KEY)),
    "refresh": (CLIENT | {"refresh_token": SecretStr(FIRST)}, (SECRET, KEY, FIRST)),
    "basic": (BASIC | {"password": SecretStr(PASSWORD)}, (PASSWORD,)),
}
SHAPES = ("message", "oauth", "rpc", "page")


def quoting(status: int, shape: str, secrets: Iterable[str]) -> Answering:
    """Answers with this status, and quotes all that it was sent, and more, in a body of this shape and in a header."""

    def answer(asked: Asked) -> Reply:
        form = {name: values[0] for name, values in parse_qs(asked.body).items()}
        plain = " ".join([*secrets, *map(quote, secrets)])
        said = f"{asked.headers.get('Authorization')} {plain} {asked.body} {form}"
        bodies: dict[str, Any] = {
            "message": {"code": said, "message": said},
            "oauth": {"error": said, "error_description": said},
            "rpc": {"results": [{"error": {"code": 3, "message": said}}]},
            "page": f"<html>{said}</html>",
        }
        headers = {"Location": f"https://elsewhere.example/?{quote(said)}", "Retry-After": "300"}
        return Reply(bodies[shape], status=status, headers=headers)

    return answer


def grant(_asked: Asked) -> Reply:
    return Reply({"access_token": TOKEN, "refresh_token": NEXT, "expires_in": 3600})


def secrets_in(told: str, records: Iterable[logging.LogRecord] = ()) -> list[str]:
    """The lines in which one can be read; the sentinels have one word in common. httpcore shows the answer's headers to
    whoever asks for its debugging lines, and we do not."""
    lines = [*told.splitlines(), *(r.getMessage() for r in records if not r.name.startswith("httpcore"))]
    return [line for line in lines if "sentinel" in line]


def sent_and_failed(desk: Desk) -> str:
    """All there is to be read of a read and of a write that fail: errors with their causes, and the transport."""
    told: list[str] = []
    for written in (False, True):
        try:
            told.append((desk.transport.write(WRITE, LATER) if written else desk.transport.read(READ)).text)
        except DeskError as error:
            told += traceback.format_exception(error)
            told.append(f"{error!r} {vars(error)!r}")
    parts = vars(desk.transport).values()
    return "\n".join([*told, desk.transport.trouble, repr(desk.transport), *map(repr, parts)])


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 409, 429, 500, 503])
@pytest.mark.parametrize("who", OURS)
def test_no_answer_brings_a_secret_into_an_error_or_a_log_line(
    who: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (changes, secrets), told = OURS[who], ""
    given = secrets if who == "basic" else (*secrets, TOKEN)
    with structlog.testing.capture_logs() as lines:
        for shape in SHAPES:
            with Desk(quoting(status, shape, given), tokens=grant, **changes) as desk:
                told += sent_and_failed(desk)
            with Desk(scripted(Reply()), tokens=quoting(status, shape, secrets), **changes) as desk:
                told += sent_and_failed(desk)
    assert secrets_in(f"{told}\n{lines}", caplog.records) == []


@pytest.mark.parametrize("who", OURS)
def test_a_connection_that_breaks_says_nothing_secret(who: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    changes, _ = OURS[who]
    with structlog.testing.capture_logs() as lines:
        with Desk(lambda _asked: Reply(hang_up=True), tokens=grant, **changes) as desk:
            told = sent_and_failed(desk)
        with Desk(scripted(Reply()), tokens=lambda _asked: Reply(hang_up=True), **changes) as desk:
            told += sent_and_failed(desk)
    assert secrets_in(f"{told}\n{lines}", caplog.records) == []


def test_an_order_refused_inside_a_success_quotes_nothing_secret(desk: Clients) -> None:
    desk.server.tokens = grant
    desk.world.override["order:post"] = quoting(200, "rpc", [TOKEN])
    with (
        structlog.testing.capture_logs() as lines,
        pytest.raises(Rejected, match=r"Aladdin refused .*\*\*\*") as raised,
    ):
        desk.client.post(ticket(), desk.clock.now())
    assert desk.server.calls("order:post")[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert secrets_in("".join(traceback.format_exception(raised.value)) + repr(vars(raised.value)) + repr(lines)) == []


def test_the_texts_of_the_whole_client_have_no_secret(desk: Clients) -> None:
    desk.client.group("G/1", START.date())
    seen: set[int] = set()

    def texts(part: object, depth: int = 0) -> list[str]:
        if id(part) in seen or depth > 6 or not type(part).__module__.startswith(("aladdin", "orders")):
            return []
        seen.add(id(part))
        inner = vars(part).values() if hasattr(part, "__dict__") else ()
        return [repr(part), *(text for each in inner for text in texts(each, depth + 1))]

    told = "\n".join(texts(desk.client))
    assert len(seen) > 10
    assert "s3cret-of-the-desk" not in told
    assert "token-1" not in told
