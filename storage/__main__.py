"""`python -m storage`: proves, exports, backs up, restores and migrates the ledger that the app's settings name."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection

from allocation.errors import EvenlotError
from orders.errors import SettingsError
from settings import read_part, read_settings
from storage import seals, verification
from storage.backup import back_up
from storage.engine import LEDGER_FILE
from storage.exports import Format, export
from storage.failures import require_whole
from storage.migrations import migrate, require_current
from storage.migrations.on_snowflake import migrate_snowflake, script
from storage.named import WallClock, folder_of, store_of, user
from storage.restoring import mark_put_back, restore, to_be_looked_up
from storage.schema import metadata
from storage.unit import read, read_still

FAULTS, TROUBLE = 1, 2

_ENDING = """exit status: 0 when all is well, 1 when verify found faults, 2 when a command could not be carried out.
The ledger is the one the app uses by its settings (DATA_DIR, SNOWFLAKE_ACCOUNT, ...); --data names a folder instead."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; see `_ENDING` for the exit status."""
    structlog.configure(  # standard output is for what was asked for
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except EvenlotError as error:
        sys.stderr.write(f"{error}\n")
        return TROUBLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m storage",
        description="Work on the ledger: prove it, copy it, bring it up to date.",
        epilog=_ENDING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    folder = argparse.ArgumentParser(add_help=False)  # taken before the command and after it
    where = "the data folder, instead of the one in the settings"
    folder.add_argument("--data", type=Path, metavar="DIR", default=argparse.SUPPRESS, help=where)
    parser.add_argument("--data", type=Path, metavar="DIR", help=where)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, options, what in (
        ("migrate", _migrate_options, "bring the tables to this version of the program"),
        ("verify", _verify_options, "prove the audit log and what it vouches for"),
        ("export", _export_options, "write the tables to files, exactly"),
        ("backup", _backup_options, "copy the ledger while the app may go on writing"),
        ("restore", _restore_options, "put a backup in the ledger's place; stop the app first"),
    ):
        options(commands.add_parser(name, help=what, parents=[folder]))
    return parser


_GRANT_TO = "on Snowflake: the role the app runs with; --sql needs it, unless SNOWFLAKE_ROLE names it"

# -- migrate -----------------------------------------------------------------------------------------------------


def _migrate_options(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Makes or upgrades the tables. The app does so itself for a ledger in a file. On Snowflake this needs a role "
        "that may create tables, the app's own role needs the grants, and one such command runs at a time."
    )
    parser.add_argument("--grant-to", metavar="ROLE", default="", help=_GRANT_TO)
    parser.add_argument("--sql", action="store_true", help="on Snowflake: only write the script, grants included")
    parser.add_argument("--from", dest="since", metavar="REVISION", default="", help="with --sql: what is there now")
    parser.set_defaults(run=_migrate)


def _migrate(options: argparse.Namespace) -> int:
    snowflake = None if options.data else read_part().snowflake
    if snowflake is None and (options.sql or options.grant_to):
        raise SettingsError(
            "A script and grants are for a ledger on Snowflake, and none is configured: set SNOWFLAKE_ACCOUNT and what "
            "belongs to it (see .env.example)."
        )
    if snowflake is not None and options.sql:
        _say(script(snowflake, options.grant_to or snowflake.role, options.since))
        return 0
    with store_of(options, make=True) as engine:
        if snowflake is None:
            migrate(engine)
        else:
            migrate_snowflake(engine, snowflake, options.grant_to)
        read(engine, require_current)
    _say("The ledger's tables are those of this version.")
    return 0


# -- verify ------------------------------------------------------------------------------------------------------


_NOW = (
    "Keep it as it is, find out who wrote to it, and restore a backup whose newest hash you hold (see docs/storage.md)."
)


def _verify_options(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Recomputes every hash from the first entry on, compares every row the log vouches for, and says where it "
        "breaks. Whoever can rewrite every row could rebuild the chains: compare with a hash kept outside the store."
    )
    parser.add_argument("--newest", metavar="HASH", type=_sha256, help="a hash kept elsewhere that must be in the log")
    parser.add_argument(
        "--against", metavar="FILE", type=Path, help="the app's log, or kept lines of this command's output"
    )
    parser.set_defaults(run=_verify)


def _sha256(text: str) -> str:
    if len(text) != 64 or not set(text.lower()) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError("a hash has 64 digits of 0-9 and a-f")
    return text.lower()


def _verify(options: argparse.Namespace) -> int:
    kept = seals.read_seals(options.against) if options.against else ()

    def look(conn: Connection) -> tuple[list[str], seals.Seal | None]:
        require_current(conn)
        faults = [*verification.verify(conn), *seals.broken(conn, kept)]
        if options.newest and seals.lacks(conn, options.newest):
            faults.append(f"The hash {options.newest} is not in the log: it was cut or rewritten since that was noted.")
        return faults, seals.newest(conn)

    with store_of(options, read_only=True) as engine:
        require_whole(engine)
        faults, newest = read_still(engine, look, doubtful=lambda found: bool(found[0]))
    for fault in faults:
        _say(fault)
    if faults:
        _say(
            f"The ledger is not what was written to it: {len(faults)} {'fault' if len(faults) == 1 else 'faults'}. "
            f"{_NOW}"
        )
        return FAULTS
    compared = f" and has all {len(kept)} hashes of {options.against}" if kept else ""
    _say(f"The ledger is whole{compared}. Its newest entry, to be kept outside it:")
    _say(str(newest or "none yet"))
    return 0


# -- export ------------------------------------------------------------------------------------------------------


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Writes one file a table into a new folder. Money and faces are exact decimals, moments are UTC. In CSV an "
        "apostrophe is put before a text that a spreadsheet would run as a formula, or that begins with one."
    )
    parser.add_argument("--to", required=True, choices=[kind.value for kind in Format], help="the kind of file")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="a folder that is not there yet; default: exports/<now> in the data folder",
    )
    parser.add_argument(
        "--table",
        action="append",
        default=[],
        choices=sorted(metadata.tables),
        metavar="TABLE",
        help="only this table; may be given again",
    )
    parser.set_defaults(run=_export)


