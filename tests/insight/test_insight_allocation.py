"""Self-consumption and self-sufficiency: equal to what the energy dashboard shows, by its own JavaScript."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from custom_components.emucs.insight.allocation import Changes, Route, Shares, shares_of, split
from custom_components.emucs.insight.sun import late
from tests.frontend_energy import View, gauges, needs_frontend

HOUR = 3600
GRID = {"type": "grid", "stat_energy_from": "import", "stat_energy_to": "export"}
SOLAR = {"type": "solar", "stat_energy_from": "inverter"}
BATTERY = {"type": "battery", "stat_energy_from": "discharge", "stat_energy_to": "charge"}
FIELDS = {
    ("grid", "stat_energy_from"): Route.FROM_GRID,
    ("grid", "stat_energy_to"): Route.TO_GRID,
    ("solar", "stat_energy_from"): Route.SOLAR,
    ("battery", "stat_energy_from"): Route.FROM_BATTERY,
    ("battery", "stat_energy_to"): Route.TO_BATTERY,
}


def of(view: View) -> Changes:
    """Return the changes of a view by route."""
    routes: dict[Route, list[Mapping[float, float]]] = {}
    for source in view.sources:
        for (kind, field), route in FIELDS.items():
            if source["type"] == kind and source[field]:
                rows = view.changes.get(source[field], {})
                known = {begin: change for begin, change in rows.items() if change is not None}
                routes.setdefault(route, []).append(known)
    return routes


def house(random: Random) -> list[dict[str, Any]]:
    """Return the sources of a house: up to three inverters, two batteries and two grid meters, in any order."""
    sources: list[dict[str, Any]] = [
        {"type": "solar", "stat_energy_from": f"inverter_{number}"} for number in range(random.randrange(1, 4))
    ]
    sources += [
        {"type": "battery", "stat_energy_from": f"discharge_{number}", "stat_energy_to": f"charge_{number}"}
        for number in random.choice((range(0), range(1), range(2)))
    ]
    sources += [
        {
            "type": "grid",
            "stat_energy_from": f"import_{number}",
            "stat_energy_to": f"export_{number}" if random.random() < 0.9 else None,
        }
        for number in range(random.randrange(1, 3))
    ]
    random.shuffle(sources)
    return sources


def energy(random: Random) -> float | None:
    """Return what a meter counts in an hour in kWh: mostly little or nothing, now and then less than nothing."""
    kind = random.random()
    if kind < 0.3:
        return 0.0
    if kind < 0.35:
        return None
    return random.uniform(-0.5, 0) if kind < 0.4 else random.choice((round(random.uniform(0, 4), 3), random.random()))


def view(random: Random) -> View:
    """Return a view of a house, some of whose meters lack some or all hours."""
    sources = house(random)
    begin = 1_774_738_800  # the day on which clocks go forward
    statistics = [source[field] for source in sources for kind, field in FIELDS if kind == source["type"]]
    changes = {
        statistic: {
            begin + hour * HOUR: energy(random)
            for hour in range(random.choice((0, 1, 23, 25)))
            if random.random() < 0.9
        }
        for statistic in statistics
        if statistic is not None
    }
    return View(sources, changes)


@needs_frontend
def test_any_house_has_the_shares_that_the_dashboard_shows() -> None:
    random = Random(20)  # noqa: S311 -- invented houses
    views = [view(random) for _ in range(2000)]
    shown = gauges(views)
    for each, shares in zip(views, shown, strict=True):
        assert tuple(shares_of(of(each))) == tuple(shares), each
    # Both are there and lacking in many of them, so that the test is one.
    for index in range(2):
        known = sum(shares[index] is not None for shares in shown)
        assert 200 < known < 1990


def rows(**energies: Sequence[float]) -> dict[str, dict[float, float | None]]:
    """Return the hours of statistics."""
    return {name: {float(hour * HOUR): each for hour, each in enumerate(values)} for name, values in energies.items()}


def test_shares_are_of_sums_and_no_mean_of_shares() -> None:
    # One hour of 1 kWh that was used, and one of 3 kWh that were exported.
    house = View([GRID, SOLAR], rows(**{"import": [0, 1], "export": [0, 3], "inverter": [1, 3]}))
    assert shares_of(of(house)) == Shares(25.0, 50.0)


def test_without_production_or_use_nothing_is_claimed() -> None:
    night = View([GRID, SOLAR], rows(**{"import": [0.5], "export": [0], "inverter": [0]}))
    assert shares_of(of(night)) == Shares(None, 0.0)
    assert shares_of(of(View([GRID, SOLAR], {}))) == Shares(None, None)


def test_a_battery_gives_what_the_sun_has_charged() -> None:
    house = rows(**{"import": [0, 0], "export": [0, 0], "inverter": [3, 0], "charge": [2, 0], "discharge": [0, 1]})
    # Of 3 kWh the house used 1 at once, and 1 from the battery; what is still stored is not judged yet.
    assert shares_of(of(View([GRID, SOLAR, BATTERY], house))) == Shares(100.0, 100.0)


def test_a_battery_charged_at_night_is_no_solar_energy() -> None:
    house = rows(**{"import": [2, 0], "export": [0, 1], "inverter": [0, 2], "charge": [2, 0], "discharge": [0, 1]})
    shares = shares_of(of(View([GRID, SOLAR, BATTERY], house)))
    assert shares == Shares(50.0, 0.0)


def test_a_meter_that_counts_backwards_counts_nothing() -> None:
    assert split({Route.SOLAR: -1.0, Route.FROM_GRID: 2.0}).used == 2.0
    assert split({Route.FROM_GRID: 1.0, Route.TO_GRID: 2.0}).used == -1.0


class TestLate:
    """What is late, and what only sleeps."""

    NOON = 100 * HOUR

    @staticmethod
    def is_day(hour: float) -> bool:
        """Tell whether it is one of the hours before noon."""
        return hour < TestLate.NOON

    def test_a_meter_that_is_up_to_date_is_not(self) -> None:
        assert late({"import": 5.0 * HOUR, "inverter": 5.0 * HOUR}, ["inverter"], self.is_day) == ()
        assert late({}, [], self.is_day) == ()

    def test_an_inverter_that_lacks_an_hour_of_day_is(self) -> None:
        assert late({"import": 5.0 * HOUR, "inverter": 4.0 * HOUR}, ["inverter"], self.is_day) == ("inverter",)
        # Even if that hour was long ago.
        last = {"import": 105.0 * HOUR, "inverter": 98.0 * HOUR}
        assert late(last, ["inverter"], self.is_day) == ("inverter",)

    def test_an_inverter_that_is_off_at_night_is_not(self) -> None:
        assert late({"import": 105.0 * HOUR, "inverter": 99.0 * HOUR}, ["inverter"], self.is_day) == ()

    def test_the_meter_itself_never_sleeps(self) -> None:
        assert late({"import": 104.0 * HOUR, "inverter": 105.0 * HOUR}, ["inverter"], self.is_day) == ("import",)
