"""A batch looked through before any block of it is made: every line read, every group and security looked up, and all
faults told at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Protocol, TypeVar, Unpack

from allocation.engines import ENGINES
from allocation.errors import EvenlotError, InvalidBlock, InvalidParameter
from allocation.model import BlockOrder, Bond, Choices, Side
from orders import typed
from orders.batch_alike import MADE_OVERNIGHT
from orders.batch_file import Fault, Sheet, Typed
from orders.block import Preview, Request
from orders.calendar import check_settlement, default_settlement
from orders.canonical import canonical, digest
from orders.checks import refuse_off_lattice
from orders.confirming import Said
from orders.errors import NotFound, NotPermitted
from orders.groups import accounts_within
from orders.model import Group, GroupTree, Order, User
from orders.ports import Dated

T = TypeVar("T")

_SIDES = {"buy": Side.BUY, "b": Side.BUY, "sell": Side.SELL, "s": Side.SELL}


@dataclass(frozen=True, slots=True)
class Planned:
    """One block of a batch. The same `command_id` is the same block, whatever file it comes in."""

    typed: Typed
    request: Request
    label: str  # the bond as traders say it
    command_id: str
    yesterday: str = ""  # the command it would have been a moment ago, shortly after a day has ended

    @property
    def line(self) -> int:
        return self.typed.line


@dataclass(frozen=True, slots=True)
class Batch:
    """The blocks of a file that can be made, and all that is to be mended before any is."""

    id: str
    blocks: tuple[Planned, ...]
    faults: tuple[Fault, ...] = ()
    name: str = ""  # as somebody gave it; empty where the id was made up


class Blocks(Protocol):
    """What a batch needs of the desk."""

    def today(self) -> date: ...

    def groups(self, user: User) -> tuple[str, ...]: ...

    def market_time(self) -> datetime: ...

    def tree(self, user: User, ticker: str, *, fresh: bool = False) -> Dated[GroupTree]: ...

    def bond(self, user: User, asset_id: str, *, fresh: bool = False) -> Dated[Bond]: ...

    def find(self, user: User, text: str) -> Dated[tuple[Bond, ...]]: ...

    def preview(self, user: User, request: Request, *, fresh: bool = False) -> Preview: ...

    def checked(self, user: User, preview: Preview) -> Preview: ...

    def second_person(self, user: User, preview: Preview) -> str: ...

    def confirm(
        self, user: User, preview: Preview, comment: str, command_id: str, override: str = "", **said: Unpack[Said]
    ) -> Order: ...


@dataclass(frozen=True, slots=True)
class _Found:
    """What the groups and the securities of a sheet turned out to be, or what is to be done about them."""

    groups: dict[str, frozenset[str] | str]  # its accounts
    bonds: dict[str, Bond | str]


class Looking:
    """Looks through batches. May raise any `OutsideError`."""

    def __init__(self, blocks: Blocks, longest_comment: int) -> None:
        self._blocks = blocks
        self._longest_comment = longest_comment

    def through(self, user: User, sheet: Sheet, name: str) -> Batch:
        """The batch with its faults, in the order of the lines. Each group and each security is looked up once."""
        faults = list(sheet.faults)
        found = _Found(
            {ticker: self._accounts(user, ticker) for ticker in {row["group"]: None for row in sheet.rows}},
            {text: self._bond(user, text) for text in {row["security"]: None for row in sheet.rows}},
        )
        requests = [(row, self._request(row, found, faults)) for row in sheet.rows]
        whole = [(row, *made) for row, made in requests if made is not None]
        blocks = _planned(whole, *(_days(self._blocks.market_time()) if not name else (f"named:{name}", "")), faults)
        told = name or f"B-{digest(canonical([block.command_id for block in blocks]))[:10].upper()}"
        return Batch(told, tuple(blocks), tuple(sorted(faults, key=lambda fault: fault.line)), name)

    def _request(self, row: Typed, found: _Found, faults: list[Fault]) -> tuple[Request, str] | None:
        """The block of a line and its bond's label, or None where something in it is to be mended."""
        known, bond, members = len(faults), found.bonds[row["security"]], found.groups[row["group"]]

        def told(column: str, reading: Callable[[], T]) -> T | None:
            try:
                return reading()
            except EvenlotError as error:
                faults.append(Fault(row.line, column, str(error)))
                return None

        if isinstance(members, str):
            faults.append(Fault(row.line, "group", members))
        if isinstance(bond, str):
            faults.append(Fault(row.line, "security", bond))
        side = told("side", lambda: _side(row["side"]))
        face = told("face", lambda: typed.face(row["face"]))
        limit = told("limit", lambda: _limit(row["limit"]))
        method = told("method", lambda: _engine(row["method"]))
        settlement = told("settlement", lambda: self._settlement(row["settlement"], bond))
        skip, uncounted = (
            told(column, lambda text=row[column]: _named(text, row["group"], members))  # type: ignore[misc]
            for column in ("skip", "uncounted")
        )
        for column in ("comment", "reason"):
            told(column, lambda text=row[column]: self._refuse_long(text))  # type: ignore[misc]
        if isinstance(bond, str) or side is None or face is None or method is None or settlement is None:
            return None
        if side is Side.BUY:  # what is sold may be whole odd holdings, which only the preview knows
            block = BlockOrder(bond, side, face, settlement, limit)
            told("face", lambda: refuse_off_lattice(block, Group(row["group"], ())))
        if len(faults) > known:
            return None
        choices = Choices(method, excluded=uncounted or frozenset(), locked=dict.fromkeys(sorted(skip or ()), 0))
        return Request(row["group"], bond.asset_id, side, face, settlement, limit, choices), bond.label

    def _accounts(self, user: User, ticker: str) -> frozenset[str] | str:
        if not ticker:
            return "No group is given: type its ticker."
        try:
            return accounts_within(self._blocks.tree(user, ticker).value)
        except NotFound:
            near = get_close_matches(ticker.upper(), self._blocks.groups(user), n=2)
            return f"There is no group {ticker}." + (f" Did you mean {' or '.join(near)}?" if near else "")
        except NotPermitted as error:
            return str(error)

    def _bond(self, user: User, text: str) -> Bond | str:
        """The one bond that carries this very identifier or name, or what to do."""
        if not text:
            return "No security is given: type its CUSIP, ISIN or SEDOL."
        try:
            near = self._blocks.find(user, text).value
        except NotFound as error:
            return self._by_id(user, text) or str(error)
        exact = [bond for bond in near if text.casefold() in _names(bond)]
        if len(exact) == 1:
            return exact[0]
        if found := self._by_id(user, text) if not exact else None:
            return found
        listed = ", ".join(f"{bond.label} ({bond.cusip or bond.asset_id})" for bond in (exact or near)[:3])
        several = f"“{text}” is not one bond's identifier. Type the one of: {listed}."
        return several if listed else f"No bond is known as “{text}”: type its CUSIP, ISIN or SEDOL."

    def _by_id(self, user: User, text: str) -> Bond | None:
        try:
            return self._blocks.bond(user, text).value
        except NotFound:
            return None

    def _settlement(self, text: str, bond: Bond | str) -> date | None:
        day, today = typed.day(text), self._blocks.today()
        if isinstance(bond, str):
            return day
        if day is None:
            return default_settlement(today, bond.currency)
        check_settlement(day, today, bond.currency)
        return day

    def _refuse_long(self, text: str) -> None:
        if len(text) > self._longest_comment:
            raise NotPermitted(f"It is longer than {self._longest_comment} characters.")


