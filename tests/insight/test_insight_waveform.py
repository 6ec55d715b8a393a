"""What samples say of ten periods, against waves in closed form: to a thousandth."""

from dataclasses import replace
from datetime import UTC, datetime
from math import cos, hypot, pi, sin, sqrt

import numpy as np
import pytest

from custom_components.emucs.insight.grid import Grid
from custom_components.emucs.insight.waveform import Rotation, TenMinutes, Waveform, WaveformEvent, WaveformState
from custom_components.emucs.port.s1 import S1Reader
from tests.insight.waves import (
    SINGLE,
    START,
    THIRD,
    WITH_NEUTRAL,
    WITHOUT_NEUTRAL,
    Harmonics,
    Source,
    spoilt,
    steps,
)
from tests.port.s1_wire import WITH_NEUTRAL as FOUR_WIRE_BITS, frame

EXACT = 1e-3
RATES = [
    pytest.param(52, 0, 50.0, id="52 a period"),
    pytest.param(52, 0, 49.731, id="52 a period, slow grid"),
    pytest.param(79, 0, 50.2, id="79 a period"),
    pytest.param(None, 2600, 50.0, id="2600 a second"),
    pytest.param(None, 2600, 49.731, id="2600 a second, slow grid"),
    pytest.param(None, 4000, 50.413, id="4000 a second, fast grid"),
    pytest.param(None, 4000, 51.9, id="4000 a second, very fast grid"),
]
VOLTS: Harmonics = {1: (231.5, 0.3), 3: (2.3, 1), 5: (9.2, 2), 7: (4.6, -1), 11: (1.2, 0), 19: (0.9, 1.5)}
AMPERES: Harmonics = {1: (8.2, -0.2), 3: (3.1, 0.9), 5: (1.4, -2), 9: (0.5, 0), 13: (0.3, 1)}


def rms(harmonics: Harmonics) -> float:
    return sqrt(sum(size**2 for size, _ in harmonics.values()))


def active(volts: Harmonics, amperes: Harmonics) -> float:
    return sum(volts[k][0] * amperes[k][0] * cos(volts[k][1] - amperes[k][1]) for k in volts.keys() & amperes.keys())


def reactive(volts: Harmonics, amperes: Harmonics) -> float:
    return volts[1][0] * amperes[1][0] * sin(volts[1][1] - amperes[1][1])


def thd(harmonics: Harmonics) -> float:
    return 100 * sqrt(sum(size**2 for order, (size, _) in harmonics.items() if order > 1)) / harmonics[1][0]


def turned(harmonics: Harmonics, angle: float, factor: float = 1.0) -> Harmonics:
    """Return a wave that is earlier by an angle of its fundamental, and larger."""
    return {order: (factor * size, at + order * angle) for order, (size, at) in harmonics.items()}


def state_of(source: Source, seconds: float = 1.0) -> WaveformState:
    waveform = Waveform()
    for samples, time in source.seconds(seconds):
        assert waveform.feed(samples, time) == []
    assert waveform.state is not None
    return waveform.state


