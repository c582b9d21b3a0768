"""Sessions on Snowflake: who signs in, what a refusal means, and how many requests a use case takes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from sqlalchemy import Engine, event, select, text

from orders.canonical import digest
from orders.errors import Rejected, SettingsError, Unavailable
from orders.model import Kind, OrderState
from storage import SqlLedger, SqlSignIns
from storage.engine import READER
from storage.history import SqlHistory
from storage.schema import streams
from storage.snowflake import open_snowflake
from storage.unit import read, write
from tests.storage.emulated import EmulatedSnowflake
from tests.storage.samples import SetClock, block, change


@pytest.fixture
def store() -> str:
    return "snowflake"


@pytest.fixture
def opened(snowflake: EmulatedSnowflake, on_snowflake: Engine) -> Iterator[Callable[..., Engine]]:
    """Opens engines with settings changed, and disposes of them."""
    engines: list[Engine] = []

    def open_with(**changes: object) -> Engine:
        engines.append(open_snowflake(snowflake.config(**changes), rest_seconds=0))
        return engines[-1]

    yield open_with
    for engine in engines:
        engine.dispose()


def heads(engine: Engine) -> int:
    return len(read(engine, lambda conn: conn.execute(select(streams)).all()))


def pem(encryption: KeySerializationEncryption | None = None) -> tuple[str, str]:
    """A new key and its public half."""
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def test_a_key_that_the_user_has_signs_in_encrypted_or_not(
    snowflake: EmulatedSnowflake, opened: Callable[..., Engine]
) -> None:
    for passphrase in ("", "open sesame"):
        private, public = pem(BestAvailableEncryption(passphrase.encode()) if passphrase else None)
        snowflake.trust(public)
        engine = opened(private_key=private, private_key_passphrase=passphrase, password="not needed")
        assert heads(engine) >= 1


def test_a_key_that_the_user_has_not_says_what_to_do_about_it(opened: Callable[..., Engine]) -> None:
    private, _ = pem()
    with pytest.raises(SettingsError, match=r"does not know the key of evenlot_app: .*SET RSA_PUBLIC_KEY"):
        heads(opened(private_key=private))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "hush"}, r"refused to sign evenlot_app in: check SNOWFLAKE_USER and SNOWFLAKE_PASSWORD"),
        ({"user": "nobody"}, r"refused to sign nobody in: check SNOWFLAKE_USER"),
        ({"role": "ACCOUNTADMIN"}, r"does not let evenlot_app use the role ACCOUNTADMIN: correct SNOWFLAKE_ROLE"),
    ],
)
def test_a_refused_sign_in_names_the_setting_and_not_the_secret(
    opened: Callable[..., Engine], changes: dict[str, str], words: str
) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        heads(opened(**changes))
    assert "hush" not in str(refused.value)


def test_a_host_without_an_answer_is_unavailable_and_asked_once_in_a_while(snowflake: EmulatedSnowflake) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"  # bound and not listening: nothing else can take it
        now = [0.0]
        config = snowflake.config(host=nobody, login_timeout=1)
        engine = open_snowflake(config, rest_seconds=15, now=lambda: now[0])
        with pytest.raises(Unavailable, match=r"account evenlot-test\) does not answer") as first:
            heads(engine)
        now[0] = 14.9
        with pytest.raises(Unavailable) as second:
            heads(engine)
    assert first.value.sent is False
    assert f"Check the network, and SNOWFLAKE_HOST ({nobody}) if this is new. It said: " in str(first.value)
    assert first.value.__cause__ is not None, "it was tried"
    assert second.value.__cause__ is None, "it was not tried again"
    engine.dispose()


def test_after_its_rest_a_sign_in_is_tried_again(snowflake: EmulatedSnowflake, on_snowflake: Engine) -> None:
    now = [0.0]
    engine = open_snowflake(snowflake.config(), rest_seconds=15, now=lambda: now[0])
    snowflake.meet("390102 User temporarily locked. Try again later.", at="sign-in")
    for moment in (0.0, 14.9):
        now[0] = moment
        with pytest.raises(SettingsError, match="temporarily locked"):
            heads(engine)
    now[0] = 15
    assert heads(engine) >= 1
    engine.dispose()


def test_a_session_that_was_lost_is_replaced_without_anybody_noticing(
    snowflake: EmulatedSnowflake, opened: Callable[..., Engine]
) -> None:
    engine = opened()
    for use in (lambda: heads(engine), lambda: write(engine, lambda conn: conn.execute(select(streams)).all())):
        use()
        snowflake.meet("390111 Session no longer exists. New login required to access the service.")
        use()


@pytest.mark.parametrize(
    "fault", ["290503 HTTP 503: Service Unavailable", "290407 HTTP 407: Proxy Authentication Required"]
)
def test_an_answer_that_is_not_snowflakes_own_is_asked_for_again_in_a_new_session(
    snowflake: EmulatedSnowflake, opened: Callable[..., Engine], fault: str
) -> None:
    engine = opened()
    for use in (lambda: heads(engine), lambda: write(engine, lambda conn: conn.execute(select(streams)).all())):
        use()
        snowflake.meet(fault)
        use()


def test_a_write_that_is_refused_is_never_committed_by_the_next_one(
    snowflake: EmulatedSnowflake, engine: Engine, ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a statement nor the ROLLBACK after it is carried out, so that its transaction is open still."""
    ledger.confirm("a", *block("A"))

    def fail(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO audit_log"):
            snowflake.meet("000603 Internal error.", "000603 Internal error.")

    event.listen(engine, "before_cursor_execute", fail)
    monkeypatch.setattr(ledger._unit, "_patience", 0.5)
    with pytest.raises(Unavailable):
        ledger.confirm("lost", *block("LOST"))
    event.remove(engine, "before_cursor_execute", fail)
    ledger.confirm("b", *block("B"))
    assert {order.id for order in ledger.orders()} == {"or-A", "or-B"}
    assert ledger.verify() == ()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("000606 No active warehouse selected in the current session.", "correct SNOWFLAKE_WAREHOUSE"),
        ("090105 Cannot perform SELECT. This session does not have a current database.", "SNOWFLAKE_DATABASE"),
        ("090106 Cannot perform SELECT. This session does not have a current schema.", "SNOWFLAKE_SCHEMA"),
        ("002003 Object 'STREAMS' does not exist or not authorized.", "have `python -m storage migrate` run"),
        ("003001 Insufficient privileges to operate on table 'STREAMS'.", "python -m storage migrate --sql"),
    ],
)
def test_what_a_setting_or_a_grant_would_mend_says_so(
    snowflake: EmulatedSnowflake, opened: Callable[..., Engine], fault: str, words: str
) -> None:
    engine = opened()
    heads(engine)
    snowflake.meet(fault)
    with pytest.raises(SettingsError, match=words):
        heads(engine)


