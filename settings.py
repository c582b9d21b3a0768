"""The one list of settings, from the environment, a `.env` file or `.streamlit/secrets.toml`, in that order."""

from __future__ import annotations

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

from orders.errors import SettingsError

ROOT = Path(__file__).resolve().parent
SECRETS = ROOT / ".streamlit" / "secrets.toml"


class World(StrEnum):
    """What the desk works on."""

    DEMO = "demo"  # the generated book, simulated Aladdin
    CSV = "csv"  # your own book, simulated Aladdin
    ALADDIN = "aladdin"  # BlackRock Aladdin


class Settings(BaseSettings):
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
    aladdin_calls_a_minute: int | None = Field(None, ge=1, description="of this process; 100 where it is not set")
    aladdin_quotas: Annotated[dict[str, int], NoDecode] = Field({}, description="calls a minute, by operation")
    aladdin_freshness: Annotated[dict[str, float], NoDecode] = Field({}, description="seconds kept, by resource")
    aladdin_groups: Annotated[tuple[str, ...], NoDecode] = ()
    aladdin_currency: str = "USD"
    aladdin_account_code: str = Field("", pattern=r"^\d*$", description="whose external references ours are")
    aladdin_time_zone: ZoneInfo = Field(ZoneInfo("UTC"), description="of Aladdin's server, such as America/New_York")

    # Snowflake
    snowflake_account: str = ""
    snowflake_user: str = ""

    # people
    users_file: Path | None = None
    cookie_key: SecretStr = SecretStr("")
    cookie_days: float = Field(1, gt=0, le=30)
    idle_minutes: float = Field(60, gt=0)

    # the house rules
    amber_after_days: int = Field(1, ge=0)
    block_after_days: int = Field(5, ge=0)
    minimum_coverage: float = Field(0.95, ge=0, le=1)
    market_buffer: Decimal = Field(Decimal(0), ge=0, le=1, description="share added to the mark of a market buy")

    # the process
    worker_embedded: bool = Field(True, description="the app sends and follows orders itself")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("aladdin_groups", "aladdin_scopes", mode="before")
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

    @property
    def world(self) -> World:
        """Which world these settings name; `SettingsError` where they are half-set or contradict each other."""
        snowflake = {"SNOWFLAKE_ACCOUNT": self.snowflake_account, "SNOWFLAKE_USER": self.snowflake_user}
        if set_ := [name for name, value in snowflake.items() if value]:
            raise SettingsError(
                f"{', '.join(set_)} set, but this version keeps its ledger in the embedded store only; unset it."
            )
        aladdin = self._aladdin_fields()
        named = [name for name, value in aladdin.items() if value]
        aside = {"ALADDIN_API_KEY": self.aladdin_api_key, "ALADDIN_REFRESH_TOKEN": self.aladdin_refresh_token}
        named += [name for name, value in aside.items() if value.get_secret_value()]
        if self.demo:
            return World.DEMO
        if named and self.book_dir:
            raise SettingsError(f"BOOK_DIR and {named[0]} are both set: a CSV book or Aladdin, not both.")
        if self.book_dir:
            return World.CSV
        if not named:
            return World.DEMO
        outside = {"USERS_FILE": self.users_file, "COOKIE_KEY": self.cookie_key.get_secret_value()}
        missing = [name for name, value in (aladdin | outside).items() if not value]
        if missing:
            raise SettingsError(
                f"Aladdin is half-configured: {', '.join(named)} set, {', '.join(missing)} missing. "
                "Set what is missing (see .env.example), or unset all of it to run the demo."
            )
        return World.ALADDIN

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
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        faults = "; ".join(f"{str(e['loc'][0]).upper()}: {e['msg'][:1].lower()}{e['msg'][1:]}" for e in error.errors())
        raise SettingsError(f"Settings cannot be used: {faults}. See .env.example.") from None
    _ = settings.world
    return settings
