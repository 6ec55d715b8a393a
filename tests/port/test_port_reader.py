"""A stream of bytes becomes telegrams: whatever comes in, and in whatever pieces."""

from decimal import Decimal
from functools import cache
import operator
import random

import pytest

from custom_components.emucs.port import Drop, Reader, Telegram
from custom_components.emucs.port.framing import MAX_TELEGRAM
from tests.port.wire import HEADER, body, crc16, received, sent, signed

POWER = "1-0:1.7.0"
TELEGRAM = sent(f"{POWER}(01.234*kW)", "0-0:96.14.0(0001)")
OTHER = sent(f"{POWER}(05.678*kW)", header=r"/OTH5\253000001_A")
GARBAGE = b"\x00\x9b\xfe noise (1-0:1.7.0)"


def powers(telegrams: list[Telegram]) -> list[str]:
    return [str(telegram.registers[POWER].value) for telegram in telegrams]


def read(*chunks: bytes) -> tuple[list[str], dict[Drop, int]]:
    """Return the powers that a new reader finds, and what it dropped."""
    reader = Reader()
    found = [power for chunk in chunks for power in powers(reader.feed(chunk))]
    assert reader.telegrams == len(found)
    return found, {reason: count for reason, count in reader.dropped.items() if count}


@cache
def ending_in(pattern: str) -> bytes:
    """Return a telegram up to its `!` whose checksum begins with these digits."""
    for number in range(100_000):
        text = body(f"{POWER}(01.234*kW)", f"1-0:1.8.1({number:06d}*kWh)")
        if f"{crc16(text):04X}".startswith(pattern):
            return text
    raise AssertionError(pattern)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 256, 4096])
def test_chunks_of_any_size(size: int) -> None:
    stream = GARBAGE + TELEGRAM + OTHER + TELEGRAM
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert read(*chunks)[0] == ["1.234", "5.678", "1.234"]


def test_a_telegram_is_there_with_the_last_digit_of_its_checksum() -> None:
    reader = Reader()
    assert reader.feed(TELEGRAM[:-3]) == []
    (telegram,) = reader.feed(TELEGRAM[-3:-2])
    assert telegram.frame == TELEGRAM[:-2]
    assert reader.feed(b"\r\n") == []


def test_several_telegrams_in_one_chunk() -> None:
    assert read(TELEGRAM + OTHER + TELEGRAM) == (["1.234", "5.678", "1.234"], {})


@pytest.mark.parametrize("garbage", [b"", GARBAGE, b"/", b"!", b"\n!", b"/FL", b"\xff", b"\n!1234\r\n", b"//////"])
def test_garbage_before_between_and_after(garbage: bytes) -> None:
    powers, dropped = read(garbage + TELEGRAM + garbage + OTHER + garbage)
    assert powers == ["1.234", "5.678"]
    assert set(dropped) <= {Drop.GARBAGE}
    # Up to four bytes at the end may become the start of a telegram.
    assert 3 * len(garbage.translate(None, b"\r\n\0")) - dropped.get(Drop.GARBAGE, 0) in range(5)


def test_what_stands_between_telegrams_anyway_is_no_garbage() -> None:
    assert read(b"\r\n\0" + TELEGRAM + b"\r\n\0\r\n" + TELEGRAM + b"\r\n" * 9)[1] == {}


@pytest.mark.parametrize("start", [b"/AAA5", b"/AAA5 stale \r\n", b"/AAA5\r\n\r\n1-0:1.7.0(09.999*kW)\r\n"])
def test_what_looks_like_a_start_before_a_telegram(start: bytes) -> None:
    assert read(start + TELEGRAM + OTHER) == (["1.234", "5.678"], {Drop.TRUNCATED: 1})


@pytest.mark.parametrize("text", ["/", "!", "a/b!c", "!1234", "/TST5", "!!//", "/TST5!ABCD"])
def test_marks_inside_a_value(text: str) -> None:
    telegram = received(f"0-0:96.13.1({text})", f"{POWER}(01.234*kW)")
    assert telegram.registers["0-0:96.13.1"].value == text
    assert powers([telegram]) == ["1.234"]


