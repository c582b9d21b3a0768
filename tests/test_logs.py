from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from logs import lines_about, log_as_json
from masks import Masks
from orders.model import BrokerOrder
from tests.orders.watch import watching

SECRET = "hush-hush-4711"


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_defect_is_logged_with_its_places_and_nothing_that_its_frames_held(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = watching(tmp_path)
    log_as_json("INFO", Masks())

    def broken(ticket: object, not_after: object) -> BrokerOrder:
        headers = {"Authorization": f"Bearer {SECRET}"}
        watch.worker.stop()
        raise RuntimeError(f"cannot send with {len(headers)} header")

    watch.broker.post = broken  # type: ignore[method-assign]
    watch.worker.run()
    written = capsys.readouterr().err
    (line,) = [json.loads(line) for line in written.splitlines() if "order broke the worker" in line]
    (raised,) = line["exception"]
    assert (raised["exc_type"], raised["exc_value"]) == ("RuntimeError", "cannot send with 1 header")
    assert [frame["name"] for frame in raised["frames"]][-1] == "broken"
    assert SECRET not in written


def test_a_line_is_one_json_object_with_its_time_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    log_as_json("INFO", Masks())
    structlog.get_logger().debug("too fine")
    structlog.get_logger().info("opened", book="demo")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["book"]) == ("opened", "info", "demo")
    assert "timestamp" in line


def test_a_reference_finds_the_lines_that_name_it_and_nothing_finds_none(capsys: pytest.CaptureFixture[str]) -> None:
    log_as_json("INFO", Masks())
    structlog.get_logger().warning("outside failure shown", reference="4711abcd0815")
    structlog.get_logger().info("something else")
    (line,) = lines_about("4711abcd0815")
    assert json.loads(line)["event"] == "outside failure shown"
    assert line in capsys.readouterr().err
    assert lines_about("") == lines_about("never said") == lines_about("level") == lines_about("4711") == ()
    structlog.get_logger().info("ledger.committed", command="c-1")
    assert len(lines_about("c-1")) == 1
