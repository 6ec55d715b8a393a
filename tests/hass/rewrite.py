"""Rewrites telegrams of the virtual meter, with a correct checksum."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
import re
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.port_watch import async_watch_of
from tests.support import entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.wire import sign

type Change = Callable[[bytes], bytes | None]


def rewrite(telegram: bytes, change: Change) -> bytes:
    """Return a telegram with each line changed, or left out if `change` returns nothing for it."""
    head = telegram[: telegram.index(b"!") + 1]
    lines = [change(line) for line in head.split(b"\r\n")]
    return sign(b"\r\n".join(line for line in lines if line is not None))


def without(telegram: bytes, pattern: str) -> bytes:
    """Return a telegram without the lines whose code matches."""
    code = re.compile(pattern.encode())
    return rewrite(telegram, lambda line: None if code.match(line) else line)


def with_value(telegram: bytes, pattern: str, value: str) -> bytes:
    """Return a telegram with another value behind each code that matches."""
    code = re.compile(pattern.encode() + rb"(?=\()")
    return rewrite(telegram, lambda line: match[0] + value.encode() if (match := code.match(line)) else line)


class Wire:
    """Changes telegrams between the meter and its reader for as long as `change` is set."""

    def __init__(self) -> None:
        self.change: Callable[[bytes], bytes] | None = None
        self.sent = 0

    def __call__(self, telegram: bytes) -> bytes:
        self.sent += 1
        return telegram if self.change is None else self.change(telegram)

    async def once(self, change: Callable[[bytes], bytes], telegrams: int = 1) -> None:
        """Change some telegrams, and wait until others came after them."""
        left = telegrams

        def change_some(telegram: bytes) -> bytes:
            nonlocal left
            left -= 1
            return change(telegram) if left >= 0 else telegram

        self.change = change_some
        await eventually(lambda: left < -3)


@asynccontextmanager
async def running(
    hass: HomeAssistant,
    meter: VirtualMeter,
    wire: Wire,
    *,
    speed: float = 20,
    clock: Callable[[], float] | None = None,
    **options: Any,
) -> AsyncGenerator[MockConfigEntry]:
    """Run the entry of a meter behind a wire, with a clock of its own."""
    async with TcpServer(meter, speed=speed, transform=wire) as server:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="T211",
            unique_id=meter.meter_id,
            data=entry_data(server.url),
            options={"update_interval": 1, **options},
        )
        entry.add_to_hass(hass)
        async_watch_of(hass, entry, clock)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield entry
        if entry.state is ConfigEntryState.LOADED:
            assert await hass.config_entries.async_unload(entry.entry_id)