@pytest.mark.parametrize(("per_period", "rate", "frequency"), RATES)
def test_a_phase_is_right_to_a_thousandth(per_period: int | None, rate: float, frequency: float) -> None:
    source = Source(SINGLE, per_period, rate, frequency, [VOLTS], [AMPERES])
    state = state_of(source)
    assert [*state.phases] == ["l1"]
    phase = state.phases["l1"]
    watts, vars_, va = active(VOLTS, AMPERES), reactive(VOLTS, AMPERES), rms(VOLTS) * rms(AMPERES)
    assert phase.voltage == pytest.approx(rms(VOLTS), rel=EXACT)
    assert phase.current == pytest.approx(rms(AMPERES), rel=EXACT)
    assert phase.active == state.active == pytest.approx(watts, rel=EXACT)
    assert phase.reactive == state.reactive == pytest.approx(vars_, rel=EXACT)
    assert phase.apparent == state.apparent == pytest.approx(va, rel=EXACT)
    assert phase.power_factor == state.power_factor == pytest.approx(watts / va, rel=EXACT)
    assert phase.voltage_thd == pytest.approx(thd(VOLTS), rel=EXACT)
    assert phase.current_thd == pytest.approx(thd(AMPERES), rel=EXACT)
    assert phase.voltage_harmonics == pytest.approx(
        [100 * VOLTS.get(order, (0, 0))[0] / VOLTS[1][0] for order in range(2, 26)], rel=EXACT, abs=0.002
    )
    assert phase.current_harmonics == pytest.approx(
        [100 * AMPERES.get(order, (0, 0))[0] / AMPERES[1][0] for order in range(2, 26)], rel=EXACT, abs=0.002
    )
    assert state.frequency == pytest.approx(frequency, abs=0.001)
    assert (state.grid, state.rotation, state.unbalance, state.neutral) == (SINGLE, None, None, None)


def test_three_phases_with_a_neutral() -> None:
    volts = [VOLTS, turned(VOLTS, 0, 0.99), turned(VOLTS, 0, 1.02)]
    amperes = [AMPERES, turned(AMPERES, -1, 0.5), turned(AMPERES, pi)]
    state = state_of(Source(WITH_NEUTRAL, volts=volts, amperes=amperes))
    each = [active(*pair) for pair in zip(volts, amperes, strict=True)]
    apparent = [rms(u) * rms(i) for u, i in zip(volts, amperes, strict=True)]
    assert [phase.active for phase in state.phases.values()] == pytest.approx(each, rel=EXACT)
    # The third one feeds in.
    assert each[2] < 0
    assert state.active == pytest.approx(sum(each), rel=EXACT)
    assert state.apparent == pytest.approx(sum(apparent), rel=EXACT)
    assert state.power_factor == pytest.approx(sum(each) / sum(apparent), rel=EXACT)
    assert state.neutral is not None
    assert (state.grid, state.rotation) == (WITH_NEUTRAL, Rotation.CLOCKWISE)


def test_the_neutral_carries_the_third_harmonic_of_all() -> None:
    state = state_of(Source(WITH_NEUTRAL, amperes=[{1: (10, 0), 3: (2, 1)}] * 3))
    assert state.neutral == pytest.approx(6, rel=EXACT)
    assert state.unbalance == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("share", [0.01, 0.02, 0.2])
def test_unbalance_is_negative_by_positive_sequence(share: float) -> None:
    # The negative sequence turns the other way: what lags by a third leads by one.
    sequence = [{1: (230, 0.0)} for _ in range(3)]
    volts: list[Harmonics] = []
    for phase, direct in enumerate(sequence):
        inverse = 230 * share * np.exp(1j * (0.7 + 2 * phase * THIRD))
        total = direct[1][0] + complex(inverse)
        volts.append({1: (abs(total), float(np.angle(total)))})
    state = state_of(Source(WITH_NEUTRAL, volts=volts))
    assert state.unbalance == pytest.approx(100 * share, rel=EXACT)
    assert state.rotation is Rotation.CLOCKWISE


@pytest.mark.parametrize("grid", [WITH_NEUTRAL, WITHOUT_NEUTRAL])
def test_two_phases_that_are_exchanged_turn_the_field(grid: Grid) -> None:
    size = 230 if grid is WITH_NEUTRAL else 230 / sqrt(3)
    there, back = [{1: (size, 0)}] * 3, [{1: (size, 2 * phase * THIRD)} for phase in range(3)]
    assert state_of(Source(grid, volts=there)).rotation is Rotation.CLOCKWISE
    exchanged = state_of(Source(grid, volts=back))
    assert exchanged.rotation is Rotation.COUNTERCLOCKWISE
    assert exchanged.unbalance == pytest.approx(0, abs=1e-6)