@pytest.mark.parametrize("end", [b"\n", b"\r\r\n", b"\r\n"])
def test_line_ends_that_a_gateway_changed(end: bytes) -> None:
    assert read((TELEGRAM + OTHER).replace(b"\r\n", end))[0] == ["1.234", "5.678"]


@pytest.mark.parametrize("end", ["\n", "\r\r\n"])
def test_line_ends_as_the_meter_itself_has_them(end: str) -> None:
    assert read(signed(body(f"{POWER}(01.234*kW)", end=end)))[0] == ["1.234"]


def test_a_corrupt_telegram_with_bare_line_feeds_is_dropped() -> None:
    bare = TELEGRAM.replace(b"\r\n", b"\n")
    assert read(bare.replace(b"01.234", b"01.235")) == ([], {Drop.CHECKSUM: 1})


def test_any_case_of_the_checksum() -> None:
    text = ending_in("AB")
    assert read(signed(text))[0] == ["1.234"]
    assert read(text + b"%04x\r\n" % crc16(text))[0] == ["1.234"]


@pytest.mark.parametrize("zeros", ["0", "00", "000"])
@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\0\r\n"])
def test_a_checksum_without_leading_zeros(zeros: str, end: bytes) -> None:
    text = ending_in(zeros)
    short = text + b"%X" % crc16(text)
    assert len(short) <= len(text) + 4 - len(zeros)
    assert read(short + end + OTHER) == (["1.234", "5.678"], {})


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\0\r\n"])
def test_telegrams_without_a_checksum(end: bytes) -> None:
    stream = body(f"{POWER}(01.234*kW)") + end
    assert read(stream + stream) == (["1.234", "1.234"], {})
    assert read(*(bytes([byte]) for byte in stream)) == (["1.234"], {})


def test_after_one_checksum_every_telegram_needs_one() -> None:
    bare = body(f"{POWER}(09.999*kW)") + b"\r\n"
    assert read(bare + TELEGRAM + bare + OTHER) == (["9.999", "1.234", "5.678"], {Drop.NO_CHECKSUM: 1})


def test_a_checksum_is_still_expected_after_the_port_was_opened_again() -> None:
    reader = Reader()
    reader.feed(TELEGRAM)
    reader.reset()
    assert reader.feed(body(f"{POWER}(09.999*kW)") + b"\r\n") == []


@pytest.mark.parametrize("checksum", [b"XXXX", b"12G4", b" 1234", b"!1234", b"12 34"])
def test_what_is_no_checksum_is_a_wrong_one(checksum: bytes) -> None:
    assert read(TELEGRAM[:-6] + checksum + b"\r\n" + OTHER)[0] == ["5.678"]
    reader = Reader()
    reader.feed(TELEGRAM[:-6] + checksum + b"\r\n")
    assert reader.dropped[Drop.CHECKSUM] == 1
    assert reader.last_bad_frame is not None
    assert reader.last_bad_frame.startswith(TELEGRAM[:-6])


def test_a_corrupt_telegram_is_dropped_and_kept_for_diagnostics() -> None:
    corrupt = TELEGRAM.replace(b"01.234", b"81.234")
    reader = Reader()
    assert reader.feed(corrupt) == []
    assert reader.last_bad_frame == corrupt[:-2]
    assert reader.telegrams == 0
    assert read(TELEGRAM + corrupt + OTHER) == (["1.234", "5.678"], {Drop.CHECKSUM: 1})


def test_high_bytes_under_a_right_checksum() -> None:
    telegram = received("0-0:96.13.1(caf\xe9 \xff)", f"{POWER}(01.234*kW)")
    assert telegram.registers["0-0:96.13.1"].value == "caf\xe9 \xff"
    assert powers([telegram]) == ["1.234"]


def test_high_bytes_around_telegrams() -> None:
    # A TCP bridge sends 0xFF behind each checksum line.
    assert read((TELEGRAM + b"\xff") * 3)[0] == ["1.234"] * 3
    assert read(b"\xff\xfe\x80" + TELEGRAM[:-2] + b"\xff" + OTHER)[0] == ["1.234", "5.678"]


