"""What bytes are that are no telegrams."""

import re
from typing import Final

from .errors import (
    BinaryProtocol,
    Encrypted,
    LineEnds,
    NoData,
    NoEnd,
    NoTelegram,
    PortError,
    ValuesOnly,
    WebPage,
    WrongSpeed,
)
from .line_ends import CODE, END, look_changed

# DLMS general-glo-ciphering (IEC 62056-5-3): tag, system title with its length, a length as BER has it, the security
# byte (which suite of three, authenticated or encrypted, which keys, compressed or not), the counter of frames. It may
# stand in a frame of M-Bus or HDLC. Where the length has just one byte the manufacturer's letters tell it from noise.
_TITLE_AND_LENGTH: Final = rb"(?:[A-Za-z]{3}.{5}[\x11-\x7f]|.{8}(?:\x81[\x80-\xff]|\x82..|\x83\0..|\x84\0\0..))"
_SECURITY: Final = bytes(each for each in range(256) if each & 0x30 and each & 0x0F <= 2)  # noqa: PLR2004 -- suites
_ENCRYPTED: Final = re.compile(rb"\xdb\x08%b[%b]" % (_TITLE_AND_LENGTH, re.escape(_SECURITY)), re.DOTALL)
# HDLC, as DLMS uses it: a flag, then in eleven bits the length of what stands before the next flag.
_HDLC: Final = re.compile(rb"(?=\x7e([\xa0-\xa7].))", re.DOTALL)
_HDLC_FLAG: Final = 0x7E
_HDLC_LENGTH: Final = 0x7FF
_HEADER_AND_REGISTER: Final = re.compile(rb"(?:\A|(?<=[%b]))/[^%b]{1,96}+[%b]{1,16}+%b\(" % (END, END, END, CODE))
_WEB: Final = re.compile(rb"HTTP/1\.[01] \d{3}|\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype html|html)", re.IGNORECASE)
_JSON: Final = re.compile(rb"\s*(?:\{\s*(?:\"[^\"]{1,100}\"\s*:|\})|\[\s*[\[\"{\d])")
_FILLING: Final = b"\r\n\0"
_TEXT_BYTES: Final = bytes({*range(0x20, 0x7F), *b"\r\n\t\0"})
_TEXT_SHARE: Final = 0.9


def diagnose(sample: bytes) -> PortError:
    """Return why no telegram came, where this did; all telegrams in it, if any, were dropped for no checksum."""
    # The end of the latest telegram's last line may have come by itself.
    sample = sample.strip(_FILLING)
    if not sample:
        return NoData()
    if _ENCRYPTED.search(sample):
        return Encrypted()
    if _has_hdlc(sample):
        return BinaryProtocol()
    if len(sample.translate(None, _TEXT_BYTES)) > (1 - _TEXT_SHARE) * len(sample):
        return WrongSpeed()
    return _diagnose_text(sample)


def _diagnose_text(sample: bytes) -> PortError:
    """Return why no telegram is in a text."""
    if _WEB.match(sample):
        return WebPage()
    if _JSON.match(sample):
        return ValuesOnly()
    if b"!" not in sample and len(_HEADER_AND_REGISTER.findall(sample)) > 1:
        return NoEnd()
    if re.search(CODE + rb"\(", sample) and look_changed(sample):
        return LineEnds()
    return NoTelegram()


def _has_hdlc(sample: bytes) -> bool:
    """Tell whether there is a frame of HDLC: noise often has its beginning, and hardly ever its end."""
    for match in _HDLC.finditer(sample):
        end = match.start() + 1 + (int.from_bytes(match[1]) & _HDLC_LENGTH)
        if end < len(sample) and sample[end] == _HDLC_FLAG:
            return True
    return False
