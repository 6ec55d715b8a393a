"""How much work a telegram is: counted in calls, which no busy machine changes."""

from dsmr_parser import telegram_specifications
from dsmr_parser.parsers import TelegramParser
import pytest

from custom_components.emucs.port import Reader, Register
from custom_components.emucs.port.lines import LINES
from tests.effort import START, calls
from tests.port.wire import sent
from virtual_meter import VirtualMeter

SECONDS = 60
CHUNK = 16 * 1024


def seconds(profile: str = "1.7.1", count: int = SECONDS) -> list[bytes]:
    """Return the telegrams of a meter, second by second."""
    meter = VirtualMeter(profile, seed=5, start=START, history_months=3)
    telegrams = []
    for _ in range(count):
        meter.advance(1)
        telegrams.append(meter.telegram())
    return telegrams


class Parsed:
    """Counts the lines that are parsed, rather than known."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines = 0
        work = LINES._work  # noqa: SLF001 -- what has to be spared

        def counted(line: bytes) -> tuple[str, Register] | None:
            self.lines += 1
            return work(line)

        monkeypatch.setattr(LINES, "_work", counted)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Parsed:
    return Parsed(monkeypatch)


@pytest.fixture
def reader() -> Reader:
    """Return a reader that knows nothing, nor anyone before it."""
    LINES.clear()
    return Reader()


def test_calls_are_counted() -> None:
    assert calls(lambda text: len(text.strip()), ["a", "b"]) == 2 * 3 + 1


def test_an_unchanged_telegram_is_not_parsed_again(reader: Reader, parsed: Parsed) -> None:
    [telegram] = seconds(count=1)
    reader.feed(telegram)
    before = parsed.lines
    reader.feed(telegram)
    assert parsed.lines == before


def test_what_did_not_change_is_the_same_object(reader: Reader) -> None:
    first, second = (reader.feed(telegram)[0] for telegram in seconds(count=2))
    same = [code for code, register in first.registers.items() if second.registers[code] is register]
    assert len(same) > len(first.registers) / 2
    assert second.channels is first.channels
    assert second.demand_history is first.demand_history


def test_what_stands_is_the_same_object_also_where_lines_come_and_go(reader: Reader) -> None:
    first, second = seconds(count=2)
    lines = [line.decode() for line in second.splitlines()[2:-1]]
    [before], [after] = reader.feed(first), reader.feed(sent(*lines, "1-0:99.9.9(1)", "1-0:99.9.9(2)"))
    assert "1-0:99.9.9" in after.registers
    assert after.channels is before.channels
    assert after.demand_history is before.demand_history


def test_a_line_that_anyone_printed_is_parsed_once(reader: Reader, parsed: Parsed) -> None:
    [telegram] = seconds(count=1)
    reader.feed(telegram)
    before = parsed.lines
    Reader().feed(telegram)
    # The month peaks are longer than what is kept.
    assert parsed.lines == before + 1


@pytest.mark.parametrize("profile", ["1.7.1", "2.1.1", "1.7.1-single-phase"])
def test_a_second_takes_a_small_part_of_what_the_peer_does(reader: Reader, profile: str) -> None:
    telegrams = seconds(profile)
    parse = TelegramParser(telegram_specifications.BELGIUM_FLUVIUS).parse
    peer = calls(parse, [telegram.decode() for telegram in telegrams])
    assert calls(reader.feed, telegrams) * 28 < peer


def test_a_stranger_takes_a_part_of_what_the_peer_does(reader: Reader) -> None:
    meters = [VirtualMeter(seed=seed, start=START, history_months=3).telegram() for seed in range(SECONDS)]
    parse = TelegramParser(telegram_specifications.BELGIUM_FLUVIUS).parse
    peer = calls(parse, [telegram.decode() for telegram in meters])
    assert calls(lambda telegram: Reader().feed(telegram), meters) * 5.5 < peer


def test_a_small_chunk_is_only_kept(reader: Reader) -> None:
    [telegram] = seconds(count=1)
    chunks = [telegram[begin : begin + 16] for begin in range(16, 1008, 16)]
    reader.feed(telegram[:16])
    # The reader, and the length.
    assert calls(reader.feed, chunks) <= 2 * len(chunks) + 1


def test_a_telegram_in_pieces_slows_no_later_one(reader: Reader) -> None:
    first, second, third = seconds(count=3)
    clean = Reader()
    for telegram in (first, second, third):
        clean.feed(telegram)
    reader.feed(first[:500])
    reader.feed(first[500:])
    reader.feed(second)
    # The line end behind the first one is not kept, before which no telegram would come in one piece any more.
    assert calls(reader.feed, [third]) <= calls(clean.feed, [second])


@pytest.mark.parametrize("pattern", [b"A", b"!", b"/", b"\xff", b"/AAA5", b"\n/", b"\n!", b"/AAA5\n"])
def test_garbage_takes_as_many_calls_however_it_looks(reader: Reader, pattern: bytes) -> None:
    garbage = pattern * (CHUNK // len(pattern))
    assert calls(reader.feed, [garbage] * 10) <= 10 * 25


def test_long_lines_are_kept_by_nobody(reader: Reader) -> None:
    before = len(LINES)
    [telegram] = reader.feed(sent(f"0-0:96.13.0({'41' * 1000})", f"1-0:1.7.0({'1' * 2000})"))
    assert telegram.registers["0-0:96.13.0"].value == "A" * 1000
    assert len(LINES) == before
