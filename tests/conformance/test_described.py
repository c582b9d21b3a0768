"""Every answer of the simulator keeps to the description that BlackRock publishes with its SDK."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from aladdin.simulator.gate import API_KEY, ORIGIN_TIMESTAMP, REQUEST_ID, RESPONSE_ID, RESPONSE_TIMESTAMP
from aladdin.simulator.published import OPERATIONS, Operation, operation_of
from tests.aladdin.simulator.program import Served
from tests.aladdin.simulator.samples import Caller
from tests.conformance import described
from tests.conformance.conftest import CREDENTIALS
from tests.conformance.scenes import SCENES

pytestmark = pytest.mark.soak

DESCRIBED = tuple(operation for operation in OPERATIONS if operation.scope)  # the others are in no wheel
REFUSALS = (400, 401, 403, 429)  # what every operation may be refused with; 404 is for those that look something up
LOOK_UP = "/portfolioGroups/", "portfolios:filter", "ladders:filter", "orders:filter", "orderIds:filter", "operations/"


class Checked(Caller):
    """A caller that compares each answer with its description, and notes what was answered."""

    def __init__(self, served: Served, published: list[described.Operation]) -> None:
        super().__init__(served)
        self._published = published
        self.answered: set[tuple[Operation, int]] = set()
        self.departures: list[str] = []
        self.http.event_hooks["response"].append(self._check)

    def headers(self) -> dict[str, str]:
        return super().headers() | {API_KEY: CREDENTIALS["api_key"]}

    def _check(self, response: httpx.Response) -> None:
        response.read()
        asked = response.request
        here = operation_of(asked.method, asked.url.path)
        assert here is not None
        there = next(operation for operation in self._published if operation.serves(asked.method, asked.url.path))
        self.departures += [
            f"{asked.method} {asked.url.path} {response.status_code}: {fault}"
            for fault in (*there.faults(response.status_code, response.json()), *header_faults(response))
        ]
        self.answered.add((here, response.status_code))


def header_faults(response: httpx.Response) -> Iterator[str]:
    """Where the headers depart from their description: the request's id again, an id, and an HTTP-date."""
    sent, came = response.request.headers, response.headers
    if came.get(REQUEST_ID) != sent.get(REQUEST_ID):
        yield f"{REQUEST_ID} is {came.get(REQUEST_ID)!r}"
    for name, reads in ((RESPONSE_ID, uuid.UUID), (RESPONSE_TIMESTAMP, parsedate_to_datetime)):
        try:
            reads(came.get(name, ""))
        except ValueError:
            yield f"{name} is {came.get(name)!r}"
    if not came["Content-Type"].startswith("application/json"):
        yield f"Content-Type is {came['Content-Type']}"


@pytest.fixture(scope="module")
def published() -> list[described.Operation]:
    return described.operations()


@pytest.fixture(scope="module")
def checked(served: Served, published: list[described.Operation]) -> Iterator[Checked]:
    """The caller, after it has said all there is to say."""
    caller = Checked(served, published)
    for scene in SCENES:
        scene(caller, served)
    refused_everywhere(caller)
    yield caller
    caller.http.close()


def refused_everywhere(caller: Checked) -> None:
    """Each operation, refused for who calls and how; with a token for nothing, and none at all."""
    nothing = {"Authorization": f"Bearer {caller.token_for('nothing')}"}
    for operation in DESCRIBED:
        path = example(operation)
        good = caller.headers()
        unstamped = {name: value for name, value in good.items() if name != ORIGIN_TIMESTAMP}
        for headers in (good | nothing, good | {"Authorization": "Bearer invented"}, unstamped):
            caller.http.request(operation.method, path, headers=headers)


def example(operation: Operation) -> str:
    """A path at which the operation is served."""
    return operation.path.format(ticker="CORE", one="ALPHA", other="CORE", id="1")


def test_every_answer_is_as_described(checked: Checked) -> None:
    assert checked.departures == []


@pytest.mark.parametrize("operation", DESCRIBED, ids=lambda operation: f"{operation.method} {operation.path}")
def test_every_operation_was_seen_to_succeed_and_to_refuse(checked: Checked, operation: Operation) -> None:
    missing = {200, *REFUSALS} - {status for answered, status in checked.answered if answered == operation}
    assert not missing, f"never answered {missing}"


def test_every_operation_that_looks_something_up_was_seen_not_to_find_it(checked: Checked) -> None:
    looking = {operation for operation in DESCRIBED if any(part in operation.path for part in LOOK_UP)}
    assert {operation for operation, status in checked.answered if status == 404} == looking


def test_the_descriptions_are_read_strictly(published: list[described.Operation]) -> None:
    members, cancel = (
        next(operation for operation in published if operation.path.endswith(end))
        for end in ("/members", "/order:cancel")
    )
    node: dict[str, Any] = {"portfolioId": 1, "portfolioTicker": "A", "parentPortfolioIds": ["2"]}
    assert members.faults(200, {"nodes": [node]}) == []
    wrong: list[tuple[Callable[[int, Any], list[str]], int, Any]] = [
        (members.faults, 200, {"nodes": [node | {"portfolioTikcer": "A"}]}),
        (members.faults, 200, {"nodes": [node | {"portfolioId": "1"}]}),
        (members.faults, 200, {"nodes": [node | {"portfolioId": 2**31}]}),
        (members.faults, 204, {}),
        (members.faults, 404, {"code": "NOT_FOUND"}),
        (members.faults, 404, {"code": "N" * 41, "message": "there is none"}),
        (cancel.faults, 200, {"results": [{"output": {"settleDate": "12.9.2025"}}]}),
        (cancel.faults, 200, {"results": [{"output": {"face": "1000"}}]}),
        (cancel.faults, 200, {"results": [{"output": {"modifyTime": "2025-09-12T10:00:00"}}]}),
        (cancel.faults, 200, {"results": [{"error": {"code": "NOT_FOUND"}}]}),
    ]
    for faults, status, answer in wrong:
        assert len(faults(status, answer)) == 1, answer


def test_scopes_and_quotas_are_those_published(published: list[described.Operation]) -> None:
    for here in DESCRIBED:
        (there,) = (operation for operation in published if operation.serves(here.method, example(here)))
        assert (frozenset({here.scope}), here.quota) == (there.scopes, there.quota), here.path
    assert {here.path.split("/")[3] for here in OPERATIONS if here not in DESCRIBED} == {
        "positions",
        "security-analytics",
        "securities",
    }
