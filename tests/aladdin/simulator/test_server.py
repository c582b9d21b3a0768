"""The door: tokens, required headers, and answers that name their request."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

import httpx
import pytest

from aladdin.simulator.gate import ORIGIN_TIMESTAMP, REQUEST_ID, RESPONSE_ID, RESPONSE_TIMESTAMP
from aladdin.simulator.process import Running
from aladdin.simulator.tokens import TOKEN_PATH
from tests.aladdin.simulator.samples import GROUPS, ORDERS, Caller

MEMBERS = f"{GROUPS}/CORE/members"


@pytest.fixture
def grant(running: Running) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": running.client_id,
        "client_secret": running.client_secret,
    }


def test_a_token_is_given_for_a_form_with_scope(caller: Caller, grant: dict[str, str]) -> None:
    answer = caller.http.post(TOKEN_PATH, data=grant | {"scope": "one two"}).json()
    assert answer["expires_in"] > 0
    assert answer["token_type"] == "Bearer"
    assert answer["scope"] == "one two"


def test_a_token_is_given_for_a_query_string_with_repeated_scopes(caller: Caller, grant: dict[str, str]) -> None:
    answer = caller.http.post(TOKEN_PATH, params=grant | {"scopes": ["one", "two"]})
    assert answer.json()["scope"] == "one two"


def test_a_refresh_token_gives_a_new_token(caller: Caller, grant: dict[str, str]) -> None:
    first = caller.http.post(TOKEN_PATH, data=grant).json()
    refresh = grant | {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = caller.http.post(TOKEN_PATH, data=refresh).json()
    assert second["access_token"] != first["access_token"]
    refused = caller.http.post(TOKEN_PATH, data=refresh | {"refresh_token": "invented"})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("wrong", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "somebody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_are_refused_without_repeating_them(
    caller: Caller, grant: dict[str, str], wrong: dict[str, str], status: int, error: str
) -> None:
    answer = caller.http.post(TOKEN_PATH, data=grant | wrong)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert {"code", "message"} <= answer.json().keys()
    assert grant["client_secret"] not in answer.text


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer invented", "Basic abc"])
def test_a_call_without_a_good_token_is_refused(caller: Caller, authorization: str) -> None:
    answer = caller.http.get(MEMBERS, headers=caller.headers() | {"Authorization": authorization})
    assert answer.status_code == 401
    assert answer.json().keys() == {"code", "message"}
    assert answer.headers[RESPONSE_ID]


@pytest.mark.parametrize("missing", [REQUEST_ID, ORIGIN_TIMESTAMP])
def test_a_missing_header_is_named(caller: Caller, missing: str) -> None:
    headers = {name: value for name, value in caller.headers().items() if name != missing}
    answer = caller.http.get(MEMBERS, headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (400, f"the header {missing} is missing")


@pytest.mark.parametrize("header", [{REQUEST_ID: "seven"}, {ORIGIN_TIMESTAMP: "yesterday"}])
def test_an_unreadable_header_is_named(caller: Caller, header: dict[str, str]) -> None:
    answer = caller.http.get(MEMBERS, headers=caller.headers() | header)
    assert answer.status_code == 400
    assert next(iter(header)) in answer.json()["message"]


def test_the_origin_timestamp_may_be_an_http_date(caller: Caller) -> None:
    stamp = format_datetime(datetime.now(UTC), usegmt=True)
    assert caller.http.get(MEMBERS, headers=caller.headers() | {ORIGIN_TIMESTAMP: stamp}).status_code == 200


def test_every_answer_names_its_request(caller: Caller) -> None:
    for path in (MEMBERS, f"{GROUPS}/NOBODY/members", "/api/no/such/path"):
        headers = caller.headers()
        answer = caller.http.get(path, headers=headers)
        assert answer.headers[REQUEST_ID] == headers[REQUEST_ID]
        assert uuid.UUID(answer.headers[RESPONSE_ID])
        assert parsedate_to_datetime(answer.headers[RESPONSE_TIMESTAMP])


def test_an_unknown_path_has_the_published_error_body(caller: Caller) -> None:
    answer = caller.get("/api/no/such/path")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    answer = caller.get(f"{ORDERS}/order:post")
    assert (answer.status_code, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")


def test_a_body_that_is_not_json_is_refused(caller: Caller) -> None:
    answer = caller.http.post(f"{ORDERS}/orders:filter", content=b"{", headers=caller.headers())
    assert answer.status_code == 400
    assert "not JSON" in answer.json()["message"]


def test_the_status_page_needs_no_token_and_tells_the_book(running: Running) -> None:
    answer = httpx.get(f"{running.url}/simulator/status", trust_env=False).json()
    assert answer["book"]["id"] == "csv:small:2025-09-12"
    assert answer["book"]["groups"] == ["CORE", "WIDE"]
    assert answer["book"]["currency"] == "USD"
    assert isinstance(answer["orders"], int)
    assert running.client_secret not in str(answer)
