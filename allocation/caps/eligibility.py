"""Whether an account may trade a bond at all, and no more than it holds."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import ClassVar

from allocation.caps.wording import issuer_names, rate_fault, security_names
from allocation.limits import LimitTable, Rule
from allocation.model import Account, BlockOrder, Side
from allocation.ratings import lowest, notch, unread


class RateCap:
    """Nothing for an account whose base currency the bond's cannot be turned into: a missing rate is never 1."""

    name: ClassVar[str] = "exchange rate"

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        fault = rate_fault(account, block.bond)
        return (0, fault) if fault else None


@dataclass(frozen=True, slots=True)
class FrozenCap:
    """Nothing for a frozen account, on either side."""

    name: ClassVar[str] = "account frozen"
    limits: LimitTable

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        row = self.limits.of_account(account.id, Rule.FROZEN)
        if row is None or not row.says_yes:
            return None
        return 0, "the account is frozen: it may neither buy nor sell"


@dataclass(frozen=True, slots=True)
class RestrictedCap:
    """Nothing of a bond that is, or whose issuer is, on the account's restricted list, on either side."""

    name: ClassVar[str] = "restricted list"
    limits: LimitTable

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        bond = block.bond
        row = self.limits.restricting(account.id, security_names(bond), issuer_names(bond))
        if row is None:
            return None
        return 0, f"{bond.label} is on the restricted list as {row.of}: it may be neither bought nor sold"


class HoldingCap:
    """face <= what the account holds. Sells only: nobody goes short."""

    name: ClassVar[str] = "holding"

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        if block.side is Side.BUY:
            return None
        held = account.held(block.bond.asset_id)
        if held <= 0:
            return 0, "holds none of it"
        return int(held.to_integral_value(ROUND_FLOOR)), f"holds {held.normalize():,f}"


@dataclass(frozen=True, slots=True)
class Rule144ACap:
    """No 144A bond for an account that is not eligible. Buys only."""

    name: ClassVar[str] = "144A eligibility"
    limits: LimitTable

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        if block.side is Side.SELL or not block.bond.is_144a:
            return None
        row = self.limits.of_account(account.id, Rule.RULE_144A)
        if row is None or row.says_yes:
            return None
        return 0, f"{block.bond.label} is a 144A bond, which the account may not buy"


@dataclass(frozen=True, slots=True)
class RatingCap:
    """No bond rated below the account's floor by any agency. Buys only."""

    name: ClassVar[str] = "rating floor"
    limits: LimitTable

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        if block.side is Side.SELL:
            return None
        row = self.limits.of_account(account.id, Rule.RATING)
        if row is None:
            return None
        bond, floor = block.bond, notch(row.value)
        assert floor is not None, "a limit whose rating cannot be read is refused"
        rated = lowest(bond.rating)
        if rated is None:
            what = f"the rating {bond.rating} is not a long-term one" if bond.rating else "it has no rating"
            return 0, f"{bond.label}: {what}, so the rating floor of {row.value} cannot be checked"
        notches, lowest_rating = rated
        if notches > floor:
            return 0, f"{bond.label} is rated {lowest_rating}, below the floor of {row.value}"
        if other := unread(bond.rating):
            return 0, (
                f"{bond.label}: of its ratings, {other} cannot be read, so the rating floor of {row.value} cannot be "
                "checked"
            )
        return None


@dataclass(frozen=True, slots=True)
class MaturityCap:
    """No bond that matures more than the account's years after settlement. Buys only."""

    name: ClassVar[str] = "maturity"
    limits: LimitTable

    def limit(self, block: BlockOrder, account: Account) -> tuple[int, str] | None:
        if block.side is Side.SELL:
            return None
        row = self.limits.of_account(account.id, Rule.MATURITY)
        if row is None:
            return None
        bond, years = block.bond, f"{row.value} {'year' if row.number == 1 else 'years'}"
        if bond.maturity is None:
            return 0, f"the maturity of {bond.label} is not known, so the limit of {years} cannot be checked"
        latest = _after(block.settlement, row.number)
        if latest is None or bond.maturity <= latest:
            return None
        due = f"{bond.label} matures on {bond.maturity:%d %b %Y}"
        return 0, f"{due}, later than {years} from settlement ({latest:%d %b %Y})"


def _after(day: date, years: Decimal) -> date | None:
    """The day that many years on: the anniversary, then the fraction of the days to the next one, rounded down. None
    past the end of the calendar."""
    whole = int(years)
    if day.year + whole >= MAXYEAR:
        return None
    start, end = _anniversary(day, whole), _anniversary(day, whole + 1)
    return start + timedelta(days=int((years - whole) * (end - start).days))


def _anniversary(day: date, years: int) -> date:
    year = day.year + years
    return date(year, day.month, min(day.day, monthrange(year, day.month)[1]))
