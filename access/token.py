"""The token a signed-in browser carries: a signed JWT that says who, since when, and under which password."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

import jwt
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from orders.errors import SettingsError

_ALGORITHM = "HS256"
_KEY_BYTES = 32  # RFC 7518, section 3.2: a key no shorter than the hash


class Token(BaseModel):
    """A sign-in. Its times are claims of our own, exact to the microsecond and judged by the desk's clock; JWT's `iat`
    and `exp` would be judged by the library with the machine's. streamlit-authenticator's token has no issue time, and
    one derived from its expiry would move whenever the configured days change: past a revocation, even."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    username: str
    password_mark: str  # changes with the password, and says nothing about it
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    stays: bool = False  # its user chose to stay signed in: it opens another session where one has ended unused


def require_long(key: str) -> str:
    """The key, where nobody finds it out by trying; `SettingsError` for a shorter one."""
    if len(key.encode()) < _KEY_BYTES:
        raise SettingsError(f"The cookie key is shorter than {_KEY_BYTES} bytes; set a longer random one.")
    return key


class Signer:
    """Issues tokens valid for `hours`, or `days` for who stays signed in, and reads back only its own."""

    def __init__(self, key: str, hours: float, days: float) -> None:
        """Raises `SettingsError` for a key too short to sign with or for times that are not positive."""
        if hours <= 0 or days <= 0:
            raise SettingsError(f"A sign-in cannot last {hours:g} hours, or {days:g} days for who stays signed in.")
        self._key = require_long(key)
        self._life, self._stay = timedelta(hours=hours), timedelta(days=days)

    def issue(self, username: str, password_hash: str, now: datetime, *, stays: bool = False) -> Token:
        """A new token for this user, from `now` on."""
        return Token(
            id=secrets.token_urlsafe(16),
            username=username,
            password_mark=self.mark(password_hash),
            issued_at=now,
            expires_at=now + (self._stay if stays else self._life),
            stays=stays,
        )

    def write(self, token: Token) -> str:
        """The token as a cookie's value."""
        return jwt.encode(token.model_dump(mode="json"), self._key, algorithm=_ALGORITHM)

    def read(self, text: str) -> Token | None:
        """The token in a cookie's value; None when it is not one of ours. Whether it still counts is for the gate."""
        try:
            return Token.model_validate(jwt.decode(text, self._key, algorithms=[_ALGORITHM]))
        except (jwt.InvalidTokenError, ValidationError):
            return None

    def mark(self, text: str) -> str:
        """A keyed digest: equal for equal texts, and nobody without the key learns or guesses the text from it."""
        return hmac.new(self._key.encode(), text.encode(), "sha256").hexdigest()[:32]
