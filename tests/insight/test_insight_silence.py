"""The longest time without a telegram today."""

from datetime import UTC, datetime, timedelta
import json

import pytest

from custom_components.emucs.insight.silence import LongestSilence
from custom_components.emucs.port import Telegram

NOON = datetime(2026, 3, 28, 11, 0, tzinfo=UTC)


def at(time: datetime | None) -> Telegram:
    """Return a telegram that prints a time, and nothing else."""
    return Telegram("XXX5", None, None, time, {}, {}, ())


def fed(*seconds: float, begin: datetime = NOON, silence: LongestSilence | None = None) -> LongestSilence:
    """Return what is known after telegrams so many seconds after a time."""
    silence = silence or LongestSilence()
    for second in seconds:
        silence.feed(at(begin + timedelta(seconds=second)))
    return silence


def longest(silence: LongestSilence) -> float:
    """Return the longest gap in seconds."""
    return silence.state.longest.total_seconds()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param((0,), 0, id="first telegram"),
        pytest.param((0, 1, 2, 12, 13), 10, id="one gap"),
        pytest.param((0, 10, 5, 6), 10, id="clock set back"),
        pytest.param((0, 1, 12 * 3600 - 1, 12 * 3600 + 30), 31, id="a new day begins with the gap that ends in it"),
    ],
)
def test_longest_gap_of_the_day(seconds: tuple[float, ...], expected: float) -> None:
    assert longest(fed(*seconds)) == expected


def test_a_day_with_a_clock_change_is_one_day() -> None:
    # The night in which the clocks go forward: 02:00 is 03:00.
    begin = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert longest(fed(0, 3600, 3700, begin=begin)) == 3600


def test_nothing_is_known_without_a_time() -> None:
    silence = LongestSilence()
    assert silence.feed(at(None)) is None
    assert LongestSilence.restore(None, silence.save()).state is None


def test_a_restart_is_a_gap_like_any_other() -> None:
    saved = json.loads(json.dumps(fed(0, 20, 21).save()))
    silence = LongestSilence.restore(None, saved)
    assert longest(silence) == 20
    assert longest(fed(22, silence=silence)) == 20
    assert longest(fed(90, silence=silence)) == 68
