"""A report of a simulated week in which something happened, held against what was true of it."""

from datetime import date, datetime, timedelta

import pytest

from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.insight.voltage import Voltage
from custom_components.emucs.insight.voltage_history import OF_230_V, VoltageVerdict
from custom_components.emucs.port import Reader
from custom_components.emucs.reports.voltage import VoltageReport
from custom_components.emucs.reports.wording import clock, midnight
from virtual_meter.weeks import AUTUMN, SLOT, TrueSlot, true_slots, two_weeks

PERIOD = 20
MONDAY = date(2026, 10, 19)
PHASES = ("l1", "l2", "l3")


@pytest.fixture(scope="module")
def week() -> tuple[VoltageReport, list[TrueSlot]]:
    """Return the report of a week, and what was true of it."""
    moments = list(two_weeks(period=PERIOD, days=8))
    insights, reader = MeterInsights("1SAG3100000042", {}), Reader()
    for moment in moments:
        for telegram in reader.feed(moment.telegram):
            insights.feed(telegram, moment.truth.time)
    history = insights[Voltage].history
    begin, end = midnight(MONDAY), midnight(MONDAY + timedelta(days=7))
    report = VoltageReport(
        meter="1SAG3100000042",
        model=None,
        grid=insights.grid,
        band=history.band or OF_230_V,
        minutes=10,
        begin=begin,
        end=end,
        slots={phase: history.slots(phase, begin, end, 10) for phase in history.phases},
        export=history.export(begin, end, 10),
        verdicts=history.weeks,
    )
    return report, list(true_slots(moments))


def test_means_are_the_true_ones(week: tuple[VoltageReport, list[TrueSlot]]) -> None:
    report, truth = week
    whole = {each.start: each for each in truth if each.telegrams == SLOT // PERIOD}
    assert report.slots.keys() == set(PHASES)
    for place, phase in enumerate(PHASES):
        compared = [(slot, whole[slot.start]) for slot in report.slots[phase] if slot.start in whole]
        assert len(compared) > 900
        # A voltage holds until the next telegram, so that one of them may belong to the slot beside; an interruption
        # is none.
        apart = [abs(slot.mean - true.rms[place]) for slot, true in compared if true.lowest[place] > 100]
        assert max(apart) < 1.6
        assert sum(apart) / len(apart) < 0.05
    exported = [(report.export[each.start], each.export) for each in whole.values() if each.start in report.export]
    assert sum(abs(one - true) for one, true in exported) / len(exported) < 0.05


def test_what_happened_is_outside_the_limits(week: tuple[VoltageReport, list[TrueSlot]]) -> None:
    report, _ = week
    found = [each for phase in PHASES for each in report.outside(phase, report.slots[phase])]
    assert ("2026-10-20 12:00", True) in {(clock(each.begin), each.is_high) for each in found}
    assert ("2026-10-21 18:10", False) in {(clock(each.begin), each.is_high) for each in found}
    # All within the days on which something happened.
    assert {clock(each.begin)[:10] for each in found} <= {f"2026-10-{day}" for day in (20, 21, 22, 23)}
    assert {each.verdict for each in report.verdicts if each.begin == MONDAY} == {VoltageVerdict.OUTSIDE}


def test_what_was_not_heard_is_missing_and_the_week_has_an_hour_more(
    week: tuple[VoltageReport, list[TrueSlot]],
) -> None:
    report, _ = week
    [found] = report.weeks()
    assert found.means == 1014
    for phase in found.phases.values():
        # Two hours from 03:02 on: of the slots at both ends too little was seen.
        assert 1014 - 16 <= len(phase.known) <= 1014 - 12
    # The phase that was missing for 20 minutes had no voltage meanwhile.
    assert [round(phase.coverage, 3) for phase in found.phases.values()] == [0.988, 0.988, 0.986]
    starts = {slot.start for slot in report.slots["l1"]}
    silent = datetime(2026, 10, 24, 3, 10, tzinfo=AUTUMN.tzinfo)
    assert not starts & {silent + timedelta(minutes=10 * number) for number in range(11)}