def _export(options: argparse.Namespace) -> int:
    out = options.out or folder_of(options) / "exports" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    with store_of(options, read_only=True) as engine:
        require_whole(engine)
        read(engine, require_current)
        written = export(engine, Format(options.to), out, [metadata.tables[name] for name in options.table])
    for file in written:
        _say(f"{file.path}: {file.rows} {'row' if file.rows == 1 else 'rows'}")
    return 0


# -- backup and restore ------------------------------------------------------------------------------------------


def _backup_options(parser: argparse.ArgumentParser) -> None:
    parser.description = "Copies a SQLite ledger as of one moment and proves the copy before it gets its name."
    parser.add_argument(
        "--to",
        type=Path,
        metavar="FILE",
        help="a file that is not there yet, best on another disk; default: backups/ledger-<now>.db in the data folder",
    )
    parser.set_defaults(run=_backup)


def _backup(options: argparse.Namespace) -> int:
    with store_of(options) as engine:
        to = options.to or folder_of(options) / "backups" / f"ledger-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db"
        made = back_up(engine, to)
    _say(f"{made.path}: {made.size / 1e6:.1f} MB, checked.")
    if made.newest is None:
        _say("Its tables are of another version than this program's, so its chains were not proved.")
    else:
        _say(f"Its newest entry, to be kept outside it:\n{made.newest}")
    return 0


def _restore_options(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Puts a checked backup in the place of a SQLite ledger. What is there is kept beside it under another name. "
        "Orders it does not know to be at Aladdin are looked up there before anything is posted. Where the ledger was "
        "put back by other means, on Snowflake or as a copy of the file, --put-back sees to that alone."
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", type=Path, nargs="?", help="a backup")
    what.add_argument(
        "--put-back", action="store_true", help="the ledger is an earlier one already: have its orders looked up"
    )
    parser.add_argument(
        "--even-if-newer", action="store_true", help="although the ledger has entries that the backup has not"
    )
    parser.set_defaults(run=_restore)


def _restore(options: argparse.Namespace) -> int:
    if options.put_back:
        return _mark_put_back(options)
    if not options.data and read_settings().snowflake:
        raise SettingsError(
            "A ledger on Snowflake is not restored by this command: with the app stopped, bring its tables back there, "
            "from a clone or by Time Travel (CREATE TABLE ... CLONE ... AT), then run `python -m storage restore "
            "--put-back`, or orders sent since would be sent again. To restore one in a file, name its folder with "
            "--data."
        )
    ledger = folder_of(options) / LEDGER_FILE
    done = restore(options.file, ledger, WallClock(), user(), even_if_newer=options.even_if_newer)
    _say(f"{ledger} is restored from {options.file}. Its newest entry, to be kept outside it:\n{done.newest}")
    for line in done.remarks():
        _say(line)
    return 0


def _mark_put_back(options: argparse.Namespace) -> int:
    with store_of(options) as engine:
        read(engine, require_current)
        marked = mark_put_back(engine, WallClock(), user())
        newest = read(engine, seals.newest)
    _say(to_be_looked_up(marked) if marked else "Noted. No order has to be looked up.")
    _say(f"The ledger's newest entry, to be kept outside it:\n{newest}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
