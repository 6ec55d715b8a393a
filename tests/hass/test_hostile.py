"""A port that sends what no meter sends: Home Assistant is not affected."""

import asyncio
from collections.abc import Callable

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.devices import SERVICES
from tests.support import address, entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.wire import change_lines, sign

pytestmark = pytest.mark.usefixtures("socket_enabled")

MARKUP = set("<>[]{}`\x00\x1b")


def with_lines(lines: Callable[[int], list[str]]) -> Callable[[bytes], bytes]:
    """Return a transform that adds other lines to each telegram."""
    count = 0

    def change(telegram: bytes) -> bytes:
        nonlocal count
        count += 1
        body = telegram.rpartition(b"!")[0]
        return sign(body + "".join(f"{line}\r\n" for line in lines(count)).encode("latin-1") + b"!")

    return change


async def set_up(hass: HomeAssistant, server: TcpServer) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=server.meter.meter_id, data=entry_data(server.url), options={"update_interval": 1}
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def test_entities_are_bounded(
    hass: HomeAssistant, meter: VirtualMeter, entity_registry: er.EntityRegistry, device_registry: dr.DeviceRegistry
) -> None:
    def lines(number: int) -> list[str]:
        """Return registers and M-Bus meters that no telegram had before."""
        registers = [f"1-{number % 250}:{first}.{number // 250}.1(1*kWh)" for first in range(1, 90)]
        meters = [
            line
            for channel in range(1, 200)
            for line in (
                f"0-{channel}:24.1.0(003)",
                f"0-{channel}:96.1.1(7FLO{number:06d}{channel:04d})",
                f"0-{channel}:24.2.3(260114180000W)(1*m3)",
            )
        ]
        return registers + meters[:300]

    async with TcpServer(meter, speed=20, transform=with_lines(lines)) as server:
        entry = await set_up(hass, server)
        reader = entry.runtime_data.link.reader
        await eventually(lambda: reader.telegrams > 60)
        await hass.async_block_till_done()
        assert len(er.async_entries_for_config_entry(entity_registry, entry.entry_id)) < 400
        assert len(dr.async_entries_for_config_entry(device_registry, entry.entry_id)) <= 1 + len(SERVICES) + 16
        assert len(entry.runtime_data.insights.mbus) == 16
        before = len(er.async_entries_for_config_entry(entity_registry, entry.entry_id))
        await eventually(lambda: reader.telegrams > 100)
        assert len(er.async_entries_for_config_entry(entity_registry, entry.entry_id)) == before
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_no_markup_reaches_a_state(hass: HomeAssistant, meter: VirtualMeter) -> None:
    message = "<img src='http://example.com/x'>![x](http://example.com/y) {{ states('lock.x') }} hello"

    def change(code: str, value: str) -> str:
        return f"({message.encode().hex()})" if code == "0-0:96.13.0" else value

    async with TcpServer(meter, speed=10, transform=lambda telegram: change_lines(telegram, change)) as server:
        entry = await set_up(hass, server)
        state = hass.states.get("sensor.electricity_meter_message").state
        assert state.endswith("hello")
        assert not set(state) & MARKUP
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_no_markup_reaches_a_form(hass: HomeAssistant, meter: VirtualMeter) -> None:
    hostile = "[click](http://example.com)<b>![x](http://example.com/x.png)"

    def change(code: str, value: str) -> str:
        return f"({hostile})" if code in {"0-0:96.1.1", "0-1:96.1.1", "0-0:96.1.4"} else value

    async with TcpServer(meter, speed=10, transform=lambda telegram: change_lines(telegram, change)) as server:
        flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        await hass.config_entries.flow.async_configure(flow["flow_id"], {"next_step_id": "network"})
        result = await hass.config_entries.flow.async_configure(flow["flow_id"], address(server))
        assert result["step_id"] == "confirm"
        for text in result["description_placeholders"].values():
            assert not set(text) & MARKUP
        hass.config_entries.flow.async_abort(flow["flow_id"])


async def test_a_flood_does_not_stop_home_assistant(hass: HomeAssistant, meter: VirtualMeter) -> None:
    flood = b"/AAA5\r\n" + b"0-1:24.3.0(" * 20_000 + b"\n!" * 5000

    async with TcpServer(meter, speed=20, transform=lambda telegram: flood + b"\r\n" + telegram) as server:
        entry = await set_up(hass, server)
        slowest = 0.0
        for _ in range(50):
            began = hass.loop.time()
            await asyncio.sleep(0.02)
            slowest = max(slowest, hass.loop.time() - began)
        assert slowest < 1
        assert await hass.config_entries.async_unload(entry.entry_id)
