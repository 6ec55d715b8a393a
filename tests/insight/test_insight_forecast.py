"""What is forecast of the next 24 hours, by hand-worked values, and how that is judged."""

from collections.abc import Callable
from datetime import datetime
import json
from random import Random
from typing import Any

import pytest

from custom_components.emucs.insight.forecast import Forecast
from custom_components.emucs.insight.outlook import Band, Outlook, band_of, learned
from custom_components.emucs.insight.quarters import (
    EXPORT,
    IMPORT,
    QUARTERS_A_DAY,
    SLOTS,
    Basis,
    Quarters,
    local_begin,
    slots_of_day,
)
from custom_components.emucs.insight.score import ScoreKeeper
from tests.insight.quarterly import Meter, slot

# A Wednesday.
NOON = "2026-01-14T12:00"


def past(values: dict[int, float], end: str = NOON) -> Quarters:
    """Return quarters in which so many kW were imported so many days before a time."""
    quarters = Quarters()
    quarters.end(slot(end) - 1)
    for days, mean in values.items():
        quarters.fill(slot(end) - days * QUARTERS_A_DAY, IMPORT, mean, Basis.EXPORTED)
    return quarters


def noisy(seed: int = 1) -> Callable[[datetime], tuple[float, float]]:
    """Return a house that cooks at six and has sun at noon, more or less."""
    random = Random(seed)  # noqa: S311 -- an invented house

    def load(time: datetime) -> tuple[float, float]:
        evening, noon = 18 <= time.hour < 20, 11 <= time.hour < 14
        return (
            round(0.2 + 2 * evening * random.random() + random.random() / 5, 3),
            round(noon * random.random() * 3, 3),
        )

    return load


@pytest.mark.parametrize(
    ("values", "mean"),
    [
        # The weights of a Wednesday: 0.7 a working day, 0.5 a Sunday, 1 a Wednesday; times 0.9, 0.87, … 0.72 and 0.1.
        pytest.param({1: 1, 2: 2, 3: 3}, (0.63 * 1 + 0.609 * 2 + 0.42 * 3) / (0.63 + 0.609 + 0.42), id="three days"),
        pytest.param({1: 0, 7: 4, 28: 4}, (0.72 * 4 + 0.1 * 4) / (0.63 + 0.72 + 0.1), id="a week and four weeks ago"),
        pytest.param(dict.fromkeys(range(1, 29), 1.5), 1.5, id="always the same"),
    ],
)
def test_the_mean_is_weighted_by_kind_of_day_and_age(values: dict[int, float], mean: float) -> None:
    band = band_of(past(values), IMPORT, slot(NOON))
    assert band is not None
    assert band.mean == pytest.approx(mean)


def test_a_sunday_is_more_like_a_saturday() -> None:
    band = band_of(past({1: 1, 2: 0, 3: 0}, "2026-01-18T12:00"), IMPORT, slot("2026-01-18T12:00"))
    assert band is not None
    assert band.mean == pytest.approx(0.63 / (0.63 + 0.5 * 0.87 + 0.5 * 0.84))


def test_the_band_leaves_out_one_in_twenty_on_each_side() -> None:
    band = band_of(past({day: float(day) for day in range(1, 29)}), IMPORT, slot(NOON))
    assert band is not None
    assert (band.low, band.high) == (2, 27)
    band = band_of(past({1: 1, 2: 2, 3: 3}), IMPORT, slot(NOON))
    assert band is not None
    assert (band.low, band.high) == (1, 3)


def test_of_too_little_nothing_follows() -> None:
    assert band_of(past({1: 1, 2: 2}), IMPORT, slot(NOON)) is None
    assert band_of(past({1: 1, 2: 2, 3: 3}), EXPORT, slot(NOON)) is None
    assert band_of(Quarters(), IMPORT, slot(NOON)) is None


