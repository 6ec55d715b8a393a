"""Telegrams under a right checksum that nobody's meter sends: all that comes of them is bounded and plain."""

import json
import time
import tracemalloc

import pytest

from custom_components.emucs.port import Drop, Link, Reader, Telegram, anonymise
from custom_components.emucs.port.__main__ import as_dict
from custom_components.emucs.port.channels import MAX_CHANNELS
from custom_components.emucs.port.framing import MAX_TELEGRAM
from custom_components.emucs.port.lines import MAX_LINE
from custom_components.emucs.port.plain import LONGEST_NAME, LONGEST_TEXT, plain
from custom_components.emucs.port.telegram import MAX_LINES
from tests.port.wire import received, sent

POWER = "1-0:1.7.0(01.234*kW)"
MARKUP = "<>[]{}`\x00\x1b\x7f\x9b"


def texts(telegram: Telegram) -> list[str]:
    """Return all that a telegram says in words."""
    found: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            for each in value.values():
                collect(each)
        elif isinstance(value, list | tuple):
            for each in value:
                collect(each)

    collect(as_dict(telegram))
    return found


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=http://example.com/x.png>",
    "![x](http://example.com/x.png)",
    "[click](javascript:alert(1))",
    "{{ states('lock.door') }}",
    "{% for i in range(9) %}",
    "`rm`",
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "a\x00b\x85c",
    "\xb2\xb3\xb9\xbc",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "line",
    ["0-0:96.1.1({})", "0-0:96.13.0({})", "1-3:0.2.8({})", "1-0:99.9.9({})", "1-0:1.7.0(1*{})", "0-1:96.1.1({})"],
)
def test_no_text_carries_markup(line: str, text: str) -> None:
    for printed in (text, text.encode("latin-1").hex()):
        telegram = received(line.format(printed), POWER)
        for each in texts(telegram):
            assert not set(each) & set(MARKUP), each
            assert each.isprintable(), each


@pytest.mark.parametrize("text", HOSTILE)
def test_no_identification_carries_markup(text: str) -> None:
    [telegram] = Reader().feed(sent(POWER, header=f"/XXX5{text.replace(chr(0x85), '')}"))
    assert telegram.identification.isprintable()
    assert not set(telegram.identification) & set(MARKUP)


def test_a_message_cannot_turn_the_direction_of_text() -> None:
    message = "safe \u202egnp.exe\u202c \u200b\u2066x\ufeff"
    telegram = received(f"0-0:96.13.0({message.encode().hex()})")
    assert telegram.registers["0-0:96.13.0"].text == "safe  gnp.exe   x"


@pytest.mark.parametrize(
    "text",
    ["Werken op 12/3 om 9:00 (straat): info op fluvius.be!", "Coupure d'électricité à 5 % * #1", r"FLU5\253769484_A"],
)
def test_what_people_write_stays(text: str) -> None:
    assert plain(text) == text


def test_texts_and_names_are_bounded() -> None:
    long = "x" * 3000
    telegram = received(
        f"0-0:96.13.0({long})", f"1-0:1.7.0(1*{long})", "0-0:96.1.1(1SAG1100000001)", f"0-1:96.1.1({long})", POWER
    )
    assert len(telegram.registers["0-0:96.13.0"].text or "") == LONGEST_TEXT
    assert telegram.meter_id == "1SAG1100000001"
    assert telegram.channels == {}
    # What no unit is belongs to a text.
    register = received(f"1-0:2.7.0(1*{long})").registers["1-0:2.7.0"]
    assert (register.number, register.unit, len(register.text or "")) == (None, None, LONGEST_TEXT)
    [telegram] = Reader().feed(sent(POWER, header="/XXX5" + long))
    assert len(telegram.identification) == LONGEST_NAME


@pytest.mark.parametrize("length", [MAX_LINE, MAX_LINE + 1])
def test_a_line_is_bounded(length: int) -> None:
    reader = Reader()
    line = "0-0:96.13.1(" + "x" * (length - 13) + ")"
    assert len(line) == length
    [telegram] = reader.feed(sent(line, POWER))
    assert ("0-0:96.13.1" in telegram.registers) == (length == MAX_LINE)
    assert reader.dropped[Drop.LINE] == length - MAX_LINE


def test_lines_are_bounded() -> None:
    reader = Reader()
    [telegram] = reader.feed(sent(POWER, *[f"1-{number // 250}:99.1.{number % 250}(1)" for number in range(700)]))
    # The blank line behind the identification is one of them.
    assert len(telegram.registers) == MAX_LINES - 1
    assert reader.dropped[Drop.LINE] == 702 - MAX_LINES


def test_channels_are_bounded() -> None:
    # As many as fit into telegrams, whatever their numbers.
    reader = Reader()
    for first in range(0, 256, 64):
        lines = [f"0-{number}:24.1.0(003)" for number in range(first, first + 64)]
        [telegram] = reader.feed(
            sent(*lines, *[f"0-{n}:24.2.3(260101120000W)(1*m3)" for n in range(first, first + 64)])
        )
        assert set(telegram.channels) <= set(range(1, MAX_CHANNELS + 1))
    assert received("0-1000000:24.1.0(003)", "0-999:24.1.0(003)", POWER).channels == {}


