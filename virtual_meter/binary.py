"""Ports that send no text: framed as real ones, with random contents."""

from random import Random

from fastcrc import crc16

from .clock import epoch
from .printing import Source

_CIPHERED = 500
_TAG = 12
_SYSTEM_TITLE = b"SAG\x00\x00\x00\x00\x00"
_HDLC_CONTENT = 200
_FLAG = b"\x7e"
# Client and server address, and the control byte of unnumbered information (IEC 62056-46).
_ADDRESSES = bytes((0x41, 0x08, 0x83))
_CONTROL = b"\x13"
_LLC = bytes((0xE6, 0xE7, 0x00, 0x0F))


def encrypted(source: Source) -> bytes:
    """Return a frame of DLMS general-glo-ciphering, as Smarty meters send it (Smarty P1 1.1.3, 3.2.5)."""
    rng, t = _random(source)
    content = b"\x30" + t.to_bytes(4) + rng.randbytes(_CIPHERED + _TAG)
    return b"\xdb\x08" + _SYSTEM_TITLE + b"\x82" + len(content).to_bytes(2) + content


def hdlc(source: Source) -> bytes:
    """Return an HDLC frame of format 3 that pushes DLMS data (IEC 62056-46)."""
    rng, _ = _random(source)
    content = _LLC + rng.randbytes(_HDLC_CONTENT)
    # All between the flags: format, addresses, control, two checksums, content.
    length = 2 + len(_ADDRESSES) + len(_CONTROL) + 2 + len(content) + 2
    head = (0xA000 | length).to_bytes(2) + _ADDRESSES + _CONTROL
    head += crc16.ibm_sdlc(head).to_bytes(2, "little")
    body = head + content
    return _FLAG + body + crc16.ibm_sdlc(body).to_bytes(2, "little") + _FLAG


def _random(source: Source) -> tuple[Random, int]:
    t = epoch(source.truth.time)
    return Random(f"{source.identity.meter_id}/{t}"), t
