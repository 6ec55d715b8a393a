"""Bytes in, telegrams out."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import override

from .framing import Drop, Framer
from .telegram import Telegram, TelegramParser


class Reader(Framer[Telegram]):
    """Reads telegrams from a stream of bytes. Any input is taken: what is no good telegram is dropped and counted."""

    def __init__(self) -> None:
        """Start without any input."""
        super().__init__()
        self.telegrams = 0
        """How many good telegrams came."""
        self._parser = TelegramParser()

    @override
    def _read(self, frame: bytes) -> Telegram | None:
        telegram = self._parser.parse(frame)
        if telegram is None:
            self._dropped[Drop.EMPTY] += 1
        else:
            self.telegrams += 1
        return telegram

    @property
    def dropped(self) -> Mapping[Drop, int]:
        """Return how much was dropped for each reason; `Drop` says what each number counts."""
        counts = self._dropped
        return MappingProxyType({drop: counts[drop] for drop in Drop} | {Drop.LINE: self._parser.malformed_lines})
