"""Who may come in: by scope, Basic, API key or client key, with a quota, and with subgroups to look at."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator

import httpx
import pytest

from aladdin.simulator.directory import CREDENTIALS_FILE
from aladdin.simulator.gate import API_KEY, CLIENT_KEY, RESPONSE_ID
from tests.aladdin.simulator.program import Served, command, serving
from tests.aladdin.simulator.samples import GROUPS, LADDERS, ORDERS, POSITIONS, Caller, exact, write_book

CREDENTIALS = {
    "client_id": "tests",
    "client_secret": "a secret of the tests",
    "api_key": "a key of the tests",
    "client_key": "a client's key of the tests",
    "username": "somebody",
    "password": "a pass:word of the tests",
}
QUOTA = 30
NODE, MEMBERS = f"{GROUPS}/CORE/node", f"{GROUPS}/CORE/members"
GROUP_SCOPE = "portfolio.configuration.portfolio_group.v1.PortfolioGroup"
ORDER_SCOPE = "trading.order_management.order.v1.Order"
QUERY = {"query": {"portfolioGroupCriterion": {"portfolioGroupTicker": "CORE"}}}


class Keyed(Caller):
    """A caller that sends the API key, signed in as it is told."""

    def headers(self, **others: str) -> dict[str, str]:
        return super().headers() | {API_KEY: CREDENTIALS["api_key"]} | others

    def without_token(self, **others: str) -> httpx.Response:
        headers = {name: value for name, value in self.headers().items() if name != "Authorization"}
        return self.http.get(NODE, headers=headers | others)

    def status(self, scope: str, method: str, path: str) -> int:
        """What a call is answered with a token for this scope."""
        headers = self.headers(Authorization=f"Bearer {self.token_for(scope)}")
        return self.http.request(method, path, headers=headers, json=QUERY if method == "POST" else None).status_code


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with every way to sign in, quotas, and subgroups."""
    data = tmp_path_factory.mktemp("guarded")
    (data / CREDENTIALS_FILE).write_text(json.dumps(CREDENTIALS))
    book = str(write_book(tmp_path_factory.mktemp("book")))
    with serving(book, data, "--nest-groups", "--quota", str(QUOTA), "--fill-seconds", "1") as server:
        yield server


@pytest.fixture(scope="module")
def keyed(guarded: Served) -> Keyed:
    return Keyed(guarded)


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(text.encode()).decode()}"}


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        (GROUP_SCOPE, "GET", NODE, 200),
        (GROUP_SCOPE, "HEAD", NODE, 200),
        (GROUP_SCOPE, "POST", f"{ORDERS}/orders:filter", 403),
        (f"{ORDER_SCOPE}:read", "POST", f"{ORDERS}/orders:filter", 200),
        (f"{ORDER_SCOPE}:read", "POST", f"{ORDERS}/order:post", 403),
        (f"{ORDER_SCOPE}:read", "HEAD", NODE, 403),
        (f"{ORDER_SCOPE}:write", "POST", f"{ORDERS}/orders:filter", 403),
        (ORDER_SCOPE, "POST", f"{ORDERS}/orders:filter", 200),
        (f"{GROUP_SCOPE} {ORDER_SCOPE}:write", "POST", f"{ORDERS}/order:post", 400),  # admitted: its body is refused
        ("", "POST", f"{ORDERS}/orders:filter", 200),
    ],
)
def test_a_token_opens_what_its_scopes_name(keyed: Keyed, scope: str, method: str, path: str, status: int) -> None:
    assert keyed.status(scope, method, path) == status


def test_a_missing_scope_is_named(keyed: Keyed) -> None:
    headers = keyed.headers(Authorization=f"Bearer {keyed.token_for(GROUP_SCOPE)}")
    refused = keyed.http.post(LADDERS, json={}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "PERMISSION_DENIED")
    assert "portfolio_management.cash.cash_ladder.v2.CashLadder:read" in refused.json()["message"]
    assert refused.headers[RESPONSE_ID]


