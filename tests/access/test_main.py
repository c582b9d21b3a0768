"""The commands on the user file, as somebody at a terminal sees them."""

from __future__ import annotations

import getpass
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest
import structlog
import yaml

from access.__main__ import main

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    yield
    structlog.reset_defaults()  # the command sets the logs of its whole process


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed at the prompts, in order."""
    answers: list[str] = []
    monkeypatch.setattr(getpass, "getpass", lambda prompt: answers.pop(0))
    return answers


def test_hash_prints_a_hash_that_opens_with_the_password(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    typed += [PASSWORD, PASSWORD]
    assert main(["hash"]) == 0
    printed = capsys.readouterr().out.strip()
    assert re.fullmatch(r"\$2b\$06\$.{53}", printed)
    assert bcrypt.checkpw(PASSWORD.encode(), printed.encode())


def test_hash_refuses_two_passwords_that_differ(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    typed += [PASSWORD, "something else"]
    assert main(["hash"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "The two passwords differ" in captured.err


def test_hash_without_a_terminal_says_so() -> None:
    answer = run("hash")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "run this in a terminal" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_check_lists_the_users_of_a_file_and_fails_on_its_faults(tmp_path: Path) -> None:
    row = {
        "name": "Anna Berg",
        "password": bcrypt.hashpw(b"x", bcrypt.gensalt(10)).decode(),
        "roles": ["analyst"],
        "groups": ["CORE"],
    }
    file = tmp_path / "users.yaml"
    file.write_text(yaml.safe_dump({"credentials": {"usernames": {"anna": row}}}))
    good = run("check", str(file))
    assert (good.returncode, good.stderr) == (0, "")
    assert "anna (Anna Berg): analyst; groups CORE" in good.stdout
    file.write_text(yaml.safe_dump({"credentials": {"usernames": {"anna": row | {"roles": []}}}}))
    bad = run("check", str(file))
    assert (bad.returncode, bad.stdout) == (1, "")
    assert "user 'anna': roles is empty" in bad.stderr
    assert "Traceback" not in bad.stderr


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", "access", *arguments],
        cwd=root,
        input="",
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # no terminal to ask on
    )
