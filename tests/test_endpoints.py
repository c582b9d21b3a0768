from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.responses import Response

import bootstrap
import endpoints
from bootstrap import House
from endpoints import routes
from orders.errors import LedgerUnusable
from tests.house import confirmed, house_on
from watch import counts

T = TypeVar("T")
HERE = ("127.0.0.1", 4000)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house_on(tmp_path_factory.mktemp("endpoints")) as house:
        yield house


@pytest.fixture
def house(opened: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """One of the test's own to change, over what all of them have."""
    mine = replace(opened)
    monkeypatch.setattr(bootstrap, "_house", [mine])
    return mine


def ask(path: str, of: tuple[str, int] = HERE, **headers: str) -> httpx.Response:
    """One request by somebody at this address."""

    async def get(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return asked(get, of)


def asked(what: Callable[[httpx.AsyncClient], Awaitable[T]], of: tuple[str, int] = HERE) -> T:
    """What comes of it, with a client at this address."""

    async def ask_it() -> T:
        transport = httpx.ASGITransport(Starlette(routes=routes(lambda: True)), client=of)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8501") as client:
            return await what(client)

    return asyncio.run(ask_it())


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Every value by its name and the values of its labels."""
    found = text_string_to_metric_families(text)
    return {(s.name, *s.labels.values()): s.value for family in found for s in family.samples}


def test_what_was_counted_and_how_things_stand_is_told_in_prometheus_terms(house: House) -> None:
    before = samples(ask("/metrics").text)
    order = confirmed(house)
    answer = ask("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    after = samples(answer.text)

    def more(*key: str) -> float:
        return after[key] - before.get(key, 0.0)

    engine = "pro_rata"
    assert more("evenlot_previews_total", engine) == more("evenlot_allocation_seconds_count", engine) == 2
    assert more("evenlot_confirmations_total", "confirmed") == 1
    assert more("evenlot_ledger_commits_total", "confirm") == 1
    assert more("evenlot_aladdin_calls_total", "position", "200") >= 1
    assert more("evenlot_cache_total", "positions", "aladdin") >= 1
    assert after["evenlot_orders", order.state.value] == 1
    assert after["evenlot_outbox_commands",] == 1
    assert after["evenlot_outbox_oldest_seconds",] >= 0
    assert after["evenlot_dependency", "aladdin"] == 0
    assert after["evenlot_dependency", "worker"] == 2  # nobody holds the lease
    assert after["evenlot_aladdin_calls_left", "in all"] > 0


def test_each_dependency_is_told_with_its_standing_and_its_figures(house: House) -> None:
    house.greet()
    told = ask("/health").json()
    assert told["status"] == told["worker"]["status"] == "down"
    assert told["worker"]["says"].startswith("No worker is running.")
    assert {part: told[part]["status"] for part in ("aladdin", "store", "cache", "disk")} == dict.fromkeys(
        ("aladdin", "store", "cache", "disk"), "healthy"
    )
    assert told["store"]["kind"] == "sqlite"
    assert told["cache"]["answers"] > 0
    assert told["disk"]["free_bytes"] > 0
    assert set(told["aladdin"]["circuits"].values()) == {"closed"}


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_figures_are_for_the_machine_itself_or_for_whoever_brings_the_token(
    house: House, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    assert ask(path).status_code in (200, 503)
    elsewhere = ("10.0.0.7", 4000)
    assert ask(path, elsewhere).status_code == 403
    for added in ("x_forwarded_for", "x_forwarded_host", "via", "forwarded", "x_real_ip"):
        assert ask(path, HERE, **{added: "10.0.0.7"}).status_code == 403  # by way of a proxy on this machine
    assert ask(path, host="evenlot.firm.example").status_code == 403  # by one that adds nothing
    object.__setattr__(house, "metrics_token", SecretStr("a long secret"))
    assert ask(path).status_code == 403
    assert ask(path, authorization="Bearer another secret").status_code == 403
    assert ask(path, elsewhere, authorization="Bearer a long secret").status_code in (200, 503)


def test_a_load_balancer_gets_words_and_no_figures_without_a_sign_in(house: House) -> None:
    assert ask("/health/live", ("10.0.0.7", 4000)).json() == {"status": "live"}
    object.__setattr__(house, "embedded_worker", True)
    ready = ask("/health/ready", ("10.0.0.7", 4000))
    assert (ready.status_code, set(ready.json().values())) == (503, {"not ready", "ok", "failing"})


def test_an_app_whose_worker_runs_apart_is_ready_without_it_and_says_how_it_is(house: House) -> None:
    ready = ask("/health/ready", ("10.0.0.7", 4000))
    assert (ready.status_code, ready.json()["worker"]) == (200, "failing")


def test_a_token_counts_though_the_house_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_house", [LedgerUnusable("The ledger is of another book.")])
    assert "another book" in ask("/health").json()["says"]
    monkeypatch.setenv("METRICS_TOKEN", "a long secret")
    assert {ask(path).status_code for path in ("/health", "/metrics")} == {403}
    assert ask("/health", authorization="Bearer a long secret").status_code == 503


def test_however_often_anybody_asks_the_store_is_read_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[bool] = []

    def ready(greeted: bool, *_: object) -> Response:
        looked.append(greeted)
        return Response(b"{}", 503)

    monkeypatch.setattr(endpoints, "ready", ready)

    async def three_times(client: httpx.AsyncClient) -> list[int]:
        return [(await client.get("/health/ready")).status_code for _ in range(3)]

    assert asked(three_times) == [503] * 3
    assert looked == [True]


def test_what_failed_is_not_counted_as_done() -> None:
    seconds = counts.COMMIT_SECONDS
    before = samples_of(seconds)
    with pytest.raises(ValueError, match="no"), counts.timed(seconds):
        raise ValueError("no")
    assert samples_of(seconds) == before


def samples_of(histogram: object) -> float:
    (family,) = histogram.collect()  # type: ignore[attr-defined]
    return float(next(s.value for s in family.samples if s.name.endswith("_count")))
