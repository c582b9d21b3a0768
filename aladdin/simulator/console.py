"""`python -m aladdin.simulator trouble ...`: the fault plan of a running server, shown and changed by hand."""

from __future__ import annotations

import argparse
import functools
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import httpx

from aladdin.simulator.control import FAULTS_PATH
from aladdin.simulator.directory import NOTICE_FILE, Notice, read_notice
from aladdin.simulator.errors import NotServed, SimulatorError
from aladdin.simulator.faults import AnyFault
from aladdin.simulator.plans import FAULT, READY_MADE, fault_of, line_of, read_plan
from aladdin.simulator.process import PROJECT, status_of
from aladdin.simulator.published import OPERATIONS
from aladdin.simulator.tokens import TOKEN_PATH

DATA = PROJECT / "data"  # where the app keeps its worlds, a folder each, unless DATA_DIR says otherwise
_ANSWER_SECONDS = 5.0


def main(arguments: Sequence[str]) -> int:
    """Does what is asked and shows the plan then in force; 1 with a sentence on stderr when it cannot."""
    options = _options(arguments)
    try:
        notice = _running(options.data)
        faults = _ruled(notice, options)
    except SimulatorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Simulated Aladdin at {notice.url} ({notice.book_id}): {_shown(faults)}\n")
    return 0


def set_plan(data: Path, plan: str) -> None:
    """Let the server in this directory be in the trouble of a ready-made plan alone, or with "clear" in none. Raises
    NotServed where it does not answer."""
    notice = _running(data)
    _ask(notice, "DELETE")
    if plan != "clear":
        _ask(notice, "PUT", read_plan(plan))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    plans = "\n".join(f"  {name:<20}{', '.join(lines)}" for name, lines in READY_MADE.items())
    parser = argparse.ArgumentParser(
        "python -m aladdin.simulator trouble",
        description="Shows and changes what goes wrong at a running simulated Aladdin.",
        epilog=f"ready-made plans:\n{plans}\n\nAll kinds of faults and their fields: docs/simulated-aladdin.md",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whose = "the server's data directory; else DATA_DIR, or the app's where it runs only one"
    parser.add_argument("--data", type=Path, default=os.environ.get("DATA_DIR") or None, help=whose)
    after = argparse.ArgumentParser(add_help=False)  # it may be said at the end as well
    after.add_argument("--data", type=Path, default=argparse.SUPPRESS, help=whose)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("show", parents=[after], help="the faults in force, and how often each struck")
    actions.add_parser("clear", parents=[after], help="no faults from now on; what they held up goes on")
    chosen = actions.add_parser(
        "set", parents=[after], help="another plan in place of the one in force, counted from the start"
    )
    chosen.add_argument("plan", help="a ready-made plan, or a JSON file")
    added = actions.add_parser("add", parents=[after], help="more faults, after those in force")
    added.add_argument("fault", nargs="+", help="such as 'latency seconds=2 path=*/order:post next=1'")
    return parser.parse_args(arguments)


def _running(data: Path | None) -> Notice:
    """The server in this directory; without one, the only server that the app runs. Raises NotServed."""
    folders = [data] if data is not None else [notice.parent for notice in DATA.glob(f"*/{NOTICE_FILE}")]
    notices = {folder: read_notice(folder) for folder in folders}
    # A notice may outlive its server, and its port be another program's by now: that one must not see the secret.
    alive = {folder: notice for folder, notice in notices.items() if notice is not None and status_of(notice)}
    if len(alive) == 1:
        return next(iter(alive.values()))
    if alive:
        raise NotServed(f"Several simulated Aladdins run: say which with --data ({', '.join(map(str, alive))}).")
    where = "for the app" if data is None else f"in {data}"
    start = f"python -m aladdin.simulator --book demo --data {data or 'DIR'}"
    raise NotServed(f"No simulated Aladdin runs {where}. Start the app or `{start}`, or name another with --data.")


def _ruled(notice: Notice, options: argparse.Namespace) -> list[dict[str, Any]]:
    match options.action:
        case "clear":
            return _ask(notice, "DELETE")
        case "set":
            plan = read_plan(options.plan)
            _ask(notice, "DELETE")  # a fault that stays would go on counting where it was
            return _ask(notice, "PUT", plan)
        case "add":
            more = [fault_of(line) for line in options.fault]
            return _ask(notice, "PUT", [*map(_fault, _ask(notice, "GET")), *more])
        case _:
            return _ask(notice, "GET")


def _ask(notice: Notice, method: str, faults: Iterable[AnyFault] | None = None) -> list[dict[str, Any]]:
    """The plan that the server has afterwards. Raises NotServed when it does not do it."""
    written = None
    if faults is not None:
        written = {"faults": [fault.model_dump(mode="json", by_alias=True, exclude_none=True) for fault in faults]}
    owner = (notice.credentials.client_id, notice.credentials.client_secret)
    url = f"{notice.url}{FAULTS_PATH}"
    try:
        answer = httpx.request(method, url, auth=owner, json=written, timeout=_ANSWER_SECONDS, trust_env=False)
    except httpx.TransportError as error:
        raise NotServed(f"The simulated Aladdin at {notice.url} does not answer: {error}.") from error
    if not answer.is_success:
        raise NotServed(f"The simulated Aladdin at {notice.url} refuses: {answer.json()['message']}.")
    told: list[dict[str, Any]] = answer.json()["faults"] if answer.content else []
    return told


def _fault(told: dict[str, Any]) -> AnyFault:
    return FAULT.validate_python({name: value for name, value in told.items() if name not in ("met", "struck")})


def _shown(faults: Sequence[dict[str, Any]]) -> str:
    if not faults:
        return "nothing goes wrong."
    lines = (
        f"\n{n}. {line_of(_fault(f))}  (struck {f['struck']} of {f['met']}{_astray(f['path'])})"
        for n, f in enumerate(faults, 1)
    )
    return f"{len(faults)} fault{'s' if len(faults) > 1 else ''} in force" + "".join(lines)


def _astray(pattern: str) -> str:
    """What to say of a path that no call has: a fault there never strikes, which would look like resilience."""
    # a name at the end of a path stands for itself: any mistyped word would do for it
    served = [TOKEN_PATH, *(re.sub(r"{\w+}(?=/)", "*", operation.path) for operation in OPERATIONS)]
    return "" if "[" in pattern or any(_meet(pattern, path) for path in served) else "; no call has such a path"


@functools.cache
def _meet(one: str, other: str) -> bool:
    """Whether there is a text that both patterns match; `*` stands for any text, `?` for a character."""
    if one.startswith("*"):
        return _meet(one[1:], other) or (bool(other) and _meet(one, other[1:]))
    if other.startswith("*"):
        return _meet(other, one)
    if not one or not other:
        return one == other
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _meet(one[1:], other[1:])
