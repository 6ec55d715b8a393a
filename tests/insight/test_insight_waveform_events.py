"""Dips, swells and interruptions, by Urms(1/2) of voltages in closed form."""

from collections.abc import Callable
from dataclasses import replace
from math import sqrt

import pytest

from custom_components.emucs.insight.waveform import Waveform
from custom_components.emucs.insight.waveform_events import Disturbance, DisturbanceType
from tests.insight.waves import (
    SINGLE,
    START,
    WITH_NEUTRAL,
    WITHOUT_NEUTRAL,
    Source,
    Wave,
    spoilt,
    steps,
)

DIP, SWELL, INTERRUPTION = DisturbanceType.DIP, DisturbanceType.SWELL, DisturbanceType.INTERRUPTION
HALF = 0.01
RATES = [(52, 0, 50.0), (79, 0, 50.0), (None, 2600, 50.0), (None, 4000, 50.4)]


def disturbances(source: Source, seconds: float = 3, waveform: Waveform | None = None) -> list[Disturbance]:
    waveform = waveform or Waveform()
    events = [event for samples, time in source.seconds(seconds) for event in waveform.feed(samples, time)]
    return [event for event in events if isinstance(event, Disturbance)]


def on_three(envelope: Callable[[Wave], Wave], **say: object) -> Source:
    return Source(WITH_NEUTRAL, envelope=envelope, **say)  # type: ignore[arg-type]  # what Source takes


@pytest.mark.parametrize(("per_period", "rate", "frequency"), RATES)
@pytest.mark.parametrize("residual", [0.89, 0.7, 0.4, 0.06])
def test_a_dip_has_its_depth_begin_and_duration(
    residual: float, per_period: int | None, rate: float, frequency: float
) -> None:
    half = 0.5 / frequency
    begin, end = 100 * half, 130 * half
    source = Source(SINGLE, per_period, rate, frequency, envelope=steps((begin, end, (residual,) * 3)))
    [event] = disturbances(source)
    assert (event.type, event.phases, event.is_over) == (DIP, ("l1",), True)
    assert event.value == pytest.approx(residual * 230, rel=1e-3)
    assert event.deviation == pytest.approx(100 * (1 - residual), rel=1e-3)
    # A period of which half is at the residual voltage is in the dip only if that takes it below 90 %.
    is_deep = sqrt((1 + residual**2) / 2) < 0.9
    assert event.begin.timestamp() - START == pytest.approx(begin + (0 if is_deep else half), abs=half / 10)
    # It is over with the first period above 92 %.
    is_deep_at_end = sqrt((1 + residual**2) / 2) < 0.92
    expected = 30 * half + (half if is_deep_at_end else 0) - (0 if is_deep else half)
    assert event.duration == pytest.approx(expected, abs=half / 10)


def test_a_swell_has_its_height() -> None:
    [event] = disturbances(on_three(steps((1, 1.3, (1, 1.15, 1)))))
    assert (event.type, event.phases, event.is_over) == (SWELL, ("l2",), True)
    assert event.value == pytest.approx(1.15 * 230, rel=1e-3)
    assert event.deviation == pytest.approx(15, rel=1e-3)
    assert event.duration == pytest.approx(0.3, abs=HALF + 0.001)


@pytest.mark.parametrize("share", [0.905, 1.095])
def test_what_stays_within_a_tenth_is_nothing(share: float) -> None:
    assert disturbances(on_three(steps((1, 2, (share, share, share))))) == []


def test_a_voltage_that_sways_about_the_limit_is_one_dip() -> None:
    sway = [(1 + k / 10, 1.05 + k / 10, (0.88, 1, 1)) for k in range(5)]
    back = [(1.05 + k / 10, 1.1 + k / 10, (0.91, 1, 1)) for k in range(5)]
    [event] = disturbances(on_three(steps(*sway, *back)))
    assert event.value == pytest.approx(0.88 * 230, rel=1e-3)
    assert event.duration == pytest.approx(0.5, abs=2 * HALF)


def test_a_dip_of_several_phases_is_one() -> None:
    [event] = disturbances(on_three(steps((1, 1.3, (0.8, 1, 1)), (1.2, 1.5, (1, 1, 0.6)))))
    assert (event.type, event.phases) == (DIP, ("l1", "l3"))
    assert event.value == pytest.approx(0.6 * 230, rel=1e-3)
    assert event.duration == pytest.approx(0.5, abs=HALF + 0.001)