@pytest.mark.parametrize("blank", ["", "\r\n", "\r\n\r\n"])
def test_with_and_without_a_blank_line_after_the_identification(blank: str) -> None:
    text = f"{HEADER}\r\n{blank}{POWER}(01.234*kW)\r\n!".encode()
    assert read(signed(text)) == (["1.234"], {})


@pytest.mark.parametrize("cut", range(1, len(TELEGRAM) - 2))
def test_a_telegram_cut_off_anywhere_by_the_next_one(cut: int) -> None:
    found, dropped = read(TELEGRAM[:cut] + OTHER + TELEGRAM)
    assert found == ["5.678", "1.234"]
    assert dropped


def test_a_cut_at_the_start_of_a_line_and_in_mid_line_are_counted_alike() -> None:
    at_line = TELEGRAM.index(b"0-0:96.14.0")
    assert read(TELEGRAM[:at_line] + OTHER) == (["5.678"], {Drop.TRUNCATED: 1})
    assert read(TELEGRAM[: at_line + 5] + OTHER) == (["5.678"], {Drop.TRUNCATED: 1})


def test_a_telegram_cut_off_by_a_corrupt_one() -> None:
    corrupt = OTHER.replace(b"05.678", b"15.678")
    at_line = TELEGRAM.index(b"0-0:96.14.0")
    assert read(TELEGRAM[:at_line] + corrupt + OTHER) == (["5.678"], {Drop.TRUNCATED: 1, Drop.CHECKSUM: 1})
    # In mid-line nothing tells them apart.
    assert read(TELEGRAM[: at_line + 5] + corrupt + OTHER) == (["5.678"], {Drop.CHECKSUM: 1})


BARE = body(f"{POWER}(01.234*kW)", "0-0:96.13.1(see /XXX5)", header="/AAA5 a") + b"\r\n"
BARE_OTHER = body(f"{POWER}(05.678*kW)", header=r"/BBB5\2 b") + b"\r\n"


@pytest.mark.parametrize("cut", range(1, len(BARE) - 3))
def test_a_telegram_without_a_checksum_that_is_cut_off(cut: int) -> None:
    found, dropped = read(BARE[:cut] + BARE_OTHER + BARE)
    # Before the slash and four characters are there nothing has begun.
    assert found == ["5.678", "1.234"]
    assert dropped in ({Drop.TRUNCATED: 1}, {Drop.GARBAGE: cut})


def test_what_looks_like_a_start_in_a_telegram_without_a_checksum() -> None:
    reader = Reader()
    [telegram] = reader.feed(BARE)
    assert telegram.identification == "AAA5 a"
    assert telegram.registers["0-0:96.13.1"].text == "see /XXX5"


def test_a_telegram_without_a_register_is_dropped() -> None:
    assert read(signed(b"/TST5\r\n\r\n!") + signed(b"/TST5\r\n\r\nnothing\r\n!") + OTHER) == (
        ["5.678"],
        {Drop.EMPTY: 2},
    )


def test_lines_dropped_from_kept_telegrams_are_counted() -> None:
    telegram = sent(f"{POWER}(01.234*kW)", "what is this", "1-0:2.7.0(abc*kW)")
    assert read(telegram, telegram) == (["1.234"] * 2, {Drop.LINE: 4})


def test_reset_forgets_a_telegram_that_has_begun() -> None:
    reader = Reader()
    reader.feed(TELEGRAM[:40])
    reader.reset()
    # The rest of the former telegram would complete it.
    assert reader.feed(TELEGRAM[40:]) == []
    assert powers(reader.feed(OTHER)) == ["5.678"]


def test_what_was_dropped_cannot_be_changed_from_outside() -> None:
    dropped = Reader().dropped
    with pytest.raises(TypeError, match="does not support item assignment"):
        operator.setitem(dropped, Drop.GARBAGE, 1)


FLOODS = {
    "no newline": b"0123456789abcdef",
    "only !": b"!",
    "only /": b"/",
    "0xFF": b"\xff",
    "starts": b"/AAA5",
    "line starts": b"\n/AAA5",
    "ends": b"\n!",
    "starts and ends": b"/AAA5" + b"x" * 200 + b"\n!",
    "lines": b"1-0:1.7.0(01.234*kW)\r\n",
    "carriage returns": b"/AAA5" + b"\r" * 15_000 + b"x\n!1234\r\n",
}


