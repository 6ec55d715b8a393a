"""`python -m bench.outages`: how soon an outage is seen, and its end, at the real pace of meter and link.

All cases run side by side, each with a meter of its own that sends every second, in one Home Assistant core. Seen: from
the fault to the moment in which the power of that meter is unavailable. Back: from the end of the fault to the first
value.
"""

import argparse
import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
import sys
import tempfile
from typing import Final, override

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.emucs.const import DOMAIN
from virtual_meter import MeterServer, PtyServer, TcpServer, VirtualMeter, deaf_listener, make_fault

from .soak import home_assistant

_START: Final = datetime(2026, 1, 14, 17, tzinfo=UTC)
_SETTLED: Final = 6.0
"""Seconds in which a link learns how often its meter sends."""
_SEEN_WITHIN: Final = 10.0
_BACK_WITHIN: Final = 3.0


class Case:
    """An outage: how it begins and how it ends."""

    transport = "tcp"

    def __init__(self, name: str, seconds: float) -> None:
        """Last so many seconds."""
        self.name = name
        self.seconds = seconds

    async def begin(self, server: MeterServer) -> None:
        """Begin: the port closes."""
        await server.take_down()

    async def end(self, server: MeterServer) -> None:
        """End: it is open again."""
        await server.bring_up()


class _Unplugged(Case):
    """A cable that is pulled and put back, as another device."""

    transport = "pty"


class _Faulty(Case):
    """A fault of the virtual meter."""

    def __init__(self, name: str, seconds: float) -> None:
        """Make the fault."""
        super().__init__(name, seconds)
        self._fault = make_fault(name)

    @override
    async def begin(self, server: MeterServer) -> None:
        await server.inject(self._fault)

    @override
    async def end(self, server: MeterServer) -> None:
        await server.heal(self._fault)


class _FaultySerial(_Faulty):
    """The same on a serial line."""

    transport = "pty"


class _Deaf(Case):
    """A bridge without power: what was open stays so, without a word, and new connections get no answer."""

    @override
    async def begin(self, server: MeterServer) -> None:
        assert isinstance(server, TcpServer)  # noqa: S101 -- for mypy
        server.mute()
        await server.stop_listening()
        self._sockets = deaf_listener(server.port)

    @override
    async def end(self, server: MeterServer) -> None:
        for each in self._sockets:
            each.close()
        await server.take_down()
        await server.bring_up()


class _Taken(Case):
    """A bridge that serves one client, and another one was faster."""

    @override
    async def begin(self, server: MeterServer) -> None:
        assert isinstance(server, TcpServer)  # noqa: S101 -- for mypy
        server.single_client = True
        await server.disconnect()
        _, self._other = await asyncio.open_connection(server.host, server.port)

    @override
    async def end(self, server: MeterServer) -> None:
        self._other.close()
        with suppress(OSError):
            await self._other.wait_closed()


@dataclass
class Measured:
    """How long it took to see an outage, and its end, in seconds."""

    case: Case
    seen: float
    back: float

    @property
    def is_good(self) -> bool:
        """Return whether both are within what is promised."""
        return self.seen <= _SEEN_WITHIN and self.back <= _BACK_WITHIN


def cases(longest: float) -> list[Case]:
    """Return all cases, with outages up to so many seconds."""
    lengths = [seconds for seconds in (1, 60, 600) if seconds <= longest]
    return [
        *(Case(f"server closes for {seconds} s", seconds) for seconds in lengths),
        *(_Unplugged(f"USB cable out for {seconds} s", seconds) for seconds in lengths),
        *(_Deaf(f"bridge without power for {seconds} s", seconds) for seconds in lengths[1:]),
        *(_Taken(f"bridge taken by another client for {seconds} s", seconds) for seconds in lengths[1:]),
        *(_Faulty(name, 30) for name in ("silent", "bad_checksum", "garbage", "wrong_speed")),
        *(_FaultySerial(name, 30) for name in ("silent", "wrong_speed")),
    ]


async def measure(hass: HomeAssistant, case: Case, number: int, folder: Path) -> Measured:
    """Measure a case."""
    from pytest_homeassistant_custom_component.common import MockConfigEntry  # noqa: PLC0415 -- after ours

    meter = VirtualMeter("1.7.1", 100 + number, _START, history_months=0)
    server = TcpServer(meter) if case.transport == "tcp" else PtyServer(meter, folder / f"port-{number}")
    loop = asyncio.get_running_loop()
    async with server:
        data = {"port": server.url, "baudrate": 115200, "bytesize": 8, "parity": "N", "stopbits": 1}
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=data, options={"update_interval": 1})
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        power = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{meter.meter_id}_power")
        if power is None:
            msg = f"{case.name}: the entry cannot be set up: {entry.reason}"
            raise RuntimeError(msg)
        await asyncio.sleep(_SETTLED)
        began = loop.time()
        await case.begin(server)
        seen = await _until(lambda: not _is_shown(hass, power)) - began
        await asyncio.sleep(max(0.0, began + case.seconds - loop.time()))
        ended = loop.time()
        await case.end(server)
        back = await _until(lambda: _is_shown(hass, power)) - ended
        await hass.config_entries.async_unload(entry.entry_id)
    return Measured(case, seen, back)


def _is_shown(hass: HomeAssistant, entity_id: str) -> bool:
    """Tell whether an entity has a value."""
    state = hass.states.get(entity_id)
    return state is not None and state.state not in {"unavailable", "unknown"}


async def _until(condition: Callable[[], bool]) -> float:
    """Wait until something holds; return when that is."""
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110 -- seen from outside
            await asyncio.sleep(0.01)
    return asyncio.get_running_loop().time()


async def _main(longest: float) -> int:
    """Run the command; return its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        async with home_assistant() as hass:
            measuring = [measure(hass, case, number, Path(folder)) for number, case in enumerate(cases(longest))]
            results = await asyncio.gather(*measuring)
    print(f"{'outage':<48} {'seen':>6} {'back':>6}")  # noqa: T201 -- a command
    for result in results:
        name = f"{result.case.name} ({result.case.transport})"
        print(f"{name:<48} {result.seen:6.2f} {result.back:6.2f}{'' if result.is_good else '  too late'}")  # noqa: T201
    return 0 if all(result.is_good for result in results) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.outages", description=__doc__.partition("\n")[0])
    parser.add_argument("--longest", type=float, default=600, metavar="SECONDS", help="leave longer outages out")
    sys.exit(asyncio.run(_main(parser.parse_args().longest)))
