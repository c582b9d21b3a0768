"""What is given to whoever runs the app: rules and a dashboard that ask for figures there are, of jobs there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase

import bootstrap
from orders.dispatch import LEASE, LEASE_SECONDS
from orders.lease import Pulse
from tests.house import confirmed, house_on
from tests.test_endpoints import ask
from watch import counts

DEPLOY = Path(__file__).parents[1] / "deploy"
RULES = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
PANELS = json.loads((DEPLOY / "dashboard.json").read_text())["panels"]
ASKED = [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """Every name of a figure with the labels it has, of a desk with an order that waits and a worker."""
    with pytest.MonkeyPatch.context() as patch, house_on(tmp_path_factory.mktemp("deploy")) as house:
        patch.setattr(bootstrap, "_house", [house])
        confirmed(house)
        pulse = Pulse(house.health.clock.now(), "", 1)
        assert house.health.ledger.acquire(LEASE, house.dispatch.holder, LEASE_SECONDS, pulse) is not None
        text = ask("/metrics").text
        found: dict[str, set[str]] = {name: set() for name in re.findall(r"^# TYPE (\w+)", text, re.MULTILINE)}
        for name, labels in re.findall(r"^(evenlot_\w+)(?:\{(.*)\})? ", text, re.MULTILINE):
            found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
        for counted in vars(counts).values():  # what has counted nothing yet has no line with its labels
            if isinstance(counted, MetricWrapperBase):
                (family,) = counted.collect()
                for suffix in ("_total",) if isinstance(counted, Counter) else ("_bucket", "_count", "_sum"):
                    found.setdefault(family.name + suffix, set()).update(counted._labelnames)
        yield found


def test_alerts_and_dashboard_ask_only_for_figures_that_are_given(given: dict[str, set[str]]) -> None:
    wanted = set(re.findall(r"evenlot_\w+", " ".join(ASKED)))
    assert len(wanted) > 20
    assert wanted <= given.keys()


def test_each_expression_asks_by_labels_that_its_figures_have(given: dict[str, set[str]]) -> None:
    for expression in ASKED:
        assert all(expression.count(left) == expression.count(right) for left, right in ("()", "{}", "[]"))
        names = re.findall(r"evenlot_\w+|\bup\b", expression)
        has = {"job", "instance", "le"}.union(*(given.get(name, set()) for name in names))
        by = {label.strip() for labels in re.findall(r"by \(([^)]*)\)", expression) for label in labels.split(",")}
        asked = set(re.findall(r"(\w+)(?:=~|!=|=)\"", expression))
        assert (by | asked) <= has, expression


def test_what_is_told_of_an_alert_or_a_curve_names_labels_that_are_left(given: dict[str, set[str]]) -> None:
    told: list[tuple[str, str]] = [(rule["expr"], rule["annotations"]["summary"]) for rule in RULES]
    told += [(target["expr"], target["legendFormat"]) for panel in PANELS for target in panel["targets"]]
    for expression, sentence in told:
        named = set(re.findall(r"\$labels\.(\w+)", sentence)) | set(re.findall(r"\{\{(\w+)\}\}", sentence))
        grouped = re.search(r"by \(([^)]*)\)", expression)
        if grouped:
            left = {label.strip() for label in grouped[1].split(",")}
        elif re.match(r"(?:\d+ \* )?(?:sum|max|min)\(", expression):
            left = set[str]()
        else:
            left = {"job", "instance"}
        assert named <= left, expression


def test_every_alert_is_explained_and_every_job_that_rules_name_is_scraped() -> None:
    explained = (DEPLOY.parent / "docs" / "operations.md").read_text()
    for rule in RULES:
        name = rule["alert"].removeprefix("Evenlot")
        assert re.search(rf"^\| [^|]*\b{name}\b", explained, re.MULTILINE), name
    scraped: Any = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"]
    named = re.findall(r'job=~?"([^"]*)"', " ".join(ASKED))
    assert {job for jobs in named for job in jobs.split("|")} == {one["job_name"] for one in scraped}
