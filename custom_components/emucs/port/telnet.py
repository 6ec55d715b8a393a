"""Telnet on the way (RFC 854, RFC 1143): options that a bridge negotiates are refused, and its telegrams read."""

from typing import Final

_IAC: Final = 0xFF
_DONT, _DO, _WONT, _WILL, _SB, _SE = 0xFE, 0xFD, 0xFC, 0xFB, 0xFA, 0xF0
_REFUSALS: Final = {_WILL: _DONT, _DO: _WONT}
_LONGEST_OPTION: Final = 64
"""Bytes of a subnegotiation at most; what goes on longer is none."""
_END: Final = bytes((_IAC, _SE))


class Telnet:
    """Takes the commands out of a stream of bytes. What looks like none stays: a meter may print any byte.

    A byte of 255 is doubled by telnet, which is undone only where commands came.
    """

    def __init__(self) -> None:
        """Start where no command has come."""
        self.answer = b""
        """What is to be said to the other side; whoever says it clears it."""
        self._held = b""
        self._is_telnet = False

    def feed(self, data: bytes) -> bytes:
        """Return what stands between the commands; one that has only begun is kept until its rest comes."""
        if _IAC not in data and not self._held:
            return data
        data, self._held = self._held + data, b""
        kept, position = bytearray(), 0
        while (command := data.find(b"\xff", position)) >= 0:
            kept += data[position:command]
            position = self._take(data, command, kept)
            if position < 0:
                self._held = data[command:]
                return bytes(kept)
        return bytes(kept + data[position:])

    def _take(self, data: bytes, begin: int, kept: bytearray) -> int:
        """Take a command that may begin here; return where it ends, or -1 where it goes on."""
        if len(data) < begin + 2:
            return -1
        verb = data[begin + 1]
        if verb == _IAC:
            kept += b"\xff" if self._is_telnet else b"\xff\xff"
            return begin + 2
        if verb == _SB:
            return self._take_option(data, begin, kept)
        if _WILL <= verb <= _DONT:
            return self._negotiate(data, begin, verb)
        if verb >= _SE:
            self._is_telnet = True
            return begin + 2
        kept += data[begin : begin + 1]
        return begin + 1

    def _negotiate(self, data: bytes, begin: int, verb: int) -> int:
        """Refuse an option, where one is offered or asked for."""
        if len(data) < begin + 3:
            return -1
        self._is_telnet = True
        if verb in _REFUSALS:
            self.answer += bytes((_IAC, _REFUSALS[verb], data[begin + 2]))
        return begin + 3

    def _take_option(self, data: bytes, begin: int, kept: bytearray) -> int:
        """Leave out what is said about an option."""
        end = data.find(_END, begin + 2, begin + _LONGEST_OPTION)
        if end >= 0:
            return end + 2
        if len(data) < begin + _LONGEST_OPTION:
            return -1
        kept += data[begin : begin + 2]
        return begin + 2
