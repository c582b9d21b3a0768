"""Tokens: good for so long and for so much, by form or by query, renewed without gaining anything."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from aladdin.simulator.directory import Credentials
from aladdin.simulator.tokens import Tokens

GRANT = {"grant_type": "client_credentials", "client_id": "tests", "client_secret": "a secret of the tests"}


class Office:
    """A token endpoint with a clock moved by hand."""

    def __init__(self, lifetime: float = 100, secret: str = GRANT["client_secret"]) -> None:
        self.now = 1000.0
        self.tokens = Tokens(Credentials("tests", secret), lifetime, lambda: self.now)
        self._app = Starlette(routes=[Route("/token", self.tokens.issue, methods=["POST"])])

    def ask(self, **fields: str) -> dict[str, Any]:
        return asyncio.run(self._post(data=GRANT | fields))

    def by_query(self, **fields: Any) -> dict[str, Any]:
        return asyncio.run(self._post(params=GRANT | fields))

    async def _post(self, **request: Any) -> dict[str, Any]:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
            answer: dict[str, Any] = (await client.post("/token", **request)).json()
            return answer

    def scopes(self, answer: dict[str, Any]) -> set[str] | None:
        """What the access token of an answer is good for; None is everything."""
        grant = self.tokens.granted(f"Bearer {answer['access_token']}")
        assert grant is not None
        return None if grant.scopes is None else set(grant.scopes)


def test_form_and_query_say_the_same() -> None:
    office = Office()
    assert office.scopes(office.ask(scope="one two")) == {"one", "two"}
    assert office.scopes(office.by_query(scopes=["one", "two"])) == {"one", "two"}
    assert office.scopes(office.by_query(scope="one two")) == {"one", "two"}
    assert office.scopes(office.ask()) is office.scopes(office.by_query()) is None


def test_a_token_expires_when_it_said() -> None:
    office = Office(lifetime=100)
    answer = office.ask()
    assert answer["expires_in"] == 100
    office.now += 99.9
    assert office.tokens.granted(f"Bearer {answer['access_token']}") is not None
    office.now += 0.2
    assert office.tokens.granted(f"Bearer {answer['access_token']}") is None
    fresh = office.ask(grant_type="refresh_token", refresh_token=answer["refresh_token"])
    assert office.tokens.granted(f"Bearer {fresh['access_token']}") is not None


def test_a_refresh_token_is_good_after_a_restart_and_only_there() -> None:
    answer = Office().ask(scope="one")
    renewed = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
    again = Office()
    assert again.scopes(again.ask(**renewed)) == {"one"}
    elsewhere = Office(secret="another secret of the tests")
    refused = elsewhere.ask(**renewed, client_secret="another secret of the tests")
    assert refused["error"] == "invalid_grant"


def test_a_refresh_may_narrow_the_scopes_and_never_widen_them() -> None:
    office = Office()
    renewed = {"grant_type": "refresh_token", "refresh_token": office.ask(scope="one two")["refresh_token"]}
    assert office.scopes(office.ask(**renewed)) == {"one", "two"}
    assert office.scopes(office.ask(**renewed, scope="two")) == {"two"}
    assert office.ask(**renewed, scope="two three")["error"] == "invalid_scope"
    everything = {"grant_type": "refresh_token", "refresh_token": office.ask()["refresh_token"]}
    assert office.scopes(office.ask(**everything, scope="three")) == {"three"}


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic {token}", "{token}", "Bearer {token}x"])
def test_a_token_counts_only_as_a_bearer_token(authorization: str) -> None:
    office = Office()
    token = office.ask()["access_token"]
    assert office.tokens.granted(authorization.format(token=token)) is None
    assert office.tokens.granted(f"bearer {token}") is not None
