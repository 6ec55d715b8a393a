"""The forms of metering points without a port, and what else takes entries of the integration."""

from collections.abc import Iterable
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import list_statistic_ids
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.system_health import async_system_health_info
from tests.exports.exports import archive, midnight
from tests.hass.history_database import recorder_db_url
from tests.hass.test_history_flow import upload
from tests.hass.test_metering_point import PREFIX, TITLE, everything, point, rows_of, shown, truth, write
from virtual_meter.amr_exports import GAS_HEADER, csv_file, gas_rows, row
from virtual_meter.amr_site import ENERGY, GAS, HALL, HEAD, SOLAR, VOLUME, AmrSite, Channel, live_as_site

__all__ = ["point", "recorder_db_url"]

OFFTAKE = Channel(HEAD, "offtake")
EAN = "541400000000000011"


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """Start the recorder before anything else."""


@pytest.fixture(scope="module")
def site() -> AmrSite:
    """Return what an industrial site did on a day."""
    return live_as_site(midnight(date(2026, 11, 10)), midnight(date(2026, 11, 11)))


async def begin(hass: HomeAssistant) -> dict[str, Any]:
    """Choose the metering point in the menu of the set-up."""
    flow = hass.config_entries.flow
    step = await flow.async_init(DOMAIN, context={"source": "user"})
    assert step["menu_options"] == ["serial", "reader", "network", "group", "metering_point"]
    return dict(await flow.async_configure(step["flow_id"], {"next_step_id": "metering_point"}))


async def fill_in(hass: HomeAssistant, step: dict[str, Any], ean: str, name: str = TITLE) -> dict[str, Any]:
    """Fill in the form."""
    return dict(await hass.config_entries.flow.async_configure(step["flow_id"], {"ean": ean, "name": name}))


