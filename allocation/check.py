"""The gate: re-verifies a proposal from its own data before anyone sees it, and the auditor's recheck of its proof."""

from __future__ import annotations

from allocation import certificate
from allocation.caps import bind, rules
from allocation.effect import effect
from allocation.engines.min_dispersion import stated
from allocation.lots import Lattice, room
from allocation.model import Account, Side
from allocation.money import exact, money
from allocation.pose import lattice_of, least_line, pose
from allocation.proposal import Cap, Line, Proposal


def check(proposal: Proposal) -> tuple[str, ...]:
    """What is wrong with a proposal, as sentences; empty when it holds: no unit is lost between ordered, allocated and
    unallocated; every line is a legal face within caps that are worked out anew; money is exact and within cash; the
    metrics and dispersions are those of the one formula."""
    block, choices = proposal.block, proposal.choices
    faults = _sums(proposal)
    if [line.account_id for line in proposal.lines] != [account.id for account in proposal.accounts]:
        return (*faults, "lines and accounts differ")
    lattice = lattice_of(block, proposal.accounts, choices, proposal.limits)
    caps = bind(
        block,
        proposal.accounts,
        rules(proposal.limits, proposal.basis, choices.respect_cash),
        lattice,
        _minimums(proposal),
    )
    for line, account, cap in zip(proposal.lines, proposal.accounts, caps, strict=True):
        faults += _line(proposal, line, account, cap, lattice)
    was = proposal.effect
    if set(was.excluded) | set(was.before) != {account.id for account in proposal.accounts}:
        return (*faults, "an account is neither in the metric nor left out of it")
    faces = [line.face for line in proposal.lines]
    now_ = effect(block, proposal.accounts, faces, choices, was.excluded, proposal.basis, was.targets)
    if now_ != was:
        faults.append(
            f"the dispersion is {now_.dispersion_after!r} after {now_.dispersion_before!r}, "
            f"not {was.dispersion_after!r} after {was.dispersion_before!r}, or an account's metric differs"
        )
    return tuple(faults)


def audit(proposal: Proposal) -> tuple[str, ...]:
    """What is wrong with a proposal's certificate, as sentences; empty when its bound holds. The problem is posed anew
    from the proposal's inputs; the engine and its search are not asked. A proposal without a certificate proves nothing
    and has nothing wrong."""
    proof = proposal.certificate
    if proof is None:
        return ()
    problem = pose(proposal.block, proposal.accounts, proposal.choices, proposal.limits)
    terms, ids = stated(problem, proposal.choices.parameters, proof.face, [line.cap for line in proposal.lines])
    counted = {line.account_id: line.face for line in proposal.lines if line.account_id not in problem.locked}
    return certificate.audit(proof, terms, ids, [counted.get(account, 0) for account in ids])


def _sums(proposal: Proposal) -> list[str]:
    faults = []
    left = sum(row.face for row in proposal.unallocated)
    if proposal.placed + left != proposal.block.face:
        faults.append(
            f"{proposal.placed:,} allocated and {left:,} unallocated do not add up to {proposal.block.face:,}"
        )
    if any(row.face <= 0 for row in proposal.unallocated):
        faults.append("an unallocated row has no face")
    return faults


def _minimums(proposal: Proposal) -> dict[str, int]:
    return {account.id: least_line(proposal.choices, proposal.limits, account.id) for account in proposal.accounts}


def _line(proposal: Proposal, line: Line, account: Account, cap: Cap, lattice: Lattice) -> list[str]:
    block, choices = proposal.block, proposal.choices
    held = account.held(block.bond.asset_id)
    faults = []
    if line.cap.face > cap.face:
        faults.append(f"{line.account_id}: its cap is {cap.face:,} ({cap.reason}), not {line.cap.face:,}")
    if not room(lattice, block.side, min(line.cap.face, cap.face), held).allows(line.face, lattice):
        faults.append(f"{line.account_id}: {line.face:,} is not a legal face within its cap of {cap.face:,}")
    if line.face and block.side is Side.SELL and line.face > held:
        faults.append(f"{line.account_id}: sells {line.face:,} of {held:,}")
    least = least_line(choices, proposal.limits, account.id)
    if 0 < line.face < least and not (block.side is Side.SELL and line.face == held):
        faults.append(f"{line.account_id}: {line.face:,} is below its minimum allocation of {least:,}")
    if line.account_id in choices.locked and line.face != choices.locked[line.account_id]:
        faults.append(
            f"{line.account_id}: {line.face:,} is not the {choices.locked[line.account_id]:,} it was locked at"
        )
    rate, price = account.rate(block.bond.currency), block.trade_price
    if line.face and (rate is None or price is None):
        faults.append(f"{line.account_id}: has a line without a price or an exchange rate")
    elif line.face and rate is not None and price is not None:
        with exact():
            spent = money(line.face, block.bond, price, rate)
            broke = block.side is Side.BUY and (account.cash is None or spent > account.cash)
        if spent != line.money or (choices.respect_cash and broke):
            faults.append(f"{line.account_id}: {spent:,} of money does not fit cash of {account.cash}")
    return faults
