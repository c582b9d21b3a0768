"""Basic: user name and password with each call, and never anywhere else."""

from __future__ import annotations

import base64
import traceback

import pytest
from pydantic import SecretStr

from aladdin.config import AladdinConfig
from aladdin.http.sign_in import masked
from aladdin.http.transport import Transport
from orders.errors import AuthenticationFailed, NotPermitted
from tests.aladdin.loopback import Asked, Loopback, Reply
from tests.aladdin.sending import READ, START, scripted


def transport(server: Loopback) -> Transport:
    config = AladdinConfig(server.url, username="ann", password=SecretStr("pä:ss"), api_key=SecretStr("key-1"))
    return Transport(config, lambda: START, sleep=lambda _seconds: None)


def test_the_name_and_password_go_with_each_call_and_no_token_is_asked_for() -> None:
    with Loopback(scripted(Reply({"ok": 1}))) as server:
        sender = transport(server)
        assert sender.read(READ).json() == {"ok": 1}
        sender.close()
        assert server.granted == 0
        (asked,) = server.calls()
    scheme, encoded = asked.headers["Authorization"].split()
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", "ann:pä:ss")
    assert asked.headers["VND.com.blackrock.API-Key"] == "key-1"


def test_a_refused_password_is_not_sent_twice_and_not_quoted() -> None:
    def quoting(asked: Asked) -> Reply:
        return Reply({"message": f"{asked.headers['Authorization']} is wrong, and so is pä:ss"}, status=401)

    with Loopback(quoting) as server:
        sender = transport(server)
        with pytest.raises(AuthenticationFailed) as raised:
            sender.read(READ)
        sender.close()
        assert len(server.calls()) == 1
    told = "".join(traceback.format_exception(raised.value))
    assert "pä:ss" not in told
    assert server.asked[0].headers["Authorization"].split()[1] not in told


def test_what_is_not_permitted_speaks_of_no_scopes() -> None:
    with Loopback(scripted(Reply(status=403))) as server:
        sender = transport(server)
        with pytest.raises(NotPermitted) as raised:
            sender.read(READ)
        sender.close()
    assert "scope" not in str(raised.value)


@pytest.mark.parametrize("written", ["a b/c", "a%20b%2Fc", "a+b%2Fc"])
def test_a_secret_is_masked_however_it_is_written(written: str) -> None:
    assert masked(f"it was {written}.", ["", "a b/c"]) == "it was ***."
