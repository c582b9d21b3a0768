"""What the client must be told: where Aladdin is, who we are there, and how patient to be."""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, tzinfo
from pathlib import Path

import httpx
from pydantic import SecretStr

from aladdin.http.call import GROUP_SCOPE, LADDER_SCOPE, ORDER_READ_SCOPE, ORDER_WRITE_SCOPE, PORTFOLIO_SCOPE
from allocation.model import MINIMUM_COVERAGE, Measures
from orders.errors import SettingsError

# The scopes that are published; a client whose positions, analytics or master ask for more adds them in the settings.
SCOPES = (GROUP_SCOPE, PORTFOLIO_SCOPE, LADDER_SCOPE, ORDER_READ_SCOPE, ORDER_WRITE_SCOPE)

# The calls that a tenth of our quota is kept for.
ORDER_OPERATIONS = frozenset(
    {
        "order:post",
        "order:cancel",
        "orders:batchPost",
        "orders:batchCancel",
        "orders:filter",
        "orderIds:filter",
        "longrunningoperations",
    }
)

_NONE = SecretStr("")

LOWEST_QUOTA, HIGHEST_QUOTA = 100, 3000  # calls a minute, as published

# Calls a minute, by operation, where Aladdin publishes more than the lowest.
QUOTAS: Mapping[str, int] = {
    "portfolios:filter": 500,
    "portfolios:search": 500,
    "order:post": 3000,
    "order:cancel": 3000,
    "orders:batchPost": 250,
    "orders:batchCancel": 250,
    "orders:filter": 1000,
    "orderIds:filter": 1000,
    "longrunningoperations": 1000,
}

# Every operation we call, as quotas are set for it.
OPERATIONS = frozenset({*QUOTAS, "members", "node", "ladders:filter", "position", "assets", "security-master"})


def printable(secret: str) -> bool:
    """Whether a header can carry it."""
    return secret.isascii() and secret.isprintable()


@dataclass(frozen=True, slots=True)
class Freshness:
    """For how many seconds an answer may be used again, by resource. Orders are never kept."""

    members: float = 3600
    portfolios: float = 300
    positions: float = 30  # prices come with them
    cash: float = 30
    analytics: float = 300
    master: float = 86_400
    holdings_searched: float = 900  # a group's positions, when only names are searched in them
    absence: float = 300  # that there is no such asset, or no figures of it

    def __post_init__(self) -> None:
        if any(getattr(self, resource.name) < 0 for resource in fields(self)):
            raise SettingsError("An answer cannot be kept for less than no time: set 0 seconds or more.")

    def with_(self, seconds: Mapping[str, float]) -> Freshness:
        """These, but for the resources named; `SettingsError` for one that does not exist."""
        names = [resource.name for resource in fields(self)]
        if unknown := sorted(set(seconds) - set(names)):
            raise SettingsError(f"There is no {', '.join(unknown)} to keep: name one of {', '.join(names)}.")
        return replace(self, **seconds)


@dataclass(frozen=True, slots=True)
class AladdinConfig:
    """How to reach Aladdin. `SettingsError` when the address cannot be used or the secret would travel in the clear.

    We sign in with OAuth2 by client id and secret, or by the refresh token where there is one; or with a user name and
    a password (Basic). The API key goes along with either.
    """

    url: str  # "https://client.blackrock.com"
    client_id: str = ""
    client_secret: SecretStr = _NONE
    api_key: SecretStr = _NONE
    refresh_token: SecretStr = _NONE
    refresh_token_file: Path | None = None  # where the newest is kept; a server may make each good for once
    username: str = ""
    password: SecretStr = _NONE
    scopes: tuple[str, ...] = SCOPES
    connect_timeout: float = 5  # seconds, as are all below
    read_timeout: float = 60
    pool_timeout: float = 10
    largest_answer: int = 256 * 1024 * 1024  # bytes, unpacked: several times a group's 50,000 positions
    read_attempts: int = 3  # writes are made once
    read_deadline: float = 90  # no attempt at a read begins later than this after it was asked for
    longest_pause: float = 20  # a Retry-After beyond this goes to the caller instead of being waited out
    calls_a_minute: int = LOWEST_QUOTA  # ours in all, a tenth of them for orders alone
    quotas: Mapping[str, int] = field(default_factory=lambda: QUOTAS)  # calls a minute, by operation
    default_quota: int = LOWEST_QUOTA  # of an operation that is not among them
    circuit_failures: int = 5  # in a row, after which an API group is left alone
    circuit_seconds: float = 30
    compliance_timeout: int = 10
    operation_deadline: float = 300  # a batch that is not done by then is given up, its orders' fate unknown
    account_code: str = ""  # whose external references ours are at Aladdin; sent where there is one
    time_zone: tzinfo = UTC  # by whose clock Aladdin tells when an order was modified
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
        self._check_credentials()
        self._check_patience()

    def _check_patience(self) -> None:
        counts = (self.calls_a_minute, self.default_quota, *self.quotas.values(), self.read_attempts)
        if min(*counts, self.circuit_failures, self.page_size, self.max_workers) < 1:
            raise SettingsError("Aladdin's quotas, attempts, failures, pages and workers are counted from 1.")
        if not all(0 < seconds < math.inf for seconds in (self.connect_timeout, self.read_timeout, self.pool_timeout)):
            raise SettingsError("Aladdin's timeouts are seconds above 0.")

    def _check_credentials(self) -> None:
        if not printable(self.api_key.get_secret_value()):
            raise SettingsError("The Aladdin API key has characters that no header may carry: is a line end in it?")
        if not self.basic:
            if not self.client_id or not self.client_secret.get_secret_value():
                raise SettingsError("Aladdin needs both a client id and a client secret.")
            return
        if not self.username or not self.password.get_secret_value():
            raise SettingsError("Aladdin needs both a user name and a password.")
        if self.client_id or self.client_secret.get_secret_value() or self.refresh_token.get_secret_value():
            raise SettingsError("Aladdin takes a user name and password, or a client id and secret: not both.")

    def shared_by(self, processes: int) -> AladdinConfig:
        """The same with this process's part of each quota, where so many share them; `SettingsError` where there is
        less than one call a minute for each."""
        quotas = {"in all": self.calls_a_minute, "of any other": self.default_quota, **self.quotas}
        if short := [f"{name}={calls}" for name, calls in quotas.items() if calls < processes]:
            raise SettingsError(
                f"{processes} processes cannot share a quota of fewer calls a minute: {', '.join(sorted(short))}. "
                "Raise it, or run fewer."
            )
        return replace(
            self,
            calls_a_minute=self.calls_a_minute // processes,
            default_quota=self.default_quota // processes,
            quotas={name: calls // processes for name, calls in self.quotas.items()},
        )

    @property
    def basic(self) -> bool:
        """Whether we sign in with a user name and password instead of OAuth2."""
        return bool(self.username or self.password.get_secret_value())

    @property
    def identity(self) -> str:
        """Who we are to Aladdin: what one may see, another may not. Nothing secret can be told from it."""
        keys = (
            f"{self.refresh_token.get_secret_value()}|{self.api_key.get_secret_value()}"  # each may be a person's own
        )
        whose = hashlib.sha256(keys.encode()).hexdigest() if keys != "|" else ""
        return "|".join((self.username or self.client_id, whose, *sorted(self.scopes)))

    @property
    def longest_request(self) -> float:
        """Seconds after which a request that was begun is answered or given up, whatever it waits for: a connection,
        its making, the other side, or an answer that trickles in. Nothing of it leaves after that."""
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
