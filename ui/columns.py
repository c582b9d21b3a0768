"""The options with a value for each account, as columns of the table people type into: one function for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from allocation.engines.custom import Ask, Instruction, Instructions
from allocation.engines.options import PerAccount
from allocation.errors import InvalidParameter
from allocation.model import Account, Bond, Metric, Side
from ui import forms
from ui.sheet import Column, Reading

AS_TYPED = "%.10g"  # a level is shown as it is used, whatever the metric's decimals


@dataclass(frozen=True, slots=True)
class About:
    """What the inputs are about. What is typed is kept by group; switches by the block of one bond too, and faces by
    its side as well: what is to be bought says nothing of a sell."""

    group: str
    bond: Bond
    number: int  # how many blocks of the bond were confirmed
    side: Side
    metric: Metric
    engine: str
    accounts: Sequence[Account]

    @property
    def block(self) -> str:
        return f"{self.bond.asset_id}.{self.number}"

    @property
    def order(self) -> str:
        return f"{self.block}.{self.side}"

    def key(self, *names: str) -> str:
        """A widget's key within the group."""
        return ".".join(("allocate", self.group, *names))


@dataclass(frozen=True, slots=True)
class Table:
    """An option with a value for each account: its columns, and how their readings become that value; `join` may find
    more that cannot be read. `texts` is the way back: what to type for one account's value, a text for each column."""

    name: str
    columns: tuple[Column, ...]
    join: Callable[[Sequence[Reading]], Reading]
    texts: Callable[[Any, Account], tuple[str, ...]]
    same_for_all: str = ""  # label of the input that fills the column


def just_that(readings: Sequence[Reading]) -> Reading:
    return readings[0]


def a_face(value: int, _: Account) -> tuple[str, ...]:
    return (f"{value:,}",)


def _a_level(value: float, _: Account) -> tuple[str, ...]:
    return (f"{value:.10g}",)


def _figures(option: PerAccount, about: About) -> Table:
    metric = about.metric
    if option.kind == "face":
        return Table(option.name, (faces(option.name, option.label, "face, like 5mm", about),), just_that, a_face)
    column = Column(
        f"{option.name}.{metric.key}",
        option.label,
        f"{metric.label}, {metric.unit}",
        lambda text, _: forms.level(text, metric),
    )
    return Table(option.name, (column,), just_that, _a_level, f"Same {option.label.lower()} for all")


def _instructions(option: Instructions, about: About) -> Table:
    columns = (
        Column(
            f"ask.{about.order}",
            "Ask",
            "25% of the order, 5mm of face, or money in the account's currency: USD 2mm",
            lambda text, account: _ask(text, account, about),
        ),
        faces("least", "Min", "face: at least this, or nothing", about),
        faces("most", "Max", "face: never more, from the remainder neither", about),
        Column(
            f"priority.{about.order}",
            "Priority",
            "1 comes first where the order runs out; 1 unless typed",
            lambda text, _: forms.priority(text),
            84,
        ),
    )
    return Table(option.name, columns, _instruct, _instruction)


def _instruction(value: Instruction, account: Account) -> tuple[str, ...]:
    """An instruction as it would be typed: ask, min, max, priority."""
    amount = f"{value.amount:f}"
    asked = {Ask.PERCENT: f"{amount}%", Ask.FACE: f"{value.amount:,}", Ask.MONEY: f"{account.currency} {amount}"}
    least = f"{value.least:,}" if value.least else ""
    most = "" if value.most is None else f"{value.most:,}"
    return asked[value.ask], least, most, "" if value.priority == 1 else str(value.priority)


def _ask(text: str, account: Account, about: About) -> tuple[Ask, Decimal]:
    """What is typed as an ask. A small bare number below the smallest line is a percentage with its sign forgotten,
    unless it sells the whole of a holding."""
    kind, amount = forms.ask(text, account.currency)
    least, bond = about.bond.min_piece, about.bond
    ends_holding = about.side is Side.SELL and amount >= account.held(bond.asset_id)
    if kind is Ask.FACE and 0 < amount <= 100 and amount < least and not ends_holding:
        raise InvalidParameter(
            "ask", f"a face of {amount} is below the smallest line of {least:,}. Did you mean {amount}%?"
        )
    return kind, amount


def _instruct(readings: Sequence[Reading]) -> Reading:
    """An instruction for each account that asks; a bound without an ask says so."""
    asks, least, most, priority = readings
    bounded = {*least.values, *most.values, *priority.values} - {*asks.values, *asks.faults}
    missing = {
        account: f"{account}, Ask: type how much it is to get; a min, max or priority alone asks for nothing."
        for account in sorted(bounded)
    }
    asked = {
        account: Instruction(
            kind, amount, least.values.get(account, 0), most.values.get(account), priority.values.get(account, 1)
        )
        for account, (kind, amount) in asks.values.items()
    }
    return Reading(asked, missing)


def faces(name: str, label: str, help_: str, about: About) -> Column:
    return Column(f"{name}.{about.order}", label, help_, lambda text, _: forms.face(text, least=0))


TABLES: Mapping[type, Callable[[Any, About], Table]] = {PerAccount: _figures, Instructions: _instructions}
