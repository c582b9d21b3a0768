"""An answer is taken in whole, within a size and a time, and as the text that it is."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import httpx
import pytest

from aladdin.http.receive import AnswerTooLarge, receive, text_of
from orders.errors import Malformed


def taken(answer: httpx.Response, largest: int = 1000, seconds: float = 10, clock: list[float] | None = None) -> str:
    """The text of this answer, taken in under these limits."""
    now = clock or [0.0]
    with httpx.Client(transport=httpx.MockTransport(lambda _request: answer)) as http:
        request = http.build_request("GET", "https://aladdin.example/api/thing")
        return text_of(receive(http, request, largest, seconds, lambda: now[0]), "reading", "ref-1")


def test_an_answer_of_the_largest_size_is_taken_and_one_byte_more_is_not() -> None:
    assert len(taken(httpx.Response(200, content=b"x" * 1000))) == 1000
    with pytest.raises(AnswerTooLarge, match="larger than 1,000 bytes"):
        taken(httpx.Response(200, content=b"x" * 1001))


def test_what_counts_is_the_size_unpacked_and_the_rest_of_it_is_left_where_it_is() -> None:
    parts: list[int] = []

    def packed() -> Iterator[bytes]:
        for number in range(1000):
            parts.append(number)
            yield gzip.compress(b"x" * 100_000) if number == 0 else b""

    with pytest.raises(AnswerTooLarge):
        taken(httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=packed()))
    assert len(parts) < 1000
    assert (
        len(taken(httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=gzip.compress(b"x" * 999)))) == 999
    )


def test_an_answer_that_trickles_in_is_given_up_after_its_time() -> None:
    clock = [0.0]

    def trickling() -> Iterator[bytes]:
        for _ in range(100):
            clock[0] += 3.0  # never longer between two reads than a timeout may be
            yield b" "

    with pytest.raises(httpx.ReadTimeout):
        taken(httpx.Response(200, content=trickling()), seconds=10, clock=clock)
    assert clock == [12.0]


def test_the_connection_is_given_back_whatever_comes_of_the_answer() -> None:
    closed: list[bool] = []

    class Body(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"x" * 2000

        def close(self) -> None:
            closed.append(True)

    with pytest.raises(AnswerTooLarge):
        taken(httpx.Response(200, stream=Body()))
    assert closed == [True]


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("application/json", "Société".encode(), "Société"),
        ("application/json", "\ufeffSociété".encode(), "Société"),
        ("application/json; charset=UTF-8", "Société".encode(), "Société"),
        ("application/json; charset=iso-8859-1", "Société".encode("latin-1"), "Société"),
    ],
)
def test_text_is_utf8_unless_it_is_said_to_be_something_else(kind: str, body: bytes, text: str) -> None:
    assert taken(httpx.Response(200, headers={"Content-Type": kind}, content=body)) == text


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=ascii", "; charset=hex", "; charset=no-such"])
def test_what_is_not_the_text_it_should_be_is_malformed_and_never_read_with_other_letters(charset: str) -> None:
    answer = httpx.Response(200, headers={"Content-Type": f"application/json{charset}"}, content=b"Soci\xe9t\xe9")
    with pytest.raises(Malformed, match=r"is not text in .* while reading") as raised:
        taken(answer)
    assert raised.value.reference == "ref-1"
