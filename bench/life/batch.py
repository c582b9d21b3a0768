"""Many blocks in one batch: looked through, foreseen, confirmed and sent; beside the same blocks one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.life.counting import Phase
from bench.life.house import PM, House
from bench.life.posting import confirm
from bench.reading.book import GROUP
from orders.batch import Outcome, Result
from orders.batch_file import read_csv
from orders.confirmation import ticket_of
from orders.model import Order
from orders.sending import POST_WINDOW


@dataclass(frozen=True, slots=True)
class BatchReading:
    """`check` reads the file and looks it through, `foresee` is what its page asks next; `confirm` ends with the last
    confirmation, `rest` with the ledger's word that Aladdin has the last order. `bare` is the client's one call for the
    same orders."""

    blocks: int
    check: Phase
    foresee: Phase
    confirm: Phase
    rest: Phase
    bare: Phase


def in_a_batch(house: House, count: int) -> BatchReading:
    """With the worker at work."""
    sheet, desk, phase = _file(house, count), house.desk.batches, house.meter.phase
    batch, check = phase(lambda: desk.check(PM, read_csv(sheet)))
    if batch.faults:
        raise RuntimeError(f"the file has a fault: {batch.faults[0]}")
    _, foresee = phase(lambda: [desk.foresee(PM, block) for block in batch.blocks])
    with house.at_work():
        results, confirming = phase(lambda: desk.send(PM, batch))
        names = _made(results)
        _, rest = phase(lambda: house.ledger.wait_until_posted(*names))
    _, bare = phase(lambda: _bare(house, [house.ledger.order(name) for name in names]))
    return BatchReading(count, check, foresee, confirming, rest, bare)


def one_at_a_time(house: House, count: int) -> Phase:
    """Each previewed, confirmed and waited for before the next, with the worker at work."""

    def every() -> None:
        for number in range(count):
            seen = house.desk.checked(PM, house.desk.preview(PM, house.request(number)))
            house.ledger.wait_until_posted(confirm(house, seen, f"c{number}").id)

    with house.at_work():
        return house.meter.phase(every)[1]


def _file(house: House, count: int) -> bytes:
    """A reason in each line, so that none stays out for a warning."""
    rows = (f"{GROUP},{r.asset_id},buy,{r.face},as meant" for r in map(house.request, range(count)))
    return "\n".join(["group,security,side,face,reason", *rows]).encode()


def _made(results: Sequence[Result]) -> list[str]:
    for result in results:
        if result.outcome is not Outcome.MADE:
            raise RuntimeError(f"line {result.block.line} was not made: {result.sentence}")
    return [result.order_id for result in results]


def _bare(house: House, orders: Sequence[Order]) -> None:
    tickets = [replace(ticket_of(order), reference=f"BARE-{order.id}") for order in orders]
    house.aladdin.post_all(tickets, house.desk.now() + POST_WINDOW)
