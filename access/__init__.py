"""Who may come in, and who is at the screen: the user file, lockout, and the sign-in flow."""

from access.gate import Gate
from access.lockout import Lockout, SignIns
from access.users import DemoLogin, Entry, UserFile, Users, demo_users, hash_password, read_users

__all__ = [
    "DemoLogin",
    "Entry",
    "Gate",
    "Lockout",
    "SignIns",
    "UserFile",
    "Users",
    "demo_users",
    "hash_password",
    "read_users",
]
