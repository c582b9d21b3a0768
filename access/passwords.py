"""Passwords: what is asked of one, how it is hashed and checked, and one that is made up for a single use."""

from __future__ import annotations

import secrets
import string

import bcrypt

from orders.errors import SettingsError

HASH_COST = 12  # log2 of bcrypt's rounds, of the hashes we make
SHORTEST = 12  # characters
LONGEST = 72  # bytes: bcrypt tells no more apart
_LIBRARY_KEYS = ("name", "username", "email", "roles", "logout", "authentication_status")
_READ_ALOUD = "".join(sorted(set(string.ascii_lowercase + string.digits) - set("0o1li")))
_PARTS, _PART = 4, 5  # of one that is made up: 99 random bits


def faults(password: str, username: str = "") -> tuple[str, ...]:
    """What is wrong with a new password, a sentence for each fault."""
    said = []
    if password != password.strip():
        said.append("The password begins or ends with a space, which the sign-in form leaves out.")
    if len(password) < SHORTEST:
        said.append(f"The password is shorter than {SHORTEST} characters.")
    if len(password.encode()) > LONGEST:
        said.append(f"The password is longer than {LONGEST} bytes, more than bcrypt can tell apart.")
    if "\0" in password:
        said.append("The password has a character in it that cannot be typed.")
    if username and username.lower() in password.lower():
        said.append("The password has the username in it.")
    return tuple(said)


def hash_password(password: str, username: str = "") -> str:
    """The bcrypt hash of a password. Raises `SettingsError` for one that the sign-in could not take."""
    if found := faults(password, username):
        raise SettingsError(" ".join(found))
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(HASH_COST)).decode()


def made_up() -> str:
    """A password for one use, of signs that are not mistaken for each other."""
    return "-".join("".join(secrets.choice(_READ_ALOUD) for _ in range(_PART)) for _ in range(_PARTS))


def cost_of(password_hash: str) -> int:
    """log2 of the rounds a hash was made with."""
    return int(password_hash.split("$")[2])


def is_right(username: str, password: str, password_hash: str, dearest: int) -> bool:
    """The library's own check, which runs bcrypt once for any name it is given a hash for. Within a script run only.
    It takes as long as for a hash of the cost `dearest`, or the time would tell the user of a cheaper one from a name
    that is unknown: 2^c + (2^c + ... + 2^(d-1)) = 2^d."""
    if len(password.encode()) > LONGEST:
        return False
    for cost in range(cost_of(password_hash), dearest):
        bcrypt.hashpw(b"", bcrypt.gensalt(cost))
    import streamlit as st
    from streamlit_authenticator.controllers import AuthenticationController  # not before a script runs

    ours = [key for key in _LIBRARY_KEYS if key not in st.session_state]
    credentials = {"usernames": {username: {"name": username, "password": password_hash}}}
    right = AuthenticationController(credentials, auto_hash=False).login(username, password)
    for key in ours:  # its words are too common to leave behind: a widget keyed "name" would show the user's
        st.session_state.pop(key, None)
    return bool(right)
