"""What samples have shown of the voltage is kept, within bounds, and over restarts."""

from datetime import UTC, datetime, timedelta
import json

import pytest

from custom_components.emucs.insight.power_quality import KeptDisturbance, PowerQuality

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NUMBER = int(NOON.timestamp()) // 600
DAY = timedelta(days=1)


def dip(begin: datetime) -> KeptDisturbance:
    """Return a dip."""
    return KeptDisturbance("dip", ("l1",), 180.0, begin, 0.2, is_over=True)


def test_what_happened_in_a_time_is_kept_over_restarts() -> None:
    quality = PowerQuality()
    assert quality.save_series() == {}
    quality.take(dip(NOON + DAY))
    quality.take(dip(NOON))
    quality.take_distortion(NUMBER, {"l1": 3.0, "l3": 2.0})
    quality.take_distortion(NUMBER + 1, {"l1": 1.5})
    again = PowerQuality()
    again.restore_series(json.loads(json.dumps(quality.save_series())))
    for each in (quality, again):
        assert each.disturbances(NOON, NOON + 2 * DAY) == [dip(NOON), dip(NOON + DAY)]
        assert each.disturbances(NOON, NOON + DAY) == [dip(NOON)]
        assert each.distortion(NOON, NOON + DAY) == {"l1": [1.5, 3.0], "l3": [2.0]}
        assert each.distortion(NOON + DAY, NOON + 2 * DAY) == {}


def test_it_forgets_the_oldest() -> None:
    quality = PowerQuality()
    for number in range(1200):
        quality.take(dip(NOON + timedelta(seconds=number)))
    kept = quality.disturbances(NOON, NOON + DAY)
    assert (len(kept), kept[0].begin) == (1000, NOON + timedelta(seconds=200))
    for number in range(5500):
        quality.take_distortion(NUMBER + number, {"l1": 1.0})
    assert len(quality.distortion(NOON, NOON + 60 * DAY)["l1"]) == 37 * 144


@pytest.mark.parametrize("begin", ["2026-06-01T12:00:00", "noon"])
def test_what_is_no_time_is_refused(begin: str) -> None:
    saved = {"disturbances": [["dip", ["l1"], 1.0, begin, 0.1, True]], "distortion": []}
    with pytest.raises(ValueError, match=begin):
        PowerQuality().restore_series(saved)
