"""The limits accounts are under: rows of one table, each for one account or for all. The ledger keeps its versions; the
caps that apply them are in `allocation.caps`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cached_property

from allocation.errors import InvalidLimit
from allocation.ratings import notch

EVERY_ACCOUNT = "*"

_NUMBER = re.compile(r"\d{1,15}(\.\d{1,6})?", re.ASCII)


class Rule(Enum):
    """What a limit is about: its key in the table, its name on screens, what its value must be, whether `of` may name
    one issuer, sector or security, and how the value is read."""

    CASH_RESERVE = ("cash_reserve", "Cash reserve", "money (250000) or a share of NAV (2%)", False)
    SECURITY = ("security", "Security concentration", "a share of NAV (5%)", True)
    ISSUER = ("issuer", "Issuer concentration", "a share of NAV (5%)", True)
    SECTOR = ("sector", "Sector", "a share of NAV (30%)", True)
    RATING = ("rating", "Rating floor", "a rating (BBB- or Baa3)", False)
    MATURITY = ("maturity", "Longest maturity", "years (10)", False)
    RULE_144A = ("144a", "144A eligibility", "yes or no", False)
    RESTRICTED = ("restricted", "Restricted list", "yes or no; blank is yes", True)
    FROZEN = ("frozen", "Account frozen", "yes or no; blank is yes", False)
    MIN_ALLOCATION = ("min_allocation", "Minimum allocation", "face (100000)", False)

    def __init__(self, key: str, label: str, expects: str, names_one: bool) -> None:
        self.key = key
        self.label = label
        self.expects = expects
        self.names_one = names_one

    @classmethod
    def of(cls, key: str) -> Rule:
        """The rule with this key; `InvalidLimit` listing them otherwise."""
        for rule in cls:
            if rule.key == key.strip().lower():
                return rule
        raise InvalidLimit("rule", f"{key!r} is not a rule; choose one of {', '.join(rule.key for rule in cls)}.")


_SHARES = (Rule.SECURITY, Rule.ISSUER, Rule.SECTOR)
_FLAGS = (Rule.RULE_144A, Rule.RESTRICTED, Rule.FROZEN)


@dataclass(frozen=True, slots=True)
class Limit:
    """One row: `account_id` ("*" for every account) under `rule`, about `of` (one issuer, sector or security; empty:
    each of them), with `value` as the rule expects it. `InvalidLimit` where a part cannot be read."""

    account_id: str
    rule: Rule
    of: str = ""
    value: str = ""

    def __post_init__(self) -> None:
        if not self.account_id:
            raise InvalidLimit("account", f"A limit names an account, or {EVERY_ACCOUNT} for every account.")
        if self.of and not self.rule.names_one:
            raise InvalidLimit("of", f"{self.rule.label} is about the account as a whole: leave `of` empty.")
        if self.rule is Rule.RESTRICTED and not self.of:
            raise InvalidLimit("of", "Restricted list: `of` must name a security or an issuer.")
        if not self._readable():
            raise InvalidLimit("value", f"{self.rule.label}: {self.value!r} is not {self.rule.expects}.")

    def _readable(self) -> bool:
        if self.rule in _FLAGS:
            return self.value.lower() in (("yes", "no") if self.rule is Rule.RULE_144A else ("", "yes", "no"))
        if self.rule is Rule.RATING:
            return notch(self.value) is not None
        if self.rule in _SHARES and not self.is_share:
            return False
        if self.is_share and self.rule not in (*_SHARES, Rule.CASH_RESERVE):
            return False
        whole = self.rule is not Rule.MIN_ALLOCATION or "." not in self.value
        return whole and _NUMBER.fullmatch(self.value.removesuffix("%")) is not None

    @property
    def is_share(self) -> bool:
        """Whether the value is a share of NAV."""
        return self.value.endswith("%")

    @property
    def number(self) -> Decimal:
        """The value as a number: money, face, years, or a share of NAV as a fraction (5% is 0.05)."""
        value = Decimal(self.value.removesuffix("%"))
        return value / 100 if self.is_share else value

    @property
    def says_yes(self) -> bool:
        """The value of a yes-or-no rule."""
        return self.value.lower() != "no"


@dataclass(frozen=True)  # without slots, so that the index can be kept once made
class LimitTable:
    """One version of the table; version 0 is the empty one nobody wrote. `InvalidLimit` when two rows say the same
    thing about the same account."""

    version: int = 0
    rows: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        seen = set[tuple[str, Rule, str]]()
        for row in self.rows:
            key = (row.account_id, row.rule, row.of.casefold())
            if key in seen:
                about = f" of {row.of}" if row.of else ""
                raise InvalidLimit("rule", f"{row.account_id} has two limits for {row.rule.label}{about}; keep one.")
            seen.add(key)

    def of_account(self, account_id: str, rule: Rule, names: Iterable[str] = ()) -> Limit | None:
        """The row that counts: one that names one of `names` (say the issuer) before one for each of them, and among
        those the account's own before the one for every account. Several of these speak of the same thing under
        different names: the least of them counts. Letters' case does not matter."""
        own, every = self._rows_of(account_id, rule)
        known = [name.casefold() for name in names if name] if own or every else ()
        for rows in (own, every):
            if named := [rows[name] for name in known if name in rows]:
                return min(named, key=lambda row: row.number)
        return own.get("", every.get(""))

    def restricting(self, account_id: str, security: Iterable[str], issuer: Iterable[str]) -> Limit | None:
        """The row that puts a security on the account's restricted list, itself or by its issuer; None where none does.

        Any yes binds, under whatever name. A no of the account takes back what is said to all under the same name, and
        a no about the one security makes an exception from the rows about its issuer: the account's from all of them,
        everyone's from everyone's.
        """
        own, every = self._rows_of(account_id, Rule.RESTRICTED)
        names = [[name.casefold() for name in some if name] for some in (security, issuer)]
        found, excepted = list[Limit](), False
        for rows in (own, {name: row for name, row in every.items() if name not in own}):
            one, issuers = ([rows[name] for name in some if name in rows] for some in names)
            excepted = excepted or not all(row.says_yes for row in one)
            found += one if excepted else one + issuers
        return next((row for row in found if row.says_yes), None)

    def stands(self, account_id: str, rule: Rule) -> bool:
        """Whether any row of `rule`, whatever it names, is for this account."""
        return any(self._rows_of(account_id, rule))

    def _rows_of(self, account_id: str, rule: Rule) -> tuple[Mapping[str, Limit], Mapping[str, Limit]]:
        """The account's own rows and those for every account, by what they name in small letters."""
        return self._index.get((account_id, rule), _NONE), self._index.get((EVERY_ACCOUNT, rule), _NONE)

    @cached_property
    def _index(self) -> Mapping[tuple[str, Rule], Mapping[str, Limit]]:
        index: dict[tuple[str, Rule], dict[str, Limit]] = {}
        for row in self.rows:
            index.setdefault((row.account_id, row.rule), {})[row.of.casefold()] = row
        return index


_NONE: Mapping[str, Limit] = {}
NO_LIMITS = LimitTable()


def unknown_accounts(rows: Sequence[Limit], accounts: Iterable[str]) -> tuple[str, ...]:
    """Account ids that limits name and nobody has, in the order of the rows."""
    known = {EVERY_ACCOUNT, *accounts}
    return tuple(dict.fromkeys(row.account_id for row in rows if row.account_id not in known))
