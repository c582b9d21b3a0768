"""What is kept of Aladdin's answers: how long, for whom, and what is made of it while Aladdin is out of order."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
import structlog
from pydantic import SecretStr

from aladdin.client import Aladdin
from aladdin.config import AladdinConfig
from aladdin.reading.cache import AnswerCache
from aladdin.reading.kept import Read, _Memory
from orders.errors import NotFound, Unavailable
from orders.model import Group
from orders.ports import Dated
from tests.aladdin.conftest import Desk
from tests.aladdin.loopback import SECRET, Asked, Reply, until
from tests.aladdin.sending import aboard

TUESDAY = date(2026, 11, 24)
GS = "38141GYB4"
DOWN = Reply(status=503)


def take_down(desk: Desk, part: str) -> None:
    """Let the calls of one API group fail until it is left alone."""
    desk.world.override[part] = lambda _asked: DOWN
    for _ in range(2):
        with pytest.raises(Unavailable):
            desk.client.group("G/1", TUESDAY, fresh=True)


def take_down_terms(desk: Desk) -> None:
    """The same for the master and the analytics."""
    desk.world.override |= {"/assets": lambda _asked: DOWN, "security-master": lambda _asked: DOWN}
    for _ in range(2):
        with pytest.raises(Unavailable):
            desk.client.bond(GS, fresh=True)


def together(desk: Desk, people: int) -> list[Dated[Group]]:
    """The same group read by so many at once."""
    start = threading.Barrier(people)

    def one(_number: int) -> Dated[Group]:
        start.wait()
        return desk.client.group("G/1", TUESDAY)

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(one, range(people)))


# -- while Aladdin is out of order -----------------------------------------------------------------------------------


def test_while_a_group_is_left_alone_reads_give_what_was_kept_with_its_age_and_ask_nothing(desk: Desk) -> None:
    before = desk.client.group("G/1", TUESDAY)
    desk.clock.pass_seconds(3 * 3600)
    take_down(desk, "/position")
    asked = len(desk.server.calls("/position"))
    with structlog.testing.capture_logs() as lines:
        served = desk.client.group("G/1", TUESDAY)
    assert served.value == before.value
    assert served.as_of == before.as_of  # its age, not that of the other parts
    assert len(desk.server.calls("/position")) == asked
    assert "kept_answer_served" in [line["event"] for line in lines]
    assert "portfolio-mgmt/positions/v1 failed 5 times" in desk.client.trouble


def test_when_aladdin_answers_again_the_new_answer_is_read(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    take_down(desk, "/position")
    desk.world.override.clear()
    desk.clock.pass_seconds(31)
    asked = len(desk.server.calls("/position"))
    desk.client.group("G/1", TUESDAY)
    assert len(desk.server.calls("/position")) == asked + 1
    assert desk.client.trouble == ""


def test_fresh_is_never_served_from_what_is_kept(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    take_down(desk, "/position")
    with pytest.raises(Unavailable, match="failed 5 times in a row"):
        desk.client.group("G/1", TUESDAY, fresh=True)


def test_nothing_kept_is_an_error_and_not_an_empty_answer(desk: Desk) -> None:
    take_down(desk, "/position")
    with pytest.raises(Unavailable, match="portfolio-mgmt/positions/v1 failed 5 times"):
        desk.client.group("G/1", TUESDAY)


def test_one_failure_does_not_bring_old_answers_back(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    desk.clock.pass_seconds(31)
    desk.world.override["/position"] = lambda _asked: DOWN
    with pytest.raises(Unavailable, match="status 503"):
        desk.client.group("G/1", TUESDAY)


def test_holdings_from_before_our_last_order_are_not_served_however_down_aladdin_is(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    take_down(desk, "/position")
    desk.client._broker._reads.order_sent()
    with pytest.raises(Unavailable):
        desk.client.group("G/1", TUESDAY)


def test_terms_and_measures_are_served_from_what_is_kept_too(desk: Desk) -> None:
    before = desk.client.bond(GS)
    desk.clock.pass_seconds(2 * 86_400)
    take_down_terms(desk)
    served = desk.client.bond(GS)
    assert (served.value, served.as_of) == (before.value, before.as_of)


def test_a_bond_not_kept_is_an_error_and_not_an_unknown_one(desk: Desk) -> None:
    desk.client.bond(GS)
    take_down_terms(desk)
    with pytest.raises(Unavailable):
        desk.client.bond("46647PDH6")


def test_orders_are_never_served_from_what_is_kept(desk: Desk) -> None:
    desk.world.override["orders:filter"] = lambda _asked: Reply({"orders": []})
    assert desk.client.find_order("EV-1") is None
    desk.world.override["orders:filter"] = lambda _asked: DOWN
    for _ in range(3):
        with pytest.raises(Unavailable):
            desk.client.find_order("EV-1")
    assert all("orders:filter" not in key for key in desk.client._cache.keys(""))


# -- one flight ------------------------------------------------------------------------------------------------------


def test_sixteen_who_ask_at_once_cost_the_calls_of_one(desk: Desk) -> None:
    assert len({read.as_of for read in together(desk, 16)}) == 1
    assert len(desk.server.calls()) == 5
    assert desk.server.granted == 1


def test_a_failure_reaches_all_who_waited_and_is_not_kept(desk: Desk) -> None:
    desk.world.override["/members"] = lambda _asked: Reply({"code": "NOT_FOUND", "message": "gone"}, 404)
    with ThreadPoolExecutor(8) as pool:
        reads = [pool.submit(desk.client.group, "G/1", TUESDAY) for _ in range(8)]
        assert all(isinstance(read.exception(20), NotFound) for read in reads)
    desk.world.override.clear()
    assert len(desk.client.group("G/1", TUESDAY).value.accounts) == 2


def test_an_answer_asked_for_before_our_order_is_not_shared_with_who_asks_after_it(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    desk.clock.pass_seconds(31)
    held, go_on = threading.Event(), threading.Event()

    def hold_the_first(_asked: Asked) -> None:
        if not held.is_set():
            held.set()
            assert go_on.wait(10)

    desk.world.override["/position"] = hold_the_first
    with ThreadPoolExecutor(2) as pool:
        before = pool.submit(desk.client.group, "G/1", TUESDAY)
        assert held.wait(10)
        desk.clock.pass_seconds(1)
        desk.client._broker._reads.order_sent()
        desk.clock.pass_seconds(1)
        after = pool.submit(desk.client.group, "G/1", TUESDAY)
        until(lambda: len(desk.server.calls("/position")) == 3)  # its own, while the first is still under way
        go_on.set()
        before.result(10)
        after.result(10)


def test_fresh_readers_share_a_flight_that_begins_after_they_asked(desk: Desk) -> None:
    held = threading.Event()
    desk.world.override["/position"] = lambda _asked: None if held.wait(10) else DOWN
    reads = desk.client._market._reads
    with ThreadPoolExecutor(8) as pool:
        asks = [pool.submit(reads.positions, "G/1", fresh=True) for _ in range(8)]
        until(lambda: aboard(reads._kept._flights, "positions|SOD+Trades+Orders|G/1|None") == (1, 7))
        held.set()
        assert all(len(ask.result(10).value) == 3 for ask in asks)
    assert len(desk.server.calls("/position")) == 2


# -- in memory and on disk -------------------------------------------------------------------------------------------


def test_a_warm_answer_is_not_read_from_disk_again(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    with sqlite3.connect(desk.directory / "cache.db") as db:
        db.execute("DELETE FROM Cache")
    asked = len(desk.server.calls())
    desk.client.group("G/1", TUESDAY)
    assert len(desk.server.calls()) == asked


def test_what_another_process_read_later_is_taken_over_when_ours_is_too_old(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    desk.clock.pass_seconds(31)
    other = desk.another(page_size=2)
    other.group("G/1", TUESDAY)
    other.close()
    asked = len(desk.server.calls("/position"))
    desk.client.group("G/1", TUESDAY)
    assert len(desk.server.calls("/position")) == asked


def test_after_a_restart_an_answer_is_found_on_disk_with_its_age(desk: Desk) -> None:
    first = desk.client.group("G/1", TUESDAY)
    desk.clock.pass_seconds(5)
    asked = len(desk.server.calls())
    again = desk.another(page_size=2)
    assert again.group("G/1", TUESDAY) == first
    assert len(desk.server.calls()) == asked
    again.close()


def test_other_credentials_see_nothing_of_what_ours_may(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    asked = len(desk.server.calls())
    config = AladdinConfig(desk.server.url, "another desk", SecretStr(SECRET), page_size=2)
    other = Aladdin(config, AnswerCache(desk.directory), desk.clock, "small")
    other.group("G/1", TUESDAY)
    assert len(desk.server.calls()) == 2 * asked
    other.close()


def test_an_answer_from_before_the_clock_was_put_back_is_read_again(desk: Desk) -> None:
    desk.client.group("G/1", TUESDAY)
    desk.clock.pass_seconds(-3600)
    asked = len(desk.server.calls())
    desk.client.group("G/1", TUESDAY)
    assert len(desk.server.calls()) == 2 * asked


def test_what_is_absent_is_not_asked_for_again_for_a_while_and_then_is(desk: Desk) -> None:
    desk.world.override["/assets"] = lambda _asked: Reply({"riskByAssetId": {}})
    for seconds, calls in ((0, 1), (299, 1), (1, 2)):
        desk.clock.pass_seconds(seconds)
        assert desk.client.bond(GS).value.measures.spread_duration is None
        assert len(desk.server.calls("/assets")) == calls


def test_memory_gives_up_what_was_used_longest_ago() -> None:
    memory, read = _Memory(10), Read("value", datetime(2026, 11, 20, tzinfo=UTC), TUESDAY)
    memory.put("a", read, 4)
    memory.put("b", read, 4)
    assert memory.get("a") is read
    memory.put("c", read, 4)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (read, None, read)
    memory.put("c", read, 6)  # in place of what was there
    assert memory.get("a") is read
    memory.put("huge", read, 11)
    assert memory.get("huge") is None
