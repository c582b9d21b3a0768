"""The user file: what it gives, and what it refuses in which words; the users of the demo."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bcrypt
import pytest
import yaml

from access.user_file import demo_users, read_users, with_demo_passwords
from orders.errors import SettingsError
from orders.model import EVERY_GROUP, Entry, Role

HASH = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(10)).decode()
ANNA = {"name": "Anna Berg", "password": HASH, "roles": ["portfolio_manager"], "groups": ["CORE", "PLUS"]}


def write(path: Path, **users: object) -> Path:
    path.write_text(yaml.safe_dump({"credentials": {"usernames": users}}))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(SettingsError) as refused:
        read_users(path)
    return str(refused.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "users.yaml"


def test_a_file_gives_its_users_with_roles_and_groups(file: Path) -> None:
    bob = ANNA | {"name": "Bob", "email": "bob@example.com", "roles": ["analyst", "compliance"], "groups": ["*"]}
    users = read_users(write(file, Anna=ANNA, bob=bob))
    assert set(users) == {"anna", "bob"}
    anna = users["anna"]
    assert (anna.user.username, anna.user.name, anna.password_hash) == ("anna", "Anna Berg", HASH)
    assert anna.user.sees("CORE")
    assert not anna.user.sees("HIGH")
    assert users["bob"].user.roles == {Role.ANALYST, Role.COMPLIANCE}
    assert users["bob"].user.sees("HIGH")


def test_a_file_the_library_has_kept_its_books_in_still_reads(file: Path) -> None:
    users = read_users(write(file, anna=ANNA | {"failed_login_attempts": 2, "logged_in": True}))
    assert users["anna"].user.name == "Anna Berg"


def test_a_password_in_plain_text_is_refused_with_how_to_hash_it_and_not_repeated(file: Path) -> None:
    text = refusal(write(file, anna=ANNA | {"password": "hunter2hunter2"}))
    assert "user 'anna': password is not a bcrypt hash" in text
    assert "python -m access hash" in text
    assert "hunter2" not in text


def test_a_password_of_digits_is_not_repeated_either(file: Path) -> None:
    text = refusal(write(file, anna=ANNA | {"password": 12345678}))
    assert "user 'anna': password must be text" in text
    assert "12345678" not in text


def test_a_hash_too_cheap_to_be_safe_is_refused(file: Path) -> None:
    cheap = bcrypt.hashpw(b"x", bcrypt.gensalt(6)).decode()
    assert "has cost 06, allowed are 10 to 15" in refusal(write(file, anna=ANNA | {"password": cheap}))


def test_all_faults_are_told_at_once_each_with_its_user(file: Path) -> None:
    unnamed = {key: value for key, value in ANNA.items() if key != "name"}
    text = refusal(
        write(
            file,
            anna=unnamed | {"roles": ["trader"]},
            bob=ANNA | {"groups": [], "group": ["CORE"]},
            carl=ANNA | {"groups": [False]},
            dora=None,
        )
    )
    assert text.splitlines() == [
        f"The user file {file} cannot be used:",
        "- user 'anna': name is missing",
        "- user 'anna': roles 'trader' is not a role; the roles are " + ", ".join(Role),
        "- user 'bob': groups is empty",
        "- user 'bob': group is not an entry of a user; check its spelling",
        "- user 'carl': groups must be text; write it in quotes",
        "- user 'dora': must be a mapping of entries",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "the file must be a mapping"),
        ("users: {}", "credentials is missing"),
        ("credentials: {usernames: {}}", "credentials.usernames is empty"),
        ("credentials: {usernames: [anna]}", "credentials.usernames must be a mapping of usernames"),
        ("credentials: [", "is not valid YAML"),
        ("groups: [*]", 'Write a star in quotes: groups: ["*"].'),
    ],
)
def test_a_file_of_another_shape_is_refused_with_what_is_wrong(file: Path, content: str, sentence: str) -> None:
    file.write_text(content)
    text = refusal(file)
    assert sentence in text
    assert str(file) in text


def test_a_username_that_yaml_takes_for_something_else_is_named(file: Path) -> None:
    write(file, anna=ANNA)
    file.write_text(file.read_text().replace("anna:", "12:"))
    assert "user '12': the username must be text; write it in quotes" in refusal(file)


def test_a_missing_file_is_named(file: Path) -> None:
    assert str(file) in refusal(file)


def test_the_same_user_twice_is_refused_rather_than_the_last_one_taken(file: Path) -> None:
    anna = yaml.safe_dump({"anna": ANNA}).replace("\n", "\n    ")
    file.write_text(f"credentials:\n  usernames:\n    {anna}\n    {anna}\n")
    assert "'anna' is there twice" in refusal(file)


def test_two_users_that_differ_in_case_only_are_refused(file: Path) -> None:
    assert "user 'Anna': the same name is there in lower case too" in refusal(write(file, Anna=ANNA, anna=ANNA))


def test_the_demo_has_one_user_per_role_whose_shown_passwords_open() -> None:
    users, logins = demo_users()
    assert [login.username for login in logins] == [
        "pm",
        "approver",
        "analyst",
        "compliance",
        "viewer",
        "administrator",
    ]
    roles = {role.label: role for role in Role}
    assert {login.role for login in logins} == set(roles)
    for login in logins:
        entry, role = users[login.username], roles[login.role]
        assert bcrypt.checkpw(login.password.encode(), entry.password_hash.encode())
        assert entry.user.roles == {role}
        assert entry.user.groups == {EVERY_GROUP}


def test_the_demo_s_hashes_are_the_same_at_each_start() -> None:
    assert demo_users()[0]["pm"].password_hash == demo_users()[0]["pm"].password_hash


def test_the_demo_s_hashes_are_refused_in_a_user_file(file: Path) -> None:
    users, _ = demo_users()
    assert "has cost 06" in refusal(write(file, pm=ANNA | {"password": users["pm"].password_hash}))


def test_a_demo_password_is_found_under_whatever_hash_unless_its_user_is_disabled() -> None:
    users, _ = demo_users()
    again = replace(users["viewer"], password_hash=bcrypt.hashpw(b"viewer-demo", bcrypt.gensalt(4)).decode())
    there = {"pm": replace(users["pm"], disabled=True), "viewer": again, "anna": Entry(users["pm"].user, HASH)}
    assert with_demo_passwords(there) == ["viewer"]
