from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.caps import CapRule, IssuerCap, SectorCap, SecurityCap
from allocation.limits import NO_LIMITS, LimitTable, Rule
from allocation.model import BlockOrder, Bond, Holding, Side
from tests.allocation.caps.table import holding, holding_all, table
from tests.allocation.desk import account, block, bond

ACME = bond(
    issuer_id="I1", issuer="Acme Corp", ticker="ACME", sector="Banking", cusip="88799AAA1", isin="US1", sedol="S1"
)
CAPS: Mapping[Rule, Callable[[LimitTable, str], CapRule]] = {
    Rule.SECURITY: SecurityCap,
    Rule.ISSUER: IssuerCap,
    Rule.SECTOR: SectorCap,
}
AT_PAR = replace(ACME, price=Decimal(100))
ANOTHER = replace(
    AT_PAR, asset_id="X", cusip="", isin="", sedol="", issuer_id="I9", issuer="Other", ticker="O", sector="Energy"
)
EACH = pytest.mark.parametrize("rule", CAPS)


def buy(of: Bond = ACME) -> BlockOrder:
    return block(10_000_000, of=of)


@EACH
def test_the_share_counts_what_is_held_and_one_unit_more_would_break_it(rule: Rule) -> None:
    own = holding_all(account("A"), holding("B", "4015000", issuer="I1", sector="Banking"))
    cap = CAPS[rule](table(("*", rule, "", "5%")), "clean")
    what = {Rule.SECURITY: "A bond", Rule.ISSUER: "Acme Corp", Rule.SECTOR: "sector Banking"}[rule]
    assert cap.limit(buy(), own) == (
        1_000_000,
        f"{what} is 4.02% of NAV of USD 100,000,000 and may be 5%: the USD 985,000 left buys 1,000,000 at 98.5",
    )
    less = replace(own, nav=Decimal("99999999.99"))
    assert (limit := cap.limit(buy(), less)) is not None
    assert limit[0] == 999_999


@EACH
@pytest.mark.parametrize("value", ["5000000", "5000000.01", "7000000"])
def test_at_the_limit_or_over_it_nothing_is_left(rule: Rule, value: str) -> None:
    own = holding_all(account("A"), holding("B", value, issuer="I1", sector="Banking"))
    limit = CAPS[rule](table(("A", rule, "", "5%")), "clean").limit(buy(), own)
    assert limit is not None
    assert limit[0] == 0
    assert limit[1].endswith("of NAV of USD 100,000,000 and may be 5%: nothing is left")


@EACH
def test_a_sell_and_an_account_without_a_row_are_not_limited(rule: Rule) -> None:
    cap = CAPS[rule](table(("Z", rule, "", "0%")), "clean")
    assert cap.limit(buy(), account("A")) is None
    assert cap.limit(block(1_000, Side.SELL, ACME), account("Z", held="5000")) is None
    assert CAPS[rule](NO_LIMITS, "clean").limit(buy(), account("A", nav=None)) is None


@EACH
def test_a_row_that_names_the_bond_stands_before_one_for_all_and_an_own_row_before_everyones(rule: Rule) -> None:
    name = {Rule.SECURITY: "us1", Rule.ISSUER: "acme corp", Rule.SECTOR: "BANKING"}[rule]
    rows = [("A", rule, "", "1%"), ("*", rule, "", "2%"), ("*", rule, name, "4%"), ("B", rule, name, "8%")]
    cap = CAPS[rule](table(*rows), "clean")
    faces = [limit[0] for who in ("A", "B") if (limit := cap.limit(buy(AT_PAR), account(who)))]
    assert faces == [4_000_000, 8_000_000]
    unnamed = [limit[0] for who in ("A", "B") if (limit := cap.limit(buy(ANOTHER), account(who)))]
    assert unnamed == [1_000_000, 2_000_000]


def test_only_the_bonds_own_holding_counts_for_a_security() -> None:
    own = holding_all(account("A"), holding("C", "90000000", issuer="I1", sector="Banking"))
    limit = SecurityCap(table(("A", Rule.SECURITY, "", "1%")), "clean").limit(buy(AT_PAR), own)
    assert limit is not None
    assert limit[0] == 1_000_000


@pytest.mark.parametrize("rule", [Rule.ISSUER, Rule.SECTOR])
def test_holdings_without_an_issuer_or_a_sector_are_not_counted_and_the_reason_says_how_many(rule: Rule) -> None:
    figure = "issuer" if rule is Rule.ISSUER else "sector"
    some = [holding("C", "3000000", issuer="i1", sector="banking"), holding("D", "9000000")]
    cap = CAPS[rule](table(("A", rule, "", "5%")), "clean")
    one = cap.limit(buy(AT_PAR), holding_all(account("A"), *some))
    assert one is not None
    assert one[0] == 2_000_000
    assert f"NAV of USD 100,000,000 (1 holding has no {figure} and is not counted) and may be 5%" in one[1]
    two = cap.limit(buy(AT_PAR), holding_all(account("A"), *some, holding("E", "9000000")))
    assert two is not None
    assert f"(2 holdings have no {figure} and are not counted)" in two[1]


@pytest.mark.parametrize("rule", [Rule.ISSUER, Rule.SECTOR])
def test_what_is_held_of_the_bond_itself_counts_though_its_row_names_no_issuer_or_sector(rule: Rule) -> None:
    own = holding_all(account("A"), holding("B", "4000000"))
    limit = CAPS[rule](table(("A", rule, "", "5%")), "clean").limit(buy(AT_PAR), own)
    assert limit is not None
    assert limit[0] == 1_000_000
    assert "counted" not in limit[1]


