"""What is kept stays with whom it was told to, and outlives a disk that takes nothing more."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from aladdin.client import Aladdin
from orders.errors import NotPermitted, Unavailable
from tests.aladdin.conftest import Desk
from tests.aladdin.loopback import Asked, Reply
from tests.aladdin.sending import scripted

PARTS = ("/members", "/position", "ladders", "portfolios", "/assets")
TUESDAY = date(2026, 11, 24)


SOMEBODY_ELSE = [{"refresh_token": SecretStr("of Bob")}, {"api_key": SecretStr("of Bob")}, {"scopes": ("a.v1.B",)}]


@pytest.mark.parametrize("who", SOMEBODY_ELSE)
def test_what_one_may_see_is_never_served_to_another_be_aladdin_up_or_down(desk: Desk, who: dict[str, object]) -> None:
    desk.client.group("G/1", TUESDAY)
    for reply, error in ((Reply(status=403), NotPermitted), (Reply(status=503), Unavailable)):
        desk.world.override |= dict.fromkeys(PARTS, scripted(reply))
        other = desk.another(**who)
        for _ in range(3):
            with pytest.raises(error):
                other.group("G/1", TUESDAY)
        other.close()
    assert desk.client.group("G/1", TUESDAY).value.accounts  # it is there still for whom it is for


def test_where_the_disk_takes_nothing_the_newer_answer_in_memory_counts_and_not_the_older_one_on_disk(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.client.group("G/1", TUESDAY)
    other = desk.another()
    take_no_more(other, monkeypatch)
    desk.clock.pass_seconds(60)
    with structlog.testing.capture_logs() as lines:
        other.group("G/1", TUESDAY)
    assert "cache_unavailable" in [line["event"] for line in lines]  # it costs speed, and never an answer
    newest = desk.clock.now()
    desk.clock.pass_seconds(60)
    desk.world.override["/position"] = lambda _asked: Reply(status=503)
    for _ in range(2):
        with pytest.raises(Unavailable):
            other.group("G/1", TUESDAY, fresh=True)
    assert other._market._reads.positions("G/1").as_of == newest
    other.close()


def take_no_more(client: Aladdin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every write to the client's cache from now on, as a full disk does."""
    connect = sqlite3.connect

    def refusing(*given: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*given, **named)
        connection.execute("PRAGMA query_only = ON")
        return connection

    monkeypatch.setattr(sqlite3, "connect", refusing)
    client._cache._cache.close()  # each thread opens its connection when it needs one


# -- one reading for many --------------------------------------------------------------------------------------------


def test_sixteen_who_want_the_same_group_share_one_reading_of_it(desk: Desk) -> None:
    start, everybody = threading.Barrier(16), threading.Event()

    def slowly(_asked: Asked) -> None:
        everybody.wait(0.2)

    def read(_number: int) -> object:
        start.wait()
        return desk.client.group("G/1", TUESDAY)

    desk.world.override["ladders"] = slowly
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(read, range(16)))
    assert len({id(answer) for answer in answers}) == 1
    assert len(desk.server.calls("/position")) == 1


def test_who_asks_after_an_order_of_ours_shares_no_reading_from_before(desk: Desk) -> None:
    under_way, release = threading.Event(), threading.Event()

    def first_slowly(_asked: Asked) -> None:
        if not under_way.is_set():
            under_way.set()
            release.wait(10)

    desk.world.override["/position"] = first_slowly
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(desk.client.group, "G/1", TUESDAY)
        assert under_way.wait(10)
        desk.client._market._reads.order_sent()
        desk.clock.pass_seconds(1)
        desk.client.group("G/1", TUESDAY)
        assert not before.done()
        release.set()
        before.result(10)
    assert len(desk.server.calls("/position")) == 2