def test_the_latest_error_fades_over_eight_quarters() -> None:
    quarters = past({})
    for day in range(1, 6):
        for quarter in range(-1, 10):
            quarters.fill(slot(NOON) + quarter - day * QUARTERS_A_DAY, IMPORT, 1, Basis.EXPORTED)
    outlook = Outlook(IMPORT)
    quarters.put(slot(NOON) - 1, 2, None)
    outlook.close(quarters, slot(NOON) - 1)
    found = [outlook.near(quarters, slot(NOON) + ahead) for ahead in range(9)]
    expected = [1 + 0.7**quarter for quarter in range(1, 9)] + [1]
    assert [band and band.mean for band in found] == pytest.approx(expected)
    assert found[0] == pytest.approx(Band(1.7, 1.7, 1.7))
    quarters.put(slot(NOON), 0, None)
    outlook.close(quarters, slot(NOON))
    band = outlook.near(quarters, slot(NOON) + 1)
    assert band is not None
    assert band.mean == pytest.approx(0.3)


def test_nothing_flows_less_than_not_at_all() -> None:
    assert Band(1, 0.5, 3).shifted(-2) == (0, 0, 1)


def test_the_score_is_that_of_the_last_two_weeks() -> None:
    keeper = ScoreKeeper()
    assert keeper.score is None
    for day in range(30):
        for quarter in range(QUARTERS_A_DAY):
            error = 9 if day < 16 else -0.5
            keeper.add(day * QUARTERS_A_DAY + quarter, error, 1, is_inside=bool(quarter % 4), is_hourly=day == 20)
    score = keeper.score
    assert score == (14 * QUARTERS_A_DAY, 0.5, 1, 75, QUARTERS_A_DAY)
    assert score is not None
    assert score.is_useful
    assert len(keeper.save()) == 14
    assert ScoreKeeper.restore(json.loads(json.dumps(keeper.save()))).score == score


@pytest.mark.parametrize(
    ("error", "yesterday", "quarters", "useful"),
    [(0.5, 0.6, 96, True), (0.5, 0.6, 95, False), (0.5, 0.5, 96, False), (0.7, 0.5, 96, False), (0, 0, 96, True)],
)
def test_a_forecast_has_to_be_better_than_yesterday(
    error: float, yesterday: float, quarters: int, *, useful: bool
) -> None:
    keeper = ScoreKeeper()
    for quarter in range(quarters):
        keeper.add(quarter, error, yesterday, is_inside=True, is_hourly=False)
    score = keeper.score
    assert score is not None
    assert score.is_useful is useful


def test_a_score_of_the_future_gives_way() -> None:
    keeper = ScoreKeeper.restore([[99_999, 96, 1.0, 2.0, 96, 0]])
    keeper.add(20_000 * QUARTERS_A_DAY, 1, 1, is_inside=True, is_hourly=False)
    assert [day[0] for day in keeper.save()] == [20_000]


@pytest.mark.parametrize("saved", [7, [[1]], [["a"] * 6], {"a": 1}, [None], "ab"])
def test_a_score_that_was_not_saved_here_is_refused(saved: Any) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        Forecast().restore_series({"imported": saved})


@pytest.fixture(scope="module")
def lived() -> Meter:
    """Return a meter after five weeks, at noon."""
    meter = Meter("2025-12-10T12:00")
    meter.run(35 * QUARTERS_A_DAY, noisy())
    return meter


def test_24_hours_are_forecast(lived: Meter) -> None:
    state = lived.forecast.state
    assert state is not None
    assert len(state.slots) == QUARTERS_A_DAY
    assert state.slots[0].begin == local_begin(slot(NOON))
    assert state.slots[0].begin.isoformat() == "2026-01-14T12:00:00+01:00"
    by_hour = {each.begin.hour: each for each in state.slots}
    evening, night, noon = by_hour[18], by_hour[3], by_hour[12]
    assert evening.imported is not None
    assert night.imported is not None
    assert noon.exported is not None
    assert evening.imported.mean == pytest.approx(1.3, abs=0.3)
    assert night.imported.mean == pytest.approx(0.3, abs=0.05)
    assert noon.exported.mean == pytest.approx(1.5, abs=0.5)
    assert night.exported == (0, 0, 0)
    for each in state.slots:
        for band in (each.imported, each.exported):
            assert band is not None
            assert band.low <= band.high


