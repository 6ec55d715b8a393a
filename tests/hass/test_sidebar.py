"""The panel that offers the dashboard in the sidebar, in a real Home Assistant core."""

from typing import Any

from homeassistant.components.frontend import DATA_PANELS
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    MockHAClientWebSocket,
    WebSocketGenerator,
)

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.sidebar import COMMAND, PANEL
from tests.hass.test_config_flow import start, submit
from tests.support import address, entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter

ASKED = {"update_interval": 1, "add_to_sidebar": True}


@pytest.fixture
async def asking(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Return the entry of a user who asked for the dashboard, in a Home Assistant with a frontend."""
    assert await async_setup_component(hass, "frontend", {})
    hass.config_entries.async_update_entry(entry, options=ASKED)
    return entry


def panel(hass: HomeAssistant) -> dict[str, Any] | None:
    """Return the panel, as browsers get it."""
    found = hass.data[DATA_PANELS].get(PANEL)
    return None if found is None else dict(found.to_response())


async def done(client: MockHAClientWebSocket) -> dict[str, Any]:
    """Say that the dashboard was added."""
    await client.send_json_auto_id({"type": COMMAND})
    answer: dict[str, Any] = await client.receive_json()
    return answer


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("en", "Belgian Digital Meter"),
        ("nl", "Belgische digitale meter"),
        ("fr", "Compteur numérique belge"),
        ("de", "Belgischer digitaler Zähler"),
    ],
)
async def test_the_panel_is_for_administrators(
    hass: HomeAssistant,
    asking: MockConfigEntry,
    hass_client_no_auth: ClientSessionGenerator,
    language: str,
    title: str,
) -> None:
    hass.config.language = language
    assert await hass.config_entries.async_setup(asking.entry_id)
    shown = panel(hass)
    assert shown is not None
    assert (shown["title"], shown["require_admin"]) == (title, True)
    response = await (await hass_client_no_auth()).get(shown["config"]["_panel_custom"]["module_url"])
    assert shown["config"]["_panel_custom"]["name"] in await response.text()
    # A meter that is not read has no dashboard worth opening.
    assert await hass.config_entries.async_unload(asking.entry_id)
    assert panel(hass) is None


async def test_it_goes_for_good_when_the_dashboard_was_added(
    hass: HomeAssistant, asking: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    assert await hass.config_entries.async_setup(asking.entry_id)
    client = await hass_ws_client(hass)
    assert (await done(client))["success"]
    assert asking.options == {"update_interval": 1}
    # The page that shows it is not there any more.
    assert panel(hass)
    await client.close()
    await eventually(lambda: panel(hass) is None)
    assert await hass.config_entries.async_reload(asking.entry_id)
    assert panel(hass) is None
    assert await hass.config_entries.async_unload(asking.entry_id)


async def test_only_an_administrator_ends_it(
    hass: HomeAssistant,
    asking: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    assert await hass.config_entries.async_setup(asking.entry_id)
    client = await hass_ws_client(hass, hass_read_only_access_token)
    assert (await done(client))["error"]["code"] == "unauthorized"
    assert asking.options == ASKED
    assert await hass.config_entries.async_unload(asking.entry_id)


async def test_who_does_not_ask_has_no_panel(hass: HomeAssistant, asking: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(asking, options={"update_interval": 1})
    assert await hass.config_entries.async_setup(asking.entry_id)
    assert panel(hass) is None
    assert await hass.config_entries.async_unload(asking.entry_id)


async def test_two_meters_have_one_panel(hass: HomeAssistant, asking: MockConfigEntry) -> None:
    meter = VirtualMeter("1.4-single-phase", seed=5)
    async with TcpServer(meter, speed=10) as second:
        other = MockConfigEntry(domain=DOMAIN, data=entry_data(second.url), options=ASKED, unique_id=meter.meter_id)
        other.add_to_hass(hass)
        assert await hass.config_entries.async_setup(asking.entry_id)
        if other.state is ConfigEntryState.NOT_LOADED:
            assert await hass.config_entries.async_setup(other.entry_id)
        assert panel(hass)
        for each in (asking, other):
            await hass.config_entries.async_unload(each.entry_id)
        assert panel(hass) is None


async def test_it_stays_when_the_options_are_changed(hass: HomeAssistant, asking: MockConfigEntry) -> None:
    assert await hass.config_entries.async_setup(asking.entry_id)
    flow = await hass.config_entries.options.async_init(asking.entry_id)
    if flow["type"] is FlowResultType.MENU:
        flow = await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": "settings"})
    sections = {str(each): {} for each in flow["data_schema"].schema if isinstance(each, probatio.Required)}
    await hass.config_entries.options.async_configure(flow["flow_id"], {**sections, "update_interval": 2})
    await hass.async_block_till_done()
    assert asking.options["update_interval"] == 2
    assert asking.options["add_to_sidebar"]
    assert panel(hass)
    assert await hass.config_entries.async_unload(asking.entry_id)


async def test_does_without_a_frontend(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(entry, options=ASKED)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert "frontend" not in hass.config.components
    # It is there if there is a frontend some day.
    assert entry.options == ASKED
    assert await hass.config_entries.async_unload(entry.entry_id)


async def confirmed(hass: HomeAssistant, server: TcpServer, **answers: bool) -> tuple[bool, ConfigFlowResult]:
    """Add a meter; return whether the form has the field ticked, and how it ended."""
    form = await submit(hass, await start(hass, "network"), **address(server))
    [field] = [each for each in form["data_schema"].schema if each == "add_to_sidebar"]
    result = await submit(hass, form["flow_id"], add_to_energy=False, **answers)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    return field.description["suggested_value"], result


async def test_set_up_asks_for_it_with_the_first_meter(hass: HomeAssistant, server: TcpServer) -> None:
    is_ticked, result = await confirmed(hass, server, add_to_sidebar=True)
    assert is_ticked
    assert result["options"] == {"add_to_sidebar": True}
    async with TcpServer(VirtualMeter("1.4-single-phase", seed=5), speed=10) as second:
        is_ticked, other = await confirmed(hass, second)
        assert not is_ticked
        assert other["options"] == {}
        await hass.config_entries.async_unload(other["result"].entry_id)
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_meter_that_is_ignored_is_not_the_first(hass: HomeAssistant, server: TcpServer) -> None:
    MockConfigEntry(domain=DOMAIN, source=SOURCE_IGNORE, unique_id="ignored").add_to_hass(hass)
    is_ticked, result = await confirmed(hass, server, add_to_sidebar=False)
    assert is_ticked
    assert result["options"] == {}
    await hass.config_entries.async_unload(result["result"].entry_id)
