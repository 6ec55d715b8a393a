"""What a user fills in about prices, at set-up and later."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.emucs.const import DOMAIN
from tests.hass.history_database import recorder_db_url
from tests.hass.test_cost import EXPORT_PRICE, PRICE, TODAY, Home, auto_enable_custom_integrations, home
from tests.support import address
from virtual_meter import TcpServer

__all__ = ["auto_enable_custom_integrations", "home", "recorder_db_url"]


async def settings(hass: HomeAssistant, home: Home, **user_input: Any) -> dict[str, Any]:
    """Submit the settings."""
    result = await hass.config_entries.options.async_init(home.entry.entry_id)
    result = await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": "settings"})
    return dict(await hass.config_entries.options.async_configure(result["flow_id"], user_input))


@pytest.mark.parametrize(
    ("price", "error"),
    [
        ({"price_entity": PRICE, "fixed_price": 0.3}, "one_price"),
        ({"fixed_price": 0.3, "export_price_entity": EXPORT_PRICE, "export_price": 0.03}, "one_price"),
        ({"price_entity": "sensor.kwh"}, "price_unit"),
        ({"fixed_price": 0.3, "export_price_entity": "sensor.kwh"}, "price_unit"),
    ],
)
async def test_what_is_no_price_is_said(hass: HomeAssistant, home: Home, price: dict[str, Any], error: str) -> None:
    hass.states.async_set("sensor.kwh", "3", {"unit_of_measurement": "kWh"})
    async with home.running({}):
        result = await settings(hass, home, price=price)
        assert result["errors"] == {"base": error, "price": error}
        result = await hass.config_entries.options.async_configure(result["flow_id"], {"price": {"fixed_price": 0.3}})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        assert hass.states.get(TODAY) is not None


async def test_each_time_band_has_a_price(hass: HomeAssistant, home: Home) -> None:
    async with home.running({}):
        done = await settings(hass, home, bands={"band_set": "flanders"})
        assert done["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        half = await settings(hass, home, bands={"band_set": "flanders"}, price={"band_price_day": 0.32})
        assert half["errors"] == {"base": "all_bands", "price": "all_bands"}
        both = {"band_price_day": 0.32, "band_price_night": 0.28}
        too_many = await hass.config_entries.options.async_configure(
            half["flow_id"], {"bands": {"band_set": "flanders"}, "price": {**both, "fixed_price": 0.3}}
        )
        assert too_many["errors"] == {"base": "one_price", "price": "one_price"}
        done = await hass.config_entries.options.async_configure(
            half["flow_id"], {"bands": {"band_set": "flanders"}, "price": both}
        )
        assert done["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        assert home.entry.options["price"] == both
        # A Friday in June, before noon.
        await home.live(10)
        assert hass.states.get(TODAY).attributes["price"] == 0.32
        # Another set has other bands: what was filled in for these is no price of those.
        await settings(hass, home, bands={"band_set": "wallonia_impact"}, price=both)
        await hass.async_block_till_done()
        result = await hass.config_entries.options.async_init(home.entry.entry_id)
        result = await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": "settings"})
        section = next(value for key, value in result["data_schema"].schema.items() if key == "price")
        fields = {str(key) for key in section.schema.schema}
        assert {"band_price_pic", "band_price_eco", "band_price_medium"} <= fields
        assert not fields & both.keys()
        hass.config_entries.options.async_abort(result["flow_id"])


async def test_prices_can_be_taken_back(hass: HomeAssistant, home: Home) -> None:
    async with home.running({"fixed_price": 0.3}):
        assert hass.states.get(TODAY) is not None
        await settings(hass, home, price={})
        await hass.async_block_till_done()
        assert "price" not in home.entry.options
        assert hass.states.get(TODAY).state == "unavailable"


async def test_at_set_up(hass: HomeAssistant, server: TcpServer) -> None:
    hass.states.async_set(PRICE, "0.3", {"unit_of_measurement": "EUR/kWh"})
    hass.states.async_set("sensor.kwh", "3", {"unit_of_measurement": "kWh"})
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow = hass.config_entries.flow.async_configure
    await flow(result["flow_id"], {"next_step_id": "network"})
    await flow(result["flow_id"], address(server))
    wrong = await flow(result["flow_id"], {"add_to_energy": False, "price_entity": "sensor.kwh"})
    assert wrong["errors"] == {"price_entity": "price_unit"}
    done = await flow(result["flow_id"], {"add_to_energy": False, "price_entity": PRICE})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["result"].options == {"price": {"price_entity": PRICE}}
    await hass.async_block_till_done()
    assert hass.states.get(TODAY) is not None
    assert await hass.config_entries.async_unload(done["result"].entry_id)
