"""Random samples, computed a second time in plain Python: sums, a slow transform, and nothing of numpy."""

from cmath import exp
from math import fsum, pi, sqrt

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from custom_components.emucs.insight.waveform import PhaseWaveform, Rotation, Waveform
from custom_components.emucs.insight.waveform_events import HalfPeriods
from custom_components.emucs.insight.waveform_windows import grid_of, wave_of
from custom_components.emucs.port.s1 import Samples
from tests.insight.waves import START

EXACT = 1e-6
PERIODS = 10

type Column = list[float]


def mean(values: Column) -> float:
    return fsum(values) / len(values)


def rms(values: Column) -> float:
    return sqrt(mean([value * value for value in values]))


def harmonic(values: Column, order: int) -> complex:
    """Return the RMS phasor of a harmonic in ten periods."""
    turn = -2j * pi * PERIODS * order / len(values)
    parts = [value * exp(turn * number) for number, value in enumerate(values)]
    return complex(fsum(part.real for part in parts), fsum(part.imag for part in parts)) * sqrt(2) / len(values)


def sequences(first: complex, second: complex, third: complex) -> tuple[float, float]:
    """Return the positive and the negative sequence of three phasors."""
    turn = exp(2j * pi / 3)
    return abs(first + turn * second + turn**2 * third) / 3, abs(first + turn**2 * second + turn * third) / 3


