"""The languages: each is complete, and what Home Assistant shows of it."""

from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.translation import recursive_flatten
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.emucs
from custom_components.emucs.const import DOMAIN
from tests.hass.test_industrial import METER_ID, industrial
from tests.support import address, entry_data, sending
from virtual_meter import TcpServer, VirtualMeter

ENTITIES = Path(__file__).parents[2] / "docs" / "entities.md"
TRANSLATIONS = Path(custom_components.emucs.__file__).parent / "translations"
TEXTS: dict[str, dict[str, str]] = {
    language: recursive_flatten("", json.loads((TRANSLATIONS / f"{language}.json").read_text()))
    for language in ("en", "nl", "fr", "de")
}
ENGLISH = TEXTS["en"]
OTHERS = ("nl", "fr", "de")

_DATE = "{day} {month} {year}"
# Words that are the same in English, beside the names of Fluvius's tariff areas.
# Those of the Impact tariff have names.
_BANDS = {"ECO", "MEDIUM", "PIC"}
SAME = {
    "nl": {"Gas", "Host", "Import", "Meter", "Meters", "Open", "Register {code}", "Water", "gas", "water", _DATE}
    | {"Begin", "Model", "Topic"}
    | _BANDS,
    "fr": {"Message", "Parent", "Phase", "Plausible", "Port", "Topic", "production", _DATE} | _BANDS,
    "de": {"Gas", "Host", "Import", "Name", "Phase", "Port", "Register {code}", "Topic"} | _BANDS,
}
# Names of makes and of standards, and texts that are nothing but what they are filled in with.
NAMES_OF_MAKES = {text for key, text in ENGLISH.items() if key.startswith("config.step.reader.menu_options.")} - {
    *("None of these", "Other URL")
}
SAME_IN_ALL = {"URL", "{detail}", "{name}"}
# English words with two meanings: a serial port is no network port.
TWO_MEANINGS = {"de": {"Port"}}
# Texts that send the reader to something with a name.
NAMED = [
    ("exceptions.no_data_network.message", "config.step.network.sections.advanced.data.wait"),
    ("exceptions.no_data_serial.message", "config.step.serial.sections.advanced.data.wait"),
    ("exceptions.wrong_speed_network.message", "config.step.network.sections.advanced.name"),
    ("exceptions.wrong_speed_serial.message", "config.step.serial.sections.advanced.name"),
    ("issues.history_unreadable.description", "options.step.init.menu_options.undo_import"),
    ("issues.history_unreadable.description", "options.step.undo_import.title"),
    ("issues.wrong_speed_serial.description", "config.step.serial.sections.advanced.name"),
    ("options.step.summary.description", "options.step.init.menu_options.undo_import"),
    ("exceptions.no_telegrams.message", "entity.binary_sensor.link.name"),
    ("issues.tariff_year.description", "options.step.settings.sections.capacity.data.own_rate"),
    ("issues.tariff_year.description", "options.step.settings.sections.capacity.name"),
    ("issues.tariff_year.description", "options.step.init.menu_options.settings"),
]
METERS = {
    "nl": ("Elektriciteitsmeter", "Gasmeter", "Watermeter", "Netaansluiting", "Huishouden", "Capaciteitstarief"),
    "fr": (
        "Compteur d'électricité",
        "Compteur de gaz",
        "Compteur d'eau",
        "Raccordement au réseau",
        "Ménage",
        "Tarif capacitaire",
    ),
    "de": ("Stromzähler", "Gaszähler", "Wasserzähler", "Netzanschluss", "Haushalt", "Kapazitätstarif"),
}
NAMES = {
    "nl": {
        "energy_import": "Energieafname",
        "energy_export_tariff_2": "Energie-injectie tarief 2",
        "power_import_l3": "Afnamevermogen L3",
        "voltage_l1": "Spanning L1",
        "month_peak": "Maandpiek",
        "peak_average": "Gemiddelde maandpiek",
        "link": "Verbinding",
    },
    "fr": {
        "energy_import": "Énergie prélevée",
        "energy_export_tariff_2": "Énergie injectée tarif 2",
        "power_import_l3": "Puissance prélevée L3",
        "voltage_l1": "Tension L1",
        "month_peak": "Pointe mensuelle",
        "peak_average": "Pointe mensuelle moyenne",
        "link": "Connexion",
    },
    "de": {
        "energy_import": "Energiebezug",
        "energy_export_tariff_2": "Einspeisung Tarif 2",
        "power_import_l3": "Bezugsleistung L3",
        "voltage_l1": "Spannung L1",
        "month_peak": "Monatsspitze",
        "peak_average": "Mittlere Monatsspitze",
        "link": "Verbindung",
    },
}
REGISTERS = {
    "nl": {
        "reactive_energy_import": "Reactieve energieafname",
        "active_last_demand_import": "Actief afnamevermogen, vorig interval",
        "active_maximum_demand_export_tariff_2": "Hoogste actief injectievermogen per interval T2",
        "reactive_quadrant_power_q1_l2": "Reactief vermogen kwadrant 1 L2",
    },
    "fr": {
        "reactive_energy_import": "Énergie réactive prélevée",
        "active_last_demand_import": "Puissance active prélevée, dernier intervalle",
        "active_maximum_demand_export_tariff_2": "Puissance active maximale injectée, par intervalle T2",
        "reactive_quadrant_power_q1_l2": "Puissance réactive quadrant 1 L2",
    },
    "de": {
        "reactive_energy_import": "Bezogene Blindenergie",
        "active_last_demand_import": "Bezogene Wirkleistung, letztes Intervall",
        "active_maximum_demand_export_tariff_2": "Höchste eingespeiste Wirkleistung je Intervall T2",
        "reactive_quadrant_power_q1_l2": "Blindleistung Quadrant 1 L2",
    },
}
FOUND = {
    "nl": ("ze vermeldt een versie van P1", "driefasig 3×400 V met nulgeleider", ("gas", "water")),
    "fr": ("il indique une version de P1", "triphasé 3×400 V avec neutre", ("gaz", "eau")),
    "de": ("er meldet eine Version von P1", "dreiphasig 3×400 V mit Neutralleiter", ("Gas", "Wasser")),
}


