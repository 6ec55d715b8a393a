"""An industrial site as the grid operator meters it: offtake, injection, production, what that uses itself, and gas.

What it did is known to the Wh, varh and litre, so that whatever is made of its exports can be held against the truth.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from .clock import QUARTER, local, next_day_start
from .factory import Factory
from .weather import Weather

HEAD, SOLAR, HALL, GAS = "541400000000000104", "541400000000000111", "541400000000000128", "541400000000000135"
"""EANs: the access point, and behind it the solar panels and a hall; and that of gas."""
GAS_METER: Final = "7AMR2190000017"
VREG_ID: Final = "G00000017"
_PANELS_M2: Final = 2600
_INVERTERS_W: Final = 450_000.0
_INVERTER_VAR_PER_W: Final = 0.04
_NIGHT_USE_W: Final = 850.0
_HALL_SHARE: Final = 0.3
_HEAT_LITRES: Final = 9_000
"""Of gas in an hour, for each ten degrees below the temperature at which heating begins."""
_HEATS_BELOW: Final = 17.0
_CALORIFIC: Final = (11_180, 11_420, 11_305)
"""Wh in a m³ of gas, on successive gas days."""
_GAS_DAY_BEGINS: Final = 6
HOUR: Final = 3600
DAY: Final = 86_400
"""The grain of local days, whatever their length."""


class Channel(NamedTuple):
    """What an export calls a series: the EAN, its flow as the service has it, and the kind of energy."""

    ean: str
    flow: str
    kind: str = "active"


CHANNELS: Final = (
    *(Channel(HEAD, "offtake", kind) for kind in ("active", "inductive", "capacitive")),
    *(Channel(HEAD, "injection", kind) for kind in ("active", "inductive", "capacitive")),
    *(Channel(SOLAR, "production"), Channel(SOLAR, "production", "inductive"), Channel(SOLAR, "auxiliary")),
    Channel(HALL, "offtake"),
)
VOLUME, ENERGY = Channel(GAS, "offtake", "volume"), Channel(GAS, "offtake", "energy")


@dataclass(frozen=True, slots=True)
class Slot:
    """What one channel counted in an interval: start and length in seconds, and thousandths of kWh, kvarh or m³."""

    channel: Channel
    start: int
    seconds: int
    value: int

    @property
    def end(self) -> int:
        """Return the end in seconds since the epoch."""
        return self.start + self.seconds


@dataclass(slots=True)
class AmrSite:
    """What a site did, in thousandths, by channel and by the start of quarters; gas by the start of hours."""

    counted: dict[Channel, dict[int, int]] = field(default_factory=dict)
    calorific: dict[int, int] = field(default_factory=dict)
    """Of gas, in Wh in a m³, by the start of hours."""

    def slots(self, channel: Channel, grain: int = QUARTER) -> Iterator[Slot]:
        """Return the quarters, hours or local days of a channel, in the order of time."""
        counted = self.counted[channel]
        smallest = QUARTER if channel in CHANNELS else HOUR
        ends = 0
        for start in counted:
            if start < ends:
                continue
            ends = next_day_start(start) if grain == DAY else start + grain
            value = sum(counted.get(each, 0) for each in range(start, ends, smallest))
            yield Slot(channel, start, ends - start, value)

    def hours(self, channel: Channel) -> dict[int, int]:
        """Return the truth: what a channel counted in each hour since the epoch, in thousandths."""
        hours: dict[int, int] = {}
        for start, value in self.counted[channel].items():
            hours[start // HOUR] = hours.get(start // HOUR, 0) + value
        return hours

    def peaks(self, channel: Channel) -> dict[str, int]:
        """Return the highest quarter of each month in W, by the first day of the month."""
        peaks: dict[str, int] = {}
        for start, value in self.counted[channel].items():
            month = f"{local(start):%Y-%m-01}"
            peaks[month] = max(peaks.get(month, 0), value * 4)
        return peaks


def live_as_site(begin: int, end: int, seed: int = 7) -> AmrSite:
    """Let a site live from one local midnight to another, in seconds since the epoch."""
    site = AmrSite({channel: {} for channel in (*CHANNELS, VOLUME, ENERGY)})
    factory, weather = Factory(seed, pv=False), Weather(seed)
    for start in range(begin, end, QUARTER):
        factory.run(start + QUARTER // 2, QUARTER)
        _quarter(site, start, sum(factory.branches) / 1000, sum(factory.reactive) / 1000, weather)
        if start % HOUR == 0:
            _gas_hour(site, start, weather)
    return site


def _quarter(site: AmrSite, start: int, load: float, reactive: float, weather: Weather) -> None:
    """Count a quarter in which loads took `load` W and `reactive` var."""
    sun = min(_PANELS_M2 * weather.irradiance(start + QUARTER // 2) * 0.2, _INVERTERS_W)
    produced = round(sun / 4)
    own_use = 0 if produced else round(_NIGHT_USE_W / 4)
    inductive = round(produced * _INVERTER_VAR_PER_W)
    net = round(load / 4) + own_use - produced
    net_reactive = round(reactive / 4) + inductive
    exports = net < 0
    values = {
        ("offtake", "active"): 0 if exports else net,
        ("injection", "active"): -net if exports else 0,
        ("production", "active"): produced,
        ("production", "inductive"): inductive,
        ("auxiliary", "active"): own_use,
    }
    for flow, is_this in (("offtake", not exports), ("injection", exports)):
        values[flow, "inductive"] = max(0, net_reactive) if is_this else 0
        values[flow, "capacitive"] = max(0, -net_reactive) if is_this else 0
    for channel in CHANNELS[:-1]:
        site.counted[channel][start] = values[channel.flow, channel.kind]
    site.counted[CHANNELS[-1]][start] = round(load * _HALL_SHARE / 4)


def _gas_hour(site: AmrSite, start: int, weather: Weather) -> None:
    """Count an hour of gas: its volume, and its energy by the calorific value of the gas day."""
    litres = round(max(0.0, _HEATS_BELOW - weather.temperature(start)) / 10 * _HEAT_LITRES)
    gas_day = (start - _GAS_DAY_BEGINS * HOUR) // DAY
    site.calorific[start] = calorific = _CALORIFIC[gas_day % len(_CALORIFIC)]
    site.counted[VOLUME][start] = litres
    site.counted[ENERGY][start] = round(litres * calorific / 1000)
