"""The demo book's limits: a desk's usual ones, with a few accounts that have their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from books.demo_universe import CORPORATE
from books.limits import EVERY_ACCOUNT
from books.model import Limit, Portfolio, Position, Security

RESERVE = Decimal("0.005")  # of NAV
GENERAL = (
    Limit(EVERY_ACCOUNT, "cash_reserve", "", "0.5%"),
    Limit(EVERY_ACCOUNT, "issuer", "", "10%"),
    Limit(EVERY_ACCOUNT, "issuer", "United States Treasury", "100%"),
    *(
        Limit(EVERY_ACCOUNT, "issuer", agency, "25%")
        for agency in ("Fannie Mae", "Federal Farm Credit Banks", "Federal Home Loan Banks")
    ),
)
OWN = (
    Limit("ANCHGA", "rating", "", "BBB-"),
    Limit("BEACGA", "rating", "", "BBB-"),
    Limit("GLENTR", "144a", "", "no"),
    Limit("JUBIGA", "min_allocation", "", "100000"),
)


def demo_limits(
    portfolios: Mapping[str, Portfolio], positions: Iterable[Position], securities: Mapping[str, Security]
) -> tuple[Limit, ...]:
    """The limits of a demo book. Accounts without the cash for the reserve are exempt from it, and the corporate bond
    with figures of which least is held is restricted for all."""
    exempt = (Limit(a, "cash_reserve", "", "0") for a, p in sorted(portfolios.items()) if p.cash < RESERVE * p.nav)
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for position in positions:
        bond = securities[position.asset_id]
        if bond.asset_class == CORPORATE and bond.oas is not None:
            held[position.asset_id] += position.market_value
    least = min(held, key=lambda asset: (held[asset], asset))
    return (*GENERAL, *exempt, *OWN, Limit(EVERY_ACCOUNT, "restricted", least, "yes"))
