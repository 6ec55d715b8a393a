"""Any input at all: found by hypothesis, and where it is cheap, all of it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import example, given, settings, strategies as st

from custom_components.emucs.port import Drop, Reader, Register, Telegram
from tests.port.wire import body, received, sent
from virtual_meter import PROFILES, VirtualMeter

settings.register_profile("port", max_examples=150, deadline=None, database=None)
PORT = settings.get_profile("port")

START = datetime(2026, 1, 14, 17, 7, tzinfo=UTC)
# Telegrams without a checksum do not pass where one with a checksum came before.
CHECKED = [name for name in PROFILES if name != "nl-2.2"]
PRINTED = [VirtualMeter(profile=name, start=START).telegram() for name in CHECKED]
# With all it can have, yet no history: short enough to be changed at each of its bytes.
SHORT = VirtualMeter(profile="2.1.1", start=START, history_months=1).telegram()
MARKS = st.sampled_from(
    [b"/", b"!", b"\n", b"\r", b"\r\n", b"\n!", b"/AAA5", b"\n/AAA5", b"\n!12", b"\0", b"\xff", b"F"]
)
NOISE = st.lists(MARKS | st.binary(max_size=20), max_size=8).map(b"".join)


def read(chunks: Iterable[bytes], *, warm: bool = True) -> tuple[list[Telegram], dict[Drop, int]]:
    reader = Reader()
    if warm:
        # From here on each telegram needs its checksum.
        assert reader.feed(SHORT)
    found = [telegram for chunk in chunks for telegram in reader.feed(chunk)]
    return found, {reason: count for reason, count in reader.dropped.items() if count}


def whole_values(telegram: Telegram) -> dict[str, Register]:
    return dict(telegram.registers)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Telegrams, pieces of telegrams and noise, in any order."""
    telegram = st.sampled_from(PRINTED)
    bare = telegram.map(lambda text: text[:-6] + b"\r\n")
    piece = st.tuples(telegram, st.integers(0, 2000), st.integers(0, 2000)).map(lambda cut: cut[0][cut[1] : cut[2]])
    return b"".join(draw(st.lists(telegram | bare | piece | NOISE, max_size=6)))


