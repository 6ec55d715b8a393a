"""Print the registers of a meter as a telegram."""

from fastcrc import crc16

from . import binary
from .dialects import PRINTERS
from .printing import Source
from .profiles import Dialect, Profile
from .variants import BLANK_LINE, NO_BLANK_LINE, NO_CHECKSUM


def print_telegram(source: Source) -> bytes:
    """Return the complete telegram of this moment: CRLF, CRC-16/ARC from '/' up to and including '!'."""
    profile, variants = source.profile, source.variants
    if profile.dialect is Dialect.ENCRYPTED:
        return binary.encrypted(source)
    if profile.dialect is Dialect.HDLC:
        return binary.hdlc(source)
    lines = [profile.identification]
    if _blank_line(profile, variants):
        lines.append("")
    lines += PRINTERS[profile.dialect](source)
    body = ("\r\n".join(lines) + "\r\n!").encode("ascii")
    if profile.dialect is Dialect.DSMR_2 or NO_CHECKSUM in variants:
        return body + b"\r\n"
    return body + b"%04X\r\n" % crc16.arc(body)


def _blank_line(profile: Profile, variants: frozenset[str]) -> bool:
    if NO_BLANK_LINE in variants:
        return False
    return BLANK_LINE in variants or profile.version is None or not profile.version.second_generation
