"""An order that was entered in Aladdin itself, taken over as one of ours: its terms as Aladdin shows them, as a
proposal nobody made here, to be frozen like any other."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from allocation.effect import after_trade, effect
from allocation.limits import LimitTable
from allocation.metrics import basis, on_basis
from allocation.model import Account, BlockOrder, Bond, Choices, Metric, Side
from allocation.money import exact, money
from allocation.pose import refuse_untradable
from allocation.proposal import Cap, Line, Proposal
from orders.errors import Rejected
from orders.model import BrokerOrder, Group

ENGINE = "elsewhere"  # who split it
_NO_PART = "It has no part in it."
_AS_SHOWN = "As entered in Aladdin: nothing was decided about it here."


def id_of(answer: BrokerOrder) -> str:
    """What an order of Aladdin's is called here: by the reference it carries, or by its number there."""
    return answer.reference or f"AL-{answer.id}"


def proposal_of(answer: BrokerOrder, bond: Bond, group: Group, limits: LimitTable) -> Proposal:
    """The order as a proposal for the group, which counts it already: before it is as if it were not there. `Rejected`
    where Aladdin tells too little of it; raises what is wrong with the block itself, a missing price among it."""
    faces = _faces(answer, group)
    block = _block(answer, bond, sum(faces.values()))
    valued = _basis(bond, group)
    standing = tuple(on_basis(account, valued) for account in sorted(group.accounts, key=lambda account: account.id))
    metric = _metric(answer, bond, standing)
    refuse_untradable(block)
    undone = replace(block, side=Side.SELL if block.side is Side.BUY else Side.BUY)
    before = tuple(after_trade(account, undone, faces.get(account.id, 0), valued) for account in standing)
    excluded = {a.id: a.exposures[metric].reason for a in before if a.exposures[metric].value is None}
    choices = Choices(ENGINE, metric=metric, excluded=frozenset(excluded), locked=faces)
    lines = tuple(_line(account, block, faces.get(account.id, 0)) for account in before)
    return Proposal(
        block=block,
        choices=choices,
        limits=limits,
        accounts=before,
        lines=lines,
        unallocated=(),
        effect=effect(block, before, [line.face for line in lines], choices, excluded, valued, {}),
        basis=valued,
        tried=(ENGINE,),
    )


def _refused(answer: BrokerOrder, why: str) -> Rejected:
    return Rejected(f"Aladdin's order {answer.id} cannot be taken over: {why}", code="not_adoptable")


def _faces(answer: BrokerOrder, group: Group) -> dict[str, int]:
    """Each account's face, in whole units; `Rejected` where they cannot be told."""
    asked = {account: face for account, face in answer.asked.items() if face}
    if not asked:
        raise _refused(answer, "Aladdin shows no account in it.")
    if strangers := sorted({*asked, *answer.booked} - {account.id for account in group.accounts}):
        raise _refused(answer, f"{', '.join(strangers)} is not in {group.ticker}. Compare a group that has all of it.")
    if answer.face and sum(asked.values()) != answer.face:
        raise _refused(answer, f"its face is {answer.face:,f}, and its accounts have {sum(asked.values()):,f}.")
    if broken := [account for account, face in asked.items() if face != face.to_integral_value()]:
        raise _refused(answer, f"{broken[0]} has a face of {asked[broken[0]]:,f}, which is not whole.")
    if unasked := sorted(account for account, face in answer.booked.items() if face and account not in asked):
        raise _refused(answer, f"{unasked[0]} has something booked and nothing asked.")
    return {account: int(face) for account, face in asked.items()}


def _block(answer: BrokerOrder, bond: Bond, face: int) -> BlockOrder:
    if answer.side is None:
        raise _refused(answer, "it is neither a buy nor a sale.")
    if answer.settlement is None:
        raise _refused(answer, "Aladdin does not say when it settles.")
    if answer.limit is not None and answer.limit_type.lower() not in ("", "price"):
        raise _refused(answer, f"its limit is a {answer.limit_type.lower()}, and limits are prices here.")
    return BlockOrder(bond, answer.side, face, answer.settlement, answer.limit)


def _basis(bond: Bond, group: Group) -> str:
    known = all(basis(account.holdings.values()) == "dirty" for account in group.accounts)
    return "dirty" if bond.accrued is not None and known else "clean"


def _metric(answer: BrokerOrder, bond: Bond, accounts: tuple[Account, ...]) -> Metric:
    """The first metric that the bond moves and some account has."""
    for metric in Metric:
        if bond.measures.of(metric) is not None and any(a.exposures[metric].value is not None for a in accounts):
            return metric
    raise _refused(answer, f"no figure of {bond.label} is known today, so its effect cannot be stated.")


def _line(account: Account, block: BlockOrder, face: int) -> Line:
    """A line as it is. Its account's cash has the order taken off already."""
    price, rate = block.trade_price, account.rate(block.bond.currency)
    spent = money(face, block.bond, price, rate) if price is not None and rate is not None else Decimal(0)
    with exact():
        before = None if account.cash is None else account.cash + block.side.sign * spent
    cap = Cap(account.id, ENGINE, face, "as entered in Aladdin")
    reason = _AS_SHOWN if face else _NO_PART
    return Line(account.id, face, Decimal(face), cap, spent, before, account.cash, reason, "locked", Decimal(face))
