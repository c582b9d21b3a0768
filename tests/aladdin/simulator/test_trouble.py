"""Every fault of the plan as it goes over the wire, and whether the server acted on what it did not answer."""

from __future__ import annotations

import json
import uuid

import httpx
import pytest

from aladdin.simulator.gate import REQUEST_ID, RESPONSE_ID
from aladdin.simulator.tokens import TOKEN_PATH
from tests.aladdin.simulator.samples import AWAY, GROUPS, ORDERS, Caller, Ruler

MEMBERS = f"{GROUPS}/CORE/members"
POST = f"{ORDERS}/order:post"
IMPATIENT = 0.2  # seconds until the caller gives up on an answer that never comes


class Sender:
    """Posts orders that nobody will fill, and tells which of them are there."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.reference = f"trouble-{uuid.uuid4()}"

    def post(self, timeout: float = 20, what_if: bool = False) -> httpx.Response:
        order = {
            "assetId": "BOND1",
            "transactionType": "BUY",
            "externalOrderReference": {"externalId1": self.reference},
            "orderDetails": [{"portfolioReference": {"portfolioTicker": "ALPHA"}, "quantity": 1000}],
        }
        body = {"postOrderConfig": {"whatIf": what_if}, "order": order | AWAY}
        return self.caller.http.post(POST, json=body, headers=self.caller.headers(), timeout=timeout)

    def placed(self) -> int:
        """How many orders have this sender's reference."""
        return len(self.caller.found({"externalIdCriterion": {"externalId1": self.reference}}))


@pytest.fixture
def sender(caller: Caller) -> Sender:
    return Sender(caller)


def test_latency_delays_the_answer_and_leaves_it_as_it_is(caller: Caller, trouble: Ruler) -> None:
    plain = caller.get(MEMBERS).json()
    trouble.set("latency seconds=1 path=*/members next=1", "latency seconds=0.01 path=*/members")
    with pytest.raises(httpx.ReadTimeout):
        caller.http.get(MEMBERS, headers=caller.headers(), timeout=IMPATIENT)
    assert caller.get(MEMBERS).json() == plain
    assert trouble.counts() == [(2, 1), (1, 1)]


def test_latency_comes_on_top_of_another_fault(caller: Caller, trouble: Ruler) -> None:
    trouble.set("server-error", "latency seconds=0.01")
    assert caller.get(MEMBERS).status_code == 503
    assert trouble.counts() == [(1, 1), (1, 1)]


@pytest.mark.parametrize(("when", "placed"), [("before", 0), ("after", 1)])
def test_a_timeout_is_silence_before_or_after_the_server_acted(
    sender: Sender, trouble: Ruler, when: str, placed: int
) -> None:
    trouble.set(f"timeout when={when} path=*/order:post next=1")
    with pytest.raises(httpx.ReadTimeout):
        sender.post(IMPATIENT)
    assert sender.placed() == placed
    assert ("error" in sender.post().json()["results"][0]) is bool(placed)  # the same reference again
    assert sender.placed() == 1


def test_a_timeout_that_is_over_closes_the_connection_without_an_answer(sender: Sender, trouble: Ruler) -> None:
    trouble.set("timeout seconds=0.05 path=*/order:post")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        sender.post()
    assert sender.placed() == 0


def test_too_many_requests_says_how_long_to_wait(sender: Sender, trouble: Ruler) -> None:
    trouble.set("too-many-requests retry-after=7 path=*/order:post next=1")
    refused = sender.post()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
    assert refused.json().keys() == {"code", "message"}
    assert refused.headers[REQUEST_ID] == refused.request.headers[REQUEST_ID]
    assert refused.headers[RESPONSE_ID]
    assert sender.placed() == 0
    assert sender.post().status_code == 200


@pytest.mark.parametrize(("when", "placed"), [("before", 0), ("after", 1)])
def test_a_server_error_comes_before_or_after_the_server_acted(
    sender: Sender, trouble: Ruler, when: str, placed: int
) -> None:
    trouble.set(f"server-error status=502 when={when} path=*/order:post next=1")
    refused = sender.post()
    assert (refused.status_code, refused.json().keys()) == (502, {"code", "message"})
    assert sender.placed() == placed


def test_malformed_json_arrives_whole_and_after_the_server_acted(sender: Sender, trouble: Ruler) -> None:
    trouble.set("malformed-json path=*/order:post next=1")
    answer = sender.post()
    assert (answer.status_code, int(answer.headers["Content-Length"])) == (200, len(answer.content))
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert sender.placed() == 1


def test_the_shortest_answers_are_malformed_too(caller: Caller, trouble: Ruler) -> None:
    trouble.set("malformed-json")
    for answer in (caller.get(f"{GROUPS}/CORE/parents"), caller.get("/api/no/such/path")):
        with pytest.raises(json.JSONDecodeError):
            answer.json()


def test_a_truncated_body_ends_in_the_middle_and_after_the_server_acted(sender: Sender, trouble: Ruler) -> None:
    trouble.set("truncated-body path=*/order:post next=1")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        sender.post()
    assert sender.placed() == 1


@pytest.mark.parametrize(("when", "placed"), [("before", 0), ("after", 1)])
def test_a_reset_comes_before_or_after_the_server_acted(sender: Sender, trouble: Ruler, when: str, placed: int) -> None:
    trouble.set(f"connection-reset when={when} path=*/order:post next=1")
    with pytest.raises(httpx.ReadError, match="reset"):
        sender.post()
    assert sender.placed() == placed


def test_an_expired_token_stays_expired_and_a_new_one_is_good(caller: Caller, trouble: Ruler) -> None:
    trouble.set("expired-token path=*/members next=1")
    old, new = caller.headers(), caller.headers() | {"Authorization": f"Bearer {caller.token_for()}"}
    try:
        assert caller.http.get(MEMBERS, headers=old).status_code == 401
        assert caller.http.get(f"{GROUPS}/CORE/node", headers=old).status_code == 401
        assert caller.http.get(MEMBERS, headers=new).status_code == 200
    finally:
        caller.token = caller.token_for()


def test_the_token_endpoint_has_its_own_trouble_but_no_token_to_expire(caller: Caller, trouble: Ruler) -> None:
    trouble.set("expired-token", "server-error path=*/token next=1")
    assert caller.http.post(TOKEN_PATH, data=caller.grant).status_code == 503
    assert caller.http.post(TOKEN_PATH, data=caller.grant).status_code == 200
    assert trouble.counts() == [(0, 0), (2, 1)]


def test_other_calls_and_the_simulators_own_pages_go_on(caller: Caller, trouble: Ruler) -> None:
    trouble.set("connection-reset path=*/order:*", "server-error path=*/simulator/*")
    assert caller.get(MEMBERS).status_code == 200
    assert caller.http.get("/simulator/status").json()["faults"] == 2
    assert trouble.counts() == [(0, 0), (0, 0)]


def test_one_fault_strikes_a_call_and_the_first_in_the_plan_goes_first(caller: Caller, trouble: Ruler) -> None:
    trouble.set("server-error status=500 next=1", "too-many-requests")
    assert [caller.get(MEMBERS).status_code for _ in range(3)] == [500, 429, 429]
    assert trouble.counts() == [(3, 1), (2, 2)]


def test_a_question_what_would_be_is_no_order_whose_answer_gets_lost(sender: Sender, trouble: Ruler) -> None:
    trouble.set("connection-reset when=after path=*/order:post next=1")
    assert sender.post(what_if=True).is_success
    assert trouble.counts() == [(0, 0)]
    with pytest.raises(httpx.TransportError):
        sender.post()
    assert sender.placed() == 1
