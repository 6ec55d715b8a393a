"""Telegrams that come as a whole: in answer to a request, or as a message."""

import json
from typing import Final

MAX_BODY: Final = 64 * 1024
"""Bytes of an answer that are looked at: more than four times the longest telegram."""
_STATE, _TEXT = 2, 3
"""Where P1 Monitor's answer has what it thinks of the telegram, and the telegram."""
_VALID: Final = "valid"


class WholeTelegrams:
    """Makes a stream of bodies: each once, with the line end behind the checksum that many readers leave out."""

    def __init__(self) -> None:
        """Start with nothing known."""
        self._latest: bytes | None = None

    def new(self, body: bytes) -> bytes:
        """Return what a body adds to the stream; nothing where it is the same as the one before."""
        body = _unpacked(body).strip(b"\r\n\0")
        if not body or body == self._latest:
            return b""
        self._latest = body
        return body + b"\r\n"


def _unpacked(body: bytes) -> bytes:
    """Return the telegram in a body: P1 Monitor packs it in JSON, beside whether it is a good one."""
    if not body.startswith(b"["):
        return body
    try:
        fields = json.loads(body)
    except ValueError, RecursionError:
        return body
    if len(fields) <= _TEXT or not isinstance(text := fields[_TEXT], str):
        return body
    return text.encode("latin-1", "replace") if fields[_STATE] == _VALID else b""
