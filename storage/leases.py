"""Leases: who may work the outbox, and the fence that stops a former holder's late writes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, update

from orders.errors import LeaseLost
from orders.lease import Pulse
from orders.model import Lease
from storage.schema import leases
from storage.unit import lock_registry, read, write


def acquire(engine: Engine, name: str, holder: str, now: datetime, until: datetime, pulse: Pulse) -> Lease | None:
    """Take or renew a lease, and leave the holder's pulse with it; None while somebody else holds it."""
    renewed = write(engine, lambda conn: renew(conn, name, holder, until, pulse))
    if renewed is not None or read(engine, lambda conn: standing(conn, name, now)) is not None:
        return renewed
    return write(engine, lambda conn: take(conn, name, holder, now, until, pulse))


def renew(conn: Connection, name: str, holder: str, until: datetime, pulse: Pulse) -> Lease | None:
    """Renew the holder's lease, keeping its fence; None when it holds none of that name."""
    mine = update(leases).where(leases.c.name == name, leases.c.holder == holder)
    if conn.execute(mine.values(held_until=until, **_beat(pulse))).rowcount != 1:
        return None
    fence = conn.execute(select(leases.c.fence).where(leases.c.name == name)).scalar_one()
    return Lease(name, holder, fence, until, pulse)


def take(conn: Connection, name: str, holder: str, now: datetime, until: datetime, pulse: Pulse) -> Lease | None:
    """Take a lease that nobody holds at `now`, or the holder's own again, with a larger fence than any given before.
    None while somebody else holds it."""
    lock_registry(conn)  # two new holders must not get one fence; heads are locked before leases, as `check` does
    fence = (conn.scalar(select(func.max(leases.c.fence))) or 0) + 1
    row = {"holder": holder, "fence": fence, "held_until": until, **_beat(pulse)}
    mine = Lease(name, holder, fence, until, pulse)
    held = conn.execute(select(leases.c.fence).where(leases.c.name == name)).first()
    if held is None:
        conn.execute(insert(leases).values(name=name, **row))
        return mine
    free = update(leases).where(leases.c.name == name, leases.c.fence == held.fence, leases.c.held_until <= now)
    return mine if conn.execute(free.values(row)).rowcount == 1 else None


def standing(conn: Connection, name: str, now: datetime) -> Lease | None:
    """The lease that somebody holds at `now`."""
    row = conn.execute(select(leases).where(leases.c.name == name, leases.c.held_until > now)).first()
    if row is None:
        return None
    pulse = Pulse(row.finished_at, row.trouble or "", row.held_up or 0)
    return Lease(name, row.holder, row.fence, row.held_until, pulse)


def _beat(pulse: Pulse) -> dict[str, Any]:
    return {"finished_at": pulse.at, "trouble": pulse.trouble, "held_up": pulse.held_up}


def give_back(conn: Connection, lease: Lease, now: datetime) -> bool:
    """Free a lease for the next holder; False when it had passed on already."""
    mine = update(leases).where(
        leases.c.name == lease.name, leases.c.holder == lease.holder, leases.c.fence == lease.fence
    )
    return conn.execute(mine.values(holder="", held_until=now)).rowcount == 1


def check(conn: Connection, fence: int) -> None:
    """Raise `LeaseLost` unless some holder has a lease with this fence. One that ran out stands until somebody else
    takes it: what its holder was answered late is better known than lost. One that was given back does not. The row
    stays locked, so that nobody takes the lease over before this transaction ends."""
    held = update(leases).where(leases.c.fence == fence, leases.c.holder != "")
    if conn.execute(held.values(fence=fence)).rowcount != 1:
        raise LeaseLost(
            f"The lease with fence {fence} has passed to another worker, or was given back, so its write was refused. "
            "Its next holder carries on from what the ledger says."
        )
