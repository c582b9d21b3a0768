"""The settings of a ledger on Snowflake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from orders.errors import SettingsError
from storage.snowflake_config import SnowflakeConfig


class SnowflakeSettings(BaseSettings):
    """Where it is and who signs in; all unset where the ledger is a file in the data folder."""

    snowflake_account: str = ""
    snowflake_user: str = ""
    snowflake_private_key_file: Path | None = Field(None, description="PEM; before a password where both are set")
    snowflake_private_key: SecretStr = Field(SecretStr(""), description="the key itself, instead of its file")
    snowflake_private_key_passphrase: SecretStr = SecretStr("")
    snowflake_password: SecretStr = SecretStr("")
    snowflake_warehouse: str = ""
    snowflake_database: str = ""
    snowflake_schema: str = "EVENLOT"
    snowflake_role: str = Field("", description="the user's default role where it is not set")
    snowflake_query_tag: str = "evenlot"
    snowflake_lock_timeout: int = Field(10, ge=1, le=600, description="seconds a write waits for another")
    snowflake_login_timeout: int = Field(15, ge=1, le=600, description="seconds a sign-in is tried for")
    snowflake_keep_alive: bool = True
    snowflake_host: str = Field("", description="where it is not the account's own, as for a private link")

    @property
    def on_snowflake(self) -> SnowflakeConfig | None:
        """Where on Snowflake the ledger is kept; None where it is a file. `SettingsError` where that is half-set, or
        the key's file cannot be read."""
        needed = {
            "SNOWFLAKE_ACCOUNT": self.snowflake_account,
            "SNOWFLAKE_USER": self.snowflake_user,
            "SNOWFLAKE_WAREHOUSE": self.snowflake_warehouse,
            "SNOWFLAKE_DATABASE": self.snowflake_database,
        }
        credentials = {
            "SNOWFLAKE_PRIVATE_KEY_FILE": self.snowflake_private_key_file,
            "SNOWFLAKE_PRIVATE_KEY": self.snowflake_private_key.get_secret_value(),
            "SNOWFLAKE_PASSWORD": self.snowflake_password.get_secret_value(),
        }
        ours = [name for name in type(self).model_fields if name.startswith("snowflake_")]
        begun = [name.upper() for name in ours if name in self.model_fields_set and said(getattr(self, name))]
        if not begun:
            return None
        missing = [name for name, value in needed.items() if not value]
        if not any(credentials.values()):
            missing.append("SNOWFLAKE_PRIVATE_KEY_FILE (or SNOWFLAKE_PASSWORD)")
        if missing:
            raise SettingsError(
                f"Snowflake is half-configured: {', '.join(begun)} {'is' if len(begun) == 1 else 'are'} set, but "
                f"{'this is' if len(missing) == 1 else 'these are'} missing: {', '.join(missing)}. Set what is missing "
                "(see .env.example), or unset all of it to keep the ledger in a file."
            )
        return self._snowflake_config()

    def _snowflake_config(self) -> SnowflakeConfig:
        return SnowflakeConfig(
            account=self.snowflake_account,
            user=self.snowflake_user,
            warehouse=self.snowflake_warehouse,
            database=self.snowflake_database,
            schema=self.snowflake_schema,
            role=self.snowflake_role,
            private_key=self._snowflake_key(),
            private_key_passphrase=self.snowflake_private_key_passphrase.get_secret_value(),
            password=self.snowflake_password.get_secret_value(),
            query_tag=self.snowflake_query_tag,
            lock_timeout=self.snowflake_lock_timeout,
            login_timeout=self.snowflake_login_timeout,
            keep_alive=self.snowflake_keep_alive,
            host=self.snowflake_host,
        )

    def _snowflake_key(self) -> str:
        """The private key in PEM, of which an environment variable may hold the line breaks as \\n; empty for none."""
        if self.snowflake_private_key_file is None:
            return self.snowflake_private_key.get_secret_value().replace("\\n", "\n")
        try:
            return self.snowflake_private_key_file.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"SNOWFLAKE_PRIVATE_KEY_FILE names {self.snowflake_private_key_file}, which cannot be read: "
                f"{getattr(error, 'strerror', None) or 'it is not a text'}."
            ) from error


def said(value: Any) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)
