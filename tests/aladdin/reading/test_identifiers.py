"""Identifiers as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import cusip, isin

from aladdin.reading import identifiers

BODY = st.text("0123456789", min_size=8, max_size=8)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("037833100", "CUSIP"),
        (" us0378331005 ", "ISIN"),
        ("B15KXQ8", "SEDOL"),
        ("DUS0421C5", "CUSIP"),
        ("XS0971721963", "ISIN"),
    ],
)
def test_a_well_formed_identifier_is_recognised(text: str, kind: str) -> None:
    found = identifiers.recognise(text)
    assert found is not None
    assert (found.kind, found.valid) == (kind, True)


@pytest.mark.parametrize(
    "text", ["MICROSOFT", "CHEVRON", "T 4.5 30", "VERIZON", "bank of america", "", "4.5", "ALDN 4 11"]
)
def test_words_are_not_taken_for_identifiers(text: str) -> None:
    assert identifiers.recognise(text) is None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("037833101", "037833100"),  # wrong check digit
        ("O37833100", "037833100"),  # letter O
        ("US037833I005", "US0378331005"),  # letter I
        ("US0378313005", "US0378331005"),  # neighbours swapped
        ("B15KXQ7", "B15KXQ8"),
    ],
)
def test_a_mistyped_identifier_is_invalid_and_the_one_meant_is_among_the_corrections(typed: str, meant: str) -> None:
    found = identifiers.recognise(typed)
    assert found is not None
    assert not found.valid
    assert meant in found.corrections


@given(BODY, st.integers(0, 8), st.integers(1, 9))
def test_every_correction_is_a_valid_identifier_and_a_changed_digit_never_passes(body: str, at: int, by: int) -> None:
    right = body + cusip.calc_check_digit(body)
    wrong = right[:at] + str((int(right[at]) + by) % 10) + right[at + 1 :]
    found = identifiers.recognise(wrong)
    assert found is not None
    assert not found.valid
    assert all(cusip.is_valid(correction) for correction in found.corrections)


@given(BODY)
def test_a_wrong_last_digit_of_an_isin_is_always_corrected(body: str) -> None:
    right = isin.from_natid("US", body + cusip.calc_check_digit(body))
    wrong = right[:-1] + str((int(right[-1]) + 1) % 10)
    found = identifiers.recognise(wrong)
    assert found is not None
    assert right in found.corrections


def test_an_unknown_country_is_invalid_and_not_an_error() -> None:
    found = identifiers.recognise("QZ0378331005")
    assert found is not None
    assert not found.valid


def test_near_identifiers_are_nearest_first() -> None:
    known = ("US0378331005", "US0378331013", "DE0001102333", "037833100")
    assert identifiers.near("US0378331006", known)[0] == "US0378331005"
    assert "DE0001102333" not in identifiers.near("US0378331006", known)


@pytest.mark.parametrize(("typed", "whole"), [("03783310", "037833100"), ("us037833100", "US0378331005")])
def test_an_identifier_without_its_check_digit_gets_it_as_a_suggestion(typed: str, whole: str) -> None:
    found = identifiers.recognise(typed)
    assert found is not None
    assert (found.valid, found.corrections) == (False, (whole,))
    assert str(found).endswith("its check digit is missing.")


@pytest.mark.parametrize("text", ["20301115", "CHEVRONS", "ZZ037833100", "@@@33310"])
def test_what_cannot_be_completed_to_an_identifier_is_none(text: str) -> None:
    found = identifiers.recognise(text)
    assert found is None or all(cusip.is_valid(whole) for whole in found.corrections)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("037833100", ("CUSIP", "ALADDIN_SEC_ID")),
        ("DUS0421C5", ("CUSIP", "CINS", "ALADDIN_SEC_ID")),
        ("US0378331005", ("ISIN",)),
        ("B15KXQ8", ("SEDOL",)),
    ],
)
def test_an_identifier_is_looked_for_under_every_kind_it_may_be_listed_as(text: str, kinds: tuple[str, ...]) -> None:
    found = identifiers.recognise(text)
    assert found is not None
    assert found.listed_as == kinds
