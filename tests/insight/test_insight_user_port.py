"""Which port a telegram seems to come from."""

from itertools import product
from pathlib import Path

from fastcrc.crc16 import arc
import pytest

from custom_components.emucs.insight.user_port import Evidence, PortGuess, UserPort, detect_user_port
from custom_components.emucs.port import Reader
from tests.support import FIELD_TELEGRAMS, WINTER_EVENING
from virtual_meter import VirtualMeter

BELGIAN = list(product(("1.3", "1.4", "1.5", "1.6", "1.7.1", "2.1.1"), ("", "-single-phase", "-3x230v")))


def guessed(*lines: str) -> PortGuess:
    """Return what a telegram of these lines is taken for."""
    head = "\r\n".join(["/XXX5\\METER", "", "0-0:96.1.1(1XXX0000000001)", *lines, "!"]).encode()
    (telegram,) = Reader().feed(head + f"{arc(head):04X}\r\n".encode())
    return detect_user_port(telegram)


@pytest.mark.parametrize(("version", "wiring"), BELGIAN)
def test_belgian_p1(version: str, wiring: str) -> None:
    (telegram,) = Reader().feed(VirtualMeter(version + wiring, 3, WINTER_EVENING).telegram())
    assert detect_user_port(telegram) == (UserPort.P1, Evidence.VERSION)


@pytest.mark.parametrize("path", sorted(FIELD_TELEGRAMS.glob("*.txt")), ids=lambda path: path.stem)
def test_no_field_telegram_is_of_another_port(path: Path) -> None:
    (telegram,) = Reader().feed(path.read_bytes())
    assert detect_user_port(telegram).port is UserPort.P1


@pytest.mark.parametrize(
    ("lines", "guess"),
    [
        (["1-3:0.2.8(42)", "1-0:1.7.0(99*kW)"], (UserPort.P1, Evidence.VERSION)),
        (["0-1:24.1.0(003)", "1-0:1.4.0(1*kW)", "1-0:3.8.0(1*kvarh)"], (UserPort.P1, Evidence.MBUS)),
        # A relay is no M-Bus meter.
        (["0-1:96.3.10(0)", "1-0:1.7.0(300*kW)"], (UserPort.A1, Evidence.SIZE)),
        (["1-0:1.7.0(-57000*W)"], (UserPort.A1, Evidence.SIZE)),
        (["1-0:9.7.0(0.1*MVA)"], (UserPort.A1, Evidence.SIZE)),
        (["1-0:32.7.0(6.35*kV)"], (UserPort.A1, Evidence.SIZE)),
        (["1-0:31.7.0(250.00*A)"], (UserPort.A1, Evidence.SIZE)),
        (["1.4.0(12*kW)", "3.8.0(1*kvarh)"], (UserPort.A1, Evidence.FOUR_QUADRANTS)),
        (["1-0:2.6.0(12*kW)", "1-0:8.7.0(1*kvar)"], (UserPort.A1, Evidence.FOUR_QUADRANTS)),
        # A limit is no quantity.
        (["1-0:31.4.0(500*A)", "0-0:17.0.0(100*kW)"], (UserPort.P1, Evidence.NONE)),
        (["1-0:3.8.0(1*kvarh)", "1-0:1.7.0(3*kW)"], (UserPort.P1, Evidence.NONE)),
        # No edition of P1 has had such a number: nothing follows from it.
        (["0-0:96.1.4(50299)", "1-0:1.7.0(57*kW)"], (UserPort.A1, Evidence.SIZE)),
        (["0-0:96.1.4(ABC)", "1-0:1.7.0(5*kW)"], (UserPort.P1, Evidence.NONE)),
    ],
)
def test_what_is_guessed_and_why(lines: list[str], guess: PortGuess) -> None:
    assert guessed(*lines) == guess