@pytest.fixture(params=OTHERS)
def language(request: pytest.FixtureRequest) -> str:
    """Return each language but English."""
    return str(request.param)


@pytest.fixture
def speaking(hass: HomeAssistant, language: str) -> str:
    """Set the language of Home Assistant, to each but English."""
    hass.config.language = language
    return language


@asynccontextmanager
async def running(hass: HomeAssistant, entry: MockConfigEntry) -> AsyncGenerator[dict[str, er.RegistryEntry]]:
    """Set an entry up; the value is its entities by their unique id."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    try:
        entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        yield {entity.unique_id: entity for entity in entities}
    finally:
        await hass.config_entries.async_unload(entry.entry_id)


def english_name(entity: er.RegistryEntry) -> str:
    """Return the English text of an entity's name, before placeholders are filled in."""
    return ENGLISH[f"entity.{entity.domain}.{entity.translation_key}.name"]


def test_there_are_four_languages() -> None:
    assert {path.name for path in TRANSLATIONS.iterdir()} == {f"{language}.json" for language in TEXTS}


def test_only_words_that_are_the_same_are_not_translated(language: str) -> None:
    # A text of a flow that an exception fills in has no words of its own.
    same = {text for key, text in TEXTS[language].items() if text == ENGLISH[key]} - NAMES_OF_MAKES - SAME_IN_ALL
    assert {text for text in same if not text.startswith("Fluvius ")} == SAME[language]


def test_what_is_one_word_in_english_is_one_word(language: str) -> None:
    translations: defaultdict[str, set[str]] = defaultdict(set)
    for key, text in ENGLISH.items():
        # The name in Home Assistant's lists has words to be found by.
        if key != "title":
            translations[text].add(TEXTS[language][key])
    assert {text for text, others in translations.items() if len(others) > 1} == TWO_MEANINGS.get(language, set())


@pytest.mark.parametrize("platform", ["binary_sensor", "sensor"])
def test_names_stay_apart(language: str, platform: str) -> None:
    pattern = re.compile(rf"entity\.{platform}\.\w+\.name")
    names = [text.casefold() for key, text in TEXTS[language].items() if pattern.fullmatch(key)]
    assert names
    assert len(names) == len(set(names))


def test_what_belongs_to_a_register_ends_its_name(language: str) -> None:
    for key, text in TEXTS[language].items():
        if "{where}" in text:
            assert text.endswith("{where}"), key
            assert not text.endswith(" {where}"), key


