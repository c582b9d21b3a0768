"""Who works at the desk, in which roles, and what a role may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Permission(StrEnum):
    """What a use case asks of a user."""

    VIEW = "view"  # groups, bonds, orders
    PREVIEW = "preview"  # try allocations
    CONFIRM = "confirm"  # freeze a statement and send an order; modify and cancel it
    APPROVE = "approve"  # approve what somebody else confirmed, or refuse it
    AUDIT = "audit"  # read the audit log
    LIMITS = "change limits"
    ADMINISTER = "administer users"


READING = frozenset({Permission.VIEW, Permission.PREVIEW, Permission.AUDIT})  # what writes nothing that anybody acts on


class Role(StrEnum):
    """What a user is on the desk."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    PORTFOLIO_MANAGER = "portfolio_manager"
    APPROVER = "approver"
    COMPLIANCE = "compliance"
    ADMINISTRATOR = "administrator"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ")

    @property
    def permissions(self) -> frozenset[Permission]:
        return _PERMISSIONS[self]


_PERMISSIONS = {
    Role.VIEWER: frozenset({Permission.VIEW}),
    Role.ANALYST: frozenset({Permission.VIEW, Permission.PREVIEW}),
    Role.PORTFOLIO_MANAGER: frozenset({Permission.VIEW, Permission.PREVIEW, Permission.CONFIRM}),
    Role.APPROVER: frozenset({Permission.VIEW, Permission.APPROVE}),
    Role.ADMINISTRATOR: frozenset({Permission.VIEW, Permission.AUDIT, Permission.ADMINISTER}),
    Role.COMPLIANCE: frozenset({Permission.VIEW, Permission.AUDIT, Permission.LIMITS}),
}

EVERY_GROUP = "*"


@dataclass(frozen=True, slots=True)
class User:
    """A signed-in person. `groups` are the tickers they may see; `EVERY_GROUP` stands for all. Whoever is `read_only`
    may do no more than read, whatever their roles: nobody could tell for a while whether they have them still."""

    username: str
    name: str
    roles: frozenset[Role]
    groups: frozenset[str]
    read_only: bool = False

    def may(self, permission: Permission) -> bool:
        return self.has(permission) and (permission in READING or not self.read_only)

    def has(self, permission: Permission) -> bool:
        """Whether a role of theirs allows it, as far as is known."""
        return any(permission in role.permissions for role in self.roles)

    def sees(self, group: str) -> bool:
        return EVERY_GROUP in self.groups or group in self.groups


@dataclass(frozen=True, slots=True)
class Entry:
    """A user as the user store has them. `version` counts the changes; 0 is one that is not stored yet."""

    user: User
    password_hash: str = field(repr=False)  # bcrypt; empty in what a screen is given
    disabled: bool = False
    one_time: bool = False  # the password is to be replaced at the next sign-in
    version: int = 0
    changed_at: datetime | None = None
    changed_by: str = ""
    not_before: datetime | None = None  # what was issued to them before, or then, no longer counts

    @property
    def administers(self) -> bool:
        """Whether they can administer users."""
        return not self.disabled and self.user.has(Permission.ADMINISTER)
