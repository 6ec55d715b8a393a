"""Every field and every choice of a form has its text, and every text its field or choice."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs import config_flow, forms, group_options, options_flow, sharing_form
from custom_components.emucs.const import DOMAIN
from custom_components.emucs.flow import discovery, group, listening, metering_point, pairing, reading, s1_port
from custom_components.emucs.flow.announcements import CABLE
from custom_components.emucs.history import external, flow as history_flow
from custom_components.emucs.insight.bands import band_sets
from custom_components.emucs.insight.day_kind import DayKind
from custom_components.emucs.insight.grid import Grid
from custom_components.emucs.insight.mbus import Medium
from custom_components.emucs.insight.price import band_key
from custom_components.emucs.insight.prosumer import Prosumer, WalloonOperator
from custom_components.emucs.insight.sun import SelfConsumption, SunState
from custom_components.emucs.insight.user_port import Evidence
from custom_components.emucs.samples import S1_PORT
from tests.reports.making import words_said
from tests.support import WINTER_EVENING, entry_data, eventually
from virtual_meter import TcpServer, VirtualMeter

FLOWS = (
    *(config_flow, discovery, forms, group, group_options, listening, metering_point, options_flow, history_flow),
    *(pairing, reading, s1_port, sharing_form),
)
COMPONENT = Path(config_flow.__file__).parent
ENGLISH = json.loads((COMPONENT / "translations" / "en.json").read_text())
REPORT = (COMPONENT / "history" / "report.py").read_text()
# What flows fill texts in with.
WORDS = {
    "evidence": {*Evidence},
    "found": {*Medium, *Grid, "none", "unknown"},
    # Those of what is left out of an import are looked up by name.
    "history": {*re.findall(r'words\["(\w+)"\]', REPORT), "ignored", "left_out", "others", "unknown_states"},
    # Those that have no name of their own.
    "reader": {CABLE},
    "recurring_peak": {"none", *DayKind},
    "sidebar": {"title"},
    "statistics": {"tariff", *(word for what in external.ALL for word in what[:2])},
    "voltage_report": words_said() - {*Grid},
}
# Of all entities, or of all of a platform.
COMMON_ATTRIBUTES = {
    *("device_class", "friendly_name", "icon", "options", "state_class", "unit_of_measurement"),
    *("max", "min", "mode", "pattern", "step"),
    *("event_type", "event_types"),
    "last_reset",
    *("all_day", "description", "end_time", "location", "message", "start_time"),
}


def calls(name: str) -> Iterator[ast.Call]:
    """Yield the calls of a function in the flows."""
    nodes = (node for flow in FLOWS for node in ast.walk(ast.parse(Path(flow.__file__).read_text())))
    for node in nodes:
        if isinstance(node, ast.Call) and name in {getattr(node.func, "attr", None), getattr(node.func, "id", None)}:
            yield node


def named(node: ast.expr) -> Any:
    """Return the value of a name in the flow; nothing for an argument of a function."""
    found = (getattr(flow, node.id, None) for flow in FLOWS if isinstance(node, ast.Name))
    return next((each for each in found if each is not None), None)


def forms() -> Iterator[dict[str, Any]]:
    """Yield the texts of all forms and their sections."""
    for flow in (ENGLISH["config"], ENGLISH["options"], *ENGLISH["config_subentries"].values()):
        for step in flow["step"].values():
            yield step
            yield from step.get("sections", {}).values()


def test_every_field_has_a_text_and_every_text_a_field() -> None:
    fields = {named(node.args[0]) for marker in ("Required", "Optional") for node in calls(marker)} - {None}
    # A form asks for the price of each band of the set that was chosen.
    fields |= {band_key(band) for bands in band_sets().values() for band in bands.bands}
    assert fields == {field for form in forms() for field in form.get("data", {})}


def test_every_section_has_a_text_and_every_text_a_section() -> None:
    sections = {named(node.args[0]) for node in calls("form_section")}
    assert sections == {section for form in forms() for section in form.get("sections", {})}


def test_every_choice_has_a_text_and_every_text_a_choice() -> None:
    choices: dict[str, set[str]] = dict(WORDS)
    for node in calls("SelectSelectorConfig"):
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if (key := keywords.get("translation_key")) is not None:
            options = keywords["options"]
            assert isinstance(key, ast.Constant)
            assert isinstance(options, ast.Call)
            choices[str(key.value)] = {str(option) for option in named(options.args[0])}
    assert choices == {key: set(group["options"]) for key, group in ENGLISH["selector"].items()}


def attributes_of(hass: HomeAssistant, entry: MockConfigEntry) -> dict[tuple[str, str], set[str]]:
    """Return the attributes that entities of a meter have of their own, by platform and translation key."""
    shown: dict[tuple[str, str], set[str]] = {}
    for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        state = hass.states.get(entity.entity_id)
        assert state is not None
        if attributes := state.attributes.keys() - COMMON_ATTRIBUTES:
            shown.setdefault((entity.domain, str(entity.translation_key)), set()).update(attributes)
    return shown


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_every_attribute_has_a_text_and_every_text_an_attribute(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(
        entry,
        options={
            "capacity": {"area": "imewo"},
            "connection": {"breaker": "40"},
            "price": {"fixed_price": 0.3, "export_price": 0.05},
            "bands": {"band_set": "flanders"},
        },
    )
    # Its port is closed, which changes no attributes.
    port = MappingProxyType({"port": "socket://127.0.0.1:9", "baudrate": 2_000_000})
    s1 = ConfigSubentry(data=port, subentry_type=S1_PORT, title="S1", unique_id=None)
    hass.config_entries.async_add_subentry(entry, s1)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    # Without an energy dashboard there is no house with solar panels.
    sun = entry.runtime_data.insights[SelfConsumption]
    sun.settings = Prosumer(WalloonOperator.ORES, 5)
    sun.take(SunState())
    entry.runtime_data.async_find_entities()
    members = [{"id": number, "entry": entry.entry_id} for number in ("1", "2")]
    street = MockConfigEntry(
        domain=DOMAIN,
        title="Street",
        data={"kind": "group", "members": members},
        options={"sharing": {"sharing_key": "optimal"}},
    )
    street.add_to_hass(hass)
    assert await hass.config_entries.async_setup(street.entry_id)
    await eventually(lambda: street.runtime_data.data is not None)
    await hass.async_block_till_done()
    # What just industrial meters have.
    meter = VirtualMeter("a1", start=WINTER_EVENING)
    async with TcpServer(meter, speed=10) as server:
        factory = MockConfigEntry(
            domain=DOMAIN,
            unique_id=meter.meter_id,
            data=entry_data(server.url),
            options={
                "user_port": "a1",
                "transformers": {"current_factor": 200},
                "connection": {"free_reactive_share": 50},
            },
        )
        factory.add_to_hass(hass)
        assert await hass.config_entries.async_setup(factory.entry_id)
        await hass.async_block_till_done()
        shown = attributes_of(hass, entry)
        for each in (street, factory):
            for key, attributes in attributes_of(hass, each).items():
                shown.setdefault(key, set()).update(attributes)
        assert await hass.config_entries.async_unload(factory.entry_id)
    texts = {
        (platform, key): texts["state_attributes"].keys() - COMMON_ATTRIBUTES
        for platform, entities in ENGLISH["entity"].items()
        for key, texts in entities.items()
        if "state_attributes" in texts and platform != "event"
    }
    assert shown == texts
    await hass.config_entries.async_unload(street.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)
