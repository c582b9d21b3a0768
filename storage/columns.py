"""The kinds of columns the schema is made of."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, String
from sqlalchemy.types import TypeEngine

from storage.types import Exact, UtcDateTime

CONFIDENTIAL = "confidential"  # in a column's info: it stays out of exports


def text(name: str, *args: Any, **options: Any) -> Column[str]:
    """A text that is always there."""
    return Column(name, String, *args, nullable=False, **options)


def moment(name: str, **options: Any) -> Column[Any]:
    """A moment in UTC."""
    return Column(name, UtcDateTime, **{"nullable": False, **options})


def exact(name: str, scale: int, **options: Any) -> Column[Any]:
    """A number with `scale` decimals, none of which is ever lost."""
    return Column(name, Exact(scale, name), **{"nullable": False, **options})


def count(name: str, *args: Any, **options: Any) -> Column[int]:
    """A whole number that the program gives, not the store."""
    return Column(name, BigInteger, *args, nullable=False, autoincrement=False, **options)


def later(name: str, kind: type[TypeEngine[Any]] | TypeEngine[Any]) -> Column[Any]:
    """A column that came after its table."""
    return Column(name, kind, nullable=True)
