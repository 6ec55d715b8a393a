"""Bytes in, telegrams out."""

from collections.abc import Mapping
from types import MappingProxyType

from .framing import Drop, Framer
from .telegram import Telegram, TelegramParser


class Reader:
    """Reads telegrams from a stream of bytes. Any input is taken: what is no good telegram is dropped and counted."""

    def __init__(self) -> None:
        """Start without any input."""
        self.telegrams = 0
        """How many good telegrams came."""
        self._framer = Framer()
        self._parser = TelegramParser()

    def feed(self, data: bytes) -> list[Telegram]:
        """Take bytes in chunks of any size; return the telegrams that they complete."""
        if not (frames := self._framer.feed(data)):
            return []
        telegrams = []
        for frame in frames:
            telegram = self._parser.parse(frame)
            if telegram is None:
                self._framer.dropped[Drop.EMPTY] += 1
                continue
            self.telegrams += 1
            telegrams.append(telegram)
        return telegrams

    def reset(self) -> None:
        """Forget a telegram that has begun, as its rest will not come; counts stay."""
        self._framer.reset()

    @property
    def dropped(self) -> Mapping[Drop, int]:
        """Return how much was dropped for each reason; `Drop` says what each number counts."""
        counts = self._framer.dropped
        return MappingProxyType({drop: counts[drop] for drop in Drop} | {Drop.LINE: self._parser.malformed_lines})

    @property
    def last_bad_frame(self) -> bytes | None:
        """Return the latest telegram with a wrong checksum, for diagnostics."""
        return self._framer.last_bad
