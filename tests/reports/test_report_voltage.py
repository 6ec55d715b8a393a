"""What a voltage report is made of."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
import itertools
import threading

import pytest

from custom_components.emucs.insight.voltage_history import GRAIN, TO_STAR_POINT, VoltageGrain
from custom_components.emucs.reports.voltage import VoltageReport
from custom_components.emucs.reports.wording import clock, duration, midnight, monday
from tests.reports.making import MONDAY, report, slot, slots, verdict, wording
from tests.voltage_kept import history_until

NOON = datetime(2026, 6, 3, 10, 0, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


def of(*means: float, **others: object) -> VoltageReport:
    """Return a report of one phase, of slots that follow each other from noon on."""
    seen = [slot(NOON + number * TEN_MINUTES, mean, above=60 * (mean > 253)) for number, mean in enumerate(means)]
    return report(slots={"l1": seen}, **others)


def test_what_is_outside_and_follows_each_other_is_one() -> None:
    voltages = of(252.0, 253.1, 255.0, 254.0, 240.0, 253.5, export={NOON + 2 * TEN_MINUTES: 4.0, NOON: 1.0})
    first, second = voltages.outside("l1", voltages.slots["l1"])
    assert (first.begin, first.end, first.means) == (NOON + TEN_MINUTES, NOON + 4 * TEN_MINUTES, 3)
    assert (first.is_high, first.furthest, first.seconds, first.export) == (True, 255.0, 180, 4.0)
    assert (second.begin, second.means, second.export) == (NOON + 5 * TEN_MINUTES, 1, None)


def test_too_high_and_too_low_are_apart_and_so_is_what_a_gap_parts() -> None:
    voltages = of(254.0, 206.0, 205.0)
    assert [(each.is_high, each.furthest) for each in voltages.outside("l1", voltages.slots["l1"])] == [
        (True, 254.0),
        (False, 205.0),
    ]
    parted = report(slots={"l1": [slot(NOON, 254.0), slot(NOON + 3 * TEN_MINUTES, 254.0)]})
    assert len(list(parted.outside("l1", parted.slots["l1"]))) == 2


def test_what_was_hardly_seen_is_not_outside() -> None:
    voltages = report(slots={"l1": [slot(NOON, 260.0, seconds=539), slot(NOON + TEN_MINUTES, 260.0, seconds=540)]})
    assert [each.begin for each in voltages.outside("l1", voltages.slots["l1"])] == [NOON + TEN_MINUTES]


def test_the_limits_are_those_of_the_band() -> None:
    voltages = of(146.0, 146.2, 119.4, band=TO_STAR_POINT)
    assert [each.furthest for each in voltages.outside("l1", voltages.slots["l1"])] == [146.2, 119.4]


def test_coverage_counts_from_the_first_reading() -> None:
    begin = midnight(MONDAY + timedelta(days=6))
    voltages = report(slots={"l1": list(slots(begin, begin + timedelta(hours=12), lambda _: 230.0)), "l2": []})
    assert voltages.seen_since() == begin
    assert voltages.coverage("l1") == pytest.approx(0.5)
    assert voltages.coverage("l2") == 0


def test_nothing_seen_is_no_coverage_and_no_week() -> None:
    voltages = report(slots={"l1": [], "l2": []})
    assert voltages.coverage("l1") == 0
    assert list(voltages.weeks()) == []
    assert list(report(slots={}).weeks()) == []


@pytest.mark.parametrize(
    ("day", "means"), [(date(2026, 10, 19), 1014), (date(2026, 3, 23), 1002), (date(2026, 6, 1), 1008)]
)
def test_a_week_is_one_of_local_time(day: date, means: int) -> None:
    begin, end = midnight(day), midnight(day + timedelta(days=7))
    before, after = begin - timedelta(days=1), end + timedelta(days=1)
    voltages = report(
        begin=before,
        end=after,
        slots={"l1": list(slots(before, after, lambda _: 230.0))},
        verdicts=[verdict(day, "l1")],
    )
    weeks = list(voltages.weeks())
    assert [week.monday for week in weeks] == [day - timedelta(days=7), day, day + timedelta(days=7)]
    assert [len(week.phases["l1"].known) for week in weeks] == [144, means, 144]
    # Of the two others the period has a day.
    assert [week.means for week in weeks] == [144, means, 144]
    assert [week.phases["l1"].verdict is not None for week in weeks] == [False, True, False]
    assert weeks[1].last == day + timedelta(days=6)
    assert weeks[1].phases["l1"].coverage == 1


def test_moments_are_told_in_local_time() -> None:
    assert clock(datetime(2026, 6, 3, 22, 5, tzinfo=UTC)) == "2026-06-04 00:05"
    assert monday(datetime(2026, 6, 7, 21, 59, tzinfo=UTC)) == date(2026, 6, 1)
    assert monday(datetime(2026, 6, 7, 22, 0, tzinfo=UTC)) == date(2026, 6, 8)


def test_the_repeated_hour_is_marked() -> None:
    times = [clock(datetime(2026, 10, 24, 23, 30, tzinfo=UTC) + timedelta(hours=hour)) for hour in range(4)]
    assert [time.replace("\u00a0", " ") for time in times] == [
        "2026-10-25 01:30",
        "2026-10-25 02:30 (UTC+02)",
        "2026-10-25 02:30 (UTC+01)",
        "2026-10-25 03:30",
    ]


def test_numbers_are_written_as_in_the_language() -> None:
    assert wording("en").volts(253.04) == "253.0\u00a0V"
    assert [wording(language).kilowatts(4.567) for language in ("nl", "fr", "de")] == ["4,57\u00a0kW"] * 3
    # Not all, as long as anything is missing.
    assert [wording().share(share) for share in (0.29, 0.9999, 1.0)] == ["29.0\u00a0%", "99.9\u00a0%", "100.0\u00a0%"]
    assert duration(90061) == "25:01:01"


def test_a_report_is_read_while_the_history_grows() -> None:
    end = datetime(2026, 6, 25, 14, tzinfo=UTC)
    history = history_until(end)
    number = int(end.timestamp()) // GRAIN
    is_over = threading.Event()

    def go_on() -> None:
        for later in itertools.count(number):
            if is_over.is_set():
                return
            for phase in history.phases:
                history.add(later, phase, VoltageGrain(300, 300 * 230**2, 2300, 2300, 0, 0))

    with ThreadPoolExecutor(1) as executor:
        growing = executor.submit(go_on)
        try:
            # Weeks go by meanwhile: what is older than five of them is forgotten from its beginning on.
            for _ in range(20):
                seen = history.slots("l1", end - timedelta(days=20), end, 10)
                assert [slot.start for slot in seen] == sorted({slot.start for slot in seen})
                history.export(end - timedelta(days=20), end, 15)
        finally:
            is_over.set()
        growing.result()
