"""Lines locked by hand: those that can be, in the order they were typed, and of the others why not and where they could
be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allocation.engines.options import face, known
from allocation.errors import LockRefused, RefusedLock
from allocation.lots import Lattice, Room, room
from allocation.model import Account, BlockOrder, Choices, Side
from allocation.proposal import Cap


@dataclass(frozen=True, slots=True)
class _Line:
    """What binds the account whose line is locked at `face`."""

    account: Account
    cap: Cap
    least: int
    face: int


def fixed(
    block: BlockOrder,
    accounts: Sequence[Account],
    caps: Sequence[Cap],
    lattice: Lattice,
    choices: Choices,
    minimums: Mapping[str, int],
) -> tuple[int, ...]:
    """The locked faces in the order of the accounts, 0 for those that are free; `LockRefused` with every lock that
    breaks a cap, the lattice or a minimum allocation, or that the order has no room for beside those typed before it.
    """
    known("locked", "Locked", choices.locked, [account.id for account in accounts])
    places = {account.id: i for i, account in enumerate(accounts)}
    kept, refused = dict[str, int](), list[_Line]()
    for name, typed in choices.locked.items():
        account, cap = accounts[places[name]], caps[places[name]]
        line = _Line(account, cap, minimums[name], face("locked", f"{name}, locked face", typed))
        if line.face > block.face - sum(kept.values()) or _why(block, line, lattice):
            refused.append(line)
        else:
            kept[name] = line.face
    if refused:
        raise LockRefused([_refusal(block, line, lattice, kept) for line in refused])
    return tuple(kept.get(account.id, 0) for account in accounts)


def _refusal(block: BlockOrder, line: _Line, lattice: Lattice, kept: Mapping[str, int]) -> RefusedLock:
    """Why a lock cannot be, and the nearest faces that it could be at beside those that are kept."""
    left = block.face - sum(kept.values())
    if line.face > left and not line.cap.face < left:
        why = _no_room(block, kept, left) if kept else f"the order is for {block.face:,}"
    else:
        why = _why(block, line, lattice)
    near = _near(line, _room(block, line, lattice, left), lattice)
    said = (
        f"{line.account.id} cannot be locked at {line.face:,}: {why}. Nearest: {' or '.join(f'{f:,}' for f in near)}."
    )
    return RefusedLock(line.account.id, said, near)


def _no_room(block: BlockOrder, kept: Mapping[str, int], left: int) -> str:
    """What the other locks leave of the order, the largest of them by name."""
    names = sorted((name for name in kept if kept[name]), key=lambda name: (-kept[name], name))
    if not names:
        return f"the order is for {block.face:,}"
    who = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    if len(names) > 3:
        who = f"{', '.join(names[:2])} and {len(names) - 2} others"
    have, rest = "has" if len(names) == 1 else "have", f"{left:,}" if left else "nothing"
    return f"{who} {have} {sum(kept.values()):,} of the order's {block.face:,}, which leaves {rest}"


def _why(block: BlockOrder, line: _Line, lattice: Lattice) -> str:
    """Why a line cannot be locked at its face, whatever else is locked; empty where it can be."""
    allowed = _room(block, line, lattice, line.cap.face)
    if line.face > line.cap.face:
        return line.cap.reason
    if line.face and not allowed.allows(line.face, lattice):
        return _off(block, line, lattice)
    if 0 < line.face < line.least and line.face != allowed.sell_out:
        return f"its minimum allocation is {line.least:,}"
    return ""


def _off(block: BlockOrder, line: _Line, lattice: Lattice) -> str:
    """What is wrong with a face below the cap that cannot be traded."""
    piece = min(lattice.min_piece, block.bond.min_piece)  # that of a lattice may be everybody's minimum allocation
    if line.face < piece:
        return f"it is below the minimum piece of {piece:,}"
    if line.face < lattice.min_piece:
        return f"its minimum allocation is {line.least:,}"
    if block.side is Side.BUY or not lattice.holds(line.face):
        return f"it trades in steps of {lattice.increment:,}"
    held = line.account.held(block.bond.asset_id)
    return f"{held - line.face:,f} of its holding would be left, and a rest must be at least {lattice.min_piece:,}"


def _room(block: BlockOrder, line: _Line, lattice: Lattice, most: int) -> Room:
    return room(lattice, block.side, min(line.cap.face, most), line.account.held(block.bond.asset_id))


def _near(line: _Line, allowed: Room, lattice: Lattice) -> tuple[int, ...]:
    """The nearest faces at which a line can be locked, the smaller first; nothing is always one."""
    ends = {allowed.top, allowed.sell_out or 0, *lattice.nearest(line.face), lattice.nearest(line.least)[1]}
    fit = [f for f in sorted(ends) if f and allowed.allows(f, lattice) and (f >= line.least or f == allowed.sell_out)]
    below, above = [f for f in (0, *fit) if f < line.face], [f for f in fit if f > line.face]
    return (*below[-1:], *above[:1])
