from __future__ import annotations

from decimal import Decimal
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.lots import Lattice, Room, apportion, placeable, room
from allocation.model import Side


def test_a_face_is_rounded_down_to_piece_and_steps() -> None:
    lattice = Lattice(200_000, 1_000)
    assert [lattice.floor(f) for f in (0, 199_999, 200_000, 200_999, 201_000)] == [0, 0, 200_000, 200_000, 201_000]


def test_the_nearest_legal_faces_are_proposed() -> None:
    lattice = Lattice(200_000, 1_000)
    assert lattice.nearest(150_000) == (0, 200_000)
    assert lattice.nearest(250_500) == (250_000, 251_000)
    assert lattice.nearest(250_000) == (250_000, 250_000)


def test_a_sell_stops_before_the_stub_or_takes_the_whole_holding() -> None:
    lattice = Lattice(200_000, 1_000)
    seen = room(lattice, Side.SELL, 900_000, Decimal(700_500))
    assert seen == Room(500_000, 700_500)
    assert seen.allows(500_000, lattice)
    assert not seen.allows(501_000, lattice)
    assert seen.allows(700_500, lattice)


def test_a_fractional_holding_cannot_be_sold_whole() -> None:
    assert room(Lattice(1, 1), Side.SELL, 100, Decimal("83.33")) == Room(82, None)


def test_a_holding_below_the_piece_can_only_be_sold_whole() -> None:
    assert room(Lattice(200_000, 1_000), Side.SELL, 10**9, Decimal(150_000)) == Room(0, 150_000)


def test_equal_remainders_go_to_the_earlier_account() -> None:
    assert apportion(5_000, [1, 1, 1], [Room(10_000)] * 3, Lattice(1_000, 1_000)) == [2_000, 2_000, 1_000]


def test_what_a_capped_account_cannot_take_flows_to_the_others_in_proportion() -> None:
    rooms = [Room(10_000), Room(1_000), Room(10_000)]
    assert apportion(9_000, [1, 1, 1], rooms, Lattice(1_000, 1_000)) == [4_000, 1_000, 4_000]


def test_accounts_below_the_minimum_piece_give_way_smallest_first() -> None:
    rooms = [Room(10**6)] * 3
    assert apportion(500_000, [5, 4, 1], rooms, Lattice(200_000, 1_000)) == [278_000, 222_000, 0]


def test_a_small_account_is_raised_to_a_piece_when_the_order_could_not_be_placed_without_it() -> None:
    rooms = [Room(300_000), Room(300_000)]
    assert apportion(450_000, [9, 1], rooms, Lattice(200_000, 1_000)) == [250_000, 200_000]


def test_selling_everything_sells_every_odd_holding_whole() -> None:
    lattice = Lattice(200_000, 1_000)
    rooms = [room(lattice, Side.SELL, 10**9, Decimal(h)) for h in (150_500, 700_000)]
    assert apportion(850_500, [1, 1], rooms, lattice) == [150_500, 700_000]


def test_five_thousand_accounts_with_pieces_are_split_at_once() -> None:
    weights = [1 + (i * 7919) % 10_007 for i in range(5_000)]
    rooms = [Room(200_000 + 1_000 * (i % 900)) for i in range(5_000)]
    faces = apportion(200_000_000, weights, rooms, Lattice(200_000, 1_000))
    assert sum(faces) == 200_000_000


LATTICES = st.sampled_from([Lattice(1, 1), Lattice(2, 1), Lattice(4, 1), Lattice(7, 1), Lattice(4, 2), Lattice(3, 2)])


@st.composite
def _buys(draw: st.DrawFn) -> tuple[Lattice, list[int], list[Room], int]:
    lattice = draw(LATTICES)
    caps = draw(st.lists(st.integers(0, 14), min_size=1, max_size=5))
    weights = draw(st.lists(st.integers(1, 20), min_size=len(caps), max_size=len(caps)))
    return lattice, weights, [Room(lattice.floor(cap)) for cap in caps], draw(st.integers(1, 60))


def _faces(seen: Room, lattice: Lattice) -> list[int]:
    return [f for f in range(seen.most + 1) if seen.allows(f, lattice)]


@given(_buys())
@settings(max_examples=400, deadline=None)
def test_a_buy_places_the_most_that_any_allocation_could(case: tuple[Lattice, list[int], list[Room], int]) -> None:
    lattice, weights, rooms, face = case
    faces = apportion(face, weights, rooms, lattice)
    assert all(r.allows(f, lattice) for r, f in zip(rooms, faces, strict=True))
    best = max(t for v in product(*(_faces(r, lattice) for r in rooms)) if (t := sum(v)) <= face)
    assert sum(faces) == best == placeable(face, [r.top for r in rooms], lattice)


@given(_buys(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_accounts_with_distinct_weights_and_caps_keep_their_face_in_any_order(
    case: tuple[Lattice, list[int], list[Room], int], rng: object
) -> None:
    lattice, weights, rooms, face = case
    distinct = [w * 1_000 + i * i + i for i, w in enumerate(weights)]
    faces = apportion(face, distinct, rooms, lattice)
    order = list(range(len(weights)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    again = apportion(face, [distinct[i] for i in order], [rooms[i] for i in order], lattice)
    # remainders may tie exactly even so; the total and the multiset of caps used never differ
    assert sum(again) == sum(faces)
    if lattice.min_piece == lattice.increment == 1 and all(r.top >= face for r in rooms):
        shares = [face * w % sum(distinct) for w in distinct]
        if len(set(shares)) == len(shares):
            assert [faces[i] for i in order] == again


@given(
    LATTICES,
    st.lists(st.tuples(st.integers(0, 25), st.integers(0, 25)), min_size=1, max_size=5),
    st.integers(1, 80),
    st.data(),
)
@settings(max_examples=400, deadline=None)
def test_a_sell_is_legal_and_leaves_nobody_with_room_for_what_is_left(
    lattice: Lattice, holdings: list[tuple[int, int]], face: int, data: st.DataObject
) -> None:
    rooms = [room(lattice, Side.SELL, cap, Decimal(held)) for held, cap in holdings]
    weights = data.draw(st.lists(st.integers(1, 20), min_size=len(rooms), max_size=len(rooms)))
    faces = apportion(face, weights, rooms, lattice)
    assert all(r.allows(f, lattice) for r, f in zip(rooms, faces, strict=True))
    left = face - sum(faces)
    assert left >= 0
    for seen, line in zip(rooms, faces, strict=True):
        assert not [f for f in _faces(seen, lattice) if line < f <= line + left]


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=40), st.integers(1, 10**6))
@settings(max_examples=200, deadline=None)
def test_without_caps_nobody_is_further_than_one_lot_from_their_share(weights: list[int], lots: int) -> None:
    faces = apportion(lots * 1_000, weights, [Room(10**15)] * len(weights), Lattice(1_000, 1_000))
    assert sum(faces) == lots * 1_000
    for face, weight in zip(faces, weights, strict=True):
        assert abs(face * sum(weights) - lots * 1_000 * weight) < 1_000 * sum(weights)