def test_phases_of_one_voltage_have_no_rotation() -> None:
    same = [{1: (230, phase * THIRD)} for phase in range(3)]
    assert state_of(Source(WITH_NEUTRAL, volts=same)).rotation is None
    one = [{1: (230, 0)}, {}, {}]
    state = Waveform()
    source = Source(WITH_NEUTRAL, volts=one)
    state.feed(source.take(2600), source.time)
    assert state.state is not None
    assert (state.state.rotation, state.state.unbalance) == (None, None)
    phase = state.state.phases["l2"]
    assert (phase.voltage, phase.voltage_thd, phase.voltage_harmonics, phase.power_factor) == (0, None, (), None)


@pytest.mark.parametrize("is_measured", [True, False])
def test_two_wattmeters_on_three_phases_without_a_neutral(*, is_measured: bool) -> None:
    # To the star point, which no wire has.
    volts = [{1: (230 / sqrt(3), 0.2), 5: (3, 1)}, {1: (229 / sqrt(3), 0.21)}, {1: (228 / sqrt(3), 0.18)}]
    phasors = [size * np.exp(1j * (at - phase * THIRD)) for phase, (size, at) in enumerate(u[1] for u in volts)]
    # A heater from L1 to L3: what flows there comes back here. Beside it a motor on all three.
    between = (phasors[0] - phasors[2]) / 25
    amperes: list[Harmonics] = []
    total = 0j
    for phase, back in enumerate((between, 0, -between)):
        current = back + 4 * np.exp(1j * (-0.5 - phase * THIRD))
        total += phasors[phase] * np.conj(current)
        amperes.append({1: (abs(current), float(np.angle(current)) + phase * THIRD)})
    source = Source(WITHOUT_NEUTRAL, volts=volts, amperes=amperes)
    samples = source.take(2600)
    if not is_measured:
        samples.current[:, 1] = 0
    waveform = Waveform()
    waveform.feed(samples, source.time)
    state = waveform.state
    assert state is not None
    assert state.active == pytest.approx(total.real, rel=EXACT)
    assert state.reactive == pytest.approx(total.imag, rel=EXACT)
    lines = [rms_of(volts, 0, 1), rms_of(volts, 2, 0), rms_of(volts, 2, 1)]
    assert [phase.voltage for phase in state.phases.values()] == pytest.approx(lines, rel=EXACT)
    currents = [rms(each) for each in amperes]
    assert [phase.current for phase in state.phases.values()] == pytest.approx(currents, rel=EXACT)
    assert {phase.active for phase in state.phases.values()} == {None}
    assert (state.grid, state.rotation, state.neutral) == (WITHOUT_NEUTRAL, Rotation.CLOCKWISE, None)


def rms_of(volts: list[Harmonics], first: int, second: int) -> float:
    """Return the RMS voltage from one phase to another."""
    total = 0.0
    for order in {*volts[first], *volts[second]}:
        one, other = (
            size * np.exp(1j * (at - order * phase * THIRD))
            for phase in (first, second)
            for size, at in [volts[phase].get(order, (0.0, 0.0))]
        )
        total += abs(one - other) ** 2
    return sqrt(total)


def test_unbalance_of_lines_is_that_of_their_phases() -> None:
    volts = [{1: (133, 0)}, {1: (130, 0.02)}, {1: (136, -0.01)}]
    lines = state_of(Source(WITHOUT_NEUTRAL, volts=volts)).unbalance
    phases = state_of(Source(WITH_NEUTRAL, volts=turned_all(volts, 1.7))).unbalance
    assert lines == pytest.approx(phases, rel=EXACT)


def turned_all(volts: list[Harmonics], factor: float) -> list[Harmonics]:
    return [turned(each, 0, factor) for each in volts]


