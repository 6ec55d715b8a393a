"""`python -m bench.soak`: a day of telegrams through a real Home Assistant core, with faults, as fast as they go.

A virtual meter sends over a real socket or pseudo terminal. Faults come and go by chance. Each state that Home
Assistant is told is compared with what the meter held at the second of that telegram; counters may never go back; a
port that works may lose no telegram; and objects and memory are counted on the way.
"""

import argparse
import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
import gc
from pathlib import Path
from random import Random
import resource
import sys
import tempfile
import time
from typing import Any, Final, override
from unittest.mock import PropertyMock, patch

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.loader import DATA_CUSTOM_COMPONENTS

# The plugin has a custom_components of its own; ours has to be known before it.
from custom_components.emucs.const import DOMAIN
from custom_components.emucs.port import Telegram, link as link_module
from virtual_meter import EMUCS_P1, MeterServer, PtyServer, Said, TcpServer, VirtualMeter, make_fault

from .shown import COUNTERS, is_right

DAY: Final = 86_400
LOSSLESS: Final = ("high_bytes", "lf_only", "split:300", "one_byte")
LOSSY: Final = ("corrupt:0.3", "bad_checksum", "garbage:0.5", "wrong_speed", "merge:3", "other_meter")
LOST: Final = ("demand_lost", "energy_lost")
PORT: Final = ("close", "silent", "half_open")
GRID: Final = tuple(f"{name}:0,1e9" for name in ("overvoltage", "undervoltage", "missing_phase", "lost_neutral"))
FAULTS: Final = (*LOSSLESS, *LOSSY, *LOST, *PORT, *GRID)
CLOCKS: Final = ("clock_2000", "clock_offset:7200", "clock_back:3600,1", "clock_frozen")
COUNTED_WRONG: Final = ("counter_jump:1000000,0,1", "counter_back:1000,0,2")
"""Faults of the meter itself: a right checksum under what is not so, but for less time than confirms it."""

_START: Final = datetime(2026, 1, 14, 17, tzinfo=UTC)
_RETURNS_WITHIN: Final = 10.0
# The link's clock goes this much faster: what it waits for, not what it does.
_FASTER: Final = 8
_WAITS: Final = ("SILENCE", "FIRST_SILENCE", "FIRST_DELAY", "LONGEST_DELAY", "LONGEST_DELAY_WHERE_CHEAP")
_MOST_WRONG: Final = 20


@dataclass
class Result:
    """What a soak came to."""

    telegrams: int = 0
    shown: int = 0
    """Telegrams that reached Home Assistant."""
    compared: int = 0
    """States that were compared with what the meter said."""
    outages: int = 0
    wrong: list[str] = field(default_factory=list)
    """States that were not so, counters that went back, telegrams that were lost for no reason."""
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    objects: list[int] = field(default_factory=list)
    """Objects after each tenth of the telegrams."""
    resident: list[int] = field(default_factory=list)
    """KiB of memory at the same moments."""


class _Stepped(MeterServer):
    """A server whose telegrams are asked for one by one."""

    async def step(self) -> None:
        """Let a second pass, and send what the meter prints."""
        self._disturb()
        self.meter.advance(1)
        if not self.paused and self.clients:
            await self._print()

    @override
    async def _live(self) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()


class SteppedTcp(_Stepped, TcpServer):
    """The same on a TCP port."""


class _SteppedPty(_Stepped, PtyServer):
    """The same on a serial line."""


