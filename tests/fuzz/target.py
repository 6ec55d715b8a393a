"""What has to hold for any bytes in any pieces: `check` is given both as one input."""

from decimal import Decimal
import json
import string

from custom_components.emucs.port import Reader, Register, Telegram, anonymise
from custom_components.emucs.port.__main__ import as_dict
from custom_components.emucs.port.channels import MAX_CHANNELS
from custom_components.emucs.port.framing import MAX_TELEGRAM
from custom_components.emucs.port.plain import LONGEST_NAME, LONGEST_TEXT
from custom_components.emucs.port.telegram import MAX_LINES
from tests.fuzz.samples import check_samples, signed
from tests.port.wire import crc16 as crc16_by_bits, sent

GOOD = sent("1-0:1.7.0(01.234*kW)", "0-0:96.1.1(31534147313130303030303030303031)")
# By bytes: fuzzing wants to be fast.
CRC_TABLE = [crc16_by_bits(bytes([byte])) for byte in range(256)]
MARKUP = set("<>[]{}`")
KEPT_AT_MOST = 4 * MAX_TELEGRAM
"""Bytes of input that a reader may hold: a telegram, and the lines that it has understood."""

SIGN, WARM = 1, 2
"""Of the first byte: the rest is the text of a telegram and gets its checksum; a telegram with one came before."""
SAMPLES, SIGNED_SAMPLES = 0x51, 0x52
"""The first byte of what goes to an S1 port; with the second one as the data of frames, which get their checksums."""


def crc16(data: bytes) -> int:
    """CRC-16/ARC (DSMR P1 5.0.2, 6.2)."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc


def crc16_x25(data: bytes) -> int:
    """CRC-16/X-25, bit by bit."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
    return crc ^ 0xFFFF


def check(data: bytes) -> None:
    """Feed an input, and raise AssertionError where something does not hold."""
    if len(data) < len(("mode", "seed")):
        return
    mode, seed, stream = data[0], data[1], data[2:]
    if mode in {SAMPLES, SIGNED_SAMPLES}:
        stream = signed(stream) if mode == SIGNED_SAMPLES else stream
        check_samples(stream, _cut(stream, seed))
        return
    if mode & SIGN:
        body = stream + b"\r\n!"
        stream = b"%b%04X\r\n" % (body, crc16(body))
    whole, pieces = _reader(mode), _reader(mode)
    found = whole.feed(stream)
    in_pieces = [telegram for piece in _cut(stream, seed) for telegram in pieces.feed(piece)]
    assert found == in_pieces, "pieces decide what is found"
    assert whole.dropped == pieces.dropped, "pieces decide what is dropped"
    for reader in (whole, pieces):
        assert _kept(reader) <= KEPT_AT_MOST, "a reader keeps too much"
    seen_checksum = bool(mode & WARM)
    for telegram in found:
        seen_checksum |= _check_frame(telegram.frame, seen_checksum=seen_checksum)
        _check_telegram(telegram)
    # Whatever came before, it costs at most the telegram behind it.
    after = whole.feed(b"\r\n" + GOOD + GOOD)
    assert after, "a good telegram is not found any more"
    assert after[-1].frame == GOOD[:-2], "a good telegram is not found any more"
    assert all(count >= 0 for count in whole.dropped.values())


def _reader(mode: int) -> Reader:
    """Return a reader, which may have read a telegram with a checksum."""
    reader = Reader()
    if mode & WARM:
        assert reader.feed(GOOD)
    return reader


def _cut(stream: bytes, seed: int) -> list[bytes]:
    """Return a stream in pieces of sizes that follow from a seed; 0 is one byte each."""
    pieces, at, size = [], 0, seed
    while at < len(stream):
        size = (size * 73 + seed) % 251 if seed else 0
        pieces.append(stream[at : at + size + 1])
        at += size + 1
    return pieces


def _kept(reader: Reader) -> int:
    """Return how many bytes of the input a reader holds."""
    lines = reader._parser._lines._lines  # noqa: SLF001 -- what has to be bounded
    return len(reader._buffer) + sum(map(len, lines))  # noqa: SLF001


def _check_frame(frame: bytes, *, seen_checksum: bool) -> bool:
    """Check that a telegram has a right checksum, or none on a port that never had one; tell whether it has."""
    assert frame.startswith(b"/")
    assert len(frame) <= MAX_TELEGRAM + 8
    body, mark, printed = frame.rpartition(b"!")
    if not printed:
        assert not seen_checksum, "a telegram without a checksum, where there was one before"
        return False
    assert set(printed.decode()) <= set(string.hexdigits)
    body += mark
    # Line ends that a bridge changed are restored. The second, which is rare, is computed bit by bit.
    assert int(printed, 16) == crc16(body) or int(printed, 16) == crc16_x25(body), "a wrong checksum"
    return True


def _check_telegram(telegram: Telegram) -> None:
    """Check that all that a telegram says is bounded, and of the kinds that it may be."""
    assert 0 < len(telegram.registers) <= MAX_LINES
    assert set(telegram.channels) <= set(range(1, MAX_CHANNELS + 1))
    for name in (telegram.identification, telegram.version, telegram.meter_id):
        assert name is None or _is_plain(name, LONGEST_TEXT)
    assert len(telegram.identification) <= LONGEST_NAME
    assert telegram.time is None or telegram.time.utcoffset() is not None
    for code, register in telegram.registers.items():
        assert set(code) <= set(string.digits + "-:.*&")
        _check_register(register)
    for month in telegram.demand_history:
        assert month.value.is_finite()
        assert None not in (month.time.utcoffset(), month.period_end.utcoffset())
    json.dumps(as_dict(telegram), default=str)
    [anonymous] = Reader().feed(anonymise(telegram.frame) + b"\r\n") or [None]
    assert anonymous is None or len(anonymous.registers) <= MAX_LINES


def _check_register(register: Register) -> None:
    """Check a register."""
    value, unit, time = register
    if isinstance(value, str):
        assert value
        assert _is_plain(value, LONGEST_TEXT)
    elif value is not None:
        assert isinstance(value, Decimal)
        assert value.is_finite()
    assert unit is None or _is_plain(unit, LONGEST_NAME)
    assert time is None or time.utcoffset() is not None


def _is_plain(text: str, longest: int) -> bool:
    """Tell whether a text is short enough, and without markup and control characters."""
    return len(text) <= longest and not set(text) & MARKUP and "\x1b" not in text and "\n" not in text
