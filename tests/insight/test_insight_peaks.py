"""Month peaks, from what the meter keeps and from what was seen, and the mean that is billed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
import json
from types import MappingProxyType

import pytest

from custom_components.emucs.insight.demand import ClosedQuarter
from custom_components.emucs.insight.peaks import (
    FLOOR,
    MonthPeak,
    PeakLedger,
    Source,
    billed_average,
    month_at,
    month_begin,
    month_of,
    months_before,
    next_month,
)
from custom_components.emucs.port import MonthDemand, Telegram
from tests.insight.reading import local, telegram
from tests.port.wire import received

JUNE, JULY, AUGUST = date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)
A_JULY_DAY = local("2026-07-14 12:00:00")
STUB = "(632525252525W)(00.000*kW)"


def quarter(end: datetime, value: str, coverage: str = "1") -> ClosedQuarter:
    return ClosedQuarter(
        start=end - timedelta(minutes=15), value=Decimal(value), coverage=Decimal(coverage), estimated=False
    )


def month(number: int, value: str, year: int = 2026) -> MonthDemand:
    """Return an entry of the history: the peak of a month, in the evening of its tenth day."""
    first = date(year, number, 1)
    return MonthDemand(month_begin(next_month(first)), local(f"{first:%Y-%m}-10 18:15:00"), Decimal(value))


def ledger_at(time: datetime, *history: MonthDemand) -> PeakLedger:
    ledger = PeakLedger()
    ledger.feed(telegram(time, "1", history=history), None)
    return ledger


def values(ledger: PeakLedger) -> dict[date, str]:
    return {month: str(peak.value) for month, peak in sorted(ledger.peaks.items())}


def read(time: str, *lines: str) -> Telegram:
    return received(f"0-0:1.0.0({time})", *lines)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("2026-07-14 12:15:00", JULY),
        ("2026-07-31 23:45:00", JULY),
        # A quarter belongs to the month in which it began.
        ("2026-08-01 00:00:00", JULY),
        ("2026-08-01 00:15:00", AUGUST),
        ("2026-01-01 00:00:00", date(2025, 12, 1)),
    ],
)
def test_the_month_of_a_quarter_is_that_of_its_start(end: str, expected: date) -> None:
    assert month_of(local(end)) == expected
    assert month_of(local(end).astimezone(UTC)) == expected


def test_months() -> None:
    assert month_at(local("2026-08-01 00:00:00").astimezone(UTC)) == AUGUST
    assert month_at(local("2026-07-31 23:59:59").astimezone(UTC)) == JULY
    assert months_before(date(2026, 2, 1), 3) == [date(2026, 1, 1), date(2025, 12, 1), date(2025, 11, 1)]
    assert next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    assert next_month(date(2026, 11, 1)) == date(2026, 12, 1)


class TestAWrongClock:
    """What a meter dated by a clock that was wrong is no month's peak."""

    @pytest.mark.parametrize("time", ["000101001500W", "990714120000S", "260814120000S"])
    def test_of_the_running_month(self, time: str) -> None:
        ledger = PeakLedger()
        ledger.feed(read("260714120000S", f"1-0:1.6.0({time})(94.329*kW)"), None)
        assert not ledger.peaks

    def test_in_the_history(self) -> None:
        history = (
            "0-0:98.1.0(3)(1-0:1.6.0)(1-0:1.6.0)(000201000000W)(000103184500W)(94.329*kW)"
            "(260701000000S)(260603184500S)(04.329*kW)(990701000000S)(990603184500S)(99.999*kW)"
        )
        ledger = PeakLedger()
        ledger.feed(read("260714120000S", history), None)
        assert values(ledger) == {date(2026, 6, 1): "4.329"}


