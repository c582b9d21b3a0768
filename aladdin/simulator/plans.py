"""How a fault plan is written: fault by fault as a line of text, as a JSON file, or by the name of a ready-made one."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from aladdin.simulator.errors import BadPlan
from aladdin.simulator.faults import AnyFault, FaultList

FAULT: TypeAdapter[AnyFault] = TypeAdapter(AnyFault)

READY_MADE: Mapping[str, tuple[str, ...]] = {
    "slow": ("latency seconds=3",),
    "down": ("server-error",),
    "unreachable": ("connection-reset",),
    "flaky": ("server-error probability=0.3", "malformed-json probability=0.1"),
    "throttled": ("too-many-requests retry-after=2 probability=0.5",),
    "signed-out": ("expired-token next=1",),
    "lost-answers": ("connection-reset when=after path=*/order:post next=1",),
    "silent": ("timeout when=after path=*/order:post next=1",),
    "compliance": ("compliance-restriction",),
    "compliance-refuses": ("compliance-restriction outcome=refused",),
    "rejected": ("rejected-order",),
    "stalled": ("stalled-order after-fills=1",),
    "expired": ("expired-order after-fills=2",),
    "too-late": ("cancel-loses-to-fill",),
}


def fault_of(line: str) -> AnyFault:
    """The fault in a line such as `latency seconds=2 path=*/order:post next=1`. Raises BadPlan saying what is wrong."""
    try:
        kind, *fields = shlex.split(line) or [""]
    except ValueError as error:
        raise BadPlan(f"The fault {line!r} cannot be read: {error}.") from error
    given: dict[str, str] = {}
    for text in fields:
        name, equals, value = text.partition("=")
        name = name.replace("-", "_")
        if not equals or name in ("kind", *given):
            raise BadPlan(f"The fault {line!r} cannot be read at {text!r}: after the kind, each field=value once.")
        given[name] = value
    try:
        return FAULT.validate_python({"kind": kind} | given)
    except ValidationError as error:
        raise BadPlan(f"The fault {line!r} cannot be used: {wrongs(error)}.") from error


def line_of(fault: AnyFault) -> str:
    """A fault as a line of text, without what goes without saying."""
    fields = fault.model_dump(mode="json", exclude_defaults=True)
    kind = fields.pop("kind")
    return " ".join([kind, *(_word(f"{name.replace('_', '-')}={value}") for name, value in fields.items())])


def _word(text: str) -> str:
    """One word of a line: in quotes only where `shlex.split` would take it apart."""
    return shlex.quote(text) if re.search(r"[\s'\"\\]", text) else text


def read_plan(given: str) -> list[AnyFault]:
    """The faults of a ready-made plan, or of a JSON file `{"faults": [...]}`. Raises BadPlan naming what is wrong."""
    if given in READY_MADE:
        return [fault_of(line) for line in READY_MADE[given]]
    try:
        return FaultList.model_validate(json.loads(Path(given).read_text(encoding="utf-8"))).faults
    except FileNotFoundError as error:
        raise BadPlan(
            f"There is no file {given}, and no ready-made plan of that name: those are {', '.join(READY_MADE)}."
        ) from error
    except OSError as error:
        raise BadPlan(f"The fault plan {given} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise BadPlan(f"The fault plan {given} cannot be used: {wrongs(error)}.") from error
    except ValueError as error:
        raise BadPlan(f"The fault plan {given} is not JSON: {error}.") from error


def wrongs(error: ValidationError) -> str:
    """What is wrong in a plan, field by field."""
    return "; ".join(map(_wrong, error.errors(include_url=False)))


def _wrong(wrong: Any) -> str:
    where = f"{'.'.join(map(str, wrong['loc']))}: " if wrong["loc"] else ""
    match wrong["type"]:
        case "union_tag_invalid":
            return f"{where}there is no fault {wrong['ctx']['tag']!r}, only {wrong['ctx']['expected_tags']}"
        case "union_tag_not_found":
            return f"{where}a fault needs a kind"
        case "extra_forbidden":
            return f"{where}there is no such field"
        case _:
            return f"{where}{wrong['msg']}"
