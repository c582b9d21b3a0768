"""The benchmark of the screens: what it does is what a person does, and what it counts is what came."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.reading.book import write_book
from bench.screens.browsing import NotThere, Session
from bench.screens.crowd import read_crowd, write_people
from bench.screens.job import assets, confirm, preview, sign_in
from bench.screens.serving import Served, serve

PROJECT = Path(__file__).parents[2]
BOOK = (60, 600)  # accounts, positions


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("screens")
    book = write_book(folder / "book", *BOOK)
    with serve(book, folder / "data", write_people(book, 0)) as served:
        yield served


def test_the_main_job_ends_with_an_order(app: Served) -> None:
    with Session(app.url) as session:
        sign_in(session)
        steps = [*preview(session, assets(600, 60)[0]), *confirm(session)]
        assert session.query.startswith("order=EL-")
        assert "confirmed by pm" in session.text()
    assert all(run.seconds > 0 and run.moved == sum(run.weights.values()) for _, run in steps)


def test_what_a_browser_keeps_is_not_sent_again(app: Served) -> None:
    with Session(app.url) as session:
        first, again = sign_in(session), session.again()
    assert first.weights["dataframe"] > 10_000
    assert "dataframe" not in again.weights
    assert again.moved < first.moved / 2


def test_what_is_not_on_the_page_cannot_be_pressed(app: Served) -> None:
    with Session(app.url) as session:
        session.visit("")
        with pytest.raises(NotThere, match="No story on /"):
            session.click("story")


def test_no_page_of_an_order_sends_its_statement_before_it_is_opened(app: Served) -> None:
    with Session(app.url) as session:
        sign_in(session)
        list(preview(session, assets(600, 60)[1]))
        list(confirm(session))
        assert "json" not in session.again().weights


@pytest.mark.soak
def test_everybody_of_a_crowd_gets_an_order(tmp_path: Path) -> None:
    book = write_book(tmp_path / "book", *BOOK)
    with serve(book, tmp_path / "data", write_people(book, 2)) as served:
        found = read_crowd(served, assets(600, 60), 2, 1)
    assert (found.done, found.faults) == (2, [])


@pytest.mark.soak
def test_it_runs_as_a_command_and_writes_its_section(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    command = [sys.executable, "-m", "bench", "screens", "--quick", "--out", str(page)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, timeout=300)
    assert page.read_text(encoding="utf-8").startswith("# The screens, measured")