class TestPeakOfTheRunningMonth:
    """1.6.0."""

    def test_is_the_meters(self) -> None:
        ledger = PeakLedger()
        ledger.feed(read("260714120000S", "1-0:1.6.0(260703184500S)(04.329*kW)"), None)
        assert ledger.running == MonthPeak(Decimal("4.329"), local("2026-07-03 18:45:00"), Source.METER)
        assert ledger.running.time.isoformat() == "2026-07-03T18:45:00+02:00"

    def test_value_first_and_twelve_digits(self) -> None:
        ledger = PeakLedger()
        ledger.feed(read("260114120000W", "1-0:1.6.0(08.796*kW)(260102010000)"), None)
        assert ledger.running == MonthPeak(Decimal("8.796"), local("2026-01-02 01:00:00"), Source.METER)

    def test_counts_for_the_month_that_its_time_stands_in(self) -> None:
        # After midnight the meter still shows the peak of the month that closed.
        ledger = PeakLedger()
        ledger.feed(read("260801000500S", "1-0:1.6.0(260703184500S)(04.329*kW)"), None)
        assert ledger.running is None
        assert values(ledger) == {JULY: "4.329"}

    def test_exactly_midnight_is_still_the_old_month(self) -> None:
        ledger = PeakLedger()
        ledger.feed(read("260801001000S", "1-0:1.6.0(260801000000S)(05.000*kW)"), None)
        assert ledger.running is None
        assert values(ledger) == {JULY: "5.000"}

    def test_the_first_quarter_of_the_month(self) -> None:
        ledger = PeakLedger()
        ledger.feed(read("260801001500S", "1-0:1.6.0(260801001500S)(00.250*kW)"), None)
        assert values(ledger) == {AUGUST: "0.250"}

    def test_a_month_without_import(self) -> None:
        ledger = PeakLedger()
        ledger.feed(read("260714120000S", "1-0:1.6.0(260701001500S)(00.000*kW)"), None)
        assert values(ledger) == {JULY: "0.000"}

    @pytest.mark.parametrize(
        "line",
        [
            "1-0:1.6.0(260701000000S)(00.000*kW)",  # what it prints before the first quarter has ended
            f"1-0:1.6.0{STUB}",
            "1-0:1.6.0()",
            "1-0:1.6.0(260703184500S)(04.329*kvar)",
            "0-0:96.14.0(0001)",
        ],
    )
    def test_stubs(self, line: str) -> None:
        ledger = PeakLedger()
        ledger.feed(read("260714120000S", line), None)
        assert ledger.peaks == {}
        assert ledger.running is None

    def test_rises_and_never_falls(self) -> None:
        ledger = PeakLedger()
        for value in ("3", "4", "3.5"):
            ledger.feed(telegram(A_JULY_DAY, "1", peak=(value, A_JULY_DAY)), None)
        assert values(ledger) == {JULY: "4"}

    def test_a_telegram_without_time(self) -> None:
        ledger = PeakLedger()
        assert ledger.feed(telegram(None, "1", peak=("4", A_JULY_DAY)), None) is None
        assert ledger.peaks == {}


