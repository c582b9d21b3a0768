"""Money of a trade, exactly: face * factor * (price + accrued)/100 * fx, in `Decimal`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import ROUND_FLOOR, Decimal, localcontext

from allocation.model import Account, BlockOrder, Bond

_DIGITS = 60  # face, factor, price and fx multiply to far fewer digits, so nothing is ever rounded


@contextmanager
def exact() -> Iterator[None]:
    """A Decimal context wide enough that sums and products of money never round."""
    with localcontext() as context:
        context.prec = _DIGITS
        yield


def per_face(bond: Bond, clean_price: Decimal, fx: Decimal) -> Decimal:
    """Base currency per unit of face at a clean price per 100; accrued counts when it is known."""
    with exact():
        return bond.factor * (clean_price + (bond.accrued or Decimal(0))) / 100 * fx


def money(face: int | Decimal, bond: Bond, clean_price: Decimal, fx: Decimal) -> Decimal:
    """Base-currency money for `face` at a clean price per 100 face."""
    with exact():
        return face * per_face(bond, clean_price, fx)


def largest_face(cash: Decimal, bond: Bond, clean_price: Decimal, fx: Decimal) -> int:
    """The most whole units of face that `cash` pays for; 0 when the cash is not above zero."""
    if cash <= 0:
        return 0
    unit = per_face(bond, clean_price, fx)
    with exact():
        face = int((cash / unit).to_integral_value(ROUND_FLOOR))
        # the quotient is rounded at 60 digits: step back should that have tipped it over
        return face if face * unit <= cash else face - 1


def market_value_per_face(block: BlockOrder, on_basis: str, fx: Decimal) -> Decimal:
    """Base currency per unit of face the position is valued at after the trade: the mark, with accrued when dirty."""
    mark = block.mark
    assert mark is not None, "a block without a price is refused before it is valued"
    accrued = (block.bond.accrued or Decimal(0)) if on_basis == "dirty" else Decimal(0)
    with exact():
        return block.bond.factor * (mark + accrued) / 100 * fx


def common_currency(accounts: Iterable[Account], otherwise: str) -> str:
    """The currency money of these accounts is compared and added up in: the base currency all of them have, else
    `otherwise`, say the bond's."""
    currencies = {account.currency for account in accounts}
    return currencies.pop() if len(currencies) == 1 else otherwise


def in_currency(account: Account, amount: Decimal | None, currency: str) -> Decimal | None:
    """Base-currency money of an account in another currency; None where the amount or the exchange rate is missing."""
    rate = account.rate(currency)
    if amount is None or rate is None:
        return None
    with exact():
        return amount / rate if rate != 1 else amount  # a quotient would round what has more digits
