"""The hour that autumn repeats: which of two equal times comes first.

Only the last quarters of the two hours are told apart by their ends. The others follow the order of the file: the first
of a pair is taken as summer time, because the values of real exports run smoothly only that way (proven for the last
quarter, inferred for the others). In a file without any order, a pair shares its energy evenly: the total of the day
is right, and the two hours are reported as uncertain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

_BEGIN: Final = 8
_QUARTERS: Final = 4
_FIRST, _SECOND = 0, 1

type Placed = tuple[int, int, int]
"""The offset of a quarter in its day, its value, and how final that is."""


class TimedRow(NamedTuple):
    """A row in the repeated hour: the one or two places where it may stand, its value, and how final that is."""

    offsets: tuple[int, ...]
    value: int
    trust: int

    @property
    def wall(self) -> int:
        """Return the quarter of the hour."""
        return (self.offsets[0] - _BEGIN) % _QUARTERS

    @property
    def occurrence(self) -> int | None:
        """Return which of the two hours it is in, where its end tells."""
        return None if len(self.offsets) > 1 else (self.offsets[0] - _BEGIN) // _QUARTERS


_INTERLEAVED: Final = tuple((wall, time) for wall in range(_QUARTERS) for time in (_FIRST, _SECOND))
_SEQUENTIAL: Final = tuple((wall, time) for time in (_FIRST, _SECOND) for wall in range(_QUARTERS))
_PATTERNS: Final = (_INTERLEAVED, _SEQUENTIAL, _INTERLEAVED[::-1], _SEQUENTIAL[::-1])


@dataclass(slots=True)
class Repeated:
    """The rows of one register in one repeated hour, in the order of a file."""

    begins_file: bool
    """Whether the register has no row before these: then the first rows of the hour may be in another file."""
    rows: list[TimedRow] = field(default_factory=list)

    def placed(self) -> tuple[list[Placed], bool]:
        """Return the quarters in their places, and whether these are certain."""
        if (times := self._times()) is not None:
            return list(_with_times(self.rows, times)), True
        walls = [row.wall for row in self.rows]
        ordered = walls in (sorted(walls), sorted(walls, reverse=True))
        return list(self._paired(share=not ordered, backwards=walls[0] > walls[-1])), ordered

    def _times(self) -> list[int] | None:
        """Return the occurrences of the rows, where these are a piece of an orderly hour."""
        count = len(self.rows)
        last = len(_INTERLEAVED) - count
        starts = sorted(range(last + 1), key=lambda start: start != (last if self.begins_file else 0))
        # Where a piece begins is more certain than how its file is ordered.
        for start in starts:
            for pattern in _PATTERNS:
                piece = pattern[start : start + count]
                if all(
                    row.wall == wall and row.occurrence in (None, time)
                    for row, (wall, time) in zip(self.rows, piece, strict=True)
                ):
                    return [time for _, time in piece]
        return None

    def _paired(self, *, share: bool, backwards: bool) -> Iterator[Placed]:
        """Place rows that are no piece of an orderly hour: pairs in their order, or shared."""
        for wall in range(_QUARTERS):
            certain = [row for row in self.rows if row.wall == wall and row.occurrence is not None]
            yield from ((row.offsets[0], row.value, row.trust) for row in certain)
            pair = [row for row in self.rows if row.wall == wall and row.occurrence is None]
            if share and len(pair) == 2 and min(row.value for row in pair) >= 0:  # noqa: PLR2004 -- a pair
                total = sum(row.value for row in pair)
                trust = min(row.trust for row in pair)
                halves = ((total + 1) // 2, total // 2)
                yield from ((_BEGIN + wall + time * _QUARTERS, half, trust) for time, half in enumerate(halves))
                continue
            # More than two are doubles: the file was put together from others.
            times = [_SECOND, _FIRST] if backwards and len(pair) > 1 else [_FIRST, _SECOND]
            yield from _with_times(pair, times * len(pair))


def _with_times(rows: Sequence[TimedRow], times: Sequence[int]) -> Iterator[Placed]:
    """Return rows in the places of their occurrences."""
    for row, time in zip(rows, times, strict=False):
        yield _BEGIN + row.wall + time * _QUARTERS, row.value, row.trust
