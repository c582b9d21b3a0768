"""What the client refuses to be told."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from aladdin.config import AladdinConfig
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


def test_the_longest_request_waits_for_a_connection_its_making_and_the_answer() -> None:
    config = AladdinConfig("https://client.blackrock.com", "id", SecretStr("secret"))
    assert config.longest_request == config.pool_timeout + config.connect_timeout + config.read_timeout == 75


def test_the_secret_is_not_in_the_configs_text() -> None:
    config = AladdinConfig("https://client.blackrock.com", "id", SecretStr("hush"), api_key=SecretStr("quiet"))
    assert "hush" not in repr(config)
    assert "quiet" not in repr(config)
