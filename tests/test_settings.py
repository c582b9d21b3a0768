from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from orders.errors import SettingsError
from settings import Settings, World, read_part, read_settings
from tests.house import forget_settings

ALADDIN = {
    "ALADDIN_URL": "https://host.example.com",
    "ALADDIN_CLIENT_ID": "evenlot",
    "ALADDIN_CLIENT_SECRET": "hush-hush",
    "ALADDIN_GROUPS": "PUBLICPRE, BIG6,",
    "COOKIE_KEY": "k" * 64,
}


@pytest.fixture(autouse=True)
def _blank(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_settings(monkeypatch, tmp_path)


def set_all(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_with_nothing_set_it_is_the_demo() -> None:
    settings = read_settings()
    assert settings.world is World.DEMO
    assert settings.worker_embedded


def test_a_folder_of_csv_files_is_a_book_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, BOOK_DIR="/books/ours")
    settings = read_settings()
    assert settings.world is World.CSV
    assert settings.book_dir == Path("/books/ours")


def test_all_of_aladdin_is_aladdin_and_its_groups_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, **ALADDIN)
    settings = read_settings()
    assert settings.world is World.ALADDIN
    assert settings.aladdin_groups == ("PUBLICPRE", "BIG6")


@pytest.mark.parametrize("missing", ALADDIN)
def test_a_half_set_of_credentials_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    set_all(monkeypatch, **{name: value for name, value in ALADDIN.items() if name != missing})
    with pytest.raises(SettingsError, match=rf"half-configured: .* set, {missing} missing\. Set what is") as refused:
        read_settings()
    assert "hush-hush" not in str(refused.value)


@pytest.mark.parametrize("name", ["ALADDIN_CLIENT_ID", "ALADDIN_GROUPS", "ALADDIN_API_KEY"])
def test_one_credential_alone_is_no_demo(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "evenlot")
    with pytest.raises(SettingsError, match=f"half-configured: {name} set, ALADDIN_URL,"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALADDIN_CURRENCY", "EUR"),
        ("ALADDIN_SCOPES", "a:read"),
        ("ALADDIN_ACCOUNT_CODE", "77"),
        ("ALADDIN_TIME_ZONE", "America/New_York"),
        ("ALADDIN_REFRESH_TOKEN", "hush-hush"),
    ],
)
def test_what_only_aladdin_is_told_is_no_demo_either(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"half-configured: {name} set, ALADDIN_URL,.* ALADDIN_USERNAME and"):
        read_settings()


def test_how_often_and_how_freshly_to_ask_holds_for_the_demo_too(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, ALADDIN_CALLS_A_MINUTE="60", ALADDIN_QUOTAS="position=30", ALADDIN_FRESHNESS="cash=5")
    assert read_settings().world is World.DEMO


@pytest.mark.parametrize(("name", "one"), [("ALADDIN_QUOTAS", "position"), ("ALADDIN_FRESHNESS", "positions")])
def test_a_quota_or_freshness_of_nothing_is_refused_with_the_names_there_are(
    monkeypatch: pytest.MonkeyPatch, name: str, one: str
) -> None:
    monkeypatch.setenv(name, f"{one}=5,nonsense=5")
    with pytest.raises(SettingsError, match=rf"{name}: .*each name is one of .*\b{one}\b"):
        read_settings()


def test_a_book_and_aladdin_contradict_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, BOOK_DIR="/books/ours", **ALADDIN)
    with pytest.raises(SettingsError, match="BOOK_DIR and ALADDIN_URL are both set"):
        read_settings()


def test_the_demo_asked_for_by_name_runs_beside_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, DEMO="true", **ALADDIN)
    assert read_settings().world is World.DEMO


SNOWFLAKE = {
    "SNOWFLAKE_ACCOUNT": "ours-evenlot",
    "SNOWFLAKE_USER": "evenlot_app",
    "SNOWFLAKE_PASSWORD": "hush-hush",
    "SNOWFLAKE_WAREHOUSE": "TRADING",
    "SNOWFLAKE_DATABASE": "DESK",
}


@pytest.mark.parametrize("name", ["SNOWFLAKE_ROLE", "SNOWFLAKE_SCHEMA", "SNOWFLAKE_QUERY_TAG", *SNOWFLAKE])
def test_one_setting_of_snowflake_alone_is_no_demo(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "evenlot")
    with pytest.raises(SettingsError, match=f"Snowflake is half-configured: {name} is set, but these are missing: "):
        read_settings()


@pytest.mark.parametrize("name", SNOWFLAKE)
def test_a_half_set_snowflake_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    set_all(monkeypatch, BOOK_DIR="/books/ours", **{key: value for key, value in SNOWFLAKE.items() if key != name})
    with pytest.raises(SettingsError, match=rf"half-configured: .* are set, but (this is|these are) missing: .*{name}"):
        read_settings()


