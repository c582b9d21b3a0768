"""Many blocks at once: looked through as a whole; then each is previewed and confirmed by itself, once, however often
the file comes."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from enum import StrEnum

from allocation.errors import EvenlotError, MetricUnavailable, MissingMeasure
from allocation.proposal import Proposal
from orders.batch_alike import MADE_OVERNIGHT, alike
from orders.batch_check import Batch as Batch
from orders.batch_check import Blocks, Looking, Planned
from orders.batch_file import COLUMNS, TOLD, Sheet, written
from orders.block import Preview
from orders.confirmation import order_id
from orders.entitlement import require
from orders.errors import NotFound, NotPermitted, PreviewChanged, Rejected
from orders.lifecycle import FINAL
from orders.model import BatchRun, Order, Permission, User
from orders.ports import Activity, Ledger

TRIES = 3  # the figures may move between two looks, and nobody has seen the first
LONGEST_NAME = 40
_LEFT = "Left: the batch was stopped before it."


class Outcome(StrEnum):
    """What became of a block."""

    MADE = "made"
    REFUSED = "refused"
    THERE = "made already"
    LEFT = "left"  # the batch was stopped before its turn


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one line, in words, and its order where there is one."""

    block: Planned
    outcome: Outcome
    sentence: str
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would come of a block were it made now, before all others of its batch. `doubts` want a reason in its line,
    which accepts them and no others; `refused` is why it cannot be made, `order_id` the order it has become already,
    and `second_person` why somebody else would have to approve it."""

    block: Planned
    placed: int = 0
    doubts: tuple[str, ...] = ()
    refused: str = ""
    order_id: str = ""
    second_person: str = ""


Progress = Callable[[Result, int, int], None]  # the newest result, how many there are, and of how many


def counted(results: Sequence[Result]) -> Mapping[Outcome, int]:
    """How many lines came to what."""
    counts = Counter(result.outcome for result in results)
    return {outcome: counts[outcome] for outcome in Outcome}


def results_csv(results: Sequence[Result], name: str = "") -> str:
    """What came of each line, before the line itself, with the name the batch was given: mended, it can be read again,
    and is the same batch."""
    rows = (
        (r.block.line, r.outcome.value, r.order_id, r.sentence, name, *(r.block.typed[column] for column in COLUMNS))
        for r in results
    )
    return written([(*TOLD, *COLUMNS), *rows])


class BatchDesk:
    """The use cases of batches, for whoever may confirm."""

    def __init__(self, blocks: Blocks, ledger: Ledger, activity: Activity, longest_comment: int) -> None:
        self._blocks = blocks
        self._ledger = ledger
        self._activity = activity
        self._looking = Looking(blocks, longest_comment)

    def check(self, user: User, sheet: Sheet, name: str = "") -> Batch:
        """The batch with all its faults. Writes nothing.

        The same block is made once a day of the market, and once within twelve hours, in whichever file it comes, so
        that a file may be mended and brought again; a batch with a `name` of its own, or that of its file, makes its
        blocks once under that name. May raise any `OutsideError`."""
        require(user, Permission.CONFIRM)
        name = name.strip() or sheet.name
        if len(name) > LONGEST_NAME:
            raise NotPermitted(f"The name of a batch has at most {LONGEST_NAME} characters.")
        return self._looking.through(user, sheet, name)

    def foresee(self, user: User, block: Planned) -> Foreseen:
        """What would come of one block, Aladdin's compliance included. Writes nothing."""
        require(user, Permission.CONFIRM, block.request.group)
        try:
            there, _ = self._there(block)
            if there is not None:
                return Foreseen(block, there.face, refused=_known_as(there), order_id=there.id)
            seen = self._blocks.checked(user, self._blocks.preview(user, block.request))
        except EvenlotError as error:
            return Foreseen(block, refused=_refusal(error))
        proposal, refused = seen.proposal, ""
        if not proposal.placed:
            refused = proposal.failed or f"Nothing of it can be placed ({_left(proposal)})."
        second = "" if refused else self._blocks.second_person(user, seen)
        return Foreseen(block, proposal.placed, _doubts(seen, self._alike(block, None)), refused, second_person=second)

    def send(
        self,
        user: User,
        batch: Batch,
        progress: Progress = lambda result, done, of: None,
        stopped: Callable[[], bool] = lambda: False,
        seen: Sequence[Foreseen] = (),
    ) -> tuple[Result, ...]:
        """Preview and confirm each block by itself, in the order of the lines: what one takes of the cash, the next has
        not. A warning, or a block that can be placed in part only, needs the reason of its line, and to be among what
        was `seen` of it before; what came up since refuses the line. Once it is `stopped` the blocks that follow are
        left; to send the batch again makes them. `Rejected` for a batch with faults."""
        require(user, Permission.CONFIRM)
        if batch.faults:
            raise Rejected(f"Nothing was made: mend the file first. {batch.faults[0]}", code="faults")
        results: list[Result] = []
        self._note(user, batch, 0)  # a batch that is broken off is known by it
        known = {one.block.command_id: one for one in seen if not one.refused}
        for block in batch.blocks:
            if stopped():
                results.append(Result(block, Outcome.LEFT, _LEFT))
            else:
                unseen = Foreseen(block, block.request.face)
                results.append(self._made(user, batch, block, known.get(block.command_id, unseen)))
                self._note(user, batch, len(results))
            progress(results[-1], len(results), len(batch.blocks))
        counts = ", ".join(f"{count} {outcome.value}" for outcome, count in counted(results).items())
        self._activity.note(user.username, "sent a batch", batch.id, counts)
        return tuple(results)

    def begun(self, user: User, batch_id: str) -> BatchRun | None:
        """How far this user's batch is, or was when it was broken off; None for one they never sent."""
        require(user, Permission.CONFIRM)
        return self._ledger.batch(user.username, batch_id)

    def _note(self, user: User, batch: Batch, tried: int) -> None:
        now_ = self._blocks.market_time().astimezone(UTC)
        self._ledger.note_batch(BatchRun(user.username, batch.id, batch.name, len(batch.blocks), tried, now_))

    def _alike(self, block: Planned, batch: str | None) -> tuple[str, ...]:
        return alike(self._ledger, block.request, batch, self._blocks.market_time())

    def _made(self, user: User, batch: Batch, block: Planned, seen: Foreseen) -> Result:
        try:
            require(user, Permission.CONFIRM, block.request.group)
            there, command_id = self._there(block)
            if there is not None:
                return Result(block, Outcome.THERE, _known_as(there), there.id)
            order = self._confirmed(user, batch, replace(block, command_id=command_id), seen)
        except EvenlotError as error:
            return Result(block, Outcome.REFUSED, _refusal(error))
        return Result(
            block, Outcome.MADE, f"{order.face:,} of {order.ordered:,} placed: {order.state.value}.", order.id
        )

    def _there(self, block: Planned) -> tuple[Order | None, str]:
        """The order it has become, and the command that makes one where there is none. An order that came to its end
        before it was at Aladdin, as one that was withdrawn, makes way for another."""
        recent = self._blocks.market_time() - MADE_OVERNIGHT
        for first in filter(None, (block.yesterday, block.command_id)):
            for number in itertools.count(1):
                command = first if number == 1 else f"{first}:{number}"
                order = self._made_by(command)
                if order is None:
                    break
                lost = order.state in FINAL and not order.broker_id
                if not lost and (first == block.command_id or order.created_at >= recent):
                    return order, command
        return None, command

    def _made_by(self, command_id: str) -> Order | None:
        try:
            return self._ledger.order(order_id(command_id))
        except NotFound:
            return None

    def _confirmed(self, user: User, batch: Batch, block: Planned, seen: Foreseen) -> Order:
        comment, reason, twice = block.typed["comment"], block.typed["reason"], self._alike(block, batch.id)
        for tries_left in reversed(range(TRIES)):
            fresh = tries_left < TRIES - 1
            now_ = self._blocks.checked(user, self._blocks.preview(user, block.request, fresh=fresh))
            _refuse_unseen(now_, twice, seen)
            if (doubts := _doubts(now_, twice)) and not reason:
                raise NotPermitted(f"{' '.join(doubts)} To go on in spite of this, write the reason into the line.")
            try:
                return self._blocks.confirm(
                    user, now_, comment or reason, block.command_id,
                    accepted=dict.fromkeys(doubts, reason), batch=batch.id,
                )  # fmt: skip
            except PreviewChanged as moved:
                if not tries_left:
                    raise NotPermitted(f"{moved} {'; '.join(moved.changes[:3])}") from moved
        raise AssertionError("the last try returns or raises")


