"""`python -m access hash` makes a password's hash for the user file; `python -m access check FILE` reads a user file
and lists its users or its faults."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from access.users import hash_password, read_users
from orders.errors import SettingsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 after a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m access", description="Work on the user file.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("hash", help="ask for a password and print its hash")
    check = commands.add_parser("check", help="read a user file and list its users, or its faults")
    check.add_argument("file", type=Path)
    chosen = parser.parse_args(arguments)
    try:
        answer = _hash() if chosen.command == "hash" else _check(chosen.file)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{answer}\n")
    return 0


def _hash() -> str:
    try:
        password, again = getpass.getpass("Password: "), getpass.getpass("Once more: ")
    except EOFError as error:
        raise SettingsError("The password was not typed twice; run this in a terminal.") from error
    if again != password:
        raise SettingsError("The two passwords differ; nothing was hashed.")
    return hash_password(password)


def _check(file: Path) -> str:
    users = [entry.user for entry in read_users(file).values()]
    lines = (
        f"  {user.username} ({user.name}): {', '.join(sorted(user.roles))}; groups {', '.join(sorted(user.groups))}"
        for user in users
    )
    return "\n".join((f"{file}: {len(users)} users", *lines))


if __name__ == "__main__":
    raise SystemExit(main())
