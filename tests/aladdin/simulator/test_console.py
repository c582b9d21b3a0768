"""`python -m aladdin.simulator trouble`: rules a running server by its data directory, and says so when it cannot."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from aladdin.simulator import __main__ as program
from aladdin.simulator import console
from aladdin.simulator.directory import NOTICE_FILE, Notice, read_notice
from aladdin.simulator.process import Running
from tests.aladdin.loopback import Loopback, Reply
from tests.aladdin.simulator.program import command, serving
from tests.aladdin.simulator.samples import GROUPS, Caller, Ruler


class Prompt:
    """A command line and what it said."""

    def __init__(self, data: Path, said: pytest.CaptureFixture[str]) -> None:
        self._data = data
        self._said = said

    def __call__(self, *words: str) -> str:
        """What it said when all went well."""
        ended = program.main(["trouble", "--data", str(self._data), *words])
        said = self._said.readouterr()
        assert (ended, said.err) == (0, "")
        return said.out

    def fails(self, *words: str) -> str:
        """The sentence it failed with."""
        assert program.main(["trouble", "--data", str(self._data), *words]) == 1
        said = self._said.readouterr()
        assert said.out == ""
        return said.err


@pytest.fixture
def prompt(running: Running, world_dir: Path, trouble: Ruler, capsys: pytest.CaptureFixture[str]) -> Prompt:
    return Prompt(world_dir, capsys)


def test_faults_are_added_shown_with_their_counts_and_cleared(prompt: Prompt, caller: Caller) -> None:
    assert "nothing goes wrong" in prompt("show")
    added = prompt("add", "server-error status=501 path=*/members next=1", "latency seconds=0.001")
    assert "2 faults in force\n1. server-error path=*/members next=1 status=501  (struck 0 of 0)" in added
    assert caller.get(f"{GROUPS}/CORE/members").status_code == 501
    assert "(struck 1 of 1)" in prompt("add", "timeout path=nowhere")  # those in force go on counting
    assert "3. timeout path=nowhere" in prompt("show")
    assert "nothing goes wrong" in prompt("clear")


def test_a_plan_that_is_set_takes_the_place_of_the_other_and_counts_from_the_start(
    prompt: Prompt, caller: Caller, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"faults": [{"kind": "server-error", "next": 1}]}))
    prompt("add", "latency seconds=0.001")
    for _ in range(2):
        assert "1 fault in force\n1. server-error next=1  (struck 0 of 0)" in prompt("set", str(plan))
        assert [caller.get(f"{GROUPS}/CORE/members").status_code for _ in range(2)] == [503, 200]
    assert "1. latency seconds=3.0" in prompt("set", "slow")


def test_a_fault_that_cannot_be_used_changes_nothing(prompt: Prompt) -> None:
    prompt("set", "stalled")
    assert "there is no fault 'latensy'" in prompt.fails("add", "timeout", "latensy seconds=1")
    assert "no ready-made plan of that name" in prompt.fails("set", "stalld")
    assert "1 fault in force\n1. stalled-order after-fills=1" in prompt("show")


def test_where_no_server_runs_it_says_how_to_start_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = Prompt(tmp_path, capsys).fails("show")
    assert f"No simulated Aladdin runs in {tmp_path}" in said
    assert f"python -m aladdin.simulator --book demo --data {tmp_path}" in said


def test_a_port_that_is_another_programs_by_now_is_told_no_secret(
    running: Running, world_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notice = read_notice(world_dir)
    assert notice is not None
    with Loopback(lambda asked: Reply({"hello": "world"})) as other:
        Notice(other.url, notice.pid, notice.credentials, notice.source, notice.book_id).post(tmp_path)
        assert "No simulated Aladdin runs in" in Prompt(tmp_path, capsys).fails("clear")
        assert [asked.headers.get("Authorization") for asked in other.asked] == [None]


def test_without_a_directory_it_finds_the_one_server_of_the_app(
    running: Running,
    world_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(console, "DATA", tmp_path)
    assert console.main(["show"]) == 1
    assert "No simulated Aladdin runs for the app" in capsys.readouterr().err
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    shutil.copy(world_dir / NOTICE_FILE, tmp_path / "one" / NOTICE_FILE)
    assert console.main(["show"]) == 0
    assert running.url in capsys.readouterr().out
    shutil.copy(world_dir / NOTICE_FILE, tmp_path / "two" / NOTICE_FILE)
    assert console.main(["show"]) == 1
    several = capsys.readouterr().err
    assert "say which with --data" in several
    assert str(tmp_path / "one") in several


def test_a_server_may_start_with_a_plan(book_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main([*command(str(book_dir), tmp_path)[3:], "--faults", "nothing-like-it"]) == 1
    assert "no ready-made plan of that name" in capsys.readouterr().err
    with serving(str(book_dir), tmp_path, "--faults", "stalled"):
        assert "1. stalled-order after-fills=1  (struck 0 of 0)" in Prompt(tmp_path, capsys)("show")
