"""Metering points without a port, with a real recorder on a file: statistics of all that an export has."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import list_statistic_ids, statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.emucs.const import DOMAIN
from tests.exports.exports import midnight
from tests.hass.history_database import recorder_db_url
from virtual_meter.amr_exports import GAS_HEADER, csv_file, gas_rows, peak_rows, row
from virtual_meter.amr_site import CHANNELS, ENERGY, GAS, HALL, HEAD, SOLAR, VOLUME, AmrSite, Channel, live_as_site

__all__ = ["recorder_db_url"]

# Over the night on which the clock goes back.
FIRST, LAST = date(2026, 10, 24), date(2026, 10, 27)
TITLE = "Bakery"
ENTRY_ID = "01KAMT0000000000000POINT01"
PREFIX = "emucs:point_0point01"
OF_HEAD = {
    "energy_import": Channel(HEAD, "offtake"),
    "inductive_energy_import": Channel(HEAD, "offtake", "inductive"),
    "capacitive_energy_import": Channel(HEAD, "offtake", "capacitive"),
    "energy_export": Channel(HEAD, "injection"),
    "inductive_energy_export": Channel(HEAD, "injection", "inductive"),
    "capacitive_energy_export": Channel(HEAD, "injection", "capacitive"),
}


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(recorder_mock: None, enable_custom_integrations: None) -> None:
    """Start the recorder before anything else."""


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give each test its own folder."""
    return hass_tmp_config_dir


@pytest.fixture(scope="module")
def site() -> AmrSite:
    """Return an industrial site."""
    return live_as_site(midnight(FIRST), midnight(LAST))


@pytest.fixture
async def point(hass: HomeAssistant) -> MockConfigEntry:
    """Return the metering point of the site, set up."""
    await hass.config.async_set_time_zone("Europe/Brussels")
    return await add(hass, HEAD, TITLE, ENTRY_ID)


async def add(hass: HomeAssistant, ean: str, title: str, entry_id: str | None = None) -> MockConfigEntry:
    """Set up a metering point."""
    data = {"kind": "metering_point", "ean": ean, "name": title}
    identified = {} if entry_id is None else {"entry_id": entry_id}
    entry = MockConfigEntry(domain=DOMAIN, title=title, unique_id=ean, data=data, **identified)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    return entry


def rows_of(site: AmrSite, channels: Iterable[Channel]) -> list[str]:
    """Return the lines of channels."""
    return [row(slot) for channel in channels for slot in site.slots(channel)]


def write(folder: Path, lines: Iterable[str], name: str = "amr.csv") -> Path:
    """Write an export."""
    path = folder / name
    path.write_bytes(csv_file(lines))
    return path


async def take(hass: HomeAssistant, entry: MockConfigEntry, path: Path, **options: Any) -> dict[str, Any]:
    """Import by the action."""
    hass.config.allowlist_external_dirs.add(str(path.parent))
    data = {"config_entry_id": entry.entry_id, "path": str(path), "dry_run": False, **options}
    response = await hass.services.async_call(DOMAIN, "import_history", data, blocking=True, return_response=True)
    await async_wait_recording_done(hass)
    assert isinstance(response, dict)
    return response