def test_an_interruption_is_one_of_all_phases() -> None:
    [event] = disturbances(on_three(steps((1, 1.4, (0.02, 0.02, 0.02)))))
    assert (event.type, event.phases, event.is_over) == (INTERRUPTION, ("l1", "l2", "l3"), True)
    assert event.value == pytest.approx(0.02 * 230, rel=1e-3)
    # Whole periods without voltage: half a period in, half a period before the end.
    assert event.begin.timestamp() - START == pytest.approx(1 + HALF, abs=0.001)
    assert event.duration == pytest.approx(0.4 - HALF, abs=0.001)
    [event] = disturbances(on_three(steps((1, 1.4, (0.02, 0.02, 0.3)))))
    assert (event.type, event.phases) == (DIP, ("l1", "l2", "l3"))


def test_a_lost_neutral_is_a_dip_and_a_swell() -> None:
    found = disturbances(on_three(steps((1, 1.5, (0.7, 1.3, 1)))))
    assert {(event.type, event.phases) for event in found} == {(DIP, ("l1",)), (SWELL, ("l2",))}


def test_lines_of_three_phases_without_a_neutral_have_230_volts() -> None:
    source = Source(WITHOUT_NEUTRAL, volts=[{1: (230 / sqrt(3), 0)}] * 3, envelope=steps((1, 1.5, (0.6, 1, 1))))
    [event] = disturbances(source)
    # L1 lies in two of the three voltages between lines.
    assert (event.type, event.phases) == (DIP, ("l1", "l2"))
    assert event.value == pytest.approx(230 / sqrt(3) * sqrt(0.6**2 + 0.6 + 1), rel=1e-3)


def test_what_lasts_for_a_minute_is_told_once_and_other_phases_go_on() -> None:
    envelope = steps((1, 62, (0.5, 1, 1)), (62, 62.3, (0.5, 1, 0.7)), (62.3, 63, (0.5, 1, 1)), (64, 64.2, (0.7, 1, 1)))
    waveform = Waveform()
    source = on_three(envelope, per_period=8)
    first, second, third = disturbances(source, 70, waveform)
    assert (first.phases, first.is_over) == (("l1",), False)
    assert first.duration == pytest.approx(60, abs=2 * HALF)
    assert (second.phases, second.is_over) == (("l3",), True)
    # It counts again once it was as it should be.
    assert (third.phases, third.is_over) == (("l1",), True)
    assert third.begin.timestamp() - START == pytest.approx(64, abs=2 * HALF)
    assert not waveform.is_disturbed


def test_a_phase_that_never_had_a_voltage_is_not_missing() -> None:
    source = on_three(steps((0, 9, (1, 0, 0)), (1, 1.2, (0.5, 0, 0))))
    envelope = steps((0, 1, (1, 0, 0)), (1, 1.2, (0.5, 0, 0)), (1.2, 9, (1, 0, 0)))
    source.envelope = envelope
    [event] = disturbances(source)
    assert (event.type, event.phases) == (DIP, ("l1",))


def gapped(gap: float) -> tuple[list[Disturbance], Waveform]:
    """Return what is found of a dip from 1 s to 4 s of which some is not seen, from 1.5 s on."""
    waveform = Waveform()
    source = Source(SINGLE, envelope=steps((1, 4, (0.5,) * 3)))
    found = disturbances(source, 1.5, waveform)
    source.position += round(gap * source.rate)
    source.is_continuous = False
    return [*found, *disturbances(source, 3, waveform)], waveform


def test_a_dip_goes_on_over_a_lost_sample() -> None:
    [event], waveform = gapped(0.3)
    assert event.is_over
    assert event.duration == pytest.approx(3, abs=2 * HALF)
    assert not waveform.is_disturbed


def test_a_dip_ends_where_the_samples_stop() -> None:
    # What is low when they come again may have been so for long.
    [event], waveform = gapped(1.2)
    assert not event.is_over
    assert event.duration == pytest.approx(0.5, abs=2 * HALF)
    assert not waveform.is_disturbed


def test_a_dip_that_goes_on_is_known() -> None:
    waveform = Waveform()
    assert disturbances(Source(SINGLE, envelope=steps((1, 4, (0.5,) * 3))), 2, waveform) == []
    assert waveform.is_disturbed


def test_corrupt_samples_are_no_dip() -> None:
    source, waveform = Source(), Waveform()
    waveform.feed(source.take(2600), source.time)
    samples = source.take(2600)
    samples.voltage[1000:1050] = 0
    assert waveform.feed(spoilt(samples, slice(1000, 1050)), source.time) == []
    assert not waveform.is_disturbed
    # The same samples, were they right.
    samples = source.take(2600)
    samples.voltage[1000:1050] = 0
    assert [type(event) for event in waveform.feed(replace(samples), source.time)] == [Disturbance]
