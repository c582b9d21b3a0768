"""The limits table in the desk's hands: who sees which rows, what a change must pass, what its rows name, and what a
book brings along."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches

from allocation.caps.wording import issuer_names, security_names
from allocation.errors import InvalidLimit
from allocation.limits import EVERY_ACCOUNT, Limit, LimitTable, Rule, unknown_accounts
from allocation.model import Account, Bond
from orders.canonical import digest
from orders.errors import NotFound, NotPermitted
from orders.ports import Ledger

MOST_CLOSE = 3  # names offered in the place of one nobody knows
Find = Callable[[str], Sequence[Bond]]  # the bonds that words find, best first; `NotFound` with close identifiers


def of_accounts(table: LimitTable, accounts: Collection[str]) -> LimitTable:
    """The same version with the rows of these accounts, and of every account, only."""
    return LimitTable(
        table.version, tuple(row for row in table.rows if row.account_id in accounts or row.account_id == EVERY_ACCOUNT)
    )


def refuse_unsaid(comment: str, longest: int) -> None:
    """A change of the limits says why. `NotPermitted` without a comment, or with one that is too long."""
    if not comment.strip():
        raise NotPermitted("Say in the comment why the limits change.")
    if len(comment) > longest:
        raise NotPermitted(f"The comment is longer than {longest} characters.")


def refuse_unknown(rows: Sequence[Limit], accounts: Collection[str]) -> None:
    """`InvalidLimit` naming the accounts that rows name and no group has."""
    if unknown := unknown_accounts(rows, accounts):
        raise InvalidLimit(
            "account", f"No portfolio group has an account {', '.join(unknown)}. Correct the rows, or take them out."
        )


@dataclass(frozen=True, slots=True)
class Names:
    """What rows may call a security, an issuer or a sector: whatever was held when it was made, and whatever a search
    for the name finds. Each name is searched for once."""

    held: Mapping[Rule, Mapping[str, str]]  # names by their small letters
    _looked_up: dict[tuple[Rule, str], tuple[str, ...] | None] = field(default_factory=dict)

    @classmethod
    def of(cls, accounts: Iterable[Account]) -> Names:
        """Those of what the accounts hold. A holding knows ids only: other names are found by searching."""
        held: dict[Rule, dict[str, str]] = {rule: {} for rule in _NAMES}
        for account in accounts:
            for holding in account.holdings.values():
                ids = {Rule.SECURITY: holding.asset_id, Rule.ISSUER: holding.issuer_id, Rule.SECTOR: holding.sector}
                for rule, name in ids.items():
                    held[rule][name.casefold()] = name
        held[Rule.RESTRICTED] = held[Rule.SECURITY] | held[Rule.ISSUER]
        return cls(held)

    def unknown(self, row: Limit, find: Find) -> tuple[str, ...] | None:
        """Names close to the one a row gives and nobody knows, perhaps none; None where the name is known, or there is
        none. Such a row limits nothing yet, which is right for a bond still to come and wrong for a typing error."""
        key = (row.rule, row.of.casefold())
        if row.of and key not in self._looked_up:
            self._looked_up[key] = self._look_up(row, find)
        return self._looked_up[key] if row.of else None

    def _look_up(self, row: Limit, find: Find) -> tuple[str, ...] | None:
        wanted, held = row.of.casefold(), self.held[row.rule]
        if wanted in held:
            return None
        # a search goes by no sector, but those held are all there are
        bonds, close = ((), ()) if row.rule is Rule.SECTOR else _found(row.of, find)
        names = {name.casefold(): name for bond in bonds for name in _NAMES[row.rule](bond) if name} or held
        if wanted in names:
            return None
        near = [names[name] for name in get_close_matches(wanted, names, MOST_CLOSE)]
        issuers = [bond.issuer for bond in bonds if bond.issuer and row.rule is not Rule.SECURITY]
        return tuple(dict.fromkeys((*near, *close, *issuers)))[:MOST_CLOSE]


_NAMES: Mapping[Rule, Callable[[Bond], tuple[str, ...]]] = {
    Rule.SECURITY: security_names,
    Rule.ISSUER: issuer_names,
    Rule.SECTOR: lambda bond: (bond.sector,),
    Rule.RESTRICTED: lambda bond: security_names(bond) + issuer_names(bond),
}


def _found(name: str, find: Find) -> tuple[Sequence[Bond], tuple[str, ...]]:
    """The bonds a name finds, as a whole or else by its words; where it is an identifier nobody has, those close to
    it."""
    found: list[Bond] = []
    for words in dict.fromkeys((name, *name.split())):
        try:
            found += find(words)
        except NotFound as error:
            if words == name:
                return (), tuple(error.close)
        if words == name and found:
            break
    return found, ()


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
