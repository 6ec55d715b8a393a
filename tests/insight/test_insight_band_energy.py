"""What is imported in each time band, by the total counter."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
import json
from typing import Any

import pytest

from custom_components.emucs.insight.band_energy import BandEnergy, BandState
from custom_components.emucs.insight.bands import band_sets
from custom_components.emucs.port import Telegram
from tests.effort import calls
from tests.insight.reading import House, local, telegram

IMPACT = {"bands": {"band_set": "wallonia_impact"}}


def insight(options: dict[str, Any] = IMPACT) -> BandEnergy:
    return BandEnergy(BandEnergy.settings_of(options))


def fed(bands: BandEnergy, telegrams: Iterable[Telegram]) -> BandState:
    for each in telegrams:
        bands.feed(each)
    assert bands.state is not None
    return bands.state


def shown(state: BandState) -> dict[str, str]:
    return {band: str(energy) for band, energy in state.energies.items() if energy}


@pytest.mark.parametrize("options", [{}, {"bands": {}}, {"bands": {"band_set": "of_long_ago"}}])
def test_without_a_set_nothing_is_counted(options: dict[str, Any]) -> None:
    bands = insight(options)
    assert not [state for each in House(local("2026-03-02T12:00")).run(60, 2) if (state := bands.feed(each))]


def test_a_day_is_divided_to_the_second() -> None:
    bands, house = insight(), House(local("2026-03-02T00:00"))
    bands.feed(house.telegram())
    state = fed(bands, house.run(24 * 3600, "2", step=10))
    assert shown(state) == {"eco": "24.000", "medium": "14.000", "pic": "10.000"}
    assert state.unassigned == 0


@pytest.mark.parametrize(("day", "eco"), [("2026-03-29", "22.000"), ("2026-10-25", "26.000")])
def test_a_day_on_which_the_clock_changes_has_its_own_hours(day: str, eco: str) -> None:
    bands, house = insight(), House(local(f"{day}T00:00"))
    bands.feed(house.telegram())
    seconds = (23 if eco == "22.000" else 25) * 3600
    assert shown(fed(bands, house.run(seconds, "2", step=10))) == {"eco": eco, "medium": "14.000", "pic": "10.000"}


def test_state_is_another_one_only_when_something_was_counted() -> None:
    bands, house = insight(), House(local("2026-03-02T12:00"))
    first = fed(bands, house.run(1, "2"))
    assert fed(bands, house.run(60, "0")) is first
    second = fed(bands, house.run(60, "2"))
    assert second is not first
    assert first.energies["eco"] < second.energies["eco"]


def test_a_band_that_begins_is_kept_soon() -> None:
    bands, house = insight(), House(local("2026-03-02T16:59:50"))
    before = fed(bands, house.run(5, "2"))
    fed(bands, house.run(4))
    assert not bands.is_urgent(before)
    fed(bands, house.run(1))
    assert bands.is_urgent(before)
    assert bands.state is not None
    assert bands.state.band == "pic"


def reading(time: str, counter: str) -> Telegram:
    return telegram(local(time), "1", counter=counter)


@pytest.mark.parametrize(
    ("begin", "end", "expected", "unassigned"),
    [
        # Within one band, however long: the night of the weekend is one.
        ("2026-03-02T11:00", "2026-03-02T16:59:59", {"eco": "4.000"}, "0"),
        ("2026-03-02T11:00", "2026-03-02T17:00", {"eco": "4.000"}, "0"),
        # Over a change, but short: by time.
        ("2026-03-02T16:55", "2026-03-02T17:10", {"eco": "1.333", "pic": "2.667"}, "0"),
        # Longer: no band can be said.
        ("2026-03-02T16:55", "2026-03-02T17:10:01", {}, "4.000"),
        ("2026-03-02T12:00", "2026-03-03T12:00", {}, "4.000"),
        # The clock was set back within a band, and over the begin of one.
        ("2026-03-02T12:00:10", "2026-03-02T12:00:05", {"eco": "4.000"}, "0"),
        ("2026-03-02T17:00:01", "2026-03-02T16:59:58", {"eco": "2.667", "pic": "1.333"}, "0"),
        ("2026-03-02T12:00", "2026-03-02T12:00", {"eco": "4.000"}, "0"),
        # Before the set holds, and as it begins.
        ("2025-03-02T12:00", "2025-03-02T12:00:01", {}, "4.000"),
        ("2025-12-31T23:59:58", "2026-01-01T00:00:02", {"medium": "2.000"}, "2.000"),
    ],
)
def test_energy_of_a_gap(begin: str, end: str, expected: dict[str, str], unassigned: str) -> None:
    bands = insight()
    state = fed(bands, [reading(begin, "100.000"), reading(end, "104.000")])
    assert shown(state) == expected
    assert state.unassigned == Decimal(unassigned)
    # And goes on from there.
    state = fed(bands, [reading(end, "105.000")])
    assert sum(state.energies.values()) + state.unassigned == 5


def test_a_weekend_is_one_night() -> None:
    bands = insight({"bands": {"band_set": "flanders"}})
    state = fed(bands, [reading("2026-03-06T22:30", "100"), reading("2026-03-09T06:30", "130")])
    assert shown(state) == {"night": "30"}


def test_nothing_is_counted_twice_or_lost_over_a_restart() -> None:
    house, bands = House(local("2026-03-02T16:50")), insight()
    bands.feed(house.telegram())
    fed(bands, house.run(300, "3"))
    saved = json.loads(json.dumps(bands.save()))
    house.skip(400)  # over the begin of the next band, but not for long
    again = BandEnergy.restore(band_sets()["wallonia_impact"], saved)
    state = fed(again, house.run(1))
    assert sum(state.energies.values()) + state.unassigned == Decimal("0.584")
    assert state.energies["eco"] == Decimal("0.500")
    assert BandEnergy.restore(None, insight().save()).save() == insight().save()


def test_what_a_reset_or_another_meter_changes_is_no_energy() -> None:
    bands = insight()
    state = fed(bands, [reading("2026-03-02T12:00", "100.000"), reading("2026-03-02T12:01", "101.000")])
    bands.forget_counter()
    assert fed(bands, [reading("2026-03-02T12:02", "7000.000")]).energies == state.energies
    assert shown(fed(bands, [reading("2026-03-02T12:03", "7000.500")])) == {"eco": "1.500"}


def test_a_counter_in_doubt_is_waited_for() -> None:
    bands = insight()
    fed(bands, [reading("2026-03-02T16:59:50", "100.000")])
    for second in ("16:59:55", "17:00:05"):
        bands.feed(reading(f"2026-03-02T{second}", "100.000"), counter_is_doubted=True)
    assert shown(fed(bands, [reading("2026-03-02T17:00:10", "100.020")])) == {"eco": "0.010", "pic": "0.010"}


def test_a_telegram_without_counter_or_time_is_passed_over() -> None:
    bands = insight()
    fed(bands, [reading("2026-03-02T12:00", "100.000")])
    bands.feed(telegram(local("2026-03-02T12:01"), "1"))
    bands.feed(telegram(None, "1", counter="500"))
    assert shown(fed(bands, [reading("2026-03-02T12:02", "100.100")])) == {"eco": "0.100"}


def test_bands_go_on_where_another_set_is_chosen() -> None:
    bands = insight({"bands": {"band_set": "wallonia_bihourly"}})
    fed(bands, [reading("2026-03-02T08:00", "100.000"), reading("2026-03-02T08:01", "101.000")])
    bands.settings = None
    bands.feed(reading("2026-03-02T08:02", "150.000"))
    bands.settings = band_sets()["brussels"]
    state = fed(bands, [reading("2026-03-02T12:00", "200.000"), reading("2026-03-02T12:01", "201.000")])
    assert shown(state) == {"peak": "2.000"}


def test_a_second_takes_few_steps() -> None:
    telegrams = list(House(local("2026-03-02T12:00")).run(60, "2"))
    bands = insight()
    bands.feed(telegrams[0])
    assert calls(bands.feed, telegrams) <= 20 * len(telegrams)
    without = insight({})
    assert calls(without.feed, telegrams) <= 2 * len(telegrams)


def test_begin_of_a_band_is_local_whatever_zone_the_meter_prints() -> None:
    bands, start = insight(), local("2026-07-01T16:59")
    fed(bands, [telegram(start, "1", counter="1")])
    state = fed(bands, [telegram(start + timedelta(minutes=1, seconds=1), "1", counter="2")])
    assert state.band == "pic"
