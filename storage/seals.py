"""Hashes kept outside the store: whoever can rewrite every row could rebuild the chains, but not what was noted
elsewhere."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from orders.errors import SettingsError
from storage.audit import REGISTRY
from storage.dialects import at_most
from storage.schema import audit_log

_LINE = re.compile(r"(?P<stream>\S.*) (?P<seq>\d+) (?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Seal:
    """The number and hash of one audit entry. As text it is a line that `read_seals` understands."""

    stream: str
    seq: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.stream} {self.seq} {self.sha256}"


def newest(conn: Connection) -> Seal | None:
    """The registry's newest entry, which vouches for every entry of every stream; None in a ledger without any."""
    query = select(audit_log.c.seq, audit_log.c.sha256).where(audit_log.c.stream == REGISTRY)
    row = conn.execute(query.order_by(audit_log.c.seq.desc()).limit(at_most(1))).first()
    return Seal(REGISTRY, row.seq, row.sha256) if row else None


def read_seals(path: Path) -> tuple[Seal, ...]:
    """The hashes in a file: the app's own log, which says each one it commits, or lines as `verify` and `backup` print
    them; every other line is passed over. `SettingsError` where the file cannot be read or has none."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            found = tuple(seal for line in lines if (seal := _seal(line.strip())))
    except OSError as error:
        raise SettingsError(f"The file of kept hashes {path} cannot be read: {error.strerror}.") from error
    if not found:
        raise SettingsError(
            f"The file {path} has no hash of the ledger's. Give the app's log, or a file of lines as `verify` prints: "
            "registry, the entry's number, its hash."
        )
    return found


def _seal(line: str) -> Seal | None:
    if match := _LINE.fullmatch(line):
        return Seal(match["stream"], int(match["seq"]), match["sha256"])
    if not line.startswith("{"):
        return None
    try:
        said = json.loads(line)
        return Seal(said["stream"], int(said["seq"]), said["sha256"]) if "sha256" in said else None
    except (ValueError, KeyError, TypeError):
        return None  # a line of the log that is cut short, or about something else


def broken(conn: Connection, kept: Sequence[Seal]) -> Iterator[str]:
    """A sentence for each stream that no longer has what was kept of it, in one pass over the log."""
    wanted: defaultdict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for seal in kept:
        wanted[seal.stream][seal.seq].add(seal.sha256)
    gone = {stream: set(numbers) for stream, numbers in wanted.items()}
    other: defaultdict[str, list[int]] = defaultdict(list)
    query = select(audit_log.c.stream, audit_log.c.seq, audit_log.c.sha256).where(audit_log.c.stream.in_(wanted))
    for row in conn.execute(query.execution_options(yield_per=10_000)):
        gone[row.stream].discard(row.seq)
        if wanted[row.stream].get(row.seq, {row.sha256}) != {row.sha256}:
            other[row.stream].append(row.seq)
    for stream in sorted(wanted):
        if gone[stream]:
            yield f"{_noted(stream, gone[stream])} and is gone: the tail was cut off, or an older backup restored."
        if other[stream]:
            yield f"{_noted(stream, other[stream])}, with another hash: the ledger was rewritten from there on."


def lacks(conn: Connection, sha256: str) -> bool:
    """Whether no entry of the log has this hash."""
    return not conn.scalar(select(func.count()).select_from(audit_log).where(audit_log.c.sha256 == sha256))


def _noted(stream: str, numbers: set[int] | list[int]) -> str:
    if len(numbers) == 1:
        return f"Entry {min(numbers)} of {stream} was noted outside the ledger"
    return f"{len(numbers)} entries of {stream} ({min(numbers)} to {max(numbers)}) were noted outside the ledger"
