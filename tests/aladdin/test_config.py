"""What the client refuses to be told."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from aladdin.config import AladdinConfig, Freshness
from orders.errors import SettingsError


@pytest.mark.parametrize(
    "url", ["https://client.blackrock.com", "http://127.0.0.1:8001", "http://[::1]:80", "http://localhost"]
)
def test_an_address_the_secret_may_travel_to_is_taken(url: str) -> None:
    assert AladdinConfig(url, "id", SecretStr("secret")).url == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://client.blackrock.com", "unencrypted"),
        ("client.blackrock.com", "must look like"),
        ("ftp://client.blackrock.com", "must look like"),
        ("https://", "must look like"),
        ("https://me:pw@client.blackrock.com", "must not carry"),
        ("https://a b:x", "not a URL"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_a_reason(url: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as raised:
        AladdinConfig(url, "id", SecretStr("secret"))
    assert "pw" not in str(raised.value)


@pytest.mark.parametrize(("client_id", "secret"), [("", "secret"), ("id", "")])
def test_half_a_set_of_credentials_is_refused(client_id: str, secret: str) -> None:
    with pytest.raises(SettingsError, match="both a client id and a client secret"):
        AladdinConfig("https://client.blackrock.com", client_id, SecretStr(secret))


@pytest.mark.parametrize(("username", "password"), [("", "pw"), ("ann", "")])
def test_half_a_user_name_and_password_is_refused(username: str, password: str) -> None:
    with pytest.raises(SettingsError, match="both a user name and a password"):
        AladdinConfig("https://client.blackrock.com", username=username, password=SecretStr(password))


def test_a_client_and_a_user_name_at_once_are_refused() -> None:
    with pytest.raises(SettingsError, match="not both"):
        AladdinConfig(
            "https://client.blackrock.com", "id", SecretStr("secret"), username="ann", password=SecretStr("pw")
        )


def test_a_quota_of_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match="counted from 1"):
        AladdinConfig("https://client.blackrock.com", "id", SecretStr("secret"), quotas={"position": 0})


def test_answers_are_kept_five_minutes_members_and_master_longer_and_prices_shorter() -> None:
    kept = Freshness()
    assert kept.portfolios == kept.analytics == 300
    assert min(kept.members, kept.master) > 300 > kept.positions


def test_the_freshness_of_single_resources_may_be_set_and_a_mistyped_one_is_named() -> None:
    assert Freshness().with_({"positions": 5}) == Freshness(positions=5)
    with pytest.raises(SettingsError, match="no prices to keep: name one of members, portfolios, positions,"):
        Freshness().with_({"prices": 5})
    with pytest.raises(SettingsError, match="less than no time"):
        Freshness().with_({"positions": -1})


def test_the_longest_request_waits_for_a_connection_its_making_and_the_answer() -> None:
    config = AladdinConfig("https://client.blackrock.com", "id", SecretStr("secret"))
    assert config.longest_request == config.pool_timeout + config.connect_timeout + config.read_timeout == 75


def test_the_secret_is_not_in_the_configs_text() -> None:
    hidden = [SecretStr("hush"), SecretStr("quiet"), SecretStr("whist")]
    config = AladdinConfig("https://client.blackrock.com", "id", hidden[0], api_key=hidden[1], refresh_token=hidden[2])
    assert not any(secret.get_secret_value() in repr(config) for secret in hidden)
