"""Repair issues: reported with what the user can do, and ended as soon as that is no longer needed."""

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
import json
from pathlib import Path
import time
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

import custom_components.emucs
from custom_components.emucs import async_remove_config_entry_device
from custom_components.emucs.const import DOMAIN
from custom_components.emucs.devices import mask
from custom_components.emucs.insight.capacity import Capacity
from custom_components.emucs.port import Reader
from custom_components.emucs.port_watch import (
    LAPSED_AFTER,
    SILENT_AFTER,
    UNREACHABLE_AFTER,
    WRONG_SPEED_AFTER,
    async_watch_of,
    is_lapsed,
)
from custom_components.emucs.repairs import async_create_fix_flow
from custom_components.emucs.texts import name_of
from tests.hass.confirming import confirm
from tests.hass.rewrite import Wire, running, with_value, without
from tests.support import BRUSSELS, FIELD_TELEGRAMS, WINTER_EVENING, address, entry_data, eventually
from virtual_meter import PROFILES, TcpServer, VirtualMeter

ENGLISH = json.loads((Path(custom_components.emucs.__file__).parent / "translations" / "en.json").read_text())
POWER = "sensor.electricity_meter_power"
IMPORT = "sensor.electricity_meter_energy_import"
NOISE = bytes(range(0x80, 0x100)) * 4

pytestmark = pytest.mark.usefixtures("socket_enabled")


class Clock:
    """A monotonic clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def clock() -> Clock:
    """Return the clock by which a condition lasts."""
    return Clock()


@pytest.fixture
def entry(hass: HomeAssistant, entry: MockConfigEntry, clock: Clock) -> MockConfigEntry:
    """Return the entry, whose watch has the clock."""
    async_watch_of(hass, entry, clock)
    return entry


@pytest.fixture(autouse=True)
def fast_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Check lasting conditions more often, and judge a clock sooner."""
    monkeypatch.setattr("custom_components.emucs.coordinator.MINUTE", timedelta(seconds=0.1))
    monkeypatch.setattr("custom_components.emucs.insight.clock.LASTING", timedelta(seconds=0.5))


