"""The M-Bus meters of a house: gas and water, and what else may be connected, or no longer."""

from collections.abc import Callable
from random import Random

from .channel import Channel
from .clock import utc
from .household import Household
from .identity import Identity
from .profiles import Profile
from .truth import Capture, Submeter
from .variants import (
    COOLING,
    DEAD_CHANNEL,
    EMPTY_ID,
    HEAT,
    LATE_ID,
    REPLACED_GAS,
    TWO_GAS,
    UNREAD,
    VALVE_CLOSED,
    VALVE_READY,
    WATER_FIRST,
)

GAS, HEAT_TYPE, WATER, COOLING_TYPE = 3, 4, 7, 10  # EN 13757-3, device types
EVENT_AFTER = 600
"""Seconds after the start at which a meter is replaced, or its identifier shows."""
_STALE_SECONDS = 40 * 86_400
_JOULES_PER_MEGAJOULE = 1_000_000
_WARM = 22.0
_COOLING_W_PER_K = 300

type Flow = Callable[[Household, int], int]


class MbusMeter:
    """A meter on a channel: what it is, what flows through it, and what was last read of it."""

    def __init__(
        self, device_type: int, identifier: str, ean: str, channel: Channel | None, flow: Flow | None = None
    ) -> None:
        """Connect it; without a channel it was never read, without a flow it is dead."""
        self.device_type = device_type
        self.identifier = identifier
        self.ean = ean
        self.valve: int | None = None
        self._channel = channel
        self._flow = flow
        self._event: tuple[int, str, Channel | None] | None = None

    def plan(self, t: int, identifier: str, channel: Channel | None = None) -> None:
        """Show another identifier from the first reading after `t` on, and another counter if there is one."""
        self._event = (t, identifier, channel)

    @property
    def next_capture(self) -> int | None:
        """Return when it is read next; None for never."""
        return self._channel.next_capture if self._channel and self._flow else None

    def run(self, house: Household, t: int, seconds: int) -> None:
        """Count what flowed in the `seconds` that end at `t`."""
        if self._flow and self._channel:
            self._channel.volume += self._flow(house, t) * seconds

    def capture(self, t: int) -> None:
        """Read it."""
        if self._event and t > self._event[0]:
            _, self.identifier, channel = self._event
            self._channel = channel or self._channel
            self._event = None
        if self._channel and self._channel.next_capture <= t:
            self._channel.capture()

    def truth(self) -> Submeter:
        """Return what is printed of it."""
        channel = self._channel
        capture = None if channel is None else Capture.of(utc(channel.captured_at), channel.captured_thousandths)
        unit = "GJ" if self.device_type in {HEAT_TYPE, COOLING_TYPE} else "m3"
        return Submeter(self.device_type, self.identifier, self.ean, self.valve, unit, capture)


def _gas_flow(house: Household, _: int) -> int:
    return house.gas_flow


def _water_flow(house: Household, _: int) -> int:
    return house.water_flow


def _heat_flow(house: Household, _: int) -> int:
    # What the boiler makes of the gas: 37.4 kJ a litre.
    return house.gas_flow * 374 // 10


def _cooling_flow(house: Household, t: int) -> int:
    return max(0, int((house.weather.temperature(t) - _WARM) * _COOLING_W_PER_K))


def connect(
    profile: Profile, identity: Identity, rng: Random, start: int, variants: frozenset[str], *, gas: bool, water: bool
) -> list[MbusMeter]:
    """Return the meters by number of their channel, the first one on 1."""
    period = profile.capture_period
    meters = []
    if gas and profile.gas:
        channel = None if UNREAD in variants else Channel(rng, start, 2400, period=period)
        meter = MbusMeter(GAS, identity.gas_id, identity.gas_ean, channel, _gas_flow)
        if profile.valves:
            meter.valve = 0 if VALVE_CLOSED in variants else 2 if VALVE_READY in variants else 1
        meters.append(meter)
        _plan_events(meter, identity, start, variants)
    if water and profile.water:
        channel = Channel(rng, start, 180)
        meters.append(MbusMeter(WATER, identity.water_id, identity.water_ean, channel, _water_flow))
    if WATER_FIRST in variants:
        meters.reverse()
    _connect_others(meters, identity, start, variants)
    if EMPTY_ID in variants:
        for meter in meters:
            meter.identifier = ""
    return meters


def _connect_others(meters: list[MbusMeter], identity: Identity, start: int, variants: frozenset[str]) -> None:
    """Add what the variants have besides gas and water."""
    rng = Random(f"{identity.meter_id}/others")
    if TWO_GAS in variants:
        dead = MbusMeter(GAS, identity.other_gas_id, identity.gas_ean, Channel(rng, start - _STALE_SECONDS, 900))
        dead.valve = 1
        meters.insert(0, dead)
    if HEAT in variants:
        channel = Channel(rng, start, 60, thousandth=_JOULES_PER_MEGAJOULE)
        meters.append(MbusMeter(HEAT_TYPE, identity.heat_id, "", channel, _heat_flow))
    if COOLING in variants:
        channel = Channel(rng, start, 4, thousandth=_JOULES_PER_MEGAJOULE)
        meters.append(MbusMeter(COOLING_TYPE, identity.cooling_id, "", channel, _cooling_flow))
    if DEAD_CHANNEL in variants:
        meters.append(MbusMeter(WATER, "", "", None))


def _plan_events(meter: MbusMeter, identity: Identity, start: int, variants: frozenset[str]) -> None:
    when = start + EVENT_AFTER
    if REPLACED_GAS in variants:
        # A new meter has counted what it was tested with.
        meter.plan(when, identity.other_gas_id, Channel(Random(f"{identity.meter_id}/new"), when, 0.5))
    elif LATE_ID in variants:
        meter.plan(when, identity.gas_id)
        meter.identifier = ""
