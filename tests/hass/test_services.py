"""The action that records telegrams."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.port import Reader, Telegram
from virtual_meter import TcpServer, VirtualMeter


async def record(hass: HomeAssistant, entry: MockConfigEntry, **fields: Any) -> list[str]:
    """Record telegrams."""
    answer = await hass.services.async_call(
        DOMAIN,
        "record_telegrams",
        {"config_entry_id": entry.entry_id, **fields},
        blocking=True,
        return_response=True,
    )
    return answer["telegrams"]


def read(telegrams: list[str]) -> list[Telegram]:
    """Read what was recorded."""
    return Reader().feed("\r\n".join([*telegrams, ""]).encode("latin-1"))


async def test_identifiers_are_invented(hass: HomeAssistant, loaded: MockConfigEntry, meter: VirtualMeter) -> None:
    telegrams = await record(hass, loaded, count=3)
    assert len(telegrams) == 3
    text = "".join(telegrams)
    for identifier in (meter.meter_id, meter.gas_id, meter.water_id):
        assert identifier.encode().hex().upper() not in text.upper()
    first, second, third = read(telegrams)
    assert first.time < second.time < third.time
    assert first.meter_id != meter.meter_id


async def test_identifiers_stay_where_they_are_wanted(
    hass: HomeAssistant, loaded: MockConfigEntry, meter: VirtualMeter
) -> None:
    (telegram,) = read(await record(hass, loaded, count=1, keep_ids=True))
    assert telegram.meter_id == meter.meter_id


async def test_what_comes_in_time(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    assert 5 <= len(await record(hass, loaded, count=100, seconds=1)) <= 15


async def test_nothing_comes(hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer) -> None:
    server.pause()
    with pytest.raises(HomeAssistantError, match="No telegram came within 1 s"):
        await record(hass, loaded, seconds=1)
