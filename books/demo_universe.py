"""The demo book's bonds: real Treasuries, and agencies and companies whose issues are made up.

Made-up issues carry identifiers from the ranges kept free for private use (CUSIP issuers ending in 99A to 99Z, SEDOLs
beginning with 9), so that none of them names a real security."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files
from random import Random

from stdnum import cusip as cusips
from stdnum import isin as isins
from stdnum.gb import sedol as sedols

from books.accrued import coupon_period
from books.model import Security
from books.pricing import (
    DAYS_A_YEAR,
    Terms,
    annuity,
    clean_price,
    modified_duration,
    treasury_yield,
    yield_to_maturity,
)

TREASURY, AGENCY, CORPORATE, HIGH_YIELD = "US Treasury", "Agency", "Corporate", "High Yield Corporate"
FLOATERS = 6
POLICY_RATE = 3.9  # percent; floaters pay their margin over it
ISSUE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # a CUSIP has neither I nor O
# Years to maturity an issue may have left, by class.
TENORS = {
    AGENCY: (2, 3, 3, 4, 5, 5, 7, 10),
    CORPORATE: (2, 3, 4, 5, 5, 6, 7, 8, 9, 10, 10, 13, 16, 19, 22, 25, 27, 28, 29, 29),
    HIGH_YIELD: (2, 3, 4, 4, 5, 5, 6, 6, 7, 8),
}


@dataclass(frozen=True, slots=True)
class Issuer:
    """A borrower; `spread` is what its ten-year bond yields over Treasuries, in basis points."""

    ticker: str
    name: str
    sector: str
    sp: str
    moodys: str
    country: str
    spread: float

    @property
    def asset_class(self) -> str:
        if self.sector == "Agency":
            return AGENCY
        return CORPORATE if self.sp.rstrip("+-") in ("AAA", "AA", "A", "BBB") else HIGH_YIELD


def universe(rng: Random, settlement: date) -> dict[str, Security]:
    """Every bond of the demo book by CUSIP, with accrued interest and figures for `settlement`."""
    by_class: dict[str, list[Issuer]] = {AGENCY: [], CORPORATE: [], HIGH_YIELD: []}
    for row in _table("issuers.csv"):
        issuer = Issuer(
            row["ticker"],
            row["issuer"],
            row["sector"],
            row["sp"],
            row["moodys"],
            row["country"],
            float(row["spread"]),
        )
        by_class[issuer.asset_class].append(issuer)
    grade = by_class[CORPORATE]
    banks = [issuer for issuer in grade if issuer.sector == "Banking"]
    issues = [
        *(_fixed(rng, issuer, settlement) for issuer in by_class[AGENCY] * 7),
        *(_fixed(rng, issuer, settlement) for issuer in grade * 2 + rng.sample(grade, 22)),
        *(_fixed(rng, issuer, settlement) for issuer in by_class[HIGH_YIELD] * 2),
        *(_floater(rng, issuer, settlement) for issuer in banks[:FLOATERS]),
    ]
    bonds = [*(_treasury(row, settlement) for row in _table("treasuries.csv")), *_identified(rng, issues)]
    return {bond.asset_id: bond for bond in bonds}


def _table(name: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(files("books").joinpath("tables", name).read_text(encoding="utf-8").splitlines())


def _treasury(row: dict[str, str], settlement: date) -> Security:
    """A real note or bond, at the nearest 32nd to the curve; what the rounding leaves is its (small) OAS."""
    terms = Terms(Decimal(row["coupon"]), 2, date.fromisoformat(row["maturity"]), "ACT/ACT")
    curve = treasury_yield(terms.years(settlement))
    richness = 0.015 * math.sin(terms.years(settlement))  # percent: issues trade a little off the curve
    price = Decimal(round(clean_price(terms, curve - richness, settlement) * 32)) / 32
    found = yield_to_maturity(terms, price, settlement)
    return Security(
        asset_id=row["cusip"],
        description=f"US TREASURY N/B {_spoken(terms)}",
        issuer="United States Treasury",
        currency="USD",
        min_piece=100,
        increment=100,
        cusip=row["cusip"],
        isin=str(isins.from_natid("US", row["cusip"])),
        ticker="T",
        sector="Treasury",
        asset_class=TREASURY,
        rating="S&P AA+, Moody's Aa1",
        country="US",
        coupon=terms.coupon,
        coupon_frequency=terms.frequency,
        day_count=terms.day_count,
        maturity=terms.maturity,
        price=price,
        accrued=terms.accrued(settlement),
        duration=round(modified_duration(terms, found, settlement), 4),
        spread_duration=0.0,
        oas=round((found - curve) * 100, 1),
        yield_to_maturity=round(found, 4),
    )


def _fixed(rng: Random, issuer: Issuer, settlement: date) -> Security:
    """A fixed-rate bullet at a spread drawn around its issuer's, with the coupon of an earlier rate."""
    years = rng.choice(TENORS[issuer.asset_class])
    maturity = date(settlement.year + years, rng.randint(1, 12), rng.choice((1, 15)))
    # Longer bonds pay more over Treasuries; an agency's spread is small enough for noise to turn it negative.
    slope = min(1.2, max(0.5, (years / 10) ** 0.4))
    spread = round(issuer.spread * slope + rng.gauss(0, 5 + issuer.spread * 0.06), 1)
    curve = treasury_yield((maturity - settlement).days / DAYS_A_YEAR)
    coupon = max(Decimal("1.25"), round(Decimal(curve + spread / 100 + rng.gauss(-0.4, 0.9)) * 8) / Decimal(8))
    terms = Terms(coupon, 2, maturity, "30/360")
    found = curve + spread / 100
    duration = round(modified_duration(terms, found, settlement), 4)
    return replace(
        _issue(issuer, terms, settlement),
        price=_rounded(clean_price(terms, found, settlement)),
        duration=duration,
        spread_duration=duration,
        oas=spread,
        yield_to_maturity=round(found, 4),
    )


