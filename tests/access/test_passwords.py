"""Passwords: what is refused, what is made up, and that a check takes as long for whatever hash."""

from __future__ import annotations

import bcrypt
import pytest

from access import passwords
from access.passwords import hash_password, made_up
from orders.errors import SettingsError


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "shorter than 12 characters"),
        (" with a space before", "begins or ends with a space"),
        ("é" * 37, "longer than 72 bytes"),
        ("a zero \0 in between", "cannot be typed"),
        ("Maria-is-the-best", "has the username in it"),
    ],
)
def test_a_password_the_sign_in_could_not_take_is_not_hashed(password: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        hash_password(password, "maria")


def test_made_up_passwords_differ_and_can_be_read_aloud() -> None:
    some = {made_up() for _ in range(50)}
    assert len(some) == 50
    assert all(len(one) == 23 and not set(one) & set("0o1liOI") and not passwords.faults(one) for one in some)


def test_a_cheap_hash_costs_as_many_rounds_as_the_dearest(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = 0
    check, digest = bcrypt.checkpw, bcrypt.hashpw

    def checking(password: bytes, hashed: bytes) -> bool:
        nonlocal rounds
        rounds += 2 ** passwords.cost_of(hashed.decode())
        return check(password, hashed)

    def hashing(password: bytes, salt: bytes) -> bytes:
        nonlocal rounds
        rounds += 2 ** passwords.cost_of(salt.decode())
        return digest(password, salt)

    cheap, dear = (bcrypt.hashpw(b"right", bcrypt.gensalt(cost)).decode() for cost in (4, 7))
    monkeypatch.setattr(bcrypt, "checkpw", checking)
    monkeypatch.setattr(bcrypt, "hashpw", hashing)
    for hashed in (cheap, dear):
        rounds = 0
        assert not passwords.is_right("pm", "wrong", hashed, 7)
        assert rounds == 2**7
