"""The limits table in the desk's hands: who sees which rows, what a change must pass, and what a book brings along."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from allocation.errors import InvalidLimit
from allocation.limits import EVERY_ACCOUNT, Limit, LimitTable, unknown_accounts
from orders.canonical import digest
from orders.checks import Policy
from orders.errors import NotPermitted
from orders.ports import Ledger


def of_accounts(table: LimitTable, accounts: Collection[str]) -> LimitTable:
    """The same version with the rows of these accounts, and of every account, only."""
    return LimitTable(
        table.version, tuple(row for row in table.rows if row.account_id in accounts or row.account_id == EVERY_ACCOUNT)
    )


def refuse_unsaid(comment: str, policy: Policy) -> None:
    """A change of the limits says why. `NotPermitted` without a comment, or with one that is too long."""
    if not comment.strip():
        raise NotPermitted("Say in the comment why the limits change.")
    if len(comment) > policy.longest_comment:
        raise NotPermitted(f"The comment is longer than {policy.longest_comment} characters.")


def refuse_unknown(rows: Sequence[Limit], accounts: Collection[str]) -> None:
    """`InvalidLimit` naming the accounts that rows name and no group has."""
    if unknown := unknown_accounts(rows, accounts):
        raise InvalidLimit(
            "account", f"No portfolio group has an account {', '.join(unknown)}. Correct the rows, or take them out."
        )


def take_over(ledger: Ledger, rows: Sequence[Limit], source: str, at: datetime) -> LimitTable:
    """The newest limits, after the rows a book brings along from `source` have become a version, unless the last
    version that came from there says the same: what people changed since stays until the book itself changes."""
    versions = ledger.limit_versions()
    imported = next((version for version in versions if version.by == source), None)
    if tuple(rows) == (imported.table.rows if imported is not None else ()):
        return ledger.limits()
    newest = versions[0].version if versions else 0
    last = imported.version if imported is not None else 0
    comment = f"Read from {source}" + (f", which has changed since version {last}" if last else "")
    if newest > last:
        replaced = f"version {newest}" if newest == last + 1 else f"versions {last + 1} to {newest}"
        comment += f"; takes the place of what people set in {replaced}"
    # several processes may open the same book at once: the same rows after the same version are one command
    command = f"limits:{source}:{newest}:{digest(repr(tuple(rows)))[:16]}"
    return ledger.set_limits(command, rows, newest, source, at, f"{comment}.")
