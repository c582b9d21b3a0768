"""Sixteen threads at once, and two processes, in front of the simulated Aladdin: one token, one request for the same
read, no more calls than the quotas allow, and an answer for everybody."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr

from aladdin.config import AladdinConfig, Freshness
from aladdin.http.limiter import WINDOW_SECONDS
from aladdin.http.transport import Call, Transport
from aladdin.simulator.process import PROJECT
from orders.errors import DeskError, RateLimited, Unavailable
from tests.aladdin.patience import Patience
from tests.aladdin.simulator.program import Served
from tests.aladdin.simulator.samples import GROUPS, ORDERS
from tests.aladdin.stand import AS_OF, SETTLEMENT, Stand, book_clock, counting, simulated, standing

T = TypeVar("T")
EVERYBODY = 16
PATHS = ("*/members", "*/portfolios:filter", "*/position", "*/ladders:filter", "*/assets")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with simulated(tmp_path_factory.mktemp("threads")) as server:
        yield server


@pytest.fixture
def stand(served: Served, tmp_path: Path) -> Iterator[Stand]:
    with standing(served, tmp_path, freshness=Freshness(), read_timeout=20) as here:
        yield here


def at_once(work: Callable[[int], T]) -> list[T | DeskError]:
    """What the same work comes to in each of sixteen threads begun together."""
    start = threading.Barrier(EVERYBODY)

    def one(number: int) -> T | DeskError:
        start.wait()
        try:
            return work(number)
        except DeskError as error:
            return error

    with ThreadPoolExecutor(EVERYBODY) as pool:
        return list(pool.map(one, range(EVERYBODY)))


def test_sixteen_who_want_the_same_group_cost_one_token_and_one_request_for_each_read(stand: Stand) -> None:
    stand.count("*/token", *PATHS)
    answers = at_once(lambda _number: stand.client.group("CORE", SETTLEMENT).value)
    assert all(answer == answers[0] and not isinstance(answer, DeskError) for answer in answers)
    assert stand.requests() == [1, 1, 1, 1, 1, 1]


def test_sixteen_who_insist_on_a_new_answer_share_it_too(stand: Stand) -> None:
    stand.client.group("CORE", SETTLEMENT)
    stand.trouble.set("latency seconds=0.05 path=*/position")
    answers = at_once(lambda _number: stand.client.group("CORE", SETTLEMENT, fresh=True).value)
    assert all(answer == answers[0] for answer in answers)
    (requests,) = stand.requests()
    assert 1 <= requests <= 3  # the first, who all came too late for, and the one that began afterwards


def test_a_flight_that_fails_fails_all_its_passengers_by_three_requests_and_is_not_kept(stand: Stand) -> None:
    stand.client.group("CORE", SETTLEMENT)
    stand.clock.pass_(3600)
    stand.trouble.set("latency seconds=0.1 path=*/position", "server-error path=*/position next=3")
    answers = at_once(lambda _number: stand.client.group("CORE", SETTLEMENT))
    assert all(isinstance(answer, Unavailable) and "status 503" in str(answer) for answer in answers)
    assert stand.trouble.counts()[1] == (3, 3)  # and not three for each of them
    assert stand.client.group("CORE", SETTLEMENT).as_of > stand.clock.at.replace(microsecond=0)


def test_tokens_that_expire_under_sixteen_threads_are_replaced_once(stand: Stand) -> None:
    stand.client.group("CORE", SETTLEMENT)
    start = threading.Barrier(EVERYBODY)
    stand.trouble.set("expired-token path=*/orders:filter next=1", counting("*/token"))

    def look(number: int) -> bool:
        start.wait()
        return stand.client.find_order(f"nobody-{number}") is None

    assert at_once(look) == [True] * EVERYBODY
    assert stand.requests()[1] == 1


def test_too_many_sign_ins_are_not_made_worse_by_sixteen_who_repeat_theirs(stand: Stand) -> None:
    stand.trouble.set("too-many-requests retry-after=0 path=*/token")
    answers = at_once(lambda number: stand.client.find_order(f"nobody-{number}"))
    assert all(isinstance(answer, DeskError) for answer in answers)
    assert stand.requests() <= [5]  # then signing in is left alone


# -- quotas ----------------------------------------------------------------------------------------------------------


def transport_of(served: Served, patience: Patience, **changes: Any) -> Transport:
    config = AladdinConfig(served.url, served.client_id, SecretStr(served.client_secret), **changes)
    return Transport(config, book_clock().now, sleep=patience.sleep, monotonic=patience.monotonic)


def test_our_quota_is_never_exceeded_and_everybody_gets_an_answer(stand: Stand) -> None:
    patience, lock = Patience(), threading.Lock()
    gone: list[float] = []
    transport = transport_of(stand.served, patience, calls_a_minute=20, read_deadline=1000)
    stand.count("*/node", "*/token")

    def work(_number: int) -> int:
        for _ in range(5):
            transport.read(Call("GET", f"{GROUPS}/CORE/node", "reading the group"))
            with lock:
                gone.append(patience.monotonic())
        return 5

    assert patience.run(EVERYBODY, work) == [5] * EVERYBODY
    transport.close()
    assert stand.requests() == [80, 1]
    allowed = 18  # a tenth is for orders
    assert all(last - first >= WINDOW_SECONDS for first, last in zip(gone, gone[allowed:], strict=False))
    assert max(gone) == pytest.approx(4 * WINDOW_SECONDS)


def test_orders_find_their_turn_while_reads_have_taken_all_theirs(stand: Stand) -> None:
    patience = Patience()
    transport = transport_of(stand.served, patience, calls_a_minute=20, read_deadline=1000)
    looked: list[float] = []

    def work(number: int) -> None:
        if number:
            for _ in range(5):
                transport.read(Call("GET", f"{GROUPS}/CORE/node", "reading the group"))
        else:
            query = {"query": {"externalIdCriterion": {"externalId1": "nobody"}}}
            for _ in range(2):
                transport.read(Call("POST", f"{ORDERS}/orders:filter", "looking for an order", body=query))
                looked.append(patience.monotonic())

    patience.run(EVERYBODY, work)
    transport.close()
    assert looked == [0.0, 0.0]


def test_with_the_servers_own_quotas_in_the_settings_nobody_is_ever_refused_by_it(tmp_path: Path) -> None:
    with simulated(tmp_path, "--quota", "30") as served, standing(served, tmp_path) as stand:
        stand.trouble.set(counting("*/node"))
        config = AladdinConfig(served.url, served.client_id, SecretStr(served.client_secret), default_quota=30)
        transport = Transport(replace(config, read_deadline=5), stand.clock.now)
        call = Call("GET", f"{GROUPS}/CORE/node", "reading the group")
        answers = [answer for _ in range(2) for answer in at_once(lambda _number: transport.read(call))]
        transport.close()
        refused = [answer for answer in answers if isinstance(answer, DeskError)]
        assert len(refused) == 2  # at once, as their turn would come too late, and by ourselves:
        assert all("the 30 calls a minute of node are used up" in str(error) for error in refused)
        assert stand.requests() == [30]


def test_a_server_with_smaller_quotas_than_ours_is_obeyed_and_asked_no_more_than_need_be(tmp_path: Path) -> None:
    patience = Patience()
    with simulated(tmp_path, "--quota", "20") as served, standing(served, tmp_path) as stand:
        stand.trouble.set(counting("*/node"))
        transport = transport_of(served, patience, calls_a_minute=3000, default_quota=3000, longest_pause=90)
        refused: list[RateLimited] = []

        def work(number: int) -> None:
            for _ in range(2):
                try:
                    transport.read(Call("GET", f"{GROUPS}/CORE/node", f"reading for {number}"))
                except RateLimited as error:
                    refused.append(error)

        patience.run(EVERYBODY, work)
        transport.close()
        # Its minute is a real one and ours is not, so that who waits it out is refused again, until the deadline.
        assert len(refused) == 12
        assert all(error.retry_after is not None and error.retry_after > 30 for error in refused)
        (requests,) = stand.requests()
        assert 20 + 12 <= requests <= 20 + 12 * 2


# -- two processes ---------------------------------------------------------------------------------------------------


def reader(stand: Stand) -> subprocess.Popen[str]:
    served = stand.served
    command = [sys.executable, "-m", "tests.aladdin.reader", served.url, served.client_id, served.client_secret]
    command += [str(stand.cache), AS_OF.isoformat(), SETTLEMENT.isoformat()]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


def said(process: subprocess.Popen[str]) -> list[list[str]]:
    """What a reader read; its log lines come first."""
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    accounts: list[list[str]] = json.loads(out.splitlines()[-1])
    return accounts


def test_two_processes_share_one_cache_directory_and_what_is_in_it(stand: Stand) -> None:
    stand.count("*/token", *PATHS)
    at_first = [reader(stand), reader(stand)]
    first, second = (said(process) for process in at_first)
    assert first == second
    assert [row[0] for row in first] == ["ALPHA", "BRAVO"]
    assert all(1 <= requests <= 2 for requests in stand.requests())  # both may have asked before either had an answer
    stand.count("*/token", *PATHS)
    assert said(reader(stand)) == first
    assert stand.requests() == [0, 0, 0, 0, 0, 0]
