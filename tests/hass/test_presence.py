"""Entities exist as soon as the meter shows what they need, on all platforms alike."""

from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.emucs.const import DOMAIN
from tests.hass.rewrite import Wire, running, with_value, without
from tests.support import eventually
from virtual_meter import VirtualMeter

CAPACITY = {
    ("sensor", "demand_forecast"),
    ("binary_sensor", "peak_alarm"),
    ("binary_sensor", "peak_warning"),
    ("number", "peak_target"),
    ("event", "peak"),
}


@pytest.fixture
def short_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the coordinator's minute."""
    monkeypatch.setattr("custom_components.emucs.coordinator.MINUTE", timedelta(seconds=0.1))


def there(entity_registry: er.EntityRegistry, meter: VirtualMeter) -> set[tuple[str, str]]:
    """Return platforms and keys of all entities of the electricity meter."""
    return {
        (entry.domain, entry.unique_id.removeprefix(f"{meter.meter_id}_"))
        for entry in entity_registry.entities.values()
        if entry.platform == DOMAIN and entry.unique_id.startswith(f"{meter.meter_id}_")
    }


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("late", [r"0-0:1\.0\.0", r"1-0:[12]\.(4|7|8)\.|1-0:[246][12]\.7\."], ids=["time", "power"])
async def test_what_a_quarter_needs_may_come_later(
    hass: HomeAssistant, meter: VirtualMeter, entity_registry: er.EntityRegistry, late: str
) -> None:
    wire = Wire()
    wire.change = lambda telegram: without(telegram, late)
    async with running(hass, meter, wire):
        assert not there(entity_registry, meter) & CAPACITY
        wire.change = None
        await eventually(lambda: there(entity_registry, meter) >= CAPACITY)


@pytest.mark.usefixtures("socket_enabled", "short_minute")
@pytest.mark.parametrize(
    ("key", "line", "value", "shown"),
    [
        ("limiter_threshold", r"0-0:17\.0\.0", "(003.5*kW)", "3.5"),
        ("fuse_threshold", r"1-0:31\.4\.0", "(040*A)", "40"),
        ("text_message", r"0-0:96\.13\.0", "(48616C6C6F)", "Hallo"),
    ],
)
async def test_what_is_unset_has_no_entity_until_it_is_set_once(
    hass: HomeAssistant,
    meter: VirtualMeter,
    entity_registry: er.EntityRegistry,
    key: str,
    line: str,
    value: str,
    shown: str,
) -> None:
    wire = Wire()
    async with running(hass, meter, wire) as entry:
        assert ("sensor", key) not in there(entity_registry, meter)
        wire.change = lambda telegram: with_value(telegram, line, value)
        await eventually(lambda: ("sensor", key) in there(entity_registry, meter))
        entity_id = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{meter.meter_id}_{key}")
        await eventually(lambda: hass.states.get(entity_id) is not None and hass.states.get(entity_id).state == shown)
        wire.change = None
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        # It is unset again, and its entity stays.
        assert hass.states.get(entity_id).state == "unknown"


@pytest.mark.usefixtures("socket_enabled", "short_minute")
async def test_a_switch_that_says_words_of_its_own_has_no_entity(
    hass: HomeAssistant, meter: VirtualMeter, entity_registry: er.EntityRegistry
) -> None:
    wire = Wire()
    wire.change = lambda telegram: with_value(
        with_value(telegram, r"0-0:96\.3\.10", "(CONNECT)"), r"0-0:96\.14\.0", "(DAY)"
    )
    async with running(hass, meter, wire):
        assert not there(entity_registry, meter) & {("sensor", "breaker"), ("sensor", "active_tariff")}
        wire.change = None
        await eventually(lambda: there(entity_registry, meter) >= {("sensor", "breaker"), ("sensor", "active_tariff")})


@pytest.mark.usefixtures("socket_enabled", "short_minute")
async def test_words_of_other_meters_for_the_same_are_shown_as_the_same(
    hass: HomeAssistant, meter: VirtualMeter, entity_registry: er.EntityRegistry
) -> None:
    # As Wasion meters print them.
    printed = {r"0-0:96\.3\.10": "(ON)", r"0-0:96\.14\.0": "(TARIFF 2)", r"0-0:17\.0\.0": "(24000*W)"}
    wire = Wire()

    def change(telegram: bytes) -> bytes:
        for code, value in printed.items():
            telegram = with_value(telegram, code, value)
        return telegram

    wire.change = change
    async with running(hass, meter, wire):
        for key, shown in {"breaker": "connected", "active_tariff": "tariff_2", "limiter_threshold": "24.000"}.items():
            entity_id = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{meter.meter_id}_{key}")
            assert entity_id is not None, key
            assert hass.states.get(entity_id).state == shown
        printed[r"0-0:96\.3\.10"] = "(OFF)"
        breaker = entity_registry.async_get_entity_id("sensor", DOMAIN, f"{meter.meter_id}_breaker")
        await eventually(lambda: hass.states.get(breaker).state == "disconnected")
