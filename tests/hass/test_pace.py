"""However fast a port sends and whatever: entities and the log are told at a pace that the house can bear."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from itertools import count, cycle, pairwise
import logging
from typing import Final

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN, ENTRY_MINOR_VERSION
from custom_components.emucs.pace import ANOTHER_METER_LASTS, AT_MOST_EVERY, LOG_AT_MOST_EVERY, Allowance, Pace
from tests.support import BRUSSELS, entry_data, eventually
from virtual_meter import VirtualMeter
from virtual_meter.wire import change_lines

pytestmark = pytest.mark.usefixtures("socket_enabled")

POWER: Final = "sensor.electricity_meter_power"
BREAKER: Final = "sensor.electricity_meter_breaker"
PEAK: Final = "event.capacity_tariff_peak"
SECONDS: Final = 4.0
"""How long a test counts."""


class Told:
    """The states that are written, with when."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Listen from now on."""
        self._hass = hass
        self._began = hass.loop.time()
        self.times: dict[str, list[float]] = defaultdict(list)
        self.available: dict[str, list[bool]] = defaultdict(list)
        self._stop = hass.bus.async_listen("state_changed", self._note)

    def _note(self, event: Event[EventStateChangedData]) -> None:
        """Take a state."""
        entity_id, state = event.data["entity_id"], event.data["new_state"]
        if state is not None:
            self.times[entity_id].append(self._hass.loop.time())
            self.available[entity_id].append(state.state != STATE_UNAVAILABLE)

    def check(self) -> None:
        """Check that no entity was told anything twice within a second, but for what was let through in time."""
        self._stop()
        lasted = self._hass.loop.time() - self._began
        for entity_id, times in self.times.items():
            if entity_id == PEAK:
                # A meter whose time flies ends as many quarters: they have an allowance of their own.
                assert len(times) <= 128 + lasted / AT_MOST_EVERY
                continue
            assert len(times) <= lasted / AT_MOST_EVERY + 2, entity_id
            gaps = [later - earlier for earlier, later in pairwise(times)]
            # What is due after an interval may be a fifth of a second early.
            assert min(gaps, default=1) > 0.5, (entity_id, gaps)


