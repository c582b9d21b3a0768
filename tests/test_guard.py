from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from guard import ANY, Guard, policy

OURS = ("evenlot.example.com", "*.desk.example.com")


async def _unasked(_: Scope, __: Receive, ___: Send) -> None:
    raise AssertionError("nobody asked the app")


@pytest.mark.parametrize(
    "host",
    [
        "evenlot.example.com",
        "Evenlot.Example.com:8443",
        "evenlot.example.com.",
        "one.desk.example.com",
        "localhost:8501",
        socket.gethostname(),
        "127.0.0.1:8501",
        "10.1.2.3",
        "[::1]:8501",
    ],
)
def test_the_app_answers_to_its_names_its_addresses_and_its_own_machine(host: str) -> None:
    assert Guard(_unasked, OURS).known(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "attacker.example",
        "evenlot.example.com.attacker.example",
        "attacker.example/evenlot.example.com",
        "localhost.attacker.example",
        "evenlot.example.com@attacker.example",
        "someone@evenlot.example.com",
        "desk.example.com",
        "xdesk.example.com",
        "127.0.0.1.attacker.example",
        "evenlot.example.com:port",
        "evenlot.example.com?x",
        "[::1",
    ],
)
def test_any_other_name_is_not_the_apps(host: str) -> None:
    assert not Guard(_unasked, OURS).known(host)


def test_a_star_alone_is_every_name() -> None:
    assert Guard(_unasked, (ANY,)).known("whatever.example")


def _answer(path: str, host: str) -> httpx.Response:
    async def hello(_: object) -> Response:
        return Response("hello", headers={"Cache-Control": "public"})

    app = Guard(Starlette(routes=[Route("/", hello), Route("/media/file.csv", hello)]), OURS)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}") as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_a_request_under_another_name_gets_a_sentence_and_nothing_else() -> None:
    refused = _answer("/", "attacker.example")
    assert (refused.status_code, refused.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert refused.text.startswith("This is not a name of this app. Whoever runs it adds the name to ALLOWED_HOSTS.")


def test_a_window_opened_under_another_name_gets_no_connection() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [(b"host", b"attacker.example")]}
    asyncio.run(Guard(_unasked, OURS)(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_what_was_saved_is_kept_by_nobody_on_the_way_and_every_answer_has_its_headers() -> None:
    page, saved = _answer("/", "localhost"), _answer("/media/file.csv", "localhost")
    assert (page.headers["cache-control"], saved.headers["cache-control"]) == ("public", "private, no-store")
    for answer in (page, saved):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["content-security-policy"] == policy()


def test_no_page_may_run_a_script_of_another_place_or_one_written_into_it() -> None:
    rules = dict(part.split(" ", 1) for part in policy().split("; "))
    assert "unsafe" not in rules["script-src"]
    assert not re.search(r"https?:|\*", policy())
    digest = base64.b64encode(hashlib.sha256(b"alert(1)").digest()).decode()
    assert digest not in rules["script-src"]
    assert rules["script-src"].count("sha256-") == 2  # Streamlit's shell, and the component that writes the cookie
    assert rules["frame-ancestors"] == "'self'"


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("::ffff:127.0.0.1", "", "127.0.0.1"),  # what a socket for both kinds of addresses says
        ("::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::ffff:127.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),  # the first is the visitor's own word
        ("127.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::1", "203.0.113.9", "203.0.113.9"),
        ("::ffff:10.0.0.7", "203.0.113.9", "10.0.0.7"),
        ("2001:db8::7", "127.0.0.1", "2001:db8::7"),
    ],
)
def test_a_visitor_has_the_address_that_a_proxy_on_this_machine_tells_and_no_other(
    peer: str, forwarded: str, client: str
) -> None:
    async def who(request: Request) -> Response:
        assert request.client is not None
        return Response(request.client.host)

    transport = httpx.ASGITransport(Guard(Starlette(routes=[Route("/", who)])), client=(peer, 4000))
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}

    async def ask() -> str:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as asking:
            return (await asking.get("/")).text

    assert asyncio.run(ask()) == client
