"""Telnet on the way: commands out, telegrams in, whatever the pieces."""

from hypothesis import example, given, strategies as st
import pytest

from custom_components.emucs.port import Reader
from custom_components.emucs.port.telnet import Telnet
from tests.effort import calls
from tests.port.wire import sent

NEGOTIATION = bytes.fromhex("fffb03 fffb01 fffd00 fffc05 fffe06")
TERMINAL = b"\xff\xfa\x18\x01\xff\xf0"
NOP = b"\xff\xf1"


def fed(*pieces: bytes) -> tuple[bytes, bytes]:
    """Return what is left of some pieces, and what was answered."""
    telnet = Telnet()
    return b"".join(map(telnet.feed, pieces)), telnet.answer


def test_offers_and_requests_are_refused_and_refusals_are_not_answered() -> None:
    assert fed(NEGOTIATION + b"/") == (b"/", bytes.fromhex("fffe03 fffe01 fffc00"))


@pytest.mark.parametrize("command", [NEGOTIATION, TERMINAL, NOP, b"\xff\xf0", b"\xff\xf9"])
def test_a_command_may_stand_anywhere_and_come_in_pieces(command: bytes) -> None:
    telegram = sent("1-0:1.7.0(00.123*kW)")
    for position in (0, 1, 20, len(telegram) - 3, len(telegram)):
        stream = telegram[:position] + command + telegram[position:]
        assert fed(*(stream[begin : begin + 1] for begin in range(len(stream))))[0] == telegram
        assert fed(stream)[0] == telegram
        assert len(Reader().feed(fed(stream)[0])) == 1


def test_255_is_doubled_only_by_telnet() -> None:
    assert fed(b"a\xff\xffb")[0] == b"a\xff\xffb"
    assert fed(NOP + b"a\xff\xffb")[0] == b"a\xffb"


@pytest.mark.parametrize("data", [b"\xff\x00", b"\xffa", b"\xff\x80\xff\xef", b"\xff\xfa" + b"x" * 200])
def test_what_is_no_command_stays(data: bytes) -> None:
    assert fed(data, b"end")[0] == data + b"end"


@given(st.binary(max_size=300), st.integers(1, 30))
@example(b"\xff", 1)
@example(b"\xff\xfa\xff\xff\xf0", 2)
def test_pieces_change_nothing(data: bytes, size: int) -> None:
    pieces = [data[begin : begin + size] for begin in range(0, len(data), size)]
    # What is still held is told by what follows.
    assert fed(*pieces, b"x" * 80) == fed(data, b"x" * 80)


@given(st.binary(max_size=300).filter(lambda data: b"\xff" not in data))
def test_without_255_nothing_is_touched(data: bytes) -> None:
    assert Telnet().feed(data) is data


def test_a_telegram_takes_no_more_than_a_look() -> None:
    telegram = sent("1-0:1.7.0(00.123*kW)")
    assert calls(Telnet().feed, [telegram] * 10) <= 10 * 1 + 1


def test_what_is_held_is_bounded() -> None:
    telnet = Telnet()
    for _ in range(1000):
        telnet.feed(b"\xff\xfa" + b"\xff\xfb" * 20)
    assert len(telnet._held) <= 64  # noqa: SLF001 -- what must not grow
