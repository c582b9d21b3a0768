"""The choices of a block, read back from the canonical JSON that drafts and statements keep them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from allocation.engines.instructions import Instruction
from allocation.model import Choices, Metric

_CHOICES = TypeAdapter(Choices)
_INSTRUCTION = TypeAdapter(Instruction)


def read_choices(kept: Mapping[str, Any]) -> Choices:
    """The choices as they were; ValueError (pydantic's) for what this version cannot read."""
    parameters = {
        name: {key: _instruction(item) for key, item in value.items()} if isinstance(value, Mapping) else value
        for name, value in kept["parameters"].items()
    }
    return _CHOICES.validate_python(
        {**kept, "metric": Metric.of(kept["metric"]), "parameters": parameters, "excluded": frozenset(kept["excluded"])}
    )


def _instruction(item: Any) -> Any:
    """What was asked for one account; figures are as they were written."""
    return _INSTRUCTION.validate_python(item) if isinstance(item, Mapping) else item
