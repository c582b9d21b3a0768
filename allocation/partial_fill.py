"""What each account would get if only part of the placed face is executed, and what that does to the group.

The expected lines come from a divisor method (Webster, Sainte-Lague): whole increments go one after the other to the
line that is furthest behind its share, so that a larger fill only ever adds to what a smaller one gave. Other policies
put some lines first. Only cancelling lines below the minimum piece cannot promise that nothing is taken back.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from allocation.effect import effect
from allocation.errors import InvalidParameter
from allocation.lots import Lattice, Room, apportion
from allocation.model import Side
from allocation.proposal import Effect, Proposal


class FillPolicy(Enum):
    """How an executed face is shared out among lines. The `key` stands in statements."""

    PRO_RATA = ("pro_rata", "Pro rata", "Each line in proportion, in whole increments.")
    SMALLEST_FIRST = (
        "smallest_first",
        "Smallest line first",
        "Lines are completed one after the other, the smallest first: small accounts are not left with a piece that "
        "nobody buys.",
    )
    MINIMUM_PIECE_FIRST = (
        "minimum_piece_first",
        "Minimum piece first",
        "Each line first gets its minimum piece, the largest line first; the rest is in proportion.",
    )
    CANCEL_BELOW_MINIMUM = (
        "cancel_below_minimum",
        "Cancel below minimum",
        "In proportion; lines that would be below the minimum piece get nothing, the others get their part.",
    )

    def __init__(self, key: str, label: str, sentence: str) -> None:
        self.key = key
        self.label = label
        self.sentence = sentence

    @classmethod
    def of(cls, key: str) -> FillPolicy:
        """The policy with this key; ValueError for an unknown one."""
        for policy in cls:
            if policy.key == key:
                return policy
        raise ValueError(f"unknown policy for partial fills {key!r}")


# what an order can promise before its fills are known: a later fill takes nothing back
PROMISED = (FillPolicy.PRO_RATA, FillPolicy.SMALLEST_FIRST, FillPolicy.MINIMUM_PIECE_FIRST)


@dataclass(frozen=True, slots=True)
class PartialLine:
    """One account's part: its line in the proposal, and what it would get of it (face)."""

    account_id: str
    line: int
    expected: int

    @property
    def left(self) -> int:
        """What would stay open of the line."""
        return self.line - self.expected


@dataclass(frozen=True, slots=True)
class PartialFill:
    """A fill of `filled` face shared out. The lines are in the proposal's order; they and `remainder` add up to
    `filled`."""

    policy: FillPolicy
    filled: int
    lines: tuple[PartialLine, ...]
    remainder: int  # face that is executed and that this policy gives to nobody
    effect: Effect
    below_minimum: tuple[str, ...]  # accounts that would get something, but less than the bond's minimum piece
    stubs: tuple[str, ...]  # accounts that a sell would leave with less than the minimum piece


def partial_fill(proposal: Proposal, filled: int | Fraction, policy: FillPolicy = FillPolicy.PRO_RATA) -> PartialFill:
    """The lines and their effect once `filled` is executed: a face, or a `Fraction` of the placed face (rounded down to
    a whole unit).

    The lines add up to `filled` in whole increments; odd rests of whole holdings come with the last of the order. Less
    can be given where `CANCEL_BELOW_MINIMUM` finds no legal lines for it. Raises `InvalidParameter` for a fill below
    nothing or above the placed face.
    """
    executed = _executed(proposal, filled)
    choices, bond = proposal.choices, proposal.block.bond
    lattice = Lattice.of(bond) if choices.round_to_denomination else Lattice(1, 1)
    faces = [line.face for line in proposal.lines]
    if policy is FillPolicy.CANCEL_BELOW_MINIMUM:
        expected = _none_below_minimum(faces, executed, lattice)
    else:
        expected = shared_out(faces, executed, lattice, policy)
    was = proposal.effect
    held = [account.held(bond.asset_id) for account in proposal.accounts]
    selling = proposal.block.side is Side.SELL
    ids = [line.account_id for line in proposal.lines]
    return PartialFill(
        policy=policy,
        filled=executed,
        lines=tuple(PartialLine(*part) for part in zip(ids, faces, expected, strict=True)),
        remainder=executed - sum(expected),
        effect=effect(proposal.block, proposal.accounts, expected, choices, was.excluded, proposal.basis, was.targets),
        below_minimum=tuple(
            name
            for name, face, own in zip(ids, expected, held, strict=True)
            if 0 < face < lattice.min_piece and not (selling and face == own)
        ),
        stubs=tuple(
            name
            for name, face, own in zip(ids, expected, held, strict=True)
            if selling and face and 0 < own - face < lattice.min_piece
        ),
    )