class Soak:
    """Sends telegrams, breaks what is between, and looks at what Home Assistant is told."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry[Any],
        server: _Stepped,
        *,
        faults: tuple[str, ...] = FAULTS,
        seed: int = 1,
    ) -> None:
        """Soak an entry that is set up on this server."""
        self.result = Result()
        self._hass = hass
        self._coordinator = entry.runtime_data
        self._server = server
        self._names = faults
        self._random = Random(seed)  # noqa: S311 -- chance, and the same each time
        self._said: deque[Said] = deque(maxlen=64)
        self._telegram: Telegram | None = None
        self._truth: Said | None = None
        self._counters: dict[str, float] = {}
        self._keys = self._entities(entry)

    def _entities(self, entry: ConfigEntry[Any]) -> Mapping[str, str]:
        """Return the key of each sensor, by its entity id."""
        found = er.async_entries_for_config_entry(er.async_get(self._hass), entry.entry_id)
        return {each.entity_id: each.unique_id.partition("_")[2] for each in found}

    async def run(self, telegrams: int) -> Result:
        """Send so many telegrams."""
        self._server.witness = self._said.append
        ignore = self._coordinator.async_on_telegram(self._take)
        stop = self._hass.bus.async_listen(EVENT_STATE_CHANGED, self._compare)
        began = time.perf_counter()
        try:
            while self.result.telegrams < telegrams and len(self.result.wrong) < _MOST_WRONG:
                await self._some(self._random.randint(20, 120), telegrams)
                if self._names:
                    await self._broken(self._random.choice(self._names), telegrams)
        finally:
            stop()
            ignore()
        self.result.seconds = time.perf_counter() - began
        return self.result

    async def _some(self, count: int, telegrams: int) -> None:
        """Send telegrams over a port that works: each has to arrive."""
        for _ in range(min(count, telegrams - self.result.telegrams)):
            await self._step(telegrams)
            if not await self._arrived(5):
                self.result.wrong.append(f"{self._server.meter.time}: lost")
                return
        self._compare_all()

    async def _step(self, telegrams: int) -> None:
        """Send a telegram."""
        await self._server.step()
        self.result.telegrams += 1
        if self.result.telegrams % max(1, telegrams // 10) == 0:
            gc.collect()
            self.result.objects.append(len(gc.get_objects()))
            self.result.resident.append(_resident())

    async def _arrived(self, seconds: float) -> bool:
        """Wait until the latest telegram is there."""
        end = time.monotonic() + seconds
        while self._telegram is None or self._telegram.time != self._server.meter.time:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0)
        return True

    async def _broken(self, name: str, telegrams: int) -> None:
        """Send telegrams while something is wrong, and wait until it is over."""
        self.result.faults[name] += 1
        kind = name.partition(":")[0]
        count = self._random.randint(1, 20)
        if kind in PORT:
            await self._break_port(kind, count, telegrams)
        else:
            fault = make_fault(name)
            await self._server.inject(fault)
            await self._send_broken(count, telegrams, lossless=name in (*LOSSLESS, *LOST, *GRID))
            await self._server.heal(fault)
        await self._recover(telegrams)

    async def _send_broken(self, count: int, telegrams: int, *, lossless: bool) -> None:
        """Send telegrams with a fault, which may let all of them arrive."""
        for _ in range(count):
            await self._step(telegrams)
            if not await self._arrived(5 if lossless else 0.002) and lossless:
                self.result.wrong.append(f"{self._server.meter.time}: lost, by a fault that loses nothing")

    async def _break_port(self, kind: str, count: int, telegrams: int) -> None:
        """Close the port, let it fall silent, or its connection die, for as long as it takes to notice."""
        server, silence = self._server, self._coordinator.link.silence
        if kind == "close":
            await server.take_down()
        elif kind == "silent":
            server.pause()
        else:
            server.mute()
        for _ in range(count):
            await self._step(telegrams)
        end = time.monotonic() + silence + _RETURNS_WITHIN
        while self._coordinator.down is None and kind != "half_open":
            if time.monotonic() > end:
                self.result.wrong.append(f"{server.meter.time}: {kind} is not noticed")
                break
            await asyncio.sleep(0.001)
        await server.bring_up()
        server.resume()

    async def _recover(self, telegrams: int) -> None:
        """Send telegrams until one arrives."""
        # A connection that died is noticed by its silence.
        end = time.monotonic() + self._coordinator.link.silence + _RETURNS_WITHIN
        self.result.outages += self._coordinator.down is not None
        while True:
            await self._step(telegrams)
            if await self._arrived(0.02) and self._coordinator.down is None:
                # Entities that were told of the outage a moment ago are told of its end a moment later.
                while not self._coordinator.last_update_success and time.monotonic() < end:  # noqa: ASYNC110 -- its timer tells
                    await asyncio.sleep(0.001)
                return
            if time.monotonic() > end:
                self.result.wrong.append(f"{self._server.meter.time}: not back within {_RETURNS_WITHIN:.0f} s")
                return

    def _take(self, telegram: Telegram) -> None:
        """Note which telegram is about to be shown, and what the meter held then."""
        self._telegram = telegram
        self._truth = next(
            (each for each in reversed(self._said) if telegram.frame in (each.sent + each.printed)), None
        )
        self.result.shown += 1
        if self._truth is None:
            self.result.wrong.append(f"{telegram.time}: a telegram that the meter never sent")

    @callback
    def _compare(self, event: Event[EventStateChangedData]) -> None:
        """Compare a state with what the meter held, as it is written."""
        if (state := event.data["new_state"]) is not None:
            self._compare_state(state)

    def _compare_all(self) -> None:
        """Compare all states, also those that were not written and should have been."""
        for entity_id in self._keys:
            if (state := self._hass.states.get(entity_id)) is not None:
                if state.state == "unavailable":
                    self.result.wrong.append(f"{self._server.meter.time}: {entity_id} is unavailable")
                self._compare_state(state)

    def _compare_state(self, state: State) -> None:
        """Compare a state with what the meter held."""
        key = self._keys.get(state.entity_id)
        # Where the port is down the latest telegram is no truth of now, and `link` says so.
        if key is None or self._truth is None or state.state == "unavailable" or self._coordinator.down is not None:
            return
        right = is_right(key, state, self._truth)
        if right is None:
            return
        self.result.compared += 1
        if not right:
            self.result.wrong.append(f"{self._truth.truth.time}: {state.entity_id} is {state.state}")
        if key in COUNTERS and state.state != "unknown":
            value = float(state.state)
            if value < self._counters.get(state.entity_id, value):
                self.result.wrong.append(f"{self._truth.truth.time}: {state.entity_id} goes back to {value}")
            self._counters[state.entity_id] = value


def _resident() -> int:
    """Return the memory of this process in KiB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() // 1024


