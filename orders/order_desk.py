"""What people decide about an order that was confirmed: approve it, have it sent after all, take it back, cancel it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orders import compared, sought
from orders.attempts import attempts
from orders.entitlement import require
from orders.errors import IllegalTransition, NotPermitted, Rejected, VersionConflict
from orders.lifecycle import FINAL, ON_THE_WAY, OURS, TABLE, Event, step_of
from orders.model import DECLINED, Change, Kind, Order, OrderState, Permission, Statement, User
from orders.past import Past
from orders.ports import Blotter, Clock, Ledger

TRIES = 4  # a step of the worker may come in between each time
_NEEDS_NO_WORD = (Event.APPROVE, Event.EXPLANATION_APPROVED, Event.CLOSE_AGREED)  # what is approved says it
_OR_ELSE = {Event.APPROVE: Event.APPROVE_FOR_LATER}  # what is asked for, and what it may come to


class OrderDesk:
    """The use cases of an order. Each is done once for a `command_id`, is refused with `NotPermitted` to a user who may
    not, with `IllegalTransition` where the order's state does not allow it, and asks the worker for what follows.
    `asked` is told the id of an order that the worker is to look at."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        past: Past,
        longest_comment: int,
        asked: Callable[[str], None],
        blotter: Blotter | None = None,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._past = past
        self._longest_comment = longest_comment
        self._asked = asked
        self._blotter = blotter

    def approve(self, user: User, order_id: str, sha256: str, command_id: str) -> Order:
        """Approve the statement with this hash, which the user has read. Never one's own: `NotPermitted`. `Rejected`
        where the order has another statement by now."""

        def approved(order: Order) -> dict[str, Any]:
            self._second_person(user, order)
            if order.statement_sha256 != sha256:
                raise Rejected(
                    f"{order.id} has another statement than the one you read. Read it again before you approve it.",
                    code="another_statement",
                )
            return {"opens_intent": Kind.SEND, "detail": f"statement {sha256[:12]}"}

        return self.decide(user, Permission.APPROVE, order_id, Event.APPROVE, command_id, "", approved)

    def decline(self, user: User, order_id: str, reason: str, command_id: str) -> Order:
        """Refuse the approval: the order is not sent."""

        def declined(order: Order) -> dict[str, Any]:
            self._second_person(user, order)
            return {"message": f"{DECLINED}{user.username}: {reason.strip()}"}

        return self.decide(user, Permission.APPROVE, order_id, Event.DECLINE, command_id, reason, declined)

    def withdraw(self, user: User, order_id: str, reason: str, command_id: str) -> Order:
        """Take back an order that certainly is not at Aladdin. Where it is only a person who said so, Aladdin is looked
        at first: `Rejected` when it shows the order, any `OutsideError` when it cannot be asked."""

        def withdrawn(order: Order) -> dict[str, Any]:
            self._refuse_shown(order)
            return {"closes_intent": self.intent(order), "message": ""}

        return self.decide(user, Permission.CONFIRM, order_id, Event.WITHDRAW, command_id, reason, withdrawn)

    def send_again(self, user: User, order_id: str, reason: str, command_id: str) -> Order:
        """Have an order sent after all that could not be sent, under the same reference and at its own terms."""
        return self.decide(
            user, Permission.CONFIRM, order_id, Event.SEND_AGAIN, command_id, reason, lambda order: {"message": ""}
        )

    def not_there(self, user: User, order_id: str, reason: str, command_id: str) -> Order:
        """Say that Aladdin has no such order, which the user looked for there. Nothing is sent by that alone."""
        return self.decide(
            user, Permission.CONFIRM, order_id, Event.NOT_THERE, command_id, reason,
            lambda order: {"message": f"{user.username} says it is not at Aladdin. Send it again, or withdraw it."},
        )  # fmt: skip

    def cancel(self, user: User, order_id: str, reason: str, command_id: str) -> Order:
        """Ask Aladdin to cancel what is not filled; a modification on its way is asked for no more. A fill may be
        quicker; then the order says so."""
        return self.decide(
            user, Permission.CONFIRM, order_id, Event.CANCEL, command_id, reason,
            lambda order: {
                "closes_intent": self.intent(order),
                "opens_intent": Kind.CANCEL,
                "message": compared.still_said(order),
            },
        )  # fmt: skip

    def may(self, user: User, order: Order) -> tuple[Event, ...]:
        """What this user may decide about the order as it is, for the screen to offer."""
        if not user.sees(order.group):
            return ()
        wanted: tuple[Event, ...] = ()
        if user.may(Permission.APPROVE) and user.username != order.created_by:
            wanted += (Event.APPROVE, Event.DECLINE)
        if user.may(Permission.CONFIRM):
            wanted += (Event.MODIFY, Event.CANCEL, Event.SEND_AGAIN, Event.NOT_THERE, Event.WITHDRAW)
        return tuple(event for event in wanted if _allowed(order.state, event))

    def decide(
        self,
        user: User,
        permission: Permission,
        order_id: str,
        event: Event,
        command_id: str,
        reason: str,
        also: Callable[[Order], dict[str, Any]],
    ) -> Order:
        """Write the step a person asks for, with what `also` says of it, from the order as it is: the worker's own
        steps do not make a conflict, as long as the step is still allowed after them. A `statement` among that is the
        next version, which the step comes with."""
        if event not in _NEEDS_NO_WORD:
            refuse_without_reason(reason, self._longest_comment)
        for tries_left in reversed(range(TRIES)):
            order = self._past.order(user, order_id)
            require(user, permission, order.group)
            if (earlier := made_before(self._ledger, command_id, user, event, _OR_ELSE.get(event, event))) is not None:
                if earlier.id != order_id:
                    raise reused()
                return earlier
            try:
                decided = self._write(user, order, event, command_id, reason, also(order))
            except VersionConflict:
                if not tries_left:
                    raise
            else:
                self._asked(order_id)
                return decided
        raise AssertionError("the last try returns or raises")

    def _write(
        self, user: User, order: Order, event: Event, command_id: str, reason: str, also: dict[str, Any]
    ) -> Order:
        statement: Statement | None = also.pop("statement", None)
        at = self._clock.now() if statement is None else statement.created_at
        if event is Event.APPROVE and order.release_at is not None and at < order.release_at:
            event = Event.APPROVE_FOR_LATER  # past its time, the approval is what it waited for
        try:
            to = step_of(order, event, user.username)
        except IllegalTransition as error:
            raise IllegalTransition(f"{error} {_instead(order.state, event)}".strip()) from None
        change = Change(
            order_id=order.id,
            version=order.version,
            state=to,
            event=event.value,
            actor=user.username,
            at=at,
            **{"reason": reason.strip(), "detail": reason.strip()} | also,
        )
        return self._ledger.advance(command_id, change, None, statement)

    def _second_person(self, user: User, order: Order) -> None:
        if user.username == order.created_by:
            raise NotPermitted("Whoever confirmed an allocation cannot decide on its approval: somebody else must.")

    def _refuse_shown(self, order: Order) -> None:
        """`Rejected` where a person said that the order is not at Aladdin, and it is."""
        if not _allowed(order.state, Event.WITHDRAW) or not attempts(self._ledger.events(order.id)).vouched:
            return
        if there := sought.shown(self._blotter, order):
            self._asked(order.id)
            raise Rejected(
                f"Aladdin shows {there}, although it was said not to be there, so {order.id} is not withdrawn. The "
                "worker takes it over at its next look; it can be canceled then.",
                code="shown",
            )

    def intent(self, order: Order) -> str | None:
        """The open intent to send or to modify it."""
        return next((intent.id for intent in self._ledger.intents() if intent.order_id == order.id), None)


