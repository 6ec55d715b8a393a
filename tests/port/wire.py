"""Telegrams as a meter sends them, made by hand, with nothing of the code that reads them."""

from custom_components.emucs.port import Reader, Telegram

HEADER = r"/TST5\253000000_A"


def crc16(data: bytes) -> int:
    """CRC-16/ARC, bit by bit (DSMR P1 5.0.2, 6.2)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def body(*lines: str, header: str = HEADER, end: str = "\r\n") -> bytes:
    """Return a telegram up to its `!`."""
    return end.join([header, "", *lines, "!"]).encode("latin-1")


def signed(text: bytes) -> bytes:
    """Return a telegram up to its `!`, completed by its checksum."""
    return text + b"%04X\r\n" % crc16(text)


def sent(*lines: str, header: str = HEADER) -> bytes:
    """Return a whole telegram."""
    return signed(body(*lines, header=header))


def received(*lines: str) -> Telegram:
    """Return what a reader makes of a telegram with these lines."""
    [telegram] = Reader().feed(sent(*lines))
    return telegram
