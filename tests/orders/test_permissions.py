"""Who may do what: every use case for every role, refused where the role lacks it, at the use case and not only on a
page. A use case that is added has to be added here."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from pathlib import Path

import pytest

from allocation.errors import EvenlotError
from orders.batch import Batch
from orders.batch_file import read_csv
from orders.block import Preview
from orders.comparing import Entry
from orders.desk import Desk
from orders.dispatch import Dispatch
from orders.errors import NotFound, NotPermitted
from orders.history import Sought
from orders.model import Order, Permission, Role, User
from orders.people import READING
from tests.orders.desk import PM, FakeBlotter, FakeBroker, Outfit, outfit
from tests.orders.test_desk import preview, request
from tests.orders.watch import Watch

CSV = b"group,security,side,face,settlement,limit,method,comment,reason\nBIG6,B,buy,1mm,,,,,\n"
PARTS = (
    "limits",
    "past",
    "orders",
    "fills",
    "positions",
    "reconciling",
    "modifying",
    "batches",
    "closing",
    "comparing",
    "auditing",
)
ENTRIES = (Entry("pro_rata", {}),)
ASKS_FOR_NOTHING = {
    "limits.may_set": "says what a page offers",
    "orders.may": "says what a page offers",
    "closing.may": "says what a page offers",
    "orders.decide": "is told the permission by the use cases below",
}


@dataclass
class World:
    """A desk with a live order that departs from its split."""

    at: Outfit
    order: Order
    seen: Preview  # of another order
    anew: Preview  # of this one
    batch: Batch
    departures: str
    commands: Iterator[int]

    @property
    def desk(self) -> Desk:
        return self.at.desk

    @property
    def command(self) -> str:
        return f"command {next(self.commands)}"

    def written(self) -> tuple[object, ...]:
        """Everything that a use case could have changed."""
        ledger = self.at.ledger
        kept = (ledger.orders(), ledger.intents(), ledger.limits(), ledger.groups_added(), ledger.drafts(NOBODY))
        return (*kept, [entry.sha256 for entry in ledger.audit("registry", 1)], list(self.at.activity.deeds))


NOBODY = "somebody"
Call = Callable[[World, User], object]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    directory: Path = tmp_path_factory.mktemp("permissions")
    at, broker = outfit(directory), FakeBroker()
    watch = Watch(at, broker, Dispatch(at.ledger, broker, at.clock, "w1"))
    at.desk.reconciling._given = FakeBlotter(broker)
    at.desk.confirm(PM, preview(at), "", "c1")
    watch.round()
    broker.fill("Active", A=800_000, B=200_000)
    order, desk = watch.round(), at.desk
    changed = desk.modifying.request(PM, order.id)
    anew = desk.preview(PM, replace(changed, choices=replace(changed.choices, locked={"A": 900_000, "B": 900_000})))
    batch = desk.batches.check(PM, read_csv(CSV))
    departures = desk.fills.split(PM, order.id).departures
    assert departures
    return World(at, order, preview(at), anew, batch, departures, count())


VIEW, PREVIEW, CONFIRM = Permission.VIEW, Permission.PREVIEW, Permission.CONFIRM
APPROVE, AUDIT, LIMITS = Permission.APPROVE, Permission.AUDIT, Permission.LIMITS

OF_A_GROUP: dict[str, tuple[Permission, Call]] = {
    "add_group": (VIEW, lambda w, u: w.desk.add_group(u, "BIG6")),
    "tree": (VIEW, lambda w, u: w.desk.tree(u, "BIG6")),
    "group": (VIEW, lambda w, u: w.desk.group(u, "BIG6")),
    "most_held": (VIEW, lambda w, u: w.desk.most_held(u, "BIG6")),
    "holders": (VIEW, lambda w, u: w.desk.holders(u, "B", "BIG6")),
    "preview": (PREVIEW, lambda w, u: w.desk.preview(u, request())),
    "comparing.engines": (PREVIEW, lambda w, u: w.desk.comparing.engines(u, request(), ENTRIES)),
    "comparing.sizes": (PREVIEW, lambda w, u: w.desk.comparing.sizes(u, request(), ENTRIES)),
    "comparing.at_size": (PREVIEW, lambda w, u: w.desk.comparing.at_size(u, request(), ENTRIES, 2_000_000)),
    "comparing.partly": (
        PREVIEW,
        lambda w, u: w.desk.comparing.partly(u, "BIG6", w.seen.proposal, Fraction(1, 2)),
    ),
    "checked": (CONFIRM, lambda w, u: w.desk.checked(u, w.seen)),
    "second_person": (CONFIRM, lambda w, u: w.desk.second_person(u, w.seen)),
    "confirm": (CONFIRM, lambda w, u: w.desk.confirm(u, w.seen, "", w.command)),
    "save_draft": (PREVIEW, lambda w, u: w.desk.save_draft(u, request(), "d1")),
    "past.order": (VIEW, lambda w, u: w.desk.past.order(u, w.order.id)),
    "past.events": (VIEW, lambda w, u: w.desk.past.events(u, w.order.id)),
    "past.statement": (VIEW, lambda w, u: w.desk.past.statement(u, w.order.id)),
    "past.replay": (VIEW, lambda w, u: w.desk.past.replay(u, w.order.id)),
    "past.stated": (VIEW, lambda w, u: w.desk.past.stated(u, f"{w.order.id}.1")),
    "past.statements_of": (VIEW, lambda w, u: w.desk.past.statements_of(u, w.order.id)),
    "past.statement_lines": (VIEW, lambda w, u: w.desk.past.statement_lines(u, w.order.id)),
    "past.fills": (VIEW, lambda w, u: w.desk.past.fills(u, w.order.id)),
    "orders.approve": (APPROVE, lambda w, u: w.desk.orders.approve(u, w.order.id, w.order.statement_sha256, w.command)),
    "orders.decline": (APPROVE, lambda w, u: w.desk.orders.decline(u, w.order.id, "no", w.command)),
    "orders.withdraw": (CONFIRM, lambda w, u: w.desk.orders.withdraw(u, w.order.id, "no", w.command)),
    "orders.send_again": (CONFIRM, lambda w, u: w.desk.orders.send_again(u, w.order.id, "go", w.command)),
    "orders.not_there": (CONFIRM, lambda w, u: w.desk.orders.not_there(u, w.order.id, "gone", w.command)),
    "orders.cancel": (CONFIRM, lambda w, u: w.desk.orders.cancel(u, w.order.id, "no", w.command)),
    "fills.split": (VIEW, lambda w, u: w.desk.fills.split(u, w.order.id)),
    "fills.expected": (VIEW, lambda w, u: w.desk.fills.expected(u, w.order.id)),
    "fills.breaks": (VIEW, lambda w, u: w.desk.fills.breaks(u, w.order.id)),
    "fills.explain": (CONFIRM, lambda w, u: w.desk.fills.explain(u, w.order.id, w.departures, "so", w.command)),
    "fills.approve_explanation": (
        APPROVE,
        lambda w, u: w.desk.fills.approve_explanation(u, w.order.id, w.departures, w.command),
    ),
    "closing.close": (CONFIRM, lambda w, u: w.desk.closing.close(u, w.order.id, "gone", w.command)),
    "closing.agree": (APPROVE, lambda w, u: w.desk.closing.agree(u, w.order.id, w.command)),
    "positions.of_group": (VIEW, lambda w, u: w.desk.positions.of_group(u, "BIG6")),
    "reconciling.compare": (VIEW, lambda w, u: w.desk.reconciling.compare(u, "BIG6")),
    "reconciling.adopt": (CONFIRM, lambda w, u: w.desk.reconciling.adopt(u, "BIG6", "1", "so", w.command)),
    "modifying.request": (CONFIRM, lambda w, u: w.desk.modifying.request(u, w.order.id)),
    "modifying.checked": (CONFIRM, lambda w, u: w.desk.modifying.checked(u, w.anew)),
    "modifying.modify": (CONFIRM, lambda w, u: w.desk.modifying.modify(u, w.anew, "so", w.command)),
    "batches.foresee": (CONFIRM, lambda w, u: w.desk.batches.foresee(u, w.batch.blocks[0])),
}
OF_NO_GROUP: dict[str, tuple[Permission, Call]] = {
    "groups": (VIEW, lambda w, u: w.desk.groups(u)),
    "find_groups": (VIEW, lambda w, u: w.desk.find_groups(u, "BIG")),
    "remove_group": (VIEW, lambda w, u: w.desk.remove_group(u, "EMEA")),
    "bond": (VIEW, lambda w, u: w.desk.bond(u, "B")),
    "find": (VIEW, lambda w, u: w.desk.find(u, "bond")),
    "searchable": (VIEW, lambda w, u: w.desk.searchable(u)),
    "suggest": (VIEW, lambda w, u: w.desk.suggest(u, "bond")),
    "at_hand": (VIEW, lambda w, u: w.desk.at_hand(u, ["B"])),
    "last_allocations": (VIEW, lambda w, u: w.desk.last_allocations(u)),
    "drafts": (PREVIEW, lambda w, u: w.desk.drafts(u)),
    "remove_draft": (PREVIEW, lambda w, u: w.desk.remove_draft(u, "d1")),
    "limits.accounts": (VIEW, lambda w, u: w.desk.limits.accounts(u)),
    "limits.table": (VIEW, lambda w, u: w.desk.limits.table(u)),
    "limits.versions": (VIEW, lambda w, u: w.desk.limits.versions(u)),
    "limits.set": (LIMITS, lambda w, u: w.desk.limits.set(u, (), 0, "none", w.command)),
    "batches.begun": (CONFIRM, lambda w, u: w.desk.batches.begun(u, "noon")),
    "past.counts": (VIEW, lambda w, u: w.desk.past.counts(u)),
    "closing.awaiting": (APPROVE, lambda w, u: w.desk.closing.awaiting(u)),
    "fills.awaiting": (APPROVE, lambda w, u: w.desk.fills.awaiting(u)),
    "past.orders": (VIEW, lambda w, u: w.desk.past.orders(u)),
    "past.statements": (VIEW, lambda w, u: w.desk.past.statements(u)),
    "past.by_engine": (VIEW, lambda w, u: w.desk.past.by_engine(u)),
    "past.improvement": (VIEW, lambda w, u: w.desk.past.improvement(u)),
    "past.participation": (VIEW, lambda w, u: w.desk.past.participation(u)),
    "past.waits": (VIEW, lambda w, u: w.desk.past.waits(u)),
    "past.activity": (AUDIT, lambda w, u: w.desk.past.activity(u)),
    "past.activity of oneself": (VIEW, lambda w, u: w.desk.past.activity(u, u.username)),
    "auditing.streams": (AUDIT, lambda w, u: w.desk.auditing.streams(u)),
    "auditing.entries": (AUDIT, lambda w, u: w.desk.auditing.entries(u, Sought())),
    "auditing.verify": (AUDIT, lambda w, u: w.desk.auditing.verify(u)),
    "batches.check": (CONFIRM, lambda w, u: w.desk.batches.check(u, read_csv(CSV))),
    "batches.send": (CONFIRM, lambda w, u: w.desk.batches.send(u, w.batch)),
}
USE_CASES = OF_A_GROUP | OF_NO_GROUP


def _may(roles: frozenset[Role], permission: Permission) -> bool:
    return any(permission in role.permissions for role in roles)


def _use_cases(of: object) -> set[str]:
    """The public methods that are told who asks."""
    methods = inspect.getmembers(of, inspect.ismethod)
    return {name for name, it in methods if not name.startswith("_") and "user" in inspect.signature(it).parameters}


NOT_SEEN = r"not entitled to the group BIG6|no (order|statement) .* among your groups"
ROLES: dict[str, frozenset[Role]] = {role.value: frozenset({role}) for role in Role} | {"no role": frozenset()}
LACKING = [(name, who) for name in USE_CASES for who in ROLES if not _may(ROLES[who], USE_CASES[name][0])]
HAVING = [(name, who) for name in USE_CASES for who in ROLES if _may(ROLES[who], USE_CASES[name][0])]


def test_every_use_case_is_in_the_matrix(world: World) -> None:
    there = _use_cases(world.desk)
    for part in PARTS:
        there |= {f"{part}.{name}" for name in _use_cases(getattr(world.desk, part))}
    assert there == {name.split(" ")[0] for name in USE_CASES} | set(ASKS_FOR_NOTHING)


def test_every_part_of_the_desk_is_looked_through(world: World) -> None:
    parts = {name for name, part in vars(world.desk).items() if not name.startswith("_") and _use_cases(part)}
    assert parts == set(PARTS)


@pytest.mark.parametrize(("name", "who"), LACKING)
def test_a_role_that_lacks_it_is_refused_and_nothing_is_written(world: World, name: str, who: str) -> None:
    permission, call = USE_CASES[name]
    before, first = world.written(), VIEW.value if who == "no role" else permission.value  # one not seen is not found
    with pytest.raises(NotPermitted, match=rf"^As .* you may not ({first}|{permission.value});"):
        call(world, User(NOBODY, "Some Body", ROLES[who], frozenset({"*"})))
    assert world.written() == before


@pytest.mark.parametrize("name", OF_A_GROUP)
def test_whoever_has_every_role_and_not_the_group_is_refused_and_nothing_is_written(world: World, name: str) -> None:
    before = world.written()
    with pytest.raises((NotPermitted, NotFound), match=NOT_SEEN):
        OF_A_GROUP[name][1](world, User(NOBODY, "Some Body", frozenset(Role), frozenset({"OPNIC"})))
    assert world.written() == before


@pytest.mark.parametrize("name", [name for name in USE_CASES if USE_CASES[name][0] not in READING])
def test_whoever_may_only_look_for_now_is_refused_whatever_others_act_on(world: World, name: str) -> None:
    before = world.written()
    with pytest.raises(NotPermitted, match="until they can be read again you can only look"):
        USE_CASES[name][1](world, User(NOBODY, "Some Body", frozenset(Role), frozenset({"*"}), read_only=True))
    assert world.written() == before


@pytest.mark.parametrize(("name", "who"), HAVING)
def test_a_role_that_has_it_is_not_refused_for_its_role(world: World, name: str, who: str) -> None:
    """What else may be wrong, as that the order is no longer one to be approved, is for other tests."""
    said = ""
    try:
        USE_CASES[name][1](world, User("else", "Some One", ROLES[who], frozenset({"*"})))
    except EvenlotError as error:
        said = str(error)
    assert "you may not" not in said
