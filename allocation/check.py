"""The feasibility gate: re-verifies a proposal in exact arithmetic before anyone sees it."""

from __future__ import annotations

from allocation.errors import Infeasible
from allocation.lots import Lattice, room
from allocation.model import Proposal, Side
from allocation.money import exact, money


def check(proposal: Proposal, *, respect_cash: bool = True) -> None:
    """`Infeasible` when a unit is lost between ordered, allocated and unallocated, or a line breaks its cap, the
    lattice, the holding or the cash."""
    block, faults = proposal.block, list[str]()
    left = sum(row.face for row in proposal.unallocated)
    if proposal.placed + left != block.face:
        faults.append(f"{proposal.placed:,} allocated and {left:,} unallocated do not add up to {block.face:,}")
    if any(row.face <= 0 for row in proposal.unallocated):
        faults.append("an unallocated row has no face")
    if [line.account_id for line in proposal.lines] != [account.id for account in proposal.accounts]:
        faults.append("lines and accounts differ")
    lattice = Lattice.of(block.bond)
    for line, account in zip(proposal.lines, proposal.accounts, strict=False):
        held = account.held(block.bond.asset_id)
        if not room(lattice, block.side, line.cap.face, held).allows(line.face, lattice):
            faults.append(f"{line.account_id}: {line.face:,} is not a legal face within its cap of {line.cap.face:,}")
        if block.side is Side.SELL and line.face > held:
            faults.append(f"{line.account_id}: sells {line.face:,} of {held:,}")
        rate, price = account.rate(block.bond.currency), block.trade_price
        if line.face and (rate is None or price is None):
            faults.append(f"{line.account_id}: has a line without a price or an exchange rate")
        elif line.face and rate is not None and price is not None:
            with exact():
                spent = money(line.face, block.bond, price, rate)
                broke = block.side is Side.BUY and (account.cash is None or spent > account.cash)
            if spent != line.money or (respect_cash and broke):
                faults.append(f"{line.account_id}: {spent:,} of money does not fit cash of {account.cash}")
    if faults:
        raise Infeasible("The allocation failed its own check: " + "; ".join(faults) + ".")
