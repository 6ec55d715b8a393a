"""The sum of a group: no energy is lost or counted twice, however its members send."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.emucs.groups.alignment import SILENCE, Alignment
from custom_components.emucs.groups.members import MemberReading
from custom_components.emucs.groups.quarters import MemberQuarters
from custom_components.emucs.groups.saved import restore_sum, save_sum
from custom_components.emucs.groups.sums import Summing
from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.insight.group import Group
from tests.groups.street import BEGIN, Household, fed, run

HOUR = 3600


def truth(households: dict[str, Household], seconds: range) -> tuple[float, float]:
    """Return what is really exchanged in kWh, second by second."""
    nets = [sum(each.power(second) for each in households.values()) for second in seconds]
    return sum(max(net, 0) for net in nets) / 3.6e6, sum(max(-net, 0) for net in nets) / 3.6e6


def counted(households: dict[str, Household], before: dict[str, tuple[int, int]]) -> tuple[Decimal, Decimal]:
    """Return by how many kWh the counters of all went on, as they show it."""
    sides = []
    for side, name in enumerate(("imported", "exported")):
        steps = (getattr(each, name) // 3600 - before[key][side] // 3600 for key, each in households.items())
        sides.append(sum(steps) * Decimal("0.001"))
    return sides[0], sides[1]


def standing(households: dict[str, Household]) -> dict[str, tuple[int, int]]:
    return {key: (each.imported, each.exported) for key, each in households.items()}


def test_a_group_exchanges_what_flows_at_the_same_time() -> None:
    households = {
        "sun": Household(lambda second: -3000 + second // 2),
        "home": Household(lambda second: 1200 if second % 900 < 600 else 3500),
    }
    summing = Summing(dict.fromkeys(households, 1), 0)
    sums = run(households, range(2 * HOUR), summing)

    imported, exported = truth(households, range(2 * HOUR))
    assert float(sums[-1].counters.imported) == pytest.approx(imported, abs=0.005)
    assert float(sums[-1].counters.exported) == pytest.approx(exported, abs=0.005)
    # Counters alone would take their own rounding for exchange: some hundred Wh an hour in each direction.
    assert imported > 0.5
    assert exported > 0.5


def test_members_of_different_pace_and_clock_are_added_up_at_the_same_moments() -> None:
    households = {
        "second": Household(lambda second: 500 + second % 60 * 10),
        "ten": Household(lambda _: 1000, period=10),
        "behind": Household(lambda _: 2000, ahead=-40),
        "entity": Household(lambda _: 700, period=30, shows_power=False),
    }
    sums = run(households, range(HOUR), Summing(dict.fromkeys(households, 1), 0))

    assert [each.time for each in sums] == sorted({each.time for each in sums})
    assert not any(each.silent for each in sums)
    # Behind by forty seconds, and by half a minute of the slowest.
    assert timedelta(seconds=HOUR - 71) <= sums[-1].time - BEGIN <= timedelta(seconds=HOUR)
    assert float(sums[-1].power) == pytest.approx(4.2 + sums[-1].time.second * 0.01, abs=0.05)
    step = sums[-1].counters.imported - sums[600].counters.imported
    passed = (sums[-1].time - sums[600].time).total_seconds()
    assert float(step) == pytest.approx((4.2 + 0.295) * passed / 3600, abs=0.02)


def test_a_silent_member_is_left_out_and_caught_up_with() -> None:
    silence = range(1000, 2500)
    households = {"a": Household(lambda _: 2000), "b": Household(lambda _: 4000, silent=(silence,))}
    before = standing(households)
    sums = run(households, range(HOUR), Summing(dict.fromkeys(households, 1), 0))

    partly = [each for each in sums if each.silent]
    assert all(each.silent == {"b"} and each.power == 2 for each in partly)
    assert abs(len(partly) - len(silence)) <= 2
    first = partly[0].time - BEGIN
    assert first == timedelta(seconds=silence.start + 1)
    imported, _ = counted(households, before)
    assert float(sums[-1].counters.gross_imported) == pytest.approx(float(imported), abs=0.005)
    assert sums[-1].counters.imported == sums[-1].counters.gross_imported


def test_quarters_without_all_members_are_no_peak() -> None:
    # Both draw most in the second quarter, in which one of them is silent for two minutes.
    power = [3000, 9000, 4000, 2000]
    households = {
        "a": Household(lambda second: power[second // 900]),
        "b": Household(lambda second: power[second // 900], silent=(range(1000, 1120),)),
    }
    sums = run(households, range(HOUR), Summing(dict.fromkeys(households, 1), 0))
    insights = fed(sums)

    [peak] = insights[Capacity].ledger.peaks.values()
    assert peak.time == BEGIN + timedelta(minutes=45)
    assert float(peak.value) == pytest.approx(8, abs=0.01)
    # What its counters tell of each member alone is known all the same.
    state = insights[Group].state
    assert state is not None
    assert {member: round(float(each), 1) for member, each in state.peaks.items()} == {"a": 9.0, "b": 9.0}


@pytest.mark.parametrize("missed", [30, 85])
def test_quarters_with_a_short_gap_still_count(missed: int) -> None:
    power = [3000, 9000, 4000, 2000]
    households = {
        "a": Household(lambda second: power[second // 900]),
        "b": Household(lambda second: power[second // 900], silent=(range(1000, 1000 + missed),)),
    }
    insights = fed(run(households, range(HOUR), Summing(dict.fromkeys(households, 1), 0)))

    [peak] = insights[Capacity].ledger.peaks.values()
    assert peak.time == BEGIN + timedelta(minutes=30)
    assert float(peak.value) == pytest.approx(18, abs=0.1)


def test_the_common_peak_is_that_of_the_sum_and_its_shares_add_up() -> None:
    mine, theirs = [3000, 9000, 4000, 2000, 0], [8000, 1000, 5000, 0, 0]
    households = {
        "a": Household(lambda second: mine[second // 900]),
        "b": Household(lambda second: theirs[second // 900]),
    }
    insights = fed(run(households, range(HOUR + 60), Summing(dict.fromkeys(households, 1), 0)))

    running, state = insights[Capacity].ledger.running, insights[Group].state
    assert running is not None
    assert state is not None
    assert float(running.value) == pytest.approx(11, abs=0.02)
    assert running.time == state.peak_time == BEGIN + timedelta(minutes=15)
    assert {member: round(float(each)) for member, each in state.peak_shares.items()} == {"a": 3, "b": 8}
    assert {member: round(float(each)) for member, each in state.peaks.items()} == {"a": 9, "b": 8}


def test_a_counter_that_is_replaced_or_set_back_adds_no_step() -> None:
    households = {"a": Household(lambda _: 1000), "b": Household(lambda _: 1000)}
    summing = Summing(dict.fromkeys(households, 1), 0)
    run(households, range(600), summing)
    households["b"].imported = 12 * 3600  # another meter
    sums = run(households, range(600, 1200), summing)
    households["b"].imported = 9_000_000 * 3600
    reading = households["b"].reading(1200)
    assert reading is not None
    summing.alignment.feed("b", reading._replace(is_restart=True), 1200, BEGIN + timedelta(seconds=1201))
    sums += run(households, range(1201, HOUR), summing)

    assert float(sums[-1].counters.gross_imported) == pytest.approx(2, abs=0.01)
    assert all(one.counters.imported <= other.counters.imported for one, other in pairwise(sums))


def test_counters_go_on_over_a_restart() -> None:
    households = {"a": Household(lambda _: 1500), "b": Household(lambda second: -900 + second // 3)}
    before = standing(households)
    sums = run(households, range(1200), Summing(dict.fromkeys(households, 1), 0))
    households["a"].imported = 5 * 3600  # a meter that was replaced meanwhile
    lost = standing(households)["a"][0] // 3600
    run(households, range(1200, 2000), Summing(dict.fromkeys(households, 1), 0))  # nobody listens
    again = Summing(dict.fromkeys(households, 1), 2000, restore_sum(save_sum(sums[-1])))
    total = run(households, range(2000, HOUR), again)[-1]

    imported, exported = counted({"b": households["b"]}, {"b": before["b"]})
    # Of the new meter counts what it counted since it was read first.
    assert total.counters.gross_exported == pytest.approx(exported, abs=Decimal("0.002"))
    mine = total.counters.gross_imported - imported
    assert lost == 5
    assert float(mine) == pytest.approx(1.5 * (1200 + HOUR - 2000) / 3600, abs=0.01)


def test_a_clock_that_is_off_is_named_and_its_member_counts_as_silent() -> None:
    households = {"a": Household(lambda _: 1000), "b": Household(lambda _: 1000, ahead=-75)}
    summing = Summing(dict.fromkeys(households, 1), 0)
    sums = run(households, range(300), summing)

    assert summing.alignment.off == {"b": -75}
    assert summing.alignment.silent == {"b"}
    assert sums[-1].power == 1
    assert BEGIN + timedelta(seconds=300) - sums[-1].time <= timedelta(seconds=1)


def test_all_are_silent_when_nothing_comes() -> None:
    alignment = Alignment(("a", "b"), 0)
    assert alignment.take(SILENCE) == []
    assert alignment.silent == frozenset()
    assert alignment.take(SILENCE + 1) == []
    assert alignment.silent == {"a", "b"}


def test_a_member_that_never_comes_does_not_hold_up_the_others() -> None:
    households = {"a": Household(lambda _: 1000), "b": Household(lambda _: 0, silent=(range(HOUR),))}
    sums = run(households, range(300), Summing(dict.fromkeys(households, 1), 0))
    assert sums[0].silent == {"b"}
    assert len(sums) > 200


def test_clocks_that_are_all_set_back_are_followed() -> None:
    households = {"a": Household(lambda _: 1000), "b": Household(lambda _: 1000)}
    summing = Summing(dict.fromkeys(households, 1), 0)
    run(households, range(300), summing)
    for each in households.values():
        each.ahead = -3600
    sums = run(households, range(300, 600), summing)
    assert sums[-1].time == BEGIN + timedelta(seconds=600 - 3600)
    assert float(sums[-1].counters.gross_imported) == pytest.approx(2 * 600 / 3600, abs=0.01)


@settings(max_examples=40, deadline=None)
@given(
    periods=st.lists(st.sampled_from([1, 2, 10, 30]), min_size=2, max_size=4),
    ahead=st.lists(st.integers(-55, 55), min_size=4, max_size=4),
    silences=st.lists(st.tuples(st.integers(0, 1500), st.integers(1, 900)), min_size=4, max_size=4),
    powers=st.lists(st.integers(-5000, 9000), min_size=4, max_size=4),
    cut=st.integers(100, 1700),
)
def test_no_energy_is_lost_or_counted_twice(
    periods: list[int], ahead: list[int], silences: list[tuple[int, int]], powers: list[int], cut: int
) -> None:
    """Whatever the pace, the clocks, the silences and a restart: counters of the group are those of its members."""
    households = {
        str(number): Household(
            lambda second, number=number: powers[number] + second * 7919 % 997,
            period=period,
            ahead=ahead[number],
            silent=(range(silences[number][0], sum(silences[number])),),
        )
        for number, period in enumerate(periods)
    }
    summing = Summing(dict.fromkeys(households, 1), 0)
    first = run(households, range(cut), summing)
    again = Summing(dict.fromkeys(households, 1), cut, restore_sum(save_sum(first[-1])) if first else None)
    sums = first + run(households, range(cut, 2700), again)

    last = sums[-1]
    begun: dict[str, MemberReading] = {}
    for each in sums:
        begun = {**each.members, **begun}
    net = Decimal()
    gross = Decimal()
    for member, stood in last.standing.items():
        gross += stood.imported - begun[member].imported
        net += stood.imported - stood.exported - begun[member].imported + begun[member].exported
    assert last.counters.gross_imported == gross
    assert last.counters.imported - last.counters.exported + last.counters.pending == net
    ordered = pairwise(sums)
    assert all(
        one.counters.imported <= other.counters.imported
        and one.counters.exported <= other.counters.exported
        and one.counters.gross_imported <= other.counters.gross_imported
        and one.time < other.time
        for one, other in ordered
    )


def test_the_quarters_of_members_are_theirs_where_the_hour_changes() -> None:
    # The night in which 3 o'clock becomes 2 again: a hundred quarters, each given once.
    begin = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    given: list[datetime] = []
    alignment = Summing({"a": 1, "b": 1}, 0)
    quarters = MemberQuarters()
    for minute in range(25 * 60 + 16):
        time = begin + timedelta(minutes=minute)
        for member in ("a", "b"):
            reading = MemberReading(time, Decimal(minute) / 60, Decimal(), Decimal(1), Decimal())
            alignment.alignment.feed(member, reading, minute * 60.0, time)
        for total in alignment.take(minute * 60.0):
            given += [quarter.start for quarter in quarters.feed(total)]
    # The first is known from its begin on, as it is read then.
    assert given == [begin + timedelta(minutes=15 * number) for number in range(101)]