@pytest.mark.parametrize("begun", [b"", b"/AAA5 a telegram without end\r\n"], ids=["", "begun"])
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_memory_stays_bounded_and_the_next_telegram_is_found(flood: bytes, begun: bytes) -> None:
    reader = Reader()
    reader.feed(begun)
    block = flood * (100_000 // len(flood))
    for _ in range(10_000_000 // len(block)):
        # As a port gives them; and very much at once, as a caller may.
        for chunk in (block[:4096], block[4096:]):
            reader.feed(chunk)
            assert len(reader._buffer) <= 2 * MAX_TELEGRAM  # noqa: SLF001 -- what has to be bounded
    assert reader.feed(b"\r\n" + TELEGRAM)[-1].frame == TELEGRAM[:-2]
    assert sum(reader.dropped.values()) > 0


@pytest.mark.parametrize("flood", [b"x", b"/AAA5", b"\n/AAA5", b"\n", b"!", b"/", b"\r"])
def test_no_byte_is_looked_at_again_and_again(flood: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes searched grow with bytes fed, whatever the chunks."""
    searched = 0

    class Watched(bytearray):
        def find(self, sub: bytes, start: int = 0, end: int | None = None) -> int:
            nonlocal searched
            searched += min(len(self), end if end is not None else len(self)) - start
            return bytearray.find(self, sub, start, len(self) if end is None else end)

    reader = Reader()
    reader._buffer = Watched()  # noqa: SLF001 -- where it looks
    stream = b"/AAA5" + flood * (200_000 // len(flood))
    for at in range(0, len(stream), 100):
        reader.feed(stream[at : at + 100])
    assert searched < 3 * len(stream)


def test_a_telegram_that_never_ends_is_given_up() -> None:
    endless = b"/AAA5\r\n" + b"1-0:1.7.0(01.234*kW)\r\n" * 1000
    found, dropped = read(endless + b"\r\n" + TELEGRAM)
    assert found == ["1.234"]
    assert dropped[Drop.OVERSIZE] == 1
    assert dropped[Drop.GARBAGE] > 0


@pytest.mark.parametrize("size", [1, 100, 16_384, 16_385, 100_000])
@pytest.mark.parametrize("length", [MAX_TELEGRAM - 1, MAX_TELEGRAM, MAX_TELEGRAM + 1, MAX_TELEGRAM + 500])
def test_the_longest_telegram_does_not_depend_on_chunks(size: int, length: int) -> None:
    lines = [f"{POWER}(01.234*kW)", *["0-0:96.13.1(" + "x" * 998 + ")"] * 16]
    filler = length - len(body(*lines)) - len("0-0:96.13.2()\r\n")
    text = body(*lines, "0-0:96.13.2(" + "y" * filler + ")")
    assert len(text) == length
    stream = signed(text) + TELEGRAM
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    expected = ["1.234"] * (2 if length <= MAX_TELEGRAM else 1)
    assert read(*chunks)[0] == expected


def test_a_telegram_inside_one_that_was_given_up() -> None:
    stream = b"/AAA5\r\n" + b"x" * (MAX_TELEGRAM - 200) + TELEGRAM[:-2] + b"y" * 5000
    whole = read(stream + OTHER)
    assert whole[0] == ["1.234", "5.678"]
    assert read(*(bytes([byte]) for byte in stream + OTHER)) == whole


def test_a_noisy_line() -> None:
    rng = random.Random(1)  # noqa: S311 -- noise, no secret
    reader = Reader()
    good = 0
    for number in range(200):
        line = f"{POWER}({number:06.3f}*kW)"
        telegram = bytearray(sent(line))
        if corrupt := rng.random() < 0.3:
            telegram[rng.randrange(len(telegram) - 2)] ^= 1 << rng.randrange(8)
        good += not corrupt
        for telegram_read in reader.feed(bytes(telegram)):
            assert telegram_read.registers[POWER].value == Decimal(f"{number}.000")
    # A telegram without its start or end is joined to the next one, which alone is kept.
    assert good <= reader.telegrams <= 200
