"""The page's sections, and the reading bench from end to end at its smallest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import placed
from bench.reading.crowd import CrowdReading
from bench.reading.report import _crowd
from bench.reading.timing import took

PROJECT = Path(__file__).parents[2]


def test_a_section_takes_the_place_of_the_one_with_its_heading_and_leaves_the_others() -> None:
    page = "# One\n\nold\n\n## inside\n\n# Two\n\nkept\n"
    assert placed(page, "# One\n\nnew\n") == "# One\n\nnew\n\n# Two\n\nkept\n"
    assert placed(page, "# Two\n\nnew\n") == "# One\n\nold\n\n## inside\n\n# Two\n\nnew\n"


def test_a_new_section_comes_last_and_the_first_makes_the_page() -> None:
    assert placed("# One\n\nold\n", "# Two\n\nnew\n") == "# One\n\nold\n\n# Two\n\nnew\n"
    assert placed("", "# One\n") == "# One\n"


def test_every_go_is_timed() -> None:
    goes: list[str] = []
    spent = took(lambda: goes.append("a"), lambda: goes.append("b"), times=2)
    assert goes == ["a", "b", "a", "b"]
    assert 0 <= spent.middle <= spent.most


def test_what_a_crowd_makes_is_told_beside_what_it_may() -> None:
    said = _crowd(CrowdReading(allowed=300, seconds=75, crowded=270, made=400, ours=800.0, bare=1000.0))
    assert "the fullest minute had 270 calls, 90% of the quota; 400 went out" in said
    assert "800 calls a second, and 1,000 with bare httpx: 80% of it" in said


@pytest.mark.soak
def test_the_reading_part_runs_by_itself_and_writes_its_section(tmp_path: Path) -> None:
    out = tmp_path / "page.md"
    out.write_text("# Other\n\nkept\n", encoding="utf-8")
    command = [sys.executable, "-m", "bench", "reading", "--quick", "--out", str(out)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    page = out.read_text(encoding="utf-8")
    assert page.startswith("# Other\n\nkept\n\n# Reading Aladdin, measured\n")
    assert "| 5 | 500 | 6 |" in page