@pytest.mark.parametrize(
    "line",
    [
        "1-0:1.7.0(" + "9" * 4000 + "*kW)",
        "1-0:1.7.0(1e999999*kW)",
        "1-0:1.7.0(0x7f*kW)",
        "1-0:1.7.0(\xb2\xb3*kW)",
        "1-0:1.7.0(NaN*kW)",
        "1-0:1.7.0(-Infinity*kW)",
        "1-0:1.7.0(1_000*kW)",
        "0-0:1.0.0(999999999999S)",
        "0-0:1.0.0(\xb2\xb36010112000S)",
        "0-1:24.1.0(" + "9" * 40 + ")",
        "0-0:98.1.0(" + "9" * 40 + ")(1-0:1.6.0)()",
        "((((((((((((((((((((((((",
        "1-0:1.7.0" + "(" * 1000 + ")" * 1000,
        "1-0:1.7.0(" + ")(" * 1000 + ")",
        "0-0:98.1.0" + "(260101000000W)" * 250,
    ],
    ids=lambda line: line[:24],
)
def test_what_is_no_number_or_time_is_none(line: str) -> None:
    telegram = received(line, "1-0:2.7.0(01.234*kW)")
    json.dumps(as_dict(telegram), default=str)
    assert telegram.registers["1-0:2.7.0"].number is not None
    number = telegram.registers["1-0:1.7.0"].number if "1-0:1.7.0" in telegram.registers else None
    assert number is None or number.is_finite()
    anonymise(telegram.frame)


def full_of(unit: str, *, start: str = "") -> bytes:
    """Return a telegram that is as long as it may be, and full of something."""
    room = MAX_TELEGRAM - 200 - len(start)
    return sent(POWER, start + unit * (room // len(unit)))


@pytest.mark.parametrize(
    "telegram",
    [
        full_of("0-1:24.3.0("),
        full_of("0-1:24.3.0()"),
        full_of("/AAA5"),
        full_of("/AAA5 x"),
        full_of("\r\n"),
        full_of("1.1()\r\n"),
        full_of("<"),
        full_of("<a"),
        full_of("(260101000000W)", start="0-0:98.1.0"),
        full_of("0-1:24.3.0(x)\r"),
        full_of("\n\n"),
    ],
    ids=range(11),
)
@pytest.mark.parametrize("checksum", [True, False])
def test_no_telegram_takes_long(telegram: bytes, checksum: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    stream = telegram if checksum else telegram[:-6] + b"\r\n"
    ordinary = sent(*[f"1-0:99.{number // 200}.{number % 200}(01.234*kW)" for number in range(500)])
    # The least of a few: what else the process does in between, such as collecting garbage, is in none of them.
    usual, taken = (min(_seconds_to_read(printed) for _ in range(5)) for printed in (ordinary, stream))
    # As much as fifty telegrams of the usual kind: what is quadratic took thousands.
    assert taken < 50 * usual + 0.05


def _seconds_to_read(telegram: bytes) -> float:
    """Return the CPU time that a new reader takes for a telegram."""
    reader = Reader()
    began = time.process_time()
    reader.feed(telegram)
    return time.process_time() - began


def test_memory_does_not_grow_with_what_was_read() -> None:
    reader = Reader()

    def feed(first: int, count: int) -> None:
        """Feed telegrams of which no line comes twice."""
        for number in range(first, first + count):
            lines = [f"1-{number % 250}:{line}.{number // 250}.0({number}.{line:03d}*kW)" for line in range(60)]
            reader.feed(sent(*lines, f"0-0:96.13.0({number:064d})", f"0-0:96.13.1({'y' * 2000}{number})"))

    feed(0, 50)
    tracemalloc.start()
    try:
        feed(50, 50)
        before = tracemalloc.get_traced_memory()[0]
        feed(100, 500)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    # Ten times as much is read, and what is remembered stays as it is.
    assert after < before + 300_000


@pytest.mark.usefixtures("socket_enabled")
async def test_a_link_keeps_little_of_a_flood() -> None:
    link = Link("socket://127.0.0.1:1")
    assert link.reader.feed(b"/AAA5" + b"x" * 10_000_000) == []
    assert len(link.reader._buffer) <= MAX_TELEGRAM  # noqa: SLF001 -- what has to be bounded
    await link.close()


def test_a_telegram_of_one_line_is_empty_whatever_its_checksum() -> None:
    reader = Reader()
    assert reader.feed(b"/XXX5\\2 *kWh)!498D\r\n") == []
    assert not reader.dropped[Drop.CHECKSUM]
    # What comes then is read.
    assert len(reader.feed(sent("1-0:1.7.0(1*kW)"))) == 1
