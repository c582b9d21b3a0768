"""Who may do what with which group: the role says what, the user's entry says which groups."""

from __future__ import annotations

from orders import refusals
from orders.errors import NotPermitted
from orders.model import EVERY_GROUP, Permission, Role, User


def require(user: User, permission: Permission, group: str | None = None) -> None:
    """`NotPermitted` naming who can, unless a role of the user allows it and, where a group is named, their entry has
    it; whoever hears of refusals is told. Whether there is such a group, Aladdin says."""
    if not user.may(permission):
        refusals.tell(user, f"may not {permission.value}", group or "")
        if user.has(permission):
            raise NotPermitted(
                "The users could not be read for a while, so nobody can tell whether you may still "
                f"{permission.value}: until they can be read again you can only look."
            )
        roles = " or ".join(sorted(role.label for role in user.roles)) or "a user without a role"
        who = " or ".join(role.label for role in Role if permission in role.permissions)
        raise NotPermitted(f"As {roles} you may not {permission.value}; {who} can.")
    if group is not None and not user.sees(group):
        refusals.tell(user, "is not entitled to the group", group)
        raise NotPermitted(f"Your user is not entitled to the group {group}; ask whoever administers the users.")


def entitled_to(user: User) -> frozenset[str] | None:
    """The groups of the user's entry; None when it has every group."""
    return None if EVERY_GROUP in user.groups else user.groups
