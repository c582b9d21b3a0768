"""Canonical JSON: one text for one value, so that a hash of it means something."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

from allocation.limits import Rule
from allocation.model import Metric


def canonical(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, decimals as plain strings without trailing zeros, times
    in UTC, sets sorted, a metric or a rule by its key. Takes dataclasses, mappings with text keys, sequences, sets,
    enums, numbers, dates, None. TypeError or ValueError for anything else, an infinite number or a time without a
    zone."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    match value:
        case Metric() | Rule():
            return value.key
        case Enum():
            return _plain(value.value)
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return _decimal(value)
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
        case Mapping():
            keyed = {_plain(key): _plain(item) for key, item in value.items()}
            if not all(isinstance(key, str) for key in keyed):
                raise TypeError("canonical JSON has text keys only")
            return keyed
        case list() | tuple():
            return [_plain(item) for item in value]
        case frozenset() | set():
            return sorted(str(_plain(item)) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"canonical JSON has no form for {type(value).__name__}")


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"canonical JSON has no form for {value}")
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _moment(value: datetime) -> str:
    if value.utcoffset() is None:
        raise ValueError(f"the time {value} has no time zone")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
