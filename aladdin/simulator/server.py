"""The application: the published routes behind the gate, the fault plan before it, and the simulator's own pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aladdin.simulator.batches import Batches
from aladdin.simulator.clockwork import Clockwork
from aladdin.simulator.control import Control
from aladdin.simulator.exchange import Exchange
from aladdin.simulator.faults import FaultPlan
from aladdin.simulator.gate import Gate, Naming
from aladdin.simulator.operations import Operations
from aladdin.simulator.order_queries import OrderQueries
from aladdin.simulator.orders import Orders
from aladdin.simulator.posting import Posting
from aladdin.simulator.protocol import CallRefused, error_answer
from aladdin.simulator.quotas import Quotas
from aladdin.simulator.reads import Reads
from aladdin.simulator.securities import Securities
from aladdin.simulator.state import Blotter
from aladdin.simulator.tokens import TOKEN_PATH, Tokens
from aladdin.simulator.trouble import Trouble
from aladdin.simulator.world import World


@dataclass(frozen=True)
class Server:
    """The application and what moves its world; start and stop the clockwork with it."""

    app: Starlette
    clockwork: Clockwork


def build_server(
    world: World,
    blotter: Blotter,
    exchange: Exchange,
    tokens: Tokens,
    plan: FaultPlan,
    quotas: Quotas | None,
    is_ending: Callable[[], bool],
    on_failure: Callable[[], object],
) -> Server:
    """The server of one world. `quotas` None: nobody is held to any. `is_ending` tells whether the process is about to
    go; `on_failure` is called when the clockwork breaks."""
    operations = Operations(blotter.file)
    posting = Posting(world, blotter, exchange, plan)
    clockwork = Clockwork([exchange, Batches(blotter, operations, posting)], on_failure)
    control = Control(world.book, blotter, plan, tokens.credentials, is_ending, clockwork.stir)
    app = Starlette(
        routes=[
            *control.routes(),
            Route(TOKEN_PATH, tokens.issue, methods=["POST"]),
            *Reads(world).routes(),
            *Securities(world.catalog).routes(),
            *Orders(posting, operations, exchange, clockwork.stir).routes(),
            *OrderQueries(world, blotter, plan).routes(),
        ],
        middleware=[
            Middleware(Naming),
            Middleware(Trouble, plan=plan, tokens=tokens),
            Middleware(Gate, tokens=tokens, quotas=quotas),
        ],
        exception_handlers={CallRefused: _refused, HTTPException: _http_refused, Exception: _defect},
    )
    return Server(app, clockwork)


async def _refused(request: Request, refused: Exception) -> Response:
    if not isinstance(refused, CallRefused):
        raise refused
    return error_answer(refused)


async def _http_refused(request: Request, refused: Exception) -> Response:
    """No such path, or not by this method: Starlette's refusals in the published shape."""
    if not isinstance(refused, HTTPException):
        raise refused
    code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}.get(refused.status_code, "REFUSED")
    said = f"{request.method} {request.url.path}: {refused.detail}"
    return error_answer(CallRefused(refused.status_code, code, said))


async def _defect(request: Request, error: Exception) -> Response:
    """A defect of the simulator. Starlette raises it on after this answer, so that the log has the whole story."""
    return error_answer(CallRefused(500, "INTERNAL", f"the simulator failed: {type(error).__name__}"))
