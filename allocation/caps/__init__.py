"""What holds an account back: one small class per cap, each giving a face and a reason with its numbers.

eligibility.py    may it trade this bond at all: exchange rate, frozen, restricted, holding, 144A, rating, maturity
concentration.py  how much of its NAV one security, issuer or sector may be
cash.py           what its cash pays for, less a reserve
bind.py           the cap that binds each account, and all that limit one
wording.py        what more than one cap says
"""

from __future__ import annotations

from allocation.caps.bind import CapRule, bind, limits_on, minimum_line
from allocation.caps.cash import CashCap
from allocation.caps.concentration import IssuerCap, SectorCap, SecurityCap
from allocation.caps.eligibility import (
    FrozenCap,
    HoldingCap,
    MaturityCap,
    RateCap,
    RatingCap,
    RestrictedCap,
    Rule144ACap,
)
from allocation.limits import NO_LIMITS, LimitTable


def rules(limits: LimitTable = NO_LIMITS, basis: str = "clean", respect_cash: bool = True) -> tuple[CapRule, ...]:
    """Every cap under this table, in the order that decides ties. `basis` ("dirty" or "clean") values holdings and
    trade alike; without `respect_cash` neither the cash nor its reserve is looked at."""
    return (
        RateCap(),
        FrozenCap(limits),
        RestrictedCap(limits),
        HoldingCap(),
        Rule144ACap(limits),
        RatingCap(limits),
        MaturityCap(limits),
        SecurityCap(limits, basis),
        IssuerCap(limits, basis),
        SectorCap(limits, basis),
        *((CashCap(limits),) if respect_cash else ()),
    )


__all__ = [
    "CapRule",
    "CashCap",
    "FrozenCap",
    "HoldingCap",
    "IssuerCap",
    "MaturityCap",
    "RateCap",
    "RatingCap",
    "RestrictedCap",
    "Rule144ACap",
    "SectorCap",
    "SecurityCap",
    "bind",
    "limits_on",
    "minimum_line",
    "rules",
]
