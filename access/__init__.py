"""Who may come in, and who is at the screen: the users, lockout, the sign-in flow, and what administrators do."""

from access.administration import Administration
from access.first import take_over_users
from access.gate import Gate
from access.lockout import Lockout, SignIns
from access.oidc import Claims, Elsewhere
from access.passwords import hash_password
from access.roster import Roster, UserStore
from access.sessions import Terms
from access.token import require_long
from access.user_file import DemoLogin, demo_users, read_users
from orders.people import Entry

__all__ = [
    "Administration",
    "Claims",
    "DemoLogin",
    "Elsewhere",
    "Entry",
    "Gate",
    "Lockout",
    "Roster",
    "SignIns",
    "Terms",
    "UserStore",
    "demo_users",
    "hash_password",
    "read_users",
    "require_long",
    "take_over_users",
]
