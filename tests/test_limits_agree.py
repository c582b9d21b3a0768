"""Books and the desk each have the rules of limits, and neither imports the other's: here they are held together."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from allocation.errors import InvalidLimit
from allocation.limits import EVERY_ACCOUNT, Limit, LimitTable, Rule
from books import BookError, demo_book, read_book
from books import limits as of_books
from tests.books.folder import small_book

VALUES = (
    "", "0", "5", "5%", "0.5%", "100%", "5%%", "%", "5.", ".5", "5.1234567%", "1.123456", "123456789012345",
    "1234567890123456", "-5", "+5", "1e3", "1,000", "5 %", "١", "yes", "No", "YES", "true", "n", "AAA", "aa+", "A-",
    "BBB-", "Baa3", "BAA4", "Caa1", "CCC+", "CC", "C", "D", "D+", "Ca", "A1", "Aa", "S&P: BBB-", "S&P BBB-", "[S&P] A",
    "[ICRA]AAA", "[ICRA] AAA (SO)", "Moody's Baa2", "MOODYS: Aa1", "Moody's BBB", "S&P Baa2", "BBB *-", "BBB/*+",
    "Baa1(sf)", "AAA (CE)", "Sovereign", "sovereign (SO)", "NR", "F1+", "P-1", "IND A1", "CRISIL AA+ (SO)", "CARE  A",
    "(P)Baa1", "Moody's (P)Baa1", "(EXP) A+", "A (high)", "DBRS: A(low)", "Moody's A (high)", "BBB/Stable",
    "BB (Negative)", "AAAsf", "BBu", "A+ (sf) *-", "/Stable", "BBB Stable",
)  # fmt: skip


def desk_takes(rule: str, of: str, value: str) -> bool:
    try:
        Limit("A", Rule.of(rule), of, value)
    except InvalidLimit:
        return False
    return True


def books_take(rule: str, of: str, value: str) -> bool:
    form = of_books.FORMS.get(rule)
    if form is None:
        return False
    named = {of_books.Names.NEVER: not of, of_books.Names.MUST: bool(of), of_books.Names.MAY: True}[form.of]
    return named and form.value.fullmatch(value.upper()) is not None


def test_the_rules_are_the_same_and_say_the_same_is_expected() -> None:
    assert {rule.key: rule.expects for rule in Rule} == {key: form.expects for key, form in of_books.FORMS.items()}
    assert list(of_books.FORMS) == [rule.key for rule in Rule]
    assert of_books.EVERY_ACCOUNT == EVERY_ACCOUNT


@pytest.mark.parametrize("rule", [rule.key for rule in Rule])
@pytest.mark.parametrize("of", ["", "Acme"])
def test_both_take_the_same_of_and_the_same_values(rule: str, of: str) -> None:
    for value in VALUES:
        assert books_take(rule, of, value) == desk_takes(rule, of, value), f"{rule} of {of!r}: {value!r}"


_letters = st.text("AaBbCcDd+-123", max_size=5)
_agencies = st.sampled_from(["", "S&P", "[ICRA]", "[ICRA", "Moody's ", "MOODYS:", "fitch ", "IND: ", "XYZ "])
_prefixes = st.sampled_from(["", "(P)", "(exp) ", "(x)"])
_suffixes = st.sampled_from(
    ["", "*-", " *", "/*+", "(SF)", " (ce)", " (XX)", "+", "sf", "u", " (high)", "(low)", "/Stable"]
)


@given(st.builds(lambda *parts: "".join(parts).strip(), _agencies, _prefixes, _letters, _suffixes, _suffixes))
@example("S&P: BBB- (SF)")
@settings(max_examples=400, deadline=None)
def test_both_know_the_same_ratings(text: str) -> None:
    assert books_take("rating", "", text) == desk_takes("rating", "", text)


@given(st.sampled_from(list(Rule)), st.text("0123456789.%-+eYNyesno ", max_size=10).map(str.strip))
@settings(max_examples=400, deadline=None)
def test_both_know_the_same_numbers_and_words(rule: Rule, text: str) -> None:
    of = "Acme" if rule is Rule.RESTRICTED else ""
    assert books_take(rule.key, of, text) == desk_takes(rule.key, of, text)


def test_two_rows_that_contradict_each_other_for_one_do_so_for_the_other(tmp_path: Path) -> None:
    small_book(tmp_path)
    for twice in ("ALPHA,issuer,Straße,5%\nALPHA,issuer,STRASSE,6%\n", "*,frozen,,\n*,frozen,,no\n"):
        (tmp_path / "limits.csv").write_text(f"account,rule,of,limit\n{twice}", encoding="utf-8")
        with pytest.raises(BookError, match="line 2 has it already"):
            read_book(tmp_path)
        rows = [line.split(",") for line in twice.splitlines()]
        with pytest.raises(InvalidLimit, match="keep one"):
            LimitTable(1, tuple(Limit(a, Rule.of(rule), of, value) for a, rule, of, value in rows))


def test_the_demo_books_limits_are_a_table_of_the_desk() -> None:
    rows = demo_book().limits
    assert rows is not None
    assert len(LimitTable(1, tuple(Limit(r.account, Rule.of(r.rule), r.of, r.value) for r in rows)).rows) == len(rows)
