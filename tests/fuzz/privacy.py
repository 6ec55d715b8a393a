"""Damage to telegrams, after which no identifier may be left in what others are shown."""

from collections.abc import Iterator
from random import Random
import re
import string
from typing import Final

from custom_components.emucs.port import anonymise, redact
from tests.port.wire import HEADER, body, sent
from virtual_meter.wire import sign

RUN: Final = 6
"""Characters in a row by which an identifier is known."""
_MARKS: Final = (b"\r", b"\n", b"\r\n", b"(", b")", b"*", b"!", b"/", b"\0", b".", b"-", b"0", b"\xff", b"*kWh)\r\n")
# Without what invented text is made of: 9 and X, and the number of a channel and 1.
_INVENTED: Final = re.compile(r".?(?:58|39){1,3}(?:3[12]?|5)?")
_DIGITS: Final = "012345678"
_ALPHABET: Final = string.ascii_uppercase.replace("X", "") + _DIGITS
_QUANTITIES: Final = (
    "0-0:96.1.4(50217)",
    "0-0:1.0.0(260114180700W)",
    "1-0:1.8.1(012345.678*kWh)",
    "1-0:2.8.1(000010.000*kWh)",
    "0-0:96.14.0(0001)",
    "1-0:1.7.0(01.234*kW)",
    "1-0:1.6.0(260114181500W)(04.329*kW)",
    "0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(260101000000W)(251217224500W)(04.329*kW)",
    "1-0:32.7.0(230.1*V)",
    "0-0:17.0.0(999.9*kW)",
    "1-0:99.97.0(1)(0-0:96.7.19)(240523144934S)(0000000124*s)",
    "0-1:24.1.0(003)",
    "0-1:24.2.3(260114180500W)(00112.384*m3)",
)


def telegrams(rng: Random) -> Iterator[tuple[bytes, frozenset[str]]]:
    """Yield telegrams without end, with all runs of their identifiers, in each form in which they are printed."""
    while True:
        plain = ["".join(rng.choices(_ALPHABET, k=14)) for _ in range(3)]
        number = "".join(rng.choices(_DIGITS, k=rng.randrange(8, 19)))
        message = "".join(rng.choices(string.ascii_lowercase, k=40))
        coded = [text.encode().hex().upper() for text in (*plain, message, number)]
        private = [
            f"0-0:96.1.1({coded[0]})",
            f"0-0:96.1.0({plain[0]})",
            f"0-1:96.1.1({coded[1]})",
            f"0-0:96.1.255*255({plain[2]})",
            f"0-0:96.1.2({coded[4]})",
            f"1-0:0.0.0({number})",
            f"C.1.0({number})",
            f"0-0:96.13.0({coded[3]})",
            f"0-0:96.13.1({message})",
            f"1-0:99.9.9({number})",
        ]
        lines = [*_QUANTITIES, *rng.sample(private, 4)]
        rng.shuffle(lines)
        header = rng.choice((HEADER, f"/XMX5LGBBFG{number}", f"/KMP5 ZABF{number}"))
        telegram = rng.choice((sent, lambda *each, header: body(*each, header=header) + b"\r\n"))(*lines, header=header)
        hidden = (*plain, *coded, number, message)
        runs = frozenset(text[at : at + RUN] for text in hidden for at in range(len(text) - RUN + 1))
        runs = frozenset(run for run in runs if _INVENTED.fullmatch(run) is None)
        # What a quantity says by chance is nobody's.
        if not any(run in line for line in _QUANTITIES for run in runs):
            yield telegram, runs


def damaged(telegram: bytes, rng: Random) -> bytes:
    """Return a telegram with one to three faults, of which some get a right checksum again."""
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(telegram))
        upto = at + min(rng.choice((1, 1, 2, 5, 20, 100)), len(telegram) - at)
        match rng.randrange(6):
            case 0:
                new = bytes([telegram[at] ^ 1 << rng.randrange(8)]) + telegram[at + 1 : upto]
            case 1:
                new = b""
            case 2:
                new = rng.choice(_MARKS) + telegram[at:upto]
            case 3:
                new = rng.choice(_MARKS)
            case 4:
                new = telegram[at:upto] * 2
            case _:
                new = telegram[at:upto].replace(
                    *rng.choice(((b"\r\n", b""), (b"\r\n", b"\r"), (b")", b""), (b"(", b"")))
                )
        telegram = telegram[:at] + new + telegram[upto:] or b"/"
    if b"!" in telegram and rng.random() < 0.3:
        telegram = sign(telegram.rpartition(b"!")[0] + b"!")
    return telegram


def check_damage(count: int, seed: int = 1) -> None:
    """Damage so many telegrams, and raise AssertionError where an identifier is left."""
    rng = Random(seed)  # noqa: S311 -- faults, no secret
    for _, (telegram, runs) in zip(range(count), telegrams(rng), strict=False):
        for frame in (telegram, damaged(telegram, rng)):
            for shown in ("\n".join(redact(frame, "**REDACTED**")), anonymise(frame).decode("latin-1")):
                left = {shown[at : at + RUN] for at in range(len(shown) - RUN + 1)} & runs
                assert not left, (left, frame, shown)
