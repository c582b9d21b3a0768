"""The demo book: a made-up bond desk on a fixed date, the same for the same seed on every machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from random import Random

from books.demo_accounts import MANDATES, group_members, portfolio, profiles
from books.demo_exceptions import with_exceptions
from books.demo_limits import demo_limits
from books.demo_universe import universe
from books.model import Book, Portfolio, Position, Security

AS_OF = date(2026, 11, 20)  # a Friday
SETTLEMENT = date(2026, 11, 23)  # the bond market's next business day; accrued interest runs to it
CASH_SHARE = (0.005, 0.06)  # of NAV
POOR, POOR_CASH_SHARE = 5, (0.0001, 0.0005)  # accounts with next to no cash, so that the cash cap binds
UNCOVERED, UNCOVERED_SHARE = 2, 0.09  # accounts of PUBLICPRE with too much in a bond without figures
FRINGE, FRINGE_SHARE = 4, 0.015  # accounts with a little of one


def demo_book(seed: int = 7) -> Book:
    """The demo book of a seed: 254 USD bonds and 90 accounts in PUBLICPRE, BIG6, DP-LB-USD and OPNIC.

    Holdings plus cash are NAV to the cent, market values are exactly face * factor * price / 100, and accrued interest
    runs to the next bond market business day. As in life a few figures are missing: two accounts of PUBLICPRE are
    covered by less than 95%, two accounts have no benchmark, two bonds no price. A few accounts have limits of their
    own. The seed changes every number but neither the names nor the Treasuries. Accounts and bonds other than
    Treasuries are fictitious.
    """
    rng = Random(seed)  # noqa: S311 - a reproducible example, not a secret
    securities = with_exceptions(rng, universe(rng, SETTLEMENT))
    portfolios, positions = _accounts(rng, securities)
    groups = dict(group_members(profiles(), {account: p.nav for account, p in portfolios.items()}))
    return Book(
        id=f"demo:{seed}",
        kind="demo",
        name=f"demo book, seed {seed}",
        as_of=AS_OF,
        currency="USD",
        securities=securities,
        portfolios=portfolios,
        positions=tuple(positions),
        benchmarks={name: mandate.index for name, mandate in MANDATES.items()},
        groups=groups,
        limits=demo_limits(portfolios, positions, securities),
    )


def _accounts(rng: Random, securities: Mapping[str, Security]) -> tuple[dict[str, Portfolio], list[Position]]:
    """Every account once, with its positions, by account id."""
    by_group = profiles()
    everyone = {profile.id: profile for members in by_group.values() for profile in members}
    public = [profile.id for profile in by_group["PUBLICPRE"] if profile.benchmark]
    extras = _extras(rng, public, securities)
    poor = set(rng.sample([account for account in public if account not in extras], POOR))
    held = [bond for bond in securities.values() if bond.price is not None and bond.oas is not None]
    portfolios: dict[str, Portfolio] = {}
    positions: list[Position] = []
    for account in sorted(everyone):
        cash_share = rng.uniform(*(POOR_CASH_SHARE if account in poor else CASH_SHARE))
        extra = extras.get(account, {})
        bonds = [*held, *(securities[asset] for asset in extra)]
        portfolios[account], owned = portfolio(rng, everyone[account], bonds, cash_share, extra)
        positions += owned
    return portfolios, positions


def _extras(rng: Random, accounts: Sequence[str], securities: Mapping[str, Security]) -> dict[str, dict[str, float]]:
    """Who holds bonds without figures, as shares of the holdings by account and asset id."""
    blind = [a for a, bond in securities.items() if bond.price is not None and bond.spread_duration is None]
    chosen = rng.sample(accounts, UNCOVERED + FRINGE)
    shares = [UNCOVERED_SHARE] * UNCOVERED + [FRINGE_SHARE] * FRINGE
    return {account: {rng.choice(blind): share} for account, share in zip(chosen, shares, strict=True)}
