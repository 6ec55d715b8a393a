"""Line ends that a terminal or a bridge made something else of, and identifications of any kind."""

from collections.abc import Callable

import pytest

from custom_components.emucs.port import Drop, Reader
from custom_components.emucs.port.line_ends import look_changed
from tests.port.wire import body, sent
from tests.support import WINTER_EVENING
from virtual_meter import PROFILES, VirtualMeter

# With a blank line behind the identification, without one, and with a line of its own for a value.
PROFILES_READ = ["1.7.1", "2.1.1", "ie5-new", "nl-4.2"]
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


def test_blank_lines_that_a_bridge_takes_out() -> None:
    [telegram] = telegrams("1.7.1", 1)
    [read] = Reader().feed(telegram.replace(b"\r\n\r\n", b"\r\n"))
    assert read.frame == telegram[:-2]


def test_telegrams_as_they_are_printed_are_not_restored() -> None:
    for profile in PROFILES:
        reader = Reader()
        reader.feed(telegrams(profile, 1)[0])
        assert not reader.restored


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
