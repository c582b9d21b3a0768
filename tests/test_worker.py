from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from access import demo_users
from bootstrap import House
from listening import answering
from orders.dispatch import LEASE, LEASE_SECONDS
from orders.errors import SettingsError
from orders.model import Lease, OrderState
from orders.rechecking import Rechecking
from tests.browser.server import ROOT, free_port, own_environment
from tests.house import PM, confirmed, house_on
from tests.test_endpoints import samples

APPROVER = demo_users()[0]["approver"].user
PATIENCE = 60  # seconds


class Worker:
    """`python worker.py` as a process of its own."""

    def __init__(self, **env: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "worker.py"],
            cwd=ROOT,
            env=own_environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def greeting(self) -> str:
        """Its first line, once it works."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def end(self, number: signal.Signals | None = None) -> tuple[int, str]:
        """Send a signal, if any; the exit code and what was said on stderr."""
        if number is not None:
            self._process.send_signal(number)
        _, said = self._process.communicate(timeout=PATIENCE)
        return self._process.returncode, said

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def start() -> Iterator[Callable[..., Worker]]:
    workers: list[Worker] = []

    def start(**env: str) -> Worker:
        workers.append(Worker(**env))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()


def wait_for(met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not met():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def test_a_worker_beside_the_desk_sends_and_follows_an_order_until_it_is_booked(
    tmp_path: Path, start: Callable[..., Worker]
) -> None:
    with house_on(tmp_path, demo_fill_seconds=0.5) as house:
        desk = house.office.desk
        order = confirmed(house, "by the night watch")
        port = free_port()
        worker = start(DATA_DIR=str(tmp_path), WORKER_EMBEDDED="false", WORKER_PORT=str(port))
        assert worker.greeting() == "Working on demo book, seed 7. Stop with Ctrl-C.\n"
        wait_for(lambda: desk.past.order(PM, order.id).state is OrderState.BOOKED)
        booked = desk.past.order(PM, order.id)
        assert booked.filled == order.face
        assert {line.account_id: line.booked for line in booked.lines} == {
            line.account_id: line.face for line in order.lines
        }
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert client.get("/health/live").json() == {"status": "live"}
            assert client.get("/health/ready").status_code == 200
            assert client.get("/health").json()["worker"]["in_this_process"] is True
            counted = samples(client.get("/metrics").text)
            assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.7"}).status_code == 403
        assert counted["evenlot_ledger_commits_total", "send"] == 1  # its own: this process only confirmed
        assert counted["evenlot_aladdin_calls_total", "order:post", "200"] >= 1
        code, said = worker.end(signal.SIGTERM)
        assert code == 0
        assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.soak
def test_a_signal_ends_the_worker_and_its_simulated_aladdin_cleanly(
    tmp_path: Path, start: Callable[..., Worker], number: signal.Signals
) -> None:
    worker = start(DATA_DIR=str(tmp_path))
    assert worker.greeting()
    code, said = worker.end(number)
    assert code == 0
    assert "Traceback" not in said
    assert not (tmp_path / "simulator.json").exists()


@pytest.mark.soak
def test_a_worker_that_has_ended_leaves_its_lease_to_the_next_at_once(
    tmp_path: Path, start: Callable[..., Worker]
) -> None:
    with house_on(tmp_path) as house:
        worker = start(DATA_DIR=str(tmp_path))
        assert worker.greeting()
        wait_for(lambda: _watched(house))
        assert worker.end(signal.SIGTERM)[0] == 0
        assert not _watched(house)


@pytest.mark.soak
def test_a_worker_that_is_killed_is_followed_by_another_within_thirty_seconds(
    tmp_path: Path, start: Callable[..., Worker]
) -> None:
    with house_on(tmp_path) as house:
        first = start(DATA_DIR=str(tmp_path))
        assert first.greeting()
        wait_for(lambda: _watched(house))
        second = start(DATA_DIR=str(tmp_path))
        assert second.greeting()
        was = house.dispatch._ledger.lease(LEASE)
        first.kill()
        killed = time.monotonic()
        wait_for(lambda: _passed_on(house, was))
        assert time.monotonic() - killed < 30
        wait_for(lambda: _watched(house))


def _passed_on(house: House, was: Lease | None) -> bool:
    """Whether somebody else has the lease now."""
    held = house.dispatch._ledger.lease(LEASE)
    return was is not None and held is not None and held.holder != was.holder


def _watched(house: House) -> bool:
    """Whether the screens would say that a worker sends and follows."""
    return next(pulse.well for pulse in house.office.pulses() if pulse.name == "Worker")


def test_a_port_that_is_taken_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with house_on(tmp_path, worker_port=port) as house:
            with pytest.raises(SettingsError, match=f"WORKER_PORT {port} cannot be used: Address already in use"):
                answering(house).__enter__()
            object.__setattr__(house, "worker_port", None)
            with answering(house):
                pass


def test_settings_that_cannot_be_used_end_it_with_the_sentence(start: Callable[..., Worker]) -> None:
    code, said = start(DEMO="false", ALADDIN_URL="https://host.example.com", ALADDIN_CLIENT_SECRET="hush-hush").end()
    assert code == 1
    assert said.startswith("Aladdin is half-configured: ALADDIN_URL, ALADDIN_CLIENT_SECRET set, ALADDIN_CLIENT_ID,")
    assert said.count("\n") == 1
    assert "hush-hush" not in said


@pytest.mark.soak
def test_a_value_that_cannot_be_used_ends_it_with_the_name_of_the_variable(start: Callable[..., Worker]) -> None:
    code, said = start(DEMO_SEED="sw0rdfish").end()
    assert code == 1
    assert "DEMO_SEED" in said
    assert "sw0rdfish" not in said


def test_the_worker_of_a_house_looks_again_at_an_order_that_waited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rechecking, "objection", lambda *_: "Its price is another.")
    with house_on(tmp_path, approval_from_face=0) as house:
        desk, order = house.office.desk, confirmed(house)
        desk.orders.approve(APPROVER, order.id, order.statement_sha256, "a1")
        lease = house.dispatch._ledger.acquire(LEASE, house.dispatch.holder, LEASE_SECONDS)
        assert lease is not None
        house.dispatch.work(lease)
        waits = desk.past.order(PM, order.id)
        assert waits.state is OrderState.SEND_FAILED
        assert waits.message.startswith("Its price is another. A person must decide")
