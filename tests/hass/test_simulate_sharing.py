"""What months would have shared, in Home Assistant: by statistics of a real recorder, by exports, and by meters."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.emucs.const import DOMAIN
from custom_components.emucs.insight.profile import Profile
from custom_components.emucs.insight.quarters import slot_of
from tests.exports.exports import BRUSSELS, QUARTER, live, midnight, table
from tests.hass.history_database import recorder_db_url
from tests.hass.test_household import auto_enable_custom_integrations
from tests.support import entry_data, sending
from virtual_meter import VirtualMeter

__all__ = ["auto_enable_custom_integrations", "recorder_db_url"]

SUN, HOME = "sensor.sun", "sensor.home"
ROOF = {"import": f"{SUN}_import", "export": f"{SUN}_export", "name": "Roof"}
FLAT = {"import": f"{HOME}_import"}
PRICE = "sensor.price"
MAY = (date(2026, 5, 1), date(2026, 6, 1))

# What of its export the key of a house leaves to the only other one.
PARTS = {"fixed": 0.5, "relative": 1, "optimal_one_step": 1, "optimal": 1}

type Hourly = Callable[[datetime], float]


async def simulate(hass: HomeAssistant, context: Context | None = None, **fields: Any) -> dict[str, Any]:
    """Ask what would have been shared."""
    answer = await hass.services.async_call(
        DOMAIN, "simulate_sharing", fields, blocking=True, return_response=True, context=context
    )
    assert isinstance(answer, dict)
    return answer


def hours(first: date, last: date) -> list[datetime]:
    """Return the hours from a local midnight to another."""
    return [datetime.fromtimestamp(time, UTC) for time in range(midnight(first), midnight(last), 3600)]


def write(
    hass: HomeAssistant, statistic: str, hourly: Hourly, days: tuple[date, date] = MAY, unit: str = "kWh"
) -> None:
    """Write what a counter of energy, or a price, was in the hours from a day to another, and the one before."""
    is_energy = "/" not in unit
    total, rows = 100.0, []
    for hour in [hours(*days)[0] - timedelta(hours=1), *hours(*days)]:
        total += hourly(hour) * is_energy
        rows.append(
            {"start": hour, "state": total, "sum": total} if is_energy else {"start": hour, "mean": hourly(hour)}
        )
    metadata = {
        "has_sum": is_energy,
        "mean_type": StatisticMeanType.NONE if is_energy else StatisticMeanType.ARITHMETIC,
        "name": None,
        "source": "recorder",
        "statistic_id": statistic,
        "unit_class": "energy" if is_energy else None,
        "unit_of_measurement": unit,
    }
    async_import_statistics(hass, metadata, rows)


@pytest.fixture
async def action(hass: HomeAssistant) -> None:
    """Register the action, without any meter."""
    await hass.config.async_set_time_zone("Europe/Brussels")
    assert await async_setup_component(hass, DOMAIN, {})


@pytest.fixture
async def may(hass: HomeAssistant, action: None) -> None:
    """Write a month in which a roof exports 3 kWh an hour around noon, and a flat imports 1 kWh all day."""

    def noon(hour: datetime) -> float:
        return 3.0 * (11 <= hour.astimezone(BRUSSELS).hour < 14)

    write(hass, f"{SUN}_export", noon)
    write(hass, f"{SUN}_import", lambda hour: 0.5 - noon(hour) / 6)
    write(hass, f"{HOME}_import", lambda _: 1000.0, unit="Wh")
    await async_wait_recording_done(hass)


async def test_a_month_of_statistics(hass: HomeAssistant, may: None) -> None:
    answer = await simulate(hass, members=[ROOF, FLAT], start="2026-05", end="2026-05")

    assert answer["indicative"] is True
    assert answer["members"] == [
        {"id": f"{SUN}_import", "name": "Roof", "key": 0.5},
        {"id": f"{HOME}_import", "name": f"{HOME}_import", "key": 0.5},
    ]
    assert answer["months"] == [
        {
            "month": "2026-05",
            "hours_by_quarters": 0,
            "hours_by_statistics": 31 * 24,
            "hours_missing": 0,
            "import": 31 * (24 + 21 / 2),
            "export": 31 * 9.0,
        }
    ]
    # Of 3 kWh the flat can use 1, also of the 1.5 that are its by the fixed key.
    assert {key: of_key["shared"] for key, of_key in answer["keys"].items()} == dict.fromkeys(
        ("fixed", "relative", "optimal_one_step", "optimal"), 93.0
    )
    optimal = answer["keys"]["optimal"]
    assert optimal["hours_overstate"] is None
    assert optimal["months"] == [
        {
            "month": "2026-05",
            "shared": 93.0,
            "autonomy": round(100 * 3 / 34.5, 1),
            "members": [
                {"id": f"{SUN}_import", "received": 0, "given": 93.0, "returned": 186.0},
                {"id": f"{HOME}_import", "received": 93.0, "given": 0, "returned": 0},
            ],
        }
    ]


async def test_keys_and_prices(hass: HomeAssistant, may: None) -> None:
    # In c€; the first day has none.
    write(hass, PRICE, lambda _: 15.0, (date(2026, 5, 2), date(2026, 6, 1)), unit="c€/kWh")
    await async_wait_recording_done(hass)

    answer = await simulate(
        hass,
        members=[ROOF, FLAT],
        keys=[80, 20],
        key="fixed",
        start="2026-05-17",
        end="2026-05",
        price_shared=0.05,
        price_import=PRICE,
        price_export="0.02",
    )

    assert [member["key"] for member in answer["members"]] == [0.8, 0.2]
    # The hour before the second day has a price too.
    assert answer["months"][0]["hours_without_price"] == 23
    assert list(answer["keys"]) == ["fixed"]
    month = answer["keys"]["fixed"]["months"][0]
    # 20 % of 3 kWh in three hours a day, of which 30 days have prices: 0.10 less for the one, 0.03 more for the other.
    assert month["shared"] == pytest.approx(31 * 1.8)
    assert [member["worth"] for member in month["members"]] == [round(54 * 0.03, 2), round(54 * 0.1, 2)]
    assert month["worth"] == round(54 * 0.13, 2)


async def test_what_is_not_known_is_told(hass: HomeAssistant, may: None) -> None:
    write(hass, "sensor.late", lambda _: 1.0, (date(2026, 5, 11), date(2026, 6, 1)))
    await async_wait_recording_done(hass)

    answer = await simulate(hass, members=[ROOF, {"import": "sensor.late"}], start="2026-04", end="2026-05")

    april, may = answer["months"]
    assert (april["hours_by_statistics"], april["hours_missing"]) == (0, 30 * 24)
    # The counter was there from the hour before on.
    assert (may["hours_by_statistics"], may["hours_missing"]) == (21 * 24, 10 * 24)
    assert [month["month"] for month in answer["keys"]["optimal"]["months"]] == ["2026-05"]
    assert answer["keys"]["optimal"]["shared"] == 21 * 3


@pytest.fixture
async def neighbours(hass: HomeAssistant, action: None, socket_enabled: None) -> AsyncGenerator[list[MockConfigEntry]]:
    """Return the entries of two meters that are read."""
    async with AsyncExitStack() as stack:
        entries = []
        for seed in (7, 8):
            meter = VirtualMeter(profile="1.7.1", seed=seed, start=datetime.now(UTC).astimezone())
            url = await stack.enter_async_context(sending(meter.telegram()))
            entry = MockConfigEntry(
                domain=DOMAIN, title=f"House {seed}", unique_id=meter.meter_id, data=entry_data(url)
            )
            entry.add_to_hass(hass)
            assert await hass.config_entries.async_setup(entry.entry_id)
            entries.append(entry)
        await hass.async_block_till_done()
        yield entries
        for entry in entries:
            await hass.config_entries.async_unload(entry.entry_id)


def exchanged(quarter: Mapping[str, int], flow: str) -> float:
    """Return what a house imported or exported in a quarter, in kWh."""
    return (quarter[f"{flow}_1"] + quarter[f"{flow}_2"]) / 1000


async def test_quarters_of_an_export(hass: HomeAssistant, neighbours: list[MockConfigEntry], tmp_path: Path) -> None:
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    days = (date(2026, 5, 4), date(2026, 5, 8))
    houses = [live(*days, seed=seed) for seed in (7, 8)]
    # The second house has no panels.
    for quarter in houses[1].quarters.values():
        quarter |= {"export_1": 0, "export_2": 0}
    eans = ("541400000000000011", "541400000000000035")
    path = tmp_path / "both.csv"
    path.write_bytes(
        table(
            replace(each, ean=ean, meter=entry.unique_id)
            for house, ean, entry in zip(houses, eans, neighbours, strict=True)
            for each in house.intervals()
        )
    )
    members = [entry.entry_id for entry in neighbours]

    answer = await simulate(hass, members=members, start="2026-05", end="2026-05", path=str(path))

    month = answer["months"][0]
    assert (month["hours_by_quarters"], month["hours_missing"]) == (4 * 24, 27 * 24)
    exports = {start: exchanged(quarter, "export") for start, quarter in houses[0].quarters.items()}
    imports = {start: exchanged(quarter, "import") for start, quarter in houses[1].quarters.items()}
    assert month["export"] == pytest.approx(sum(exports.values()))
    truth = {key: sum(min(part * exports[each], imports[each]) for each in exports) for key, part in PARTS.items()}
    assert truth["relative"] > 1
    shared = {key: of_key["shared"] for key, of_key in answer["keys"].items()}
    assert shared == pytest.approx(truth, abs=0.001)
    # What hours would show is more, by as much as is told.
    by_hour = sum(
        min(sum(energies[hour + each] for each in range(0, 3600, QUARTER)) for energies in (exports, imports))
        for hour in range(midnight(days[0]), midnight(days[1]), 3600)
    )
    assert answer["keys"]["optimal"]["hours_overstate"] == pytest.approx(
        100 * (by_hour / truth["optimal"] - 1), abs=0.06
    )
    assert answer["keys"]["optimal"]["hours_overstate"] > 0


async def test_quarters_that_meters_have_measured(hass: HomeAssistant, neighbours: list[MockConfigEntry]) -> None:
    first = slot_of(dt_util.utcnow() - timedelta(hours=6)) // 4 * 4
    for entry, imported, exported in zip(neighbours, (0.0, 1.2), (2.0, 0.0), strict=True):
        quarters = entry.runtime_data.insights[Profile].quarters
        for slot in range(first, first + 16):
            quarters.put(slot, imported, exported)

    answer = await simulate(hass, members=[entry.entry_id for entry in neighbours], key="optimal")

    assert sum(month["hours_by_quarters"] for month in answer["months"]) == 4
    assert [member["name"] for member in answer["members"]] == ["House 7", "House 8"]
    assert answer["keys"]["optimal"]["shared"] == pytest.approx(4.8)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "two different members"),
        ({"members": [ROOF]}, "two different members"),
        ({"members": [ROOF, ROOF]}, "two different members"),
        ({"members": [ROOF, FLAT], "keys": [1]}, "one key for each"),
        ({"members": [ROOF, FLAT], "keys": [0, 0]}, "more than 0"),
        ({"members": [ROOF, FLAT], "start": "2026-05", "end": "2026-04"}, "at most 36 months"),
        ({"members": [ROOF, FLAT], "start": "2020-01", "end": "2026-04"}, "at most 36 months"),
        ({"members": [ROOF, FLAT], "start": "2999-01"}, "has to have begun"),
        ({"members": [ROOF, FLAT], "price_import": 0.2}, "price of import and the price of export"),
        ({"members": [ROOF, FLAT], "path": "/etc/passwd"}, "/etc/passwd"),
        ({"members": [ROOF, {"import": "sensor.missing"}]}, r"sensor\.missing"),
        ({"members": [ROOF, {"import": PRICE}]}, r"sensor\.price"),
        ({"members": [ROOF, FLAT], "price_import": f"{HOME}_import", "price_export": 0}, "home_import"),
        ({"members": ["missing", FLAT]}, "missing"),
    ],
)
async def test_what_makes_no_sense(hass: HomeAssistant, may: None, fields: dict[str, Any], message: str) -> None:
    write(hass, PRICE, lambda _: 0.1, unit="EUR/kWh")
    await async_wait_recording_done(hass)

    with pytest.raises(ServiceValidationError, match=message):
        await simulate(hass, **fields)


@pytest.mark.parametrize(
    "fields",
    [{"key": "best"}, {"keys": [-1, 1]}, {"start": "May"}, {"start": "1850-01"}, {"members": [{"export": "a"}]}],
)
async def test_fields_that_are_none(hass: HomeAssistant, action: None, fields: dict[str, Any]) -> None:
    with pytest.raises(probatio.Invalid):
        await simulate(hass, **{"members": [ROOF, FLAT], **fields})


async def test_it_follows_the_rights_on_the_entities(hass: HomeAssistant, may: None) -> None:
    user = MockUser().add_to_hass(hass)
    context = Context(user_id=user.id)
    asked = {"members": [ROOF, FLAT], "start": "2026-05", "end": "2026-05", "key": "fixed"}
    readable = {ROOF["import"]: True, ROOF["export"]: True}
    user.mock_policy({"entities": {"entity_ids": readable}})
    with pytest.raises(Unauthorized):
        await simulate(hass, context, **asked)

    user.mock_policy({"entities": {"entity_ids": readable | {FLAT["import"]: True}}})
    assert (await simulate(hass, context, **asked))["keys"]["fixed"]["shared"] == 93
    for more in ({"path": "/etc/passwd"}, {"price_import": PRICE, "price_export": 0}):
        with pytest.raises(Unauthorized):
            await simulate(hass, context, **asked, **more)
    with pytest.raises(Unauthorized):
        await simulate(hass, context, **asked | {"members": [ROOF, {"import": "emucs:elsewhere"}]})


async def test_meters_are_for_those_who_may_read_them(hass: HomeAssistant, neighbours: list[MockConfigEntry]) -> None:
    members = [entry.entry_id for entry in neighbours]
    user = MockUser().add_to_hass(hass)
    user.mock_policy({"entities": {"entity_ids": {"sensor.electricity_meter_power": True}}})
    with pytest.raises(Unauthorized):
        await simulate(hass, Context(user_id=user.id), members=members)

    user.mock_policy({"entities": True})
    assert (await simulate(hass, Context(user_id=user.id), members=members))["indicative"]
