"""A plan as people write it: lines, files, ready-made ones; and what they are told when it cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aladdin.simulator.errors import BadPlan
from aladdin.simulator.faults import AnyFault, ComplianceRestriction, Latency, StalledOrder, Timeout, When
from aladdin.simulator.plans import FAULT, READY_MADE, fault_of, line_of, read_plan

counts = st.one_of(
    st.just({}),
    st.builds(lambda n: {"next": n}, st.integers(1, 10**6)),
    st.builds(lambda p, s: {"probability": p, "seed": s}, st.floats(0.001, 1), st.integers()),
)
kinds = st.one_of(
    st.builds(lambda s: {"kind": "latency", "seconds": s}, st.floats(0.001, 3600)),
    st.builds(lambda w: {"kind": "timeout", "when": w}, st.sampled_from(["before", "after"])),
    st.builds(lambda s: {"kind": "too-many-requests", "retryAfter": s}, st.integers(0, 3600)),
    st.builds(lambda s: {"kind": "server-error", "status": s}, st.integers(500, 599)),
    st.builds(lambda n: {"kind": "stalled-order", "afterFills": n}, st.integers(0, 9)),
    st.sampled_from([{"kind": "expired-token"}, {"kind": "compliance-restriction", "outcome": "refused"}]),
)
paths = st.one_of(st.just({}), st.builds(lambda text: {"path": text}, st.text(min_size=1)))
faults = st.builds(lambda kind, path, count: FAULT.validate_python(kind | path | count), kinds, paths, counts)


@given(faults)
def test_a_fault_written_as_a_line_is_read_as_the_same_fault(fault: AnyFault) -> None:
    assert fault_of(line_of(fault)) == fault


def test_a_line_names_fields_as_people_or_as_json_spell_them() -> None:
    assert fault_of("stalled-order after-fills=2") == fault_of("stalled-order afterFills=2")
    assert fault_of("latency seconds=2 path=*/order:post next=1") == Latency(
        kind="latency", seconds=2, path="*/order:post", next=1
    )
    assert line_of(Timeout(kind="timeout", when=When.AFTER)) == "timeout when=after"


@pytest.mark.parametrize("name", READY_MADE)
def test_every_ready_made_plan_can_be_used(name: str) -> None:
    assert [line_of(fault) for fault in read_plan(name)]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "there is no fault ''"),
        ("latensy seconds=2", "there is no fault 'latensy', only 'latency', 'timeout'"),
        ("latency", "seconds: Field required"),
        ("latency seconds=two", "seconds: Input should be a valid number"),
        ("latency seconds=0", "seconds: Input should be greater than 0"),
        ("latency seconds=2 colour=red", "colour: there is no such field"),
        ("latency seconds", "at 'seconds': after the kind, each field=value once"),
        ("latency seconds=1 seconds=2", "at 'seconds=2'"),
        ("latency seconds=1 kind=timeout", "at 'kind=timeout'"),
        ("latency seconds=1 next=1 probability=0.5", "give either next or probability, not both"),
        ("latency 'seconds=1", "No closing quotation"),
    ],
)
def test_a_line_that_cannot_be_used_says_why(line: str, says: str) -> None:
    with pytest.raises(BadPlan, match=says):
        fault_of(line)


def test_a_file_holds_the_plan_as_json(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({"faults": [{"kind": "stalled-order", "afterFills": 1}, {"kind": "timeout"}]}))
    assert read_plan(str(path)) == [StalledOrder(kind="stalled-order", after_fills=1), Timeout(kind="timeout")]
    assert read_plan("compliance") == [ComplianceRestriction(kind="compliance-restriction")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "cannot be used"),
        ('{"faults": [{"kind": "timeout", "seconds": -1}]}', r"faults\.0\.timeout\.seconds"),
        ('{"faults": [{"seconds": 1}]}', r"faults\.0: a fault needs a kind"),
        ('{"faults": [], "more": 1}', "more: there is no such field"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(BadPlan, match=says) as refused:
        read_plan(str(path))
    assert str(path) in str(refused.value)


def test_a_name_that_is_nothing_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(BadPlan, match=r"no ready-made plan of that name: those are slow, down, "):
        read_plan(str(tmp_path / "slwo"))
    with pytest.raises(BadPlan, match="cannot be read: Is a directory"):
        read_plan(str(tmp_path))