@st.composite
def random_samples(draw: st.DrawFn) -> Samples:
    """Return ten periods of noise on waves: of any size, shape and phase."""
    per_period = draw(st.sampled_from([8, 20, 51, 52, 64, 79]))
    is_polyphase, has_neutral = draw(st.sampled_from([(False, False), (True, False), (True, True)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = PERIODS * per_period
    angles = 2 * np.pi * np.arange(count) / per_period
    waves = rng.normal(0, draw(st.sampled_from([0.0, 1.0, 30.0])), (count, 7))
    for column in range(7):
        size = draw(st.sampled_from([0, 0.001, 1, 10, 230, 300])) if column > 2 else draw(st.floats(150, 300))
        at = rng.uniform(0, 2 * np.pi)
        waves[:, column] += size * np.cos(angles + at)
        waves[:, column] += size / 10 * np.cos(int(rng.integers(2, 26)) * angles + rng.uniform(0, 6))
    waves[:, [1, 2, 4, 5]] *= is_polyphase
    return Samples(
        *("1SAG0000000011", is_polyphase, has_neutral, per_period, per_period * 50.0, 50.0, 0),
        is_continuous=False,
        voltage=waves[:, :3],
        current=waves[:, 3:],
        good=np.ones(count, np.bool_),
    )


def check_phase(phase: PhaseWaveform, volts: Column, amperes: Column, highest: int) -> None:
    assert phase.voltage == pytest.approx(rms(volts), rel=EXACT)
    assert phase.current == pytest.approx(rms(amperes), rel=EXACT, abs=1e-12)
    for told, thd, values, least in (
        (phase.voltage_harmonics, phase.voltage_thd, volts, 23),
        (phase.current_harmonics, phase.current_thd, amperes, 0.05),
    ):
        sizes = [abs(harmonic(values, order)) for order in range(1, highest + 1)]
        assert bool(told) == (sizes[0] >= least)
        if told:
            assert told == pytest.approx([100 * size / sizes[0] for size in sizes[1:]], rel=EXACT, abs=1e-7)
            assert thd == pytest.approx(100 * sqrt(fsum(size**2 for size in sizes[1:])) / sizes[0], rel=EXACT, abs=1e-7)


def check_power(phase: PhaseWaveform, volts: Column, amperes: Column) -> None:
    size = rms(volts) * rms(amperes)
    watts = mean([u * i for u, i in zip(volts, amperes, strict=True)])
    fundamental = harmonic(volts, 1) * harmonic(amperes, 1).conjugate()
    assert phase.active == pytest.approx(watts, rel=EXACT, abs=1e-9 * (1 + size))
    assert phase.reactive == pytest.approx(fundamental.imag, rel=EXACT, abs=1e-9 * (1 + size))
    assert phase.apparent == pytest.approx(size, rel=EXACT)
    assert phase.power_factor == (pytest.approx(watts / size, rel=EXACT, abs=1e-9) if size else None)


@given(samples=random_samples())
@settings(max_examples=60, deadline=None, database=None)
def test_ten_periods_are_what_a_second_computation_says(samples: Samples) -> None:
    waveform = Waveform()
    waveform.feed(samples, START)
    state = waveform.state
    assert state is not None
    u1, u2, u3 = (samples.voltage[:, phase].tolist() for phase in range(3))
    i1, i2, i3, _ = (samples.current[:, phase].tolist() for phase in range(4))
    highest = min(25, -(-(samples.per_period - 1) // 2) - 1 if samples.per_period else 0)
    if not samples.is_polyphase:
        check_phase(state.phases["l1"], u1, i1, highest)
        check_power(state.phases["l1"], u1, i1)
        assert state.active == state.phases["l1"].active
    elif samples.has_neutral:
        for phase, volts, amperes in zip(state.phases.values(), (u1, u2, u3), (i1, i2, i3), strict=True):
            check_phase(phase, volts, amperes, highest)
            check_power(phase, volts, amperes)
        assert state.active == pytest.approx(fsum(phase.active or 0 for phase in state.phases.values()))
        check_sequences(state.rotation, state.unbalance, [harmonic(each, 1) for each in (u1, u2, u3)])
    else:
        between = [third - first for first, third in zip(u1, u3, strict=True)]
        back = i2 if any(i2) else [-first - third for first, third in zip(i1, i3, strict=True)]
        for phase, volts, amperes in zip(state.phases.values(), (u1, between, u3), (i1, back, i3), strict=True):
            check_phase(phase, volts, amperes, highest)
        watts = mean([a * b + c * d for a, b, c, d in zip(u1, i1, u3, i3, strict=True)])
        assert state.active == pytest.approx(watts, rel=EXACT, abs=1e-6)
        star = [[a - (a + c) / 3, -(a + c) / 3, c - (a + c) / 3] for a, c in zip(u1, u3, strict=True)]
        columns = [list(column) for column in zip(*star, strict=True)]
        apparent = fsum(rms(volts) * rms(amperes) for volts, amperes in zip(columns, (i1, back, i3), strict=True))
        assert state.apparent == pytest.approx(apparent, rel=EXACT)
        check_sequences(state.rotation, state.unbalance, [harmonic(each, 1) for each in columns])


def check_sequences(rotation: Rotation | None, unbalance: float | None, phasors: list[complex]) -> None:
    forward, backward = sequences(*phasors)
    weaker, stronger = sorted((forward, backward))
    if stronger >= 23 and weaker <= stronger / 2:
        assert rotation is (Rotation.CLOCKWISE if forward > backward else Rotation.COUNTERCLOCKWISE)
        assert unbalance == pytest.approx(100 * weaker / stronger, rel=EXACT)
    else:
        assert (rotation, unbalance) == (None, None)


@given(samples=random_samples(), cut=st.integers(1, 700))
@settings(max_examples=60, deadline=None, database=None)
def test_periods_each_half_period_are_what_a_second_computation_says(samples: Samples, cut: int) -> None:
    wave = wave_of(samples, grid_of(samples))
    times, voltages = HalfPeriods().feed(samples, wave, START)
    per_period = samples.per_period or 0
    count = len(samples.good)
    begins = [number * per_period // 2 for number in range(2 * PERIODS - 1)]
    assert len(times) == len(begins)
    for begin, time, row in zip(begins, times.tolist(), voltages.tolist(), strict=True):
        expected = [rms(wave.voltage[begin : begin + per_period, phase].tolist()) for phase in range(3)]
        assert row == pytest.approx(expected, rel=EXACT, abs=1e-12)
        middle = START - (count - 1 - begin - per_period / 2) / samples.rate
        assert time == pytest.approx(middle, abs=0.6 / samples.rate)
