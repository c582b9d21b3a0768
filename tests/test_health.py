"""Each dependency taken away for real and given back: what is said of it meanwhile, and who is sent elsewhere."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import bootstrap
import health
import which_aladdin
from aladdin.config import AladdinConfig
from aladdin.simulator.console import set_plan
from bootstrap import House
from orders.dispatch import LEASE, LEASE_SECONDS
from orders.errors import OutsideError, RateLimited
from orders.lease import Pulse
from tests.house import house_on
from tests.test_endpoints import ask

PATIENCE = 20  # seconds, on a busy machine
CIRCUIT_SECONDS = 0.3
CALLS = 40  # a minute


@dataclass
class Ahead:
    """A clock that a test can put forward."""

    seconds: float = 0.0

    def now(self) -> float:
        return time.monotonic() + self.seconds


@pytest.fixture(scope="module")
def ahead() -> Ahead:
    return Ahead()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("health")


@pytest.fixture(scope="module")
def opened(data: Path, ahead: Ahead) -> Iterator[House]:
    """A house whose Aladdin is given up quickly, and asked again soon."""
    made = which_aladdin.book_and_config

    def hasty(*what: object) -> tuple[object, AladdinConfig]:
        book, config = made(*what)  # type: ignore[arg-type]
        return book, replace(
            config, read_attempts=1, read_timeout=0.4, circuit_seconds=CIRCUIT_SECONDS, circuit_failures=2
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "book_and_config", hasty)
        with house_on(data, aladdin_calls_a_minute=CALLS, worker_embedded=True) as house:
            transport = house.health.aladdin._transport
            patch.setattr(transport, "_monotonic", ahead.now)
            patch.setattr(transport._limiter, "_monotonic", ahead.now)
            yield house


@pytest.fixture
def house(opened: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """With a worker elsewhere that is well."""
    monkeypatch.setattr(bootstrap, "_house", [opened])
    lease = opened.health.ledger.acquire(LEASE, "elsewhere:1", 60, Pulse(opened.health.clock.now()))
    assert lease is not None
    opened.greet()
    assert told("status") == ("healthy", 200, "ready")
    yield opened
    assert told("status") == ("healthy", 200, "ready")
    assert ask("/health/live").json() == {"status": "live"}
    opened.health.ledger.release(lease)


def told(part: str) -> tuple[str, int, str]:
    """The standing of a dependency, or with "status" of the whole; then what each of the two answers is worth."""
    whole, ready = ask("/health"), ask("/health/ready")
    assert ask("/health/live").status_code == 200  # whatever is away: a restart would mend nothing
    said = whole.json()[part]
    return (said if part == "status" else said["status"]), whole.status_code, ready.json()["status"]


def sentence(part: str) -> str:
    return str(ask("/health").json()[part]["says"])


def comes_to(part: str, expected: tuple[str, int, str], meanwhile: Callable[[], object] = lambda: None) -> None:
    deadline = time.monotonic() + PATIENCE
    while (found := told(part)) != expected:
        assert time.monotonic() < deadline, (part, found, sentence(part))
        meanwhile()
        time.sleep(0.05)


def failing(house: House) -> None:
    with pytest.raises(OutsideError):
        house.greet()


def test_aladdin_away_is_down_and_left_alone_until_it_answers_again(house: House, data: Path) -> None:
    set_plan(data, "unreachable")
    try:
        failing(house)
        assert told("aladdin") == ("down", 503, "not ready")
        for _ in range(2):
            failing(house)
        assert "open" in ask("/health").json()["aladdin"]["circuits"].values()
        assert sentence("aladdin").count("Trouble since") == 1
    finally:
        set_plan(data, "clear")
    time.sleep(CIRCUIT_SECONDS)
    house.greet()  # the call that tries the circuit


def test_aladdin_slower_than_we_wait_is_down_too(house: House, data: Path) -> None:
    set_plan(data, "slow")
    try:
        failing(house)
        assert told("aladdin") == ("down", 503, "not ready")
    finally:
        set_plan(data, "clear")
    time.sleep(CIRCUIT_SECONDS)
    house.greet()


def test_one_api_of_aladdins_left_alone_is_degraded(house: House, data: Path) -> None:
    circuit = house.health.aladdin._transport._circuits.of("portfolio-mgmt/positions/v1")
    for _ in range(2):
        with pytest.raises(OSError, match="away"), circuit.attempt(lambda error: True, "reading", "r"):
            raise OSError("away")
    assert told("aladdin")[:2] == ("degraded", 200)
    time.sleep(CIRCUIT_SECONDS)
    with circuit.attempt(lambda error: True, "reading", "r"):
        pass


def test_a_quota_that_is_used_up_is_degraded_and_the_app_stays_ready(house: House, ahead: Ahead) -> None:
    limiter = house.health.aladdin._transport._limiter
    for operation in ("members", "order:post"):  # one in ten is kept for orders
        with suppress(RateLimited):
            while True:
                limiter.wait(operation, ahead.now(), "asking", "r")
    assert told("aladdin") == ("degraded", 200, "ready")
    assert "are used up (in all" in sentence("aladdin")
    ahead.seconds += 61


def test_a_ledger_that_cannot_be_read_is_down(house: House, data: Path) -> None:
    file, aside = data / "ledger.db", data / "ledger.aside"
    house.health.ledger._store.dispose()
    file.rename(aside)
    file.mkdir()
    try:
        assert told("store") == ("down", 503, "not ready")
        assert sentence("store").endswith("Nothing can be confirmed.")
        assert ask("/metrics").status_code == 200
    finally:
        file.rmdir()
        aside.rename(file)


@pytest.mark.usefixtures("house")
def test_a_ledger_that_somebody_keeps_locked_is_degraded(data: Path) -> None:
    with closing(sqlite3.connect(data / "ledger.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert told("store")[:2] == ("degraded", 200)
        assert "keeps its write lock" in sentence("store")
        other.execute("ROLLBACK")


@pytest.mark.usefixtures("house")
def test_a_ledger_that_answers_slowly_is_degraded() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health, "SLOW_SECONDS", 0.0)
        assert told("store") == ("degraded", 200, "not ready")


def test_a_worker_that_died_or_lost_its_lease_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, dispatch = house.health.ledger, house.dispatch
    held = ledger.lease(LEASE)
    assert held is not None
    ledger.release(held)
    assert told("worker") == ("down", 503, "not ready")
    with monkeypatch.context() as apart:  # one that runs apart is every app's: none is sent elsewhere for it
        apart.setattr(bootstrap, "_house", [replace(house, embedded_worker=False)])
        assert told("worker") == ("down", 503, "ready")
    working = threading.Thread(target=dispatch.run)
    working.start()
    comes_to("worker", ("healthy", 200, "ready"))
    assert sentence("worker") == "sends and follows"
    dispatch.stop()
    working.join()
    assert told("worker")[0] == "down"
    silent = Pulse(house.health.clock.now().replace(year=2020))
    taken = ledger.acquire(LEASE, "elsewhere:2", LEASE_SECONDS, silent)
    assert told("worker") == ("degraded", 200, "not ready")
    assert taken is not None
    ledger.release(taken)
    assert ledger.acquire(LEASE, "elsewhere:1", 60, Pulse(house.health.clock.now())) is not None


def test_a_cache_that_cannot_be_written_is_degraded_and_is_used_again_once_it_can(house: House, data: Path) -> None:
    (folder,) = (data / "cache").iterdir()
    folder.rename(data / "aside")
    folder.touch()  # nobody can write into it now, not even root
    try:
        assert told("cache") == ("degraded", 200, "ready")
        house.greet()  # every page asks anew
    finally:
        folder.unlink()
    comes_to("cache", ("healthy", 200, "ready"))


@pytest.mark.usefixtures("house")
def test_a_disk_that_is_nearly_full_is_degraded() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health, "FULL_BYTES", 2**62)
        assert told("disk") == ("degraded", 200, "ready")
        assert "MB are free" in sentence("disk")