@pytest.mark.parametrize("key", ["", "another key"])
def test_an_api_key_that_is_asked_for_is_needed_beside_the_token(keyed: Keyed, key: str) -> None:
    refused = keyed.http.get(NODE, headers=keyed.headers() | {API_KEY: key})
    assert (refused.status_code, refused.json()["message"]) == (401, f"the header {API_KEY} is missing or wrong")


def test_a_client_key_signs_in_by_itself(keyed: Keyed) -> None:
    assert keyed.without_token(**{CLIENT_KEY: CREDENTIALS["client_key"]}).status_code == 200
    assert keyed.without_token(**{CLIENT_KEY: "another key"}).status_code == 401
    assert keyed.without_token().status_code == 401


def test_basic_signs_in_a_user_with_a_password(keyed: Keyed) -> None:
    assert keyed.without_token(**basic("somebody:a pass:word of the tests")).status_code == 200
    for wrong in ("somebody:a pass", "else:a pass:word of the tests", ":"):
        refused = keyed.without_token(**basic(wrong))
        assert (refused.status_code, refused.json()["message"]) == (401, "the user or the password is wrong")


def test_half_of_a_basic_sign_in_keeps_the_server_from_starting(
    guarded: Served,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from aladdin.simulator import __main__ as program

    data = tmp_path_factory.mktemp("half")
    (data / CREDENTIALS_FILE).write_text(json.dumps({"client_id": "a", "client_secret": "b", "username": "c"}))
    book = str(write_book(tmp_path_factory.mktemp("book")))
    assert program.main(command(book, data)[3:]) == 1
    assert "half of a Basic sign-in: give both username and password" in capsys.readouterr().err


def test_a_quota_that_is_used_up_is_refused_and_other_operations_go_on(keyed: Keyed) -> None:
    answers = [keyed.http.get(POSITIONS, params={"portGroup": "CORE"}, headers=keyed.headers()) for _ in range(QUOTA)]
    assert {answer.status_code for answer in answers} == {200}
    refused = keyed.http.get(POSITIONS, params={"portGroup": "CORE"}, headers=keyed.headers())
    assert (refused.status_code, refused.json()["code"]) == (429, "RESOURCE_EXHAUSTED")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert keyed.http.head(POSITIONS, headers=keyed.headers()).status_code == 429
    assert keyed.get(NODE).status_code == 200


def test_a_refused_sign_in_uses_up_no_quota(keyed: Keyed) -> None:
    path = f"{GROUPS}/ALPHA/isChildOf/CORE"
    for _ in range(QUOTA + 1):
        assert keyed.http.get(path, headers=keyed.headers(Authorization="Bearer invented")).status_code == 401
    assert keyed.get(path).json() == {"result": True}


def test_a_group_within_a_group_is_shown_as_its_subgroup(keyed: Keyed) -> None:
    wide = exact(keyed.get(f"{GROUPS}/WIDE/members"))["nodes"]
    assert [node["portfolioTicker"] for node in wide] == ["CORE", "DELTA", "TINY", "ALPHA", "BRAVO"]
    numbers = {node["portfolioTicker"]: str(node["portfolioId"]) for node in wide}
    node = exact(keyed.get(f"{GROUPS}/WIDE/node"))
    assert node["childPortfolioIds"] == [numbers[ticker] for ticker in ("CORE", "DELTA", "TINY")]
    core = exact(keyed.get(NODE))
    assert core["parentPortfolioIds"] == [str(node["portfolioId"])]
    ancestors = exact(keyed.get(f"{GROUPS}/ALPHA/ancestors"))["nodes"]
    assert [node["portfolioTicker"] for node in ancestors] == ["CORE", "WIDE"]


def test_the_positions_of_a_group_do_not_depend_on_how_it_is_shown(keyed: Keyed) -> None:
    ladders = {"cashLadderQuery": {"portfolioGroupTickers": ["WIDE"], "cashDate": "2025-09-12"}}
    rows = exact(keyed.post(LADDERS, ladders))["portfolioCurrencyLadders"]
    assert [row["portfolioTicker"] for row in rows] == ["ALPHA", "BRAVO", "DELTA", "TINY"]
