"""Users from outside the store: a YAML file, read whole with all its faults at once, and the users of the demo."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import bcrypt
import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from orders.errors import SettingsError
from orders.model import EVERY_GROUP, Role, User
from orders.people import Entry

_COSTS = range(10, 16)  # cheaper is guessed too fast, dearer holds a sign-in for seconds
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_HOW_TO_HASH = "make one with `python -m access hash`"
_DEMO_SALT = b"$2b$06$EvenlotDemoDeskSaltO.."  # fixed, so that a demo password is known by its hash


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """A demo user's credentials, to be shown on the sign-in card."""

    username: str
    password: str
    role: str


def read_users(path: Path) -> dict[str, Entry]:
    """Users of a YAML file in streamlit-authenticator's shape with our `roles` and `groups`.

    Raises `SettingsError` naming the path and every fault, each with its user.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506, a SafeLoader
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The user file {path} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        hint = ' Write a star in quotes: groups: ["*"].' if "alias" in str(error) else ""
        raise SettingsError(f"The user file {path} is not valid YAML: {error}.{hint}") from error
    try:
        rows = _File.model_validate(content).credentials.usernames
    except ValidationError as error:
        raise _refused(path, [_sentence(fault) for fault in error.errors(include_url=False)]) from error
    entries = {name.strip().lower(): Entry(row.user(name.strip().lower()), row.password) for name, row in rows.items()}
    if len(entries) < len(rows):
        twice = sorted(name for name in rows if name != name.strip().lower())
        raise _refused(path, [f"user {name!r}: the same name is there in lower case too" for name in twice])
    return entries


@cache
def demo_users() -> tuple[Mapping[str, Entry], tuple[DemoLogin, ...]]:
    """One user per role for the demo book, who see every group, and what to type for each. Their hashes are cheap and
    their passwords public: for the demo only."""
    people = (
        ("pm", "Paula Mercer", Role.PORTFOLIO_MANAGER),
        ("approver", "Arthur Prove", Role.APPROVER),
        ("analyst", "Anders Lyst", Role.ANALYST),
        ("compliance", "Connie Price", Role.COMPLIANCE),
        ("viewer", "Vera Weir", Role.VIEWER),
        ("administrator", "Ada Minster", Role.ADMINISTRATOR),
    )
    logins = tuple(DemoLogin(username, f"{username}-demo", role.label) for username, _, role in people)
    entries = {
        username: Entry(
            User(username, name, frozenset({role}), frozenset({EVERY_GROUP})),
            bcrypt.hashpw(login.password.encode(), _DEMO_SALT).decode(),
        )
        for (username, name, role), login in zip(people, logins, strict=True)
    }
    return MappingProxyType(entries), logins


def usable(logins: tuple[DemoLogin, ...], users: Mapping[str, Entry]) -> tuple[DemoLogin, ...]:
    """Those of the demo's logins that still let somebody in."""
    shipped = {name: entry.password_hash for name, entry in demo_users()[0].items()}
    there = {name: entry.password_hash for name, entry in users.items() if not entry.disabled}
    return tuple(login for login in logins if there.get(login.username) == shipped[login.username])


def with_demo_passwords(entries: Mapping[str, Entry]) -> list[str]:
    """The names among these under which a password of the demo lets somebody in, which everybody can read here."""
    published = {login.username: login.password for login in demo_users()[1]}
    return [
        name
        for name, entry in entries.items()
        if name in published and not entry.disabled and _opens(published[name], entry.password_hash)
    ]


def _opens(password: str, password_hash: str) -> bool:
    try:
        return bcrypt.checkpw(password.encode(), password_hash.encode())
    except ValueError:  # bcrypt has no use for this salt, so nothing opens with it
        return False


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key given twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} is there twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _hashed(password: str) -> str:
    match = _BCRYPT.fullmatch(password)
    if match is None:
        raise ValueError(f"is not a bcrypt hash; a password is never written in plain text: {_HOW_TO_HASH}")
    if int(match[1]) not in _COSTS:
        raise ValueError(f"has cost {match[1]}, allowed are {_COSTS[0]} to {_COSTS[-1]}: {_HOW_TO_HASH}")
    return password


def _known_role(value: object) -> object:
    if not isinstance(value, str) or value not in list(Role):
        raise ValueError(f"{value!r} is not a role; the roles are {', '.join(Role)}")
    return Role(value)


_Text = Annotated[str, Field(strict=True, min_length=1)]


class _Row(BaseModel):
    """One user as the file has it; streamlit-authenticator's own bookkeeping is let through unused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: _Text
    email: str | None = None
    password: Annotated[str, Field(strict=True), AfterValidator(_hashed)]
    roles: Annotated[list[Annotated[Role, BeforeValidator(_known_role)]], Field(min_length=1)]
    groups: Annotated[list[_Text], Field(min_length=1)]
    failed_login_attempts: int | None = None
    logged_in: bool | None = None

    def user(self, username: str) -> User:
        return User(username, self.name, frozenset(self.roles), frozenset(self.groups))


class _Credentials(BaseModel):
    usernames: Annotated[dict[Annotated[_Text, Field(max_length=64)], _Row], Field(min_length=1)]


class _File(BaseModel):
    credentials: _Credentials


_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is not an entry of a user; check its spelling",
    "string_type": "must be text; write it in quotes",
    "string_too_short": "is empty",
    "too_short": "is empty",
    "list_type": 'must be a list, such as ["FIRST", "SECOND"]',
    "model_type": "must be a mapping of entries",
    "dict_type": "must be a mapping of usernames",
}


def _sentence(fault: Mapping[str, Any]) -> str:
    """A pydantic fault in the words of the file: whose, which entry, what is wrong. Never the value of a password."""
    where = [str(part) for part in fault["loc"] if part != "[key]"]
    what = _SENTENCES.get(fault["type"]) or str(fault["msg"]).removeprefix("Value error, ")
    if where[:2] != ["credentials", "usernames"] or len(where) == 2:
        return f"{'.'.join(where) or 'the file'} {what}"
    entry = ["the username"] if "[key]" in fault["loc"] else where[3:4]
    return " ".join((f"user {where[2]!r}:", *entry, what))


def _refused(path: Path, faults: list[str]) -> SettingsError:
    return SettingsError(f"The user file {path} cannot be used:" + "".join(f"\n- {fault}" for fault in faults))