async def undo(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Undo the last import."""
    await hass.services.async_call(DOMAIN, "undo_import", {"config_entry_id": entry.entry_id}, blocking=True)
    await async_wait_recording_done(hass)


async def shown(hass: HomeAssistant, statistic: str, kind: str = "change") -> dict[int, float]:
    """Return what graphs show of a statistic, by the hour since the epoch."""
    rows = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, datetime(2020, 1, 1, tzinfo=UTC), None, {statistic}, "hour", None, {kind}
    )
    return {int(each["start"]) // 3600: each[kind] for each in rows.get(statistic, [])}  # type: ignore[literal-required]  # kinds are keys


def truth(site: AmrSite, channel: Channel) -> dict[int, float]:
    """Return what a channel counted in each hour."""
    return {hour: pytest.approx(value / 1000, abs=1e-6) for hour, value in site.hours(channel).items()}


async def everything(hass: HomeAssistant) -> dict[str, dict[int, float]]:
    """Return all rows of all statistics of the integration."""
    ids = await get_instance(hass).async_add_executor_job(list_statistic_ids, hass)
    found = {}
    for each in ids:
        statistic = each["statistic_id"]
        if statistic.startswith("emucs:"):
            found[statistic] = await shown(hass, statistic, "sum" if each["has_sum"] else "max")
    return found


async def test_all_that_an_export_has_becomes_statistics_to_the_watt_hour(
    hass: HomeAssistant, point: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    response = await take(hass, point, write(tmp_path, rows_of(site, OF_HEAD.values())))
    assert response["written"]
    assert list(response["series"]) == [f"{PREFIX}_{key}" for key in sorted(OF_HEAD, key=_display_order)]
    for key, channel in OF_HEAD.items():
        assert await shown(hass, f"{PREFIX}_{key}") == truth(site, channel)
    ids = await get_instance(hass).async_add_executor_job(list_statistic_ids, hass)
    known = {each["statistic_id"]: each for each in ids}
    of_energy, of_reactive = known[f"{PREFIX}_energy_import"], known[f"{PREFIX}_inductive_energy_export"]
    assert of_energy["name"] == "Bakery Energy · import"
    assert (of_energy["unit_class"], of_energy["statistics_unit_of_measurement"]) == ("energy", "kWh")
    assert of_reactive["name"] == "Bakery Reactive energy, inductive · export"
    assert (of_reactive["unit_class"], of_reactive["statistics_unit_of_measurement"]) == ("reactive_energy", "kvarh")


def _display_order(key: str) -> tuple[bool, bool, bool]:
    """Return by what the statistics of the access point are ordered."""
    return not key.startswith("energy"), key.startswith("capacitive"), key.endswith("export")


async def test_entities_show_how_far_the_imports_reach(
    hass: HomeAssistant, point: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    [device] = dr.async_entries_for_config_entry(dr.async_get(hass), point.entry_id)
    assert (device.name, device.entry_type) == (TITLE, dr.DeviceEntryType.SERVICE)
    assert {hass.states.get(f"sensor.bakery_{key}").state for key in ("imported_until", "last_import")} == {"unknown"}
    await take(hass, point, write(tmp_path, rows_of(site, [Channel(HEAD, "offtake")])))
    until = datetime.fromtimestamp(midnight(LAST), UTC).isoformat()
    assert hass.states.get("sensor.bakery_imported_until").state == until
    last_import = hass.states.get("sensor.bakery_last_import").state
    assert datetime.fromisoformat(last_import) > datetime.fromisoformat(until)
    assert await hass.config_entries.async_reload(point.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.states.get("sensor.bakery_imported_until").state == until
    assert hass.states.get("sensor.bakery_last_import").state == last_import
    await undo(hass, point)
    assert hass.states.get("sensor.bakery_imported_until").state == "unknown"


async def test_a_repeated_import_changes_nothing_and_an_undo_leaves_nothing(
    hass: HomeAssistant, point: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    lines = rows_of(site, OF_HEAD.values())
    path = write(tmp_path, lines)
    await take(hass, point, path)
    before = await everything(hass)
    for options in ({}, {"replace": True}):
        response = await take(hass, point, path, **options)
        assert not response["written"]
        assert {series["new_rows"] for series in response["series"].values()} == {0}
        assert await everything(hass) == before
    await undo(hass, point)
    assert not any((await everything(hass)).values())


async def test_parts_in_any_order_give_what_the_whole_gives(
    hass: HomeAssistant, point: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    lines = rows_of(site, OF_HEAD.values())
    await take(hass, point, write(tmp_path, lines))
    whole = await everything(hass)
    await undo(hass, point)
    days = {day: [line for line in lines if line.startswith(day)] for day in {line[:10] for line in lines}}
    for number, day in enumerate(sorted(days, reverse=True)):
        await take(hass, point, write(tmp_path, days[day], f"{number}.csv"))
    assert await everything(hass) == whole


async def test_month_peaks_are_values_and_not_sums(hass: HomeAssistant, point: MockConfigEntry, tmp_path: Path) -> None:
    lines = [
        *peak_rows({"2026-08-01": 181_250, "2026-09-01": 175_500, "2026-10-01": 190_000}, HEAD),
        *peak_rows({"2026-09-01": 320_125}, HEAD, "Piekvermogen productie"),
    ]
    response = await take(hass, point, write(tmp_path, lines))
    assert response["series"][f"{PREFIX}_peak_import"]["energy"] == 190.0
    assert response["series"][f"{PREFIX}_peak_import"]["missing_hours"] == 0
    hours = [midnight(date(2026, month, 1)) // 3600 for month in (8, 9, 10)]
    expected = dict(zip(hours, (181.25, 175.5, 190.0), strict=True))
    for kind in ("min", "mean", "max"):
        assert await shown(hass, f"{PREFIX}_peak_import", kind) == expected
    assert await shown(hass, f"{PREFIX}_peak_production", "max") == {hours[1]: 320.125}
    revised = write(tmp_path, peak_rows({"2026-09-01": 176_000}, HEAD), "revised.csv")
    assert not (await take(hass, point, revised))["written"]
    response = await take(hass, point, revised, replace=True)
    assert response["series"][f"{PREFIX}_peak_import"]["revision"] == {
        "hours": 1,
        "more": 0.5,
        "less": 0.0,
        "largest": 0.5,
    }
    assert (await shown(hass, f"{PREFIX}_peak_import", "max"))[hours[1]] == 176.0
    await undo(hass, point)
    assert await shown(hass, f"{PREFIX}_peak_import", "max") == expected
    await undo(hass, point)
    assert not any((await everything(hass)).values())


async def test_the_peak_of_a_month_that_is_not_over_is_left_out(
    hass: HomeAssistant, point: MockConfigEntry, tmp_path: Path
) -> None:
    today = datetime.now(UTC).date()
    lines = peak_rows({"2026-08-01": 181_250, f"{today:%Y-%m}-01": 175_500}, HEAD)
    await take(hass, point, write(tmp_path, lines))
    assert len(await shown(hass, f"{PREFIX}_peak_import", "max")) == 1


async def test_revised_values_replace_those_of_an_earlier_import_until_that_is_undone(
    hass: HomeAssistant, point: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    channel = Channel(HEAD, "offtake")
    slots = list(site.slots(channel))
    await take(hass, point, write(tmp_path, map(row, slots)))
    before = await everything(hass)
    more, *_, less = sorted(slots, key=lambda slot: -slot.value)[:40]
    revised = [
        replace(slot, value=slot.value + (1500 if slot is more else -250 if slot is less else 0)) for slot in slots
    ]
    path = write(tmp_path, map(row, revised), "revised.csv")
    response = await take(hass, point, path)
    assert not response["written"]
    [series] = response["series"].values()
    assert series["different_from_former_imports"] == 2
    assert series["revision"] == {"hours": 2, "more": 1.5, "less": 0.25, "largest": 1.5}
    assert await everything(hass) == before
    dry = await take(hass, point, path, replace=True, dry_run=True)
    assert not dry["written"]
    assert await everything(hass) == before
    assert (await take(hass, point, path, replace=True))["written"]
    expected = truth(site, channel)
    expected[more.start // 3600] = pytest.approx(site.hours(channel)[more.start // 3600] / 1000 + 1.5)
    expected[less.start // 3600] = pytest.approx(site.hours(channel)[less.start // 3600] / 1000 - 0.25)
    assert await shown(hass, f"{PREFIX}_energy_import") == expected
    assert not (await take(hass, point, path, replace=True))["written"]
    await undo(hass, point)
    assert await everything(hass) == before


async def test_a_file_is_divided_by_its_eans_and_tells_those_that_are_unknown(
    hass: HomeAssistant, point: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    solar = await add(hass, SOLAR, "Roof")
    response = await take(hass, point, write(tmp_path, rows_of(site, CHANNELS)))
    assert response["unknown_metering_points"] == [{"ean": HALL, "description": "Hal 1 | Meting"}]
    assert list(response["other_entries"]) == [solar.entry_id]
    part = response["other_entries"][solar.entry_id]
    assert part["written"]
    prefix = f"emucs:point_{solar.entry_id[-8:].lower()}"
    for key, channel in (
        ("energy_production", Channel(SOLAR, "production")),
        ("inductive_energy_production", Channel(SOLAR, "production", "inductive")),
        ("energy_auxiliary", Channel(SOLAR, "auxiliary")),
    ):
        assert await shown(hass, f"{prefix}_{key}") == truth(site, channel)
    assert await shown(hass, f"{PREFIX}_energy_import") == truth(site, Channel(HEAD, "offtake"))
    assert all(HALL not in statistic for statistic in await everything(hass))
    await undo(hass, point)
    assert await shown(hass, f"{PREFIX}_energy_import") == {}
    assert await shown(hass, f"{prefix}_energy_production") == truth(site, Channel(SOLAR, "production"))


async def test_gas_comes_in_cubic_metres_and_in_kilowatt_hours(
    hass: HomeAssistant, site: AmrSite, tmp_path: Path
) -> None:
    await hass.config.async_set_time_zone("Europe/Brussels")
    entry = await add(hass, GAS, "Ovens", ENTRY_ID)
    path = tmp_path / "gas.csv"
    path.write_bytes(csv_file([*gas_rows(site, VOLUME), *gas_rows(site, ENERGY)], GAS_HEADER))
    await take(hass, entry, path)
    assert await shown(hass, f"{PREFIX}_gas_import") == truth(site, VOLUME)
    assert await shown(hass, f"{PREFIX}_gas_energy_import") == truth(site, ENERGY)


async def test_the_export_of_others_is_refused_by_name(
    hass: HomeAssistant, point: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    path = write(tmp_path, rows_of(site, [Channel(HALL, "offtake")]))
    with pytest.raises(ServiceValidationError) as error:
        await take(hass, point, path)
    assert error.value.translation_key == "export_wrong_meter"
    placeholders = error.value.translation_placeholders or {}
    assert (placeholders["file"], placeholders["line"]) == ("amr.csv", "2")
    assert HALL in placeholders["detail"]
    assert await everything(hass) == {}


async def test_a_point_that_is_added_again_goes_on_with_its_statistics(
    hass: HomeAssistant, point: MockConfigEntry, site: AmrSite, tmp_path: Path
) -> None:
    lines = rows_of(site, [Channel(HEAD, "offtake")])
    await take(hass, point, write(tmp_path, lines[: len(lines) // 2]))
    await hass.config_entries.async_remove(point.entry_id)
    assert len(await shown(hass, f"{PREFIX}_energy_import")) > 0
    again = await add(hass, HEAD, "Bread")
    entities = er.async_entries_for_config_entry(er.async_get(hass), again.entry_id)
    [until] = (each.entity_id for each in entities if each.unique_id.endswith("_imported_until"))
    assert hass.states.get(until).state != "unknown"
    await take(hass, again, write(tmp_path, lines))
    assert await shown(hass, f"{PREFIX}_energy_import") == truth(site, Channel(HEAD, "offtake"))
    ids = await get_instance(hass).async_add_executor_job(list_statistic_ids, hass)
    assert [each["name"] for each in ids if each["statistic_id"].startswith(PREFIX)] == ["Bread Energy · import"]


async def test_imports_are_found_in_the_database_where_the_record_of_them_is_lost(
    hass: HomeAssistant, point: MockConfigEntry, site: AmrSite, tmp_path: Path, hass_storage: dict[str, Any]
) -> None:
    lines = [*rows_of(site, OF_HEAD.values()), *peak_rows({"2026-09-01": 175_500}, HEAD)]
    path = write(tmp_path, lines)
    await take(hass, point, path)
    before = await everything(hass)
    del hass_storage["emucs.history"]
    assert not (await take(hass, point, path))["written"]
    assert await everything(hass) == before
    await undo(hass, point)
    assert not any((await everything(hass)).values())
