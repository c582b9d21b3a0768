"""The instances: blocks and groups drawn at random, the same on every machine and in every run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from allocation.kernel.terms import Terms
from allocation.lots import Lattice, Room, placeable
from allocation.metrics import post_trade
from allocation.model import Account, BlockOrder, Bond, Exposure, Measures, Metric, Side
from allocation.money import largest_face

Vector = NDArray[np.float64]

SIZES = (4, 10, 50, 200, 1000, 5000)
DEVIATIONS = (0.3, 0.02)  # of the metric before, years
PIECES = (1_000, 2_000, 200_000)  # face
WEIGHTINGS = ("equal", "nav")
LOT = 1_000
METRIC = Metric.SPREAD_DURATION

_SETTLEMENT = date(2026, 11, 23)
_CASH = 0.05  # of NAV
_LARGEST_TIGHT_SHARE = 0.4  # of the accounts: those with less cash than that


@dataclass(frozen=True, slots=True)
class Kind:
    """What instances are grouped by: accounts, dispersion before (years), minimum piece (face), weights."""

    size: int
    deviation: float
    piece: int
    weighting: str


@dataclass(frozen=True, slots=True)
class Instance:
    """One block for one group, as the app takes it (`block`, `accounts`) and as the kernel does (`terms`, whose total
    is the most that can be placed)."""

    kind: Kind
    block: BlockOrder
    accounts: tuple[Account, ...]
    rooms: tuple[Room, ...]
    terms: Terms

    @property
    def lattice(self) -> Lattice:
        return Lattice.of(self.block.bond)

    @property
    def navs(self) -> list[int]:
        return [int(account.nav or 0) for account in self.accounts]


def kinds(size: int) -> Iterator[Kind]:
    """The twelve kinds of one size."""
    for deviation in DEVIATIONS:
        for piece in PIECES:
            for weighting in WEIGHTINGS:
                yield Kind(size, deviation, piece, weighting)


def draw(kind: Kind, replicate: int) -> Instance:
    """The instance of this kind with this number.

    NAV lognormal around 700 million (sigma 1.3) within 50 million and 20 billion; metric normal around 5 years; price
    60 to 120, spread duration 0.5 to 15 years; face log-uniform from 1 to 500 million; cash 5% of NAV, and less than
    that for up to 40% of the accounts.
    """
    rng = np.random.default_rng([kind.size, round(kind.deviation * 100), kind.piece, len(kind.weighting), replicate])
    nav = np.rint(np.clip(rng.lognormal(math.log(7e8), 1.3, kind.size), 5e7, 2e10))
    level = rng.normal(5.0, kind.deviation, kind.size)
    bond = Bond(
        asset_id="B",
        description="A bond",
        currency="USD",
        min_piece=kind.piece,
        increment=LOT,
        price=Decimal(int(rng.integers(60_000, 120_001))) / 1_000,
        accrued=Decimal(0),
        measures=Measures(spread_duration=float(rng.integers(50, 1_501)) / 100),
    )
    face = round(math.exp(rng.uniform(math.log(1e6), math.log(5e8))) / LOT) * LOT
    tight = rng.random(kind.size) < rng.uniform(0.0, _LARGEST_TIGHT_SHARE)
    cash = np.floor(nav * _CASH * np.where(tight, rng.random(kind.size), 1.0))
    accounts = tuple(
        _account(f"A{i:04}", int(nav[i]), int(cash[i]), float(level[i])) for i in range(kind.size)
    )  # ids of one length, so that their order is the order drawn
    block = BlockOrder(bond, Side.BUY, face, _SETTLEMENT)
    rooms = tuple(_room(block, account) for account in accounts)
    return Instance(kind, block, accounts, rooms, _terms(kind, block, nav, level, rooms))


def _account(name: str, nav: int, cash: int, level: float) -> Account:
    exposures = dict.fromkeys(Metric, Exposure(level, 1.0))
    return Account(name, name, "USD", Decimal(nav), Decimal(cash), exposures=exposures)


def _room(block: BlockOrder, account: Account) -> Room:
    price, lattice = block.trade_price, Lattice.of(block.bond)
    assert price is not None
    assert account.cash is not None
    return Room(lattice.floor(min(block.face, largest_face(account.cash, block.bond, price, Decimal(1)))))


def _terms(kind: Kind, block: BlockOrder, nav: Vector, level: Vector, rooms: tuple[Room, ...]) -> Terms:
    nothing, one = np.zeros(kind.size), np.full(kind.size, float(LOT))
    measure, price = block.bond.measures.of(METRIC), block.mark
    assert measure is not None
    assert price is not None
    unit = np.full(kind.size, float(price / 100))
    tops = [room.top for room in rooms]
    return Terms(
        level=level,
        kappa=post_trade(nothing, block.side.sign, one, unit, measure, nav),
        weight=nav / nav.sum() if kind.weighting == "nav" else np.full(kind.size, 1.0 / kind.size),
        top=np.array(tops, dtype=np.float64) / LOT,
        whole=nothing,
        total_face=placeable(block.face, tops, Lattice.of(block.bond)),
        piece_face=kind.piece,
        lot_face=LOT,
    )