async def retry(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let Home Assistant retry the set-up of an entry, as it does by itself after a while."""
    assert entry.state is ConfigEntryState.SETUP_RETRY
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=5))
    assert entry.state is ConfigEntryState.SETUP_IN_PROGRESS
    await eventually(lambda: entry.state is not ConfigEntryState.SETUP_IN_PROGRESS)
    await hass.async_block_till_done()


def issues(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the issues of an entry, except for that of the virtual meter's clock, which runs in January."""
    found = {key for domain, key in ir.async_get(hass).issues if domain == DOMAIN}
    assert all(key.endswith(f"_{entry.entry_id}") for key in found)
    return {key.removesuffix(f"_{entry.entry_id}") for key in found} - {"clock_off"}


def refused(server: TcpServer) -> str:
    """Return the text for a bridge that refuses the connection."""
    return ENGLISH["exceptions"]["cannot_connect_refused"]["message"].format(port=name_of(server.url))


def issue(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> ir.IssueEntry:
    """Return an issue, which has to exist."""
    found = ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_{entry.entry_id}")
    assert found is not None
    return found


@pytest.mark.usefixtures("fast_silence")
class TestSilence:
    """The port can be opened, and nothing comes."""

    async def test_since_set_up(
        self, hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer, clock: Clock
    ) -> None:
        server.pause()
        assert not await hass.config_entries.async_setup(entry.entry_id)
        # A bridge that restarts is as silent.
        clock.ahead = SILENT_AFTER - 60
        await retry(hass, entry)
        assert issues(hass, entry) == set()
        clock.ahead = SILENT_AFTER
        await retry(hass, entry)
        assert issues(hass, entry) == {"port_silent"}
        assert issue(hass, entry, "port_silent").translation_placeholders == {"port": name_of(server.url)}
        assert issue(hass, entry, "port_silent").translation_key == "port_silent_network"
        server.resume()
        await retry(hass, entry)
        assert entry.state is ConfigEntryState.LOADED
        assert issues(hass, entry) == set()
        assert await hass.config_entries.async_unload(entry.entry_id)

    async def test_of_a_port_that_worked(
        self, hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer, clock: Clock
    ) -> None:
        server.pause()
        await eventually(lambda: hass.states.get(POWER).state == STATE_UNAVAILABLE)
        assert issues(hass, loaded) == set()
        clock.ahead = SILENT_AFTER
        await eventually(lambda: issues(hass, loaded) == {"port_silent"})
        server.resume()
        await eventually(lambda: issues(hass, loaded) == set())

    async def test_is_another_thing_than_a_port_that_cannot_be_opened(
        self, hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer, clock: Clock
    ) -> None:
        server.pause()
        assert not await hass.config_entries.async_setup(entry.entry_id)
        clock.ahead = SILENT_AFTER
        await server.stop()
        await retry(hass, entry)
        assert entry.error_reason_translation_key == "cannot_connect_refused"
        assert issues(hass, entry) == set()

    @pytest.mark.parametrize("way", ["disable", "remove"])
    async def test_of_an_entry_that_is_not_wanted(
        self, hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer, clock: Clock, way: str
    ) -> None:
        server.pause()
        assert not await hass.config_entries.async_setup(entry.entry_id)
        clock.ahead = SILENT_AFTER
        await retry(hass, entry)
        assert issues(hass, entry) == {"port_silent"}
        if way == "disable":
            await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
        else:
            await hass.config_entries.async_remove(entry.entry_id)
        assert issues(hass, entry) == set()


class TestUnreachablePort:
    """The port cannot be opened: its bridge has no power or another address, its cable is elsewhere."""

    @staticmethod
    async def fix(
        hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: MockConfigEntry
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Walk through the repair as the frontend does; return what it shows, and how it ends."""
        return await confirm(hass, hass_client, issue(hass, entry, "port_unreachable"))

    async def test_since_set_up(
        self, hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer, clock: Clock
    ) -> None:
        await server.take_down()
        assert not await hass.config_entries.async_setup(entry.entry_id)
        # As long as a router restarts.
        clock.ahead = UNREACHABLE_AFTER - 60
        await retry(hass, entry)
        assert issues(hass, entry) == set()
        clock.ahead = UNREACHABLE_AFTER
        await retry(hass, entry)
        assert issues(hass, entry) == {"port_unreachable"}
        assert issue(hass, entry, "port_unreachable").translation_placeholders == {
            "name": "T211",
            "port": name_of(server.url),
            "detail": refused(server),
        }
        await server.bring_up()
        await retry(hass, entry)
        assert entry.state is ConfigEntryState.LOADED
        assert issues(hass, entry) == set()
        assert await hass.config_entries.async_unload(entry.entry_id)

    async def test_of_a_port_that_worked(
        self, hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer, clock: Clock
    ) -> None:
        await server.take_down()
        await eventually(lambda: hass.states.get(POWER).state == STATE_UNAVAILABLE)
        assert issues(hass, loaded) == set()
        clock.ahead = UNREACHABLE_AFTER
        await eventually(lambda: issues(hass, loaded) == {"port_unreachable"})
        # Why it cannot be opened, not how it was lost.
        await eventually(
            lambda: issue(hass, loaded, "port_unreachable").translation_placeholders["detail"] == refused(server)
        )
        await server.bring_up()
        await eventually(lambda: issues(hass, loaded) == set())

    @pytest.mark.usefixtures("fast_silence")
    async def test_ends_when_the_port_can_be_opened_and_is_silent(
        self, hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer, clock: Clock
    ) -> None:
        await server.take_down()
        await eventually(lambda: hass.states.get(POWER).state == STATE_UNAVAILABLE)
        clock.ahead = UNREACHABLE_AFTER
        await eventually(lambda: issues(hass, loaded) == {"port_unreachable"})
        server.pause()
        await server.bring_up()
        await eventually(lambda: issues(hass, loaded) == set())
        server.resume()

    async def test_leads_to_another_port(
        self,
        hass: HomeAssistant,
        meter: VirtualMeter,
        loaded: MockConfigEntry,
        server: TcpServer,
        clock: Clock,
        hass_client: ClientSessionGenerator,
    ) -> None:
        await server.take_down()
        await eventually(lambda: hass.states.get(POWER).state == STATE_UNAVAILABLE)
        clock.ahead = UNREACHABLE_AFTER
        await eventually(lambda: issues(hass, loaded) == {"port_unreachable"})
        form, ended = await self.fix(hass, hass_client, loaded)
        assert form["description_placeholders"]["port"] == name_of(server.url)
        assert (ended["type"], ended["reason"]) == ("abort", "reconfigure")
        kind, flow_id = ended["next_flow"]
        assert kind == "config_flow"
        # It is not mended by that.
        assert issues(hass, loaded) == {"port_unreachable"}
        async with TcpServer(meter, speed=10) as moved:
            await hass.config_entries.flow.async_configure(flow_id, {"next_step_id": "network"})
            result = await hass.config_entries.flow.async_configure(flow_id, address(moved))
            assert result["reason"] == "reconfigure_successful"
            await hass.async_block_till_done()
            assert loaded.state is ConfigEntryState.LOADED
            assert issues(hass, loaded) == set()
            assert hass.states.get(POWER).state != STATE_UNAVAILABLE
            assert await hass.config_entries.async_unload(loaded.entry_id)

    async def test_of_an_entry_that_is_gone(
        self, hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer, clock: Clock
    ) -> None:
        await server.take_down()
        assert not await hass.config_entries.async_setup(entry.entry_id)
        clock.ahead = UNREACHABLE_AFTER
        await retry(hass, entry)
        found = issue(hass, entry, "port_unreachable")
        flow = await async_create_fix_flow(hass, found.issue_id, found.data)
        flow.hass, flow.handler = hass, DOMAIN
        flow.context = {"issue_id": found.issue_id}
        await hass.config_entries.async_remove(entry.entry_id)
        assert issues(hass, entry) == set()
        ended = await flow.async_step_init()
        assert (ended["type"], ended["reason"]) == ("abort", "not_there")


async def test_wrong_speed(hass: HomeAssistant, meter: VirtualMeter, clock: Clock, fast_silence: None) -> None:
    wire = Wire()
    async with running(hass, meter, wire, clock=clock) as entry:
        wire.change = lambda _: NOISE
        await eventually(lambda: hass.states.get(POWER).state == STATE_UNAVAILABLE)
        assert issues(hass, entry) == set()
        clock.ahead += WRONG_SPEED_AFTER
        await eventually(lambda: issues(hass, entry) == {"wrong_speed"})
        wire.change = lambda _: b""
        await eventually(lambda: issues(hass, entry) == set())
        clock.ahead += SILENT_AFTER
        await eventually(lambda: issues(hass, entry) == {"port_silent"})
        wire.change = None
        await eventually(lambda: issues(hass, entry) == set())


@pytest.mark.usefixtures("fast_silence")
class TestWrongMeter:
    """Another meter is on the port: cables were swapped, or it was replaced."""

    @pytest.fixture
    def other(self) -> VirtualMeter:
        """Return the other meter."""
        return VirtualMeter(seed=8, start=WINTER_EVENING)

    @staticmethod
    def assert_masked(found: ir.IssueEntry, meter: VirtualMeter, other: VirtualMeter) -> None:
        """Check that an issue tells two meters apart without their full identifiers."""
        placeholders = found.translation_placeholders
        assert placeholders is not None
        assert (placeholders["expected"], placeholders["found"]) == (mask(meter.meter_id), mask(other.meter_id))
        assert placeholders["expected"] != placeholders["found"]
        assert not [text for text in placeholders.values() if meter.meter_id in text or other.meter_id in text]

    async def test_on_the_running_port(self, hass: HomeAssistant, meter: VirtualMeter, other: VirtualMeter) -> None:
        wire = Wire()
        async with running(hass, meter, wire) as entry:
            before = float(hass.states.get(IMPORT).state)
            wire.change = lambda _: other.telegram()
            await eventually(lambda: issues(hass, entry) == {"wrong_meter"})
            assert hass.states.get(IMPORT).state == STATE_UNAVAILABLE
            self.assert_masked(issue(hass, entry, "wrong_meter"), meter, other)
            wire.change = None
            await eventually(lambda: issues(hass, entry) == set())
            await eventually(lambda: hass.states.get(IMPORT).state != STATE_UNAVAILABLE)
            assert before <= float(hass.states.get(IMPORT).state) < before + 1

    async def test_after_a_silence(
        self, hass: HomeAssistant, meter: VirtualMeter, other: VirtualMeter, clock: Clock
    ) -> None:
        # As when the grid operator replaces it.
        wire = Wire()
        async with running(hass, meter, wire, clock=clock) as entry:
            wire.change = lambda _: b""
            await eventually(lambda: hass.states.get(POWER).state == STATE_UNAVAILABLE)
            clock.ahead = SILENT_AFTER
            await eventually(lambda: issues(hass, entry) == {"port_silent"})
            wire.change = lambda _: other.telegram()
            await eventually(lambda: issues(hass, entry) == {"wrong_meter"})

    async def test_at_set_up(
        self, hass: HomeAssistant, entry: MockConfigEntry, meter: VirtualMeter, server: TcpServer, other: VirtualMeter
    ) -> None:
        server.transform = lambda _: other.telegram()
        assert not await hass.config_entries.async_setup(entry.entry_id)
        self.assert_masked(issue(hass, entry, "wrong_meter"), meter, other)
        server.transform = None
        await retry(hass, entry)
        assert entry.state is ConfigEntryState.LOADED
        assert issues(hass, entry) == set()
        assert await hass.config_entries.async_unload(entry.entry_id)


class TestReplacedMeter:
    """The entry goes on with the new meter, when the user says that it was replaced."""

    @staticmethod
    async def fix(hass: HomeAssistant, hass_client: ClientSessionGenerator, found: ir.IssueEntry) -> dict[str, Any]:
        """Walk through the repair as the frontend does, and return how it ends."""
        assert await async_setup_component(hass, "repairs", {})
        client = await hass_client()
        response = await client.post(
            "/api/repairs/issues/fix", json={"handler": found.domain, "issue_id": found.issue_id}
        )
        assert response.status == HTTPStatus.OK, await response.text()
        flow: dict[str, Any] = await response.json()
        if flow["type"] != "form":
            return flow
        assert flow["step_id"] == "confirm"
        assert flow["description_placeholders"] == {
            key: found.translation_placeholders[key] for key in ("expected", "found")
        }
        response = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
        assert response.status == HTTPStatus.OK, await response.text()
        ended: dict[str, Any] = await response.json()
        return ended

    async def test_is_a_new_device(
        self, hass: HomeAssistant, meter: VirtualMeter, hass_client: ClientSessionGenerator
    ) -> None:
        new = VirtualMeter(seed=8, start=WINTER_EVENING, gas=False, water=False, history_months=0)
        wire = Wire()

        def replaced(telegram: bytes) -> bytes:
            """Return the telegram of the new meter, with the gas and water meters that the old one had."""
            new.advance(1)
            channels = [line for line in telegram.split(b"\r\n") if line[:4] in (b"0-1:", b"0-2:")]
            head = new.telegram().partition(b"!")[0] + b"\r\n".join([*channels, b"!"])
            return with_value(head, "no line", "")

        async with running(hass, meter, wire) as entry:
            gas = hass.states.get("sensor.gas_meter_gas")
            closed = list(entry.runtime_data.insights[Capacity].months().items())[:-1]
            wire.change = replaced
            await eventually(lambda: issues(hass, entry) == {"wrong_meter"})
            ended = await self.fix(hass, hass_client, issue(hass, entry, "wrong_meter"))
            assert ended["type"] == "create_entry"
            await eventually(lambda: hass.states.get(f"{POWER}_2") is not None)
            await hass.async_block_till_done()
            assert issues(hass, entry) == set()
            assert (entry.unique_id, entry.title) == (new.meter_id, "T211")
            expected = float(new.truth.import_1 + new.truth.import_2)
            assert float(hass.states.get(f"{IMPORT}_2").state) == pytest.approx(expected, abs=0.1)
            # The old meter's history ends, and stays until the user removes it; gas and the month peaks go on.
            assert hass.states.get(IMPORT).state == STATE_UNAVAILABLE
            assert float(hass.states.get("sensor.gas_meter_gas").state) >= float(gas.state)
            assert closed == list(entry.runtime_data.insights[Capacity].months().items())[:-1]
            devices = dr.async_get(hass)
            old = devices.async_get_device_by_identifier((DOMAIN, meter.meter_id), entry.entry_id)
            now = devices.async_get_device_by_identifier((DOMAIN, new.meter_id), entry.entry_id)
            assert await async_remove_config_entry_device(hass, entry, old)
            assert not await async_remove_config_entry_device(hass, entry, now)
            services = [
                devices.async_get_device_by_identifier((DOMAIN, f"{each.meter_id}_capacity"), entry.entry_id)
                for each in (meter, new)
            ]
            assert [await async_remove_config_entry_device(hass, entry, each) for each in services] == [True, False]
            gas_id = er.async_get(hass).async_get("sensor.gas_meter_gas").device_id
            assert devices.async_get(gas_id).via_device_id == now.id

    async def test_has_an_entry_of_its_own(
        self, hass: HomeAssistant, meter: VirtualMeter, hass_client: ClientSessionGenerator
    ) -> None:
        other = VirtualMeter(seed=8, start=WINTER_EVENING)
        MockConfigEntry(domain=DOMAIN, unique_id=other.meter_id, data=entry_data("socket://x")).add_to_hass(hass)
        wire = Wire()
        async with running(hass, meter, wire) as entry:
            wire.change = lambda _: other.telegram()
            await eventually(lambda: issues(hass, entry) == {"wrong_meter"})
            ended = await self.fix(hass, hass_client, issue(hass, entry, "wrong_meter"))
            assert (ended["type"], ended["reason"]) == ("abort", "already_configured")
            assert entry.unique_id == meter.meter_id

    async def test_of_an_entry_that_is_gone(
        self, hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer, hass_client: ClientSessionGenerator
    ) -> None:
        server.transform = lambda _: VirtualMeter(seed=8, start=WINTER_EVENING).telegram()
        assert not await hass.config_entries.async_setup(entry.entry_id)
        found = issue(hass, entry, "wrong_meter")
        await hass.config_entries.async_remove(entry.entry_id)
        assert issues(hass, entry) == set()
        # A page that was open still shows it.
        ir.async_create_issue(
            hass,
            DOMAIN,
            found.issue_id,
            data=found.data,
            is_fixable=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key="wrong_meter",
            translation_placeholders=found.translation_placeholders,
        )
        ended = await self.fix(hass, hass_client, found)
        assert (ended["type"], ended["reason"]) == ("abort", "not_there")


class TestLapsedRights:
    """Voltages come, and neither energy nor demand."""

    async def test_is_said_and_ends(self, hass: HomeAssistant, meter: VirtualMeter, clock: Clock) -> None:
        wire = Wire()
        async with running(hass, meter, wire, clock=clock) as entry:
            wire.change = lambda telegram: without(telegram, r"1-0:(?:[12]\.[4678]|2[12]|4[12]|6[12])|0-0:98")
            await eventually(lambda: hass.states.get(IMPORT).state == "unknown")
            # Looked at several times meanwhile.
            await asyncio.sleep(0.5)
            assert issues(hass, entry) == set()
            clock.ahead = LAPSED_AFTER
            await eventually(lambda: issues(hass, entry) == {"rights_lapsed"})
            assert float(hass.states.get("sensor.electricity_meter_voltage_l1").state) > 200
            assert hass.states.get(IMPORT).state == "unknown"
            placeholders = issue(hass, entry, "rights_lapsed").translation_placeholders
            assert placeholders == {"name": "T211"}
            wire.change = None
            await eventually(lambda: issues(hass, entry) == set())
            await eventually(lambda: hass.states.get(IMPORT).state != "unknown")

    @pytest.mark.parametrize("profile", PROFILES)
    def test_no_meter_is_like_that(self, profile: str) -> None:
        [telegram] = Reader().feed(VirtualMeter(profile=profile).telegram())
        assert not is_lapsed(telegram)

    @pytest.mark.parametrize("path", sorted(FIELD_TELEGRAMS.glob("*.txt")), ids=lambda path: path.stem)
    def test_nor_one_of_the_field(self, path: Any) -> None:
        assert not [telegram for telegram in Reader().feed(path.read_bytes()) if is_lapsed(telegram)]


class TestClock:
    """The clocks of the meter and the host differ."""

    @staticmethod
    def dated(telegram: bytes, ahead: timedelta = timedelta()) -> bytes:
        """Return a telegram with the time of the host, or with another."""
        now = (datetime.now(UTC) + ahead).astimezone(BRUSSELS)
        flag = "S" if now.dst() else "W"
        return with_value(telegram, r"0-0:1\.0\.0", f"({now:%y%m%d%H%M%S}{flag})")

    @staticmethod
    def is_off(hass: HomeAssistant, entry: MockConfigEntry) -> bool:
        return ir.async_get(hass).async_get_issue(DOMAIN, f"clock_off_{entry.entry_id}") is not None

    @pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=-9000)])
    async def test_is_said_and_ends(self, hass: HomeAssistant, meter: VirtualMeter, ahead: timedelta) -> None:
        wire = Wire()
        wire.change = self.dated
        async with running(hass, meter, wire) as entry:
            await asyncio.sleep(1)
            assert not self.is_off(hass, entry)
            wire.change = lambda telegram: self.dated(telegram, ahead)
            await eventually(lambda: self.is_off(hass, entry))
            placeholders = issue(hass, entry, "clock_off").translation_placeholders
            assert placeholders["name"] == "T211"
            shown = [datetime.fromisoformat(placeholders[key]) for key in ("meter", "host")]
            assert abs(shown[0] - shown[1] - ahead) <= timedelta(minutes=2, hours=1)
            # Values flow.
            before = hass.states.get(IMPORT).last_updated
            await eventually(lambda: hass.states.get(IMPORT).last_updated > before)
            wire.change = self.dated
            await eventually(lambda: not self.is_off(hass, entry))

    async def test_ends_with_the_entry(self, hass: HomeAssistant, meter: VirtualMeter) -> None:
        async with running(hass, meter, Wire()) as entry:
            await eventually(lambda: self.is_off(hass, entry))
            assert await hass.config_entries.async_unload(entry.entry_id)
            assert entry.state is ConfigEntryState.NOT_LOADED
            assert not self.is_off(hass, entry)
