"""The keys of energy sharing: the worked examples, and what holds whatever the numbers."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import permutations

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.emucs.insight.sharing_keys import Allocation, SharingKey, share

UNIT = Decimal("0.000001")
FIXED, RELATIVE, ONE_STEP, OPTIMAL = SharingKey
HALVES = {"a": Decimal("0.5"), "b": Decimal("0.5")}


def exchanges(**kwh: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Return what members import and export, written as `import/export`."""
    found = {}
    for member, text in kwh.items():
        imported, _, exported = text.partition("/")
        found[member] = Decimal(imported), Decimal(exported or 0)
    return found


def keys(**weights: str | int) -> dict[str, Decimal]:
    """Return the keys of members."""
    return {member: Decimal(weight) for member, weight in weights.items()}


def received(allocation: Allocation) -> dict[str, Decimal]:
    """Return what those receive who receive something."""
    return {member: energy for member, energy in allocation.received.items() if energy}


@pytest.mark.parametrize(
    ("key", "of_b", "back"),
    [(FIXED, "0.5", "0.3"), (RELATIVE, "0.5", "0.3"), (ONE_STEP, "0.8", "0"), (OPTIMAL, "0.8", "0")],
)
def test_what_one_cannot_use_goes_to_others_by_the_optimal_keys_alone(key: SharingKey, of_b: str, back: str) -> None:
    allocation = share(key, HALVES, exchanges(sun="0/1.0", a="0.2", b="1.0"))

    assert received(allocation) == {"a": Decimal("0.2"), "b": Decimal(of_b)}
    assert allocation.returned["sun"] == Decimal(back)
    assert allocation.given["sun"] == 1 - Decimal(back)


@pytest.mark.parametrize(("key", "of_b"), [(FIXED, "0.25"), (RELATIVE, "0.5"), (ONE_STEP, "0.5"), (OPTIMAL, "0.5")])
def test_the_key_of_who_exports_is_lost_or_scales_up_the_others(key: SharingKey, of_b: str) -> None:
    weights = keys(sun=2, a=1, b=1)

    allocation = share(key, weights, exchanges(sun="0/1", a="2", b="2"))

    assert received(allocation) == {"a": Decimal(of_b), "b": Decimal(of_b)}


def test_several_who_export_each_share_with_all_others() -> None:
    # By the keys: A gives 0.6 to B and 0.6 to C, B gives 0.3 to A and 0.3 to C; C can use but 0.45 of its 0.9.
    community = exchanges(a="1/1.2", b="1/0.6", c="0.45")

    allocation = share(RELATIVE, keys(a=1, b=1, c=1), community)

    assert allocation.received == {"a": Decimal("0.3"), "b": Decimal("0.6"), "c": Decimal("0.45")}
    assert allocation.given == {"a": Decimal("0.9"), "b": Decimal("0.45"), "c": 0}
    assert allocation.returned == {"a": Decimal("0.3"), "b": Decimal("0.15"), "c": 0}


def test_one_step_stops_where_it_fills_one_more() -> None:
    # First 0.3 each; A cannot use 0.2 of it, of which B and C are offered 0.1; B cannot use 0.05 of that.
    community = exchanges(sun="0/0.9", a="0.1", b="0.35", c="9")
    weights = keys(a=1, b=1, c=1)

    one_step, optimal = (share(key, weights, community) for key in (ONE_STEP, OPTIMAL))

    assert received(one_step) == {"a": Decimal("0.1"), "b": Decimal("0.35"), "c": Decimal("0.4")}
    assert one_step.returned["sun"] == Decimal("0.05")
    assert received(optimal) == {"a": Decimal("0.1"), "b": Decimal("0.35"), "c": Decimal("0.45")}
    assert optimal.returned["sun"] == 0


def test_keys_in_percent_and_as_parts_are_the_same() -> None:
    community = exchanges(sun="0/1", a="0.2", b="1")

    for key in SharingKey:
        assert share(key, keys(a=30, b=70), community) == share(key, keys(a="0.3", b="0.7"), community)


@pytest.mark.parametrize("key", SharingKey)
def test_who_has_no_key_receives_nothing(key: SharingKey) -> None:
    community = exchanges(sun="0/1", a="5", b="0.1")

    assert received(share(key, keys(b=1), community)) == {"b": Decimal("0.1")}
    assert received(share(key, {}, community)) == {}


