"""What the app answers beside its screens: whether it lives and is ready, for anybody and in words only; how everything
behind it is and what was counted, for whoever runs it."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from functools import partial

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from allocation.errors import EvenlotError
from bootstrap import House, house
from orders.errors import LedgerUnusable, OutsideError, SettingsError
from settings import read_part
from ui.session import Pulse
from watch.standing import Dependency, Standing, worst

LOOPBACK = ("127.0.0.1", "::1")
_THIS_MACHINE = (*LOOPBACK, "localhost")
# a proxy on this machine asks for somebody elsewhere; one that adds nothing passes on another host's name, or should
_PROXIED = ("forwarded", "x-forwarded", "x-real-ip", "via", "client-ip", "true-client-ip", "cf-")
READY_FOR = 1.0  # seconds an answer of /health/ready, which anybody may ask, is given again
_CIRCUIT = {"closed": 0, "half-open": 1, "open": 2}
_FAILS = {Standing.HEALTHY: 0, Standing.DEGRADED: 1, Standing.DOWN: 2}


Opened = Callable[[], House]  # raises what keeps it from being opened


def routes(greeted: Callable[[], bool], opened: Opened = house, worker: bool = False) -> list[Route]:
    """The routes beside the screens, or of a worker that runs apart. `greeted` tells whether Aladdin has answered since
    the start."""

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "live"})

    answered: list[tuple[float, Response]] = []

    def readiness(_: Request) -> Response:
        now = time.monotonic()
        if not answered or now - answered[-1][0] >= READY_FOR:
            answered[:] = [(now, ready(greeted(), opened, worker))]
        kept = answered[-1][1]
        return Response(kept.body, kept.status_code, media_type=kept.media_type)

    return [
        Route("/health/live", live),
        Route("/health/ready", readiness),
        Route("/health", partial(health, opened)),
        Route("/metrics", partial(metrics, opened)),
    ]


def ready(greeted: bool, opened: Opened = house, worker: bool = False) -> Response:
    """The house is open and everything behind it answers, but for a worker that runs apart; words only, since this
    route has no sign-in. `worker` tells that this process is that worker."""
    try:
        the_house = opened()
        pulses = {pulse.name.split()[-1].lower(): _word(pulse, greeted) for pulse in the_house.health.pulses()}
    except EvenlotError as error:  # the house is not open: what is said of it stands in the log
        part = "store" if isinstance(error, LedgerUnusable | OutsideError) else "settings"
        return JSONResponse({"status": "not ready", part: "failing"}, status_code=503)
    # a worker that runs apart is every app's: what is confirmed meanwhile waits for it, here as elsewhere
    own = worker or the_house.embedded_worker
    well = all(word == "ok" for part, word in pulses.items() if part != "worker" or own)
    return JSONResponse({"status": "ready" if well else "not ready"} | pulses, status_code=200 if well else 503)


def _word(pulse: Pulse, greeted: bool) -> str:
    if not pulse.well:
        return "failing"
    return "no answer yet" if pulse.feeds and not greeted else "ok"


def health(opened: Opened, request: Request) -> Response:
    """Each dependency with its standing and figures. 503 while any is down."""
    try:
        the_house = opened()
    except EvenlotError as error:
        closed = JSONResponse({"status": Standing.DOWN, "says": str(error)}, 503)
        return closed if _may_look_in_vain(request) else _refused()
    if not _may_look(request, the_house.metrics_token.get_secret_value()):
        return _refused()
    found = the_house.health.dependencies()
    told = {one.name.lower(): {"status": one.standing, "says": one.sentence, **one.details} for one in found}
    whole = worst(found)
    return JSONResponse({"status": whole, **told}, status_code=503 if whole is Standing.DOWN else 200)


def metrics(opened: Opened, request: Request) -> Response:
    """What was counted since the start, and how things stand now, in Prometheus's text format."""
    try:
        the_house = opened()
    except EvenlotError:
        return Response(generate_latest(REGISTRY), 503) if _may_look_in_vain(request) else _refused()
    if not _may_look(request, the_house.metrics_token.get_secret_value()):
        return _refused()
    text = generate_latest(REGISTRY) + generate_latest(_as_it_stands(the_house))
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _may_look(request: Request, token: str) -> bool:
    """Whoever brings the token; without one in the settings, whoever asks from this machine, unless for another."""
    if token:
        said = request.headers.get("authorization", "")
        return hmac.compare_digest(said.encode(), f"Bearer {token}".encode())
    proxied = any(name.lower().startswith(_PROXIED) for name in request.headers)
    here = request.client is not None and request.client.host in LOOPBACK and request.url.hostname in _THIS_MACHINE
    return here and not proxied


def _may_look_in_vain(request: Request) -> bool:
    """As `_may_look`, where the house could not be opened; nobody, where its settings cannot even be read, as they may
    have a token. The log says what is wrong."""
    try:
        return _may_look(request, read_part().metrics_token.get_secret_value())
    except SettingsError:
        return False


def _refused() -> Response:
    return PlainTextResponse("Bring METRICS_TOKEN as a bearer token, or ask from the machine itself.\n", 403)


def _as_it_stands(opened: House) -> CollectorRegistry:
    """Gauges that are read when they are asked for."""
    registry = CollectorRegistry()
    found = {one.name: one for one in opened.health.dependencies()}
    standing = Gauge("evenlot_dependency", "0 healthy, 1 degraded, 2 down", ["dependency"], registry=registry)
    for name, one in found.items():
        standing.labels(name.lower()).set(_FAILS[one.standing])
    _figures(registry, found)
    if found["Store"].standing is not Standing.DOWN:
        states = Gauge("evenlot_orders", "Orders by state", ["state"], registry=registry)
        for state, count in opened.health.orders_by_state().items():
            states.labels(state.value).set(count)
    return registry


def _figures(registry: CollectorRegistry, found: dict[str, Dependency]) -> None:
    """The figures of the dependencies that are worth a curve. One that is not known now is left out."""
    for dependency, detail, name, meaning in (
        ("Store", "latency_seconds", "evenlot_store_latency_seconds", "Time of one small read of the ledger"),
        ("Store", "outbox_commands", "evenlot_outbox_commands", "Commands that wait for the worker"),
        ("Store", "outbox_oldest_seconds", "evenlot_outbox_oldest_seconds", "Age of the oldest of them"),
        ("Worker", "last_round_seconds_ago", "evenlot_worker_round_age_seconds", "Since the worker finished a round"),
        ("Worker", "orders_held_up", "evenlot_orders_held_up", "Orders the worker cannot get on with"),
        ("Aladdin", "calls_waiting", "evenlot_aladdin_calls_waiting", "Calls that wait for their turn"),
        ("Cache", "bytes", "evenlot_cache_bytes", "Size of the answers kept"),
        ("Disk", "free_bytes", "evenlot_disk_free_bytes", "Free where the data folder is"),
    ):
        value = found[dependency].details.get(detail)
        if isinstance(value, int | float):
            Gauge(name, meaning, registry=registry).set(value)
    aladdin = found["Aladdin"].details
    for detail, name, meaning in (
        ("circuits", "evenlot_aladdin_circuit", "0 closed, 1 tried again, 2 open"),
        ("calls_left_this_minute", "evenlot_aladdin_calls_left", "Calls our quotas would let go now"),
    ):
        gauge = Gauge(name, meaning, ["of"], registry=registry)
        values = aladdin[detail]
        assert isinstance(values, dict)
        for of, value in values.items():
            gauge.labels(of).set(_CIRCUIT[value] if isinstance(value, str) else value)