def _executed(proposal: Proposal, filled: int | Fraction) -> int:
    face = int(filled * proposal.placed) if isinstance(filled, Fraction) else filled
    if not isinstance(face, int) or isinstance(face, bool):
        raise InvalidParameter("filled", f"A fill is a whole face or a fraction of what is placed, not {filled!r}.")
    if not 0 <= face <= proposal.placed:
        raise InvalidParameter("filled", f"A fill of {face:,} is not between 0 and the {proposal.placed:,} placed.")
    return face


def shared_out(
    lines: Sequence[int], filled: int, lattice: Lattice, policy: FillPolicy, booked: Sequence[int] | None = None
) -> list[int]:
    """`filled` face shared out among `lines` by a policy that is `PROMISED`, in whole increments: each at least what is
    `booked` and at most its line, nothing taken back at a larger fill. The result adds up as that of `expected_lines`.
    Raises `InvalidParameter` where what is filled or booked does not fit the lines."""
    given = list(booked) if booked is not None else [0] * len(lines)
    _refuse_misfit(lines, filled, lattice.increment, given)
    if policy is FillPolicy.PRO_RATA:
        return expected_lines(lines, filled, lattice.increment, given)
    if policy is FillPolicy.SMALLEST_FIRST:
        return _smallest_first(lines, filled, lattice.increment, given)
    if policy is FillPolicy.MINIMUM_PIECE_FIRST:
        return _pieces_first(lines, filled, lattice, given)
    raise InvalidParameter("policy", f"“{policy.label}” may take back what it gave, so it cannot be promised.")


