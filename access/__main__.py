"""`python -m access` works on the users: the first of them, and whoever is locked out, when no page can help. It uses
the ledger that the app's settings name."""

from __future__ import annotations

import argparse
import getpass
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

from access.administration import Administration, said
from access.passwords import hash_password
from access.user_file import read_users
from allocation.errors import EvenlotError
from orders.errors import SettingsError
from orders.people import Role, User
from storage import SqlActivity, SqlPeople, SqlSignIns, migrate
from storage.migrations import require_current
from storage.named import WallClock, store_of, user
from storage.unit import read

_ONCE = "The password for one sign-in, to be replaced at it; it is shown this once: {password}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0, or 1 after a sentence on standard error."""
    structlog.configure(  # standard output is for what was asked for
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    chosen = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], str] = chosen.run
    try:
        sys.stdout.write(f"{run(chosen)}\n")
    except EvenlotError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m access", description="Work on the users of the ledger that the app's settings name."
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the data folder, instead of the one in the settings")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, what: str, run: Callable[[argparse.Namespace], str]) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=what, description=what)
        made.set_defaults(run=run)
        return made

    add = command("add", "add a user, and print a password for one sign-in", _add)
    add.add_argument("username")
    add.add_argument("--role", action="append", required=True, choices=[role.value for role in Role])
    add.add_argument("--group", action="append", default=[], metavar="TICKER", help='may be repeated; "*" for all')
    add.add_argument("--name", default="", help="as it is shown; the username where it is not given")
    reset = command("reset", "give a user a password for one sign-in, and end their sessions", _reset)
    reset.add_argument("username")
    command("list", "the users, with roles and groups", _list)
    import_ = command("import", "add the users of a YAML file; those that are there stay as they are", _import)
    import_.add_argument("file", type=Path)
    check = command("check", "read a user file and list its users, or its faults", _check)
    check.add_argument("file", type=Path)
    command("hash", "ask for a password and print its hash, for a user file", _hash)
    return parser


@contextmanager
def _users(chosen: argparse.Namespace) -> Iterator[tuple[SqlPeople, Administration, User]]:
    """The user store, what is done to it, and who does it: whoever may write to the ledger."""
    with store_of(chosen, make=True) as engine:
        if engine.dialect.name == "sqlite":
            migrate(engine)
        read(engine, require_current)
        clock = WallClock()
        people, activity = SqlPeople(engine, clock), SqlActivity(engine, clock)
        operator = User(f"operator {user()}", "", frozenset({Role.ADMINISTRATOR}), frozenset())
        try:
            yield people, Administration(people, SqlSignIns(engine, clock), clock, activity), operator
        finally:
            activity.close()


def _add(chosen: argparse.Namespace) -> str:
    roles, name = frozenset(map(Role, chosen.role)), chosen.name or chosen.username
    with _users(chosen) as (_, administration, operator):
        return _ONCE.format(password=administration.add(operator, chosen.username, name, roles, chosen.group))


def _reset(chosen: argparse.Namespace) -> str:
    with _users(chosen) as (_, administration, operator):
        return _ONCE.format(password=administration.reset_password(operator, chosen.username.strip().lower()))


def _list(chosen: argparse.Namespace) -> str:
    with _users(chosen) as (_, administration, operator):
        there = administration.everybody(operator)
    return "\n".join(f"{entry.user.username} ({entry.user.name}): {said(entry)}" for entry in there) or "no users"


def _import(chosen: argparse.Namespace) -> str:
    given = read_users(chosen.file)
    with _users(chosen) as (people, _, operator):
        there = people.every()
        new = [entry for name, entry in given.items() if name not in there]
        if new:
            people.write(new, operator.username, "import_users")
    left = f"; left as they are: {', '.join(sorted(given.keys() & there.keys()))}" if len(new) < len(given) else ""
    return f"{len(new)} added{left}"


def _hash(_: argparse.Namespace) -> str:
    try:
        password, again = getpass.getpass("Password: "), getpass.getpass("Once more: ")
    except EOFError as error:
        raise SettingsError("The password was not typed twice; run this in a terminal.") from error
    if again != password:
        raise SettingsError("The two passwords differ; nothing was hashed.")
    return hash_password(password)


def _check(chosen: argparse.Namespace) -> str:
    users = [entry.user for entry in read_users(chosen.file).values()]
    lines = (
        f"  {user.username} ({user.name}): {', '.join(sorted(user.roles))}; groups {', '.join(sorted(user.groups))}"
        for user in users
    )
    return "\n".join((f"{chosen.file}: {len(users)} users", *lines))


if __name__ == "__main__":
    raise SystemExit(main())