class TestHistory:
    """98.1.0, through the reader."""

    def test_is_known_from_the_first_telegram_on(self) -> None:
        ledger = PeakLedger()
        ledger.feed(
            read(
                "260714120000S",
                "0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)"
                "(260601000000S)(260510181500S)(03.100*kW)(260701000000S)(260610181500S)(04.200*kW)",
            ),
            None,
        )
        assert values(ledger) == {date(2026, 5, 1): "3.100", JUNE: "4.200"}
        assert ledger.peaks[JUNE] == MonthPeak(Decimal("4.2"), local("2026-06-10 18:15:00"), Source.HISTORY)

    @pytest.mark.parametrize(
        ("history", "expected"),
        [
            # The newest first.
            (
                (
                    "(2)(1-0:1.6.0)(1-0:1.6.0)(260701000000S)(260610181500S)(04.200*kW)"
                    "(260601000000S)(260510181500S)(03.100*kW)"
                ),
                {date(2026, 5, 1): "3.100", JUNE: "4.200"},
            ),
            # A gap of months.
            (
                (
                    "(2)(1-0:1.6.0)(1-0:1.6.0)(250901000000S)(250810181500S)(03.100*kW)"
                    "(260701000000S)(260610181500S)(04.200*kW)"
                ),
                {date(2025, 8, 1): "3.100", JUNE: "4.200"},
            ),
            # Months in which the meter was not in use.
            (
                (
                    f"(3)(1-0:1.6.0)(1-0:1.6.0)(260501000000S){STUB}(260601000000S)(260501000000S)(00.000*kW)"
                    "(260701000000S)(260610181500S)(04.200*kW)"
                ),
                {JUNE: "4.200"},
            ),
            # The end of a quarter that is the end of its month.
            ("(1)(1-0:1.6.0)(1-0:1.6.0)(260701000000S)(260701000000S)(04.200*kW)", {JUNE: "4.200"}),
            # Twelve digits.
            ("(1)(1-0:1.6.0)(1-0:1.6.0)(260101000000)(251210181500)(04.200*kW)", {date(2025, 12, 1): "4.200"}),
            ("(0)(1-0:1.6.0)(1-0:1.6.0)()", {}),
            ("(0)(1-0:1.6.0)(1-0:1.6.0)", {}),
        ],
    )
    def test_as_meters_print_it(self, history: str, expected: dict[date, str]) -> None:
        ledger = PeakLedger()
        ledger.feed(read("260714120000S", f"0-0:98.1.0{history}"), None)
        assert values(ledger) == expected

    def test_corrects_what_was_observed(self) -> None:
        ledger = ledger_at(A_JULY_DAY)
        ledger.feed(telegram(A_JULY_DAY, "1"), quarter(A_JULY_DAY, "4.237"))
        assert ledger.peaks[JULY].source is Source.OBSERVED
        ledger.feed(telegram(local("2026-08-01 00:00:01"), "1", history=(month(7, "4.25"),)), None)
        assert ledger.peaks[JULY] == MonthPeak(Decimal("4.25"), local("2026-07-10 18:15:00"), Source.HISTORY)

    def test_also_downwards(self) -> None:
        ledger = ledger_at(A_JULY_DAY)
        ledger.feed(telegram(A_JULY_DAY, "1"), quarter(A_JULY_DAY, "9"))
        ledger.feed(telegram(local("2026-08-01 00:00:01"), "1", history=(month(7, "4.25"),)), None)
        assert values(ledger) == {JULY: "4.25"}

    def test_and_the_meters_own_running_peak_stays_what_it_was(self) -> None:
        # The month closes: for a quarter of an hour 1.6.0 says the same as the new entry.
        ledger = ledger_at(local("2026-07-31 23:59:59"))
        late = local("2026-08-01 00:05:00")
        ledger.feed(telegram(late, "1", peak=("4.25", local("2026-07-10 18:15:00")), history=(month(7, "4.25"),)), None)
        assert ledger.peaks[JULY].source is Source.HISTORY
        assert ledger.running is None


class TestObservedQuarters:
    """By a meter that keeps no peaks."""

    def test_are_peaks(self) -> None:
        ledger = PeakLedger()
        ledger.feed(telegram(A_JULY_DAY, "1"), None)
        for number, value in enumerate(("2", "5", "3")):
            end = A_JULY_DAY + timedelta(hours=number)
            ledger.feed(telegram(end, "1"), quarter(end, value))
        assert ledger.running == MonthPeak(Decimal(5), A_JULY_DAY + timedelta(hours=1), Source.OBSERVED)

    @pytest.mark.parametrize(("coverage", "counts"), [("0.9", True), ("0.89", False)])
    def test_seen_for_less_than_nine_tenths_are_none(self, coverage: str, counts: bool) -> None:  # noqa: FBT001
        ledger = PeakLedger()
        ledger.feed(telegram(A_JULY_DAY, "1"), quarter(A_JULY_DAY, "5", coverage))
        assert (JULY in ledger.peaks) is counts

    def test_the_last_one_belongs_to_the_month_that_ends(self) -> None:
        ledger = PeakLedger()
        midnight = local("2026-08-01 00:00:00")
        ledger.feed(telegram(midnight, "1"), quarter(midnight, "5"))
        assert values(ledger) == {JULY: "5"}
        assert ledger.running is None

    def test_the_meter_knows_better(self) -> None:
        ledger = PeakLedger()
        ledger.feed(telegram(A_JULY_DAY, "1"), quarter(A_JULY_DAY, "5.004"))
        printed = telegram(A_JULY_DAY, "1", peak=("5", A_JULY_DAY))
        ledger.feed(printed, None)
        assert values(ledger) == {JULY: "5"}
        ledger.feed(printed, quarter(A_JULY_DAY, "6"))
        assert values(ledger) == {JULY: "5"}