def test_waiting_for_a_lock_in_vain_is_tried_again(
    snowflake: EmulatedSnowflake, engine: Engine, ledger: SqlLedger
) -> None:
    ledger.confirm("a", *block("A"))
    snowflake.meet("000625 Your statement was aborted because the number of waiters for this lock exceeds the limit.")
    ledger.confirm("b", *block("B"))
    assert len(ledger.orders()) == 2
    assert ledger.verify() == ()


def test_a_session_that_does_not_take_transactions_is_not_used(
    snowflake: EmulatedSnowflake, on_snowflake: Engine
) -> None:
    engine = open_snowflake(snowflake.config(), rest_seconds=0)
    snowflake.meet("000603 Internal error.")
    with pytest.raises(Unavailable, match="does not answer"), engine.begin():
        pass
    with engine.begin() as conn:
        assert conn.exec_driver_sql("SELECT 1").scalar() == 1
    engine.dispose()


def test_money_binds_and_comes_back_as_real_snowflake_keeps_it(engine: Engine) -> None:
    sql = "SELECT ?, sum(x) FROM (SELECT 0.1 AS x UNION ALL SELECT 0.2)"
    found = read(engine, lambda conn: conn.exec_driver_sql(sql, (Decimal("1.25"),)).one())
    assert tuple(found) == (Decimal("1.25"), Decimal("0.3"))


