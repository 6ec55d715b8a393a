"""What change of a value is worth a state, and that no energy falls into another hour for it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
import subprocess
import sys
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN, ENTRY_MINOR_VERSION
from custom_components.emucs.entities import ROWS
from custom_components.emucs.entities.rows import SensorRow
from custom_components.emucs.pace import BEFORE_MARK, may_be_last, until_mark
from custom_components.emucs.significance import BURST, ONE_EVERY, Gate, Step
from tests.support import entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.wire import change_lines

ROOT: Final = Path(__file__).parents[2]
ENERGY: Final = "sensor.electricity_meter_energy_import"
POWER: Final = "sensor.electricity_meter_power"
FORECAST: Final = "sensor.capacity_tariff_demand_forecast"


def shown(gate: Gate, values: list[Decimal | str | None], every: float = 1) -> list[int]:
    """Return which of some values are shown, one after the other."""
    return [number for number, value in enumerate(values) if gate.lets_pass(value, number * every)]


def watts(*values: int) -> list[Decimal | str | None]:
    return [Decimal(value) for value in values]


def test_a_step_is_shown_at_once_and_less_after_a_while() -> None:
    gate = Gate(Step(Decimal(40)), 5)
    assert shown(gate, watts(100, 139, 141, 142, 140, 139, 142, 143)) == [0, 2, 7]


def test_what_changes_once_in_a_while_is_shown_at_once() -> None:
    gate = Gate(None, 30)
    assert shown(gate, watts(1, 1, 1, 2, 3, 3), every=20) == [0, 3, 5]


@pytest.mark.parametrize(
    ("value", "width"), [(100, 40), (800, 40), (1000, 50), (-1000, 50), (2000, 100), (9000, 100), (0, 40)]
)
def test_a_step_is_a_share_within_limits(value: int, width: int) -> None:
    step = Step(Decimal(40), Decimal("0.05"), Decimal(100))
    for sign in (-1, 1):
        gate = Gate(step, 1000)
        assert shown(gate, watts(value, value + sign * (width - 1), value + sign * width)) == [0, 2]


def test_texts_and_the_unknown_are_shown_at_once() -> None:
    gate = Gate(Step(Decimal(40)), 60)
    assert shown(gate, [None, Decimal(1), None, Decimal(1), Decimal(2)]) == [1, 2, 3]
    assert shown(Gate(None, 60), list("abababababababab")) == list(range(16))


def test_all_that_changed_is_shown_where_something_urgent_did() -> None:
    gate = Gate(Step(Decimal(40)), 60)
    assert gate.lets_pass(Decimal(1), 0)
    assert not gate.lets_pass(Decimal(2), 1)
    assert gate.lets_pass(Decimal(2), 1, every_change=True)
    assert not gate.lets_pass(Decimal(2), 2, every_change=True)


@pytest.mark.parametrize(
    ("on", "off"), [(1, 1), (1, 4), (4, 1), (1, 9), (3, 3), (2, 3), (2, 5), (5, 5), (6, 6), (30, 20)]
)
def test_a_hob_that_cycles_is_sampled_and_its_mean_stays_right(on: int, off: int) -> None:
    gate, states, total, hour = Gate(Step(Decimal(40)), 30), 0, Decimal(), 3600
    for second in range(hour):
        states += gate.lets_pass(Decimal(2000 if second % (on + off) < on else 200), second)
        assert isinstance(gate.value, Decimal)
        total += gate.value
    assert states <= hour / ONE_EVERY + BURST + 1
    true = 200 + 1800 * on / (on + off)
    assert float(total / hour) == pytest.approx(true, rel=0.1, abs=20)


def test_no_rhythm_gets_more_than_a_burst_and_one_each_five_seconds() -> None:
    for calm in range(1, 30):
        gate, states = Gate(Step(Decimal(40)), 30), 0
        for second in range(1800):
            states += gate.lets_pass(Decimal(1000 * (second % 2) if second % (calm + 8) < 8 else 0), second)
        assert states <= 1800 / ONE_EVERY + BURST + 1, calm


def test_the_end_of_a_period_is_shown_whatever_was_before() -> None:
    gate = Gate(None, 60)
    for second in range(BURST + 3):
        gate.lets_pass(Decimal(second), second, every_change=True)
    now = BURST + 3
    assert gate.lets_close(Decimal(100), now)
    assert not gate.lets_close(Decimal(100), now + 1)
    # A telegram may be early, and that is all.
    assert not gate.lets_close(Decimal(101), now + 0.4)
    assert gate.lets_close(Decimal(101), now + 0.6)


@pytest.mark.parametrize(
    ("left", "period", "may_be"), [(0.5, 1, True), (2, 1, True), (2.1, 1, False), (11, 10, True), (12, 10, False)]
)
def test_a_telegram_may_be_the_last_before_a_mark(left: float, period: float, *, may_be: bool) -> None:
    mark = 1_768_456_800
    assert until_mark(mark - left) == pytest.approx(left)
    assert may_be_last(mark - left, period) is may_be
    # A meter that sends rarely has each of its telegrams shown; of one that has sent once nothing is known.
    assert not may_be_last(mark - 200, 900)
    assert may_be_last(mark - 1, None)


@pytest.mark.parametrize(
    ("device_class", "unit", "least"),
    [
        (SensorDeviceClass.POWER, "W", "40"),
        (SensorDeviceClass.POWER, "kW", "0.04"),
        (SensorDeviceClass.APPARENT_POWER, "kVA", "0.04"),
        (SensorDeviceClass.REACTIVE_POWER, "var", "40"),
        (SensorDeviceClass.VOLTAGE, "V", "1"),
        (SensorDeviceClass.CURRENT, "A", "0.4"),
        (None, "%", "2"),
    ],
)
def test_a_row_without_a_word_has_what_is_right_for_its_class(
    device_class: SensorDeviceClass | None, unit: str, least: str
) -> None:
    row = SensorRow(
        key="x",
        device_class=device_class,
        native_unit_of_measurement=unit,
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda _: None,
    )
    value, step = Decimal(0), Decimal(least)
    assert shown(row.gate(), [value, step * Decimal("0.99"), -step * Decimal("0.99"), step]) == [0, 3]


def test_counters_have_no_step_and_numbers_wait_half_a_minute() -> None:
    counters = [row for row in ROWS if isinstance(row, SensorRow) and row.is_counter]
    assert {"energy_import", "energy_export_tariff_2"} <= {row.key for row in counters}
    for row in counters:
        assert shown(row.gate(), watts(1, 2, 3, 4, 5, 6, 7), every=10) == [0, 6]
    plain = SensorRow(key="x", value_fn=lambda _: None)
    assert shown(plain.gate(), watts(1, 2, 3, 4, 5), every=10) == [0, 3]


@asynccontextmanager
async def house(
    hass: HomeAssistant, meter: VirtualMeter, power: Callable[[], str], *, entry: MockConfigEntry | None = None
) -> AsyncGenerator[dict[str, int]]:
    """Set up an entry with adaptive updates, whose meter prints a power; the value counts the states by entity.

    With each telegram the meter has counted a Wh.
    """

    def printed(telegram: bytes) -> bytes:
        counted = meter.time.timestamp() % 1_000_000 / 1000
        values = {"1-0:1.7.0": f"({power()}*kW)", "1-0:1.8.1": f"({counted:010.3f}*kWh)"}
        return change_lines(telegram, values.get)

    async with TcpServer(meter, transform=printed) as server:
        if entry is None:
            entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, minor_version=ENTRY_MINOR_VERSION)
            entry.add_to_hass(hass)
        hass.config_entries.async_update_entry(entry, data=entry_data(server.url))
        assert await hass.config_entries.async_setup(entry.entry_id)
        states: dict[str, int] = {}

        @callback
        def note(event: Event[EventStateChangedData]) -> None:
            entity_id = event.data["entity_id"]
            states[entity_id] = states.get(entity_id, 0) + 1

        hass.bus.async_listen("state_changed", note)
        yield states
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("socket_enabled")
async def test_a_kettle_is_shown_in_the_same_second_and_a_flicker_is_not(
    hass: HomeAssistant, meter: VirtualMeter
) -> None:
    power = "00.500"
    async with house(hass, meter, lambda: power) as states:
        power = "00.510"
        await asyncio.sleep(3)
        assert POWER not in states
        # What a forecast goes out from changes with each telegram: that rides along.
        assert states.get(FORECAST, 0) <= 1
        power = "02.500"
        await eventually(lambda: hass.states.get(POWER).state == "2500.0", seconds=1.5)
        assert states[POWER] == 1


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("irregular", [False, True])
async def test_a_counter_is_shown_before_a_mark(
    hass: HomeAssistant, meter: VirtualMeter, monkeypatch: pytest.MonkeyPatch, *, irregular: bool
) -> None:
    async with house(hass, meter, lambda: "00.500") as states:
        await asyncio.sleep(2.5)
        assert ENERGY not in states
    # From now on a mark is always near: either each telegram may be the last one, or it comes as a surprise.
    monkeypatch.setattr("custom_components.emucs.updates.may_be_last", lambda *_: not irregular)
    if irregular:
        monkeypatch.setattr("custom_components.emucs.updates.until_mark", lambda _: BEFORE_MARK + 0.5)
    [entry] = hass.config_entries.async_entries(DOMAIN)
    async with house(hass, meter, lambda: "00.500", entry=entry) as states:
        await asyncio.sleep(3.5)
        assert 2 <= states[ENERGY] <= 4
        assert POWER not in states


@pytest.mark.parametrize("together", [1, 7])
def test_an_hour_in_the_real_recorder_is_what_the_telegrams_said(together: int) -> None:
    done = subprocess.run(  # noqa: S603 -- the interpreter of the tests
        [sys.executable, "-m", "bench.day", "--hours", "1", "--together", str(together)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "counters      104 periods compared, at most 0.000000 off" in done.stdout
