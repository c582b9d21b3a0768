from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from allocation.caps import CapRule, FrozenCap, HoldingCap, MaturityCap, RateCap, RatingCap, RestrictedCap, Rule144ACap
from allocation.limits import NO_LIMITS, Rule
from allocation.model import BlockOrder, Side
from tests.allocation.caps.table import table
from tests.allocation.desk import SETTLEMENT, account, block, bond

ACME = bond(issuer_id="I1", issuer="Acme Corp", ticker="ACME", cusip="88799AAA1", isin="US1", sedol="S1")


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("cap", [FrozenCap, RestrictedCap, Rule144ACap, RatingCap, MaturityCap])
def test_a_rule_without_a_row_limits_nobody(cap: type[FrozenCap], side: Side) -> None:
    elsewhere = table(
        ("Z", Rule.FROZEN, "", ""), ("Z", Rule.RESTRICTED, "B", ""), ("Z", Rule.RULE_144A, "", "no"),
        ("Z", Rule.RATING, "", "AAA"), ("Z", Rule.MATURITY, "", "1"),
    )  # fmt: skip
    for limits in (NO_LIMITS, elsewhere):
        assert cap(limits).limit(block(1_000, side, bond(is_144a=True)), account("A")) is None


@pytest.mark.parametrize("side", Side)
def test_a_frozen_account_neither_buys_nor_sells(side: Side) -> None:
    cap = FrozenCap(table(("*", Rule.FROZEN, "", "yes"), ("B", Rule.FROZEN, "", "no")))
    said = (0, "the account is frozen: it may neither buy nor sell")
    assert cap.limit(block(1_000, side), account("A", held="5000")) == said
    assert cap.limit(block(1_000, side), account("B", held="5000")) is None


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("of", ["b", "88799aaa1", "us1", "S1", "i1", "ACME CORP", "acme"])
def test_the_restricted_list_stops_both_sides_by_any_name_of_the_bond_or_its_issuer(side: Side, of: str) -> None:
    limit = RestrictedCap(table(("*", Rule.RESTRICTED, of, ""))).limit(
        block(1_000, side, ACME), account("A", held="5000")
    )
    assert limit == (0, f"A bond is on the restricted list as {of}: it may be neither bought nor sold")


def test_a_name_the_bond_does_not_have_restricts_nothing() -> None:
    assert RestrictedCap(table(("*", Rule.RESTRICTED, "GLOBEX", ""))).limit(block(1), account("A")) is None


def test_an_exception_for_one_bond_stands_before_its_issuers_row_in_either_order() -> None:
    rows = [("*", Rule.RESTRICTED, "ACME", ""), ("*", Rule.RESTRICTED, "88799AAA1", "no")]
    for order in (rows, rows[::-1]):
        assert RestrictedCap(table(*order)).limit(block(1, of=ACME), account("A")) is None


def test_an_account_that_is_not_eligible_buys_no_144a_bond_but_sells_it() -> None:
    cap = Rule144ACap(table(("A", Rule.RULE_144A, "", "no"), ("B", Rule.RULE_144A, "", "yes")))
    private = bond(is_144a=True)
    said = (0, "A bond is a 144A bond, which the account may not buy")
    assert cap.limit(block(1_000, of=private), account("A")) == said
    assert cap.limit(block(1_000, of=private), account("B")) is None
    assert cap.limit(block(1_000), account("A")) is None
    assert cap.limit(block(1_000, Side.SELL, private), account("A", held="1000")) is None


@pytest.mark.parametrize("rating", ["BBB-", "Baa3", "BBB", "AAA"])
def test_a_rating_at_the_floor_or_above_may_be_bought(rating: str) -> None:
    assert (
        RatingCap(table(("*", Rule.RATING, "", "BBB-"))).limit(block(1, of=bond(rating=rating)), account("A")) is None
    )


@pytest.mark.parametrize("rating", ["BB+", "Ba1", "D"])
def test_a_rating_one_notch_below_the_floor_may_not(rating: str) -> None:
    limit = RatingCap(table(("*", Rule.RATING, "", "Baa3"))).limit(block(1, of=bond(rating=rating)), account("A"))
    assert limit == (0, f"A bond is rated {rating}, below the floor of Baa3")