def _days(moment: datetime) -> tuple[str, str]:
    """The day of a market's time; and the one before, as long as a batch may have been broken off by midnight."""
    before = moment - MADE_OVERNIGHT
    return f"day:{moment.date()}", f"day:{before.date()}" if before.date() != moment.date() else ""


def _planned(
    rows: Sequence[tuple[Typed, Request, str]], scope: str, before: str, faults: list[Fault]
) -> Sequence[Planned]:
    """The blocks with their commands: by what they are and how often they came before, not by their line, so that a
    line may move. The same block twice in a file needs a reason."""
    first: dict[str, int] = {}
    times: Counter[str] = Counter()
    planned = []
    for row, request, label in rows:
        terms = digest(canonical(request))
        times[terms] += 1
        if times[terms] > 1 and not row["reason"]:
            told = f"It is the same block as line {first[terms]}: take one out, or write the reason into this line."
            faults.append(Fault(row.line, "reason", told))
        first.setdefault(terms, row.line)
        name = f"{terms[:32]}:{times[terms]}"
        planned.append(Planned(row, request, label, f"batch:{scope}:{name}", before and f"batch:{before}:{name}"))
    return planned


def _names(bond: Bond) -> set[str]:
    names = (bond.asset_id, bond.cusip, bond.isin, bond.sedol, bond.label, bond.description)
    return {name.casefold() for name in names if name}


def _side(text: str) -> Side:
    try:
        return _SIDES[typed.bare(text)]
    except KeyError:
        raise InvalidBlock("side", f"“{text}” is not a side: type buy or sell.") from None


def _named(text: str, group: str, members: frozenset[str] | str) -> frozenset[str]:
    """The accounts a cell names. Where the group itself is at fault, that is told and no more."""
    if isinstance(members, str):
        return frozenset()
    known = {account.casefold(): account for account in members}
    names = [name.strip() for name in re.split("[;,]", text) if name.strip()]
    if strange := [name for name in names if name.casefold() not in known]:
        listed = " and ".join(f"“{name}”" for name in strange[:3])
        are = "is no account" if len(strange) == 1 else "are no accounts"
        raise InvalidParameter("accounts", f"{listed} {are} of {group}: type accounts of it, with ; between them.")
    return frozenset(known[name.casefold()] for name in names)


def _limit(text: str) -> Decimal | None:
    return None if typed.bare(text) in ("market", "mkt") else typed.price(text)


def _engine(text: str) -> str:
    """The engine by its name or its label, however it is spaced; pro rata where none is given."""
    wanted = _letters(text)
    for name, engine in ENGINES.items():
        if wanted in (_letters(name), _letters(engine.label)) and name != "custom":
            return name
    if not wanted:
        return Choices().engine
    if wanted == "custom":
        raise InvalidBlock("method", "Custom asks for each account: make such a block on the Allocate page.")
    known = ", ".join(name.replace("_", " ") for name in ENGINES if name != "custom")
    raise InvalidBlock("method", f"“{text}” is not a method: type one of {known}.")


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
