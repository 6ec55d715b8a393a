"""Days of the backtest of a group, and how they are judged."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bench import backtest, together
from bench.street import Gap, Month, Trouble, live, trouble_of
from bench.together import Life, Outcome, compare, covered, table
from custom_components.emucs.insight.demand import ClosedQuarter
from virtual_meter import Neighbourhood

DAY = 86_400
HOURS = 4 * 3600
COUNT = 3
EVENING = datetime(2026, 3, 8, 16, tzinfo=UTC)
NOTHING = Trouble(((),) * COUNT, ())


def lived(trouble: Trouble, begin: datetime, seconds: int) -> Month:
    """Let a street of some households live."""
    street = Neighbourhood(COUNT, 3, begin, gas=False, water=False, history_months=0)
    return live(street, seconds, trouble, seed=3)


def judged(month: Month) -> Outcome:
    """Compare it with its truth."""
    return compare(Life(COUNT, 3, 1), month)


@pytest.fixture(scope="module")
def untroubled() -> Month:
    """Return an evening in which nothing goes wrong."""
    return lived(NOTHING, EVENING, HOURS)


def peak_of(month: Month) -> ClosedQuarter:
    """Return the highest quarter."""
    return max(month.closed.values(), key=lambda each: each.value)


def test_an_evening_without_trouble_is_exact(untroubled: Month) -> None:
    outcome = judged(untroubled)
    assert (outcome.lost, outcome.known, outcome.partly, outcome.wrong) == (0.0, 14, 0, 0)
    assert (outcome.energy, outcome.net, outcome.quarters) == (0, 0, 0)
    assert list(outcome.failures()) == []
    assert outcome.peak == pytest.approx(outcome.any_peak, abs=Decimal("0.02"))
    assert outcome.peak < outcome.single_peaks
    # What some import while others export is no exchange of the group.
    assert outcome.exchanged < Decimal("0.02")


def test_a_day_with_silences_and_restarts_loses_nothing() -> None:
    month = lived(trouble_of(3, COUNT, DAY), EVENING - timedelta(hours=17), DAY)
    outcome = judged(month)
    assert outcome.lost > 0.1
    assert outcome.known > 20
    assert outcome.partly > 20
    assert month.away
    assert list(outcome.failures()) == []


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_restart_in_the_quarter_of_the_peak_loses_nothing(untroubled: Month, *, is_kept: bool) -> None:
    second = int((peak_of(untroubled).start - EVENING).total_seconds()) + 300
    month = lived(Trouble(NOTHING.silences, ((second, second + 40, is_kept),)), EVENING, HOURS)
    assert month.lost
    assert list(judged(month).failures()) == []


def test_the_quarter_of_the_peak_is_none_while_a_member_is_silent(untroubled: Month) -> None:
    peak = peak_of(untroubled)
    second = int((peak.start - EVENING).total_seconds()) + 300
    month = lived(Trouble((((second, second + 200),), *NOTHING.silences[1:]), ()), EVENING, HOURS)
    outcome = judged(month)
    assert not month.closed[peak.end].counts
    assert outcome.peak < judged(untroubled).peak
    assert list(outcome.failures()) == []


def test_what_gaps_cover_is_counted_once() -> None:
    def gap(begin: int, end: int) -> Gap:
        return Gap(EVENING + timedelta(seconds=begin), EVENING + timedelta(seconds=end))

    end = EVENING + timedelta(seconds=900)
    assert covered(EVENING, end, []) == 0
    assert covered(EVENING, end, [gap(-50, 100), gap(80, 120), gap(90, 95)]) == 120
    assert covered(EVENING, end, [gap(800, 2000), gap(10, 20)]) == 110
    assert covered(EVENING, end, [gap(900, 2000), gap(-20, 0)]) == 0


def test_failures_say_what_is_wrong() -> None:
    good = Outcome(Life(2, 1, 1), 0.0, peak=Decimal(4), true_peak=Decimal("4.01"))
    assert list(good.failures()) == []
    for wrong in (
        replace(good, energy=Decimal("0.001")),
        replace(good, net=Decimal("-0.001")),
        replace(good, quarters=Decimal("0.002")),
        replace(good, wrong=1),
        replace(good, error=17),
        replace(good, peak=Decimal("3.9")),
    ):
        assert len(list(wrong.failures())) == 1
    assert len(list(table([good]))) == 3


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "SIZES", (2,))
    monkeypatch.setattr(together, "ProcessPoolExecutor", ThreadPoolExecutor)
    assert backtest.main(["--group", "--days", "1"]) == 0
    assert "| 2 households |" in capsys.readouterr().out
