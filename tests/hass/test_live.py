"""The live view: what browsers are sent with each telegram while they look, and nothing otherwise."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from homeassistant.auth.models import User
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import CLIENT_ID, MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import MockHAClientWebSocket, WebSocketGenerator

from custom_components.emucs.const import DOMAIN, ENTRY_MINOR_VERSION
from custom_components.emucs.live import AT_MOST_EVERY, COMMAND
from tests.hass.test_pace import hostile, ticking
from tests.support import entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.wire import change_lines

POWER: Final = "sensor.electricity_meter_power"
OF_QUARTER: Final = {
    *("so_far", "demand_forecast", "demand_budget", "target", "estimated", "seconds_left"),
    *("peak_alarm", "peak_warning"),
}
ALL: Final = {"type", "time", "power", "power_l1", "power_l2", "power_l3", *OF_QUARTER}


async def subscribed(client: MockHAClientWebSocket, entry: MockConfigEntry) -> dict[str, Any]:
    """Ask to look at a meter; return the answer."""
    await client.send_json_auto_id({"type": COMMAND, "config_entry_id": entry.entry_id})
    answer: dict[str, Any] = await client.receive_json()
    return answer


async def event(client: MockHAClientWebSocket) -> dict[str, Any]:
    """Return the next event."""
    async with asyncio.timeout(15):
        message = await client.receive_json()
    assert message["type"] == "event"
    shown: dict[str, Any] = message["event"]
    return shown


async def event_of(client: MockHAClientWebSocket, kind: str) -> dict[str, Any]:
    """Return the next event of a type."""
    while (shown := await event(client))["type"] != kind:
        pass
    return shown


async def unsubscribe(client: MockHAClientWebSocket, answer: dict[str, Any]) -> dict[str, Any]:
    """Look no more; return the answer to that."""
    await client.send_json_auto_id({"type": "unsubscribe_events", "subscription": answer["id"]})
    while (message := await client.receive_json())["type"] != "result":
        pass
    result: dict[str, Any] = message
    return result


async def token_of(hass: HomeAssistant, user: User) -> str:
    """Log a user in."""
    return hass.auth.async_create_access_token(await hass.auth.async_create_refresh_token(user, CLIENT_ID))


async def reader_of(hass: HomeAssistant, *entity_ids: str) -> str:
    """Log somebody in who may read some entities, and no others."""
    user = MockUser().add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": {entity_id: {"read": True} for entity_id in entity_ids}}})
    return await token_of(hass, user)


def listeners(entry: MockConfigEntry) -> tuple[int, int]:
    """Return how many listen to telegrams and to updates of a meter."""
    meter = entry.runtime_data
    return len(meter._data_listeners), len(meter._listeners)  # noqa: SLF001 -- nothing else tells


async def test_each_telegram_is_shown(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass)
    assert (await subscribed(client, loaded))["success"]
    first, second = await event(client), await event(client)
    for shown in (first, second):
        assert shown.keys() == ALL
        assert shown["type"] == "values"
        numbers = ALL - {"type", "time", "estimated", "peak_alarm", "peak_warning"}
        assert all(isinstance(shown[key], int | float) for key in numbers), shown
        assert [shown["estimated"], shown["peak_alarm"], shown["peak_warning"]] == [False, False, False]
        assert shown["power"] == pytest.approx(sum(shown[f"power_l{phase}"] for phase in (1, 2, 3)), abs=0.002)
        assert shown["so_far"] <= shown["demand_forecast"]
    earlier, later = (datetime.fromisoformat(shown["time"]) for shown in (first, second))
    assert later > earlier
    assert first["seconds_left"] - second["seconds_left"] == (later - earlier).seconds


async def test_what_is_shown_is_what_the_entities_say(
    hass: HomeAssistant, loaded: MockConfigEntry, server: TcpServer, hass_ws_client: WebSocketGenerator
) -> None:
    server.pause()
    client = await hass_ws_client(hass)
    await subscribed(client, loaded)
    shown = await event(client)
    loaded.runtime_data.async_changed()

    def said(entity_id: str) -> float:
        return float(hass.states.get(entity_id).state)

    assert said(POWER) == shown["power"] * 1000
    forecast = hass.states.get("sensor.capacity_tariff_demand_forecast")
    assert (float(forecast.state), forecast.attributes["so_far"]) == (shown["demand_forecast"], shown["so_far"])
    budget = hass.states.get("sensor.capacity_tariff_available_power")
    assert (float(budget.state), budget.attributes["target"]) == (shown["demand_budget"], shown["target"])


async def test_nothing_is_done_while_nobody_looks(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    before = listeners(loaded)
    client, other = await hass_ws_client(hass), await hass_ws_client(hass)
    answers = [await subscribed(each, loaded) for each in (client, other)]
    # However many look, the meter is followed once.
    assert listeners(loaded) == (before[0] + 1, before[1] + 1)
    assert (await unsubscribe(client, answers[0]))["success"]
    assert listeners(loaded) == (before[0] + 1, before[1] + 1)
    # A browser that is closed says nothing.
    await other.close()
    await eventually(lambda: listeners(loaded) == before)


async def test_nothing_is_scheduled_for_who_has_left(
    hass: HomeAssistant, meter: VirtualMeter, hass_ws_client: WebSocketGenerator, socket_enabled: None
) -> None:
    async with hostile(hass, meter, ticking(meter)) as (entry, sent):
        client = await hass_ws_client(hass)
        answer = await subscribed(client, entry)
        before = sent()
        await eventually(lambda: sent() > before + 3)
        # Something waits for its second: the plugin fails where it still does in the end.
        assert (await unsubscribe(client, answer))["success"]


async def test_a_flood_of_telegrams_is_none_to_browsers(
    hass: HomeAssistant, meter: VirtualMeter, hass_ws_client: WebSocketGenerator, socket_enabled: None
) -> None:
    async with hostile(hass, meter, ticking(meter)) as (entry, sent):
        client = await hass_ws_client(hass)
        await subscribed(client, entry)
        await event(client)
        before, times = sent(), []
        for _ in range(4):
            await event(client)
            times.append(hass.loop.time())
        assert sent() - before > 10
        assert times[-1] - times[0] > 3 * AT_MOST_EVERY - 0.3


async def test_what_comes_last_is_shown_although_nothing_follows(
    hass: HomeAssistant, meter: VirtualMeter, hass_ws_client: WebSocketGenerator, socket_enabled: None
) -> None:
    go_on, first = asyncio.Event(), next(ticking(meter))
    burst = [next(ticking(meter)) for _ in range(3)]

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        await go_on.wait()
        writer.write(b"".join(burst))
        await reader.read()
        writer.close()

    server = await asyncio.start_server(send, "127.0.0.1", 0)
    url = f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(url), minor_version=ENTRY_MINOR_VERSION
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    client = await hass_ws_client(hass)
    await subscribed(client, entry)
    await event(client)
    go_on.set()
    while datetime.fromisoformat((await event(client))["time"]) != meter.time:
        pass
    assert await hass.config_entries.async_unload(entry.entry_id)
    server.close()


async def test_a_lost_link_is_told_and_its_return(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    server: TcpServer,
    fast_silence: None,
    hass_ws_client: WebSocketGenerator,
) -> None:
    client = await hass_ws_client(hass)
    await subscribed(client, loaded)
    server.pause()
    down = await event_of(client, "down")
    # With what the page can say of it in its own language.
    assert down["problem"] == "no_data_network"
    assert set(down["placeholders"]) == {"port", "kind"}
    # Whoever comes now is told so too.
    late = await hass_ws_client(hass)
    await subscribed(late, loaded)
    assert await event(late) == down
    server.resume()
    for each in (client, late):
        assert (await event(each))["type"] == "values"


async def test_a_reload_ends_it_and_it_can_be_had_again_at_once(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass)
    answer = await subscribed(client, loaded)
    before = listeners(loaded)
    reload = hass.async_create_task(hass.config_entries.async_reload(loaded.entry_id))
    assert await event_of(client, "ended") == {"type": "ended"}
    # The reload goes on meanwhile: it is waited for.
    again = await subscribed(client, loaded)
    assert again["success"], again
    assert await reload
    assert (await event(client))["type"] == "values"
    assert listeners(loaded) == before
    # What has ended can be given back as anything else.
    assert (await unsubscribe(client, answer))["success"]
    assert listeners(loaded) == before


async def test_an_entry_that_is_not_there(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass)
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    assert (await subscribed(client, other))["error"]["code"] == "not_found"
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert (await subscribed(client, loaded))["error"]["code"] == "not_found"
    await client.send_json_auto_id({"type": COMMAND, "config_entry_id": "gone"})
    assert (await client.receive_json())["error"]["code"] == "not_found"
    await client.send_json_auto_id({"type": COMMAND})
    assert (await client.receive_json())["error"]["code"] == "invalid_format"


async def test_who_leaves_during_a_reload_is_not_waited_for(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass)
    before = listeners(loaded)
    async with loaded.setup_lock:
        await client.send_json_auto_id({"type": COMMAND, "config_entry_id": loaded.entry_id})
        await asyncio.sleep(0.1)
        await client.close()
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.1)
    assert listeners(loaded) == before


async def test_only_what_the_user_may_read_is_sent(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass, await reader_of(hass, POWER))
    assert (await subscribed(client, loaded))["success"]
    assert (await event(client)).keys() == {"type", "time", "power"}
    quarter = await hass_ws_client(hass, await reader_of(hass, "sensor.capacity_tariff_demand_forecast"))
    await subscribed(quarter, loaded)
    assert (await event(quarter)).keys() == {
        *("type", "time", "so_far", "demand_forecast", "estimated", "seconds_left")
    }


async def test_who_may_read_none_of_it_is_refused(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    before = listeners(loaded)
    for entity_ids in ((), ("sensor.gas_meter_gas",)):
        client = await hass_ws_client(hass, await reader_of(hass, *entity_ids))
        assert (await subscribed(client, loaded))["error"]["code"] == "unauthorized"
    assert listeners(loaded) == before


async def test_rights_that_are_taken_away_end_it(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    user = MockUser().add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": {POWER: {"read": True}}}})
    client = await hass_ws_client(hass, await token_of(hass, user))
    await subscribed(client, loaded)
    await event(client)
    user.mock_policy({})
    assert await event_of(client, "ended") == {"type": "ended"}


async def test_what_is_disabled_is_not_shown(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_ws_client: WebSocketGenerator
) -> None:
    client = await hass_ws_client(hass)
    er.async_get(hass).async_update_entity(POWER, disabled_by=er.RegistryEntryDisabler.USER)
    await subscribed(client, loaded)
    assert (await event(client)).keys() == ALL - {"power"}


@asynccontextmanager
async def whose_clock_was_never_set(hass: HomeAssistant, meter: VirtualMeter) -> AsyncGenerator[MockConfigEntry]:
    """Set up a meter that shows 2017 after a while."""
    is_wrong = False

    def print_time(telegram: bytes) -> bytes:
        stamp = f"(17{meter.time:%m%d%H%M%S}W)"
        return change_lines(telegram, lambda code, value: stamp if is_wrong and code == "0-0:1.0.0" else value)

    async with TcpServer(meter, speed=10, transform=print_time) as server:
        entry = MockConfigEntry(
            domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url), minor_version=ENTRY_MINOR_VERSION
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        is_wrong = True
        yield entry
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_quarter_is_unknown_while_the_clock_is_wrong(
    hass: HomeAssistant, meter: VirtualMeter, hass_ws_client: WebSocketGenerator, socket_enabled: None
) -> None:
    async with whose_clock_was_never_set(hass, meter) as entry:
        client = await hass_ws_client(hass)
        await subscribed(client, entry)
        while (shown := await event(client))["demand_forecast"] is not None:
            pass
        assert {key: shown[key] for key in OF_QUARTER} == dict.fromkeys(OF_QUARTER)
        assert shown["power"] is not None


def phases_of(shown: dict[str, Any]) -> Iterator[str]:
    """Yield the phases that are shown."""
    return (key for key in shown if key.startswith("power_"))


@pytest.mark.parametrize(("profile", "phases"), [("1.7.1-single-phase", {"power_l1"}), ("1.7.1-3x230v", set())])
async def test_phases_are_those_that_have_a_power(
    hass: HomeAssistant, profile: str, phases: set[str], hass_ws_client: WebSocketGenerator, socket_enabled: None
) -> None:
    meter = VirtualMeter(profile, seed=7)
    async with TcpServer(meter, speed=10) as server:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=meter.meter_id, data=entry_data(server.url))
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        client = await hass_ws_client(hass)
        await subscribed(client, entry)
        assert set(phases_of(await event(client))) == phases
        assert await hass.config_entries.async_unload(entry.entry_id)
