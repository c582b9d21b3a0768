"""What faces do: to the group's metric (before, after, dispersion, who is within tolerance) and to one account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from allocation.metrics import Vector, dispersion, post_trade
from allocation.model import Account, BlockOrder, Choices, Holding
from allocation.money import exact, market_value_per_face
from allocation.proposal import Effect


def effect(
    block: BlockOrder,
    accounts: Sequence[Account],
    faces: Sequence[int],
    choices: Choices,
    excluded: Mapping[str, str],
    basis: str,
    targets: Mapping[str, float],
) -> Effect:
    """The metric of every account that is not excluded before and after `faces` (in the accounts' order), and the
    dispersion of both. `targets` by account id, in the metric's unit."""
    metric = choices.metric
    kept = [(a, face) for a, face in zip(accounts, faces, strict=True) if a.id not in excluded]
    measure = block.bond.measures.of(metric) or 0.0  # without one nobody counts
    before = np.array([a.exposures[metric].value for a, _ in kept], dtype=np.float64)
    face = np.array([face for _, face in kept], dtype=np.float64)
    unit = np.array([unit_value(block, a, basis) for a, _ in kept], dtype=np.float64)
    nav = np.array([float(a.nav or 0) for a, _ in kept], dtype=np.float64)
    after: Vector = post_trade(before, block.side.sign, face, unit, measure, nav)
    ids = [a.id for a, _ in kept]
    return Effect(
        metric=metric,
        before=dict(zip(ids, before.tolist(), strict=True)),
        after=dict(zip(ids, after.tolist(), strict=True)),
        dispersion_before=dispersion(before),
        dispersion_after=dispersion(after),
        mean_after=float(after.mean()) if after.size else 0.0,
        tolerance=metric.tolerance if choices.tolerance is None else choices.tolerance,
        targets={account: targets[account] for account in ids if account in targets},
        excluded=dict(excluded),
    )


def unit_value(block: BlockOrder, account: Account, basis: str) -> float:
    """Base currency per unit of face, as the metric is valued; 0 without an exchange rate, where the account is capped
    at nothing."""
    rate = account.rate(block.bond.currency)
    return float(market_value_per_face(block, basis, rate)) if rate is not None else 0.0


def after_trade(account: Account, block: BlockOrder, face: int, basis: str) -> Account:
    """The account as it stands once `face` of the block is its own (or gone): holding and metrics, each metric where it
    and the bond's measure are known. Cash is left as it was: what settles when is the caller's to say."""
    bond, sign = block.bond, block.side.sign
    rate = account.rate(bond.currency)
    if rate is None or not face:
        return account
    holding = _holding_after(account.holdings.get(bond.asset_id), block, face, rate)
    holdings = {**account.holdings, bond.asset_id: holding}
    if not holding.face:
        del holdings[bond.asset_id]
    unit, nav = np.array([unit_value(block, account, basis)]), np.array([float(account.nav or 0)])
    exposures = dict(account.exposures)
    for metric, exposure in account.exposures.items():
        measure = bond.measures.of(metric)
        if exposure.value is not None and measure is not None:
            before, faces = np.array([exposure.value]), np.array([float(face)])
            value = float(post_trade(before, sign, faces, unit, measure, nav)[0])
            exposures[metric] = replace(exposure, value=value)
    return replace(account, holdings=holdings, exposures=exposures)


def _holding_after(was: Holding | None, block: BlockOrder, face: int, rate: Decimal) -> Holding:
    bond, sign = block.bond, block.side.sign
    if was is None:
        zero = None if bond.accrued is None else Decimal(0)
        was = Holding(bond.asset_id, Decimal(0), Decimal(0), zero, bond.measures, bond.issuer_id, bond.sector)
    with exact():
        clean = face * market_value_per_face(block, "clean", rate)
        accrued = None
        if was.accrued_value is not None and bond.accrued is not None:
            accrued = was.accrued_value + sign * (face * market_value_per_face(block, "dirty", rate) - clean)
        value = was.market_value + sign * clean
        return replace(was, face=was.face + sign * face, market_value=value, accrued_value=accrued)
