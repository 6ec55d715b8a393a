"""How much work it is to follow a meter."""

from custom_components.emucs.insight.baseload import BaseLoad
from custom_components.emucs.insight.capacity import Capacity, CapacitySettings
from custom_components.emucs.insight.connection import Connection
from custom_components.emucs.insight.forecast import Forecast
from custom_components.emucs.insight.guard import Guard
from custom_components.emucs.insight.leaks import Leaks
from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.insight.plausibility import Plausibility
from custom_components.emucs.insight.profile import Profile
from custom_components.emucs.insight.quarters import QUARTERS_A_DAY
from custom_components.emucs.port import Reader, Telegram
from tests.effort import START, calls
from tests.insight.quarterly import Meter
from tests.insight.test_insight_slots import House
from virtual_meter import VirtualMeter


def a_minute() -> list[Telegram]:
    """Return the telegrams of a minute."""
    meter, reader, telegrams = VirtualMeter(seed=5, start=START), Reader(), []
    for _ in range(60):
        meter.advance(1)
        telegrams += reader.feed(meter.telegram())
    return telegrams


def test_a_second_of_the_capacity_tariff_takes_few_steps() -> None:
    telegrams = a_minute()
    assert calls(Capacity(CapacitySettings()).feed, telegrams) <= 75 * len(telegrams)


def test_a_second_of_the_forecast_takes_hardly_any() -> None:
    capacity, profile, forecast = Capacity(CapacitySettings()), Profile(), Forecast()
    profile.hand_over({Capacity: capacity})
    forecast.hand_over({Profile: profile})
    first, *telegrams = a_minute()
    for insight in (capacity, profile, forecast):
        insight.feed(first)
    assert calls(lambda telegram: (profile.feed(telegram), forecast.feed(telegram)), telegrams) <= 6 * len(telegrams)


def test_a_second_of_the_base_load_and_of_leaks_takes_hardly_any() -> None:
    first, *telegrams = a_minute()
    insights = MeterInsights("", {})
    for telegram in (first, *telegrams):
        insights.feed(telegram, telegram.time or START)
    base_load, leaks = insights[BaseLoad], insights[Leaks]
    assert leaks.known
    # A reading may come in this minute; everything else is a comparison.
    assert calls(lambda telegram: (base_load.feed(telegram), leaks.feed(telegram)), telegrams) <= 6 * len(telegrams)


def test_a_quarter_of_the_forecast_takes_few_steps() -> None:
    meter = Meter("2025-12-10T12:00")
    meter.run(30 * QUARTERS_A_DAY, lambda time: (time.minute / 10 + time.day / 100, time.hour / 10))
    meter.skip(1)
    telegram = meter.telegram()
    meter.capacity.feed(telegram)
    state = meter.forecast.state
    # A new band of each flow, of 28 days: over 900 telegrams of a second that is three steps each.
    work = calls(lambda each: (meter.profile.feed(each), meter.forecast.feed(each)), [telegram])
    assert meter.forecast.state is not state
    assert work <= 3000


def test_to_guard_a_second_takes_few_steps() -> None:
    first, *telegrams = a_minute()
    guard = Guard(first.meter_id or "")
    guard.feed(first)
    assert calls(guard.feed, telegrams) <= 45 * len(telegrams)


def test_a_second_of_the_connection_takes_few_steps() -> None:
    telegrams = a_minute()
    options = {"connection": {"breaker": "40"}}
    capacity, connection = Capacity(Capacity.settings_of(options)), Connection(Connection.settings_of(options))
    connection.hand_over({Capacity: capacity})
    alone = calls(Capacity(CapacitySettings()).feed, telegrams)

    def both(telegram: Telegram) -> None:
        capacity.feed(telegram)
        connection.feed(telegram)

    assert calls(both, telegrams) - alone <= 40 * len(telegrams)


def test_a_second_of_plausibility_takes_hardly_any() -> None:
    first, *telegrams = a_minute()
    plausibility = Plausibility(settings=True)
    plausibility.feed(first)
    assert calls(plausibility.feed, telegrams) <= 17 * len(telegrams)


def test_a_quarter_of_the_slots_takes_few_steps() -> None:
    house = House()
    house.live(6)
    house.skip(0.3)
    house.feed()
    assert calls(house.slots.feed, [house.telegram()]) <= 1000
    assert calls(house.slots.feed, [house.telegram(late=10)]) <= 3
