"""What a use case must be ready for, as one tree. The rooms that talk to the outside raise these, never their own.

EvenlotError (allocation.errors)
└── DeskError
    ├── NotPermitted            the user's role or groups do not allow it
    ├── NotFound                no such group, bond or order; carries close matches
    ├── InvalidSettlement       not a business day of the bond's market, or before the book's date; carries the next one
    ├── StaleData               a price or figure is older than the blocking age
    ├── PreviewChanged          the world moved between preview and confirm
    ├── IllegalTransition       the order's state does not allow the event
    ├── VersionConflict         somebody else changed the row first; carries what is different
    ├── LeaseLost               another worker has taken over
    ├── WrongBook               the ledger belongs to another book
    ├── SettingsError           a setting is missing or contradicts another; names it
    │   └── LedgerUnusable      the ledger they name is damaged, may not be opened, or is of another version
    └── OutsideError            Aladdin or the store answered badly
        ├── Unavailable         no answer; `sent` says whether the request may have been acted upon
        ├── RateLimited         too many requests; `retry_after` in seconds
        ├── AuthenticationFailed  credentials refused
        ├── Rejected            refused with a code and a message
        └── Malformed           an answer we cannot read: which field, what was expected
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from allocation.errors import EvenlotError


class DeskError(EvenlotError):
    """A use case cannot be carried out."""


class NotPermitted(DeskError):
    """Role or group entitlement is missing."""


class NotFound(DeskError):
    """Nothing by that name. `close` lists near matches for the screen."""

    def __init__(self, sentence: str, close: tuple[str, ...] = ()) -> None:
        super().__init__(sentence)
        self.close = close


class InvalidSettlement(DeskError):
    """The settlement date cannot be used. `proposed` is the next date that can, where there is one."""

    def __init__(self, sentence: str, proposed: date | None = None) -> None:
        super().__init__(sentence)
        self.proposed = proposed


class StaleData(DeskError):
    """A figure is too old to trade on."""


class PreviewChanged(DeskError):
    """Cash, holdings or prices moved since the preview. `changes` lists what."""

    def __init__(self, sentence: str, changes: tuple[str, ...]) -> None:
        super().__init__(sentence)
        self.changes = changes


class IllegalTransition(DeskError):
    """The lifecycle table has no such step."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What somebody else changed: a field by the desk's name for it, as it was and as it is, in words."""

    field: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.field}: {self.was} -> {self.now}"


class VersionConflict(DeskError):
    """The row was changed by somebody else since it was read. `changes` lists what is different, where it is known."""

    def __init__(self, sentence: str, changes: Iterable[Difference] = ()) -> None:
        super().__init__(sentence)
        self.changes = tuple(changes)


class LeaseLost(DeskError):
    """The worker's lease has passed to another worker; its writes are refused."""


class WrongBook(DeskError):
    """The ledger is stamped with another book."""


class SettingsError(DeskError):
    """Settings are incomplete or contradict each other."""


class LedgerUnusable(SettingsError):
    """The ledger that the settings name cannot be used as it is; the settings themselves are well."""


class OutsideError(DeskError):
    """An outside system failed. `reference` is the request id support can search for."""

    def __init__(self, sentence: str, reference: str = "") -> None:
        super().__init__(sentence)
        self.reference = reference


class Unavailable(OutsideError):
    """No usable answer. `sent` is False only when the request certainly never left."""

    def __init__(self, sentence: str, reference: str = "", *, sent: bool = True) -> None:
        super().__init__(sentence, reference)
        self.sent = sent


class RateLimited(OutsideError):
    """Too many requests. `retry_after` is in seconds, when the server said."""

    def __init__(self, sentence: str, reference: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(sentence, reference)
        self.retry_after = retry_after


class AuthenticationFailed(OutsideError):
    """Credentials were refused."""


class Rejected(OutsideError):
    """Refused by the other side. `code` and `message` are theirs."""

    def __init__(self, sentence: str, reference: str = "", *, code: str = "", message: str = "") -> None:
        super().__init__(sentence, reference)
        self.code = code
        self.message = message


class Malformed(OutsideError):
    """The answer does not have the published shape."""
