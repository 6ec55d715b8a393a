"""The S1 port: frames to samples, from any chunks, with loss and garbage."""

import subprocess
import sys

import numpy as np
import pytest

from custom_components.emucs.port.s1 import FrameFault, S1Reader, Samples
from tests.port.s1_wire import METER, POLYPHASE, RIGHT, SINGLE_PHASE, SPECIFIED, WITH_NEUTRAL, frame, numbered


def volts(parts: list[Samples]) -> list[float]:
    """Return the voltages of L1 of all samples."""
    return [volts for part in parts for volts in part.voltage[:, 0].tolist()]


def test_the_sample_of_the_specification() -> None:
    [samples] = S1Reader().feed(SPECIFIED)
    assert (samples.meter_id, samples.is_polyphase, samples.has_neutral) == ("", False, False)
    assert (samples.per_period, samples.frequency, samples.rate) == (52, 50.107, pytest.approx(52 * 50.107))
    assert samples.voltage.tolist() == [[pytest.approx(70.925), 0, 0]]
    assert samples.current.tolist() == [[pytest.approx(1.530), 0, 0, 0]]
    assert samples.good.tolist() == [True]
    assert (samples.position, samples.is_continuous) == (0, False)
    assert frame(15, (70.925, 0, 0), (1.53, 0, 0, 0), frequency=50.107, meter=bytes(14)) == SPECIFIED


def test_all_phases_are_read_with_their_signs() -> None:
    voltage, current = (-325.275, 162.5, 819.175), (-8388.608, 8388.607, -0.001, 0.001)
    [samples] = S1Reader().feed(frame(0, voltage, current, bits=WITH_NEUTRAL))
    assert samples.voltage[0].tolist() == pytest.approx(voltage)
    assert samples.current[0].tolist() == pytest.approx(current)
    assert (samples.meter_id, samples.is_polyphase, samples.has_neutral) == (METER.decode(), True, True)
    assert samples.voltage.dtype == samples.current.dtype == np.float64


def test_a_rate_may_be_fixed_a_second() -> None:
    [samples] = S1Reader().feed(frame(0, bits=POLYPHASE | RIGHT, rate=40, frequency=49.9))
    assert (samples.per_period, samples.rate, samples.frequency) == (None, 4000, 49.9)
    assert (samples.is_polyphase, samples.has_neutral) == (True, False)


def test_samples_that_the_meter_calls_corrupt_are_marked() -> None:
    data = frame(0) + frame(1, bits=SINGLE_PHASE & ~RIGHT) + frame(2)
    [samples] = S1Reader().feed(data)
    assert samples.good.tolist() == [True, False, True]


@pytest.mark.parametrize("size", [1, 2, 44, 45, 46, 91, 1000, 70_000])
def test_chunks_change_nothing(size: int) -> None:
    cut = numbered([600])[:30]
    data = b"\x7e\x80" + numbered(range(300)) + b"rest\x7e" + cut + numbered(range(302, 1900)) + b"end of all"
    reader = S1Reader()
    parts = [part for begin in range(0, len(data), size) for part in reader.feed(data[begin : begin + size])]
    numbers = [*range(300), *range(302, 1900)]
    assert volts(parts) == [number % 700 for number in numbers]
    positions = [part.position + each for part in parts for each in range(len(part.good))]
    assert positions == numbers
    assert [part.position for part in parts if not part.is_continuous] == [0, 302]
    assert (reader.frames, reader.lost) == (1898, 2)
    assert reader.dropped == {FrameFault.GARBAGE: 2 + 5 + 6, FrameFault.CHECKSUM: 1}


def test_flags_inside_a_frame_do_not_end_it() -> None:
    flags = int.from_bytes(b"\x7e\x7e", signed=True) * 0.025
    current = int.from_bytes(b"\x7e\x7e\x7e", signed=True) * 0.001
    [samples] = S1Reader().feed(frame(0x7E, (flags,) * 3, (current,) * 4) * 2)[:1]
    assert samples.voltage[0].tolist() == pytest.approx([flags] * 3)


def test_a_header_inside_a_frame_does_not_begin_one() -> None:
    amperes = int.from_bytes(b"\x7e\x80\x2b", signed=True) * 0.001
    odd = int.from_bytes(b"\xff\x03", signed=True) * 0.025
    reader = S1Reader()
    parts = reader.feed(b"x" + b"".join(frame(each, (230, odd, 0), (amperes, 0, 0, 0)) for each in range(3)))
    assert len(volts(parts)) == 3
    assert reader.dropped == {FrameFault.GARBAGE: 1}


