"""A stand-in Snowflake on a loopback port: fakesnow's server, corrected to keep what Snowflake keeps and to refuse what
it refuses. `python -m tests.storage.snowflake_server` prints its port, and ends when its standard input does; each line
there makes a copy of it, which has what it had, and it prints that one's port.

Corrected: keys are not enforced; constraints and lost races are told by Snowflake's error numbers; a bound decimal
keeps its decimals, a sum of decimals too; a moment that is missing stays so; INSERT ALL writes several tables; grants
and session settings are taken in silence, except AUTOCOMMIT; signing in takes the right password or key; a session's
end is that of its transaction; a LIMIT is a constant."""

from __future__ import annotations

import contextlib
import functools
import gzip
import importlib
import itertools
import json
import os
import queue
import re
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import duckdb
import jwt
import pyarrow as pa
import pyarrow.compute as pc
import uvicorn
from fakesnow import arrow, cursor, dialect, transforms
from fakesnow import conn as connections
from fakesnow.cursor import FakeSnowflakeCursor
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

USER, PASSWORD = "EVENLOT_APP", "correct horse battery staple"
ROLES = ("EVENLOT_ROLE", "EVENLOT_ADMIN")
WAREHOUSE = "EVENLOT_WH"
PATHS = {"sign-in": "/session/v1/login-request", "statement": "/queries/v1/query-request"}
server = importlib.import_module("fakesnow.server")  # the package has a function of that name in its place

LOCKED, NULL_IN_NOT_NULL, INTERNAL = 625, 100072, "000603"

_SILENT = (r"\s*(GRANT|REVOKE)\b", r"\s*ALTER\s+SESSION\s+SET\s+(?!AUTOCOMMIT)", r".*\bDATA_RETENTION_TIME_IN_DAYS\b")
_KEYS = (exp.PrimaryKey, exp.PrimaryKeyColumnConstraint, exp.UniqueColumnConstraint, exp.ForeignKey, exp.Reference)
_KEPT = (exp.Select, exp.Insert, exp.Update, exp.Delete, exp.MultitableInserts, exp.Commit, exp.Rollback)
_READY, _PLACES = "ready to run", "places of the values bound to it"
_columns: dict[Any, list[Any]] = {}  # what a statement answers with
_parse = functools.lru_cache(4096)(dialect.parse_one)  # most of a request's time goes into parsing and rewriting
_faults: dict[str, list[str]] = {}  # what the next requests of a path meet, in turn
_requests: dict[str, int] = {}  # how many of each path were answered
_public_keys: list[str] = []  # PEM, of the user


class CorrectedCursor(FakeSnowflakeCursor):
    """Runs SQL as standard tables of Snowflake would."""

    def _transform_explode(self, expression: exp.Expr) -> list[exp.Expr]:
        if any(limit.find(exp.Placeholder) for limit in expression.find_all(exp.Limit)):
            raise ProgrammingError(msg="Invalid row count '?' in limit clause", errno=1003, sqlstate="42000")
        if not isinstance(expression, _KEPT):
            changed = expression.copy()  # what is parsed is kept and shared
            if isinstance(changed, exp.Create):
                _strip_keys(changed)
            _columns.clear()
            return list(super()._transform_explode(changed))
        if _READY not in expression.meta:
            rewritten = []
            for part, places in _parts(expression):
                ready = super()._transform(part, None)
                ready.meta.update({_READY: True, _PLACES: places})
                vars(ready)["sql"] = functools.cache(ready.sql)  # writing it out takes longer than running it
                rewritten.append(ready)
            expression.meta[_READY] = rewritten
        return list(expression.meta[_READY])

    def _transform(self, expression: exp.Expr, params: Any) -> exp.Expr:
        return expression if _READY in expression.meta else super()._transform(expression, params)

    def _describe_last_sql(self) -> list[Any]:
        key = (self._conn.database, self._conn.schema, self._last_sql)
        if key not in _columns:
            _columns[key] = super()._describe_last_sql()
        return _columns[key]

    def _execute(self, transformed: exp.Expr, params: Any = None) -> None:
        places = transformed.meta.get(_PLACES)
        try:
            super()._execute(transformed, [params[place] for place in places] if places else params)
        except duckdb.ConstraintException as error:
            raise ProgrammingError(
                msg=f"NULL result in a non-nullable column: {error}", errno=NULL_IN_NOT_NULL, sqlstate="22000"
            ) from error
        except duckdb.TransactionException as error:
            # Snowflake would have waited; here the loser of a race is told at once
            raise ProgrammingError(
                msg=f"Statement has locked a table in another transaction and its lock was not released: {error}",
                errno=LOCKED,
                sqlstate="57014",
            ) from error


