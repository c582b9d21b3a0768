"""What a tidy universe lacks: private placements, missing prices and analytics, old figures, repaid principal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random

from books.demo_universe import CORPORATE, HIGH_YIELD
from books.model import Security

PRIVATE = {CORPORATE: 18, HIGH_YIELD: 12}  # bonds under rule 144A, by class
SMALL_PIECE = 20  # corporates that trade in single thousands
UNPRICED, UNMEASURED = 2, 4  # bonds without a price; with a price but without duration, spread duration and OAS
ANALYTICS_DATES = (date(2026, 11, 18), date(2026, 11, 10))  # two and eight business days before the book's date


def with_exceptions(rng: Random, bonds: Mapping[str, Security]) -> dict[str, Security]:
    """The universe as a desk meets it. The odd ones are drawn from the corporates; Treasuries stay as they are."""
    found = dict(bonds)
    fixed = {kind: _fixed_rate(found.values(), kind) for kind in (CORPORATE, HIGH_YIELD)}
    private = [asset for kind, number in PRIVATE.items() for asset in rng.sample(fixed[kind], number)]
    for asset in private:
        bond = found[asset]
        found[asset] = replace(
            bond, is_144a=True, min_piece=200_000, increment=1000, description=f"{bond.description} 144A"
        )
    public = [asset for asset in fixed[CORPORATE] if asset not in private]
    for asset in rng.sample(public, SMALL_PIECE):
        found[asset] = replace(found[asset], min_piece=1000)
    odd = rng.sample([asset for asset in private if asset in fixed[CORPORATE]], UNPRICED + UNMEASURED)
    for asset in odd[:UNPRICED]:
        found[asset] = replace(found[asset], price=None, yield_to_maturity=None)
    for asset in odd:
        found[asset] = replace(found[asset], duration=None, spread_duration=None, oas=None)
    repaid, no_oas = rng.sample(public, 2)
    found[repaid] = replace(found[repaid], factor=Decimal("0.71428571"))  # called in part; the rest is due at maturity
    found[no_oas] = replace(found[no_oas], oas=None)
    old = rng.sample([asset for asset in fixed[HIGH_YIELD] if asset not in private], len(ANALYTICS_DATES))
    for asset, day in zip(old, ANALYTICS_DATES, strict=True):
        found[asset] = replace(found[asset], analytics_date=day)
    return found


def _fixed_rate(bonds: Iterable[Security], kind: str) -> list[str]:
    return [bond.asset_id for bond in bonds if bond.asset_class == kind and bond.day_count == "30/360"]
