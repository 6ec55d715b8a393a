"""The voltage report: as an action returns it, and as browsers open or download it."""

import csv
from datetime import UTC, date, datetime, timedelta
from io import StringIO
import threading
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.insight.voltage import Voltage
from custom_components.emucs.insight.voltage_history import VoltageHistory, VoltageVerdict, WeekVerdict
from custom_components.emucs.reports.voltage_page import security_policy
from tests.voltage_kept import history_until
from virtual_meter import VirtualMeter

NOW = datetime(2026, 6, 25, 14, 3, tzinfo=UTC)
UNTIL_NOW = "end=2026-06-25T14:03:00Z"
TEN_MINUTES = 144  # slots a day


@pytest.fixture
def kept(loaded: MockConfigEntry) -> VoltageHistory:
    """Let the meter have five weeks of voltages, up to a Thursday in summer."""
    history = loaded.runtime_data.insights[Voltage].history = history_until(NOW)
    return history


async def ask(hass: HomeAssistant, entry: MockConfigEntry, **fields: Any) -> Any:
    """Call the action."""
    fields = {"config_entry_id": entry.entry_id, "end": NOW.isoformat(), **fields}
    return await hass.services.async_call(DOMAIN, "get_voltage_report", fields, blocking=True, return_response=True)


def address(entry: MockConfigEntry, query: str = "") -> str:
    """Return where the report until that day is."""
    return f"/api/emucs/voltage_report/{entry.entry_id}?{UNTIL_NOW}{query}"


async def test_the_action_returns_all_that_is_kept(
    hass: HomeAssistant, loaded: MockConfigEntry, kept: VoltageHistory, meter: VirtualMeter
) -> None:
    # Verdicts are kept for longer than means; of these a report has those of a year.
    older = [date(2025, 6, 16), date(2026, 1, 5)]
    kept.add_weeks(WeekVerdict(day, "l1", VoltageVerdict.OUTSIDE, 1000, 1008, 0.9, 231.0, 256.0) for day in older)
    report = await ask(hass, loaded)
    assert report["indicative"] is True
    assert (report["meter"], report["model"], report["grid"]) == (meter.meter_id, "Sagemcom T211", "three_phase_400v")
    # Whole weeks: of the one before, some days are gone already.
    assert (report["begin"], report["end"]) == ("2026-05-25T00:00:00+02:00", "2026-06-25T16:00:00+02:00")
    assert report["limits"] == {"nominal": 230.0, "low": 207.0, "high": 253.0, "lowest": 195.5}
    assert report["phases"].keys() == {"l1", "l2", "l3"}
    first = report["phases"]["l1"]
    assert first["slots"][0]["start"] == "2026-05-25T00:00:00+02:00"
    assert first["slots"][0] | {"start": ""} == {
        "start": "",
        "mean": 232.0,
        "minimum": 231.2,
        "maximum": 232.8,
        "above": 0,
        "below": 0,
        "seconds": 600,
        "export": 0.0,
    }
    assert len(first["slots"]) == 31 * TEN_MINUTES + 96 - 6
    assert first["outside"][0]["direction"] == "above"
    assert {each["export"] for each in first["outside"]} == {4.0}
    assert report["phases"]["l2"]["outside"] == []
    assert {week["verdict"] for week in report["weeks"] if week["phase"] == "l1"} == {"outside"}
    assert report["weeks"][0]["begin"] == "2026-01-05"


async def test_a_period_and_a_resolution(hass: HomeAssistant, loaded: MockConfigEntry, kept: VoltageHistory) -> None:
    report = await ask(
        hass, loaded, begin="2026-06-10T00:00:00+02:00", end="2026-06-11T00:00:00+02:00", resolution="15"
    )
    slots = report["phases"]["l1"]["slots"]
    assert (len(slots), report["resolution"]) == (96, 15)
    assert {week["begin"] for week in report["weeks"]} == {"2026-06-08"}


@pytest.mark.parametrize(
    "fields",
    [
        {"begin": "2026-06-11 00:00:00", "end": "2026-06-10 00:00:00"},
        {"begin": "2026-06-10 00:01:00", "end": "2026-06-10 00:09:00"},
        {"begin": "2998-01-01 00:00:00"},
    ],
)
async def test_a_period_without_anything(hass: HomeAssistant, loaded: MockConfigEntry, fields: Any) -> None:
    with pytest.raises(ServiceValidationError, match="The period is empty"):
        await ask(hass, loaded, **fields)


@pytest.mark.parametrize(
    "fields", [{"resolution": 5}, {"begin": "noon"}, {"begin": "0001-01-01T00:00:00+14:00"}, {"end": "1999-12-31"}]
)
async def test_what_is_no_field(hass: HomeAssistant, loaded: MockConfigEntry, fields: dict[str, Any]) -> None:
    with pytest.raises(probatio.Invalid):
        await ask(hass, loaded, **fields)


async def test_a_long_period_is_that_of_what_is_kept(
    hass: HomeAssistant, loaded: MockConfigEntry, kept: VoltageHistory
) -> None:
    report = await ask(hass, loaded, begin="2000-01-01 00:00:00", end="2999-12-31 23:59:59")
    assert len(report["phases"]["l1"]["slots"]) == 35 * TEN_MINUTES - 6
    assert datetime.fromisoformat(report["end"]) <= dt_util.utcnow()


