"""The demo book's accounts: who they are, what they are measured against, and the bonds they hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from scipy.optimize import brentq

from books.demo_universe import AGENCY, CORPORATE, HIGH_YIELD, TREASURY
from books.model import Index, Portfolio, Position, Security

CENT = Decimal("0.01")
NAV_MEDIAN, NAV_SIGMA, NAV_RANGE = 900e6, 1.2, (55e6, 19e9)  # lognormal, currency
ACTIVE_SIGMA = 0.28  # years of spread duration an account strays from its benchmark
HOLDINGS = (30, 76)
ODD_LOT_SHARE = 0.01  # holdings with a face off the lattice, as conversions and old allocations leave them


@dataclass(frozen=True, slots=True)
class Mandate:
    """What an account may hold: shares of asset classes, and the range of spread duration in years."""

    index: Index
    mix: Mapping[str, float]
    durations: tuple[float, float]


MANDATES = {
    index.id: Mandate(index, mix, durations)
    for index, mix, durations in (
        (Index("US-AGG", "US Aggregate", 2.95, 6.1, 30.0), {TREASURY: 0.42, AGENCY: 0.14, CORPORATE: 0.44}, (0, 30)),
        (Index("US-CREDIT", "US Credit", 6.6, 7.05, 74.0), {TREASURY: 0.08, AGENCY: 0.06, CORPORATE: 0.86}, (0, 30)),
        (
            Index("US-IGC", "US Intermediate Government/Credit", 1.85, 3.85, 23.0),
            {TREASURY: 0.45, AGENCY: 0.15, CORPORATE: 0.40},
            (0, 8),
        ),
        (Index("US-HY", "US High Yield", 3.35, 3.3, 228.0), {HIGH_YIELD: 0.86, CORPORATE: 0.14}, (0, 9)),
        (Index("US-LCR", "US Long Credit", 12.1, 12.25, 102.0), {TREASURY: 0.08, CORPORATE: 0.92}, (9, 30)),
    )
}

PENSION_PLACES = (
    "Alder County", "Birch Valley", "Cedar Falls", "Dover Bay", "Eastlake", "Fairmont", "Glenwood", "Harbor City",
    "Iron Range", "Juneberry", "Kingsport", "Lakeshore", "Maple Grove", "Northfield", "Ottercreek", "Prairie State",
    "Quincy", "Redwood", "Stonebridge", "Tidewater",
)  # fmt: skip
PENSION_KINDS = (("TR", "Teachers' Retirement"), ("ER", "Employees' Retirement"), ("PF", "Police & Fire Pension"))
SPONSORS = (
    "Amberline", "Bellwether", "Cobalt", "Dunmore", "Everhart", "Falconer", "Gravitas", "Hollister", "Inverness",
    "Jasperson", "Kettering", "Lindqvist", "Montrose", "Nighthawk", "Orrery", "Pemberton", "Quillon", "Rosewood",
    "Sandhurst", "Thornbury",
)  # fmt: skip
INSURERS = (
    "Anchorage", "Beacon", "Citadel Hill", "Drayton", "Ensign", "Fortitude", "Granary", "Hearthstone", "Islander",
    "Jubilee",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """An account before it holds anything. `benchmark` empty: measured against nothing, run like `mandate`."""

    id: str
    name: str
    mandate: str
    benchmark: str


def profiles() -> dict[str, list[Profile]]:
    """The accounts of PUBLICPRE, DP-LB-USD and OPNIC, in that order; the latter two share some with the first."""
    cycle = ("US-AGG", "US-CREDIT", "US-IGC", "US-AGG", "US-HY", "US-LCR")
    public = [
        _profile(place, code, kind, cycle[(3 * i + j) % len(cycle)])
        for i, place in enumerate(PENSION_PLACES)
        for j, (code, kind) in enumerate(PENSION_KINDS)
    ]
    public[3] = Profile(public[3].id, public[3].name, public[3].mandate, "")
    long_bond = [_profile(sponsor, "LB", "Pension Long Bond", "US-LCR") for sponsor in SPONSORS]
    insured = [_profile(name, "GA", "Insurance General Account", "US-IGC") for name in INSURERS]
    insured[-1] = Profile(insured[-1].id, insured[-1].name, insured[-1].mandate, "")
    return {
        "PUBLICPRE": public,
        "DP-LB-USD": long_bond + [p for p in public if p.mandate == "US-LCR"][:4],
        "OPNIC": insured + [p for p in public if p.mandate == "US-IGC"][:2],
    }


def _profile(place: str, code: str, kind: str, mandate: str) -> Profile:
    return Profile(place.replace(" ", "")[:4].upper() + code, f"{place} {kind}", mandate, mandate)


def portfolio(
    rng: Random, profile: Profile, bonds: Sequence[Security], cash_share: float, extra: Mapping[str, float]
) -> tuple[Portfolio, list[Position]]:
    """One account and its positions. Cash is about `cash_share` of NAV, `extra` asset ids take fixed shares of the
    holdings, and NAV is exactly holdings (dirty) plus cash. `bonds` must all have a price and a spread duration,
    those of `extra` a price."""
    by_id = {bond.asset_id: bond for bond in bonds}
    mandate = MANDATES[profile.mandate]
    nav = min(NAV_RANGE[1], max(NAV_RANGE[0], NAV_MEDIAN * math.exp(rng.gauss(0, NAV_SIGMA))))
    weights = _drawn(rng, mandate, [bond for bond in bonds if bond.asset_id not in extra])
    target = (mandate.index.spread_duration or 0) + rng.gauss(0, ACTIVE_SIGMA)
    weights = _tilted(weights, by_id, target / (1 - cash_share))
    rest = 1 - sum(extra.values())
    shares = {**{asset: weight * rest for asset, weight in weights.items()}, **extra}
    positions = []
    worth = Decimal(0)
    for asset in sorted(shares):
        bond = by_id[asset]
        face = _face(rng, bond, shares[asset] * nav * (1 - cash_share))
        position = Position(profile.id, asset, face, face * bond.factor * _price(bond) / 100)
        worth += position.market_value + face * bond.factor * (bond.accrued or 0) / 100
        positions.append(position)
    cash = (Decimal(nav) * Decimal(cash_share)).quantize(CENT)
    total = (worth + cash).quantize(CENT)
    return Portfolio(profile.id, profile.name, "USD", total, cash, profile.benchmark), positions


def _drawn(rng: Random, mandate: Mandate, bonds: Sequence[Security]) -> dict[str, float]:
    """Asset ids with weights summing to one: each class takes its share, split unevenly over the bonds drawn."""
    wanted = rng.randint(*HOLDINGS)
    low, high = mandate.durations
    weights: dict[str, float] = {}
    for kind, share in mandate.mix.items():
        pool = [b.asset_id for b in bonds if b.asset_class == kind and low <= _reach(b) <= high]
        drawn = rng.sample(pool, min(len(pool), max(2, round(wanted * share))))
        sizes = [math.exp(rng.gauss(0, 0.45)) for _ in drawn]
        weights |= {asset: share * size / sum(sizes) for asset, size in zip(drawn, sizes, strict=True)}
    return weights


def _reach(bond: Security) -> float:
    """How long the bond is, years; a Treasury has no spread duration, so its duration tells."""
    return (bond.duration if bond.asset_class == TREASURY else bond.spread_duration) or 0.0


def _tilted(weights: Mapping[str, float], bonds: Mapping[str, Security], target: float) -> dict[str, float]:
    """The weights leaned exponentially towards long or short bonds until their spread duration is `target` years."""

    def leaned(lean: float) -> dict[str, float]:
        raw = {a: w * math.exp(lean * (bonds[a].spread_duration or 0.0)) for a, w in weights.items()}
        total = sum(raw.values())
        return {asset: weight / total for asset, weight in raw.items()}

    def excess(lean: float) -> float:
        return sum(w * (bonds[a].spread_duration or 0.0) for a, w in leaned(lean).items()) - target

    return leaned(float(brentq(excess, -3.0, 3.0)))


def _face(rng: Random, bond: Security, money: float) -> Decimal:
    """The face on the bond's lattice nearest to an amount of money, at least one piece; now and then an odd lot."""
    wish = money * 100 / float(bond.factor * _price(bond))
    steps = max(0, round((wish - bond.min_piece) / bond.increment))
    odd = Decimal(rng.randrange(1, 100 * bond.increment)) / 100 if rng.random() < ODD_LOT_SHARE else Decimal(0)
    return bond.min_piece + steps * bond.increment + odd


def _price(bond: Security) -> Decimal:
    if bond.price is None:
        raise ValueError(f"{bond.asset_id} has no price and cannot be held")
    return bond.price


def group_members(
    profiles_by_group: Mapping[str, Sequence[Profile]], navs: Mapping[str, Decimal]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each group with its account ids in order, and BIG6, the six largest of PUBLICPRE."""
    for group, members in profiles_by_group.items():
        yield group, tuple(sorted(profile.id for profile in members))
    largest = sorted((profile.id for profile in profiles_by_group["PUBLICPRE"]), key=lambda a: (-navs[a], a))
    yield "BIG6", tuple(sorted(largest[:6]))
