"""The parameters engines take, described once: screens draw their inputs from here, and what is given is read here."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from allocation.errors import InvalidParameter
from allocation.model import Side


class Option(Protocol):
    """A parameter: its name, its label, and the choices of other options (name -> values) under which it counts."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def when(self) -> Mapping[str, tuple[str, ...]]: ...

    def default(self, side: Side) -> Any:
        """What it is unless given."""
        ...

    def read(self, value: Any, accounts: Collection[str]) -> Any:
        """The value as the engine uses it; `InvalidParameter` for one it cannot use."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values, each with the words a screen shows for it."""

    name: str
    label: str
    choices: Mapping[str, str]
    usual: str
    usual_sell: str = ""  # where a sell is expected to start from another value
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def default(self, side: Side) -> str:
        return self.usual_sell if side is Side.SELL and self.usual_sell else self.usual

    def read(self, value: Any, accounts: Collection[str]) -> str:
        if value not in self.choices:
            raise InvalidParameter(
                self.name, f"{self.label} cannot be {value!r}; choose one of {', '.join(self.choices)}."
            )
        return str(value)


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off."""

    name: str
    label: str
    usual: bool
    help: str = ""
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def default(self, side: Side) -> bool:
        return self.usual

    def read(self, value: Any, accounts: Collection[str]) -> bool:
        if not isinstance(value, bool):
            raise InvalidParameter(self.name, f"{self.label} is on or off, not {value!r}.")
        return value


@dataclass(frozen=True, slots=True)
class Level:
    """A figure of the metric, in its unit. It has no default: it must be given where it counts."""

    name: str
    label: str
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def default(self, side: Side) -> float | None:
        return None

    def read(self, value: Any, accounts: Collection[str]) -> float | None:
        return None if value is None else finite(self.name, self.label, value)


@dataclass(frozen=True, slots=True)
class OneAccount:
    """An account of the group."""

    name: str
    label: str
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def default(self, side: Side) -> str:
        return ""

    def read(self, value: Any, accounts: Collection[str]) -> str:
        if value:
            known(self.name, self.label, [value], accounts)
        return str(value or "")


@dataclass(frozen=True, slots=True)
class PerAccount:
    """A figure for each account: `kind` is "level" (of the metric, in its unit) or "face"."""

    name: str
    label: str
    kind: str
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def default(self, side: Side) -> Mapping[str, Any]:
        return {}

    def read(self, value: Any, accounts: Collection[str]) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise InvalidParameter(self.name, f"{self.label} is a value for each account, not {value!r}.")
        known(self.name, self.label, value, accounts)
        if self.kind == "level":
            return {account: finite(self.name, f"{self.label}, {account}", value[account]) for account in sorted(value)}
        return {account: face(self.name, f"{self.label}, {account}", value[account]) for account in sorted(value)}


def finite(name: str, label: str, value: Any) -> float:
    """A figure; `InvalidParameter` for anything that is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        raise InvalidParameter(name, f"{label}: {value!r} is not a number.")
    return float(value)


def exact_number(name: str, label: str, value: Any) -> Decimal:
    """A number of zero or more, exactly as it was written; `InvalidParameter` for anything else."""
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except (InvalidOperation, TypeError, ValueError):
        raise InvalidParameter(name, f"{label}: {value!r} is not a number.") from None
    if isinstance(value, bool) or not number.is_finite() or number < 0:
        raise InvalidParameter(name, f"{label}: {value} is not a number of zero or more.")
    return number


def face(name: str, label: str, value: Any) -> int:
    """A face: a whole number of zero or more; `InvalidParameter` for anything else."""
    number = exact_number(name, label, value)
    if number != number.to_integral_value():
        raise InvalidParameter(name, f"{label}: a face is a whole number, not {value}.")
    return int(number)


def known(name: str, label: str, given: Collection[str], accounts: Collection[str]) -> None:
    """`InvalidParameter` naming the accounts that are not in the group."""
    strangers = sorted(set(given) - set(accounts))
    if strangers:
        are = "is not an account" if len(strangers) == 1 else "are not accounts"
        raise InvalidParameter(name, f"{label}: {', '.join(map(str, strangers))} {are} of this group.")


def read_options(
    label: str, options: Collection[Option], given: Mapping[str, Any], side: Side, accounts: Collection[str]
) -> dict[str, Any]:
    """The parameters of an engine called `label`, complete: defaults filled in, and options that do not count under the
    others left at them. `InvalidParameter` for an unknown name or a value that cannot be used."""
    names = [option.name for option in options]
    for name in given:
        if name not in names:
            raise InvalidParameter(name, f"{label} has no parameter {name!r}.")
    read: dict[str, Any] = {}
    for option in options:
        counts = all(read[other] in values for other, values in option.when.items())
        if counts and option.name in given:
            read[option.name] = option.read(given[option.name], accounts)
        else:
            read[option.name] = option.default(side)
    return read
