"""Members of groups: entities, meters on the M-Bus, families; and how all of it is changed."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from decimal import Decimal

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.const import DOMAIN, ENTRY_MINOR_VERSION
from custom_components.emucs.groups.telegrams import GroupTelegram
from tests.support import WINTER_EVENING, entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter
from virtual_meter.wire import sign

SUBMETER = "7ABC0000000001"


def show(hass: HomeAssistant, name: str, imported: str, exported: str, unit: str = "kWh") -> None:
    """Let the entities of a meter that is read elsewhere show something."""
    counter = {"device_class": "energy", "state_class": "total_increasing", "unit_of_measurement": unit}
    hass.states.async_set(f"sensor.{name}_import", imported, counter)
    hass.states.async_set(f"sensor.{name}_export", exported, counter)


def state_of(hass: HomeAssistant, group: MockConfigEntry, key: str) -> str | None:
    """Return the state of a sensor of a group."""
    entity_id = er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"group_{group.entry_id}_{key}")
    state = hass.states.get(entity_id) if entity_id else None
    return None if state is None else state.state


def of_entities(name: str, **more: object) -> dict[str, object]:
    """Return what is filled in for a member of entities."""
    return {
        "name": name,
        "import": f"sensor.{name}_import",
        "export": f"sensor.{name}_export",
        "another": False,
        **more,
    }


@pytest.fixture(autouse=True)
async def unload(hass: HomeAssistant) -> AsyncGenerator[None]:
    """Unload all entries in the end."""
    yield
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


async def begin(hass: HomeAssistant, entry: MockConfigEntry | None = None) -> str:
    """Come to the form of a group; return the id of the flow."""
    if entry is not None:
        context = {"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
        result = await hass.config_entries.flow.async_init(DOMAIN, context=context)
    else:
        result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
        result = await hass.config_entries.flow.async_configure(result["flow_id"], {"next_step_id": "group"})
    assert result["step_id"] == "group"
    return result["flow_id"]


async def test_a_group_of_energy_entities(hass: HomeAssistant) -> None:
    show(hass, "shop", "1000", "0")
    show(hass, "flat", "2000000", "500000", "Wh")
    configure = hass.config_entries.flow.async_configure
    flow = await begin(hass)
    await configure(flow, {"name": "Building", "members": [], "others": True})
    result = await configure(flow, of_entities("shop"))
    assert result["errors"] == {"base": "few_members"}
    result = await configure(flow, of_entities("shop"))
    assert result["errors"] == {"import": "is_member"}
    result = await configure(flow, of_entities("flat"))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    group = result["result"]

    for step in range(200):
        show(hass, "shop", f"{1000 + step * 0.010:.3f}", "0")
        show(hass, "flat", f"{2000000 + step}", f"{500000 + step * 2}", "Wh")
        await asyncio.sleep(0.02)
    await eventually(lambda: group.state is ConfigEntryState.LOADED and group.runtime_data.data is not None)
    telegram = group.runtime_data.telegram
    assert isinstance(telegram, GroupTelegram)
    assert telegram.members.keys() == {"sensor.shop_import", "sensor.flat_import"}
    counters = telegram.total.counters
    assert counters.gross_imported > counters.gross_exported > 0
    # Ten Wh of one are one and two of the other.
    assert abs(counters.gross_imported / counters.gross_exported - Decimal("5.5")) < Decimal("0.5")


@pytest.mark.parametrize(
    ("member", "errors"),
    [
        ({"export": "sensor.shop_import"}, {"export": "same_entity"}),
        ({"export": "sensor.room"}, {"export": "no_counter"}),
    ],
)
async def test_entities_that_are_no_counters_are_refused(
    hass: HomeAssistant, member: dict[str, str], errors: dict[str, str]
) -> None:
    show(hass, "shop", "1000", "0")
    hass.states.async_set("sensor.room", "20", {"device_class": "energy", "state_class": "measurement"})
    flow = await begin(hass)
    await hass.config_entries.flow.async_configure(flow, {"name": "Building", "members": [], "others": True})
    result = await hass.config_entries.flow.async_configure(flow, of_entities("shop", **member))
    assert result["errors"] == errors


def with_submeter(telegram: bytes, kilowatt_hours: Decimal) -> bytes:
    """Return a telegram with an electricity meter on the fourth channel, read now."""
    lines = telegram.split(b"!")[0]
    now = next(line for line in lines.split(b"\r\n") if line.startswith(b"0-0:1.0.0"))[9:]
    number = SUBMETER.encode().hex().upper()
    more = f"0-4:24.1.0(002)\r\n0-4:96.1.1({number})\r\n0-4:24.2.1".encode() + now
    return sign(lines + more + f"({kilowatt_hours:.3f}*kWh)\r\n!".encode())


@pytest.fixture
async def meter_and_house(hass: HomeAssistant, socket_enabled: None) -> AsyncGenerator[list[MockConfigEntry]]:
    """Set up a meter with an electricity meter on its M-Bus, and another one."""
    meters = [VirtualMeter(profile="1.7.1", seed=seed, start=WINTER_EVENING) for seed in (7, 8)]
    begun = meters[0].time

    def transform(telegram: bytes) -> bytes:
        return with_submeter(telegram, Decimal(50) + Decimal((meters[0].time - begun).total_seconds()) / 36000)

    async with TcpServer(meters[0], speed=10, transform=transform) as one, TcpServer(meters[1], speed=10) as two:
        entries = [
            MockConfigEntry(
                domain=DOMAIN,
                title=title,
                minor_version=ENTRY_MINOR_VERSION,
                unique_id=server.meter.meter_id,
                data=entry_data(server.url),
            )
            for title, server in (("Shop", one), ("House", two))
        ]
        for entry in entries:
            entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entries[0].entry_id)
        await hass.async_block_till_done()
        yield entries
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry.state is ConfigEntryState.LOADED:
                await hass.config_entries.async_unload(entry.entry_id)


async def test_a_meter_on_the_mbus_is_a_child_and_leaves_a_rest(
    hass: HomeAssistant, meter_and_house: list[MockConfigEntry]
) -> None:
    shop, house = meter_and_house
    child = f"{shop.entry_id}_{SUBMETER}"
    flow = await begin(hass)
    result = await hass.config_entries.flow.async_configure(
        flow, {"name": "Street", "members": [shop.entry_id, house.entry_id, child], "others": False}
    )
    group = result["result"]
    assert group.data["family"] == [
        {"child": child, "parent": shop.entry_id, "since": dt_util.now().date().isoformat()}
    ]
    await eventually(lambda: group.state is ConfigEntryState.LOADED and group.runtime_data.data is not None)
    await eventually(lambda: state_of(hass, group, "rest_power_1") not in (None, "unknown"), seconds=30)

    telegram = group.runtime_data.telegram
    assert telegram.members.keys() == {shop.entry_id, house.entry_id}
    rest = telegram.rests[shop.entry_id]
    assert rest.members.keys() == {shop.entry_id, child}
    # 100 W, which its counter shows a Wh at a time.
    mine = rest.members[shop.entry_id].net_power
    assert mine is not None
    assert abs(mine - rest.power) < Decimal("0.5")
    assert state_of(hass, group, "rest_energy_1") is not None

    # It is nobody's child from tomorrow on, and still one today.
    result = await hass.config_entries.options.async_init(group.entry_id)
    await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": "family"})
    tomorrow = (dt_util.now() + timedelta(days=1)).date().isoformat()
    result = await hass.config_entries.options.async_configure(result["flow_id"], {"child": child, "since": tomorrow})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert [tie["parent"] for tie in group.data["family"]] == [shop.entry_id, None]
    await eventually(lambda: group.state is ConfigEntryState.LOADED and group.runtime_data.data is not None)
    assert group.runtime_data.telegram.members.keys() == {shop.entry_id, house.entry_id}


@pytest.mark.parametrize(
    ("ties", "error"),
    [
        ([("0", "0")], "own_parent"),
        ([("0", "1"), ("1", "0")], "cycle"),
        ([("0", "1"), ("1", "2")], "too_deep"),
    ],
)
async def test_a_family_that_cannot_be_is_refused(hass: HomeAssistant, ties: list[tuple[str, str]], error: str) -> None:
    members = [{"id": str(number), "name": f"Flat {number}", "import": f"sensor.flat_{number}"} for number in range(3)]
    *known, (child, parent) = ties
    since = "2026-01-01"
    family = [{"child": each, "parent": of, "since": since} for each, of in known]
    group = MockConfigEntry(
        domain=DOMAIN,
        title="Building",
        data={"kind": "group", "name": "Building", "members": members, "family": family},
    )
    group.add_to_hass(hass)
    result = await hass.config_entries.options.async_init(group.entry_id)
    result = await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": "family"})
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"child": child, "parent": parent, "since": since}
    )
    assert result["errors"] == {"base": error, "parent": error}
    result = await hass.config_entries.options.async_configure(result["flow_id"], {"child": "2", "since": since})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_members_are_changed_by_the_same_form(
    hass: HomeAssistant, meter_and_house: list[MockConfigEntry]
) -> None:
    shop, house = meter_and_house
    child = f"{shop.entry_id}_{SUBMETER}"
    show(hass, "flat", "10", "0")
    configure = hass.config_entries.flow.async_configure
    result = await configure(
        await begin(hass), {"name": "Street", "members": [shop.entry_id, house.entry_id, child], "others": False}
    )
    group = result["result"]
    await eventually(lambda: group.state is ConfigEntryState.LOADED and group.runtime_data.data is not None)

    flow = await begin(hass, group)
    await configure(flow, {"name": "Site", "members": [shop.entry_id, house.entry_id], "others": True})
    result = await configure(flow, of_entities("flat"))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "group_reconfigured"
    assert group.title == "Site"
    assert [member["id"] for member in group.data["members"]] == [shop.entry_id, house.entry_id, "sensor.flat_import"]
    # The tie of the one that left is gone with it.
    assert group.data["family"] == []
    assert group.unique_id == f"group_{group.entry_id}"


async def test_the_target_of_a_group(hass: HomeAssistant, meter_and_house: list[MockConfigEntry]) -> None:
    members = [each.entry_id for each in meter_and_house]
    flow = await begin(hass)
    result = await hass.config_entries.flow.async_configure(
        flow, {"name": "Street", "members": members, "others": False}
    )
    group = result["result"]
    await eventually(lambda: group.state is ConfigEntryState.LOADED and group.runtime_data.data is not None)
    result = await hass.config_entries.options.async_init(group.entry_id)
    assert result["menu_options"] == ["group_settings", "family"]
    result = await hass.config_entries.options.async_configure(result["flow_id"], {"next_step_id": "group_settings"})
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"capacity": {"peak_target": 40, "warning_share": 80}}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await eventually(lambda: group.state is ConfigEntryState.LOADED and group.runtime_data.data is not None)
    await hass.async_block_till_done()
    assert group.runtime_data.insights.grid is None
    await eventually(lambda: float(state_of(hass, group, "effective_target") or 0) == 40)