def _parts(expression: exp.Expr) -> list[tuple[exp.Expr, list[int] | None]]:
    """What a statement is carried out as, each with the places of the values bound to it where these are not all."""
    if isinstance(expression, exp.MultitableInserts):
        return [_single(part, expression.args["source"]) for part in expression.expressions]
    return [(expression.copy(), None)]


def _single(part: exp.Expr, source: exp.Expr) -> tuple[exp.Expr, list[int]]:
    """One INTO of an INSERT ALL as an INSERT of its own, of what it takes from the row."""
    if source.find(exp.From):
        raise NotImplementedError("INSERT ALL from a table")
    numbers = itertools.count()
    row = {one.alias: (one.this, [next(numbers) for _ in one.find_all(exp.Placeholder)]) for one in source.expressions}
    into = part.this
    taken = [row[value.name] for value in into.expression.expressions[0].expressions]
    chosen = exp.select(*(value.copy() for value, _ in taken))
    return exp.Insert(this=into.this.copy(), expression=chosen), [place for _, places in taken for place in places]


def _strip_keys(create: exp.Expr) -> None:
    for column in create.find_all(exp.ColumnDef):
        kept = [c for c in column.args.get("constraints", []) if not isinstance(c.args.get("kind"), _KEYS)]
        column.set("constraints", kept)
    for schema in create.find_all(exp.Schema):
        schema.set("expressions", [e for e in schema.expressions if not _is_key(e)])


def _is_key(expression: exp.Expr) -> bool:
    inner = expression.expressions if isinstance(expression, exp.Constraint) else [expression]
    return any(isinstance(e, _KEYS) for e in inner)


def _exact_binding(binding: dict[str, Any]) -> Any:
    if binding["type"] == "FIXED" and binding["value"] is not None and not re.fullmatch(r"-?\d+", binding["value"]):
        return Decimal(binding["value"])
    return None if binding["value"] is None else _plain_binding(binding)


_plain_binding = server.from_binding
_plain_moments = arrow.timestamp_to_sf_struct


def _missing_moments_stay_missing(moments: Any) -> Any:
    column = moments.combine_chunks() if isinstance(moments, pa.ChunkedArray) else moments
    there = _plain_moments(column.fill_null(0))
    parts = [there.field(i) for i in range(there.type.num_fields)]
    return pa.StructArray.from_arrays(parts, fields=list(there.type), mask=pc.is_null(column))


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    packed = request.headers.get("Content-Encoding") == "gzip"
    return dict(json.loads(gzip.decompress(raw) if packed else raw))


async def login(request: Request) -> Response:
    """As Snowflake signs in: the right user and password or signed token, and a role that exists."""
    data = (await _body(request))["data"]
    role = request.query_params.get("roleName", ROLES[0])
    if data.get("LOGIN_NAME", "").upper() != USER:
        return _refusal("390100", "Incorrect username or password was specified.")
    if data.get("AUTHENTICATOR") == "SNOWFLAKE_JWT":
        if not any(_signed(data["TOKEN"], key) for key in _public_keys):
            return _refusal("390144", "JWT token is invalid.")
    elif data.get("PASSWORD") != PASSWORD:
        return _refusal("390100", "Incorrect username or password was specified.")
    if role.upper() not in ROLES:
        return _refusal(
            "390189",
            f"Role '{role}' specified in the connect string does not exist or not authorized. Contact your "
            "local system administrator, or attempt to login with another role, e.g. PUBLIC.",
        )
    answered = await server.login_request(request)
    said = json.loads(bytes(answered.body))
    if said["data"]:
        said["data"]["masterToken"] = said["data"]["token"]  # or the driver takes it for closed, and never ends it
    return JSONResponse(said, answered.status_code)