async def test_a_report_ends_now_and_begins_with_a_week(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    report = await hass.services.async_call(
        DOMAIN, "get_voltage_report", {"config_entry_id": loaded.entry_id}, blocking=True, return_response=True
    )
    assert report is not None
    begin, end = (datetime.fromisoformat(str(report[name])) for name in ("begin", "end"))
    assert timedelta() <= dt_util.utcnow() - end < timedelta(minutes=11)
    assert (begin.weekday(), begin.hour, begin.minute) == (0, 0, 0)
    assert timedelta(weeks=4) < end - begin <= timedelta(weeks=5)


async def test_a_meter_of_which_nothing_is_known_yet(hass: HomeAssistant, loaded: MockConfigEntry) -> None:
    loaded.runtime_data.insights[Voltage].history = VoltageHistory()
    report = await ask(hass, loaded)
    assert (report["phases"], report["weeks"]) == ({}, [])


async def test_the_page_is_opened(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    kept: VoltageHistory,
    meter: VirtualMeter,
    hass_client: ClientSessionGenerator,
) -> None:
    client = await hass_client()
    response = await client.get(address(loaded))
    assert (response.status, response.content_type, response.charset) == (200, "text/html", "utf-8")
    assert response.headers["Content-Security-Policy"] == security_policy()
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    # Its name has no number: that of the meter is only in the file.
    assert response.headers["Content-Disposition"] == ('inline; filename="voltage-report-2026-05-25-2026-06-25.html"')
    page = await response.text()
    assert page.startswith('<!DOCTYPE html><html lang="en">')
    assert meter.meter_id in page
    assert page.count("<svg") == 15


async def test_the_csv_is_downloaded(
    hass: HomeAssistant, loaded: MockConfigEntry, kept: VoltageHistory, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    response = await client.get(address(loaded, "&format=csv&resolution=15&begin=2026-06-10T00:00:00%2B02:00"))
    assert (response.status, response.content_type) == (200, "text/csv")
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="voltage-report-2026-06-10-2026-06-25.csv"'
    )
    rows = list(csv.DictReader(StringIO(await response.text())))
    assert rows[0]["start_utc"] == "2026-06-09T22:00:00Z"
    assert {row["minutes"] for row in rows} == {"15"}


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("&language=nl", "", "nl"),
        ("&language=nl-BE", "", "nl"),
        ("&language=FR", "", "fr"),
        ("", "de-BE,de;q=0.9", "de"),
        ("", "es", "en"),
        ("&language=klingon", "nl", "en"),
    ],
)
async def test_the_page_is_in_the_language_of_who_reads_it(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    kept: VoltageHistory,
    hass_client: ClientSessionGenerator,
    query: str,
    accepted: str,
    language: str,
) -> None:
    client = await hass_client()
    response = await client.get(address(loaded, query), headers={"Accept-Language": accepted})
    assert f'<html lang="{language}">' in await response.text()
    assert response.headers["Content-Language"] == language


async def test_a_browser_opens_it_by_a_signed_path(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    kept: VoltageHistory,
    hass_client_no_auth: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    assert await async_setup_component(hass, "auth", {})
    websocket = await hass_ws_client(hass, hass_read_only_access_token)
    await websocket.send_json_auto_id({"type": "auth/sign_path", "path": address(loaded, "&format=csv")})
    path = (await websocket.receive_json())["result"]["path"]
    client = await hass_client_no_auth()
    assert (await client.get(path)).status == 200
    # It is signed as a whole.
    assert (await client.get(path.replace("csv", "html"))).status == 401
    assert (await client.get(address(loaded))).status == 401


async def test_the_right_to_it_is_that_to_all_entities(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    kept: VoltageHistory,
    hass_client: ClientSessionGenerator,
    hass_read_only_user: MockUser,
    hass_read_only_access_token: str,
) -> None:
    client = await hass_client(hass_read_only_access_token)
    assert (await client.get(address(loaded))).status == 200
    hass_read_only_user.mock_policy({"entities": {"entity_ids": {"sensor.electricity_meter_power": True}}})
    assert (await client.get(address(loaded))).status == 403


async def test_what_is_not_there_and_what_is_not_asked_well(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    assert (await client.get("/api/emucs/voltage_report/gone")).status == 404
    assert (await client.get(address(other))).status == 404
    for query in ("&format=pdf", "&resolution=1", "&begin=x", "&begin=2026-06-26T00:00:00"):
        assert (await client.get(address(loaded, query))).status == 400, query
    await hass.config_entries.async_unload(loaded.entry_id)
    assert (await client.get(address(loaded))).status == 503


async def test_a_reload_is_waited_for(
    hass: HomeAssistant, loaded: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    hass.config_entries.async_schedule_reload(loaded.entry_id)
    assert (await client.get(address(loaded))).status == 200


async def test_others_do_not_wait_for_it(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    kept: VoltageHistory,
    hass_client: ClientSessionGenerator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = set()
    slots = kept.slots

    def noted(*arguments: Any) -> Any:
        threads.add(threading.current_thread())
        return slots(*arguments)

    monkeypatch.setattr(kept, "slots", noted)
    client = await hass_client()
    assert (await client.get(address(loaded))).status == 200
    await ask(hass, loaded)
    assert threads
    assert threading.main_thread() not in threads