@asynccontextmanager
async def hostile(
    hass: HomeAssistant, meter: VirtualMeter, telegrams: Iterator[bytes | None], *, update_interval: int | None = 300
) -> AsyncGenerator[tuple[MockConfigEntry, Callable[[], int]]]:
    """Set up an entry whose port sends telegrams as fast as they are read, and closes where there is none."""
    sent = 0

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        with suppress(ConnectionError):
            for telegram in telegrams:
                if telegram is None:
                    break
                writer.write(telegram)
                await writer.drain()
                sent += 1
                await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(send, "127.0.0.1", 0)
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="T211",
        unique_id=meter.meter_id,
        data=entry_data(f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"),
        options={} if update_interval is None else {"update_interval": update_interval},
        minor_version=ENTRY_MINOR_VERSION,
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await eventually(lambda: hass.states.get(POWER) is not None)
    yield entry, lambda: sent
    assert await hass.config_entries.async_unload(entry.entry_id)
    server.close()


def with_breaker(telegram: bytes, state: int) -> bytes:
    """Return a telegram with the breaker in a state."""
    return change_lines(telegram, lambda code, value: f"({state})" if code == "0-0:96.3.10" else value)


def ticking(meter: VirtualMeter) -> Iterator[bytes]:
    """Yield telegrams a second apart."""
    while True:
        meter.advance(1)
        yield meter.telegram()


def toggling(meter: VirtualMeter) -> Iterator[bytes]:
    """Yield telegrams with the breaker on and off in turn."""
    for state, telegram in zip(cycle((0, 1)), ticking(meter), strict=False):
        yield with_breaker(telegram, state)


def alternating(meter: VirtualMeter) -> Iterator[bytes]:
    """Yield telegrams of two meters in turn."""
    other = VirtualMeter(seed=8, start=meter.time)
    for own, foreign in zip(ticking(meter), ticking(other), strict=False):
        yield own
        yield foreign


def flapping(meter: VirtualMeter) -> Iterator[bytes | None]:
    """Yield telegrams of a port that closes after each second one."""
    for number, telegram in zip(count(1), ticking(meter), strict=False):
        yield telegram
        if number % 2 == 0:
            yield None


def peaking(meter: VirtualMeter) -> Iterator[bytes]:
    """Yield telegrams, each with a higher peak of the month."""
    for number, telegram in zip(count(1), ticking(meter), strict=False):
        stamp = f"{meter.time:%y%m%d%H%M%S}W"
        yield change_lines(
            telegram,
            lambda code, value, number=number, stamp=stamp: (
                f"({stamp})({10 + number / 1000:06.3f}*kW)" if code == "1-0:1.6.0" else value
            ),
        )


@pytest.mark.parametrize("interval", [1, 300, None])
@pytest.mark.parametrize("telegrams", [toggling, alternating, flapping])
async def test_no_port_makes_entities_be_told_more_often(
    hass: HomeAssistant,
    meter: VirtualMeter,
    caplog: pytest.LogCaptureFixture,
    telegrams: Callable[[VirtualMeter], Iterator[bytes | None]],
    interval: int | None,
) -> None:
    caplog.set_level(logging.INFO, "custom_components.emucs")
    async with hostile(hass, meter, telegrams(meter), update_interval=interval) as (_, sent):
        told, before = Told(hass), sent()
        await asyncio.sleep(SECONDS)
        told.check()
        assert sent() - before > 10
    lines = Counter(record.getMessage() for record in caplog.records if record.name.startswith("custom_components"))
    assert max(lines.values(), default=0) <= 1, lines


@pytest.mark.parametrize("interval", [1, None])
async def test_two_meters_in_turn_leave_the_right_one_available(
    hass: HomeAssistant, meter: VirtualMeter, interval: int | None
) -> None:
    async with hostile(hass, meter, alternating(meter), update_interval=interval) as (entry, _):
        told = Told(hass)
        await asyncio.sleep(SECONDS)
        # What changes little is not shown each second where that is left to the entities.
        assert interval is None or len(told.times[POWER]) >= SECONDS - 1
        assert told.times
        assert all(all(states) for states in told.available.values())
        assert entry.runtime_data.down is None


async def test_a_port_that_comes_and_goes_is_down_at_most_now_and_then(
    hass: HomeAssistant, meter: VirtualMeter
) -> None:
    async with hostile(hass, meter, flapping(meter)) as (entry, _):
        told = Told(hass)
        await asyncio.sleep(SECONDS)
        assert told.available[POWER].count(False) <= 1
        assert entry.runtime_data.link.connections >= 2


async def test_a_flood_of_peaks_is_told_at_the_pace_of_a_day(hass: HomeAssistant, meter: VirtualMeter) -> None:
    async with hostile(hass, meter, peaking(meter)) as (_, sent):
        told = Told(hass)
        await eventually(lambda: sent() > 1000)
        await asyncio.sleep(1)
        assert len(told.times.pop(PEAK)) <= 128 + SECONDS + 1 + 15
        told.check()


async def test_what_is_held_back_is_told_although_nothing_more_comes(hass: HomeAssistant, meter: VirtualMeter) -> None:
    first, second, third = (next(ticking(meter)) for _ in range(3))

    def burst() -> Iterator[bytes]:
        yield with_breaker(first, 1)
        yield with_breaker(second, 0)
        yield with_breaker(third, 2)

    release = asyncio.Event()

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        telegrams = burst()
        writer.write(next(telegrams))
        await release.wait()
        for telegram in telegrams:
            writer.write(telegram)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(send, "127.0.0.1", 0)
    url = f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(url), options={"update_interval": 300}
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert hass.states.get(BREAKER).state == "connected"
    release.set()
    await eventually(lambda: hass.states.get(BREAKER).state == "ready_for_reconnection", seconds=3)
    assert await hass.config_entries.async_unload(entry.entry_id)
    server.close()


async def test_each_event_is_told_once_although_two_come_within_a_second(
    hass: HomeAssistant, socket_enabled: None
) -> None:
    meter = VirtualMeter(seed=7, start=datetime(2026, 2, 3, 10, 10, tzinfo=BRUSSELS))
    ends: list[str] = []

    def changed(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if event.data["entity_id"] == PEAK and state and state.attributes.get("event_type") == "quarter_closed":
            ends.append(state.attributes["time"])

    hass.bus.async_listen("state_changed", changed)

    def quarters() -> Iterator[bytes]:
        for _ in range(4 * 90):
            meter.advance(10)
            yield meter.telegram()

    async with hostile(hass, meter, quarters()):
        await eventually(lambda: len(set(ends)) == 4)
        assert len(ends) == 4
    begins = [datetime.fromisoformat(end) for end in ends]
    assert [later - earlier for earlier, later in pairwise(begins)] == [timedelta(minutes=15)] * 3


def test_what_can_wait_is_told_each_interval() -> None:
    pace, told = Pace(5), []
    for tenth in range(300):
        # Each second, a little early or late.
        now = tenth / 10
        if tenth % 10 in (0, 9) and pace.of_data(now, is_urgent=False) == now:
            pace.tell(now, is_up=True)
            told.append(now)
    assert 5 <= len(told) <= 7
    assert all(4.5 < later - earlier < 5.5 for earlier, later in pairwise(told))


def test_what_cannot_wait_is_told_a_second_after_the_last_at_the_latest() -> None:
    pace = Pace(60)
    assert pace.of_data(10, is_urgent=True) == 10
    pace.tell(10, is_up=True)
    assert pace.of_data(10.2, is_urgent=False) is None
    assert pace.of_data(10.3, is_urgent=True) == 11
    assert pace.of_data(12, is_urgent=True) == 12


def test_a_failure_that_passes_is_none_to_entities_that_just_had_one() -> None:
    pace = Pace(5)
    pace.tell(0, is_up=True)
    assert pace.of_failure(30) == 30
    pace.tell(30, is_up=False)
    assert pace.of_data(30.1, is_urgent=True) == 31
    pace.tell(31, is_up=True)
    assert pace.of_failure(32) == 40
    assert pace.of_failure(50) == 50


def test_another_meter_has_to_last() -> None:
    pace = Pace(5)
    assert not pace.is_another_meter(0, is_right=False)
    assert not pace.is_another_meter(9, is_right=False)
    assert not pace.is_another_meter(9.5, is_right=True)
    assert not pace.is_another_meter(10, is_right=False)
    assert pace.is_another_meter(10 + ANOTHER_METER_LASTS, is_right=False)


def test_a_line_is_logged_once_a_minute() -> None:
    pace = Pace(5)
    assert [pace.may_log("up", now) for now in (0.0, 1.0, LOG_AT_MOST_EVERY)] == [True, False, True]
    assert pace.may_log("down", 1)


def test_an_allowance_is_used_up_and_comes_back() -> None:
    allowance = Allowance(3)
    assert [allowance.take(100) for _ in range(4)] == [0, 0, 0, 1]
    assert allowance.take(100.5) == 0.5
    assert allowance.take(101) == 0
    assert [allowance.take(200) for _ in range(4)] == [0, 0, 0, 1]