class TestNewPeak:
    """It is told of once."""

    def test_is_told_once(self) -> None:
        ledger = ledger_at(A_JULY_DAY)
        told = [
            ledger.feed(telegram(A_JULY_DAY + timedelta(minutes=n), "1", peak=(value, A_JULY_DAY + shift)), None)
            for n, (value, shift) in enumerate(
                [
                    ("3", timedelta()),
                    ("3", timedelta()),
                    ("4", timedelta(minutes=15)),
                    ("4", timedelta(minutes=15)),
                    ("3.9", timedelta(minutes=30)),
                ]
            )
        ]
        assert [str(peak.value) for peak in told if peak] == ["3", "4"]
        assert [peak is not None for peak in told] == [True, False, True, False, False]

    def test_the_peak_that_the_first_telegram_tells_is_old(self) -> None:
        ledger = PeakLedger()
        assert ledger.feed(telegram(A_JULY_DAY, "1", peak=("3", A_JULY_DAY)), None) is None
        assert values(ledger) == {JULY: "3"}

    def test_observed_and_then_confirmed_is_one(self) -> None:
        ledger = ledger_at(A_JULY_DAY)
        end = A_JULY_DAY + timedelta(minutes=15)
        assert ledger.feed(telegram(end, "1"), quarter(end.astimezone(UTC), "3.9996"))
        assert ledger.feed(telegram(end + timedelta(seconds=1), "1", peak=("4", end)), None) is None
        assert values(ledger) == {JULY: "4"}

    def test_the_first_quarter_of_a_month_is_one(self) -> None:
        ledger = ledger_at(local("2026-07-31 23:59:59"))
        last = ("4", local("2026-07-10 18:15:00"))
        assert ledger.feed(telegram(local("2026-08-01 00:00:00"), "1", peak=last), None) is None
        first = ("0.2", local("2026-08-01 00:15:00"))
        peak = ledger.feed(telegram(first[1], "1", peak=first), None)
        assert peak == MonthPeak(Decimal("0.2"), first[1], Source.METER)

    def test_not_again_after_a_restart_but_what_came_meanwhile(self) -> None:
        ledger = ledger_at(A_JULY_DAY)
        ledger.feed(telegram(A_JULY_DAY, "1", peak=("4", A_JULY_DAY)), None)
        again = PeakLedger.restore(json.loads(json.dumps(ledger.save())))
        assert again.feed(telegram(A_JULY_DAY, "1", peak=("4", A_JULY_DAY)), None) is None
        higher = A_JULY_DAY + timedelta(hours=1)
        again = PeakLedger.restore(json.loads(json.dumps(ledger.save())))
        peak = again.feed(telegram(higher, "1", peak=("5", higher)), None)
        assert peak is not None
        assert peak.value == 5


def test_survives_a_restart() -> None:
    ledger = ledger_at(local("2026-07-01 00:00:10"), month(5, "3.1"), month(6, "4.2"))
    ledger.feed(telegram(A_JULY_DAY, "1", counter="1000", peak=("2.345", A_JULY_DAY)), None)
    ledger.feed(telegram(local("2026-08-01 00:00:00"), "1", counter="1200"), None)
    end = local("2026-08-01 00:15:00")
    ledger.feed(telegram(end, "1", counter="1200.25"), quarter(end, "1"))
    again = PeakLedger.restore(json.loads(json.dumps(ledger.save())))
    assert again.peaks == ledger.peaks
    assert [peak.source for peak in again.peaks.values()] == ["history", "history", "meter", "observed"]
    assert again.running is None
    assert again.average() is None
    again.feed(telegram(end, "1", counter="1210"), None)
    assert again.running == ledger.running
    assert again.average() == ledger.average()
    assert again.imported(AUGUST) == 10