@given(stream=streams(), cuts=st.lists(st.integers(0, 8000), max_size=30), warm=st.booleans())
@settings(PORT)
def test_any_split_gives_the_same_telegrams(stream: bytes, cuts: list[int], *, warm: bool) -> None:
    ends = [*sorted(cuts), len(stream)]
    chunks = [stream[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    assert b"".join(chunks) == stream
    assert read(chunks, warm=warm) == read([stream], warm=warm)


@given(stream=streams())
@settings(PORT, max_examples=40)
def test_single_bytes_give_the_same_telegrams(stream: bytes) -> None:
    assert read(bytes([byte]) for byte in stream) == read([stream])


@given(chunks=st.lists(st.binary(max_size=200) | NOISE, max_size=20))
@settings(PORT)
def test_any_bytes_at_all(chunks: list[bytes]) -> None:
    read(chunks)
    read(chunks, warm=False)


@given(noise=NOISE, telegram=st.sampled_from(PRINTED), behind=st.sampled_from(PRINTED))
@settings(PORT)
def test_no_noise_costs_more_than_the_telegram_behind_it(noise: bytes, telegram: bytes, behind: bytes) -> None:
    found, _ = read([noise, telegram, behind])
    # The noise may look like the end of a telegram, never swallow the second one.
    assert whole_values(found[-1]) == whole_values(read([behind])[0][0])


# Of each code several values, of each reading and identifier too; the same line twice, and lines that are none.
LINES = st.sampled_from(
    [
        *("1-0:1.7.0(00.084*kW)", "1-0:1.7.0(10.084*kW)", "1-0:1.7.0(1*W)", "1-0:1.7.0(x)", "1-0:1.7.0(1*)"),
        *("0-0:96.1.1(3153414731)", "0-0:96.1.1(3153414732)", "0-0:96.1.4(50217)", "0-0:96.1.4(50221)", "", " "),
        *("0-0:1.0.0(260114180701W)", "0-0:1.0.0(260714180702S)", "0-0:1.0.0()", "1-0:1.6.0(260107183000W)(14.575*kW)"),
        *("0-1:24.1.0(003)", "0-1:24.1.0(007)", "0-2:24.1.0(007)", "0-1:24.2.3(260114180339W)(02758.404*m3)"),
        *("0-1:24.2.3(260114180839W)(02758.500*m3)", "0-1:24.2.1(632525252525W)(00000.000*m3)", "(00001.000)"),
        *("0-1:24.3.0(260114180000)(00)(60)(1)(0-1:24.2.1)(m3)", "0-1:24.3.0(260114190000)(00)(60)(1)(0-1:24.2.1)(m3)"),
        *("0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(251101000000W)(251026203000W)(14.195*kW)", "0-0:98.1.0(0)(x)(x)()"),
        *("nonsense", "1-0:1.8.1(005149.759*kWh)", "1-0:1.8.1(005149.760*kWh)", "0-0:96.13.0(41)"),
    ]
)


@given(telegrams=st.lists(st.lists(LINES, min_size=1, max_size=6), min_size=2, max_size=5))
@settings(PORT, max_examples=600)
def test_what_was_printed_before_changes_nothing(telegrams: list[list[str]]) -> None:
    # Mostly as many lines as before, some of which are others.
    steps = [*telegrams, telegrams[-1], [*telegrams[-1][:-1], telegrams[0][0]]]
    reader, malformed = Reader(), 0
    for lines in steps:
        stranger = Reader()
        assert reader.feed(sent(*lines)) == stranger.feed(sent(*lines))
        malformed += stranger.dropped[Drop.LINE]
        assert reader.dropped[Drop.LINE] == malformed


@given(text=st.binary(max_size=300), warm=st.booleans())
@settings(PORT)
@example(text=b"0-0:98.1.0()\r\n0-0:98.1.0(1\r\n1-0:1.6.0()()()\r\n0-1:24.2.1)(", warm=False)
def test_any_lines_under_a_right_checksum(text: bytes, *, warm: bool) -> None:
    telegram = sent("0-0:96.14.0(0001)", text.decode("latin-1").replace("\n!", "\n?"))
    found, _ = read([telegram], warm=warm)
    assert len(found) <= 1
    # What looks like the start of a telegram in the text is one: then nothing is left.
    assert found or b"/" in text or text.startswith(b"!")


def line_text() -> st.SearchStrategy[str]:
    characters = st.characters(max_codepoint=255, exclude_characters="\r\n")
    # What begins with a mark ends the telegram, also behind the NUL that telnet leaves of the line before.
    return st.text(characters, max_size=40).filter(lambda text: not text.startswith(("!", "\0!", "/")))


@given(
    line=line_text()
    | st.tuples(st.sampled_from(["0-0:1.0.0", "1-0:1.6.0", "0-0:98.1.0", "0-1:24.2.1"]), line_text()).map("".join)
)
@settings(PORT, max_examples=400)
def test_any_text_as_a_line_costs_at_most_that_line(line: str) -> None:
    reader = Reader()
    [telegram] = reader.feed(sent("1-0:1.7.0(01.234*kW)", line, "1-0:2.7.0(05.678*kW)"))
    others = {code for code in telegram.registers if code not in {"1-0:1.7.0", "1-0:2.7.0"}}
    assert len(others) + reader.dropped[Drop.LINE] <= 1
    assert bool(line) <= bool(others or reader.dropped[Drop.LINE] or line.startswith(("1-0:1.7.0(", "1-0:2.7.0(")))
    if not line.startswith(("1-0:1.7.0(", "1-0:2.7.0(")):
        assert telegram.registers["1-0:1.7.0"] == Register(Decimal("1.234"), "kW")
        assert telegram.registers["1-0:2.7.0"] == Register(Decimal("5.678"), "kW")


GROUP = st.integers(0, 255)
# None of those that are more than a number: 0.x, 1.x, 2.x, 24.x, 42.x, 96.x, 98.x, and limits.
CODES = st.builds("{}-{}:{}.{}.{}".format, GROUP, GROUP, st.integers(100, 255), GROUP, st.integers(0, 254))
NUMBERS = st.decimals(Decimal(-(10**9)), Decimal(10**9), places=3) | st.integers(0, 10**12).map(Decimal)
UNITS = st.sampled_from([None, "kWh", "kW", "V", "A", "kvarh", "m3", "GJ", "Hz", "W"])
FLAGGED = st.builds(
    lambda time, hours: time.replace(microsecond=0, tzinfo=timezone(timedelta(hours=hours))),
    st.datetimes(datetime(2000, 1, 2), datetime(2069, 12, 31)),  # noqa: DTZ001 -- the flag makes it aware
    st.sampled_from([1, 2]),
)


def printed_time(time: datetime) -> str:
    return f"{time:%y%m%d%H%M%S}{'S' if time.utcoffset() == timedelta(hours=2) else 'W'}"


@given(values=st.dictionaries(CODES, st.tuples(NUMBERS, UNITS, st.none() | FLAGGED), min_size=1, max_size=20))
@settings(PORT)
def test_what_is_printed_is_read(values: dict[str, tuple[Decimal, str | None, datetime | None]]) -> None:
    lines = [
        f"{code}{f'({printed_time(time)})' if time else ''}({number:011.3f}{f'*{unit}' if unit else ''})"
        for code, (number, unit, time) in values.items()
    ]
    assert received(*lines).registers == {code: Register(*value) for code, value in values.items()}


@given(time=FLAGGED, peak=FLAGGED, value=st.integers(1, 99_999))
@settings(PORT)
def test_times_that_are_printed_are_read(time: datetime, peak: datetime, value: int) -> None:
    kilowatts = Decimal(value).scaleb(-3)
    telegram = received(
        f"0-0:1.0.0({printed_time(time)})",
        f"0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)({printed_time(time)})({printed_time(peak)})({kilowatts:06.3f}*kW)",
        f"1-0:1.6.0({printed_time(peak)})({kilowatts:06.3f}*kW)",
    )
    assert telegram.time == time
    assert telegram.demand_history == ((time, peak, kilowatts),)
    assert telegram.registers["1-0:1.6.0"] == Register(kilowatts, "kW", peak)


def assert_never_changed(mutant: bytes, truth: Telegram, *, warm: bool) -> None:
    """Whatever is read from a telegram with an error in it says what the telegram said."""
    for found in read([mutant, b"\r\n"], warm=warm)[0]:
        # The checksum stands where ends of lines are others.
        assert found._replace(frame=truth.frame) == truth, mutant


def test_no_single_wrong_byte_changes_a_value() -> None:
    [truth] = Reader().feed(SHORT)
    for at, byte in enumerate(SHORT):
        for wrong in {byte ^ 1, byte ^ 0x80, byte ^ 0xFF, 0, *b"\r\n!/09(", 0xFF} - {byte}:
            mutant = SHORT[:at] + bytes([wrong]) + SHORT[at + 1 :]
            assert_never_changed(mutant, truth, warm=bool(at % 2))


@given(telegram=st.sampled_from(PRINTED), at=st.integers(0, 3000), wrong=st.integers(0, 255), warm=st.booleans())
@settings(PORT)
def test_no_wrong_byte_anywhere_changes_a_value(telegram: bytes, at: int, wrong: int, *, warm: bool) -> None:
    at %= len(telegram)
    [truth] = Reader().feed(telegram)
    assert_never_changed(telegram[:at] + bytes([wrong]) + telegram[at + 1 :], truth, warm=warm)


def test_no_lost_byte_changes_a_value() -> None:
    [truth] = Reader().feed(SHORT)
    for at in range(len(SHORT)):
        assert_never_changed(SHORT[:at] + SHORT[at + 1 :], truth, warm=True)


def test_every_profile_is_read_as_it_is_printed() -> None:
    for name, printed in zip(CHECKED, PRINTED, strict=True):
        [telegram] = Reader().feed(printed)
        lines = printed.decode().splitlines()
        assert list(telegram.registers) == [line.partition("(")[0] for line in lines[1:-1] if line], name
        assert telegram.time == START
        assert body(*lines[2:-1], header=lines[0]) in printed or lines[1]
