"""What the client must be told: where Aladdin is, who we are there, and how patient to be."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from pydantic import SecretStr

from allocation.model import MINIMUM_COVERAGE, Measures
from orders.errors import SettingsError

# The scopes that are published; a client whose positions, analytics or master ask for more adds them in the settings.
SCOPES = (
    "portfolio.configuration.portfolio_group.v1.PortfolioGroup",
    "portfolio.setup.portfolio_toolkit.v1.PortfolioToolkit:read",
    "portfolio_management.cash.cash_ladder.v2.CashLadder:read",
    "trading.order_management.order.v1.Order:read",
    "trading.order_management.order.v1.Order:write",
)


@dataclass(frozen=True, slots=True)
class Freshness:
    """For how many seconds an answer may be used again, by resource. Orders are never kept."""

    members: float = 3600
    portfolios: float = 3600
    positions: float = 30
    cash: float = 30
    analytics: float = 900
    master: float = 86_400
    holdings_searched: float = 900  # a group's positions, when only names are searched in them


@dataclass(frozen=True, slots=True)
class AladdinConfig:
    """How to reach Aladdin. `SettingsError` when the address cannot be used or the secret would travel in the clear."""

    url: str  # "https://client.blackrock.com"
    client_id: str
    client_secret: SecretStr
    api_key: SecretStr | None = None
    scopes: tuple[str, ...] = SCOPES
    connect_timeout: float = 5  # seconds, as are all below
    read_timeout: float = 60
    pool_timeout: float = 10
    read_retries: int = 3  # repeats after the first try; writes are never repeated
    longest_pause: float = 20  # a Retry-After beyond this goes to the caller instead of being waited out
    compliance_timeout: int = 10
    page_size: int = 500
    minimum_coverage: float = MINIMUM_COVERAGE
    max_workers: int = 4
    freshness: Freshness = field(default_factory=Freshness)
    benchmark_measures: Mapping[str, Measures] = field(default_factory=dict)  # by account id, instead of Aladdin's

    def __post_init__(self) -> None:
        """Refuse an address or credentials that cannot work before anything is sent."""
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise SettingsError(f"The Aladdin address {self.url!r} is not a URL: {error}.") from error
        if url.scheme not in ("http", "https") or not url.host:
            raise SettingsError(f"The Aladdin address {self.url!r} must look like https://client.blackrock.com.")
        if url.userinfo:
            raise SettingsError("The Aladdin address must not carry a user or password: use the client id and secret.")
        if url.scheme == "http" and not self.on_loopback:
            raise SettingsError(
                f"The Aladdin address {self.url!r} would send the client secret unencrypted: use https."
            )
        if not self.client_id or not self.client_secret.get_secret_value():
            raise SettingsError("Aladdin needs both a client id and a client secret.")

    @property
    def longest_request(self) -> float:
        """Seconds after which a request that was begun is answered or given up, by the waits for a connection, for its
        making, and for the other side."""
        return self.pool_timeout + self.connect_timeout + self.read_timeout

    @property
    def host(self) -> str:
        return httpx.URL(self.url).host

    @property
    def on_loopback(self) -> bool:
        """Whether Aladdin is on this machine, as the simulated one is."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
