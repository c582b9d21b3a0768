"""The cache on disk: JSON only, private, and never in the way."""

from __future__ import annotations

import pickle
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from aladdin.reading.cache import AnswerCache, Entry

ENTRY = Entry('{"n": 1.10, "ü": "☃"}', datetime(2026, 11, 20, 15, 0, tzinfo=UTC), date(2026, 11, 20))


class Planted:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.mark,)


def test_an_entry_is_read_back_as_it_was_kept(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "cache")
    cache.put("a", ENTRY)
    assert cache.get("a") == ENTRY
    assert cache.get("b") is None
    cache.close()


def test_another_process_or_start_finds_what_was_kept(tmp_path: Path) -> None:
    AnswerCache(tmp_path / "cache").put("a", ENTRY)
    assert AnswerCache(tmp_path / "cache").get("a") == ENTRY


@given(text=st.text(), key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, text: str, key: str) -> None:
    cache = AnswerCache(tmp_path_factory.getbasetemp() / "any")
    cache.put(key, Entry(text, ENTRY.as_of, ENTRY.on))
    found = cache.get(key)
    assert found is not None
    assert found.text == text


def test_a_large_answer_is_kept_in_a_file_of_its_own(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "cache")
    large = Entry("x" * 3_000_000, ENTRY.as_of, ENTRY.on)
    cache.put("a", large)
    assert cache.get("a") == large


def test_keys_are_listed_by_their_start(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "cache")
    for n in range(250):
        cache.put(f"w|positions|{n:03}", ENTRY)
    cache.put("w|master|X", ENTRY)
    assert cache.keys("w|positions|") == tuple(f"w|positions|{n:03}" for n in range(250))


def test_nobody_else_may_read_the_directory(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    directory.mkdir(mode=0o755)
    AnswerCache(directory)
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_planted_pickle_is_never_run(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "cache")
    cache.put("a", ENTRY)
    mark = tmp_path / "ran"
    with sqlite3.connect(tmp_path / "cache" / "cache.db") as db:
        db.execute("UPDATE Cache SET mode = 4, value = ?", (pickle.dumps(Planted(mark)),))
    assert cache.get("a") is None
    assert not mark.exists()
    with sqlite3.connect(tmp_path / "cache" / "cache.db") as db:
        db.execute(
            "INSERT INTO Cache (key, raw, mode, value) VALUES (?, 0, 4, ?)", (pickle.dumps(Planted(mark)), b"{}")
        )
    cache.keys("")
    assert not mark.exists()


def test_a_value_that_is_not_ours_is_dropped_and_the_rest_kept(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "cache")
    cache.put("a", ENTRY)
    cache.put("b", ENTRY)
    with sqlite3.connect(tmp_path / "cache" / "cache.db") as db:
        db.execute("UPDATE Cache SET value = ? WHERE key = 'a'", (b'{"other": 1}',))
    assert cache.get("a") is None
    assert cache.get("b") == ENTRY
    assert cache.keys("") == ("b",)


def test_a_corrupt_file_is_set_aside_and_the_cache_begun_anew(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    AnswerCache(directory).close()
    (directory / "cache.db").write_bytes(b"this is not a database" * 500)
    with structlog.testing.capture_logs() as lines:
        cache = AnswerCache(directory)
    cache.put("a", ENTRY)
    assert cache.get("a") == ENTRY
    assert [line["event"] for line in lines] == ["cache_set_aside"]
    assert len(list(tmp_path.glob("cache.broken-*/cache.db"))) == 1


def test_a_file_that_breaks_while_in_use_is_set_aside_too(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    cache = AnswerCache(directory)
    for n in range(500):
        cache.put(f"key {n}", ENTRY)
    cache.close()  # folds the write-ahead log into the file; the next use opens it again
    file = directory / "cache.db"
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096))
    for n in range(500):
        cache.get(f"key {n}")
    cache.put("a", ENTRY)
    assert cache.get("a") == ENTRY
    assert len(list(tmp_path.glob("cache.broken-*"))) == 1


def test_a_second_process_takes_over_what_the_first_began_anew_and_sets_nothing_aside(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    first, second = AnswerCache(directory), AnswerCache(directory)
    for cache in (first, second):
        cache.put("old", ENTRY)
        cache.close()
    (directory / "cache.db").write_bytes(b"this is not a database" * 500)
    assert first.get("old") is None
    first.put("new", ENTRY)
    second.get("old")
    assert second.get("new") == ENTRY
    second.put("newer", ENTRY)
    assert first.get("newer") == ENTRY
    assert len(list(tmp_path.glob("cache.broken-*"))) == 1


def test_a_directory_that_was_taken_away_is_made_again(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    cache = AnswerCache(directory)
    cache.put("a", ENTRY)
    cache.close()
    shutil.rmtree(directory)
    assert cache.get("a") is None
    cache.put("b", ENTRY)
    assert cache.get("b") == ENTRY


def test_two_processes_read_what_the_other_has_written(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "cache")
    cache.put("ours", ENTRY)
    program = """
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from aladdin.reading.cache import AnswerCache, Entry
cache = AnswerCache(Path(sys.argv[1]))
assert cache.get("ours") is not None
for n in range(200):
    cache.put(f"theirs {n}", Entry("{}", datetime(2026, 11, 20, tzinfo=UTC), date(2026, 11, 20)))
"""
    other = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "cache")])
    for n in range(200):
        cache.put(f"ours {n}", ENTRY)
    assert other.wait(60) == 0
    assert len(cache.keys("ours ")) == len(cache.keys("theirs ")) == 200
