"""Which M-Bus meters a telegram shows."""

from enum import StrEnum
from typing import Final, NamedTuple

from ..port import Channel, Telegram, obis


class Medium(StrEnum):
    """What an M-Bus meter measures."""

    ELECTRICITY = "electricity"
    GAS = "gas"
    HEAT = "heat"
    WATER = "water"
    COOLING = "cooling"


# EN 13757-3, table 13; Belgium defines 3 and 7.
_MEDIA: Final = {
    2: Medium.ELECTRICITY,
    3: Medium.GAS,
    4: Medium.HEAT,
    6: Medium.WATER,
    7: Medium.WATER,
    10: Medium.COOLING,
    11: Medium.COOLING,
    12: Medium.HEAT,
}


class MbusMeter(NamedTuple):
    """An M-Bus meter as one telegram shows it: its identifier, what it measures, and its channel."""

    identifier: str
    medium: Medium
    channel: Channel


def mbus_meters(telegram: Telegram, meter_id: str) -> dict[str, MbusMeter]:
    """Return the M-Bus meters in a telegram by identifier, wherever they are connected.

    A meter without an identifier of its own is named by its channel, as `{meter_id}_ch{number}`: one that prints none,
    or what is the name of another device already. Of two channels with one identifier the one that was read last
    counts, as a channel stays behind when a meter is connected anew; but those of two media, or with two readings of
    one moment, are two meters.
    """
    meters: dict[str, MbusMeter] = {}
    for number, channel in telegram.channels.items():
        medium = _medium(telegram, number, channel)
        read = channel.reading is not None and channel.reading.value is not None
        if medium is None or not (channel.id or read):
            # A channel prepared for a meter that is not there.
            continue
        by_channel = channel_name(meter_id, number)
        meter = MbusMeter(by_channel if is_taken(channel.id, meter_id) else channel.id or by_channel, medium, channel)
        other = meters.get(meter.identifier)
        if other is not None and _are_two(meter, other):
            meters[by_channel] = meter._replace(identifier=by_channel)
        elif other is None or _is_newer(channel, other.channel):
            meters[meter.identifier] = meter
    return meters


def channel_name(meter_id: str, number: int) -> str:
    """Return what a meter without an identifier of its own is called."""
    return f"{meter_id}_ch{number}"


def is_taken(identifier: str | None, meter_id: str) -> bool:
    """Tell whether an identifier is that of the electricity meter, or could be that of a part of it."""
    return identifier is not None and (identifier == meter_id or identifier.startswith(f"{meter_id}_"))


def _are_two(one: MbusMeter, other: MbusMeter) -> bool:
    """Tell whether two channels with one identifier have two meters."""
    if one.medium is not other.medium:
        return True
    first, second = one.channel.reading, other.channel.reading
    if first is None or second is None or first.value is None or second.value is None:
        return False
    return first.time is not None and first.time == second.time and first.value != second.value


def _medium(telegram: Telegram, number: int, channel: Channel) -> Medium | None:
    """Return what a channel's meter measures; without a device type only gas is certain."""
    if channel.device_type is not None:
        return _MEDIA.get(channel.device_type)
    return Medium.GAS if obis.uncorrected_volume(number) in telegram.registers else None


def _is_newer(channel: Channel, other: Channel) -> bool:
    """Tell whether a channel was read later than another one."""
    times = [each.reading.time if each.reading else None for each in (channel, other)]
    return times[0] is not None and (times[1] is None or times[0] > times[1])
