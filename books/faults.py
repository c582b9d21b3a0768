"""What is wrong with a book: faults, which stop it from being read, and warnings, which do not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that must be mended. `line` counts from 1 (the header) and is 0 for a whole file or folder; `column`
    is empty for a whole line."""

    file: str
    line: int
    column: str
    found: str
    expected: str

    def __str__(self) -> str:
        place = self.file + (f", line {self.line}" if self.line else "")
        place += f", column {self.column}" if self.column else ""
        return f"{place}: expected {self.expected}; found {self.found}"


class BookError(Exception):
    """A book cannot be read. The text lists every fault found, so that all can be mended in one go."""

    def __init__(self, source: str, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        heading = f"The book {source} cannot be read: {counted(len(self.faults), 'fault')}."
        super().__init__("\n".join([heading, *(f"- {fault}" for fault in self.faults)]))


@dataclass(slots=True)
class Findings:
    """Faults and warnings gathered while a book is read."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def fault(self, file: str, line: int, column: str, found: str, expected: str) -> None:
        self.faults.append(Fault(file, line, column, found, expected))


def quoted(text: str) -> str:
    """A cell as it stands in a sentence: in quotes, cut when long; "nothing" when blank."""
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'" if text else "nothing"


def counted(number: int, noun: str) -> str:
    """A number with its noun in the singular or plural."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def listed(items: Iterable[str], most: int = 5) -> str:
    """The first few of many, and how many more there are."""
    found = list(items)
    rest = f" and {len(found) - most:,} more" if len(found) > most else ""
    return ", ".join(found[:most]) + rest