def test_the_steps_of_the_port_move_nothing_by_a_thousandth() -> None:
    source = Source(WITH_NEUTRAL, volts=[VOLTS] * 3, amperes=[AMPERES] * 3)
    samples = source.take(1040)
    wire = b"".join(
        frame(number, samples.voltage[number], samples.current[number], bits=FOUR_WIRE_BITS) for number in range(1040)
    )
    reader, waveform = S1Reader(), Waveform()
    for part in reader.feed(wire):
        waveform.feed(part, source.time)
    state = waveform.state
    assert state is not None
    assert state.active == pytest.approx(3 * active(VOLTS, AMPERES), rel=EXACT)
    assert state.phases["l2"].voltage == pytest.approx(rms(VOLTS), rel=EXACT)
    assert state.phases["l3"].voltage_thd == pytest.approx(thd(VOLTS), rel=EXACT)
    assert state.phases["l3"].current_thd == pytest.approx(thd(AMPERES), rel=EXACT)


@pytest.mark.parametrize("size", [1, 37, 520, 1999])
@pytest.mark.parametrize(("per_period", "rate", "frequency"), RATES[:1] + RATES[-1:])
def test_chunks_change_nothing(size: int, per_period: int | None, rate: float, frequency: float) -> None:
    def run(size: int) -> tuple[list[WaveformEvent], WaveformState]:
        dip = steps((0.31, 0.47, (0.5, 1, 1)))
        load = steps((0, 3.7, (0.2, 1, 1)))
        source = Source(WITH_NEUTRAL, per_period, rate, frequency, envelope=dip, load=load)
        total, waveform, events = round(5.2 * source.rate), Waveform(), []
        while source.position < total:
            samples = source.take(min(size, total - source.position))
            events += waveform.feed(samples, source.time)
        assert waveform.state is not None
        return events, waveform.state

    events, state = run(25_000)
    events_in_pieces, state_in_pieces = run(size)
    assert len(events) == 2
    for one, other in zip(events, events_in_pieces, strict=True):
        assert type(one) is type(other)
        assert str(one)[:30] == str(other)[:30]
    assert state_in_pieces.active == pytest.approx(state.active, rel=1e-9)
    assert state_in_pieces.phases["l1"].voltage == pytest.approx(state.phases["l1"].voltage, rel=1e-9)


def test_nothing_is_known_before_ten_periods() -> None:
    source, waveform = Source(), Waveform()
    waveform.feed(source.take(519), source.time)
    assert waveform.state is None
    assert waveform.snapshot() is None
    waveform.feed(source.take(1), source.time)
    assert waveform.state is not None
    assert waveform.state.time.timestamp() == pytest.approx(START + 0.2, abs=0.001)


def test_a_gap_begins_ten_periods_anew() -> None:
    source, waveform = Source(), Waveform()
    waveform.feed(source.take(519), source.time)
    waveform.feed(replace(source.take(519), is_continuous=False), source.time)
    assert waveform.state is None
    waveform.feed(source.take(1), source.time)
    assert waveform.state is not None
    assert waveform.corrupt == 0


def test_windows_with_corrupt_samples_are_dropped_and_counted() -> None:
    source, waveform = Source(), Waveform()
    waveform.feed(spoilt(source.take(1040), slice(519, 521)), source.time)
    assert (waveform.state, waveform.corrupt) == (None, 2)
    waveform.feed(source.take(520), source.time)
    assert waveform.state is not None
    assert waveform.corrupt == 2


def test_another_meter_begins_anew() -> None:
    source, waveform = Source(), Waveform()
    waveform.feed(source.take(600), source.time)
    assert waveform.state is not None
    waveform.feed(replace(source.take(500), meter_id="1SAG0000000022", is_continuous=False), source.time)
    assert waveform.state is None


