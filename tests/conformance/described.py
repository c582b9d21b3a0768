"""The published descriptions in the SDK's wheels, and whether an answer keeps to them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zipfile import ZipFile

from jsonschema import Draft4Validator, FormatChecker

from tests.conformance import sdk

_WANTED = ("OrderAPI", "PortfolioGroupAPI", "PortfolioToolkitAPI", "CashLadderAPI")
_FORMATS = FormatChecker(())


@_FORMATS.checks("int32", raises=ValueError)
def _int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


@_FORMATS.checks("int64", raises=ValueError)
def _int64(value: object) -> bool:
    """As a string on the wire: the descriptions give it the type string."""
    return not isinstance(value, str) or -(2**63) <= int(value) < 2**63


@_FORMATS.checks("date", raises=ValueError)
def _date(value: object) -> bool:
    return not isinstance(value, str) or (bool(date.fromisoformat(value)) and len(value) == 10)


@_FORMATS.checks("date-time", raises=ValueError)
def _date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@dataclass(frozen=True)
class Operation:
    """One published operation: its full path, what it asks for, and the schema of each answer by HTTP status."""

    method: str
    path: str
    scopes: frozenset[str]
    quota: int | None
    answers: dict[str, dict[str, Any]]

    def serves(self, method: str, path: str) -> bool:
        """Whether a request is for this operation."""
        pattern = re.sub(r"\\{\w+\\}", "[^/:]+", re.escape(self.path))
        return method == self.method and re.fullmatch(pattern, path) is not None

    def faults(self, status: int, answer: Any) -> list[str]:
        """Where an answer departs from its description, each as a path and a reason."""
        # 429 is published outside the wheels only, with the body of every other refusal.
        schema = self.answers.get(str(400 if status == 429 else status))
        if schema is None:
            return [f"status {status} is not described"]
        validator = Draft4Validator(schema, format_checker=_FORMATS)
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer)]


def operations() -> list[Operation]:
    """All operations of the four APIs that this project calls."""
    found = []
    for wheel in sdk.wheels():
        with ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.endswith("/swagger.json") and name.split("/")[-2] in _WANTED:
                    found += _operations(json.loads(archive.read(name)))
    return found


def _operations(swagger: dict[str, Any]) -> list[Operation]:
    definitions = {name: _closed(schema) for name, schema in swagger["definitions"].items()}
    base = swagger["basePath"].rstrip("/")
    return [
        Operation(
            method.upper(),
            base + path,
            frozenset(scope for way in described["security"] for scope in way.get("OAuth2ClientCredentials", ())),
            described.get("x-quota-limit"),
            {
                status: _closed(answer["schema"]) | {"definitions": definitions}
                for status, answer in described["responses"].items()
            },
        )
        for path, methods in swagger["paths"].items()
        for method, described in methods.items()
    ]


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without room for fields that it does not name: clients drop those, and a misspelt one would go
    unseen. Any is left open, as it stands for anything."""
    named = schema.get("properties", {})
    return schema if not named or named.keys() == {"@type"} else schema | {"additionalProperties": False}