def _floater(rng: Random, issuer: Issuer, settlement: date) -> Security:
    """A quarterly floater: its price moves with the spread until maturity, with rates only until the next coupon."""
    years = rng.randint(2, 5)
    maturity = date(settlement.year + years, rng.randint(1, 12), 15)
    left = (maturity - settlement).days / DAYS_A_YEAR
    spread = round(issuer.spread * 0.6 + rng.gauss(0, 4), 1)
    margin = round(spread / 100 + rng.gauss(0, 0.1), 2)  # percent
    terms = Terms(Decimal(str(round(POLICY_RATE + margin, 5))), 4, maturity, "ACT/360")
    value_of_one = annuity(left, POLICY_RATE + spread / 100)
    to_reset = (coupon_period(maturity, 4, settlement)[1] - settlement).days / DAYS_A_YEAR
    return replace(
        _issue(issuer, terms, settlement),
        description=f"{issuer.ticker} FLOAT {maturity:%m/%d/%y}",
        price=_rounded(100 + (margin - spread / 100) * value_of_one),
        duration=round(to_reset, 4),
        spread_duration=round(value_of_one, 4),
        oas=spread,
        yield_to_maturity=round(POLICY_RATE + spread / 100, 4),
    )


def _issue(issuer: Issuer, terms: Terms, settlement: date) -> Security:
    """What a made-up bond has before it is priced and given its identifiers."""
    return Security(
        asset_id="",
        description=f"{issuer.ticker} {_spoken(terms)}",
        issuer=issuer.name,
        currency="USD",
        min_piece=1000 if issuer.asset_class == AGENCY else 2000,
        increment=1000,
        ticker=issuer.ticker,
        sector=issuer.sector,
        asset_class=issuer.asset_class,
        rating=f"S&P {issuer.sp}, Moody's {issuer.moodys}",
        country=issuer.country,
        coupon=terms.coupon,
        coupon_frequency=terms.frequency,
        day_count=terms.day_count,
        maturity=terms.maturity,
        accrued=terms.accrued(settlement),
    )


def _identified(rng: Random, issues: Sequence[Security]) -> Iterator[Security]:
    """The same bonds with CUSIP, ISIN and SEDOL; an issuer's CUSIPs share their first six characters."""
    tickers = sorted({issue.ticker for issue in issues})
    numbers = rng.sample(range(100, 1000), len(tickers))
    bases = {ticker: f"{n}99{rng.choice(ISSUE_LETTERS)}" for ticker, n in zip(tickers, numbers, strict=True)}
    issued: Counter[str] = Counter()
    for issue, number in zip(issues, rng.sample(range(100_000), len(issues)), strict=True):
        body = f"{bases[issue.ticker]}A{ISSUE_LETTERS[issued[issue.ticker]]}"
        issued[issue.ticker] += 1
        cusip = body + str(cusips.calc_check_digit(body))
        sedol = f"9{number:05d}"
        yield replace(
            issue,
            asset_id=cusip,
            cusip=cusip,
            isin=str(isins.from_natid("US", cusip)),
            sedol=sedol + str(sedols.calc_check_digit(sedol)),
        )


def _spoken(terms: Terms) -> str:
    return f"{terms.coupon.normalize():f} {terms.maturity:%m/%d/%y}"


def _rounded(price: float) -> Decimal:
    return Decimal(price).quantize(Decimal("0.000001"), ROUND_HALF_UP)
