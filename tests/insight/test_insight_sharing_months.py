"""What past months would have shared: by quarters and by hours, with prices, and what is not known."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from custom_components.emucs.insight.quarters import LOCAL, slot_of
from custom_components.emucs.insight.sharing_keys import SharingKey
from custom_components.emucs.insight.sharing_months import MemberPast, SharingPrices, Simulation

HOUR = int(datetime(2026, 10, 20, 10, tzinfo=UTC).timestamp()) // 3600
NOTHING = Decimal(0)
EQUAL = {"a": Decimal(1), "b": Decimal(1)}


def simulate(
    pasts: Mapping[str, MemberPast],
    weights: Mapping[str, Decimal],
    keys: Iterable[SharingKey],
    hours: Iterable[int],
    prices: SharingPrices | None = None,
) -> Simulation:
    """Return what would have been shared."""
    found = Simulation(keys, weights)
    found.feed(pasts, hours, prices)
    return found


def exports(*kwh: str) -> dict[int, tuple[Decimal, Decimal]]:
    """Return what a solar roof exports in the quarters from HOUR on."""
    return {HOUR * 4 + index: (NOTHING, Decimal(each)) for index, each in enumerate(kwh)}


def imports(*kwh: str) -> dict[int, tuple[Decimal, Decimal]]:
    """Return what a home imports in the quarters from HOUR on."""
    return {HOUR * 4 + index: (Decimal(each), NOTHING) for index, each in enumerate(kwh)}


def sunny() -> dict[str, MemberPast]:
    """Return an hour in which the sun shines in its first half, and all is used in the second."""
    return {
        "sun": MemberPast(exports("0.4", "0.4", "0", "0")),
        "a": MemberPast(imports("0.1", "0.1", "0.3", "0.3")),
        "b": MemberPast(imports("0.3", "0.1", "0", "0")),
    }


def test_quarters_are_shared_one_by_one() -> None:
    found = simulate(sunny(), EQUAL, SharingKey, [HOUR])

    month = found.months["2026-10"]
    assert (month.by_quarters, month.by_hours, month.missing) == (1, 0, 0)
    assert month.imported == {"sun": 0, "a": Decimal("0.8"), "b": Decimal("0.4")}
    assert month.exported["sun"] == Decimal("0.8")
    assert {key: shared["2026-10"].total for key, shared in found.shared.items()} == {
        "fixed": Decimal("0.5"),
        "relative": Decimal("0.5"),
        "optimal_one_step": Decimal("0.6"),
        "optimal": Decimal("0.6"),
    }
    optimal = found.shared[SharingKey.OPTIMAL]["2026-10"]
    assert optimal.received == {"sun": 0, "a": Decimal("0.2"), "b": Decimal("0.4")}
    assert optimal.given["sun"] == Decimal("0.6")
    assert optimal.returned["sun"] == Decimal("0.2")


def test_hours_overstate_what_quarters_share() -> None:
    found = simulate(sunny(), EQUAL, [SharingKey.OPTIMAL], [HOUR])

    assert found.by_quarters == {SharingKey.OPTIMAL: Decimal("0.6")}
    assert found.by_hours == {SharingKey.OPTIMAL: Decimal("0.8")}


def test_hours_stand_in_for_quarters_that_one_member_lacks() -> None:
    pasts = sunny() | {"b": MemberPast(hours={HOUR: (Decimal("0.4"), NOTHING)})}

    found = simulate(pasts, EQUAL, [SharingKey.OPTIMAL], [HOUR])

    assert (found.months["2026-10"].by_quarters, found.months["2026-10"].by_hours) == (0, 1)
    assert found.shared[SharingKey.OPTIMAL]["2026-10"].total == Decimal("0.8")
    assert found.by_hours == {SharingKey.OPTIMAL: 0}


def test_an_hour_that_one_member_lacks_is_missing() -> None:
    pasts = sunny() | {"b": MemberPast(imports("0.1", "0.1", "0.1"))}

    found = simulate(pasts, EQUAL, [SharingKey.OPTIMAL], [HOUR, HOUR + 1])

    assert found.months["2026-10"].missing == 2
    assert found.shared[SharingKey.OPTIMAL] == {}


def test_prices_tell_what_it_was_worth() -> None:
    prices = SharingPrices(
        shared=lambda _: Decimal("0.10"), imported=lambda _: Decimal("0.16"), exported=lambda _: Decimal("0.03")
    )

    found = simulate(sunny(), EQUAL, [SharingKey.OPTIMAL], [HOUR], prices)

    # 0.6 kWh: a receiver saves 0.06 EUR for each, who gives gets 0.07 EUR more.
    assert found.shared[SharingKey.OPTIMAL]["2026-10"].worth == {
        "sun": Decimal("0.042"),
        "a": Decimal("0.012"),
        "b": Decimal("0.024"),
    }


def test_an_hour_without_a_price_is_counted() -> None:
    prices = SharingPrices(shared=lambda _: NOTHING, imported={HOUR + 1: Decimal(1)}.get, exported=lambda _: NOTHING)

    found = simulate(sunny(), EQUAL, [SharingKey.OPTIMAL], [HOUR], prices)

    assert found.months["2026-10"].unpriced == 1
    assert found.shared[SharingKey.OPTIMAL]["2026-10"].worth == {}


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 10, 25), 25), (date(2026, 3, 29), 23)])
def test_days_on_which_the_clock_changes_are_whole(day: date, hours: int) -> None:
    begin, end = (datetime.combine(each, time.min, LOCAL) for each in (day, day + timedelta(days=1)))
    every = range(slot_of(begin) // 4, slot_of(end) // 4)
    pasts = {
        "sun": MemberPast(hours=dict.fromkeys(every, (NOTHING, Decimal(1)))),
        "a": MemberPast(hours=dict.fromkeys(every, (Decimal(1), NOTHING))),
    }

    found = simulate(pasts, {"a": Decimal(1)}, [SharingKey.FIXED], every)

    assert found.months[f"{day:%Y-%m}"].by_hours == hours
    assert found.shared[SharingKey.FIXED][f"{day:%Y-%m}"].total == hours
