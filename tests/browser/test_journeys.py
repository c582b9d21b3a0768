"""One journey an engine: from the sign-in to the order's page. What the screens show is what the desk computes for the
same request, what is stored is what was shown, and Aladdin is sent that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from allocation.engines.instructions import Ask, Instruction
from allocation.model import Choices, Side
from bootstrap import House
from orders.desk import Preview, Request
from tests.browser import behind, steps
from tests.browser.conftest import Somebody
from tests.browser.grid import Grid
from tests.browser.server import AppServer
from tests.house import PM, house_on
from ui import formats

pytestmark = pytest.mark.browser
GROUP, BOND, FACE = "BIG6", "FFCB 3.5 05/15/36", 25_000_000


@dataclass(frozen=True)
class Way:
    """An engine, what is typed for it, and the same as the desk is asked."""

    engine: str
    cells: Mapping[tuple[str, str], str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)


WAYS = (
    Way("pro_rata"),
    Way("equal"),
    Way("min_dispersion"),
    Way("to_target", fields={"Level, years": "0.25"}, parameters={"level": 0.25}),
    Way(
        "custom",
        cells={("ALDEPF", "Ask"): "25%"},
        parameters={"instructions": {"ALDEPF": Instruction(Ask.PERCENT, Decimal(25))}},
    ),
)


@pytest.fixture(scope="module")
def beside(shared: AppServer) -> Iterator[House]:
    """A desk of the test's own, over the ledger and the Aladdin of the app."""
    with house_on(shared.data_dir) as opened:
        yield opened


def computed(house: House, way: Way) -> Preview:
    desk = house.office.desk
    (bond,) = desk.find(PM, BOND).value
    choices = Choices(engine=way.engine, parameters=way.parameters)
    return desk.preview(PM, Request(GROUP, bond.asset_id, Side.BUY, FACE, desk.settlement(bond), None, choices))


def shows(page: Page, preview: Preview) -> None:
    """The figures on the page are those of this preview."""
    proposal, effect = preview.proposal, preview.proposal.effect
    touched = sum(line.face > 0 for line in proposal.lines)
    steps.touched(page, f"{touched} of {len(proposal.lines)}")
    before, after = (
        formats.dispersion(each, effect.metric) for each in (effect.dispersion_before, effect.dispersion_after)
    )
    unit = f" {after.partition(' ')[2]}"
    assert steps.dispersions(page, after).replace(unit, "") == f"{before} → {after}".replace(unit, "")
    shown = {label: steps.metric(page, label) for label in ("Placed", "Not placed")}
    assert shown == {"Placed": formats.percent(proposal.fill), "Not placed": formats.face(FACE - proposal.placed)}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.engine)
def test_what_an_engine_says_is_shown_stored_and_sent(
    somebody: Somebody, shared: AppServer, beside: House, way: Way
) -> None:
    page = somebody()
    steps.to_allocate(page, GROUP, BOND)
    steps.face(page, "25mm")
    steps.method(page, way.engine)
    for label, text in way.fields.items():
        steps.type_into(page, label, text)
    for (account, column), text in way.cells.items():
        steps.cell(page, account, column, text)
    preview = computed(beside, way)
    shows(page, preview)

    faces = {line.account_id: line.face for line in preview.proposal.lines if line.face}
    assert faces
    dialog = steps.open_confirmation(page)
    expect(dialog.get_by_text(f"as one order with {formats.count(len(faces), 'line')}")).to_be_visible()
    assert Grid(page, steps.SENT).column("Face") == [str(face) for face in faces.values()]
    order = steps.confirm(page)
    steps.said(page, GROUP)
    assert behind.faces(shared, order) == faces
    assert behind.placed(shared, order) == faces
