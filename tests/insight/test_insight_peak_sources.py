"""Month peaks by the best source there is, and of which share of the month they are known."""

from datetime import date, datetime, timedelta
from decimal import Decimal
import json
from types import MappingProxyType

import pytest

from custom_components.emucs.insight.peaks import MonthPeak, PeakLedger, Source
from custom_components.emucs.port import Register, Telegram, obis
from tests.insight.reading import local, telegram
from tests.insight.test_insight_peaks import A_JULY_DAY, AUGUST, JULY, JUNE, ledger_at, month, quarter, values


def undated(time: datetime, value: str) -> Telegram:
    """Return the telegram of a meter that does not say when its peak was."""
    each = telegram(time, "1")
    return each._replace(registers={**each.registers, obis.MONTH_PEAK: Register(Decimal(value), "kW")})


class TestAPeakWithoutItsTime:
    """1.6.0 of a meter that does not say when it was."""

    MIDNIGHT = local("2026-08-01 00:00:00")

    def test_is_of_the_running_month(self) -> None:
        ledger = PeakLedger()
        ledger.feed(undated(A_JULY_DAY, "4.2"), None)
        assert ledger.running == MonthPeak(Decimal("4.2"), None, Source.METER)
        # One that rises does so when a quarter ends.
        peak = ledger.feed(undated(A_JULY_DAY + timedelta(seconds=2), "4.5"), None)
        assert peak == ledger.running == MonthPeak(Decimal("4.5"), A_JULY_DAY, Source.METER)

    def test_was_when_the_quarter_was_that_came_to_it(self) -> None:
        ledger = ledger_at(A_JULY_DAY)
        end = A_JULY_DAY + timedelta(minutes=15)
        assert ledger.feed(telegram(end, "1"), quarter(end, "4.1996"))
        assert ledger.feed(undated(end + timedelta(minutes=20), "4.2"), None) is None
        assert ledger.running == MonthPeak(Decimal("4.2"), end, Source.METER)

    @pytest.mark.parametrize("restart", [False, True])
    @pytest.mark.parametrize("reset", ["0.000", "0.350"])
    def test_is_the_last_months_until_it_changes(self, reset: str, restart: bool) -> None:  # noqa: FBT001
        ledger = PeakLedger()
        ledger.feed(undated(self.MIDNIGHT - timedelta(seconds=1), "4.2"), None)
        for minutes in (0, 5, 16):
            if restart:
                ledger = PeakLedger.restore(json.loads(json.dumps(ledger.save())))
            assert ledger.feed(undated(self.MIDNIGHT + timedelta(minutes=minutes), "4.2"), None) is None
            assert ledger.running is None
        ledger.feed(undated(self.MIDNIGHT + timedelta(minutes=17), reset), None)
        assert values(ledger) == {JULY: "4.2", AUGUST: reset}

    def test_of_a_month_that_has_just_begun_is_nobodys(self) -> None:
        ledger = PeakLedger()
        ledger.feed(undated(self.MIDNIGHT + timedelta(minutes=5), "4.2"), None)
        ledger.feed(undated(self.MIDNIGHT + timedelta(minutes=10), "0.000"), None)
        assert values(ledger) == {}
        ledger.feed(undated(self.MIDNIGHT + timedelta(minutes=15), "0.300"), None)
        assert values(ledger) == {AUGUST: "0.300"}


class TestTheBetterSource:
    """What is official counts, then what the meter said in time, then what was observed."""

    OTHER = MappingProxyType({JULY: Decimal("9.9")})
    LATER = local("2026-08-10 12:00:00")

    def closed(self, *telegrams: Telegram) -> PeakLedger:
        """Return a ledger in August, of what a meter printed in July."""
        ledger = ledger_at(A_JULY_DAY)
        ledger.feed(telegram(A_JULY_DAY, "1"), quarter(A_JULY_DAY, "5"))
        for each in (*telegrams, telegram(self.LATER, "1")):
            ledger.feed(each, None)
        return ledger

    @pytest.mark.parametrize(
        ("said", "own"),
        [
            ((), MonthPeak(Decimal(5), A_JULY_DAY, Source.OBSERVED)),
            (
                (telegram(A_JULY_DAY, "1", peak=("5.1", A_JULY_DAY)),),
                MonthPeak(Decimal("5.1"), A_JULY_DAY, Source.METER),
            ),
        ],
    )
    def test_an_export_counts_and_gives_back_what_was_there(self, said: tuple[Telegram, ...], own: MonthPeak) -> None:
        ledger = self.closed(*said)
        assert ledger.peaks == {JULY: own}
        assert ledger.takes_import(JULY)
        ledger.set_imported(self.OTHER)
        official = MonthPeak(Decimal("9.9"), None, Source.IMPORTED)
        assert ledger.peaks == {JULY: official}
        assert not ledger.takes_import(JULY)
        again = PeakLedger.restore(json.loads(json.dumps(ledger.save())))
        assert again.peaks == {JULY: official}
        again.set_imported({})
        assert again.peaks == {JULY: own}

    def test_the_meters_own_list_comes_first(self) -> None:
        ledger = self.closed(telegram(self.LATER, "1", history=(month(7, "5.2"),)))
        ledger.set_imported(self.OTHER)
        assert not ledger.takes_import(JULY)
        assert ledger.peaks[JULY].source is Source.HISTORY

    @pytest.mark.parametrize("first", ["list", "register"])
    def test_the_list_is_not_corrected_by_the_register(self, first: str) -> None:
        ledger = ledger_at(A_JULY_DAY)
        both = {
            "list": telegram(self.LATER, "1", history=(month(7, "3"),)),
            "register": telegram(self.LATER, "1", peak=("4.321", A_JULY_DAY)),
        }
        for each in (both.pop(first), *both.values()):
            ledger.feed(each, None)
        assert values(ledger) == {JULY: "3"}

    def test_no_export_knows_the_running_month(self) -> None:
        ledger = self.closed()
        assert not ledger.takes_import(AUGUST)
        ledger.set_imported({AUGUST: Decimal(7)})
        assert AUGUST not in ledger.peaks
        ledger.feed(telegram(local("2026-09-01 00:00:00"), "1"), None)
        assert AUGUST not in ledger.peaks

    def test_quarters_where_the_meter_does_not_print_its_peak_any_more(self) -> None:
        ledger = ledger_at(A_JULY_DAY)
        ledger.feed(telegram(A_JULY_DAY, "1", peak=("4", A_JULY_DAY)), None)
        later = A_JULY_DAY + timedelta(hours=1)
        ledger.feed(telegram(later, "1"), quarter(later, "3"))
        assert values(ledger) == {JULY: "4"}
        ledger.feed(telegram(later, "1"), quarter(later, "6"))
        assert ledger.running == MonthPeak(Decimal(6), later, Source.OBSERVED)