def test_texts_are_laid_out_as_in_english(language: str) -> None:
    layout = re.compile(r"\*\*|\n- |\n|`|\d{4,}")
    for key, text in ENGLISH.items():
        assert layout.findall(TEXTS[language][key]) == layout.findall(text), key


@pytest.mark.parametrize("language", TEXTS)
def test_texts_call_things_by_their_name(language: str) -> None:
    texts = TEXTS[language]
    for key, named in NAMED:
        assert texts[named].casefold() in texts[key].casefold(), key


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_devices_and_entities_are_called_by_their_names(
    hass: HomeAssistant, speaking: str, entry: MockConfigEntry, meter: VirtualMeter, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(hass, entry) as entities:
        devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        assert {device.name for device in devices} == set(METERS[speaking])
        for key, name in NAMES[speaking].items():
            entity = entities[f"{meter.meter_id}_{key}"]
            assert entity.original_name == name
            state = hass.states.get(entity.entity_id)
            assert state is not None
            device = METERS[speaking][-1 if "peak" in key else 0]
            assert state.name == f"{device} {name}"
        assert f"`{entities[f'{meter.meter_id}_power'].entity_id}`" in ENTITIES.read_text()
        names = [(english_name(entity), entity.original_name or "") for entity in entities.values()]
        assert [name for _, name in names if not name or "{" in name] == []
        assert {name for english, name in names if name == english} <= SAME[speaking]
    assert "placeholders" not in caplog.text


async def test_devices_are_named_in_a_language_that_was_chosen_a_moment_ago(
    hass: HomeAssistant, loaded: MockConfigEntry, language: str
) -> None:
    assert await hass.config_entries.async_unload(loaded.entry_id)
    hass.config.language = language
    assert await hass.config_entries.async_setup(loaded.entry_id)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    assert {device.name for device in devices} == set(METERS[language])


@pytest.mark.usefixtures("socket_enabled")
async def test_registers_are_called_by_their_names(hass: HomeAssistant, speaking: str) -> None:
    telegram = industrial("1-0:2.6.2(260108101500W)(0012.3*kW)", "1-0:45.7.0(0010.0*kvar)")
    async with sending(telegram) as url:
        entry = MockConfigEntry(domain=DOMAIN, unique_id=METER_ID, data=entry_data(url), options={"user_port": "a1"})
        entry.add_to_hass(hass)
        async with running(hass, entry) as entities:
            names = {key: entities[f"{METER_ID}_{key}"].original_name for key in REGISTERS[speaking]}
    assert names == REGISTERS[speaking]


async def test_flow_says_what_it_found(
    hass: HomeAssistant, speaking: str, meter: VirtualMeter, server: TcpServer
) -> None:
    result: Any = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow_id = result["flow_id"]
    await hass.config_entries.flow.async_configure(flow_id, {"next_step_id": "network"})
    result = await hass.config_entries.flow.async_configure(flow_id, address(server))
    assert result["step_id"] == "confirm"
    why, grid, (gas, water) = FOUND[speaking]
    placeholders = result["description_placeholders"]
    assert placeholders["why"] == why
    assert placeholders["grid"] == grid
    assert placeholders["mbus"] == f"{gas} ({meter.gas_id}), {water} ({meter.water_id})"
    text = TEXTS[speaking]["config.step.confirm.description"].format(**placeholders)
    assert f"3×400 V {grid.rsplit(' V ', 1)[1]}\n" in text
    hass.config_entries.flow.async_abort(flow_id)


@pytest.mark.usefixtures("fast_silence", "socket_enabled")
async def test_flow_says_what_is_wrong(hass: HomeAssistant, speaking: str) -> None:
    async with sending(b'{"power": 1}\r\n' * 40, seconds=0.1) as url:
        result: Any = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        flow_id = result["flow_id"]
        await hass.config_entries.flow.async_configure(flow_id, {"next_step_id": "serial"})
        result = await hass.config_entries.flow.async_configure(flow_id, {"port": url})
    assert result["errors"] == {"base": "no_telegram"}
    text = TEXTS[speaking]["exceptions.values_only.message"]
    assert result["description_placeholders"]["detail"] == text.format(port=url.removeprefix("socket://"))
    hass.config_entries.flow.async_abort(flow_id)
