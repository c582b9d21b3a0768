"""The accounts this process has come across: the names that logs may have to leave out."""

from __future__ import annotations

from collections.abc import Mapping

_tickers: dict[str, str] = {}  # by what an account is called, in lower case


def met(ticker: str, name: str = "") -> None:
    """There is an account of this ticker; `name` is what people call it."""
    for called in (ticker, name):
        if called.strip():
            _tickers[called.strip().lower()] = ticker


def called() -> Mapping[str, str]:
    """The ticker of each account by all it is called, in lower case. It grows and never shrinks."""
    return _tickers
