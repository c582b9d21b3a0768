"""Every answer of the simulator keeps to the description that BlackRock publishes with its SDK."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from aladdin.simulator.gate import API_KEY
from aladdin.simulator.published import OPERATIONS
from tests.aladdin.simulator.program import Served
from tests.aladdin.simulator.samples import Caller
from tests.conformance import described
from tests.conformance.conftest import CREDENTIALS

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def published() -> list[described.Operation]:
    return described.operations()


class Checked(Caller):
    """A caller that takes no answer that is not as described."""

    def __init__(self, served: Served, published: list[described.Operation]) -> None:
        super().__init__(served)
        self._published = published
        self.answered: set[tuple[str, str, int]] = set()
        self.http.event_hooks["response"].append(self._check)

    def headers(self) -> dict[str, str]:
        return super().headers() | {API_KEY: CREDENTIALS["api_key"]}

    def _check(self, response: httpx.Response) -> None:
        response.read()
        asked = response.request
        operation = next(o for o in self._published if o.serves(asked.method, asked.url.path))
        assert operation.faults(response.status_code, response.json()) == [], response.text
        self.answered.add((operation.method, operation.path, response.status_code))


@pytest.fixture(scope="module")
def checked(served: Served, published: list[described.Operation]) -> Iterator[Checked]:
    caller = Checked(served, published)
    yield caller
    served_here = {o for o in published if any(here.path.startswith(_stem(o.path)) for here in OPERATIONS)}
    assert served_here
    caller.http.close()


def _stem(path: str) -> str:
    return path.partition("{")[0]


def test_scopes_and_quotas_are_those_published(published: list[described.Operation]) -> None:
    compared = 0
    for here in OPERATIONS:
        path = here.path.replace("{ticker}", "T").replace("{one}", "A").replace("{other}", "B").replace("{id}", "1")
        for there in published:
            if there.serves(here.method, path):
                assert (frozenset({here.scope}), here.quota) == (there.scopes, there.quota), here.path
                compared += 1
    unpublished = [here for here in OPERATIONS if not here.scope]
    assert compared == len(OPERATIONS) - len(unpublished)
