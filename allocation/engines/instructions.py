"""What may be asked for an account by name: a share of the order, money or face, within a min and a max."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from allocation.engines.options import exact_number, face, known
from allocation.errors import InvalidParameter

_SUM_TOLERANCE = Decimal("1e-6")


class Ask(StrEnum):
    """What an instruction's amount is."""

    PERCENT = "percent"  # of the ordered face
    MONEY = "money"  # base currency of the account, accrued included where known
    FACE = "face"


@dataclass(frozen=True, slots=True)
class Instruction:
    """What one account is to get. `least` and `most` are faces: an ask below `least` is raised to it, and where that
    cannot be had the account gets nothing; `most` holds for the remainder too. Lower `priority` comes first where the
    order runs out."""

    ask: Ask
    amount: Decimal
    least: int = 0
    most: int | None = None
    priority: int = 1


class Instructions:
    """The option `instructions`: an `Instruction` for some accounts, or a weight for each that sum to 1."""

    name = "instructions"
    label = "Instructions"
    when: Mapping[str, tuple[str, ...]] = {}

    def default(self, side: object) -> Mapping[str, Instruction]:
        return {}

    def read(self, value: Any, accounts: Collection[str]) -> Mapping[str, Instruction]:
        if not isinstance(value, Mapping):
            raise InvalidParameter(self.name, f"Instructions are one for each account, not {value!r}.")
        known(self.name, self.label, value, accounts)
        given = {account: value[account] for account in sorted(value)}
        if not any(isinstance(item, Instruction) for item in given.values()):
            given = self._weights(given)
        return {account: self._read(account, item) for account, item in given.items()}

    def _weights(self, given: Mapping[str, Any]) -> dict[str, Instruction]:
        weights = {account: exact_number(self.name, f"Weight of {account}", item) for account, item in given.items()}
        total = sum(weights.values(), Decimal(0))
        if weights and abs(total - 1) > _SUM_TOLERANCE:
            raise InvalidParameter(self.name, f"The weights add up to {total.normalize():f}; they must add up to 1.")
        return {account: Instruction(Ask.PERCENT, weight * 100) for account, weight in weights.items()}

    def _read(self, account: str, item: Any) -> Instruction:
        if not isinstance(item, Instruction):
            raise InvalidParameter(self.name, f"{account}: weights and instructions cannot be mixed.")
        exact_number(self.name, f"{account}, amount", item.amount)
        least = face(self.name, f"{account}, min", item.least)
        most = None if item.most is None else face(self.name, f"{account}, max", item.most)
        if most is not None and most < least:
            raise InvalidParameter(self.name, f"{account}: the max of {most:,} is below the min of {least:,}.")
        if isinstance(item.priority, bool) or not isinstance(item.priority, int):
            raise InvalidParameter(self.name, f"{account}: a priority is a whole number, not {item.priority!r}.")
        return item
