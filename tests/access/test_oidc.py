"""What claims make of somebody."""

from __future__ import annotations

import pytest

from access import Claims
from orders.errors import SettingsError
from orders.people import Role, User

CLAIMS = Claims.mapped(
    "desk-pm=portfolio_manager, cn=desk view;ou=x=viewer",
    "desk-us=BIG6 OPNIC,desk-all=*",
    "email",
    "groups",
)


def test_each_value_of_the_claim_adds_its_roles_and_groups() -> None:
    said = {"email": " Petra@Example.com", "name": "Petra Maier", "groups": ["desk-pm", "desk-us", "desk-all", "other"]}
    roles = frozenset({Role.PORTFOLIO_MANAGER})
    assert CLAIMS.user(said) == User("petra@example.com", "Petra Maier", roles, frozenset({"BIG6", "OPNIC", "*"}))
    assert CLAIMS.user(said | {"groups": "cn=desk view;ou=x", "name": None}) == User(
        "petra@example.com", " Petra@Example.com", frozenset({Role.VIEWER}), frozenset()
    )


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"email": "a@b", "groups": []},
        {"email": "a@b", "groups": ["desk-us"]},
        {"email": "a@b", "groups": {"desk-pm": True}},
        {"email": " ", "groups": ["desk-pm"]},
        {"email": ["a@b"], "groups": ["desk-pm"]},
        {"groups": ["desk-pm"]},
    ],
)
def test_nobody_comes_in_without_a_name_and_a_role(said: dict[str, object]) -> None:
    assert CLAIMS.user(said) is None


@pytest.mark.parametrize("roles", ["desk-pm", "desk-pm=", "=viewer", "desk-pm=trader"])
def test_a_mapping_that_maps_nothing_is_refused(roles: str) -> None:
    with pytest.raises(SettingsError, match="OIDC_ROLES"):
        Claims.mapped(roles, "", "email", "groups")