def test_snowflake_alone_is_no_demo_unless_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, **SNOWFLAKE)
    with pytest.raises(
        SettingsError, match="Snowflake is configured, and nothing to trade on: set BOOK_DIR or Aladdin"
    ):
        read_settings()
    assert read_part().snowflake is not None  # enough to work on the ledger
    asked = read_settings(demo=True)
    assert (asked.world, asked.snowflake) == (World.DEMO, None)


def test_without_snowflake_the_ledger_is_a_file() -> None:
    assert read_settings().snowflake is None


def test_snowflakes_settings_reach_its_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    more = {"SNOWFLAKE_ROLE": "APP", "SNOWFLAKE_QUERY_TAG": "desk", "SNOWFLAKE_LOCK_TIMEOUT": "7"}
    set_all(monkeypatch, BOOK_DIR="/books/ours", SNOWFLAKE_KEEP_ALIVE="false", **SNOWFLAKE, **more)
    config = read_settings().snowflake
    assert config is not None
    sent = config.arguments(autocommit=False)
    assert {
        name: sent[name] for name in ("account", "user", "password", "warehouse", "database", "schema", "role")
    } == {
        "account": "ours-evenlot",
        "user": "evenlot_app",
        "password": "hush-hush",
        "warehouse": "TRADING",
        "database": "DESK",
        "schema": "EVENLOT",
        "role": "APP",
    }
    assert (sent["session_parameters"]["QUERY_TAG"], sent["session_parameters"]["LOCK_TIMEOUT"]) == ("desk", 7)
    assert sent["client_session_keep_alive"] is False
    assert "hush-hush" not in repr(config)


def test_a_key_goes_before_a_password_and_may_be_a_file_or_a_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pem = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    (tmp_path / "key.p8").write_text(pem)
    set_all(monkeypatch, BOOK_DIR="/books/ours", **SNOWFLAKE)
    for name, value in (
        ("SNOWFLAKE_PRIVATE_KEY", pem.replace("\n", "\\n")),
        ("SNOWFLAKE_PRIVATE_KEY_FILE", str(tmp_path / "key.p8")),
    ):
        monkeypatch.setenv(name, value)
        config = read_settings().snowflake
        assert config is not None
        sent = config.arguments(autocommit=False)
        assert sent["authenticator"] == "SNOWFLAKE_JWT"
        assert "password" not in sent
        monkeypatch.delenv(name)


def test_a_key_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, BOOK_DIR="/books/ours", SNOWFLAKE_PRIVATE_KEY_FILE="/keys/none.p8", **SNOWFLAKE)
    with pytest.raises(SettingsError, match=r"SNOWFLAKE_PRIVATE_KEY_FILE names /keys/none\.p8, .*No such file"):
        read_settings()


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, BOOK_DIR="", DATA_DIR="", DEMO_SEED="", **dict.fromkeys(ALADDIN, ""))
    settings = read_settings()
    assert settings.world is World.DEMO
    assert settings.book_dir is None
    assert settings.demo_seed == 7


def test_an_empty_line_in_secrets_or_dotenv_counts_as_unset_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BOOK_DIR=\nDEMO_SEED=\n")
    (tmp_path / "secrets.toml").write_text('book_dir = ""\ndemo_seed = ""\n')
    settings = read_settings()
    assert settings.world is World.DEMO
    assert settings.demo_seed == 7


@pytest.mark.parametrize("name", ["demo_seed", "DEMO_SEED", "Demo_Seed"])
def test_secrets_are_read_in_either_case(tmp_path: Path, name: str) -> None:
    (tmp_path / "secrets.toml").write_text(f"{name} = 11\n")
    assert read_settings().demo_seed == 11


def test_the_environment_wins_over_dotenv_and_dotenv_over_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secrets.toml").write_text("DEMO_SEED = 11\nDEMO_FILL_SECONDS = 3\nIDLE_MINUTES = 5\n")
    (tmp_path / ".env").write_text("DEMO_SEED=12\nDEMO_FILL_SECONDS=4\n")
    monkeypatch.setenv("DEMO_SEED", "13")
    settings = read_settings()
    assert (settings.demo_seed, settings.demo_fill_seconds, settings.idle_minutes) == (13, 4, 5)


