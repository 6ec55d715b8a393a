"""Diagnostics: enough to help, and nothing that identifies the meter."""

import json
import re

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.diagnostics import async_get_config_entry_diagnostics, redact_frame
from tests.hass.rewrite import Wire, running, with_value
from tests.support import WINTER_EVENING, entry_data, eventually
from virtual_meter import PROFILES, TcpServer, VirtualMeter


def identifiers(meter: VirtualMeter) -> set[str]:
    """Return the identifiers that must not be shown, in each form in which they are printed."""
    plain = {meter.meter_id, meter.gas_id, meter.water_id} - {None}
    return plain | {text.encode().hex().upper() for text in plain} | {"54144", "35343134"}


# Those that print an identifier and a checksum.
WITH_IDENTIFIER = [name for name, profile in PROFILES.items() if profile.id_prefix is not None and name != "nl-2.2"]
IDENTIFIER = re.compile(rb"0-0:(96\.1\.[01]|42\.0\.0)\(")


@pytest.mark.parametrize("profile", WITH_IDENTIFIER)
async def test_nothing_private(hass: HomeAssistant, socket_enabled: None, profile: str) -> None:
    meter = VirtualMeter(profile=profile, seed=7, start=WINTER_EVENING, period=1)
    count = 0

    def spoil_some(telegram: bytes) -> bytes:
        nonlocal count
        count += 1
        # A wrong code in a telegram that is kept for diagnostics because its checksum is wrong.
        return telegram if count % 2 else IDENTIFIER.sub(b"0-0:96.9.1(", telegram)

    async with TcpServer(meter, speed=10, transform=spoil_some) as server:
        entry = MockConfigEntry(
            domain=DOMAIN, title=meter.meter_id, unique_id=meter.meter_id, data=entry_data(server.url)
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        reader = entry.runtime_data.link.reader
        await eventually(lambda: reader.last_bad_frame is not None and reader.telegrams > 2)
        diagnostics = await async_get_config_entry_diagnostics(hass, entry)
        text = json.dumps(diagnostics)
        assert await hass.config_entries.async_unload(entry.entry_id)

    assert not {secret for secret in identifiers(meter) if secret in text.upper()}
    assert "127.0.0.1" not in text
    assert diagnostics["entry"]["scheme"] == "socket"
    assert diagnostics["link"]["up"] is True
    assert diagnostics["link"]["telegrams"] > 2
    assert diagnostics["link"]["dropped"]["checksum"] >= 1
    assert [what for _, what in diagnostics["link"]["events"]] == ["telegrams"]
    # The virtual meter lives in another month, and its clock goes.
    assert abs(diagnostics["clock"]["seconds_ahead"]) > 86400
    assert (diagnostics["clock"]["usable"], diagnostics["clock"]["frozen"]) == (True, False)
    assert diagnostics["guard"] == {"withheld": [], "withheld_readings": 0}
    assert diagnostics["telegram"]["registers"]["1-0:1.7.0"][1] == "kW"
    assert any(line.startswith("1-0:1.7.0(") and line.endswith("*kW)") for line in diagnostics["last_frame"])
    assert any(line.startswith("1-0:1.7.0(") and line.endswith("*kW)") for line in diagnostics["last_bad_frame"])


async def test_of_a_port_that_is_down(
    hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer, fast_silence: None
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    server.pause()
    await eventually(lambda: not entry.runtime_data.last_update_success)
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    assert (diagnostics["link"]["up"], diagnostics["link"]["reason"]) == (False, "no_data")
    assert diagnostics["link"]["last_failure"] == "no_data"
    assert [what for _, what in diagnostics["link"]["events"]] == ["telegrams", "no_data"]
    assert diagnostics["last_bad_frame"] is None
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_of_a_port_that_never_worked(
    hass: HomeAssistant, entry: MockConfigEntry, server: TcpServer, fast_silence: None
) -> None:
    server.transform = lambda _: b"/FLU5\\253769484_A\r\n\r\n0-0:96.1.1(31323334)\r\n!FFFF\r\n"
    assert not await hass.config_entries.async_setup(entry.entry_id)
    diagnostics = await async_get_config_entry_diagnostics(hass, entry)
    assert diagnostics["link"]["up"] is False
    assert [what for _, what in diagnostics["link"]["events"]] == ["invalid_checksum"]
    assert (diagnostics["telegram"], diagnostics["last_frame"]) == (None, None)
    assert "0-0:96.1.1(**REDACTED**)" in diagnostics["last_bad_frame"]
    json.dumps(diagnostics)


async def test_of_counters_that_are_not_believed(
    hass: HomeAssistant, meter: VirtualMeter, socket_enabled: None
) -> None:
    wire = Wire()
    async with running(hass, meter, wire) as entry:

        def impossible(telegram: bytes) -> bytes:
            """Return a telegram with a gas reading and an energy that jump to and fro."""
            value = f"({'9' if wire.sent % 2 else '0'}00000.000"
            telegram = with_value(telegram, r"1-0:1\.8\.1", f"{value}*kWh)")
            return with_value(telegram, r"0-1:24\.2\.\d", f"(260114181500W){value}*m3)")

        wire.change = impossible
        await eventually(lambda: entry.runtime_data.insights.withheld > 2)
        diagnostics = await async_get_config_entry_diagnostics(hass, entry)
        assert diagnostics["guard"]["withheld"] == ["1-0:1.8.1", "M-Bus"]
        text = json.dumps(diagnostics)
        assert not {secret for secret in identifiers(meter) if secret in text.upper()}


def test_messages_are_private() -> None:
    assert redact_frame(b"/X\r\n0-0:96.13.0(486F)\r\n1-0:1.7.0(00.1*kW)\r\n!") == [
        "/X",
        "0-0:96.13.0(**REDACTED**)",
        "1-0:1.7.0(00.1*kW)",
        "!",
    ]
