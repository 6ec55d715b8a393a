"""Line ends that a terminal or a bridge made something else of, and identifications of any kind."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import override

from fastcrc.crc16 import arc
import pytest

from custom_components.emucs.port import Drop, Reader
from custom_components.emucs.port.framing import Framer
from custom_components.emucs.port.line_ends import look_changed, restorations
from tests.port.wire import body, sent
from tests.support import BRUSSELS, WINTER_EVENING
from virtual_meter import PROFILES, VirtualMeter

# With a blank line behind the identification, without one, and with a line of its own for a value.
PROFILES_READ = ["1.7.1", "2.1.1", "ie5-new", "nl-4.2"]
# All whose telegrams have a checksum.
SIGNED = [profile for profile in PROFILES if profile != "nl-2.2"]
CONVERSIONS: dict[str, bytes] = {
    "LF": b"\n",
    "CR": b"\r",
    "LFCR": b"\n\r",
    "LFLF": b"\n\n",
    "CRCR": b"\r\r",
    "CRCRLF": b"\r\r\n",
    "CRLFCR": b"\r\n\r",
    "CRLFLF": b"\r\n\n",
    "CRLF twice": b"\r\n\r\n",
    "CR NUL": b"\r\0",
    "CR NUL LF": b"\r\0\n",
    "CRLF NUL": b"\r\n\0",
    "LF NUL": b"\n\0",
    "NUL": b"\0",
    "nothing": b"",
    "a blank": b" ",
    "a tab": b"\t",
    "a semicolon": b";",
    "as a programmer writes them": b"\\r\\n",
    "HTML": b"<br>",
}


def telegrams(profile: str, count: int = 3) -> list[bytes]:
    meter = VirtualMeter(profile, seed=3, start=WINTER_EVENING)
    found = []
    for _ in range(count):
        meter.advance(1)
        found.append(meter.telegram())
    return found


@pytest.mark.parametrize("profile", PROFILES_READ)
@pytest.mark.parametrize("end", CONVERSIONS.values(), ids=CONVERSIONS.keys())
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_what_became_of_all_line_ends_is_undone(end: bytes, profile: str, size: int) -> None:
    printed = telegrams(profile)
    stream = b"".join(printed).replace(b"\r\n", end)
    reader, as_printed = Reader(), Reader()
    found = [telegram for at in range(0, len(stream), size) for telegram in reader.feed(stream[at : at + size])]
    assert found == as_printed.feed(b"".join(printed))
    assert reader.restored
    assert {reason for reason, count in reader.dropped.items() if count} <= {Drop.GARBAGE}


@pytest.mark.parametrize("end", CONVERSIONS.values(), ids=CONVERSIONS.keys())
def test_a_changed_telegram_needs_its_checksum(end: bytes) -> None:
    [telegram] = telegrams("1.7.1", 1)
    reader = Reader()
    assert reader.feed(telegram.replace(b"\r\n", end).replace(b"*kWh)", b"*kVh)", 1) + b"\r\n" + telegram)
    assert (reader.telegrams, reader.dropped[Drop.CHECKSUM], reader.restored) == (1, 1, False)


class Frames(Framer[bytes]):
    """Finds telegrams, and reads none of them."""

    @override
    def _read(self, frame: bytes) -> bytes:
        return frame


# A checksum has 16 bits: readings with which that of a telegram is also right for what it was not, to the Wh.
COINCIDENCES = {
    "LF": 40100,
    "CR": 80629,
    "LFLF": 848,
    "CRLFCR": 33173,
    "CRLFLF": 848,
    "CRLF twice": 848,
    "CR NUL LF": 226,
    "CRLF NUL": 110067,
    "LF NUL": 110067,
    "NUL": 38939,
    "a blank": 143260,
    "a tab": 80235,
    "a semicolon": 133113,
    "as a programmer writes them": 10208,
    "HTML": 123213,
}


def reading(watt_hours: int) -> bytes:
    """Return a telegram with a reading."""
    return sent(f"1-0:1.8.1({watt_hours / 1000:010.3f}*kWh)", "1-0:1.7.0(01.234*kW)", header="/TST5 M")


@pytest.mark.parametrize("before", [0, 1, 5])
@pytest.mark.parametrize("name", COINCIDENCES)
def test_a_checksum_that_is_right_by_chance_as_well(name: str, before: int) -> None:
    end, telegram = CONVERSIONS[name], reading(COINCIDENCES[name])
    printed, _, checksum = telegram.rpartition(b"!")
    lookalikes = [lines for _, lines in restorations((printed + b"!").replace(b"\r\n", end)) if lines != printed + b"!"]
    assert int(checksum, 16) in map(arc, lookalikes)
    telegrams = [reading(number) for number in range(before)] + [telegram]
    stream = b"".join(telegrams).replace(b"\r\n", end)
    for size in (7, 10_000):
        reader = Reader()
        found = [read.frame for at in range(0, len(stream), size) for read in reader.feed(stream[at : at + size])]
        assert found == [each[:-2] for each in telegrams]


def test_whenever_a_meter_begins_all_is_undone() -> None:
    random = Random(1)  # noqa: S311 -- starts, no secret
    for _ in range(160):
        start = datetime(2020, 1, 1, tzinfo=BRUSSELS) + timedelta(seconds=random.randrange(10 * 366 * 86_400))
        meter = VirtualMeter(random.choice(SIGNED), seed=random.randrange(100), start=start)
        printed = []
        for _ in range(10):
            meter.advance(1)
            printed.append(meter.telegram())
        size = random.choice((64, 333, 10_000))
        for name, end in CONVERSIONS.items():
            stream = b"".join(printed).replace(b"\r\n", end)
            frames = Frames()
            found = [frame for at in range(0, len(stream), size) for frame in frames.feed(stream[at : at + size])]
            assert found == [telegram[:-2] for telegram in printed], (meter.profile.name, start, name)


def test_blank_lines_that_a_bridge_takes_out() -> None:
    [telegram] = telegrams("1.7.1", 1)
    [read] = Reader().feed(telegram.replace(b"\r\n\r\n", b"\r\n"))
    assert read.frame == telegram[:-2]


def test_telegrams_as_they_are_printed_are_not_restored() -> None:
    for profile in PROFILES:
        reader = Reader()
        reader.feed(telegrams(profile, 1)[0])
        assert not reader.restored


@pytest.mark.parametrize("wrong", [b"\n", b"\r", b"\r\r", b"\n\n", b"X\n", b"\rX"])
def test_one_wrong_line_end_is_damage_and_no_bridge(wrong: bytes) -> None:
    [printed] = telegrams("1.7.1", 1)
    at = printed.index(b"\r\n", len(printed) // 2)
    telegram = (printed[:at] + wrong + printed[at + 2 :]).rpartition(b"!")[0] + b"!"

    # Each form that is tried is one more chance of a checksum that fits something else than the meter printed.
    assert {restored for _, restored in restorations(telegram)} == {telegram}


def test_values_without_a_checksum_and_with_other_line_ends() -> None:
    lines = body("1-0:1.7.0(01.234*kW)", "1-0:2.7.0(05.678*kW)") + b"\r\n"
    for end in (b"\n", b"\r", b"\n\r", b"\r\0", b"\r\0\n"):
        reader = Reader()
        found = reader.feed(lines.replace(b"\r\n", end) * 2)
        assert [telegram.registers.keys() for telegram in found] == [{"1-0:1.7.0", "1-0:2.7.0"}] * 2, end
        assert not reader.dropped[Drop.LINE], end


def every_second(telegram: bytes) -> bytes:
    """Return a telegram of which every second line end is lost."""
    lines = telegram.split(b"\r\n")
    return b"".join(line + (b"\r\n" if number % 2 else b"") for number, line in enumerate(lines))


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (lambda telegram: telegram, False),
        (every_second, True),
        (lambda telegram: telegram.replace(b"\r\n", b"\n"), True),
        (lambda telegram: telegram.replace(b"\r\n", b"\r"), True),
        (lambda telegram: telegram.replace(b"\r\n", b""), True),
        # Wrong bytes now and then are the line's fault, not the bridge's.
        (lambda telegram: telegram.replace(b"\r", b"\x8d", 2), False),
    ],
)
def test_how_changed_line_ends_are_known(change: Callable[[bytes], bytes], *, changed: bool) -> None:
    [telegram] = telegrams("1.7.1", 1)
    assert look_changed(change(telegram)) == changed


# Identifications

HEADERS = [
    "/NWA-WARMTELINK",
    "/AUR2NWA-MYRSKY",
    "/X",
    "/253769484",
    "/ABC",
    "/a b c",
    "/TST\\2 M",
    "/FLU/FLU5/x",
    "/ -",
    "/\xe9\xe8 5",
    "/0-0:96.1.1",
]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_an_identification_is_what_its_maker_likes(header: str, size: int) -> None:
    telegram = sent("1-0:1.7.0(01.234*kW)", "0-0:96.13.0(a/b)", header=header)
    cut = telegram[telegram.index(b"1-0") :]
    stream = cut + telegram + telegram[:40] + telegram + telegram
    reader = Reader()
    found = [read for at in range(0, len(stream), size) for read in reader.feed(stream[at : at + size])]
    assert [read.frame for read in found] == [telegram[:-2]] * 3
    assert reader.dropped[Drop.CHECKSUM] == 0
    assert found[0].identification == header[1:].strip()


# With one in another, nothing but a checksum tells which one it is.
@pytest.mark.parametrize("header", [header for header in HEADERS if "/FLU5" not in header])
def test_an_identification_of_any_kind_without_a_checksum(header: str) -> None:
    text = body("1-0:1.7.0(01.234*kW)", "1-0:2.7.0(05.678*kW)", header=header) + b"\r\n"
    reader = Reader()
    # The second one is cut off where a line begins.
    found = reader.feed(text + text[: text.index(b"1-0:2")] + text)
    assert [read.identification for read in found] == [header[1:].strip()] * 2
    assert reader.dropped[Drop.TRUNCATED] == 1


def test_a_banner_before_the_first_telegram_is_garbage() -> None:
    reader = Reader()
    telegram = sent("1-0:1.7.0(01.234*kW)", header="/NWA-WARMTELINK")
    assert len(reader.feed(b"ser2net port 1/2 device /dev/ttyUSB0\r\n" + telegram)) == 1
    assert {reason for reason, count in reader.dropped.items() if count} == {Drop.GARBAGE}


def test_noise_with_slashes_and_marks_is_no_bad_telegram() -> None:
    reader = Reader()
    noise = b"\x80/\xf0\xfe\n!AB12\xff/\x11\r!\r\0!0000/x\n!\n" * 300
    assert reader.feed(noise) == []
    assert {reason for reason, count in reader.dropped.items() if count} == {Drop.GARBAGE}
    assert len(reader.feed(b"\n" + sent("1-0:1.7.0(01.234*kW)"))) == 1