async def configure(hass: HomeAssistant, entry: MockConfigEntry, answers: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Go through *Configure*, and return the last step."""
    manager = hass.config_entries.options
    result = await manager.async_init(entry.entry_id)
    for answer in answers:
        result = await manager.async_configure(result["flow_id"], answer)
        while result["type"] in (FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE):
            await hass.async_block_till_done()
            result = await manager.async_configure(result["flow_id"])
    await async_wait_recording_done(hass)
    return dict(result)


async def test_a_metering_point_is_added_by_its_ean(hass: HomeAssistant) -> None:
    step = await begin(hass)
    assert step["type"] is FlowResultType.FORM
    result = await fill_in(hass, step, f" {EAN[:6]} {EAN[6:]} ")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert (entry.title, entry.unique_id) == (TITLE, EAN)
    assert entry.data == {"kind": "metering_point", "ean": EAN, "name": TITLE}
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.LOADED
    again = await fill_in(hass, await begin(hass), EAN)
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")


@pytest.mark.parametrize("ean", ["", "54140000000000010", "5414000000000001040", "54140000000000010x", "٥" * 18])
async def test_what_is_no_ean_is_refused(hass: HomeAssistant, ean: str) -> None:
    result = await fill_in(hass, await begin(hass), ean)
    assert result["errors"] == {"ean": "ean_digits"}
    assert (await fill_in(hass, result, EAN))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_wrong_check_digit_is_doubted_once(hass: HomeAssistant) -> None:
    result = await fill_in(hass, await begin(hass), f"{EAN[:-1]}2")
    assert result["errors"] == {"ean": "ean_check_digit"}
    other = f"{EAN[:-1]}3"
    result = await fill_in(hass, result, other)
    assert result["errors"] == {"ean": "ean_check_digit"}
    assert (await fill_in(hass, result, other))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_metering_point_is_renamed(hass: HomeAssistant, point: MockConfigEntry) -> None:
    step = await point.start_reconfigure_flow(hass)
    assert step["step_id"] == "rename"
    result = await hass.config_entries.flow.async_configure(step["flow_id"], {"name": "Bread"})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "renamed")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (point.title, point.data["name"], point.data["ean"]) == ("Bread", "Bread", HEAD)
    assert point.state is ConfigEntryState.LOADED


async def test_configure_imports_replaces_and_undoes(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, point: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    assert await async_setup_component(hass, "file_upload", {})
    menu = await configure(hass, point, [])
    assert menu["menu_options"] == ["import_history", "undo_import"]
    slots = list(site.slots(OFFTAKE))
    file = await upload(hass_client, write(tmp_path, map(row, slots)))
    shown_first = [{"next_step_id": "import_history"}, {"file": file}]
    result = await configure(hass, point, [*shown_first, {}])
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "imported")
    assert await shown(hass, f"{PREFIX}_energy_import") == truth(site, OFFTAKE)
    doubled = [slot.__class__(slot.channel, slot.start, slot.seconds, 2 * slot.value) for slot in slots]
    path = write(tmp_path, map(row, doubled), "revised.csv")
    summary = await configure(
        hass, point, [{"next_step_id": "import_history"}, {"file": await upload(hass_client, path)}]
    )
    assert [str(field) for field in summary["data_schema"].schema] == ["replace"]
    total = sum(slot.value for slot in slots) / 1000
    assert f"adds {total:.3f} kWh and takes away 0.000 kWh" in summary["description_placeholders"]["summary"]
    for replace, reason, factor in ((False, "nothing_new", 1), (True, "imported", 2)):
        file = await upload(hass_client, path)
        answers = [{"next_step_id": "import_history"}, {"file": file}, {"replace": replace}]
        assert (await configure(hass, point, answers))["reason"] == reason
        assert sum((await shown(hass, f"{PREFIX}_energy_import")).values()) == pytest.approx(factor * total)
    undo = await configure(hass, point, [{"next_step_id": "undo_import"}])
    latest = undo["data_schema"]({})["import"]
    assert (await configure(hass, point, [{"next_step_id": "undo_import"}, {"import": latest}]))["reason"] == "undone"
    assert await shown(hass, f"{PREFIX}_energy_import") == truth(site, OFFTAKE)


async def test_metering_points_that_a_file_names_are_offered_and_get_their_part(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, point: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    assert await async_setup_component(hass, "file_upload", {})
    path = write(tmp_path, rows_of(site, [OFFTAKE, Channel(SOLAR, "production"), Channel(HALL, "offtake")]))
    answers: list[dict[str, Any]] = [{"next_step_id": "import_history"}, {"file": await upload(hass_client, path)}]
    assert (await configure(hass, point, [*answers, {"offer": True}]))["reason"] == "imported"
    await hass.async_block_till_done()
    offers = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert {offer["context"]["unique_id"] for offer in offers} == {SOLAR, HALL}
    assert {offer["context"]["source"] for offer in offers} == {SOURCE_INTEGRATION_DISCOVERY}
    for offer in offers:
        names = offer["context"]["title_placeholders"]
        assert names["name"] == "Hal 1 | Meting"
        assert offer["context"]["unique_id"] not in str(names)
        form = await hass.config_entries.flow.async_configure(offer["flow_id"])
        suggested = {
            str(field): (field.description or {}).get("suggested_value") for field in form["data_schema"].schema
        }
        assert suggested == {"ean": offer["context"]["unique_id"], "name": "Hal 1 | Meting"}
        result = await fill_in(hass, dict(form), suggested["ean"], suggested["name"])
        assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    titles = {entry.unique_id: entry.title for entry in hass.config_entries.async_entries(DOMAIN)}
    assert sorted(titles.values())[:2] == ["Bakery", "Hal 1 | Meting"]
    assert len(set(titles.values())) == 3
    answers[1] = {"file": await upload(hass_client, path)}
    summary = await configure(hass, point, answers)
    assert list(summary["data_schema"].schema) == []
    assert f"### {titles[SOLAR]}" in summary["description_placeholders"]["summary"]
    answers[1] = {"file": await upload(hass_client, path)}
    assert (await configure(hass, point, [*answers, {}]))["reason"] == "imported"
    found = await everything(hass)
    assert {statistic.rpartition("_")[2] for statistic in found} == {"import", "production"}
    assert len(found) == 3


async def test_offers_alone_say_where_they_are(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, point: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    assert await async_setup_component(hass, "file_upload", {})
    path = write(tmp_path, rows_of(site, [OFFTAKE, Channel(HALL, "offtake")]))
    for offer, reason in ((False, "imported"), (True, "offered")):
        file = await upload(hass_client, path)
        answers = [{"next_step_id": "import_history"}, {"file": file}, {"offer": offer}]
        assert (await configure(hass, point, answers))["reason"] == reason
    await hass.async_block_till_done()
    [offer] = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert offer["context"]["unique_id"] == HALL


async def test_diagnostics_do_not_show_the_ean(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, point: MockConfigEntry
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    diagnostics = await get_diagnostics_for_config_entry(hass, hass_client, point)
    assert HEAD not in str(diagnostics["entry"])
    assert TITLE not in str(diagnostics["entry"])
    assert diagnostics["imports"] == {"until": None, "latest": None}


async def test_what_needs_telegrams_says_that_there_are_none(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    point: MockConfigEntry,
) -> None:
    actions: dict[str, dict[str, Any]] = {
        "get_peaks": {},
        "get_forecast": {},
        "find_slot": {"duration": {"hours": 1}},
        "get_voltage_report": {},
        "record_telegrams": {},
    }
    for action, data in actions.items():
        with pytest.raises(ServiceValidationError) as error:
            await hass.services.async_call(
                DOMAIN, action, {"config_entry_id": point.entry_id, **data}, blocking=True, return_response=True
            )
        assert error.value.translation_key == "not_for_metering_point", action
        assert error.value.translation_placeholders == {"name": TITLE}
    client = await hass_client()
    answer = await client.get(f"/api/emucs/voltage_report/{point.entry_id}")
    assert answer.status == HTTPStatus.NOT_FOUND
    socket = await hass_ws_client()
    await socket.send_json_auto_id({"type": "emucs/live", "config_entry_id": point.entry_id})
    assert (await socket.receive_json())["error"]["code"] == "not_found"
    assert (await async_system_health_info(hass))["meters"] == 0


async def test_a_meter_that_is_read_gets_the_rest_of_its_export_as_statistics(
    hass: HomeAssistant, loaded: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    gas = next(reading for reading in loaded.runtime_data.insights.mbus.items() if reading[1].medium == "gas")
    number = gas[1].channel.id
    lines = [line.replace("7AMR2190000017", number) for line in (*gas_rows(site, VOLUME), *gas_rows(site, ENERGY))]
    path = tmp_path / "gas.csv"
    path.write_bytes(csv_file(lines, GAS_HEADER))
    hass.config.allowlist_external_dirs.add(str(tmp_path))
    data = {"config_entry_id": loaded.entry_id, "path": str(path), "dry_run": False}
    response = await hass.services.async_call(DOMAIN, "import_history", data, blocking=True, return_response=True)
    await async_wait_recording_done(hass)
    assert isinstance(response, dict)
    statistic = f"emucs:{gas[0].lower()}_gas_energy_import"
    assert list(response["series"]) == ["sensor.gas_meter_gas", statistic]
    assert await shown(hass, statistic) == truth(site, ENERGY)
    assert (await shown(hass, "sensor.gas_meter_gas")).keys() >= site.hours(VOLUME).keys()
    ids = await get_instance(hass).async_add_executor_job(list_statistic_ids, hass)
    assert [each["name"] for each in ids if each["statistic_id"] == statistic] == ["T211 Gas energy · import"]
    assert [each["unit_class"] for each in ids if each["statistic_id"] == statistic] == ["energy"]
    only_energy = tmp_path / "energy.csv"
    only_energy.write_bytes(csv_file(lines[len(lines) // 2 :], GAS_HEADER))
    await hass.services.async_call(
        DOMAIN, "undo_import", {"config_entry_id": loaded.entry_id}, blocking=True, return_response=True
    )
    response = await hass.services.async_call(
        DOMAIN, "import_history", data | {"path": str(only_energy)}, blocking=True, return_response=True
    )
    assert isinstance(response, dict)
    assert list(response["series"]) == [statistic]


async def test_a_meter_takes_its_own_part_and_a_metering_point_the_other(
    hass: HomeAssistant, point: MockConfigEntry, loaded: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    gas = next(reading for reading in loaded.runtime_data.insights.mbus.items() if reading[1].medium == "gas")
    lines = [line.replace("7AMR2190000017", gas[1].channel.id) for line in gas_rows(site, VOLUME)]
    path = tmp_path / "site.zip"
    files = {"gas.csv": csv_file(lines, GAS_HEADER), "amr.csv": csv_file(rows_of(site, [OFFTAKE]))}
    path.write_bytes(archive(files))
    hass.config.allowlist_external_dirs.add(str(tmp_path))
    data = {"config_entry_id": point.entry_id, "path": str(path), "dry_run": False}
    response = await hass.services.async_call(DOMAIN, "import_history", data, blocking=True, return_response=True)
    assert isinstance(response, dict)
    assert list(response["series"]) == [f"{PREFIX}_energy_import"]
    assert list(response["other_entries"]) == [loaded.entry_id]
    assert response["other_meters"] == []
    assert response["unknown_metering_points"] == []
    assert GAS not in str(response["series"])
