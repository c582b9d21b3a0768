"""Whole lots: which faces a line may have, how much of an order can be placed at all, and how a total is split over
weights. Integer arithmetic throughout, so two engineers get the same allocation to the last unit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from itertools import accumulate

from allocation.model import Bond, Side


@dataclass(frozen=True, slots=True)
class Lattice:
    """The legal faces of a bond: 0, or min_piece + j * increment with j >= 0."""

    min_piece: int
    increment: int

    @classmethod
    def of(cls, bond: Bond) -> Lattice:
        return cls(bond.min_piece, bond.increment)

    def floor(self, face: int) -> int:
        """The largest legal face not above `face`."""
        if face < self.min_piece:
            return 0
        return face - (face - self.min_piece) % self.increment

    def holds(self, face: int) -> bool:
        return face >= 0 and self.floor(face) == face

    def nearest(self, face: int) -> tuple[int, int]:
        """The legal faces at or below (0 when there is none) and at or above `face`."""
        below = self.floor(face)
        if below == face:
            return below, face
        return below, self.min_piece if below == 0 else below + self.increment


@dataclass(frozen=True, slots=True)
class Room:
    """What one account may trade: 0, any lattice face up to `top`, or the whole holding `sell_out`.

    Between `top` and `sell_out` lies the hole of a sell: it would leave a stub below the minimum piece.
    """

    top: int
    sell_out: int | None = None

    @property
    def most(self) -> int:
        return max(self.top, self.sell_out or 0)

    def allows(self, face: int, lattice: Lattice) -> bool:
        return face == self.sell_out or (lattice.holds(face) and face <= self.top)


def room(lattice: Lattice, side: Side, cap: int, held: Decimal) -> Room:
    """The room of an account that may trade at most `cap` and holds `held` (which may be fractional)."""
    if side is Side.BUY:
        return Room(lattice.floor(max(cap, 0)))
    keep = int((held - lattice.min_piece).to_integral_value(ROUND_FLOOR))
    top = lattice.floor(max(0, min(cap, keep)))
    whole = held > 0 and held == held.to_integral_value() and held <= cap
    return Room(top, int(held) if whole else None)


def placeable(face: int, tops: Sequence[int], lattice: Lattice) -> int:
    """The largest total not above `face` that lines on the lattice, each at most its top, can add up to.

    With j accounts funded every total between j pieces and the sum of the j largest tops is reached, in steps of the
    increment; so it is the best of those over j.
    """
    piece, step = lattice.min_piece, lattice.increment
    best = held = 0
    for j, top in enumerate(sorted((t for t in tops if t >= piece), reverse=True), start=1):
        if j * piece > face:
            break
        held += top
        best = max(best, min(face - (face - j * piece) % step, held))
    return best


def apportion(face: int, weights: Sequence[int], rooms: Sequence[Room], lattice: Lattice) -> list[int]:
    """Split `face` over `weights` (non-negative integers) in whole lots: water-filling over the tops, then largest
    remainder, ties to the earlier account. A buy places the most that any allocation of these accounts could; so does
    a sell as far as `sellable` can prove.

    Accounts whose share falls below the minimum piece give way, the smallest weight first, unless the order could
    then not be placed in full. Whole holdings (`sell_out`) are used where the share reaches them or lies in the hole
    nearer to them. Returns one face for each account, in the order given.
    """
    taking = [room if weight > 0 else Room(0) for room, weight in zip(rooms, weights, strict=True)]
    sold_out = _sell_outs(face, weights, taking)
    faces = _around(sold_out, face, weights, taking, lattice)
    if sum(faces) < face and any(room.sell_out for room in taking):
        best = sellable(face, taking, lattice)
        if best.total > sum(faces):
            faces = _around(best.sold_out, face, weights, taking, lattice)
    return faces


def _around(
    sold_out: Collection[int], face: int, weights: Sequence[int], rooms: Sequence[Room], lattice: Lattice
) -> list[int]:
    """The split once it is known who sells the whole holding."""
    faces = [rooms[i].most if i in sold_out else 0 for i in range(len(rooms))]
    tops = [0 if i in sold_out else room.top for i, room in enumerate(rooms)]
    split = _split(face - sum(faces), weights, tops, lattice)
    faces = [whole or line for whole, line in zip(faces, split, strict=True)]
    return _use_the_rest(face - sum(faces), faces, weights, rooms, lattice)


@dataclass(frozen=True, slots=True)
class Sellable:
    """The most that was found to be sellable and who sells out for it; `most` bounds what any choice could sell."""

    total: int
    sold_out: frozenset[int]
    most: int


def sellable(face: int, rooms: Sequence[Room], lattice: Lattice) -> Sellable:
    """The largest total not above `face` over every choice of who sells the whole holding: depth first, the larger
    holdings first, cut where even everything left could not beat the best. Exact while that is small; else `most` is
    above `total`, and says by how much at most."""
    choices = sorted((i for i, r in enumerate(rooms) if r.sell_out), key=lambda i: (-rooms[i].most, i))
    reach = list(accumulate((rooms[i].most for i in reversed(choices)), initial=0))[::-1]
    others = sum(r.top for r in rooms if not r.sell_out)
    evaluations = max(64, 200_000 // max(1, len(rooms)))
    best = Sellable(0, frozenset(), min(face, reach[0] + others))
    # per node: how far decided, who sells out, what that comes to, and the tops given up or kept so far
    open_: list[tuple[int, frozenset[int], int, int]] = [(0, frozenset(), 0, 0)]
    while open_ and best.total < best.most:
        decided, out, sold, kept = open_.pop()
        if min(face, sold + kept + reach[decided] + others) <= best.total:
            continue
        if decided == len(choices):
            if evaluations == 0:
                return best
            evaluations -= 1
            total = sold + placeable(face - sold, [0 if i in out else r.top for i, r in enumerate(rooms)], lattice)
            if total > best.total:
                best = Sellable(total, out, best.most)
            continue
        i = choices[decided]
        open_.append((decided + 1, out, sold, kept + rooms[i].top))
        if sold + rooms[i].most <= face:
            open_.append((decided + 1, out | {i}, sold + rooms[i].most, kept))
    return Sellable(best.total, best.sold_out, best.total)


def _sell_outs(face: int, weights: Sequence[int], rooms: Sequence[Room]) -> set[int]:
    """Accounts that sell their whole holding: their share reaches it, or lies in the hole and nearer to it. Each pass
    settles everybody whose share lies there at the level of that pass."""
    uppers = [room.most for room in rooms]
    chosen = set[int]()
    undecided = {i for i, room in enumerate(rooms) if room.sell_out}
    left = face
    while undecided:
        shares, scale = _water_fill(left, weights, [0] * len(uppers), uppers)
        in_hole = [i for i in undecided if shares[i] > rooms[i].top * scale]
        if not in_hole:
            break
        # those whose share is the holding itself first, then the nearest to it
        in_hole.sort(key=lambda i: ((rooms[i].most * scale - shares[i]) / (rooms[i].most - rooms[i].top), i))
        for i in in_hole:
            nearer = 2 * shares[i] >= (rooms[i].top + rooms[i].most) * scale
            if nearer and rooms[i].most <= left:
                chosen.add(i)
                left -= rooms[i].most
                uppers[i] = 0
            else:
                uppers[i] = rooms[i].top
        undecided.difference_update(in_hole)
    return chosen


def _use_the_rest(
    rest: int, faces: list[int], weights: Sequence[int], rooms: Sequence[Room], lattice: Lattice
) -> list[int]:
    """Move single accounts up to their next legal faces while what is left allows it, largest weight first."""
    by_weight = sorted((i for i, w in enumerate(weights) if w > 0), key=lambda i: (-weights[i], i))
    moved = True
    while moved and rest > 0:
        moved = False
        for i in by_weight:
            reach = [min(rooms[i].top, lattice.floor(faces[i] + rest)), rooms[i].sell_out or 0]
            better = max((f for f in reach if faces[i] < f <= faces[i] + rest), default=faces[i])
            if better > faces[i]:
                rest -= better - faces[i]
                faces[i] = better
                moved = True
    return faces


def _split(face: int, weights: Sequence[int], tops: Sequence[int], lattice: Lattice) -> list[int]:
    """`apportion` without whole holdings: every account's legal faces are 0 and the lattice up to its top."""
    piece, step = lattice.min_piece, lattice.increment
    total = placeable(face, tops, lattice)
    lines = [0] * len(tops)
    if total == 0:
        return lines
    funded, forced = _funded(total, weights, tops, lattice)
    lows = [piece if i in forced else 0 for i in funded]
    shares, scale = _water_fill(total, [weights[i] for i in funded], lows, [tops[i] for i in funded])
    remainders = []
    for i, share in zip(funded, shares, strict=True):
        lots, remainder = divmod(share - piece * scale, step * scale)
        lines[i] = piece + lots * step
        remainders.append((-remainder, i))
    for _, i in sorted(remainders)[: (total - sum(lines)) // step]:
        lines[i] += step
    return lines


def _funded(total: int, weights: Sequence[int], tops: Sequence[int], lattice: Lattice) -> tuple[list[int], set[int]]:
    """Which accounts take part, and which of them must be raised to the minimum piece for the total to be placed.

    The accounts give way by ascending weight, the later account first among equals, where the total allows it; where it
    does not, the account is forced. That goes on until the count fits the lattice and every share is a piece.
    """
    piece, step = lattice.min_piece, lattice.increment
    order = sorted((i for i, top in enumerate(tops) if top >= piece), key=lambda i: (weights[i], -i))
    if piece == step:
        return sorted(order), set()  # one increment lattice from zero: rounding down to 0 is legal, nobody gives way

    def below(funded: Sequence[int], forced: Collection[int]) -> bool:
        lows = [piece if i in forced else 0 for i in funded]
        shares, scale = _water_fill(total, [weights[i] for i in funded], lows, [tops[i] for i in funded])
        return any(share < piece * scale for share in shares)

    # while nobody is forced, fewer accounts reach less and have larger shares: both by bisection
    numbers = range(len(order))
    cannot = bisect_left(numbers, True, key=lambda k: not _reachable(total, (), order[k:], tops, lattice))
    gone = max(0, cannot - 1)
    enough = bisect_left(numbers[: gone + 1], True, key=lambda k: not below(sorted(order[k:]), ()))
    for k in range(enough, gone + 1):
        if (total - (len(order) - k) * piece) % step == 0:
            return sorted(order[k:]), set()
    funded, forced = list(order[gone:]), set[int]()
    while True:
        undecided = [i for i in funded if i not in forced]
        fits = (total - len(funded) * piece) % step == 0
        if not undecided or (fits and not below(sorted(funded), forced)):
            return sorted(funded), forced
        first, *rest = undecided
        if _reachable(total, list(forced), rest, tops, lattice):
            funded.remove(first)
        else:
            forced.add(first)


def _reachable(total: int, must: Sequence[int], may: Sequence[int], tops: Sequence[int], lattice: Lattice) -> bool:
    """Whether lines of the accounts that must have one, and of some that may, can add up to the total."""
    piece, step = lattice.min_piece, lattice.increment
    held = sum(tops[i] for i in must)
    counts = [(len(must), held)]
    for j, top in enumerate(sorted((tops[i] for i in may), reverse=True), start=len(must) + 1):
        held += top
        counts.append((j, held))
    return any(j * piece <= total <= held and (total - j * piece) % step == 0 for j, held in counts)


def _water_fill(total: int, weights: Sequence[int], lows: Sequence[int], highs: Sequence[int]) -> tuple[list[int], int]:
    """Shares proportional to `weights`, each within its bounds, that add up to `total` (or as near as bounds allow).

    Returns numerators over one common denominator. The method is that of resolving flexible lengths: share out, freeze
    the side whose violations weigh more, share out again; each pass freezes at least one account.
    """
    free = [i for i in range(len(weights)) if weights[i] > 0]
    fixed = {i: lows[i] for i in range(len(weights)) if weights[i] <= 0}
    while free:
        rest = total - sum(fixed.values())
        weight = sum(weights[i] for i in free)
        under = [i for i in free if rest * weights[i] < lows[i] * weight]
        over = [i for i in free if rest * weights[i] > highs[i] * weight]
        if not under and not over:
            shares = [fixed[i] * weight if i in fixed else rest * weights[i] for i in range(len(weights))]
            return shares, weight
        lack = sum(lows[i] * weight - rest * weights[i] for i in under)
        excess = sum(rest * weights[i] - highs[i] * weight for i in over)
        if excess >= lack:
            fixed.update((i, highs[i]) for i in over)
        if lack >= excess:
            fixed.update((i, lows[i]) for i in under)
        free = [i for i in free if i not in fixed]
    return [fixed[i] for i in range(len(weights))], 1
