"""The fault plan over HTTP: for the owner of the credentials, on this machine, and a bad plan changes nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from aladdin.simulator.control import FAULTS_PATH, Control
from aladdin.simulator.directory import Credentials
from aladdin.simulator.faults import FaultPlan
from aladdin.simulator.process import Running
from aladdin.simulator.protocol import CallRefused
from aladdin.simulator.state import Blotter
from books import Book
from tests.aladdin.simulator.samples import Caller, Ruler


def test_a_plan_is_put_shown_and_taken_away(trouble: Ruler) -> None:
    put = trouble.http.put(FAULTS_PATH, json={"faults": [{"kind": "latency", "seconds": 2, "path": "*/position"}]})
    told = {"kind": "latency", "seconds": 2.0, "path": "*/position", "seed": 0, "met": 0, "struck": 0}
    assert (put.status_code, put.json()) == (200, {"faults": [told]})
    assert trouble.http.get(FAULTS_PATH).json() == put.json()
    assert trouble.http.delete(FAULTS_PATH).status_code == 204
    assert trouble.http.get(FAULTS_PATH).json() == {"faults": []}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_only_the_owner_of_the_credentials_rules_the_plan(
    running: Running, caller: Caller, trouble: Ruler, method: str
) -> None:
    trouble.set("latency seconds=0.001")
    for auth in (None, (running.client_id, "wrong"), ("somebody", running.client_secret)):
        refused = httpx.request(method, f"{running.url}{FAULTS_PATH}", auth=auth, json={"faults": []}, trust_env=False)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Basic")
        assert running.client_secret not in refused.text
    assert caller.http.request(method, FAULTS_PATH, headers=caller.headers()).status_code == 401  # a token does not do
    assert len(trouble.counts()) == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"faults": [{"kind": "timeout"}, {"kind": "latency", "seconds": -1}]}', "faults.1.latency.seconds"),
        ('{"faults": [{"kind": "timeout", "colour": 1}]}', "faults.0.timeout.colour: there is no such field"),
        ('{"faults": [{"kind": "earthquake"}]}', "there is no fault 'earthquake', only 'latency'"),
        ('{"faults": [{"kind": "timeout", "next": 1, "probability": 0.5}]}', "either next or probability"),
        ("{}", "faults: Field required"),
        ("{", "Invalid JSON"),
    ],
)
def test_a_bad_plan_is_refused_whole(trouble: Ruler, body: str, says: str) -> None:
    trouble.set("latency seconds=0.001")
    refused = trouble.http.put(FAULTS_PATH, content=body)
    assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_ARGUMENT")
    assert says in refused.json()["message"]
    assert [fault["kind"] for fault in trouble.http.get(FAULTS_PATH).json()["faults"]] == ["latency"]


@pytest.mark.parametrize(("address", "admitted"), [("127.0.0.1", True), ("::1", True), ("192.0.2.7", False)])
def test_the_plan_is_ruled_from_this_machine_only(book: Book, tmp_path: Path, address: str, admitted: bool) -> None:
    owner = Credentials("owner", "secret of the tests")
    blotter = Blotter(tmp_path / "orders.sqlite", book.id)
    control = Control(book, blotter, FaultPlan(), owner, is_ending=lambda: False, stir=lambda: None)
    app = Starlette(routes=control.routes())

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
            return await client.get(FAULTS_PATH, auth=("owner", "secret of the tests"))

    if admitted:
        assert asyncio.run(ask()).status_code == 200
    else:
        with pytest.raises(CallRefused, match="from this machine only") as refused:
            asyncio.run(ask())
        assert refused.value.http_status == 403