def test_streamlits_own_sections_in_secrets_are_no_settings(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text('demo_seed = 11\n[auth]\ncookie_secret = "x"\n')
    assert read_settings().demo_seed == 11


def test_secrets_that_are_no_toml_are_a_sentence_naming_the_file(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text("COOKIE_KEY = hush-hush\n")
    with pytest.raises(SettingsError, match=r"secrets\.toml cannot be read: .*line 1") as refused:
        read_settings()
    assert "hush-hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEMO_SEED", "sw0rdfish"),
        ("DEMO_SEED", "-4711"),
        ("DEMO_FILL_SECONDS", "987654"),
        ("COOKIE_DAYS", "sw0rdfish"),
        ("IDLE_MINUTES", "-4711"),
        ("MINIMUM_COVERAGE", "4711"),
        ("MARKET_BUFFER", "sw0rdfish"),
        ("WORKER_EMBEDDED", "sw0rdfish"),
        ("DEMO", "sw0rdfish"),
        ("LOG_LEVEL", "sw0rdfish"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_variable_and_never_the_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        read_settings()
    assert f"{name}: " in str(refused.value)
    assert value not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, DEMO_SEED="x", COOKIE_DAYS="y")
    with pytest.raises(SettingsError, match=r"DEMO_SEED: .*; COOKIE_DAYS: .*\. See \.env\.example\."):
        read_settings()


def test_what_may_be_written_is_said_as_it_must_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")
    with pytest.raises(SettingsError, match="DEBUG"):
        read_settings()


PROVIDER = {
    "OIDC_ISSUER": "https://login.example.com/tenant",
    "OIDC_CLIENT_ID": "evenlot",
    "OIDC_CLIENT_SECRET": "hush-hush",
    "OIDC_REDIRECT_URI": "https://evenlot.example.com/oauth2callback",
    "OIDC_ROLES": "desk=viewer",
    "COOKIE_KEY": "k" * 64,
}


@pytest.mark.parametrize("missing", PROVIDER)
def test_a_half_set_provider_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    set_all(monkeypatch, **PROVIDER)
    assert read_settings().oidc is not None
    monkeypatch.delenv(missing)
    with pytest.raises(SettingsError, match=f"half-configured: {missing} missing"):
        _ = read_settings().oidc


@pytest.mark.parametrize(
    ("issuer", "told"),
    [
        ("http://login.example.com", True),
        ("http://localhost.example.com", True),
        ("login.example.com", True),
        ("http://localhost:9000/x", False),
        ("http://127.0.0.1:9000", False),
    ],
)
def test_a_provider_is_asked_in_the_clear_on_this_machine_alone(
    monkeypatch: pytest.MonkeyPatch, issuer: str, told: bool
) -> None:
    set_all(monkeypatch, **PROVIDER | {"OIDC_ISSUER": issuer})
    settings = read_settings()
    if not told:
        assert settings.oidc is not None
        return
    with pytest.raises(SettingsError, match=r"OIDC_ISSUER .* unencrypted: use https"):
        _ = settings.oidc


@pytest.mark.parametrize(
    "hosts", ["https://evenlot.example.com", "evenlot.example.com:8443", "a.example b.example", "*x"]
)
def test_a_host_that_is_no_name_is_refused_as_it_would_let_nobody_in(
    monkeypatch: pytest.MonkeyPatch, hosts: str
) -> None:
    set_all(monkeypatch, ALLOWED_HOSTS="evenlot.example.com, *.desk.example.com.,*, ::1")
    assert len(read_settings().allowed_hosts) == 4
    set_all(monkeypatch, ALLOWED_HOSTS=f"evenlot.example.com,{hosts}")
    with pytest.raises(SettingsError, match="ALLOWED_HOSTS: value error, write names alone"):
        read_settings()


def test_secrets_do_not_show_in_a_print_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, ALADDIN_API_KEY="hush-hush", **ALADDIN)
    printed = repr(read_settings())
    assert "hush-hush" not in printed
    assert ALADDIN["COOKIE_KEY"] not in printed


def test_every_setting_is_in_the_example_file() -> None:
    example = (Path(__file__).parents[1] / ".env.example").read_text()
    unsaid = [name.upper() for name in Settings.model_fields if f"{name.upper()}=" not in example]
    assert unsaid == []


@pytest.mark.parametrize(("name", "value"), [("ALADDIN_TIME_ZONE", "Mars/Olympus"), ("ALADDIN_ACCOUNT_CODE", "ours")])
def test_a_time_zone_or_account_code_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    set_all(monkeypatch, ALADDIN_TIME_ZONE="America/New_York", ALADDIN_ACCOUNT_CODE="77", **ALADDIN)
    assert (read_settings().aladdin_time_zone.key, read_settings().aladdin_account_code) == ("America/New_York", "77")
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        read_settings()


def test_the_demo_asks_for_a_second_person_from_a_size_of_its_own_unless_told_another() -> None:
    assert read_settings(demo=True).approval_from == 500_000_000
    assert read_settings(demo=True, approval_from_face=7).approval_from == 7
    assert read_settings(book_dir="somewhere").approval_from is None
