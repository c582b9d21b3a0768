"""What is given to whoever runs the app: rules and a dashboard that ask for figures there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

import bootstrap
from tests.house import house_on
from tests.test_endpoints import ask

DEPLOY = Path(__file__).parents[1] / "deploy"


def test_alerts_and_dashboard_ask_only_for_figures_that_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"][0]["rules"]
    panels = json.loads((DEPLOY / "dashboard.json").read_text())["panels"]
    asked = [rule["expr"] for rule in rules] + [target["expr"] for panel in panels for target in panel["targets"]]
    with house_on(tmp_path) as house:
        monkeypatch.setattr(bootstrap, "_house", [house])
        given = set(re.findall(r"^# TYPE (\w+)", ask("/metrics").text, re.MULTILINE))
    # with an order that waits, and with a worker
    given |= {f"evenlot_{name}" for name in ("outbox_oldest_seconds", "worker_round_age_seconds", "orders_held_up")}
    wanted = set(re.findall(r"evenlot_\w+", " ".join(asked)))
    assert len(wanted) > 15
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in wanted} <= given