def _smallest_first(lines: Sequence[int], filled: int, step: int, booked: Sequence[int]) -> list[int]:
    """Whole lines one after the other, odd parts included, the smallest first and the earlier account among equals. So
    at most one line is on its way."""
    given, left = list(booked), filled - sum(booked)
    for i in sorted(range(len(lines)), key=lambda i: (lines[i], i)):
        reached = min(lines[i], given[i] + left)
        reached = reached if reached == lines[i] else max(given[i], reached // step * step)
        left -= reached - given[i]
        given[i] = reached
        if reached < lines[i]:
            break  # less than an increment is left: a line after it must not have that and give it back later
    return given


def _pieces_first(lines: Sequence[int], filled: int, lattice: Lattice, booked: Sequence[int]) -> list[int]:
    """Pieces one after the other, the largest line first and the earlier account among equals; what is left once every
    line has its piece is scaled. So at most one line is on its way to its piece."""
    step = lattice.increment
    piece = -(-lattice.min_piece // step) * step
    given, left = list(booked), filled - sum(booked)
    for i in sorted(range(len(lines)), key=lambda i: (-lines[i], i)):
        wanted = max(given[i], min(piece, lines[i] // step * step))
        reached = min(wanted, max(given[i], (given[i] + left) // step * step))
        left -= reached - given[i]
        given[i] = reached
        if reached < wanted:
            return given
    return expected_lines(lines, filled, step, given)


def _none_below_minimum(lines: Sequence[int], filled: int, lattice: Lattice) -> list[int]:
    """The scaled lines where all of them are legal; else the smallest lines give way, one after the other, until the
    others hold at least a piece each. What no legal lines can hold is given to nobody."""
    scaled = expected_lines(lines, filled, lattice.increment)
    if filled == sum(lines) or not any(0 < face < lattice.min_piece for face in scaled):
        return scaled
    return apportion(filled, lines, [Room(lattice.floor(line)) for line in lines], lattice)


def expected_lines(lines: Sequence[int], filled: int, increment: int, booked: Sequence[int] | None = None) -> list[int]:
    """`filled` face shared out among `lines` (faces, by account id) in whole increments, each at least what is `booked`
    and at most its line.

    Increment k of a line of n whole increments has priority n / (k - 1/2) (Webster), the earlier line first among
    equals; the increments not yet booked are given in that order as long as `filled` lasts. So nothing given at one
    fill is taken back at a larger one. What is odd in a line (less than an increment) is given when everything is
    filled. The result adds up to `filled` rounded down to whole increments, but for such odd parts and odd bookings;
    less than an increment, and odd parts not yet due, are left over.

    Raises `InvalidParameter` where what is filled or booked does not fit the lines.
    """
    given = list(booked) if booked is not None else [0] * len(lines)
    _refuse_misfit(lines, filled, increment, given)
    if filled == sum(lines):
        return list(lines)
    whole = [line // increment for line in lines]
    steps = _Steps(whole, increment, given, _near(whole, filled, increment, given))
    over = sum(steps.faces()) - filled
    steps.hand_out(steps.take_back(over))
    return steps.faces()


@dataclass(frozen=True, slots=True)
class _Steps:
    """How many increments each line has, by priority, beside what is booked."""

    whole: Sequence[int]  # increments in each line
    increment: int
    booked: Sequence[int]  # face
    count: list[int]

    def faces(self) -> list[int]:
        return [max(taken, count * self.increment) for taken, count in zip(self.booked, self.count, strict=True)]

    def _worth(self, i: int, count: int) -> int:
        """The face that the `count`-th increment of a line adds to what is booked; 0 where that holds it already."""
        return min(self.increment, max(0, count * self.increment - self.booked[i]))

    def _priority(self, i: int, count: int) -> Fraction:
        return Fraction(self.whole[i], 2 * count - 1)

    def take_back(self, over: int) -> int:
        """Takes the last increments back until `over` face is gone; returns what went beyond it."""
        last = [(self._priority(i, c), -i) for i, c in enumerate(self.count) if self._worth(i, c)]
        heapq.heapify(last)
        while over > 0:
            i = -heapq.heappop(last)[1]
            over -= self._worth(i, self.count[i])
            self.count[i] -= 1
            if self._worth(i, self.count[i]):
                heapq.heappush(last, (self._priority(i, self.count[i]), -i))
        return -over

    def hand_out(self, left: int) -> None:
        """Gives the next increments as long as `left` face lasts."""
        ahead = [(-self._priority(i, c + 1), i) for i, c in enumerate(self.count) if c < self.whole[i]]
        heapq.heapify(ahead)
        while ahead:
            i = heapq.heappop(ahead)[1]
            left -= self._worth(i, self.count[i] + 1)
            if left < 0:
                break
            self.count[i] += 1
            if self.count[i] < self.whole[i]:
                heapq.heappush(ahead, (-self._priority(i, self.count[i] + 1), i))


def _near(whole: Sequence[int], filled: int, increment: int, booked: Sequence[int]) -> list[int]:
    """Increments of each line that are first in the order of priorities and, with what is booked, come to nearly
    `filled`: the lines' shares, rounded, once the lines that are booked beyond theirs are set aside."""
    face, increments = filled, sum(whole)
    face -= sum(taken for n, taken in zip(whole, booked, strict=True) if n == 0)
    for i in sorted((i for i, n in enumerate(whole) if n), key=lambda i: -Fraction(booked[i], whole[i])):
        if booked[i] * increments <= face * whole[i]:
            break
        face -= booked[i]
        increments -= whole[i]
    unit = increments * increment or 1  # 0: every line is booked beyond its share
    shares = [min(n, (2 * n * face + unit) // (2 * unit)) if increments else 0 for n in whole]
    return [max(share, min(n, taken // increment)) for share, n, taken in zip(shares, whole, booked, strict=True)]


def _refuse_misfit(lines: Sequence[int], filled: int, increment: int, booked: Sequence[int]) -> None:
    if increment < 1:
        raise InvalidParameter("increment", f"An increment is at least one unit of face, not {increment:,}.")
    if any(line < 0 for line in lines) or not 0 <= filled <= sum(lines):
        raise InvalidParameter("filled", f"A fill of {filled:,} does not fit lines of {sum(lines):,} altogether.")
    if len(booked) != len(lines):
        raise InvalidParameter("booked", f"{len(booked)} booked faces were given for {len(lines)} lines.")
    for number, (line, taken) in enumerate(zip(lines, booked, strict=True), start=1):
        if not 0 <= taken <= line:
            raise InvalidParameter("booked", f"Line {number} of {line:,} cannot have {taken:,} booked.")
    if sum(booked) > filled:
        raise InvalidParameter("booked", f"{sum(booked):,} is booked, more than the {filled:,} filled.")
