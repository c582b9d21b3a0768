"""Who works at the desk, in which roles, and what a role may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What a use case asks of a user."""

    VIEW = "view"  # groups, bonds, orders
    PREVIEW = "preview"  # try allocations
    CONFIRM = "confirm"  # freeze a statement and send an order; modify and cancel it
    APPROVE = "approve"  # approve what somebody else confirmed, or refuse it
    AUDIT = "audit"  # read the audit log
    LIMITS = "change limits"


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
    Role.ADMINISTRATOR: frozenset({Permission.VIEW, Permission.AUDIT}),
    Role.COMPLIANCE: frozenset({Permission.VIEW, Permission.AUDIT, Permission.LIMITS}),
}

EVERY_GROUP = "*"


@dataclass(frozen=True, slots=True)
class User:
    """A signed-in person. `groups` are the tickers they may see; `EVERY_GROUP` stands for all."""

    username: str
    name: str
    roles: frozenset[Role]
    groups: frozenset[str]

    def may(self, permission: Permission) -> bool:
        return any(permission in role.permissions for role in self.roles)

    def sees(self, group: str) -> bool:
        return EVERY_GROUP in self.groups or group in self.groups
