"""Future prices, in the forms in which integrations of Belgian users show them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from homeassistant.core import Context, HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.typing import ConfigType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.emucs.insight.quarters import slot_of
from custom_components.emucs.prices import async_prices, prices_in

MIDNIGHT = datetime(2026, 11, 26, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


def times(count: int = 24, step: timedelta = HOUR) -> list[datetime]:
    """Return the begins of the intervals of a day."""
    return [MIDNIGHT + number * step for number in range(count)]


def text(time: datetime) -> str:
    """Return a time in local time."""
    return time.astimezone(tz=datetime.fromisoformat("2026-11-27T00:00:00+01:00").tzinfo).isoformat()


NORD_POOL = {
    "raw_today": [
        {"start": time, "end": time + HOUR, "value": 0.1 + number / 100} for number, time in enumerate(times())
    ],
    "raw_tomorrow": [],
    "tomorrow_valid": False,
    "today": [0.1] * 24,
}
BELGIAN = {
    "cheapest_4h_today": [{"start": text(MIDNIGHT), "price": 0.1}],
    "today": [
        {"start": text(time), "energy": 0.05, "network": 0.03, "taxes": 0.02, "all_in": 0.1 + number / 100}
        for number, time in enumerate(times())
    ],
    "tomorrow": [],
}
ENTSO_E = {
    "prices_today": [
        {"time": text(time).replace("T", " "), "price": 0.1 + number / 100} for number, time in enumerate(times())
    ],
    "prices_tomorrow": [],
}
FRANK = {
    "prices": [{"from": time, "till": time + HOUR, "price": 0.1 + number / 100} for number, time in enumerate(times())]
}
EPEX = {
    "data": [
        {"start_time": time.isoformat(), "end_time": (time + HOUR).isoformat(), "price_per_kwh": 0.1 + number / 100}
        for number, time in enumerate(times())
    ]
}


@pytest.mark.parametrize("attributes", [NORD_POOL, BELGIAN, ENTSO_E, FRANK, EPEX])
def test_prices_of_hours(attributes: dict[str, Any]) -> None:
    prices = prices_in(attributes)
    first = slot_of(MIDNIGHT)
    assert sorted(prices) == list(range(first, first + 96))
    assert [prices[first + ahead] for ahead in (0, 3, 4, 95)] == pytest.approx([0.1, 0.1, 0.11, 0.33])


def test_prices_of_quarters() -> None:
    rows = [{"start": time, "value": float(number)} for number, time in enumerate(times(96, QUARTER))]
    prices = prices_in({"raw_today": rows[:90], "raw_tomorrow": rows[90:]})
    assert list(prices.values()) == [float(number) for number in range(96)]


def test_an_hour_that_is_missing_is_not_known() -> None:
    rows = [{"start": time, "value": 0.2} for time in times() if time.hour != 3]
    assert len(prices_in({"raw_today": rows})) == 92


def test_negative_prices_and_whole_numbers_are_prices() -> None:
    rows = [{"start": time, "value": value} for time, value in zip(times(2), (-0.01, 0), strict=True)]
    assert set(prices_in({"raw_today": rows}).values()) == {-0.01, 0.0}


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(None, id="no list"),
        pytest.param([0.1] * 24, id="numbers alone"),
        pytest.param([{"start": MIDNIGHT, "value": 0.1}], id="an interval of unknown length"),
        pytest.param([{"start": time.replace(tzinfo=None), "value": 0.1} for time in times()], id="no offset"),
        pytest.param([{"start": "noon", "value": 0.1} for _ in times()], id="no time"),
        pytest.param([{"start": time, "value": "0.1"} for time in times()], id="no number"),
        pytest.param([{"start": time, "value": float("nan")} for time in times()], id="not a number"),
        pytest.param([{"start": time, "value": True} for time in times()], id="yes and no"),
        pytest.param([{"start": time, "price_level": 0.1} for time in times()], id="another name"),
        pytest.param([{"start": time, "value": 0.1} for time in times(10, 4 * HOUR)], id="blocks"),
        pytest.param([{"start": time + QUARTER / 3, "value": 0.1} for time in times()], id="no quarters"),
    ],
)
def test_what_is_not_certain_is_not_read(rows: Any) -> None:
    assert prices_in({"raw_today": rows}) == {}


async def test_an_entity_without_prices_is_refused(hass: HomeAssistant) -> None:
    hass.states.async_set("sensor.price", "0.3", {"unit_of_measurement": "EUR/kWh"})
    for entity_id in ("sensor.price", "sensor.missing"):
        with pytest.raises(ServiceValidationError) as error:
            await async_prices(hass, Context(), entity_id, date(2026, 11, 27), date(2026, 11, 27))
        assert error.value.translation_placeholders == {"entity": entity_id}


async def test_nord_pool_of_home_assistant(hass: HomeAssistant, entity_registry: er.EntityRegistry) -> None:
    """Its library is not among the packages of this project: its action answers as its documentation says."""
    entry = MockConfigEntry(domain="nordpool")
    entry.add_to_hass(hass)
    sensor = entity_registry.async_get_or_create("sensor", "nordpool", "BE-current_price", config_entry=entry)
    asked: list[ConfigType] = []

    async def answer(call: ServiceCall) -> dict[str, Any]:
        asked.append(dict(call.data))
        if call.data["date"] != "2026-11-27":
            return {"BE": [], "NL": []}
        rows = [
            {"start": time.isoformat(), "end": (time + QUARTER).isoformat(), "price": 100.0 + number}
            for number, time in enumerate(times(96, QUARTER))
        ]
        return {"BE": rows, "NL": [row | {"price": -999.0} for row in rows]}

    hass.services.async_register("nordpool", "get_prices_for_date", answer, supports_response=SupportsResponse.ONLY)
    prices = await async_prices(hass, Context(), sensor.entity_id, date(2026, 11, 27), date(2026, 11, 28))
    assert asked == [
        {"config_entry": entry.entry_id, "date": "2026-11-27"},
        {"config_entry": entry.entry_id, "date": "2026-11-28"},
    ]
    first = slot_of(MIDNIGHT)
    assert len(prices) == 96
    assert (prices[first], prices[first + 95]) == (0.1, 0.195)
