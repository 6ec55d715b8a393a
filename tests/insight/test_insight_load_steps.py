"""Steps of the load: found in noise, with inrush, and not where there is none."""

from collections.abc import Iterable
from random import Random

import pytest

from custom_components.emucs.insight.load_steps import LoadStep, LoadSteps, Power
from custom_components.emucs.insight.waveform import Waveform
from tests.insight.waves import START, WITH_NEUTRAL, WITHOUT_NEUTRAL, Source, steps

TEN_PERIODS = 0.2


def found(watts: Iterable[float], *, noise: float = 0, seed: int = 1, volts: float = 230) -> list[LoadStep]:
    """Return the steps of a load whose power of each ten periods is this."""
    rng, load = Random(seed), LoadSteps("l1")  # noqa: S311 -- noise, no secret
    told = [
        load.feed(Power(each + rng.gauss(0, noise), each / 5, volts), START + number * TEN_PERIODS)
        for number, each in enumerate(watts)
    ]
    return [step for step in told if step is not None]


def at(seconds: float) -> float:
    return START + seconds


def load(*parts: tuple[float, float]) -> list[float]:
    """Return the power of each ten periods, of so many seconds each."""
    return [watts for seconds, watts in parts for _ in range(round(seconds / TEN_PERIODS))]


def test_a_kettle_goes_on_and_off() -> None:
    on, off = found(load((5, 300), (60, 2300), (5, 300)))
    assert (on.phase, on.watts, on.vars, on.is_on) == ("l1", pytest.approx(2000), pytest.approx(400), True)
    assert (off.watts, off.vars, off.is_on) == (pytest.approx(-2000), pytest.approx(-400), False)
    assert [step.time.timestamp() for step in (on, off)] == pytest.approx([at(5), at(65)])


@pytest.mark.parametrize(("watts", "is_told"), [(41, True), (39, False), (-41, True), (-39, False)])
def test_the_smallest_step_is_40_watts(watts: float, *, is_told: bool) -> None:
    assert bool(found(load((5, 300), (5, 300 + watts)))) is is_told


@pytest.mark.parametrize(("watts", "is_told"), [(205, True), (195, False)])
def test_of_a_large_load_the_smallest_step_is_a_fiftieth(watts: float, *, is_told: bool) -> None:
    assert bool(found(load((5, 10_000), (5, 10_000 + watts)))) is is_told


def test_the_inrush_of_a_motor_is_no_part_of_its_step() -> None:
    inrush = [3000, 2200, 1400, 800, 500]
    [step] = found([*load((5, 200)), *inrush, *load((5, 350))])
    assert step.watts == pytest.approx(150)
    assert step.time.timestamp() == pytest.approx(at(5))


def test_a_window_that_is_partly_before_the_step_changes_nothing() -> None:
    [step] = found([*load((5, 200)), 900.0, *load((5, 1200))])
    assert step.watts == pytest.approx(1000)


@pytest.mark.parametrize("seconds", [0.2, 0.4, 0.8])
def test_what_is_gone_within_a_second_is_no_step(seconds: float) -> None:
    assert found(load((5, 200), (seconds, 2200), (10, 200))) == []


def test_a_slow_ramp_is_no_step() -> None:
    assert found([200 + 4 * number for number in range(500)]) == []


@pytest.mark.parametrize("noise", [1, 5, 20, 60])
@pytest.mark.parametrize("seed", range(4))
def test_noise_is_no_step(noise: float, seed: int) -> None:
    # Half an hour.
    assert found(load((1800, 700)), noise=noise, seed=seed) == []


@pytest.mark.parametrize("noise", [1, 5, 20])
@pytest.mark.parametrize("seed", range(4))
def test_steps_are_found_in_noise(noise: float, seed: int) -> None:
    watts = load(*[(10, 300), (10, 450)] * 30)
    told = found(watts, noise=noise, seed=seed)
    assert [step.is_on for step in told] == [True, False] * 29 + [True]
    assert all(abs(abs(step.watts) - 150) < max(1, 3 * noise) for step in told)


@pytest.mark.parametrize("slope", [5, 20, 60])
def test_a_cloud_is_no_step(slope: float) -> None:
    # W in ten periods, until 3 kW are gone, and back.
    away = [min(slope * number, 3000) for number in range(1000)]
    assert found([*load((10, 0)), *away, *away[::-1]], noise=2) == []


def test_the_same_input_gives_the_same_steps() -> None:
    watts = load(*[(4, 300), (3, 380)] * 30)
    assert found(watts, noise=15) == found(watts, noise=15)


def test_a_load_that_never_settles_is_no_step() -> None:
    restless = [200 + 1000 * (number % 2) for number in range(100)]
    assert found([*load((5, 200)), *restless, *load((5, 200))]) == []


def test_what_changed_while_nothing_was_seen_is_no_step() -> None:
    steps_ = LoadSteps("l1")
    told = [steps_.feed(Power(200, 0, 230), START + number / 5) for number in range(20)]
    steps_.interrupt()
    told += [steps_.feed(Power(2200, 0, 230), START + 10 + number / 5) for number in range(20)]
    assert set(told) == {None}


def test_a_resistance_at_another_voltage_is_no_step() -> None:
    steps_ = LoadSteps("l1")
    volts = [225] * 20 + [232] * 20
    told = [steps_.feed(Power(6000 * (each / 230) ** 2, 0, each), START + n / 5) for n, each in enumerate(volts)]
    assert set(told) == {None}


def from_samples(source: Source, seconds: float) -> list[LoadStep]:
    waveform = Waveform()
    events = [event for samples, time in source.seconds(seconds) for event in waveform.feed(samples, time)]
    return [event for event in events if isinstance(event, LoadStep)]


def test_steps_of_phases_are_found_in_samples() -> None:
    source = Source(WITH_NEUTRAL, amperes=[{1: (2, -0.4)}] * 3, load=steps((4.13, 8.07, (1, 4, 1))))
    on, off = from_samples(source, 12)
    # 6 A more, at a lag of 0.4.
    assert (on.phase, on.is_on, off.phase, off.is_on) == ("l2", True, "l2", False)
    assert on.watts == pytest.approx(230 * 6 * 0.921061, rel=1e-3)
    assert on.vars == pytest.approx(230 * 6 * 0.389418, rel=1e-3)
    assert on.time.timestamp() == pytest.approx(at(4.13), abs=0.21)
    assert off.time.timestamp() == pytest.approx(at(8.07), abs=0.21)


def test_without_a_neutral_a_step_is_one_of_all_phases() -> None:
    source = Source(
        WITHOUT_NEUTRAL, volts=[{1: (230 / 3**0.5, 0)}] * 3, amperes=[{1: (2, 0)}] * 3, load=steps((4.13, 20, (3,) * 3))
    )
    [on] = from_samples(source, 8)
    assert on.phase is None
    assert on.watts == pytest.approx(3**0.5 * 230 * 4, rel=1e-3)