class TestCoverage:
    """Of which share of a month its peak is known."""

    @staticmethod
    def observed(begin: str, end: str = "2026-08-01 00:00:00", *, shows: bool = False) -> PeakLedger:
        """Return a ledger in August that has seen all quarters of a time."""
        ledger, time = PeakLedger(), local(begin)
        peak = ("3", time - timedelta(minutes=15)) if shows else None
        while time <= local(end):
            ledger.feed(telegram(time, "1", peak=peak), quarter(time, "3"))
            time += timedelta(minutes=15)
        ledger.feed(telegram(local("2026-08-20 00:00:00"), "1"), None)
        return ledger

    @pytest.mark.parametrize(
        ("begin", "coverage", "whole"),
        [("2026-07-01 00:15:00", "1", True), ("2026-07-04 00:00:00", "0.9", True), ("2026-07-16 12:15", "0.5", False)],
    )
    def test_of_a_month_that_was_observed(self, begin: str, coverage: str, whole: bool) -> None:  # noqa: FBT001
        ledger = self.observed(begin)
        assert ledger.peaks[JULY].source is Source.OBSERVED
        assert round(ledger.coverage(JULY), 2) == Decimal(coverage)
        # A part of a month says little of its peak: no mean is taken of it.
        assert (ledger.average() is not None) is whole
        again = PeakLedger.restore(json.loads(json.dumps(ledger.save())))
        again.feed(telegram(local("2026-08-20 00:00:01"), "1"), None)
        assert again.coverage(JULY) == ledger.coverage(JULY)
        assert again.average() == ledger.average()

    def test_of_a_month_that_the_meter_watched(self) -> None:
        # It knows of the days before it was read, too.
        assert self.observed("2026-07-30 12:15:00", shows=True).coverage(JULY) > Decimal("0.99")
        ledger = self.observed("2026-07-14 12:15:00", "2026-07-16 12:00:00", shows=True)
        assert ledger.peaks[JULY].source is Source.METER
        assert round(ledger.coverage(JULY), 3) == Decimal("0.5")
        assert ledger.average() is None

    def test_of_a_month_that_the_meter_shows_after_its_end(self) -> None:
        ledger = PeakLedger()
        ledger.feed(telegram(local("2026-08-01 00:05:00"), "1", peak=("3", A_JULY_DAY)), None)
        assert ledger.coverage(JULY) == 1
        assert ledger.average() is not None

    def test_of_what_is_official(self) -> None:
        ledger = ledger_at(A_JULY_DAY, month(6, "4"))
        ledger.set_imported({date(2026, 5, 1): Decimal(3)})
        assert ledger.coverage(JUNE) == ledger.coverage(date(2026, 5, 1)) == 1
        assert ledger.coverage(date(2026, 4, 1)) == 0

    def test_of_the_running_month_is_of_what_is_over_of_it(self) -> None:
        ledger, time = PeakLedger(), local("2026-07-01 00:15:00")
        for _ in range(10):
            ledger.feed(telegram(time, "1"), quarter(time, "3"))
            time += timedelta(minutes=15)
        assert ledger.coverage(JULY) == 1
        ledger.feed(telegram(local("2026-07-01 05:00:00"), "1"), None)
        assert ledger.coverage(JULY) == Decimal("0.5")


def test_what_the_first_version_saved() -> None:
    saved = {
        "peaks": {
            "2026-03-01": ["3", None, "imported"],
            "2026-04-01": ["4", "2026-04-10T18:15:00+02:00", "history"],
            "2026-05-01": ["5", "2026-05-10T18:15:00+02:00", "meter"],
            "2026-06-01": ["6", "2026-06-10T18:15:00+02:00", "observed"],
        },
        "counters": {"2026-06-01": "1000"},
    }
    ledger = PeakLedger.restore(saved)
    ledger.feed(telegram(A_JULY_DAY, "1"), None)
    assert [(peak.source, str(peak.value)) for peak in ledger.peaks.values()] == [
        ("imported", "3"),
        ("history", "4"),
        ("meter", "5"),
        ("observed", "6"),
    ]
    # How much of June was seen is not known.
    average = ledger.average()
    assert average is not None
    assert (average.value, average.months) == (Decimal(4), 3)
    ledger.set_imported({})
    assert date(2026, 3, 1) not in ledger.peaks