def test_where_agencies_differ_the_lowest_rating_counts() -> None:
    cap, split = RatingCap(table(("*", Rule.RATING, "", "BBB-"))), bond(rating="S&P BBB-, Moody's Ba1, Fitch NR")
    assert cap.limit(block(1, of=split), account("A")) == (
        0,
        "A bond is rated Moody's Ba1, below the floor of BBB-",
    )
    assert cap.limit(block(1, of=bond(rating="Moody's Baa3, Fitch NR")), account("A")) is None
    said = "A bond is rated S&P SD, below the floor of BBB-"
    assert cap.limit(block(1, of=bond(rating="Moody's A1, S&P SD")), account("A")) == (0, said)


def test_a_rating_that_cannot_be_read_may_be_the_lowest_and_stops_the_buy() -> None:
    cap = RatingCap(table(("*", Rule.RATING, "", "BBB-")))
    assert cap.limit(block(1, of=bond(rating="S&P BBB, EGANJONES BB")), account("A")) == (
        0,
        "A bond: of its ratings, EGANJONES BB cannot be read, so the rating floor of BBB- cannot be checked",
    )


@pytest.mark.parametrize(
    ("rating", "said"), [("", "it has no rating"), ("A-1+", "the rating A-1+ is not a long-term one")]
)
def test_a_rating_that_is_missing_or_cannot_be_compared_stops_the_buy(rating: str, said: str) -> None:
    cap = RatingCap(table(("A", Rule.RATING, "", "BBB-")))
    limit = cap.limit(block(1, of=bond(rating=rating)), account("A"))
    assert limit == (0, f"A bond: {said}, so the rating floor of BBB- cannot be checked")
    assert cap.limit(block(1, Side.SELL, bond(rating=rating)), account("A", held="1")) is None


@pytest.mark.parametrize(
    ("settlement", "years", "latest"),
    [
        (SETTLEMENT, "10", date(2036, 11, 23)),
        (SETTLEMENT, "0.5", date(2027, 5, 24)),  # half of 365 days, rounded down
        (date(2028, 2, 29), "1", date(2029, 2, 28)),
        (date(2028, 2, 29), "4", date(2032, 2, 29)),
        (SETTLEMENT, "7972", date(9998, 11, 23)),
    ],
)
def test_a_bond_may_mature_on_the_anniversary_and_not_a_day_later(settlement: date, years: str, latest: date) -> None:
    cap = MaturityCap(table(("*", Rule.MATURITY, "", years)))

    def limit(maturity: date) -> tuple[int, str] | None:
        return cap.limit(BlockOrder(bond(maturity=maturity), Side.BUY, 1_000, settlement), account("A"))

    assert limit(latest) is None
    later = limit(date.fromordinal(latest.toordinal() + 1))
    assert later is not None
    assert later[0] == 0
    assert later[1].endswith(f"from settlement ({latest:%d %b %Y})")


def test_the_maturity_reason_carries_both_dates() -> None:
    cap = MaturityCap(table(("*", Rule.MATURITY, "", "1")))
    limit = cap.limit(block(1, of=bond(maturity=date(2031, 5, 15))), account("A"))
    assert limit == (0, "A bond matures on 15 May 2031, later than 1 year from settlement (23 Nov 2027)")


@pytest.mark.parametrize("years", ["7973", "999999999999999"])
def test_no_bond_matures_after_the_calendars_end(years: str) -> None:
    cap = MaturityCap(table(("*", Rule.MATURITY, "", years)))
    assert cap.limit(block(1, of=bond(maturity=date.max)), account("A")) is None


def test_an_unknown_maturity_stops_the_buy_and_not_the_sell() -> None:
    cap = MaturityCap(table(("*", Rule.MATURITY, "", "10")))
    said = (0, "the maturity of A bond is not known, so the limit of 10 years cannot be checked")
    assert cap.limit(block(1), account("A")) == said
    assert cap.limit(block(1, Side.SELL), account("A", held="1")) is None


@pytest.mark.parametrize("side", Side)
def test_a_missing_exchange_rate_stops_both_sides(side: Side) -> None:
    cap: CapRule = RateCap()
    assert cap.limit(block(1, side), account("A", currency="EUR")) == (0, "no exchange rate from USD to EUR")
    assert cap.limit(block(1, side), account("A", currency="EUR", fx={"USD": Decimal("0.9")})) is None


def test_a_sell_is_limited_to_the_whole_units_held() -> None:
    assert HoldingCap().limit(block(1, Side.SELL), account("A", held="1500.75")) == (1_500, "holds 1,500.75")
    assert HoldingCap().limit(block(1, Side.SELL), account("A")) == (0, "holds none of it")
    assert HoldingCap().limit(block(1), account("A")) is None
