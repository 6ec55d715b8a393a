"""What has to hold of the S1 port for any bytes in any pieces, and of what is made of the samples."""

from collections.abc import Iterable, Iterator
from math import isfinite

from custom_components.emucs.insight.waveform import Waveform
from custom_components.emucs.insight.waveform_events import Disturbance
from custom_components.emucs.insight.waveform_means import TenMinutes
from custom_components.emucs.port.s1 import FrameFault, S1Reader, Samples
from tests.port.s1_wire import SPECIFIED, checksum, frame

LENGTH = 45
HEADER = SPECIFIED[:5]
START = 1_768_410_420.0
LONGEST_DISTURBANCE = 62.0


def signed(stream: bytes) -> bytes:
    """Return frames that have these bytes as data, with right checksums."""
    bodies = [stream[begin : begin + 37].ljust(37, b"\0") for begin in range(0, len(stream), 37)]
    return b"".join(HEADER + body + checksum(HEADER[1:] + body) + b"\x7e" for body in bodies)


def check_samples(stream: bytes, pieces: Iterable[bytes]) -> None:
    """Feed a stream at once and in pieces, and raise AssertionError where something does not hold."""
    whole, other = S1Reader(), S1Reader()
    found, in_pieces = whole.feed(stream), [part for piece in pieces for part in other.feed(piece)]
    assert told(found) == told(in_pieces), "pieces decide what is found"
    assert whole.dropped == other.dropped, "pieces decide what is dropped"
    assert (whole.frames, whole.lost) == (other.frames, other.lost), "pieces decide what is counted"
    right = [*right_frames(stream)]
    assert whole.frames + whole.dropped[FrameFault.IMPLAUSIBLE] == len(right), "not all right frames are found"
    voltages = [int.from_bytes(each[24:26], signed=True) for each in right]
    if not whole.dropped[FrameFault.IMPLAUSIBLE]:
        assert [round(float(u) / 0.025) for part in found for u in part.voltage[:, 0]] == voltages, "a wrong voltage"
    for reader in (whole, other):
        assert len(reader._buffer) < LENGTH, "a reader keeps too much"  # noqa: SLF001 -- what has to be bounded
    check_waveform(found)
    after = whole.feed(frame(0) + frame(1))
    # Whatever came before, it costs at most the frame behind it.
    assert sum(len(part.good) for part in after), "a good frame is not found any more"


def told(parts: list[Samples]) -> list[tuple[object, ...]]:
    """Return all that is told of each sample, but where chunks cut them."""
    return [
        (
            *(part.meter_id, part.per_period, part.position + each, part.is_continuous or each > 0),
            *(bool(part.good[each]), *part.voltage[each].tolist(), *part.current[each].tolist()),
        )
        for part in parts
        for each in range(len(part.good))
    ]


def right_frames(stream: bytes) -> Iterator[bytes]:
    """Yield the right frames of a stream: byte by byte."""
    at = 0
    while at + LENGTH <= len(stream):
        candidate = stream[at : at + LENGTH]
        if candidate.startswith(HEADER) and candidate[-1:] == b"\x7e" and checksum(candidate[1:42]) == candidate[42:44]:
            yield candidate
            at += LENGTH
        else:
            at += 1


def check_waveform(parts: list[Samples]) -> None:
    """Check that what is made of samples is of plain, finite numbers."""
    waveform = Waveform()
    for part in parts:
        assert 320 <= part.rate <= 8000, "a rate of no meter"
        # As many of them as periods need, of as few frames as there are.
        for _ in range(10):
            for event in waveform.feed(part, START + part.position / part.rate):
                if isinstance(event, Disturbance):
                    assert 0 <= event.duration <= LONGEST_DISTURBANCE
                elif not isinstance(event, TenMinutes):
                    assert isfinite(event.watts)
    if (state := waveform.state) is None:
        return
    assert 40 <= state.frequency <= 70, "a frequency of no grid"
    assert isfinite(state.active)
    assert isfinite(state.reactive)
    for phase in state.phases.values():
        assert isfinite(phase.voltage)
        assert all(map(isfinite, (*phase.voltage_harmonics, *phase.current_harmonics)))
    snapshot = waveform.snapshot()
    assert snapshot is not None
    assert snapshot.voltage.shape == (52, 3)
