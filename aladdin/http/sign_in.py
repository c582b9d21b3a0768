"""How a call says who we are, whichever way: the header it carries, and what to keep out of logs and errors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Protocol
from urllib.parse import quote, quote_plus

from aladdin.config import AladdinConfig


class SignIn(Protocol):
    """What the transport needs of a way to sign in."""

    def current(self) -> str:
        """The Authorization header for a call made now; any `OutsideError` when there is none to be had."""
        ...

    def discard(self, refused: str) -> bool:
        """Forget a header the server refused, unless it has been replaced; whether another may be had."""
        ...

    def mask(self, text: str, shortest: int = 1) -> str:
        """`text` without our secrets of `shortest` characters and more, should the other side quote them back."""
        ...


class BasicSignIn:
    """User name and password with each call."""

    def __init__(self, config: AladdinConfig) -> None:
        pair = f"{config.username}:{config.password.get_secret_value()}"
        self._encoded = base64.b64encode(pair.encode()).decode()
        self._secrets = [self._encoded, config.password.get_secret_value(), config.api_key.get_secret_value()]

    def current(self) -> str:
        """See `SignIn`."""
        return f"Basic {self._encoded}"

    def discard(self, refused: str) -> bool:
        """See `SignIn`. There is only one."""
        return False

    def mask(self, text: str, shortest: int = 1) -> str:
        """See `SignIn`."""
        return masked(text, self._secrets, shortest)


def masked(text: str, secrets: Iterable[str], shortest: int = 1) -> str:
    """`text` with stars for each secret, also where it is written as in an address, a form or JSON."""
    for secret in secrets:
        if len(secret) < max(shortest, 1):
            continue
        for form in written(secret):
            text = text.replace(form, "***")
    return text


def written(secret: str) -> list[str]:
    """A secret as it may be written, the longest form first."""
    forms = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    return sorted(forms, key=len, reverse=True)
