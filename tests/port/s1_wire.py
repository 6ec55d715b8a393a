"""Frames of the S1 port, made by hand for tests (e-MUCS H 1.3, chapter 4)."""

from collections.abc import Iterable, Sequence

METER = b"1SAG0000000011"
POLYPHASE, PER_PERIOD, FOUR_WIRES, RIGHT, NEUTRAL = (1 << bit for bit in range(5))
SINGLE_PHASE = PER_PERIOD | RIGHT
WITH_NEUTRAL = POLYPHASE | PER_PERIOD | FOUR_WIRES | RIGHT | NEUTRAL
# The sample of the specification: single-phase, its meter id blanked, sequence number 15, 50.107 Hz.
SPECIFIED = bytes.fromhex("7E802BFF03" + "00" * 14 + "0A34C3BB0F0B150005FA" + "00" * 13 + "C5B27E")


def checksum(data: bytes) -> bytes:
    """Return the FCS-16 of ISO/IEC 13239, bit by bit, low byte first."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return (register ^ 0xFFFF).to_bytes(2, "little")


def frame(
    sequence: int,
    voltage: Sequence[float] = (230, 0, 0),
    current: Sequence[float] = (1, 0, 0, 0),
    *,
    bits: int = SINGLE_PHASE,
    rate: int = 52,
    frequency: float = 50.0,
    meter: bytes = METER,
) -> bytes:
    """Return a frame with voltages of three phases in V, and currents of these and of the neutral in A."""
    body = b"\x80\x2b\xff\x03" + meter + bytes((bits, rate)) + round(frequency * 1000).to_bytes(2)
    body += bytes((sequence % 256,))
    for volts, amperes in zip(voltage, current[:3], strict=True):
        body += round(volts / 0.025).to_bytes(2, signed=True) + round(amperes / 0.001).to_bytes(3, signed=True)
    body += round(current[3] / 0.001).to_bytes(3, signed=True)
    return b"\x7e" + body + checksum(body) + b"\x7e"


def numbered(numbers: Iterable[int], bits: int = SINGLE_PHASE, meter: bytes = METER) -> bytes:
    """Return frames with these sequence numbers, each with its number as voltage."""
    return b"".join(frame(each, (each % 700, 0, 0), bits=bits, meter=meter) for each in numbers)