def test_a_frame_with_a_wrong_bit_is_dropped_and_missing() -> None:
    spoilt = bytearray(numbered([1]))
    spoilt[30] ^= 4
    reader = S1Reader()
    first, second = reader.feed(numbered([0]) + spoilt + numbered([2, 3]))
    assert (volts([first]), volts([second])) == ([0], [2, 3])
    assert (second.position, second.is_continuous) == (2, False)
    assert (reader.frames, reader.lost, reader.dropped) == (3, 1, {FrameFault.CHECKSUM: 1})


def test_a_frame_without_its_closing_flag_is_dropped() -> None:
    reader = S1Reader()
    assert reader.feed(frame(0)[:-1] + b"\x00" + frame(1))[0].position == 0
    assert reader.dropped == {FrameFault.CHECKSUM: 1}


def test_the_sequence_goes_round() -> None:
    [samples] = S1Reader().feed(numbered(range(250, 520)))
    assert volts([samples]) == list(range(250, 520))


@pytest.mark.parametrize("missing", [1, 255, 256, 300, 5000])
def test_whole_rounds_that_were_spoilt_are_known_by_their_bytes(missing: int) -> None:
    reader = S1Reader()
    _, after = reader.feed(numbered([0]) + bytes(45 * missing) + numbered([missing + 1]))
    assert (after.position, after.is_continuous, reader.lost) == (missing + 1, False, missing)


def test_a_new_connection_expects_no_sequence() -> None:
    reader = S1Reader()
    reader.feed(numbered([0, 1]) + numbered([2])[:20])
    reader.reset()
    [samples] = reader.feed(numbered([90, 91]))
    assert (samples.position, samples.is_continuous, volts([samples])) == (2, False, [90, 91])
    assert (reader.lost, reader.dropped) == (0, {})


def test_another_meter_or_configuration_is_another_run() -> None:
    parts = S1Reader().feed(numbered([0, 1]) + numbered([7, 8], meter=b"1SAG0000000022") + numbered([9], WITH_NEUTRAL))
    assert [(part.meter_id[-2:], part.has_neutral, part.is_continuous) for part in parts] == [
        ("11", False, False),
        ("22", False, False),
        ("11", True, False),
    ]


@pytest.mark.parametrize(
    "odd",
    [
        frame(1, rate=7),
        frame(1, rate=80),
        frame(1, rate=0),
        frame(1, rate=9, bits=RIGHT),
        frame(1, rate=255, bits=RIGHT),
        frame(1, bits=SINGLE_PHASE | 1 << 5),
        frame(1, bits=WITH_NEUTRAL & ~POLYPHASE),
        frame(1, meter=b"<b>\xff0000000000"),
    ],
)
def test_what_no_meter_says_is_dropped(odd: bytes) -> None:
    reader = S1Reader()
    before, after = reader.feed(frame(0) + odd + frame(2))
    assert (before.position, after.position, after.is_continuous) == (0, 2, False)
    assert (reader.frames, reader.dropped) == (2, {FrameFault.IMPLAUSIBLE: 1})


@pytest.mark.parametrize("printed", [0, 39.999, 65.535])
def test_a_frequency_of_no_grid_is_not_taken(printed: float) -> None:
    # A meter that takes it from a phase without voltage has none to print, and its samples are as good.
    reader = S1Reader()
    [first] = reader.feed(frame(0, frequency=printed if printed < 40 else 50))
    [second] = reader.feed(frame(1, frequency=50.2))
    [third] = reader.feed(frame(2, frequency=printed if printed < 40 else 50.2))
    assert [each.frequency for each in (first, second, third)] == [50, 50.2, 50.2]
    assert third.is_continuous
    assert third.rate == pytest.approx(52 * 50.2)


def test_garbage_is_counted_as_it_comes_and_not_kept() -> None:
    reader = S1Reader()
    for _ in range(100):
        assert not reader.feed(b"\x55" * 4096)
    # A header may have begun with the last four.
    assert reader.dropped == {FrameFault.GARBAGE: 100 * 4096 - 4}
    assert len(vars(reader)["_buffer"]) < 45


def test_numpy_is_loaded_for_s1_alone() -> None:
    # Home Assistant loads what stands beside it; in a process of its own nothing else has loaded numpy.
    program = """
import sys
import tests.conftest
from importlib import import_module
from pathlib import Path
root = Path("custom_components/emucs")
for room in ("port", "insight", "exports", "reports"):
    for path in (root / room).glob("*.py"):
        if path.stem not in {"__main__", *sys.argv[1].split()}:
            import_module(".".join(("custom_components.emucs", room, path.stem)).removesuffix(".__init__"))
assert "numpy" not in sys.modules
import custom_components.emucs.port.s1
assert "numpy" in sys.modules
"""
    modules = "waveform waveform_rms waveform_events waveform_spectrum load_steps"
    subprocess.run([sys.executable, "-c", program, modules], check=True)  # noqa: S603 -- our own words
