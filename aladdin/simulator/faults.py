"""The fault plan: what shall go wrong, on which calls, how often. It lives in memory and dies with the process."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

Seconds = Annotated[float, Field(gt=0, le=3600)]


class When(StrEnum):
    """Whether the fault comes before the server acted on the request, or after: never, where that only asks what
    would be if it did."""

    BEFORE = "before"
    AFTER = "after"


class Outcome(StrEnum):
    """What becomes of an order that compliance restricts."""

    HELD = "held"  # it is placed, and pending for as long as the fault is in the plan
    REJECTED = "rejected"  # it is placed, and rejected soon after
    REFUSED = "refused"  # it is not placed


class Fault(BaseModel):
    """What all faults have in common. `path` is a pattern such as "*/order:post". It strikes the `next` requests that
    it applies to, or each with a `probability` (the same ones for the same `seed`), or, with neither, all of them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    path: Annotated[str, Field(min_length=1)] = "*"
    next: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: int = 0

    @model_validator(mode="after")
    def _one_way_to_count(self) -> Self:
        if self.next is not None and self.probability is not None:
            raise ValueError("give either next or probability, not both")
        return self


class Latency(Fault):
    """The answer is that much later."""

    kind: Literal["latency"]
    seconds: Seconds


class Timeout(Fault):
    """No answer at all: the connection is held until the client gives up, for `seconds` at most."""

    kind: Literal["timeout"]
    when: When = When.BEFORE
    seconds: Seconds = 600


class TooManyRequests(Fault):
    """429 with Retry-After."""

    kind: Literal["too-many-requests"]
    retry_after: Annotated[int, Field(ge=0, le=3600)] = 1


class ServerError(Fault):
    """A 5xx."""

    kind: Literal["server-error"]
    status: Annotated[int, Field(ge=500, le=599)] = 503
    when: When = When.BEFORE


class MalformedJson(Fault):
    """The server acted; its answer arrives whole and is no JSON."""

    kind: Literal["malformed-json"]


class TruncatedBody(Fault):
    """The server acted; the connection closes in the middle of its answer."""

    kind: Literal["truncated-body"]


class ConnectionReset(Fault):
    """The connection is reset without an answer."""

    kind: Literal["connection-reset"]
    when: When = When.BEFORE


class ExpiredToken(Fault):
    """The bearer token of the request is no longer good, from now on."""

    kind: Literal["expired-token"]


class ComplianceRestriction(Fault):
    """A compliance run finds a restriction."""

    kind: Literal["compliance-restriction"]
    outcome: Outcome = Outcome.HELD


class StalledOrder(Fault):
    """A new order fills no further after so many partial fills, until the fault is taken out of the plan."""

    kind: Literal["stalled-order"]
    after_fills: Annotated[int, Field(ge=0)] = 0


class RejectedOrder(Fault):
    """A new order is rejected instead of becoming active."""

    kind: Literal["rejected-order"]


class ExpiredOrder(Fault):
    """A new order expires after so many partial fills."""

    kind: Literal["expired-order"]
    after_fills: Annotated[int, Field(ge=0)] = 0


class LostCancel(Fault):
    """A cancel arrives too late: the order is filled to the end first, and there is nothing left to cancel."""

    kind: Literal["cancel-loses-to-fill"]


class HiddenOrders(Fault):
    """A search for orders shows none of those it found, and says of it what is in `status`: Aladdin's words for it are
    not published."""

    kind: Literal["hidden-orders"]
    status: str = "0 results could not be found and 1 was hidden due to permissions issues"


AnyFault = Annotated[
    Latency
    | Timeout
    | TooManyRequests
    | ServerError
    | MalformedJson
    | TruncatedBody
    | ConnectionReset
    | ExpiredToken
    | ComplianceRestriction
    | StalledOrder
    | RejectedOrder
    | ExpiredOrder
    | LostCancel
    | HiddenOrders,
    Field(discriminator="kind"),
]
F = TypeVar("F", bound=Fault)


class FaultList(BaseModel):
    """A plan as it is written down."""

    model_config = ConfigDict(extra="forbid")

    faults: Annotated[list[AnyFault], Field(max_length=100)]


class _Tally:
    """A fault of the plan with its counts."""

    def __init__(self, fault: AnyFault) -> None:
        self.fault = fault
        self.met = 0
        self.struck = 0
        self._chance = random.Random(fault.seed)  # noqa: S311 - reproducible, not secret

    def strikes(self) -> bool:
        """Counts one request that the fault applies to, and tells whether it strikes this one."""
        self.met += 1
        if self.fault.next is not None:
            struck = self.struck < self.fault.next
        else:
            struck = self.fault.probability is None or self._chance.random() < self.fault.probability
        self.struck += struck
        return struck


class FaultPlan:
    """The faults in force, in order of precedence. Safe for use by several threads."""

    def __init__(self, faults: Sequence[AnyFault] = ()) -> None:
        self._lock = threading.Lock()
        self._tallies = [_Tally(fault) for fault in faults]
        self._fates: dict[int, Fault] = {}  # by order number

    def replace(self, faults: Sequence[AnyFault]) -> None:
        """A new plan. A fault that was in the old one, word for word, goes on counting where it was."""
        with self._lock:
            old = list(self._tallies)
            self._tallies = []
            for fault in faults:
                kept = next((tally for tally in old if tally.fault == fault), None)
                if kept is not None:
                    old.remove(kept)
                self._tallies.append(kept or _Tally(fault))

    def take(self, path: str, *kinds: type[F], acts: bool = True) -> F | None:
        """The first fault of these kinds that strikes a request for `path`. All that apply up to there count it as
        met. A request that does not act is not met by what comes after the server acted."""
        with self._lock:
            for tally in self._tallies:
                fault = tally.fault
                if not isinstance(fault, kinds) or not fnmatchcase(path, fault.path):
                    continue
                if (acts or getattr(fault, "when", None) is not When.AFTER) and tally.strikes():
                    return fault
        return None

    def doom(self, order_id: int, fault: Fault) -> None:
        """Lets a fault that was taken decide what becomes of an order."""
        with self._lock:
            self._fates[order_id] = fault

    def fate(self, order_id: int) -> Fault | None:
        """The fault that an order suffers from; None once that fault has left the plan."""
        with self._lock:
            fault = self._fates.get(order_id)
            return fault if any(tally.fault is fault for tally in self._tallies) else None

    def told(self) -> list[dict[str, Any]]:
        """Each fault with `met` (requests it applied to) and `struck` (those it struck)."""
        with self._lock:
            return [
                tally.fault.model_dump(mode="json", by_alias=True, exclude_none=True)
                | {"met": tally.met, "struck": tally.struck}
                for tally in self._tallies
            ]
