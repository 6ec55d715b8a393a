"""A meter stays the same, whether its telegrams have its number or not."""

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.port import Reader
from tests.hass.rewrite import Wire, running, without
from tests.support import WINTER_EVENING, address, entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter

POWER = "sensor.electricity_meter_power"
NUMBER = r"0-0:96\.1\.[01]"

pytestmark = pytest.mark.usefixtures("socket_enabled")


def numberless(telegram: bytes) -> bytes:
    """Return a telegram without the number of the electricity meter."""
    return without(telegram, NUMBER)


def identification(meter: VirtualMeter) -> str:
    """Return the identification line of a meter."""
    [telegram] = Reader().feed(meter.telegram())
    return telegram.identification


def issues(hass: HomeAssistant) -> set[str]:
    """Return the issues, except for that of the virtual meter's clock, which runs in January."""
    found = ir.async_get(hass).issues.values()
    return {str(issue.translation_key) for issue in found if issue.domain == DOMAIN} - {"clock_off"}


@pytest.fixture
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait only a moment for a meter's number."""
    for module in ("flow.listening", "port_watch"):
        monkeypatch.setattr(f"custom_components.emucs.{module}.NUMBER_WITHIN", 1.0)


async def flow_to(hass: HomeAssistant, server: TcpServer, entry: MockConfigEntry | None = None) -> dict[str, object]:
    """Go through a flow until a meter is found."""
    context = {"source": SOURCE_USER} if entry is None else {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    flow = await hass.config_entries.flow.async_init(DOMAIN, context=context)
    await hass.config_entries.flow.async_configure(flow["flow_id"], {"next_step_id": "network"})
    return await hass.config_entries.flow.async_configure(flow["flow_id"], address(server))


class TestWithoutANumber:
    """A meter that printed no number when it was set up."""

    @pytest.mark.usefixtures("short_wait")
    async def test_stays_the_same_when_it_prints_one_later(
        self, hass: HomeAssistant, meter: VirtualMeter, entity_registry: er.EntityRegistry
    ) -> None:
        wire = Wire()
        wire.change = numberless
        async with TcpServer(meter, speed=20, transform=wire) as server:
            flow = await flow_to(hass, server)
            assert flow["description_placeholders"]["id"] == identification(meter)
            result = await hass.config_entries.flow.async_configure(flow["flow_id"], {"add_to_energy": False})
            await hass.async_block_till_done()
            entry = result["result"]
            assert entry.unique_id == identification(meter)
            assert entry.state is ConfigEntryState.LOADED
            before = set(entity_registry.entities)
            assert entity_registry.async_get(POWER).unique_id == f"{identification(meter)}_power"

            wire.change = None
            sent = wire.sent
            await eventually(lambda: wire.sent > sent + 5)
            assert hass.states.get(POWER).state != STATE_UNAVAILABLE
            assert issues(hass) == set()
            assert entry.runtime_data.telegram.meter_id == meter.meter_id

            assert await hass.config_entries.async_reload(entry.entry_id)
            await hass.async_block_till_done()
            assert hass.states.get(POWER).state != STATE_UNAVAILABLE
            assert set(entity_registry.entities) == before
            assert await hass.config_entries.async_unload(entry.entry_id)

    async def test_can_be_moved_to_another_port_when_it_prints_one(
        self, hass: HomeAssistant, meter: VirtualMeter
    ) -> None:
        async with TcpServer(meter, speed=20) as server:
            entry = MockConfigEntry(
                domain=DOMAIN, unique_id=identification(meter), data=entry_data("socket://127.0.0.1:1")
            )
            entry.add_to_hass(hass)
            result = await flow_to(hass, server, entry)
            assert result["reason"] == "reconfigure_successful"
            await hass.async_block_till_done()
            assert entry.state is ConfigEntryState.LOADED
            assert entry.unique_id == identification(meter)
            assert await hass.config_entries.async_unload(entry.entry_id)


class TestNumberThatComesLater:
    """A meter whose first telegrams lack its number."""

    async def test_at_a_restart(self, hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer) -> None:
        left = 5

        def late(telegram: bytes) -> bytes:
            nonlocal left
            left -= 1
            return numberless(telegram) if left >= 0 else telegram

        server.transform = late
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert issues(hass) == set()
        assert hass.states.get(POWER).state != STATE_UNAVAILABLE
        assert await hass.config_entries.async_unload(entry.entry_id)

    async def test_at_set_up(self, hass: HomeAssistant, meter: VirtualMeter, server: TcpServer) -> None:
        wire = Wire()
        server.transform = wire
        wire.change = lambda telegram: numberless(telegram) if wire.sent < 5 else telegram
        flow = await flow_to(hass, server)
        assert flow["description_placeholders"]["id"] == meter.meter_id
        hass.config_entries.flow.async_abort(flow["flow_id"])

    async def test_while_it_is_read(self, hass: HomeAssistant, meter: VirtualMeter) -> None:
        wire = Wire()
        async with running(hass, meter, wire) as entry:
            await wire.once(numberless, telegrams=5)
            assert [event.what for event in entry.runtime_data.watch.health.events] == ["telegrams"]
            assert issues(hass) == set()

    @pytest.mark.usefixtures("short_wait")
    async def test_is_not_waited_for_without_end(
        self, hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer
    ) -> None:
        server.transform = numberless
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.error_reason_translation_key == "wrong_meter"
        assert issues(hass) == {"wrong_meter"}

    @pytest.mark.usefixtures("short_wait")
    async def test_is_not_waited_for_without_end_while_it_is_read(
        self, hass: HomeAssistant, meter: VirtualMeter
    ) -> None:
        wire = Wire()
        async with running(hass, meter, wire):
            wire.change = numberless
            await eventually(lambda: issues(hass) == {"wrong_meter"})
            assert hass.states.get(POWER).state == STATE_UNAVAILABLE
            wire.change = None
            await eventually(lambda: issues(hass) == set())
            await eventually(lambda: hass.states.get(POWER).state != STATE_UNAVAILABLE)

    async def test_the_number_of_another_meter_is_not_waited_past(
        self, hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer
    ) -> None:
        other = VirtualMeter(seed=8, start=WINTER_EVENING)
        server.transform = lambda _: other.telegram()
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.error_reason_translation_key == "wrong_meter"