@pytest.mark.parametrize("keeps", [True, False])
def test_keeps_a_bounded_number_of_months(keeps: bool) -> None:  # noqa: FBT001
    ledger = PeakLedger()
    for year in range(2020, 2030):
        for number in range(1, 13):
            end = local(f"{year}-{number:02}-01 00:15:00")
            if keeps:
                ledger.feed(telegram(end, "1", counter="1", peak=("3", end)), None)
            else:
                ledger.feed(telegram(end, "1", counter="1"), quarter(end, "3"))
    assert min(ledger.peaks) == date(2025, 1, 1)
    assert len(ledger.peaks) == 60
    assert len(ledger.save()["counters"]) == 60


class TestEnergyOfAMonth:
    """What the maximum tariff counts in."""

    def test_is_from_midnight_to_midnight(self) -> None:
        ledger = PeakLedger()
        for time, counter in [
            ("2026-06-30 23:59:59", "999"),
            ("2026-07-01 00:00:00", "1000"),
            ("2026-07-01 00:00:01", "1001"),
            ("2026-07-14 12:00:00", "1100"),
        ]:
            ledger.feed(telegram(local(time), "1", counter=counter), None)
        assert ledger.imported(JULY) == 100
        ledger.feed(telegram(local("2026-08-01 00:00:05"), "1", counter="1250"), None)
        assert ledger.imported(JULY) == 250
        assert ledger.imported(AUGUST) == 0
        assert ledger.imported(JUNE) is None

    def test_is_not_known_where_the_start_was_not_seen(self) -> None:
        ledger = PeakLedger()
        ledger.feed(telegram(local("2026-07-01 01:00:01"), "1", counter="1000"), None)
        assert ledger.imported(JULY) is None

    def test_is_not_known_without_a_counter(self) -> None:
        ledger = PeakLedger()
        ledger.feed(telegram(local("2026-07-01 00:00:00"), "1"), None)
        assert ledger.imported(JULY) is None
        ledger.feed(telegram(local("2026-07-01 00:00:10"), "1", counter="1000"), None)
        ledger.feed(telegram(local("2026-07-01 00:00:20"), "1"), None)
        assert ledger.imported(JULY) is None

    def test_is_not_known_where_the_counter_was_set(self) -> None:
        ledger = PeakLedger()
        ledger.feed(telegram(local("2026-07-01 00:00:00"), "1", counter="1000"), None)
        ledger.forget_counter()
        ledger.feed(telegram(local("2026-07-02 00:00:00"), "1", counter="9000"), None)
        assert ledger.imported(JULY) is None
        ledger.feed(telegram(local("2026-08-01 00:00:05"), "1", counter="9250"), None)
        ledger.feed(telegram(local("2026-08-02 00:00:00"), "1", counter="9260"), None)
        assert ledger.imported(JULY) is None
        assert ledger.imported(AUGUST) == 10

    def test_is_not_known_of_two_meters(self) -> None:
        ledger = PeakLedger()
        ledger.feed(telegram(local("2026-07-01 00:00:00"), "1", counter="1000"), None)
        ledger.feed(telegram(local("2026-07-02 00:00:00"), "1", counter="5"), None)
        assert ledger.imported(JULY) is None


# The public worked example, May to April, with what each month counts as:
# https://nl.wikibooks.org/wiki/Energietransitie/Capaciteitstarief
EXAMPLE = MappingProxyType(
    {
        date(2025, 5, 1): ("0.632", "2.5"),
        date(2025, 6, 1): ("4.600", "4.6"),
        date(2025, 7, 1): ("0.000", "2.5"),
        date(2025, 8, 1): ("1.028", "2.5"),
        date(2025, 9, 1): ("3.444", "3.444"),
        date(2025, 10, 1): ("4.164", "4.164"),
        date(2025, 11, 1): ("4.564", "4.564"),
        date(2025, 12, 1): ("6.000", "6"),
        date(2026, 1, 1): ("9.200", "9.2"),
        date(2026, 2, 1): ("5.000", "5"),
        date(2026, 3, 1): ("4.120", "4.12"),
        date(2026, 4, 1): ("4.880", "4.88"),
    }
)
IN_MAY = local("2026-05-14 12:00:00")