def _signed(token: str, key: str) -> bool:
    try:
        jwt.decode(token, key, algorithms=["RS256"])
    except jwt.InvalidTokenError:
        return False
    return True


def _refusal(code: str, message: str) -> JSONResponse:
    return JSONResponse({"data": None, "code": code, "message": message, "success": False})


def _counted(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        path = request.url.path
        _requests[path] = _requests.get(path, 0) + 1
        if waiting := _faults.get(path):
            code, _, message = waiting.pop(0).partition(" ")
            return _refusal(code, message)
        answered = await handler(request)
        if answered.status_code != 500:
            return answered
        return _refusal(
            INTERNAL, str(json.loads(bytes(answered.body))["message"])
        )  # the driver would ask again for minutes

    return answer


async def session(request: Request) -> Response:
    """A session that is closed leaves no transaction open."""
    token = server.to_token(request)
    if request.query_params.get("delete") and token in server.sessions:
        server.sessions[token].close()
    answered: Response = await server.session(request)
    return answered


async def control(request: Request) -> JSONResponse:
    """For tests: the public keys of the user, the faults (`code message`) that the next requests meet, what DuckDB is
    to do at once, past every session, and that it is over."""
    said = await request.json()
    if "at_once" in said:
        with server.shared_fs.duck_conn.cursor() as beneath:
            beneath.execute(";".join(("BEGIN", *said["at_once"], "COMMIT")))
    if said.get("over"):
        request.app.state.serving.should_exit = True
    _public_keys.extend(said.get("public_keys", []))
    for kind, faults in said.get("faults", {}).items():
        _faults[PATHS[kind]] = faults
    return JSONResponse({})


async def healthcheck(_: Request) -> JSONResponse:
    """Up, and how many requests each path had."""
    return JSONResponse({"requests": _requests})


def app() -> Starlette:
    """fakesnow's routes with the corrections in front of them."""
    vars(connections)["FakeSnowflakeCursor"] = CorrectedCursor
    vars(cursor)["parse_one"] = vars(server)["parse_one"] = _parse
    vars(server)["from_binding"] = _exact_binding
    vars(arrow)["timestamp_to_sf_struct"] = _missing_moments_stay_missing
    vars(transforms)["numeric_agg_implicit_cast"] = lambda expression: expression  # it sums decimals as floats
    server.shared_fs.nop_regexes = list(_SILENT)
    own = {
        PATHS["sign-in"]: login,
        PATHS["statement"]: server.query_request,
        "/session": session,
    }
    routes = [Route(path, _counted(handler), methods=["POST"]) for path, handler in own.items()]
    routes += [Route("/healthcheck", healthcheck), Route("/control", control, methods=["POST"])]
    return Starlette(routes=routes + [route for route in server.routes if route.path not in own])


def main() -> None:
    """Serve until standard input has a line; from then on, for each line, let a copy of this process serve what there
    is. All end when standard input does, as it does when whoever started this is gone."""
    application = app()
    server.shared_fs.duck_conn.execute("SET threads = 1")  # a copy of a process has none of its other threads
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    serve(application, lambda: lines.put(sys.stdin.readline()))
    for one in server.sessions.values():
        one.close()
    server.sessions.clear()
    gone, held = os.pipe()  # of which the copies see the end, when this process is no more
    line = lines.get()
    while line:
        if os.fork() == 0:
            os.close(held)
            os.close(sys.stdin.fileno())
            serve(application, lambda: os.read(gone, 1))
            os._exit(0)
        line = sys.stdin.readline()
    os.close(held)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def serve(application: Starlette, wait: Callable[[], object]) -> None:
    """Print the port and serve there until `wait` returns, or a test says that it is over."""
    listening = socket.socket(proto=socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle's delay on: 40 ms a request
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)  # so that whoever reads the port can come at once
    serving = uvicorn.Server(uvicorn.Config(application, log_level="critical", access_log=False))
    print(listening.getsockname()[1], flush=True)  # noqa: T201

    def end() -> None:
        wait()
        serving.should_exit = True

    threading.Thread(target=end, daemon=True).start()
    application.state.serving = serving
    serving.run(sockets=[listening])


if __name__ == "__main__":
    main()
