"""What is left out of the logs: secrets always, and the names of accounts where the settings say so."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any

from aladdin.http.sign_in import written
from watch import accounts

SHORTEST = 4  # characters of a secret; a shorter one would be found in every line, and is none
_SECRET_FIELD = re.compile(r"password|secret|token|authorization|cookie|api_?key", re.IGNORECASE)
_OURS = frozenset({"event", "level", "timestamp", "reference", "request_id", "command", "stream", "sha256"})
_WORD = re.compile(r"\w+")


class Masks:
    """A processor of structlog's. `key` makes the marks of accounts; without one they keep their names."""

    def __init__(self, secrets: Iterable[str] = (), key: str = "") -> None:
        forms = {form for secret in secrets if len(secret) >= SHORTEST for form in written(secret)}
        self._secrets = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None
        self._key = hmac.digest(key.encode(), b"accounts in logs", hashlib.sha256) if key else b""
        self._by_first_word: dict[str, list[str]] = {}
        self._indexed = 0

    def __call__(self, _: Any, __: str, line: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: value if name in _OURS else self._masked(value, name) for name, value in line.items()}

    def mark(self, ticker: str) -> str:
        """What stands for an account: the same wherever the key is, and not to be turned back without it."""
        return f"account:{hmac.digest(self._key, ticker.encode(), hashlib.sha256).hex()[:12]}"

    def _masked(self, value: Any, name: str = "") -> Any:
        if isinstance(value, Mapping):
            return {key: self._masked(one, str(key)) for key, one in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._masked(one, name) for one in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        if name and _SECRET_FIELD.search(name):
            return "***"
        text = str(value)
        if self._secrets is not None:
            text = self._secrets.sub("***", text)
        return self._without_accounts(text) if self._key else text

    def _without_accounts(self, text: str) -> str:
        self._index()
        parts, at, lower = list[str](), 0, _lower(text)
        for word in _WORD.finditer(text):
            start = word.start()
            named = self._named(lower, start, word[0].lower()) if start >= at else None
            if named:
                parts += (text[at:start], self.mark(accounts.called()[named]))
                at = start + len(named)
        return "".join((*parts, text[at:]))

    def _named(self, text: str, start: int, first: str) -> str | None:
        """The longest name of an account that stands there whole."""
        for name in self._by_first_word.get(first, ()):
            end = start + len(name)
            if text.startswith(name, start) and not _WORD.match(text[end : end + 1]):
                return name
        return None

    def _index(self) -> None:
        """Take in the accounts that have been met since the line before."""
        called = accounts.called()
        if len(called) == self._indexed:
            return
        names = sorted(called, key=len, reverse=True)
        index: dict[str, list[str]] = {}
        for name in names:
            if first := _WORD.match(name):
                index.setdefault(first[0], []).append(name)
        self._by_first_word, self._indexed = index, len(names)


def _lower(text: str) -> str:
    """In lower case, each character at its place: a few have two of them there."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
