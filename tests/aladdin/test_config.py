"""What the client refuses to be told."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from aladdin.config import LOWEST_QUOTA, ORDER_OPERATIONS, QUOTAS, AladdinConfig, Freshness
from aladdin.http.call import ORDERS
from aladdin.simulator.published import DEFAULT_QUOTA, OPERATIONS
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


def test_our_quotas_are_the_published_ones() -> None:
    published = {operation.path.replace("/{id}", "").rpartition("/")[2]: operation.quota for operation in OPERATIONS}
    assert {name: quota for name, quota in published.items() if quota != LOWEST_QUOTA} == QUOTAS
    assert LOWEST_QUOTA == DEFAULT_QUOTA


def test_a_quota_of_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match="counted from 1"):
        AladdinConfig("https://client.blackrock.com", "id", SecretStr("secret"), quotas={"position": 0})


def test_processes_share_every_quota_and_together_never_pass_it() -> None:
    whole = AladdinConfig("https://client.blackrock.com", "id", SecretStr("secret"), quotas={**QUOTAS, "position": 9})
    assert whole.shared_by(1) == whole
    part = whole.shared_by(4)
    assert (part.calls_a_minute, part.default_quota, part.quotas["position"]) == (25, 25, 2)
    assert all(4 * part.quotas[name] <= calls for name, calls in whole.quotas.items())
    with pytest.raises(SettingsError, match=r"10 processes cannot share a quota of fewer .*: position=9\."):
        whole.shared_by(10)


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


@pytest.mark.parametrize("key", ["a key\n", "sch\u00fcssel", "a\x00b"])
def test_an_api_key_that_no_header_can_carry_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(SettingsError, match="characters that no header may carry") as raised:
        AladdinConfig("https://client.blackrock.com", "id", SecretStr("secret"), api_key=SecretStr(key))
    assert key not in str(raised.value)


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("inf"), float("nan")])
@pytest.mark.parametrize("timeout", ["connect_timeout", "read_timeout", "pool_timeout"])
def test_a_timeout_of_nothing_or_without_end_is_refused(timeout: str, seconds: float) -> None:
    with pytest.raises(SettingsError, match="timeouts are seconds above 0"):
        AladdinConfig("https://client.blackrock.com", "id", SecretStr("secret"), **{timeout: seconds})  # type: ignore[arg-type]


def test_who_may_see_other_things_is_somebody_else() -> None:
    secret = SecretStr("secret")
    ours = [
        AladdinConfig("https://client.blackrock.com", "id", secret),
        AladdinConfig("https://client.blackrock.com", "other", secret),
        AladdinConfig("https://client.blackrock.com", "id", secret, scopes=("a.b.v1.C:read",)),
        AladdinConfig("https://client.blackrock.com", "id", secret, refresh_token=SecretStr("of Ann")),
        AladdinConfig("https://client.blackrock.com", "id", secret, refresh_token=SecretStr("of Bob")),
        AladdinConfig("https://client.blackrock.com", "id", secret, api_key=SecretStr("of Ann")),
        AladdinConfig("https://client.blackrock.com", username="id", password=secret),
    ]
    assert len({config.identity for config in ours[:-1]}) == len(ours) - 1
    assert not any("of Ann" in config.identity for config in ours)
    renewed = AladdinConfig("https://client.blackrock.com", "id", SecretStr("another secret"))
    assert renewed.identity == ours[0].identity  # a secret that was changed makes nobody else


def test_a_share_of_our_quota_is_kept_for_the_order_calls_alone() -> None:
    paths = [operation.path.removeprefix(f"{ORDERS}/") for operation in OPERATIONS if ORDERS in operation.path]
    assert {path.removesuffix("/{id}") for path in paths} == ORDER_OPERATIONS
