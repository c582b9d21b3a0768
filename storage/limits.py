"""The limits table as rows: written whole, version after version, and never changed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from allocation.limits import Limit, LimitTable, Rule
from orders.canonical import canonical
from orders.errors import Difference, VersionConflict
from orders.model import LimitVersion
from storage.schema import limit_rows, limit_versions
from storage.unit import Outcome


def newest_version(conn: Connection) -> int:
    """The number of the newest version; 0 when there is none."""
    return conn.scalar(select(func.max(limit_versions.c.version))) or 0


def newest(conn: Connection) -> LimitTable:
    """The newest version of the table; the empty version 0 when there is none."""
    version = newest_version(conn)
    query = select(limit_rows).where(limit_rows.c.version == version).order_by(limit_rows.c.place)
    return LimitTable(version, tuple(_limit(row) for row in conn.execute(query)))


def versions(conn: Connection) -> tuple[LimitVersion, ...]:
    """Every version, newest first: one query for them, one for all their rows."""
    rows = _rows(conn)
    query = select(limit_versions).order_by(limit_versions.c.version.desc())
    return tuple(
        LimitVersion(
            row.written_at, row.actor, row.remark, LimitTable(row.version, tuple(map(_limit, rows[row.version])))
        )
        for row in conn.execute(query)
    )


def asked(rows: Sequence[Limit], comment: str) -> dict[str, object]:
    """What a change of the limits asks for."""
    return {"comment": comment, "rows": [_plain(row) for row in rows]}


def write(conn: Connection, rows: Sequence[Limit], after: int, actor: str, at: datetime, comment: str) -> Outcome:
    """Write `rows` as the version that follows `after`. `VersionConflict`, and `InvalidLimit` for two rows that say
    the same thing."""
    found = newest_version(conn)
    if found != after:
        raise VersionConflict(
            f"Someone changed the limits since you opened them: they are at version {found}, and this change was made "
            f"from version {after}. Look at the newest ones, then save what still applies.",
            differences(conn, after),
        )
    table = LimitTable(after + 1, tuple(rows))
    head = {"version": table.version, "written_at": at, "actor": actor, "remark": comment}
    conn.execute(insert(limit_versions).values(head))
    plain = [_plain(row) for row in table.rows]
    if plain:
        conn.execute(insert(limit_rows), [{"version": table.version, "place": i, **row} for i, row in enumerate(plain)])
    return Outcome(canonical({"version": table.version, "rows": plain}), body=_record(head, plain))


def differences(conn: Connection, since: int) -> list[Difference]:
    """What is different now from version `since`, in the desk's words."""
    was, now = _bounds(conn, since), _bounds(conn, newest_version(conn))
    keys = {**was, **now}
    return [
        Difference(f"{Rule.of(rule).label}{f' of {about}' if about else ''} for {account}", before, after)
        for account, rule, about in keys
        if (before := was.get((account, rule, about), "none")) != (after := now.get((account, rule, about), "none"))
    ]


def _bounds(conn: Connection, version: int) -> dict[tuple[str, str, str], str]:
    query = select(limit_rows).where(limit_rows.c.version == version).order_by(limit_rows.c.place)
    return {(row.account_id, row.rule, row.about): row.bound or "yes" for row in conn.execute(query)}


def table_of_json(text: str) -> LimitTable:
    """The table `write` returned."""
    said = json.loads(text)
    return LimitTable(said["version"], tuple(_limit_of(row) for row in said["rows"]))


def faults(conn: Connection, recorded: Mapping[int, object]) -> Iterator[str]:
    """A sentence for each version that is not what the audit log recorded, by its number."""
    rows = _rows(conn)
    heads: dict[int, Row[Any]] = {}
    for head in conn.execute(select(limit_versions)):
        if head.version in heads:
            yield f"Version {head.version} of the limits is there more than once."
        heads[head.version] = head
    for version in sorted(heads.keys() | rows.keys() | recorded.keys()):
        here = f"Version {version} of the limits"
        if version not in recorded:
            yield f"{here} has no entry in the audit log."
        elif version not in heads:
            yield f"{here} was recorded and has been removed."
        else:
            plain = [{name: row._mapping[name] for name in _COLUMNS} for row in rows[version]]
            moved = [row.place for row in rows[version]] != list(range(len(plain)))
            if moved or json.loads(canonical(_record(_of(heads[version]), plain))) != recorded[version]:
                yield f"{here} is not what the audit log recorded: it was edited."


_COLUMNS = ("account_id", "rule", "about", "bound")


def _record(head: Mapping[str, Any], rows: Sequence[Mapping[str, str]]) -> dict[str, object]:
    """A version as the audit log has it."""
    return {
        "version": head["version"],
        "at": head["written_at"],
        "by": head["actor"],
        "comment": head["remark"],
        "rows": list(rows),
    }


def _rows(conn: Connection) -> defaultdict[int, list[Row[Any]]]:
    """Every row by its version, in the table's order."""
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in conn.execute(select(limit_rows).order_by(limit_rows.c.version, limit_rows.c.place)):
        found[row.version].append(row)
    return found


def _of(row: Row[Any]) -> dict[str, Any]:
    return dict(row._mapping)


def _plain(row: Limit) -> dict[str, str]:
    return {"account_id": row.account_id, "rule": row.rule.key, "about": row.of, "bound": row.value}


def _limit(row: Row[Any]) -> Limit:
    return _limit_of(_of(row))


def _limit_of(row: Mapping[str, str]) -> Limit:
    return Limit(row["account_id"], Rule.of(row["rule"]), row["about"], row["bound"])
