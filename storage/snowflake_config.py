"""Where on Snowflake the ledger is kept, and who signs in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from orders.errors import SettingsError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,254}")  # an identifier that needs no quotes
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class SnowflakeConfig:
    """Where the ledger is kept on Snowflake, and who signs in: by `private_key` where there is one, else by `password`.
    Raises `SettingsError`, naming the setting, for what cannot be used."""

    account: str
    user: str
    warehouse: str
    database: str
    schema: str = "EVENLOT"
    role: str = ""  # the user's default role where empty
    private_key: str = field(default="", repr=False)  # PEM
    private_key_passphrase: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    query_tag: str = "evenlot"
    lock_timeout: int = 10  # seconds a statement waits for another's lock
    login_timeout: int = 15  # seconds a sign-in is tried for
    keep_alive: bool = True
    host: str = ""  # where it is not the account's own: "name.privatelink.snowflakecomputing.com"

    def __post_init__(self) -> None:
        for name in ("warehouse", "database", "schema", "role"):
            require_name(f"SNOWFLAKE_{name.upper()}", getattr(self, name), may_lack=name == "role")
        if not self.private_key and not self.password:
            raise SettingsError("Snowflake needs SNOWFLAKE_PRIVATE_KEY_FILE (or SNOWFLAKE_PRIVATE_KEY), or a password.")

    def arguments(self, autocommit: bool) -> dict[str, Any]:
        """What the connector takes."""
        return {
            "account": self.account,
            "user": self.user,
            "warehouse": self.warehouse,
            "database": self.database,
            "schema": self.schema,
            "autocommit": autocommit,
            "paramstyle": "qmark",  # values travel beside the text: nothing to escape, and no limit of text to exceed
            "client_session_keep_alive": self.keep_alive,
            "login_timeout": self.login_timeout,
            "network_timeout": 2 * self.lock_timeout + 30,  # for good only: a statement may be waiting for a lock
            "platform_detection_timeout_seconds": 0.0,
            "session_parameters": {
                "QUERY_TAG": self.query_tag,
                "LOCK_TIMEOUT": self.lock_timeout,
                "TIMEZONE": "UTC",
                "CLIENT_TELEMETRY_ENABLED": False,
                # never: the driver would make a stage for many values, which commits the open transaction
                "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD": 0,
            },
            **({"role": self.role} if self.role else {}),
            **self._credentials(),
            **self._address(),
        }

    def _credentials(self) -> dict[str, Any]:
        if not self.private_key:
            return {"password": self.password}
        passphrase = self.private_key_passphrase.encode() or None
        try:
            key = load_pem_private_key(self.private_key.encode(), passphrase)
        except (ValueError, TypeError) as error:
            raise SettingsError(
                "The private key for Snowflake cannot be read. SNOWFLAKE_PRIVATE_KEY_FILE names a PEM file, or "
                "SNOWFLAKE_PRIVATE_KEY holds its text; an encrypted one needs SNOWFLAKE_PRIVATE_KEY_PASSPHRASE, and "
                "one that is not encrypted must have none."
            ) from error
        if not isinstance(key, RSAPrivateKey):
            raise SettingsError("The private key for Snowflake is not an RSA key, the only kind Snowflake takes.")
        return {"authenticator": "SNOWFLAKE_JWT", "private_key": key}

    def _address(self) -> dict[str, Any]:
        if not self.host:
            return {}
        parts = urlsplit(self.host if "//" in self.host else f"https://{self.host}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(f"SNOWFLAKE_HOST is {self.host!r}; write a host name.")
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise SettingsError("SNOWFLAKE_HOST would send credentials in the clear; write https:// or the bare host.")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return {"host": parts.hostname, "port": port, "protocol": parts.scheme}


def require_name(what: str, name: str, *, may_lack: bool = False) -> None:
    """`SettingsError` for a name that would need quotes, as it is put into SQL without."""
    if not _NAME.fullmatch(name) and (name or not may_lack):
        raise SettingsError(f"{what} is {name!r}; write a name of letters, digits and underscores, unquoted.")