def test_a_statement_longer_than_a_text_may_be_is_refused_in_words(ledger: SqlLedger) -> None:
    statement, order = block()
    body = statement.body.replace("P1 gets", 16_800_000 * "x")
    long = replace(statement, body=body, sha256=digest(body))
    with pytest.raises(Rejected, match=r"body of a row of statements would have 16\.8 MB.*fewer accounts"):
        ledger.confirm("c", long, replace(order, statement_sha256=long.sha256))
    assert ledger.orders() == ()


def test_a_moment_that_is_missing_is_not_1970(engine: Engine) -> None:
    assert SqlSignIns(engine, SetClock()).not_before("nobody") is None


def test_keys_are_not_kept_so_nothing_may_rely_on_them(engine: Engine) -> None:
    with engine.connect() as conn:
        for _ in range(2):
            conn.execute(
                text("INSERT INTO leases (name, holder, fence, held_until) VALUES ('w', 'me', 1, '2025-01-01')")
            )
        assert conn.scalar(text("SELECT count(*) FROM leases")) == 2
        conn.rollback()


def test_use_cases_take_as_many_requests_as_they_should(
    snowflake: EmulatedSnowflake, ledger: SqlLedger, engine: Engine
) -> None:
    ledger.confirm("warm", *block("warm"))
    lease = ledger.acquire("worker", "me", 30)
    assert lease is not None

    def requests_of(use: Callable[[], object]) -> int:
        before = snowflake.requests()
        use()
        return snowflake.requests() - before

    assert requests_of(lambda: ledger.confirm("c", *block("A"), after=1, limits=0)) == 8
    assert requests_of(lambda: ledger.confirm("c", *block("A"), after=1, limits=0)) == 3, "only told what it did"
    order = ledger.order("or-A")
    step = change(order, OrderState.ACTIVE, "fill", booked={"P1": Decimal(1), "P2": Decimal(2)})
    assert requests_of(lambda: ledger.advance("f", step, fence=lease.fence)) <= 13
    plain, asking = change(ledger.order("or-A")), change(ledger.order("or-warm"), opens_intent=Kind.CANCEL)
    as_many = requests_of(lambda: ledger.advance("p", plain, fence=lease.fence))
    assert requests_of(lambda: ledger.advance("o", asking, fence=lease.fence)) == as_many
    assert requests_of(lambda: SqlHistory(engine).counts()) == 1
    assert requests_of(lambda: ledger.acquire("worker", "me", 30)) == 3
    assert requests_of(ledger.orders) == 2
    assert requests_of(ledger.intents) == 1


def test_an_order_that_changes_while_it_is_read_is_read_again(engine: Engine, ledger: SqlLedger) -> None:
    order = ledger.confirm("c", *block())
    step = change(order, OrderState.ACTIVE, "fill", filled=Decimal(1), booked={"P1": Decimal(1)})
    reader = engine.get_execution_options()[READER]
    seen: list[str] = []

    def meanwhile(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)
        if len(seen) == 2:  # the order has been read, its lines have not
            with ThreadPoolExecutor(1) as another:
                another.submit(ledger.advance, "f", step).result()

    event.listen(reader, "before_cursor_execute", meanwhile)
    (found,) = ledger.orders()
    event.remove(reader, "before_cursor_execute", meanwhile)
    assert found.version == 2
    assert sum(line.booked for line in found.lines) == found.filled == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"warehouse": ""}, "SNOWFLAKE_WAREHOUSE is ''"),
        ({"schema": 'a"; DROP'}, "SNOWFLAKE_SCHEMA is"),
        ({"password": ""}, "needs SNOWFLAKE_PRIVATE_KEY_FILE"),
        ({"host": "http://evenlot.example.com"}, "in the clear"),
        ({"host": "ftp://evenlot.example.com"}, "write a host name"),
        ({"private_key": "not a key"}, "private key for Snowflake cannot be read"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_sent(
    snowflake: EmulatedSnowflake, changes: dict[str, str], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        open_snowflake(snowflake.config(**changes))


def test_a_key_of_another_kind_is_refused(snowflake: EmulatedSnowflake) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(SettingsError, match="not an RSA key"):
        open_snowflake(snowflake.config(private_key=key.decode()))
