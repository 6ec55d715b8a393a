"""An industrial meter in the words of other readouts, and behind transformers: from set-up to the capacity tariff."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.insight.capacity import Capacity
from tests.support import WINTER_EVENING, address, entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter

pytestmark = pytest.mark.usefixtures("socket_enabled")

DIALECTS = [
    (),
    ("split-clock", "reduced-codes", "service-codes"),
    ("separators", "service-codes", "no-checksum"),
    ("season-digit", "full-codes", "historic"),
]


def serving(meter: VirtualMeter, shown: list[bytes]) -> TcpServer:
    """Return a server that sends the last of some telegrams, again and again."""
    shown.append(meter.telegram())
    return TcpServer(VirtualMeter(period=1), speed=10, transform=lambda _: shown[-1])


def states_of(hass: HomeAssistant, meter: VirtualMeter) -> Callable[[str], State]:
    """Return what returns the state of a sensor by its key."""

    def state(key: str) -> State:
        entity_id = er.async_get(hass).async_get_entity_id(SENSOR, DOMAIN, f"{meter.meter_id}_{key}")
        assert entity_id is not None, key
        found = hass.states.get(entity_id)
        assert found is not None, key
        return found

    return state


def number(state: State) -> Decimal:
    return Decimal(state.state)


@pytest.mark.parametrize("variants", DIALECTS, ids=lambda variants: " ".join(variants) or "as e-MUCS prints it")
async def test_from_set_up_to_the_capacity_tariff(hass: HomeAssistant, variants: tuple[str, ...]) -> None:
    meter, shown = VirtualMeter("a1", seed=7, start=WINTER_EVENING, variants=variants), list[bytes]()
    async with serving(meter, shown) as server:
        flows = hass.config_entries.flow
        form = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
        form = await flows.async_configure(form["flow_id"], {"next_step_id": "network"})
        advanced = {"baudrate": 115200, "bytesize": 8, "parity": "N", "stopbits": 1}
        form = await flows.async_configure(form["flow_id"], {**address(server), "advanced": advanced})
        assert form["step_id"] == "confirm"
        result = await flows.async_configure(form["flow_id"], {"user_port": "a1", "add_to_energy": False})
        entry = result["result"]
        await hass.async_block_till_done()
        assert entry.unique_id == meter.meter_id
        state, truth = states_of(hass, meter), meter.truth
        assert truth.total is not None
        assert number(state("energy_import")) == pytest.approx(truth.total.energy_import, abs=Decimal("0.01"))
        assert number(state("demand")) == pytest.approx(truth.import_demands.current, abs=Decimal("0.01"))
        assert number(state("month_peak")) == pytest.approx(truth.import_demands.maximum.value, abs=Decimal("0.01"))
        peak_time = datetime.fromisoformat(state("month_peak_time").state)
        assert peak_time == truth.import_demands.maximum.time.replace(second=0, microsecond=0)
        if "service-codes" in variants:
            assert state("error_register").state == "00000000"
        before = truth.total

        # Quarters close by the clock, in whatever words it is printed.
        meter.advance(480)
        shown.append(meter.telegram())
        await eventually(lambda: entry.runtime_data.telegram.time == meter.time)
        begin = meter.truth.total
        meter.advance(900, step=10)
        shown.append(meter.telegram())
        await eventually(lambda: entry.runtime_data.telegram.time == meter.time)
        await eventually(lambda: state("power_factor_quarter").state != "unknown")
        after = meter.truth.total
        assert begin is not None
        assert after is not None
        active, inductive = after.energy_import - begin.energy_import, after.quadrants[0] - begin.quadrants[0]
        expected = active / (active**2 + inductive**2).sqrt()
        assert number(state("power_factor_quarter")) == pytest.approx(expected, abs=Decimal("0.01"))
        month = state("power_factor_month").attributes
        assert month["active_energy"] == pytest.approx(float(after.energy_import - before.energy_import), abs=0.1)
        assert month["character"] == "inductive"
        closed = entry.runtime_data.insights[Capacity].ledger.running
        assert closed is not None
        assert closed.value == round(meter.truth.import_demands.maximum.value, 2)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def set_up(hass: HomeAssistant, meter: VirtualMeter, server: TcpServer) -> MockConfigEntry:
    """Set an industrial meter up."""
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url), options={"user_port": "a1"}
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def configure(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    """Fill in the settings of an entry."""
    form = await hass.config_entries.options.async_init(entry.entry_id)
    await hass.config_entries.options.async_configure(form["flow_id"], {"user_port": "a1", **options})
    await hass.async_block_till_done()


def sections(form: Any) -> dict[str, list[str]]:
    """Return the fields of each section of a form."""
    return {
        str(key): [str(field) for field in value.schema.schema]
        for key, value in form["data_schema"].schema.items()
        if hasattr(value, "schema")
    }


async def test_factors_of_transformers(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> None:
    meter, shown = VirtualMeter("a1", seed=7, start=WINTER_EVENING, variants=["secondary"]), list[bytes]()
    async with serving(meter, shown) as server:
        entry = await set_up(hass, meter, server)
        state, truth = states_of(hass, meter), meter.truth
        assert truth.total is not None
        printed = number(state("energy_import"))
        assert printed == pytest.approx(truth.total.energy_import / 200, abs=Decimal("0.01"))
        assert not entity_registry.async_get_entity_id(SENSOR, DOMAIN, f"{meter.meter_id}_transformer_factor")

        await configure(hass, entry, transformers={"current_factor": 200, "voltage_factor": 1})
        assert entry.options["transformers"] == {"current_factor": 200, "voltage_factor": 1}
        assert number(state("energy_import")) == printed * 200
        assert number(state("power")) == pytest.approx((truth.total.active) * 1000, rel=Decimal("0.001"))
        assert number(state("current_l1")) == pytest.approx(truth.phases[0].current, abs=Decimal("0.05"))
        assert number(state("voltage_l1")) == pytest.approx(truth.phases[0].voltage, abs=Decimal("0.1"))
        assert number(state("month_peak")) == pytest.approx(truth.import_demands.maximum.value, abs=Decimal("0.02"))
        assert number(state("transformer_factor")) == 200
        assert state("transformer_factor").attributes["current_factor"] == 200
        # The step is no energy, and nothing that has to be confirmed.
        assert entry.runtime_data.insights.withheld == 0

        # Without a factor nothing of it is left.
        await configure(hass, entry, transformers={"current_factor": 1, "voltage_factor": 1})
        assert "transformers" not in entry.options
        assert number(state("energy_import")) == printed
        assert entry.runtime_data.insights.withheld == 0
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_share_that_is_free(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> None:
    meter, shown = VirtualMeter("a1", seed=7, start=WINTER_EVENING), list[bytes]()
    async with serving(meter, shown) as server:
        entry = await set_up(hass, meter, server)
        assert not entity_registry.async_get_entity_id(SENSOR, DOMAIN, f"{meter.meter_id}_reactive_excess")
        form = await hass.config_entries.options.async_init(entry.entry_id)
        assert "free_reactive_share" in sections(form)["connection"]
        assert sections(form)["transformers"] == ["current_factor", "voltage_factor"]
        hass.config_entries.options.async_abort(form["flow_id"])
        await configure(hass, entry, connection={"free_reactive_share": 10})
        state = states_of(hass, meter)
        assert number(state("reactive_excess")) == 0
        for seconds in (480, 900):
            meter.advance(seconds, step=10)
            shown.append(meter.telegram())
            await eventually(lambda: entry.runtime_data.telegram.time == meter.time)
        await eventually(lambda: number(state("reactive_excess")) > 0)
        month = state("power_factor_month").attributes
        expected = month["inductive_energy"] - 0.1 * month["active_energy"]
        assert float(state("reactive_excess").state) == pytest.approx(expected, abs=0.002)
        assert state("reactive_excess").attributes["capacitive"] == 0
        assert state("reactive_excess").attributes["last_reset"] == "2026-01-01T00:00:00+01:00"
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_homes_are_asked_for_neither(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    form = await hass.config_entries.options.async_init(loaded.entry_id)
    assert "transformers" not in sections(form)
    assert "free_reactive_share" not in sections(form)["connection"]
    hass.config_entries.options.async_abort(form["flow_id"])