def _instead(state: OrderState, event: Event) -> str:
    """What to do where it cannot be withdrawn or canceled any more, or not yet."""
    if event not in (Event.WITHDRAW, Event.CANCEL):
        return ""
    if state in ON_THE_WAY:
        return "It may be at Aladdin already: cancel it there from here once it shows, or wait for its look-up."
    if state in (OrderState.FILLED, *FINAL):
        return "Nothing of it is left to cancel."
    if event is Event.CANCEL:
        return "It is not at Aladdin: withdraw it." if state in OURS else ""
    return "" if state is OrderState.CANCEL_PENDING else "It is at Aladdin: cancel it."


def made_before(ledger: Ledger, command_id: str, user: User, *events: Event) -> Order | None:
    """What this command left, where this user did one of these by it; whether it is the order they mean is for the
    caller to say. None when there was no such command, `Rejected` when it was another."""
    made = ledger.outcome(command_id)
    if made is None:
        return None
    done = ledger.events(made.id)[made.version - 1]
    if done.actor != user.username or done.event not in events:
        raise reused()
    return made


def reused() -> Rejected:
    """The error for a command that did something else before."""
    return Rejected(
        "This was not done: under the same command something else was done before. Close the dialog, and decide again.",
        code="command_reused",
    )


def refuse_without_reason(reason: str, longest: int) -> None:
    """`NotPermitted` for a decision without a word on why, or with too many."""
    if not reason.strip():
        raise NotPermitted("Say why: the reason is kept with the order.")
    if len(reason.strip()) > longest:
        raise NotPermitted(f"The reason is longer than {longest} characters.")


def _allowed(state: OrderState, event: Event) -> bool:
    return (state, event) in TABLE
