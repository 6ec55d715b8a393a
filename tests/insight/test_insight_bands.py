"""Time bands by their tables, hour by hour, and the holidays that some of them know."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from custom_components.emucs.insight.bands import band_sets
from custom_components.emucs.insight.holidays import easter, holidays, is_holiday

BRUSSELS = ZoneInfo("Europe/Brussels")
HOUR = timedelta(hours=1)

# A letter an hour, from midnight on, written by hand from what is published.
BIHOURLY = "oooooooppppoooooopppppoo"
IMPACT = "meeeeeemmmmeeeeeepppppmm"
DAY = "nnnnnnndddddddddddddddnn"
NIGHT = "n" * 24
PEAK = "ooooooopppppppppppppppoo"
OFF = "o" * 24
LETTERS = {"o": "off_peak", "p": "peak", "e": "eco", "m": "medium", "d": "day", "n": "night"}
# Monday to Sunday; 14 May 2026, a Thursday, is Ascension.
WEEKS = {
    "wallonia_bihourly": [BIHOURLY] * 7,
    "wallonia_impact": [IMPACT] * 7,
    "flanders": [DAY, DAY, DAY, DAY, DAY, NIGHT, NIGHT],
    "brussels": [PEAK, PEAK, PEAK, OFF, PEAK, OFF, OFF],
}


def band(key: str, letter: str) -> str:
    return "pic" if key == "wallonia_impact" and letter == "p" else LETTERS[letter]


def hours_of(first: date, days: int) -> Iterator[datetime]:
    """Yield the hours of local days, in UTC: 23 or 25 where the clock changes."""
    moment = datetime.combine(first, datetime.min.time(), BRUSSELS).astimezone(UTC)
    while moment.astimezone(BRUSSELS).date() < first + timedelta(days=days):
        yield moment
        moment += HOUR


@pytest.mark.parametrize("key", list(WEEKS))
def test_set_is_as_its_table_says_each_hour_of_a_week_with_a_holiday(key: str) -> None:
    monday = date(2026, 5, 11)
    for moment in hours_of(monday, 7):
        local = moment.astimezone(BRUSSELS)
        expected = band(key, WEEKS[key][local.weekday()][local.hour])
        for within in (0, 1, 1799, 3599):
            assert band_sets()[key].at(moment + timedelta(seconds=within)) == expected, local


def test_every_set_is_tested() -> None:
    assert set(WEEKS) == set(band_sets())
    for key, week in WEEKS.items():
        assert {band(key, letter) for day in week for letter in day} == set(band_sets()[key].bands)


@pytest.mark.parametrize("key", list(WEEKS))
@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_hours_are_local_where_the_clock_changes(key: str, day: date) -> None:
    moments = list(hours_of(day, 1))
    assert len(moments) == (23 if day.month == 3 else 25)
    for moment in moments:
        local = moment.astimezone(BRUSSELS)
        assert band_sets()[key].at(moment) == band(key, WEEKS[key][6][local.hour]), local


def test_zone_of_the_asking_host_does_not_matter() -> None:
    flanders = band_sets()["flanders"]
    moment = datetime(2026, 7, 6, 5, 30, tzinfo=UTC)  # 7.30 of a Monday
    for zone in ("UTC", "America/New_York", "Pacific/Auckland"):
        assert flanders.at(moment.astimezone(ZoneInfo(zone))) == "day"
        assert flanders.next_change(moment.astimezone(ZoneInfo(zone))) == datetime(2026, 7, 6, 20, tzinfo=UTC)


@pytest.mark.parametrize("key", list(WEEKS))
def test_next_change_is_the_first_time_with_another_band(key: str) -> None:
    bands = band_sets()[key]
    # Over Easter and Ascension, and over Christmas and New Year, with both changes of the clock.
    for first, days in ((date(2026, 3, 27), 50), (date(2026, 10, 23), 4), (date(2026, 12, 23), 12)):
        moments = list(hours_of(first, days + 8))
        for index, moment in enumerate(moments[: days * 24]):
            after = next(each for each in moments[index + 1 :] if bands.at(each) != bands.at(moment))
            assert bands.next_change(moment) == after
            assert bands.next_change(moment + timedelta(minutes=59, seconds=59)) == after


def test_set_is_unknown_before_it_holds_and_says_when_it_begins() -> None:
    for key, first in (("wallonia_impact", (2026, 1, 1)), ("brussels", (2018, 4, 1))):
        bands, begin = band_sets()[key], datetime(*first, tzinfo=BRUSSELS)
        assert bands.at(begin - timedelta(seconds=1)) is None
        assert bands.at(begin) is not None
        assert bands.next_change(begin - timedelta(days=100)) == begin


def test_set_is_unknown_after_the_years_for_which_it_is_published() -> None:
    end = datetime(2030, 1, 1, tzinfo=BRUSSELS)
    for key in ("wallonia_impact", "wallonia_bihourly"):
        bands = band_sets()[key]
        assert bands.at(end - timedelta(seconds=1)) is not None
        assert bands.next_change(end - timedelta(hours=1, minutes=30)) == end
        assert bands.at(end) is None
        assert bands.next_change(end) is None


@pytest.mark.parametrize("key", list(WEEKS))
def test_spans_are_whole_bands_without_a_gap(key: str) -> None:
    bands = band_sets()[key]
    begin, end = datetime(2026, 10, 24, 9, tzinfo=UTC), datetime(2026, 11, 3, 9, tzinfo=UTC)
    spans = list(bands.spans(begin, end))
    assert spans[0][0] <= begin < spans[0][1]
    assert spans[-1][0] < end <= spans[-1][1]
    assert all(until == start and one != other for (_, until, one), (start, _, other) in pairwise(spans))
    for start, until, each in spans:
        assert bands.at(start - timedelta(seconds=1)) != each == bands.at(start)
        assert bands.at(until - timedelta(seconds=1)) == each != bands.at(until)


def test_spans_leave_out_what_is_not_known() -> None:
    bands = band_sets()["wallonia_impact"]
    assert not list(bands.spans(datetime(2031, 1, 1, tzinfo=UTC), datetime(2031, 2, 1, tzinfo=UTC)))
    first, *_ = bands.spans(datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    assert first == (datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 1, 1, 0, tzinfo=UTC), "medium")
    *_, last = bands.spans(datetime(2029, 12, 30, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC))
    assert last[1:] == (datetime(2029, 12, 31, 23, tzinfo=UTC), "medium")


# As calendars print it.
@pytest.mark.parametrize(
    "sunday",
    [
        date(1818, 3, 22),
        date(1943, 4, 25),
        date(2000, 4, 23),
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2027, 3, 28),
        date(2028, 4, 16),
        date(2038, 4, 25),
        date(2285, 3, 22),
    ],
)
def test_easter(sunday: date) -> None:
    assert easter(sunday.year) == sunday


def test_holidays_are_the_ten_of_belgium() -> None:
    assert sorted(holidays(2026)) == [
        date(2026, 1, 1),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 5, 14),
        date(2026, 5, 25),
        date(2026, 7, 21),
        date(2026, 8, 15),
        date(2026, 11, 1),
        date(2026, 11, 11),
        date(2026, 12, 25),
    ]
    # In 2008 Ascension was on Labour Day.
    assert len(holidays(2008)) == 9
    assert is_holiday(date(2027, 5, 17))
    assert not is_holiday(date(2026, 4, 5)), "Easter Sunday is a Sunday like others"
    assert not is_holiday(date(2026, 12, 26))