@pytest.mark.parametrize("key", SharingKey)
def test_nobody_shares_with_himself(key: SharingKey) -> None:
    allocation = share(key, keys(a=1), exchanges(a="1/1", b="0"))

    assert not received(allocation)
    assert allocation.returned["a"] == 1


def test_thirds_add_up_to_the_last_digit() -> None:
    allocation = share(RELATIVE, keys(a=1, b=1, c=1), exchanges(sun="0/1", a="1", b="1", c="1"))

    assert sorted(allocation.received.values()) == [0, Decimal("0.333333"), Decimal("0.333333"), Decimal("0.333334")]
    assert allocation.returned["sun"] == 0


def test_what_is_finer_than_the_unit_flows_back() -> None:
    allocation = share(OPTIMAL, keys(a=1), exchanges(sun="0/0.0000015", a="0.0000029"))

    assert received(allocation) == {"a": UNIT}
    assert allocation.returned["sun"] == Decimal("0.0000005")


@pytest.mark.parametrize("bad", ["-1", "NaN", "Infinity"])
def test_a_number_that_is_none_is_refused(bad: str) -> None:
    good = exchanges(sun="0/1", a="1")
    with pytest.raises(ValueError, match=r".+"):
        share(FIXED, keys(a=bad), good)
    for wrong in (Decimal(bad), Decimal(1)), (Decimal(1), Decimal(bad)):
        with pytest.raises(ValueError, match=r".+"):
            share(FIXED, keys(a=1), {**good, "a": wrong})


_ENERGIES = st.integers(0, 5_000_000).map(lambda micros: micros * UNIT)
_QUARTERS = st.dictionaries(
    st.sampled_from("abcdefg"),
    st.tuples(st.one_of(st.just(Decimal(0)), _ENERGIES), st.one_of(st.just(Decimal(0)), _ENERGIES)),
    min_size=1,
)
_WEIGHTS = st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 1000).map(lambda parts: Decimal(parts) / 10))


@settings(max_examples=400, deadline=None)
@given(_WEIGHTS, _QUARTERS)
def test_whatever_the_numbers(weights: dict[str, Decimal], quarter: Mapping[str, tuple[Decimal, Decimal]]) -> None:
    totals = []
    for key in SharingKey:
        allocation = share(key, weights, quarter)
        for member, (imported, exported) in quarter.items():
            assert 0 <= allocation.received[member] <= imported
            assert 0 <= allocation.given[member] <= exported
            assert allocation.given[member] + allocation.returned[member] == exported
            # What one receives others have given, but for the unit that is rounded.
            others = sum(each for giver, each in allocation.given.items() if giver != member)
            assert allocation.received[member] <= others + UNIT
        assert sum(allocation.received.values()) == sum(allocation.given.values())
        totals.append(sum(allocation.received.values()))
    assert totals == sorted(totals)


@settings(max_examples=40, deadline=None)
@given(
    _WEIGHTS,
    st.dictionaries(st.sampled_from("abcd"), st.tuples(_ENERGIES, _ENERGIES), min_size=2),
    st.sampled_from(SharingKey),
)
def test_the_order_of_members_is_of_no_matter(
    weights: dict[str, Decimal], quarter: dict[str, tuple[Decimal, Decimal]], key: SharingKey
) -> None:
    expected = share(key, weights, quarter)

    for order in permutations(quarter):
        assert share(key, dict(reversed(weights.items())), {member: quarter[member] for member in order}) == expected


@settings(max_examples=200, deadline=None)
@given(_WEIGHTS, _QUARTERS)
def test_after_the_optimal_key_nobody_can_use_what_another_has_left(
    weights: dict[str, Decimal], quarter: Mapping[str, tuple[Decimal, Decimal]]
) -> None:
    allocation = share(OPTIMAL, weights, quarter)

    for receiver, (imported, _) in quarter.items():
        wants = imported - allocation.received[receiver]
        if weights.get(receiver) and wants > UNIT:
            left = sum(each for giver, each in allocation.returned.items() if giver != receiver)
            assert left <= len(quarter) * UNIT