def test_it_knows_how_good_it_was(lived: Meter) -> None:
    state = lived.forecast.state
    assert state is not None
    for score in (state.imported, state.exported):
        assert score is not None
        assert score.mae < score.yesterday_mae
        assert 80 < score.inside <= 100
        assert score.hourly == 0
    assert state.imported is not None
    assert 13 * QUARTERS_A_DAY < state.imported.quarters <= 14 * QUARTERS_A_DAY


def test_the_next_hour_and_today_follow_from_the_quarters(lived: Meter) -> None:
    state, quarters = lived.forecast.state, lived.profile.quarters
    assert state is not None
    means = [each.imported.mean for each in state.slots if each.imported is not None]
    assert state.next_hour == pytest.approx(sum(means[:4]) / 4)
    day = slots_of_day(slot(NOON))
    before = [quarters.mean(IMPORT, each) or 0 for each in range(day.start, slot(NOON))]
    assert len(before) == 48
    assert state.today == pytest.approx((sum(before) + sum(means[:48])) / 4)
    assert state.shown[0] == {
        "begin": "2026-01-14T12:00:00+01:00",
        "mean": round(means[0], 3),
        "low": pytest.approx(0.2, abs=0.2),
        "high": pytest.approx(0.4, abs=0.2),
    }


def test_a_telegram_between_changes_nothing(lived: Meter) -> None:
    state = lived.forecast.state
    assert lived.feed(lived.telegram(1)) is state
    assert lived.feed(lived.telegram(899)) is state


def test_a_restart_goes_on(lived: Meter) -> None:
    before = lived.forecast.state
    lived.restart()
    state = lived.feed(lived.telegram(899))
    assert before is not None
    assert state is not None
    assert state.imported is not None
    assert before.imported is not None
    assert tuple(state.imported) == pytest.approx(tuple(before.imported), abs=0.001)
    assert [each.begin for each in state.slots] == [each.begin for each in before.slots]
    for after, each in zip(state.slots, before.slots, strict=True):
        assert after.imported == pytest.approx(each.imported)
        assert after.exported == pytest.approx(each.exported)
    assert state.today == pytest.approx(before.today)


def test_a_house_without_a_habit_has_no_forecast() -> None:
    random = Random(4)  # noqa: S311 -- an invented house
    meter = Meter("2025-12-10T12:00")
    # What was yesterday goes on; what was before says nothing.
    level = [5.0]

    def drifting(time: datetime) -> tuple[float, float]:
        if time.hour == time.minute == 0:
            level[0] = max(0.5, level[0] + random.choice([-1.5, 1.5]))
        return level[0], 0.0

    state = meter.run(30 * QUARTERS_A_DAY, drifting)
    assert state is not None
    assert state.imported is not None
    assert state.imported.mae >= state.imported.yesterday_mae
    assert {each.imported for each in state.slots} == {None}
    assert state.next_hour is None
    assert state.today is None
    assert state.shown == []
    # Nothing was ever exported, and nothing will be.
    assert {each.exported for each in state.slots} == {(0, 0, 0)}


def test_a_new_house_has_no_forecast_yet() -> None:
    meter = Meter(NOON)
    state = meter.run(2 * QUARTERS_A_DAY, noisy())
    assert state is not None
    assert state.imported is None
    assert state.next_hour is None


