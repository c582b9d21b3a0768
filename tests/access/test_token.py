"""Tokens: only our own are read, whole and to the microsecond."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.token import Signer
from orders.errors import SettingsError

KEY = "k" * 32
NOW = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
SIGNER = Signer(KEY, hours=12, days=7)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(username=st.text(min_size=1, max_size=64).filter(lambda name: name.isprintable()), now=TIMES)
def test_a_token_reads_back_as_it_was_written(username: str, now: datetime) -> None:
    token = SIGNER.issue(username, "a hash", now)
    assert SIGNER.read(SIGNER.write(token)) == token
    assert (token.issued_at, token.expires_at) == (now, now + timedelta(hours=12))
    stays = SIGNER.issue(username, "a hash", now, stays=True)
    assert (SIGNER.read(SIGNER.write(stays)), stays.expires_at) == (stays, now + timedelta(days=7))


@given(place=st.integers(0, 10_000), char=st.sampled_from("Aa0_-."))
def test_a_token_changed_anywhere_is_not_read(place: int, char: str) -> None:
    token = SIGNER.issue("pm", "a hash", NOW)
    text = SIGNER.write(token)
    place %= len(text) - 1  # the last character holds bits base64 does not use
    changed = text[:place] + char + text[place + 1 :]
    assert SIGNER.read(changed) in ([token] if changed == text else [None])


def test_a_token_of_another_key_is_not_read() -> None:
    assert SIGNER.read(Signer("x" * 32, 1, 1).write(SIGNER.issue("pm", "a hash", NOW))) is None


def test_an_unsigned_token_is_not_read() -> None:
    claims = SIGNER.issue("pm", "a hash", NOW).model_dump(mode="json")
    assert SIGNER.read(jwt.encode(claims, "", algorithm="none")) is None


def test_a_token_signed_with_our_key_but_of_another_shape_is_not_read() -> None:
    assert SIGNER.read(jwt.encode({"username": "pm", "exp_date": 4e9}, KEY, algorithm="HS256")) is None


def test_two_sign_ins_of_one_moment_are_told_apart() -> None:
    assert SIGNER.issue("pm", "a hash", NOW).id != SIGNER.issue("pm", "a hash", NOW).id


def test_the_cookie_s_readable_part_holds_no_hash() -> None:
    text = SIGNER.write(SIGNER.issue("pm", "$2b$12$secret", NOW))
    claims = json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))
    assert claims["username"] == "pm"
    assert "secret" not in json.dumps(claims)


@pytest.mark.parametrize(
    ("key", "days", "sentence"), [("short", 1.0, "shorter than 32 bytes"), (KEY, 0.0, "cannot last")]
)
def test_a_weak_key_or_a_life_of_nothing_is_refused(key: str, days: float, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        Signer(key, 1, days)