def example() -> tuple[MonthDemand, ...]:
    return tuple(month(first.month, peak, first.year) for first, (peak, _) in EXAMPLE.items())


class TestBilledAverage:
    """The mean over twelve months of what each month counts as."""

    def test_worked_example(self) -> None:
        # The example prints 4.546 kW, and 1.782 times the minimum of 2.5 kW. The first is a slip of two digits: its
        # months add up to 53.472, a twelfth of which is 4.456, which is 1.782 times 2.5.
        ledger = ledger_at(IN_MAY, *example())
        average = ledger.average()
        assert average is not None
        assert (average.value, average.months) == (Decimal("4.456"), 12)
        assert round(average.value / FLOOR, 3) == Decimal("1.782")
        assert average.value == sum(Decimal(billed) for _, billed in EXAMPLE.values()) / 12

    def test_twelve_months_that_give_4_546(self) -> None:
        # The same, had June seen 1.08 kW more.
        peaks = [Decimal(peak) for peak, _ in EXAMPLE.values()]
        peaks[1] += Decimal("1.08")
        average = billed_average(peaks)
        assert average is not None
        assert average.value == Decimal("4.546")

    def test_the_floor_comes_before_the_mean(self) -> None:
        average = billed_average([Decimal(1)] * 6 + [Decimal(4)] * 6)
        # Not max(2.5, (6 x 1 + 6 x 4) / 12), which is 2.5.
        assert average is not None
        assert average.value == Decimal("3.25")

    @pytest.mark.parametrize(
        ("peaks", "value"), [(["0"] * 12, "2.5"), (["2.5"], "2.5"), (["2.501"], "2.501"), (["1", "4"], "3.25")]
    )
    def test_with_fewer_months_it_is_the_mean_of_those(self, peaks: list[str], value: str) -> None:
        average = billed_average([Decimal(peak) for peak in peaks])
        assert average is not None
        assert average.value == Decimal(value)
        assert average.months == len(peaks)
        assert type(average.value) is Decimal

    def test_of_nothing(self) -> None:
        assert billed_average([]) is None
        assert PeakLedger().average() is None
        assert PeakLedger().average_with(Decimal(3)) is None
        assert PeakLedger().rank(Decimal(3)) is None

    def test_a_year_with_a_gap(self) -> None:
        # Two of the twelve months before July are not known, and the years before do not stand in for them.
        known = [month(n, "4") for n in (1, 2, 3, 4, 5)] + [month(n, "6", 2025) for n in (7, 8, 9, 11, 12)]
        ledger = ledger_at(A_JULY_DAY, month(6, "20", 2025), month(5, "20", 2025), *known)
        average = ledger.average()
        assert average is not None
        assert (average.value, average.months) == (Decimal(5), 10)

    def test_as_it_stands(self) -> None:
        # May takes the place of the May before: 0.632 kW, which counted as 2.5.
        ledger = ledger_at(IN_MAY, *example())
        standing = ledger.average_with(Decimal("8.5"))
        assert standing is not None
        assert standing.months == 12
        assert standing.value == Decimal("4.456") + Decimal(6) / 12

    def test_as_it_stands_while_nothing_of_the_month_is_known(self) -> None:
        ledger = ledger_at(IN_MAY, *example())
        assert ledger.average_with(None) == ledger.average()

    def test_moves_on_with_the_month(self) -> None:
        ledger = ledger_at(IN_MAY, *example())
        ledger.feed(telegram(local("2026-06-01 00:00:00"), "1", history=(*example(), month(5, "8.5"))), None)
        average = ledger.average()
        assert average is not None
        assert average.value == Decimal("4.956")

    def test_rank(self) -> None:
        ledger = ledger_at(IN_MAY, *example())
        assert ledger.rank(Decimal("9.3")) == 1
        assert ledger.rank(Decimal("9.2")) == 1
        assert ledger.rank(Decimal("5.5")) == 3
        # A year ago is out of it.
        assert ledger.rank(Decimal("0.5")) == 11