def test_a_frequency_that_moves_is_followed() -> None:
    waveform = Waveform()
    time = START
    for frequency in (49.0, 49.5, 50.0, 50.7):
        source = Source(SINGLE, None, 3000, frequency)
        for samples, seconds in source.seconds(1):
            # The meter prints the first one again and again.
            waveform.feed(
                replace(samples, frequency=49.0, is_continuous=samples.is_continuous or time > START),
                time + seconds - START,
            )
        time += 1
        assert waveform.state is not None
        assert waveform.state.frequency == pytest.approx(frequency, abs=0.002)


def test_without_voltage_the_printed_frequency_stands() -> None:
    source = Source(SINGLE, None, 2600, 50.1, [{}], [{}])
    state = state_of(source)
    assert (state.frequency, state.active, state.power_factor) == (50.1, 0, None)
    assert state.phases["l1"].current_thd is None


def ten_minutes(source: Source, waveform: Waveform, seconds: float) -> list[TenMinutes]:
    events = [event for samples, time in source.seconds(seconds, 1) for event in waveform.feed(samples, time)]
    return [event for event in events if isinstance(event, TenMinutes)]


def test_ten_minutes_are_the_root_of_the_mean_of_squares() -> None:
    # 300 s at 220 V, 300 s at 240 V.
    begin = 600 - START % 600
    envelope = steps((begin, begin + 300, (220 / 230,) * 3), (begin + 300, begin + 601, (240 / 230,) * 3))
    source = Source(SINGLE, 8, envelope=envelope)
    partly, whole = ten_minutes(source, Waveform(), begin + 601)
    assert partly.coverage["l1"] == pytest.approx(begin / 600, abs=0.001)
    assert whole.begin == datetime.fromtimestamp(START + begin, UTC)
    assert whole.means["l1"] == pytest.approx(sqrt((220**2 + 240**2) / 2), rel=1e-4)
    assert whole.coverage["l1"] == pytest.approx(1, abs=0.001)


def test_an_interruption_counts_for_no_ten_minutes() -> None:
    begin = 600 - START % 600
    source = Source(WITH_NEUTRAL, 8, envelope=steps((begin, begin + 150, (0.01, 1, 1))))
    *_, whole = ten_minutes(source, Waveform(), begin + 601)
    assert whole.means == pytest.approx({"l1": 230, "l2": 230, "l3": 230}, rel=1e-4)
    assert whole.coverage == pytest.approx({"l1": 0.75, "l2": 1, "l3": 1}, abs=0.001)


@pytest.mark.parametrize(("per_period", "rate", "frequency"), RATES)
def test_a_snapshot_is_one_period_from_where_the_voltage_rises(
    per_period: int | None, rate: float, frequency: float
) -> None:
    source = Source(WITH_NEUTRAL, per_period, rate, frequency, amperes=[{1: (10, -0.6)}] * 3)
    waveform = Waveform()
    for samples, time in source.seconds(0.7):
        waveform.feed(samples, time)
    snapshot = waveform.snapshot()
    assert snapshot is not None
    assert (snapshot.voltage.shape, snapshot.current.shape) == ((52, 3), (52, 4))
    angles = 2 * pi * np.arange(52) / 52
    for phase in range(3):
        expected = 230 * sqrt(2) * np.sin(angles - phase * THIRD)
        assert np.abs(snapshot.voltage[:, phase] - expected).max() < 230 * sqrt(2) * 0.005
        expected = 10 * sqrt(2) * np.sin(angles - phase * THIRD - 0.6)
        assert np.abs(snapshot.current[:, phase] - expected).max() < 10 * sqrt(2) * 0.005
    assert snapshot.state is waveform.state


def test_the_state_is_of_plain_numbers() -> None:
    phase = state_of(Source(WITH_NEUTRAL)).phases["l1"]
    numbers = [phase.voltage, phase.current, phase.active, phase.voltage_thd, *phase.voltage_harmonics]
    assert {type(number) for number in numbers} == {float}
    assert hypot(phase.active or 0, phase.reactive or 0) == pytest.approx(phase.apparent)
