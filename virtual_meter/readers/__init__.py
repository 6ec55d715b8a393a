"""Readers of software: what stands between a meter and the network, made from public descriptions alone.

They need aiohttp, cryptography, paho-mqtt and zeroconf, all of which Home Assistant has.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from ..fault import Fault
from ..meter import VirtualMeter
from .announcement import Announcement, announced
from .bridges import BRIDGES, Bridge, Habits
from .certificates import Authority
from .homewizard_v2 import HomeWizardV2
from .homey import HomeyDongle
from .mqtt import MqttPublisher
from .web import DsmrLogger, HomeWizard, P1Dongle, P1Monitor, WebReader

__all__ = [
    "BRIDGES",
    "READERS",
    "Announcement",
    "Authority",
    "Bridge",
    "DsmrLogger",
    "Habits",
    "HomeWizard",
    "HomeWizardV2",
    "HomeyDongle",
    "MqttPublisher",
    "P1Dongle",
    "P1Monitor",
    "WebReader",
    "announced",
    "make_reader",
]

type AnyReader = WebReader | Bridge | MqttPublisher

READERS: Final[Mapping[str, Callable[..., AnyReader]]] = {
    "homewizard": HomeWizard,
    "homewizard-v2": HomeWizardV2,
    "homey": HomeyDongle,
    "p1-dongle": P1Dongle,
    "dsmr-logger": DsmrLogger,
    "p1-monitor": P1Monitor,
    "mqtt": MqttPublisher,
    **{name: partial(Bridge, habits) for name, habits in BRIDGES.items()},
}
"""Every reader by the name that `--reader` has for it."""


def make_reader(
    name: str,
    meter: VirtualMeter,
    host: str = "127.0.0.1",
    port: int = 0,
    speed: float = 1.0,
    *,
    faults: Iterable[Fault] = (),
) -> AnyReader:
    """Return a reader of this kind in front of a meter; port 0 is any free one, and a broker's usual one."""
    return READERS[name](meter, host, port, speed, faults=faults)