def test_a_gap_is_filled_by_what_is_usual() -> None:
    meter = Meter("2025-12-10T00:00")
    meter.run(30 * QUARTERS_A_DAY, noisy(3))
    meter.skip(0.2, 0, quarters=20)
    state = meter.run(8, noisy(4))
    assert state is not None
    assert state.today is not None
    assert state.slots[0].begin == local_begin(slot("2026-01-09T07:00"))
    usual = [
        band.mean
        for each in range(slot("2026-01-09T00:00"), slot("2026-01-09T05:00"))
        if (band := band_of(meter.profile.quarters, IMPORT, each)) is not None
    ]
    assert len(usual) == 20
    measured = sum(meter.profile.quarters.mean(IMPORT, meter.slot - back) or 0 for back in range(1, 9))
    ahead = sum(each.imported.mean for each in state.slots[:68] if each.imported is not None)
    # What was four weeks ago then is forgotten by now.
    assert state.today == pytest.approx((sum(usual) + measured + ahead) / 4, rel=0.01)


@pytest.mark.parametrize(
    ("day", "hours"), [pytest.param("2026-03-29", 23, id="spring"), pytest.param("2026-10-25", 25, id="autumn")]
)
def test_the_clock_changes(day: str, hours: int) -> None:
    random = Random(5)  # noqa: S311 -- an invented house
    end = slot(f"{day}T00:00")
    meter = Meter(local_begin(end - 25 * QUARTERS_A_DAY).replace(tzinfo=None).isoformat())

    def kettle(time: datetime) -> tuple[float, float]:
        return (2.0 if time.hour == 7 else 0.4) + random.random() / 100, 0.0

    meter.run(end - meter.slot, kettle)
    state = meter.forecast.state
    assert state is not None
    peaks = [each.begin.hour for each in state.slots if each.imported is not None and each.imported.mean > 1.5]
    assert peaks == [7] * 4
    assert state.today == pytest.approx(hours * 0.405 + 1.6, abs=0.3)
    assert None not in [each.imported for each in state.slots]
    state = meter.run(2 * QUARTERS_A_DAY, kettle)
    assert state is not None
    peaks = [each.begin.hour for each in state.slots if each.imported is not None and each.imported.mean > 1.5]
    assert peaks == [7] * 4
    assert state.imported is not None
    assert state.imported.mae < 0.05


def test_what_the_past_teaches_is_what_was_learned_meanwhile() -> None:
    meter = Meter("2025-12-10T12:00")
    meter.run(33 * QUARTERS_A_DAY, noisy(2))
    outlook = learned(meter.profile.quarters.copy(), IMPORT)
    taught, lived = outlook.keeper.score, meter.forecast.state
    assert taught is not None
    assert lived is not None
    assert lived.imported is not None
    # Two weeks ago it knew two weeks less.
    assert taught.quarters == pytest.approx(lived.imported.quarters, abs=QUARTERS_A_DAY)
    assert taught.mae == pytest.approx(lived.imported.mae, rel=0.05)
    assert learned(Quarters(), IMPORT).keeper.score is None


def test_what_was_taught_is_shown_at_once() -> None:
    meter = Meter(NOON)
    meter.run(2)
    load = noisy(6)
    for each in range(slot(NOON) - SLOTS, slot(NOON)):
        imported, exported = load(local_begin(each))
        meter.profile.quarters.fill(each, IMPORT, imported, Basis.HOUR)
        meter.profile.quarters.fill(each, EXPORT, exported, Basis.HOUR)
    copied = meter.profile.quarters.copy()
    meter.forecast.take(copied, meter.forecast.learned(copied))
    state = meter.forecast.state
    assert state is not None
    assert state.next_hour is not None
    assert state.today is not None
    assert state.imported is not None
    assert state.imported.hourly > 13 * QUARTERS_A_DAY
    assert meter.run(1) is not state
    # What was taught before more was known is not taken.
    meter.profile.quarters.forget_filled()
    state = meter.forecast.state
    meter.forecast.take(copied, meter.forecast.learned(copied))
    assert meter.forecast.state is state


def test_what_is_saved_is_small(lived: Meter) -> None:
    assert len(json.dumps([lived.profile.save_series(), lived.forecast.save_series()])) < 45_000
    assert Forecast().save_series() == {}
