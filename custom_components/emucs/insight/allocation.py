"""What becomes of solar energy: the shares that Home Assistant's energy dashboard shows, by its own rules."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import reduce
from operator import add
from typing import Final, NamedTuple

_PERCENT: Final = 100


class Route(StrEnum):
    """The ways into the house and out of it, as the energy dashboard names them."""

    FROM_GRID = "from_grid"
    TO_GRID = "to_grid"
    SOLAR = "solar"
    FROM_BATTERY = "from_battery"
    TO_BATTERY = "to_battery"


type Changes = Mapping[Route, Sequence[Mapping[float, float]]]
"""kWh by begin of a period, of each meter of a route. A route without meters is left out."""


class Shares(NamedTuple):
    """The two shares in %; None where nothing was produced or used."""

    self_consumption: float | None
    self_sufficiency: float | None


class Split(NamedTuple):
    """Where the energy of a period went, in kWh."""

    used: float
    """What the house used, by the balance of all meters: negative where one of them lags."""
    solar_to_house: float
    solar_to_grid: float
    solar_to_battery: float
    grid_to_battery: float
    battery_to_house: float
    battery_to_grid: float


def split(energy: Mapping[Route, float]) -> Split:
    """Return where the energy of a period went, by the rules of the energy dashboard; `energy` in kWh.

    Their order, `computeConsumptionSingle` of the frontend: what the grid gave beyond the use of the house charged
    batteries; the sun charged them first, then fed the grid, then the house; batteries fed the grid before the house.
    """
    to_grid, to_battery, solar, from_grid, from_battery = (
        max(energy.get(route, 0.0), 0.0)
        for route in (Route.TO_GRID, Route.TO_BATTERY, Route.SOLAR, Route.FROM_GRID, Route.FROM_BATTERY)
    )
    used = from_grid + solar + from_battery - to_grid - to_battery
    house = max(used, 0.0)
    grid_to_battery = max(0.0, min(to_battery, from_grid - house))
    to_battery -= grid_to_battery
    from_grid -= grid_to_battery
    solar_to_battery = min(solar, to_battery)
    to_battery -= solar_to_battery
    solar -= solar_to_battery
    solar_to_grid = min(solar, to_grid)
    to_grid -= solar_to_grid
    solar -= solar_to_grid
    battery_to_grid = min(from_battery, to_grid)
    from_battery -= battery_to_grid
    grid_to_battery += min(from_grid, to_battery)
    solar_to_house = min(house, solar)
    house -= solar_to_house
    battery_to_house = min(from_battery, house)
    return Split(
        used, solar_to_house, solar_to_grid, solar_to_battery, grid_to_battery, battery_to_house, battery_to_grid
    )


def shares_of(changes: Changes) -> Shares:
    """Return the shares of what happened in some periods: sums first, then the ratio.

    The periods are those by which the dashboard splits: hours of a day, days of a month, months of a year.
    """
    splits = [split(energy) for _, energy in sorted(_periods(changes).items())]
    used = max(_added(each.used for each in splits), 0.0)
    imported = total(changes, Route.FROM_GRID)
    self_sufficiency = (1 - min(1.0, imported / used)) * _PERCENT if used > 0 else None
    return Shares(_self_consumption(changes, splits), self_sufficiency)


def used_in(changes: Changes, begin: float) -> float:
    """Return what the house used in a period in kWh: less than nothing if a meter is missing that gave energy."""
    return split({route: sum(meter.get(begin, 0.0) for meter in meters) for route, meters in changes.items()}).used


def _periods(changes: Changes) -> dict[float, dict[Route, float]]:
    """Return the energy of each period in kWh, of all meters of a route together."""
    periods: defaultdict[float, dict[Route, float]] = defaultdict(dict)
    for route, meters in changes.items():
        for meter in meters:
            for begin, energy in meter.items():
                period = periods[begin]
                period[route] = period[route] + energy if route in period else energy
    return periods


def total(changes: Changes, route: Route) -> float:
    """Return the energy of a route in kWh."""
    return _added(energy for meter in changes.get(route, ()) for energy in meter.values())


def _added(values: Iterable[float]) -> float:
    """Return a sum as browsers add; Python's own is more exact, so that its last digit may be another one."""
    return reduce(add, values, 0.0)


def _self_consumption(changes: Changes, splits: Sequence[Split]) -> float | None:
    """Return which share of the production was used in %; None where nothing was produced, or nothing is exported.

    With batteries, what they gave counts as solar energy as far as they were charged by it within these periods, the
    latest charge first, and the production is what was used and fed into the grid, without what is still stored.
    """
    produced = total(changes, Route.SOLAR)
    if not produced or Route.TO_GRID not in changes:
        return None
    if Route.TO_BATTERY not in changes:
        return _added(each.solar_to_house for each in splits) / produced * _PERCENT
    used = fed = 0.0
    store = _Store()
    for each in splits:
        used += each.solar_to_house
        fed += each.solar_to_grid
        store.charge(each.grid_to_battery, is_solar=False)
        store.charge(each.solar_to_battery, is_solar=True)
        for energy in store.discharge(each.battery_to_house):
            used += energy
        for energy in store.discharge(each.battery_to_grid):
            fed += energy
    return used / (used + fed) * _PERCENT if used + fed else None


class _Store:
    """What batteries were charged with, latest last."""

    def __init__(self) -> None:
        """Start empty: where energy from before came from is not known."""
        self._charges: list[tuple[float, bool]] = []

    def charge(self, energy: float, *, is_solar: bool) -> None:
        """Take energy in kWh, from the sun or from the grid."""
        if energy:
            self._charges.append((energy, is_solar))

    def discharge(self, energy: float) -> list[float]:
        """Give energy in kWh; return the parts of it that came from the sun."""
        parts = []
        while energy > 0 and self._charges:
            charge, is_solar = self._charges.pop()
            given = min(charge, energy)
            if energy < charge:
                self._charges.append((charge - energy, is_solar))
            if is_solar:
                parts.append(given)
            energy -= given
        return parts
