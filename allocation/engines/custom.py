"""Custom: each account gets what somebody asked for it, and the remainder goes by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any

from allocation.engines.instructions import Ask, Instruction, Instructions
from allocation.engines.options import Choice, Option, Switch
from allocation.engines.problem import Draft, Problem, as_integers
from allocation.errors import InvalidParameter
from allocation.lots import Lattice, Room, apportion, room
from allocation.money import exact, per_face

__all__ = ["Ask", "Custom", "Instruction", "Instructions"]


class Custom:
    """Direct lines first, in the order of their priorities; then the remainder, to the accounts without an instruction
    of their own, or where every account has one, to those that received something, up to their max."""

    name = "custom"
    label = "Custom"
    sentence = "What you ask for each account, as a share of the order, money or face; then the remainder by your rule."
    options: tuple[Option, ...] = (
        Instructions(),
        Choice(
            "remainder",
            "Remainder",
            {"none": "stays unallocated", "pro_rata": "pro rata by NAV", "equal": "in equal parts"},
            "none",
        ),
        Switch(
            "allow_partial",
            "Allow partial lines",
            True,
            "Off: an account that cannot get all it was asked for (but for the lots) gets nothing.",
        ),
    )

    def solve(self, problem: Problem, parameters: Mapping[str, Any]) -> Draft:
        instructions = parameters["instructions"]
        locked = [account for account in instructions if account in problem.locked]
        if locked:
            raise InvalidParameter("instructions", f"{', '.join(locked)}: locked by hand, and asked for as well.")
        if not instructions and parameters["remainder"] == "none":
            raise InvalidParameter("instructions", "Ask for something for at least one account, or set the remainder.")
        split = _Split(problem, instructions)
        split.direct(parameters["allow_partial"])
        if parameters["remainder"] != "none":
            split.remainder(parameters["remainder"])
        return split.draft(parameters["remainder"])


@dataclass(slots=True)
class _Split:
    """A custom split in the making: everything by the account's place in the problem."""

    problem: Problem
    instructions: Mapping[str, Instruction]
    asked: dict[int, Decimal] = field(init=False)  # face, as it was asked for
    wanted: dict[int, Decimal] = field(init=False)  # the same within its min and max
    faces: list[int] = field(init=False)
    extra: list[int] = field(init=False)  # of the faces, what came from the remainder
    share: list[Decimal] = field(init=False)  # wished for from the remainder
    refused: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.problem.accounts)
        self.faces, self.extra, self.share = [0] * count, [0] * count, [Decimal(0)] * count
        places = {account.id: i for i, account in enumerate(self.problem.accounts)}
        self.asked = {places[name]: self._face(places[name], item) for name, item in self.instructions.items()}
        self.wanted = {i: self._within_bounds(i) for i in self.asked}

    def _instruction(self, i: int) -> Instruction:
        return self.instructions[self.problem.accounts[i].id]

    def _face(self, i: int, item: Instruction) -> Decimal:
        """The face an instruction asks for."""
        block, account = self.problem.block, self.problem.accounts[i]
        with exact():
            if item.ask is Ask.PERCENT:
                return block.face * item.amount / 100
            if item.ask is Ask.FACE:
                return item.amount
            price, rate = block.trade_price, account.rate(block.bond.currency)
            assert price is not None, "a block without a price is refused before"
            # without a rate the account is capped at nothing, whatever is asked
            return item.amount / per_face(block.bond, price, rate) if rate is not None else Decimal(0)

    def _within_bounds(self, i: int) -> Decimal:
        item, asked = self._instruction(i), self.asked[i]
        least = self.problem.lattice.nearest(item.least)[1] if item.least and asked else 0
        bounded = max(asked, Decimal(least))
        return bounded if item.most is None else min(bounded, Decimal(item.most))

    def direct(self, allow_partial: bool) -> None:
        """What was asked for, one priority after the other."""
        levels = sorted({self._instruction(i).priority for i in self.asked})
        for level in levels:
            at = [i for i in self.wanted if self._instruction(i).priority == level and self.wanted[i] > 0]
            left = self.problem.face - sum(self.faces)
            given = self._partly(at, left) if allow_partial else self._wholly(at, left)
            for i, line in given.items():
                self.faces[i] = line

    def _partly(self, at: Sequence[int], left: int) -> dict[int, int]:
        """In proportion to what was asked where `left` is not enough; who would get less than its min gives way."""
        taking = list(at)
        while True:
            given = self._level(taking, left)
            short = [i for i in taking if given[i] < self._instruction(i).least]
            if not short:
                return given | {i: 0 for i in at if i not in taking}
            # one at a time: what the first leaves may be enough for the others
            i = max(short, key=lambda i: (self._instruction(i).least - given[i], i))
            least, cap = self._instruction(i).least, self.problem.caps[i]
            if cap.face < least:
                self.refused[i] = f"its min of {least:,} cannot be met: {cap.reason}"
            else:
                self.refused[i] = f"its min of {least:,} is more than the {given[i]:,} left for it"
            taking.remove(i)

    def _wholly(self, at: Sequence[int], left: int) -> dict[int, int]:
        """All that was asked, or nothing; in the order of the accounts."""
        given = dict.fromkeys(at, 0)
        for i in at:
            wanted, cap = self.problem.lattice.floor(int(self.wanted[i])), self.problem.caps[i]
            line = self._level([i], left)[i]
            if line >= wanted and line >= self._instruction(i).least:
                given[i] = line
                left -= line
            elif cap.face < wanted:
                self.refused[i] = f"asked for {wanted:,} in full, and {cap.reason}"
            else:
                self.refused[i] = f"asked for {wanted:,} in full, and {left:,} of the order were left"
        return given

    def _level(self, at: Sequence[int], left: int) -> dict[int, int]:
        """The lines of accounts of one priority: what each asked for in whole lots, by largest remainder, and where
        that is more than `left`, in proportion."""
        wants = {i: self.wanted[i] for i in at}
        rooms = [self._room(i, wants[i]) if i in wants else Room(0) for i in range(len(self.faces))]
        # the sum of what is asked, so that shares of a third each still add up to the order
        within = sum((min(wanted, Decimal(self.problem.caps[i].face)) for i, wanted in wants.items()), Decimal(0))
        total = min(left, int(within.to_integral_value(ROUND_HALF_EVEN)))
        weights = as_integers([wants.get(i, Decimal(0)) for i in range(len(self.faces))])
        lines = apportion(total, weights, rooms, self.problem.lattice) if any(weights) else [0] * len(rooms)
        return {i: lines[i] for i in at}

    def _room(self, i: int, wanted: Decimal) -> Room:
        """Up to what is asked, within the account's own room and its max; a share of the order may be rounded up by a
        lot, so that thirds add up to the whole."""
        most, lattice = int(wanted.to_integral_value(ROUND_FLOOR)), self.problem.lattice
        below = lattice.floor(most)
        shared = self._instruction(i).ask is Ask.PERCENT and (below or lattice.min_piece == lattice.increment)
        return self._within(i, below + lattice.increment if shared and below < wanted else most)

    def _within(self, i: int, most: int) -> Room:
        """The account's room cut at `most` and at its max."""
        account = self.problem.accounts[i]
        asked = self.instructions.get(account.id)
        bounds = [most, self.problem.caps[i].face, *([asked.most] if asked and asked.most is not None else [])]
        if account.id in self.problem.locked:
            return Room(0)
        held = account.held(self.problem.block.bond.asset_id)
        return room(self.problem.lattice, self.problem.block.side, min(bounds), held)

    def remainder(self, rule: str) -> None:
        """What is left of the order, by rule."""
        problem = self.problem
        left = problem.face - sum(self.faces)
        others = [i for i, a in enumerate(problem.accounts) if i not in self.asked and a.id not in problem.locked]
        takers = others or [i for i, line in enumerate(self.faces) if line]
        rooms, lattice = [Room(0)] * len(self.faces), problem.lattice
        for i in takers:
            whole = self._within(i, problem.block.face)
            out = whole.sell_out - self.faces[i] if whole.sell_out and whole.sell_out > self.faces[i] else None
            rooms[i] = Room(max(0, whole.top - self.faces[i]), out)
        if not others:
            lattice = Lattice(lattice.increment, lattice.increment)  # on top of a line a single lot is legal
        sizes = [max(nav or Decimal(0), Decimal(0)) if rule == "pro_rata" else Decimal(1) for nav in problem.navs]
        taking = set(takers)
        weights = as_integers([size if i in taking else Decimal(0) for i, size in enumerate(sizes)])
        if left <= 0 or not any(weights):
            return
        self.extra = apportion(left, weights, rooms, lattice)
        self.faces = [line + more for line, more in zip(self.faces, self.extra, strict=True)]
        shares = [Decimal(left) * weight / sum(weights) for weight in weights]
        self.share = [self._up_to_max(i, share) for i, share in enumerate(shares)]

    def _up_to_max(self, i: int, share: Decimal) -> Decimal:
        """What of a share of the remainder the account's own max leaves."""
        asked = self.instructions.get(self.problem.accounts[i].id)
        return share if asked is None or asked.most is None else min(share, asked.most - self.wanted[i])

    def draft(self, rule: str) -> Draft:
        """The split with its words."""
        count = range(len(self.faces))
        wishes = tuple(self.wanted.get(i, Decimal(0)) + self.share[i] for i in count)
        parts = tuple(
            " and ".join(word for word, is_so in (("direct", line > more), ("remainder", more > 0)) if is_so)
            for line, more in zip(self.faces, self.extra, strict=True)
        )
        return Draft(
            faces=tuple(self.faces),
            wishes=wishes,
            notes=tuple(self._note(i) for i in count),
            warnings=self._over(),
            parts=parts,
            asked=tuple(self.asked.get(i) for i in count),
            refused=self.refused,
            left="nobody asked for it" if rule == "none" else "nobody may take more of the remainder",
            short={i: self._short(i) for i in self.wanted if not self.extra[i]},
        )

    def _over(self) -> tuple[str, ...]:
        """That more is asked for than there is."""
        total = sum(self.wanted.values(), Decimal(0))
        if total <= self.problem.face + self.problem.lattice.increment:
            return ()
        bounded = ", within each min and max," if self.wanted != self.asked else ""
        return (f"What is asked for{bounded} adds up to {total:,.0f}, more than the {self.problem.face:,} there is.",)

    def _short(self, i: int) -> str:
        """What happened to a line that is less than what was asked for."""
        level = self._instruction(i).priority
        alike = [k for k in self.wanted if self.wanted[k] > 0 and self._instruction(k).priority == level]
        if len(alike) == 1:
            return "cut to what was left of the order"
        return "cut in proportion to what was asked, as there was not enough for all"

    def _note(self, i: int) -> str:
        account = self.problem.accounts[i]
        if account.id not in self.instructions:
            return f"a share of the remainder, {self.extra[i]:,}" if self.extra[i] else "nothing was asked for it"
        item = self._instruction(i)
        words = {
            Ask.PERCENT: f"{item.amount:.4f}".rstrip("0").rstrip(".") + "% of the order",
            Ask.MONEY: f"{account.currency} {item.amount:,.0f}",
            Ask.FACE: f"{item.amount:,.0f}",
        }[item.ask]
        bound = ""
        if self.wanted[i] > self.asked[i]:
            bound = f", raised to its min of {item.least:,}"
        elif self.wanted[i] < self.asked[i]:
            bound = f", lowered to its max of {item.most:,}"
        more = f", and {self.extra[i]:,} of the remainder" if self.extra[i] else ""
        return f"asked for {words}{bound}{more}"
