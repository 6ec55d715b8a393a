"""System health and the sensors of the port, also while nothing comes."""

from datetime import timedelta

from homeassistant.components.system_health import get_info
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from tests.hass.rewrite import Wire, running
from tests.support import entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter

pytestmark = pytest.mark.usefixtures("entity_registry_enabled_by_default", "socket_enabled")


@pytest.fixture(autouse=True)
def fast_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count by the second."""
    monkeypatch.setattr("custom_components.emucs.coordinator.MINUTE", timedelta(seconds=1))


def state(hass: HomeAssistant, name: str) -> str:
    return hass.states.get(f"sensor.electricity_meter_{name}").state


def count(hass: HomeAssistant, name: str) -> int:
    return int(state(hass, name))


async def test_sensors_show_what_happens(hass: HomeAssistant, meter: VirtualMeter, fast_silence: None) -> None:
    wire = Wire()
    async with running(hass, meter, wire) as entry:
        assert state(hass, "telegrams_per_minute") == "unknown"
        assert [state(hass, name) for name in ("checksum_errors", "reconnections", "dropped_data")] == ["0", "0", "0"]
        assert state(hass, "last_failure") == "unknown"
        await eventually(lambda: state(hass, "telegrams_per_minute") != "unknown")
        # Twenty a second, on a busy machine too.
        assert 1 <= count(hass, "telegrams_per_minute") <= 40

        await wire.once(lambda telegram: telegram.replace(b"0-0:1.0.0", b"0-0:1.0.9"), 4)
        await wire.once(lambda telegram: b"nonsense" + telegram)
        await eventually(lambda: (count(hass, "checksum_errors"), count(hass, "dropped_data")) == (4, 8))

        # They are there when they are needed: while nothing comes.
        wire.change = lambda _: b""
        await eventually(lambda: state(hass, "last_failure") == "no_data")
        await eventually(lambda: count(hass, "telegrams_per_minute") == 0)
        assert state(hass, "power") == "unavailable"
        await eventually(lambda: count(hass, "reconnections") >= 1)
        wire.change = lambda _: b"what is this? "
        await eventually(lambda: state(hass, "last_failure") == "no_telegram")
        wire.change = None
        await eventually(lambda: state(hass, "power") != "unavailable")
        assert state(hass, "last_failure") == "no_telegram"
        assert [event.what for event in entry.runtime_data.watch.health.events] == [
            "telegrams",
            "no_data",
            "no_telegram",
            "telegrams",
        ]


async def test_sensors_are_no_faster_than_the_update_interval(hass: HomeAssistant, meter: VirtualMeter) -> None:
    wire = Wire()
    async with running(hass, meter, wire, update_interval=300) as entry:
        wire.change = lambda telegram: telegram.replace(b"0-0:1.0.0", b"0-0:1.0.9") if wire.sent % 2 else telegram
        await eventually(lambda: entry.runtime_data.link.reader.dropped["checksum"] > 20)
        assert count(hass, "checksum_errors") == 0


class TestSystemHealth:
    """What a user copies into a report."""

    @staticmethod
    async def info(hass: HomeAssistant) -> dict[str, object]:
        assert await async_setup_component(hass, "system_health", {})
        info: dict[str, object] = (await get_info(hass))[DOMAIN]
        return info

    async def test_of_two_meters(
        self, hass: HomeAssistant, loaded: MockConfigEntry, meter: VirtualMeter, server: TcpServer
    ) -> None:
        other = MockConfigEntry(domain=DOMAIN, unique_id="1SAG3199999999", data=entry_data(server.url))
        other.add_to_hass(hass)
        assert not await hass.config_entries.async_setup(other.entry_id)
        await eventually(lambda: loaded.runtime_data.watch.health.telegrams_per_minute is not None)
        info = await self.info(hass)
        per_minute = info.pop("telegrams_per_minute")
        assert int(per_minute.partition(", ")[0]) > 0
        assert info == {
            "meters": 2,
            "readers": "socket, socket",
            "link": "up, setup_retry",
            "checksum_errors": "0, -",
            "reconnects": "0, -",
            "last_failure": "-, wrong_meter",
        }
        assert meter.meter_id not in str(info)

    @pytest.mark.usefixtures("fast_silence")
    async def test_of_a_port_that_is_silent(
        self, hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer
    ) -> None:
        assert await hass.config_entries.async_setup(entry.entry_id)
        server.pause()
        await eventually(lambda: entry.runtime_data.down is not None)
        info = await self.info(hass)
        assert (info["link"], info["last_failure"]) == ("no_data", "no_data")
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_events_are_bounded(hass: HomeAssistant, meter: VirtualMeter, loaded: MockConfigEntry) -> None:
    health = loaded.runtime_data.watch.health
    for n in range(100):
        health.note("no_data" if n % 2 else "telegrams", loaded.created_at)
    assert len(health.events) == 20
