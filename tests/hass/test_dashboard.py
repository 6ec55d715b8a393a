"""What the integration gives to the frontend, served by a real Home Assistant."""

from pathlib import Path
from shutil import copytree

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.components.lovelace.resources import ResourceYAMLCollection
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.frontend import FOLDER, fingerprint


@pytest.fixture
async def frontend(hass: HomeAssistant) -> None:
    """Set up the frontend, as whoever uses a browser has it."""
    assert await async_setup_component(hass, "frontend", {})


def modules(hass: HomeAssistant) -> list[str]:
    """Return the addresses of the integration's modules that pages load."""
    return [url for url in hass.data[DATA_EXTRA_MODULE_URL].urls if url.startswith(f"/{DOMAIN}/")]


async def test_every_module_is_served_beside_the_first(
    hass: HomeAssistant, frontend: None, loaded: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator
) -> None:
    [main] = modules(hass)
    client = await hass_client_no_auth()
    folder, _, first = main.rpartition("/")
    names = {path.name for path in FOLDER.iterdir()}
    assert first in names
    for name in names:
        response = await client.get(f"{folder}/{name}")
        assert response.status == 200, name
        assert response.content_type in ("text/javascript", "application/javascript")
        # Their address changes with them, so they may be kept for long.
        assert "max-age=" in response.headers["Cache-Control"]


async def test_modules_are_added_once(hass: HomeAssistant, frontend: None, loaded: MockConfigEntry) -> None:
    before = modules(hass)
    assert await hass.config_entries.async_reload(loaded.entry_id)
    assert modules(hass) == before
    assert len(before) == 1


async def resources(hass: HomeAssistant) -> list[dict[str, str]]:
    """Return what Home Assistant keeps of resources."""
    collection = hass.data[LOVELACE_DATA].resources
    await collection.async_get_info()
    return collection.async_items()


async def test_dashboards_load_the_module_on_pages_that_are_older(
    hass: HomeAssistant, frontend: None, loaded: MockConfigEntry
) -> None:
    [resource] = await resources(hass)
    assert [resource["type"], resource["url"]] == ["module", *modules(hass)]
    assert await hass.config_entries.async_reload(loaded.entry_id)
    assert await resources(hass) == [resource]


async def test_the_resource_is_as_new_as_the_module(
    hass: HomeAssistant, frontend: None, entry: MockConfigEntry
) -> None:
    collection = hass.data[LOVELACE_DATA].resources
    theirs = await collection.async_create_item({"res_type": "module", "url": "/hacsfiles/emucs/card.js"})
    old = await collection.async_create_item({"res_type": "module", "url": "/emucs/000000000000/emucs.js"})
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await resources(hass) == [theirs, old | {"url": modules(hass)[0]}]
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_the_resource_goes_with_the_last_entry(
    hass: HomeAssistant, frontend: None, entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    other = MockConfigEntry(domain=DOMAIN, data=entry.data)
    other.add_to_hass(hass)
    await hass.config_entries.async_remove(other.entry_id)
    assert len(await resources(hass)) == 1
    await hass.config_entries.async_remove(entry.entry_id)
    assert await resources(hass) == []


@pytest.mark.parametrize("data", [None, ResourceYAMLCollection([])], ids=["moved", "yaml"])
async def test_does_without_resources_that_can_be_changed(
    hass: HomeAssistant, frontend: None, entry: MockConfigEntry, data: ResourceYAMLCollection | None
) -> None:
    if data is None:
        del hass.data[LOVELACE_DATA]
    else:
        hass.data[LOVELACE_DATA].resources = data
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert len(modules(hass)) == 1
    await hass.config_entries.async_remove(entry.entry_id)


async def test_does_without_a_frontend(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    assert DATA_EXTRA_MODULE_URL not in hass.data
    assert "frontend" not in hass.config.components


def test_the_address_changes_with_every_file(tmp_path: Path) -> None:
    copy = tmp_path / "frontend"
    copytree(FOLDER, copy)
    assert fingerprint(copy) == fingerprint(FOLDER)
    seen = {fingerprint(copy)}
    for path in sorted(FOLDER.iterdir()):
        (copy / path.name).write_bytes(path.read_bytes() + b"\n")
        seen.add(fingerprint(copy))
    (copy / "more.js").touch()
    seen.add(fingerprint(copy))
    assert len(seen) == len(list(FOLDER.iterdir())) + 2


async def test_who_may_only_look_may_ask_for_the_peaks(
    hass: HomeAssistant,
    frontend: None,
    loaded: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    client = await hass_ws_client(hass, hass_read_only_access_token)
    await client.send_json_auto_id(
        {
            "type": "call_service",
            "domain": DOMAIN,
            "service": "get_peaks",
            "service_data": {"config_entry_id": loaded.entry_id},
            "return_response": True,
        }
    )
    answer = await client.receive_json()
    assert answer["success"], answer
    # The fields that the card reads.
    peaks = answer["result"]["response"]
    assert {"month", "peak", "billed", "time", "source"} <= peaks["months"][0].keys()
    assert isinstance(peaks["floor"], float)
    assert {"value", "known_months"} <= peaks["average"].keys()
