"""An order at Aladdin, and its changes as a person asks for them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from orders.checks import Policy
from orders.desk import Preview
from orders.dispatch import Dispatch
from orders.model import Order, User
from tests.orders.desk import PM, FakeBroker, outfit
from tests.orders.test_desk import request
from tests.orders.watch import Watch


def at_desk(directory: Path, policy: Policy | None = None) -> Watch:
    """A desk with nothing on it, and its worker."""
    at, broker = outfit(directory, policy), FakeBroker()
    return Watch(at, broker, Dispatch(at.ledger, broker, at.clock, "w1"))


def at_aladdin(directory: Path, status: str = "Active", face: int = 2_000_000, **asked: Any) -> Watch:
    """An order that Aladdin has, in this status."""
    watch = at_desk(directory)
    watch.at.desk.confirm(PM, watch.at.desk.preview(PM, request(face, **asked)), "", "c1")
    watch.round()
    watch.broker.fill(status)
    watch.round()
    return watch


def counts(watch: Watch) -> None:
    """From now on Aladdin's cash is less the order as it is."""
    paid = {line.account_id: line.face * Decimal("0.985") for line in watch.order().lines}
    accounts = watch.at.market.accounts
    watch.at.market.accounts = tuple(
        replace(one, cash=(one.cash or Decimal(0)) - paid.get(one.id, Decimal(0))) for one in accounts
    )


def cash(watch: Watch) -> dict[str, Decimal | None]:
    """What each account may spend."""
    return {account.id: account.cash for account in watch.at.desk.group(PM, "BIG6").value.accounts}


def held(watch: Watch) -> dict[str, Decimal]:
    """What each account holds of the bond, or will."""
    return {account.id: account.held("B") for account in watch.at.desk.group(PM, "BIG6").value.accounts}


def seen(watch: Watch, user: User = PM, **terms: Any) -> Preview:
    """The preview of other terms, some of which are choices."""
    asked = watch.at.desk.modifying.request(user, watch.order().id)
    choices = {name: terms.pop(name) for name in ("locked", "respect_cash", "round_to_denomination") if name in terms}
    return watch.at.desk.preview(user, replace(asked, choices=replace(asked.choices, **choices), **terms))


def modify(watch: Watch, command_id: str = "m1", **terms: Any) -> Order:
    """The order with other terms, whatever is to be said for them."""
    preview = seen(watch, **terms)
    agreed = dict.fromkeys(preview.warnings, "agreed")
    return watch.at.desk.modifying.modify(PM, preview, "the client wants it so", command_id, agreed)