def _refusal(error: EvenlotError) -> str:
    if isinstance(error, MetricUnavailable) and not isinstance(error, MissingMeasure):
        lack, them = (
            ("1 account lacks", "it") if len(error.reasons) == 1 else (f"{len(error.reasons)} accounts lack", "them")
        )
        names = "; ".join(error.reasons)
        return f"{lack} the figure for the dispersion. To leave {them} out, write under uncounted: {names}."
    return str(error)


def _refuse_unseen(now_: Preview, twice: Sequence[str], seen: Foreseen) -> None:
    """`NotPermitted` where there is more to accept than whoever gave the reason could see."""
    unseen = [doubt for doubt in (*twice, *now_.warnings) if doubt not in seen.doubts]
    if now_.proposal.placed < seen.placed:
        unseen += _in_part(now_.proposal)
    if unseen:
        raise NotPermitted(
            f"{' '.join(unseen)} This was not known when the batch was checked: check it again, and give the line a "
            "reason if it is to be made in spite of this."
        )


def _doubts(preview: Preview, twice: Sequence[str]) -> tuple[str, ...]:
    """What a person at a screen would have had to accept, or to see."""
    return (*twice, *preview.warnings, *_in_part(preview.proposal))


def _in_part(proposal: Proposal) -> tuple[str, ...]:
    if proposal.placed == proposal.block.face or not proposal.placed:
        return ()
    return (f"Only {proposal.placed:,} of {proposal.block.face:,} can be placed ({_left(proposal)}).",)


def _left(proposal: Proposal) -> str:
    return "; ".join(f"{left.face:,} {left.reason}" for left in proposal.unallocated[:3])


def _known_as(order: Order) -> str:
    """What the person learns of a block that was made before."""
    at = f"{order.created_at:%H:%M} UTC on {order.created_at:%d %b %Y}"
    return (
        f"It was confirmed before, by {order.created_by} at {at}: {order.state.value}. "
        "To have it once more, give the batch another name."
    )
