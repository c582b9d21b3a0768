"""The simulator's own pages: what it speaks for, and the fault plan. Not part of the published API."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Callable
from dataclasses import asdict

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aladdin.simulator.directory import Credentials
from aladdin.simulator.faults import FaultList, FaultPlan
from aladdin.simulator.plans import wrongs
from aladdin.simulator.protocol import Answer, CallRefused, bad_request
from aladdin.simulator.state import Blotter
from books.model import Book

STATUS_PATH = "/simulator/status"
FAULTS_PATH = "/simulator/faults"


class Control:
    """The pages under /simulator. `is_ending` tells whether the process is about to go: its status page then says so,
    and nobody starts to rely on it. `stir` is called when the plan has changed."""

    def __init__(
        self,
        book: Book,
        blotter: Blotter,
        plan: FaultPlan,
        credentials: Credentials,
        is_ending: Callable[[], bool],
        stir: Callable[[], None],
    ) -> None:
        self._book = book
        self._blotter = blotter
        self._plan = plan
        self._credentials = credentials
        self._is_ending = is_ending
        self._stir = stir

    def routes(self) -> list[Route]:
        return [
            Route(STATUS_PATH, self.status),
            Route(FAULTS_PATH, self.faults, methods=["GET"]),
            Route(FAULTS_PATH, self.replace, methods=["PUT"]),
            Route(FAULTS_PATH, self.clear, methods=["DELETE"]),
        ]

    async def status(self, request: Request) -> Answer:
        if self._is_ending():
            raise CallRefused(503, "ENDING", "this simulator is ending: its owner is gone")
        book = self._book
        described = {
            "id": book.id,
            "kind": book.kind,
            "name": book.name,
            "as_of": book.as_of,
            "currency": book.currency,
            "groups": list(book.groups),
            "warnings": list(book.warnings),
            "limits": None if book.limits is None else [asdict(limit) for limit in book.limits],
        }
        counts = {"orders": len(self._blotter.orders()), "faults": len(self._plan.told())}
        return Answer({"book": described, "pid": os.getpid()} | counts)

    async def faults(self, request: Request) -> Answer:
        self._admit(request)
        return Answer({"faults": self._plan.told()})

    async def replace(self, request: Request) -> Answer:
        self._admit(request)
        try:
            plan = FaultList.model_validate_json(await request.body())
        except ValidationError as error:
            raise bad_request(wrongs(error)) from error
        self._plan.replace(plan.faults)
        self._stir()  # what an old fault held up goes on
        return Answer({"faults": self._plan.told()})

    async def clear(self, request: Request) -> Response:
        self._admit(request)
        self._plan.replace(())
        self._stir()
        return Response(status_code=204)

    def _admit(self, request: Request) -> None:
        """Raises CallRefused for anybody but the owner of the credentials, on this machine."""
        host = request.client.host if request.client else ""
        if not ipaddress.ip_address(host or "0.0.0.0").is_loopback:  # noqa: S104 - stands for no address at all
            raise CallRefused(403, "PERMISSION_DENIED", "the fault plan is ruled from this machine only")
        own = self._credentials
        if not own.are_basic(request.headers.get("Authorization", ""), own.client_id, own.client_secret):
            raise CallRefused(
                401,
                "UNAUTHENTICATED",
                "the fault plan needs the client id and secret as Basic user and password",
                {"WWW-Authenticate": 'Basic realm="simulator"'},
            )
