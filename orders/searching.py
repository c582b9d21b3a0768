"""What a search shows while somebody types: bonds at hand, told from what was read before."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from allocation.caps.wording import security_names
from allocation.model import Bond

MOST_SUGGESTED = 12  # as many as can be looked over while typing


@dataclass(frozen=True, slots=True)
class BondFound:
    """A bond as it is known without asking anybody. Figures are those of the newest position, as old as that."""

    asset_id: str
    label: str
    issuer: str = ""
    cusip: str = ""
    isin: str = ""
    price: Decimal | None = None  # clean, per 100 face
    spread_duration: float | None = None  # years
    oas: float | None = None  # basis points


@dataclass(frozen=True, slots=True)
class Suggested:
    """What a text that is being typed may mean, best first. `exact` is where it is the identifier of the one bond;
    `elsewhere` where it is a whole identifier, check digit and all, that no bond at hand carries: Aladdin may know."""

    bonds: tuple[BondFound, ...]
    exact: bool = False
    elsewhere: bool = False


def carries(bond: Bond, identifier: str) -> bool:
    """Whether this is one of the bond's own identifiers, in either case."""
    return identifier.casefold() in (name.casefold() for name in security_names(bond) if name)
