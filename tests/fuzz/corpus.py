"""What fuzzing begins with: what the virtual meter prints, whole, broken and changed. Made anew each time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle

from tests.fuzz.target import SAMPLES, SIGN, SIGNED_SAMPLES, WARM
from tests.port.s1_wire import SPECIFIED, WITH_NEUTRAL, numbered
from virtual_meter import FAULTS, PROFILES, VirtualMeter, make_fault

START = datetime(2026, 1, 14, 17, tzinfo=UTC)
ARGUMENTS = {"clock_offset": "clock_offset:3600", "corrupt": "corrupt:1"}
LINE_ENDS = (b"\r", b"\n\r", b"\r\0", b"\r\n\r\n", b"", b";")
HEADERS = (b"/NWA-WARMTELINK", b"/A", b"/HLY5/D545", b"/253769484")
ODD_LINES = (
    b"0-0:96.13.0(3C623E)",
    b"0-0:96.13.0(3C623E\r\n48656C6C6F)",
    b"0-0:1.0.0(07E8061C050A2B2B00FF8880)",
    b"1-1:31.4.0(100.0*A,-100.0*A)",
    b"0-1:24.2.1(000101000000W)(00000000.0000)",
    b"0-1:24.3.0(090212160000)(00)(60)(1)(0-1:24.2.0)(m3)\r\n(00001.001)",
    b"0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)(260101000000W)(251230180000W)(04.329*kW)()",
    b"1-0:1.7.0(00.000*kW)(x)",
    b"0-0:1.0.0(261025023000)",
    b"1.8.0*255(1*MWh)",
)


def seeds() -> Iterator[bytes]:
    """Yield inputs for `check`."""
    piece = cycle((0, 1, 7, 64, 250))
    for name in PROFILES:
        telegram = VirtualMeter(profile=name, start=START).telegram()
        text, _, _ = telegram.rpartition(b"\r\n!")
        yield bytes((WARM, next(piece))) + telegram * 2
        yield bytes((SIGN | WARM, next(piece))) + text
        yield bytes((0, next(piece))) + text + b"\r\n!\r\n" + telegram
        yield bytes((0, next(piece))) + telegram[: len(telegram) // 2] + telegram.replace(b"\r\n", b"\n")
    meter = VirtualMeter(start=START)
    for name in FAULTS:
        yield bytes((WARM, next(piece))) + make_fault(ARGUMENTS.get(name, name)).change(meter.telegram(), meter)
    telegram = meter.telegram()
    for end in LINE_ENDS:
        yield bytes((WARM, next(piece))) + telegram.replace(b"\r\n", end) * 2
    for header in HEADERS:
        yield bytes((SIGN, next(piece))) + header + b"\r\n\r\n1-0:1.7.0(01.234*kW)"
    for line in ODD_LINES:
        yield bytes((SIGN, next(piece))) + b"/XXX5\\2 x\r\n\r\n" + line
    frames = numbered(range(250, 330)) + numbered([90, 92], WITH_NEUTRAL)
    yield bytes((SAMPLES, next(piece))) + SPECIFIED + frames
    yield bytes((SAMPLES, next(piece))) + frames[:100] + b"\x7e\x80" + frames[130:]
    yield bytes((SIGNED_SAMPLES, next(piece))) + b"".join(
        frames[begin + 5 : begin + 42] for begin in range(0, len(frames), len(SPECIFIED))
    )