@contextmanager
def _faster() -> Any:
    """Let the link live faster, and every entity exist."""
    before = {name: getattr(link_module, name) for name in _WAITS}
    for name, value in before.items():
        setattr(link_module, name, value / _FASTER)
    try:
        with (
            patch(
                "homeassistant.helpers.entity.Entity.entity_registry_enabled_default", PropertyMock(return_value=True)
            ),
            # Telegrams come within milliseconds here: their gaps are what the period is learned from.
            patch("custom_components.emucs.port.period._TOGETHER", 0),
        ):
            yield
    finally:
        for name, value in before.items():
            setattr(link_module, name, value)


async def soak(
    hass: HomeAssistant,
    telegrams: int,
    *,
    transport: str = "tcp",
    profile: str = "1.7.1",
    faults: tuple[str, ...] = FAULTS,
    seed: int = 1,
) -> Result:
    """Set up an entry in a Home Assistant, soak it, and unload it."""
    from pytest_homeassistant_custom_component.common import MockConfigEntry  # noqa: PLC0415 -- after ours

    meter = VirtualMeter(profile, 7, _START)
    with _faster(), tempfile.TemporaryDirectory() as folder:
        server = SteppedTcp(meter) if transport == "tcp" else _SteppedPty(meter, Path(folder) / "port")
        async with server:
            data = {"port": server.url, "baudrate": 115200, "bytesize": 8, "parity": "N", "stopbits": 1}
            # An interval that the options do not offer: every telegram is shown.
            entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=data, options={"update_interval": 0})
            entry.add_to_hass(hass)
            await _set_up(hass, entry, server)
            try:
                return await Soak(hass, entry, server, faults=faults, seed=seed).run(telegrams)
            finally:
                await hass.config_entries.async_unload(entry.entry_id)


async def _set_up(hass: HomeAssistant, entry: ConfigEntry[Any], server: _Stepped) -> None:
    """Set an entry up; RuntimeError with the reason where that fails."""
    setting_up = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    while not setting_up.done():
        await server.step()
        await asyncio.sleep(0.02)
    if not setting_up.result():
        msg = f"the entry cannot be set up: {entry.reason}"
        raise RuntimeError(msg)
    await hass.async_block_till_done()


@asynccontextmanager
async def home_assistant() -> AsyncGenerator[HomeAssistant]:
    """Start a Home Assistant core with an empty configuration."""
    from pytest_homeassistant_custom_component.common import async_test_home_assistant  # noqa: PLC0415 -- after ours

    with tempfile.TemporaryDirectory() as folder:
        async with async_test_home_assistant(config_dir=folder) as hass:
            hass.data.pop(DATA_CUSTOM_COMPONENTS, None)
            yield hass
            await hass.async_stop(force=True)


def _arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--telegrams", type=int, default=DAY, metavar="N", help=f"how many (default {DAY})")
    parser.add_argument("--transport", choices=("tcp", "pty"), default="tcp")
    parser.add_argument("--profile", choices=EMUCS_P1, default="1.7.1", metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    own = " ".join((*CLOCKS, *COUNTED_WRONG))
    text = f"which (default {' '.join(FAULTS)}); those of the meter itself are {own}"
    parser.add_argument("--faults", nargs="*", default=FAULTS, metavar="NAME[:ARGS]", help=text)
    return parser.parse_args()


def report(result: Result) -> str:
    """Return what a soak came to, for people."""
    pace = result.telegrams / result.seconds
    return "\n".join(
        (
            f"telegrams   {result.telegrams} sent, {result.shown} shown",
            f"time        {result.seconds:.0f} s, {pace:.0f} telegrams a second",
            f"states      {result.compared} compared, {len(result.wrong)} wrong",
            f"faults      {', '.join(f'{name} {count}' for name, count in result.faults.most_common())}",
            f"outages     {result.outages}",
            f"objects     {' '.join(map(str, result.objects))}",
            f"memory      {' '.join(map(str, result.resident))} KiB",
            *result.wrong,
        )
    )


async def _main(arguments: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    async with home_assistant() as hass:
        result = await soak(
            hass,
            arguments.telegrams,
            transport=arguments.transport,
            profile=arguments.profile,
            faults=tuple(arguments.faults),
            seed=arguments.seed,
        )
    print(report(result))  # noqa: T201 -- a command
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_main(_arguments())))