@pytest.mark.parametrize("of", ["", "Globex"])
@pytest.mark.parametrize("rule", [Rule.ISSUER, Rule.SECTOR])
def test_a_bond_whose_issuer_or_sector_is_not_known_is_not_bought_under_any_such_limit(rule: Rule, of: str) -> None:
    figure = "issuer" if rule is Rule.ISSUER else "sector"
    limit = CAPS[rule](table(("*", rule, of, "100%")), "clean").limit(buy(bond(ticker="ACME")), account("A"))
    assert limit == (0, f"the {figure} of A bond is not known, so its {figure} limits cannot be checked")


@EACH
@pytest.mark.parametrize(
    ("nav", "currency", "missing"),
    [
        (None, "USD", "its NAV is not known"),
        ("-1", "USD", "its NAV is USD -1, not above zero"),
        ("100000000", "EUR", "no exchange rate from USD to EUR"),
    ],
)
def test_a_missing_figure_of_the_account_stops_the_buy(
    rule: Rule, nav: str | None, currency: str, missing: str
) -> None:
    limit = CAPS[rule](table(("A", rule, "", "5%")), "clean").limit(buy(), account("A", nav, currency=currency))
    label = {Rule.SECURITY: "security concentration", Rule.ISSUER: "issuer concentration", Rule.SECTOR: "sector"}[rule]
    assert limit == (0, f"{missing}, so the {label} limit of 5% cannot be checked")


@EACH
@pytest.mark.parametrize(
    ("of", "held", "missing"),
    [
        (ACME, holding("B", "0"), "1 holding has no market value"),
        (ACME, holding("B", "1000", accrued=None), "1 holding has no accrued interest"),
        (replace(ACME, accrued=None), holding("B", "1000"), "the accrued interest of A bond is not known"),
    ],
)
def test_a_missing_value_of_what_is_counted_stops_the_buy(rule: Rule, of: Bond, held: Holding, missing: str) -> None:
    limit = CAPS[rule](table(("A", rule, "", "5%")), "dirty").limit(buy(of), holding_all(account("A"), held))
    assert limit is not None
    assert limit[0] == 0
    assert limit[1].startswith(f"{missing}, so the")


@EACH
def test_holdings_and_trade_are_valued_on_one_basis(rule: Rule) -> None:
    own = holding_all(account("A"), holding("B", "3900000", accrued="100000", issuer="I1", sector="Banking"))
    coupon = replace(AT_PAR, accrued=Decimal(25))
    limits = table(("A", rule, "", "5%"))
    clean, dirty = (CAPS[rule](limits, basis).limit(buy(coupon), own) for basis in ("clean", "dirty"))
    assert clean is not None
    assert dirty is not None
    assert (clean[0], dirty[0]) == (1_100_000, 800_000)
    assert clean[1].endswith("at 100")
    assert dirty[1].endswith("the USD 1,000,000 left buys 800,000 at 100 plus accrued")


def test_a_bond_in_another_currency_counts_in_the_accounts_own() -> None:
    own = account("A", currency="EUR", fx={"USD": Decimal("0.8")})
    limit = SecurityCap(table(("A", Rule.SECURITY, "", "1%")), "clean").limit(buy(AT_PAR), own)
    assert limit is not None
    assert limit[0] == 1_250_000


def test_a_holding_sold_short_is_taken_off() -> None:
    own = holding_all(account("A"), holding("C", "-1000000", issuer="I1"), holding("D", "4000000", issuer="I1"))
    limit = IssuerCap(table(("A", Rule.ISSUER, "", "5%")), "clean").limit(buy(AT_PAR), own)
    assert limit is not None
    assert limit[0] == 2_000_000


MONEY = st.decimals(0, 10**9, places=2)


@given(
    st.sampled_from([*CAPS]),
    st.lists(st.tuples(MONEY.filter(bool), MONEY), max_size=4),
    st.decimals(1, 10**11, places=2),
    st.integers(0, 10**8),
    st.decimals("0.01", 200, places=6),
    st.decimals("0.0001", 200, places=10),
    st.sampled_from(["clean", "dirty"]),
)
def test_the_face_given_respects_the_limit_and_one_unit_more_breaks_it(
    rule: Rule,
    held: list[tuple[Decimal, Decimal]],
    nav: Decimal,
    share: int,
    price: Decimal,
    fx: Decimal,
    basis: str,
) -> None:
    percent = Decimal(share).scaleb(-6)
    rows = [
        holding("B" if i == 0 else f"H{i}", str(value), str(accrued), "I1", "Banking")
        for i, (value, accrued) in enumerate(held)
    ]
    own = holding_all(account("A", str(nav), currency="EUR", fx={"USD": fx}), *rows)
    paper = replace(ACME, price=price, accrued=Decimal("1.2345"), factor=Decimal("0.87654321"))
    limit = CAPS[rule](table(("*", rule, "", f"{percent:f}%")), basis).limit(buy(paper), own)
    assert limit is not None
    counted = held[:1] if rule is Rule.SECURITY else held
    value = sum(Fraction(v) + (Fraction(a) if basis == "dirty" else 0) for v, a in counted)
    most = Fraction(percent) / 100 * Fraction(nav)
    unit = Fraction(paper.factor) * Fraction(fx) / 100
    unit *= Fraction(price) + (Fraction("1.2345") if basis == "dirty" else 0)
    assert limit[0] == 0 or value + limit[0] * unit <= most
    assert value + (limit[0] + 1) * unit > most
