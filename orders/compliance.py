"""What Aladdin's compliance says of a block before it is sent, and of an order before it is changed."""

from __future__ import annotations

from dataclasses import replace

from orders.block import Preview
from orders.errors import DeskError
from orders.model import Ticket, Violation
from orders.ports import Compliance

_SAYS = "Aladdin's compliance"
NOT_ASKED = f"{_SAYS} could not be asked"


def checked(preview: Preview, ticket: Ticket, compliance: Compliance, broker_id: str = "") -> Preview:
    """The preview with what Aladdin's compliance says of its ticket among its warnings, anew; that it could not be
    asked is a warning as well. With a `broker_id` the ticket takes that order's place, which Aladdin holds as it was
    while it checks: what it says then may count both."""
    if preview.proposal.placed == 0:
        return preview
    try:
        said = tuple(dict.fromkeys(map(in_words, compliance.check(ticket, broker_id))))
    except DeskError as error:
        said = (f"{NOT_ASKED}: {error}",)
    return replace(preview, warnings=(*(told for told in preview.warnings if not is_compliance(told)), *said))


def is_compliance(warning: str) -> bool:
    """Whether a warning is what Aladdin's compliance says."""
    return warning.startswith(_SAYS)


def in_words(violation: Violation) -> str:
    """What compliance found, as a warning says it."""
    of = f" ({violation.account_id})" if violation.account_id else ""
    return f"{_SAYS}, {violation.severity.value}: {violation.sentence}{of}."
