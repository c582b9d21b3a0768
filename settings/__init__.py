"""The one list of settings, from the environment, a `.env` file or `.streamlit/secrets.toml`, in that order."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from aladdin.config import OPERATIONS, Freshness
from orders.errors import SettingsError
from settings.provider import ProviderSettings
from settings.snowflake import SnowflakeSettings, said
from storage.snowflake_config import SnowflakeConfig

ROOT = Path(__file__).resolve().parents[1]
SECRETS = ROOT / ".streamlit" / "secrets.toml"


_HOST = re.compile(r"\*|(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|[0-9a-f:]*:[0-9a-f:.]*", re.IGNORECASE)


def _known(named: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """`named`, where each of its names exists: one that goes unread would look like a setting in force."""
    if set(named) - set(names):  # not which: a value that cannot be used is never quoted
        raise ValueError(f"each name is one of {', '.join(sorted(names))}")
    return named


DEMO_APPROVAL_FROM = 500_000_000  # more than whoever tries it out types, unless they mean to see four eyes


class World(StrEnum):
    """What the desk works on."""

    DEMO = "demo"  # the generated book, simulated Aladdin
    CSV = "csv"  # your own book, simulated Aladdin
    ALADDIN = "aladdin"  # BlackRock Aladdin


class Settings(SnowflakeSettings, ProviderSettings):
    """Every setting with its default. Names are read without regard to case: `book_dir` is `BOOK_DIR`."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    # which world
    demo: bool = Field(False, description="run the demo although Aladdin is configured")
    demo_seed: int = Field(7, ge=0, le=2**31 - 1)
    demo_fill_seconds: float = Field(20, gt=0, le=3600, description="how long the simulated market takes to fill")
    book_dir: Path | None = Field(None, description="folder of a CSV book")
    data_dir: Path | None = Field(None, description="where the ledger, cache and simulated Aladdin keep their files")

    # BlackRock Aladdin
    aladdin_url: str = ""
    aladdin_client_id: str = ""
    aladdin_client_secret: SecretStr = SecretStr("")
    aladdin_refresh_token: SecretStr = Field(SecretStr(""), description="renewed instead of signing in by the secret")
    aladdin_username: str = Field("", description="with the password, instead of client id and secret")
    aladdin_password: SecretStr = SecretStr("")
    aladdin_api_key: SecretStr = SecretStr("")
    aladdin_scopes: Annotated[tuple[str, ...], NoDecode] = Field((), description="instead of the published ones")
    aladdin_calls_a_minute: int | None = Field(None, ge=1, description="of all processes; 100 where it is not set")
    aladdin_processes: int = Field(1, ge=1, description="apps and workers that share the quotas, each its part")
    aladdin_quotas: Annotated[dict[str, int], NoDecode] = Field({}, description="calls a minute, by operation")
    aladdin_freshness: Annotated[dict[str, float], NoDecode] = Field({}, description="seconds kept, by resource")
    aladdin_groups: Annotated[tuple[str, ...], NoDecode] = ()
    aladdin_currency: str = "USD"
    aladdin_account_code: str = Field("", pattern=r"^\d*$", description="whose external references ours are")
    aladdin_time_zone: ZoneInfo = Field(ZoneInfo("UTC"), description="of Aladdin's server, such as America/New_York")

    # people
    users_file: Path | None = Field(None, description="taken over where there are no users yet")
    cookie_key: SecretStr = SecretStr("")
    cookie_days: float = Field(7, gt=0, le=30, description="a sign-in of somebody who stays signed in")
    session_hours: float = Field(12, gt=0, le=24, description="a sign-in of anybody else")
    idle_minutes: float = Field(60, gt=0)

    # the house rules
    amber_after_days: int = Field(1, ge=0)
    block_after_days: int = Field(5, ge=0)
    minimum_coverage: float = Field(0.95, ge=0, le=1)
    market_buffer: Decimal = Field(Decimal(0), ge=0, le=1, description="share added to the mark of a market buy")
    price_drift: Decimal = Field(Decimal("0.25"), ge=0, le=100, description="per 100 face, moved unseen since a look")
    approval_from_face: int | None = Field(None, ge=0, description="from this face on somebody else must approve")

    # the process
    worker_embedded: bool = Field(True, description="the app sends and follows orders itself")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field((), description="names the app may be asked under")
    worker_port: int | None = Field(None, ge=1, le=65535, description="where a worker that runs apart answers")
    metrics_token: SecretStr = Field(SecretStr(""), description="who brings it may read /health and /metrics")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_mask_accounts: bool = Field(False, description="logs have a mark in the place of each account's name")

    @field_validator("aladdin_groups", "aladdin_scopes", "allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("aladdin_quotas", "aladdin_freshness", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        if not all(equals for _, equals, _ in pairs):
            raise ValueError("write name=number, separated by commas")
        return {name.strip(): number.strip() for name, _, number in pairs}

    @field_validator("allowed_hosts")
    @classmethod
    def _names_alone(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(_HOST.fullmatch, hosts)):  # one that no Host header equals would let nobody in, and not say why
            raise ValueError("write names alone, without https:// and port, such as evenlot.example.com")
        return hosts

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, dotenv_settings, _Secrets(settings_cls, SECRETS)

    @field_validator("aladdin_quotas")
    @classmethod
    def _known_operations(cls, quotas: dict[str, int]) -> dict[str, int]:
        return _known(quotas, sorted(OPERATIONS))

    @field_validator("aladdin_freshness")
    @classmethod
    def _known_resources(cls, seconds: dict[str, float]) -> dict[str, float]:
        return _known(seconds, [resource.name for resource in fields(Freshness)])

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret there is, so that none is ever written anywhere."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr) and value)

    @property
    def world(self) -> World:
        """Which world these settings name; `SettingsError` where they are half-set or contradict each other."""
        aladdin = self._aladdin_fields()
        named = [name for name, value in aladdin.items() if value]
        named += [name.upper() for name in _ASIDE if name in self.model_fields_set and said(getattr(self, name))]
        if self.demo:
            return World.DEMO
        snowflake = self.snowflake
        if named and self.book_dir:
            raise SettingsError(f"BOOK_DIR and {named[0]} are both set: a CSV book or Aladdin, not both.")
        if self.book_dir:
            return World.CSV
        if not named and snowflake is not None:
            raise SettingsError(
                "Snowflake is configured, and nothing to trade on: set BOOK_DIR or Aladdin (see .env.example), or "
                "DEMO=true for the demo, which keeps its ledger in a file."
            )
        if not named:
            return World.DEMO
        outside = {"COOKIE_KEY": self.cookie_key.get_secret_value()}
        missing = [name for name, value in (aladdin | outside).items() if not value]
        if missing:
            raise SettingsError(
                f"Aladdin is half-configured: {', '.join(named)} set, {', '.join(missing)} missing. "
                f"Set what is missing (see .env.example), or unset all of it to run the demo.{_instead(missing)}"
            )
        return World.ALADDIN

    @property
    def approval_from(self) -> int | None:
        """From which face on somebody else must approve: as set. The demo has one, to show how that goes."""
        if self.approval_from_face is None and self.world is World.DEMO:
            return DEMO_APPROVAL_FROM
        return self.approval_from_face

    @property
    def data(self) -> Path:
        """The data folder: as set, or one per book, so that changing the book never meets another book's ledger."""
        world = self.world
        if self.data_dir is not None:
            return self.data_dir
        folder = "aladdin"
        if world is World.DEMO:
            folder = f"demo-{self.demo_seed}"
        elif world is World.CSV:
            folder = f"csv-{re.sub(r'[^a-z0-9]+', '-', str(self.book_dir).lower()).strip('-')[-60:]}"
        return ROOT / "data" / folder

    @property
    def snowflake(self) -> SnowflakeConfig | None:
        """As `on_snowflake`; the demo keeps its ledger in a file whatever is set."""
        return None if self.demo else self.on_snowflake

    @property
    def oidc(self) -> dict[str, str] | None:
        """As `at_provider`, whose cookies are signed with the key of ours."""
        return self.at_provider(self.cookie_key.get_secret_value())

    def _aladdin_fields(self) -> dict[str, Any]:
        """What Aladdin needs: credentials of the kind that was begun with, those of a client unless told otherwise."""
        client = {
            "ALADDIN_CLIENT_ID": self.aladdin_client_id,
            "ALADDIN_CLIENT_SECRET": self.aladdin_client_secret.get_secret_value(),
        }
        user = {"ALADDIN_USERNAME": self.aladdin_username, "ALADDIN_PASSWORD": self.aladdin_password.get_secret_value()}
        begun = {"ALADDIN_REFRESH_TOKEN": self.aladdin_refresh_token.get_secret_value()} | client
        if any(user.values()) and (of_client := [name for name, value in begun.items() if value]) and not self.demo:
            of_user = [name for name, value in user.items() if value]
            raise SettingsError(
                f"{of_user[0]} and {of_client[0]} are both set: a user name and password, or a client, not both."
            )
        credentials = user if any(user.values()) else client
        return {"ALADDIN_URL": self.aladdin_url, **credentials, "ALADDIN_GROUPS": self.aladdin_groups}


# What only the real Aladdin is told, beside where it is and who we are: set alone, it is no demo that was meant. How
# often and how freshly to ask holds for the simulated one as well.
_ASIDE = (
    "aladdin_api_key",
    "aladdin_refresh_token",
    "aladdin_scopes",
    "aladdin_currency",
    "aladdin_account_code",
    "aladdin_time_zone",
)


def _instead(missing: Collection[str]) -> str:
    """The other way to sign in, to whoever has begun neither."""
    if not {"ALADDIN_CLIENT_ID", "ALADDIN_CLIENT_SECRET"} <= set(missing):
        return ""
    return " ALADDIN_USERNAME and ALADDIN_PASSWORD will do in the place of client id and secret."


class _Secrets(TomlConfigSettingsSource):
    """`.streamlit/secrets.toml`, its top-level keys in either case; an empty text counts as unset."""

    def __init__(self, settings_cls: type[BaseSettings], path: Path) -> None:
        try:
            super().__init__(settings_cls, path)
        except (OSError, ValueError) as error:
            raise SettingsError(f"{path} cannot be read: {error}.") from error
        self.toml_data = {key.lower(): value for key, value in self.toml_data.items() if value != ""}
        self.init_kwargs = dict(self.toml_data)


def read_settings(**overrides: Any) -> Settings:
    """The settings; `SettingsError` naming each variable that cannot be used, without its value."""
    settings = read_part(**overrides)
    _ = settings.world
    return settings


def read_part(**overrides: Any) -> Settings:
    """The same for who needs only a part of them, as for work on a ledger: they need not name a world."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        faults = "; ".join(f"{str(e['loc'][0]).upper()}: {e['msg'][:1].lower()}{e['msg'][1:]}" for e in error.errors())
        raise SettingsError(f"Settings cannot be used: {faults}. See .env.example.") from None
