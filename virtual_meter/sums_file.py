"""The truth of a street as a file: a line of CSV for each quarter-hour."""

from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from .neighbourhood import Neighbourhood
from .registers import MWS_PER_WH
from .sums import Exchanged, StreetQuarter


class SumsFile:
    """Writes what each household imported and exported in Wh, and then what all together exchanged with the grid."""

    def __init__(self, path: Path, street: Neighbourhood) -> None:
        """Remember where; the file is made on entering the context, which raises OSError where that is not possible."""
        self._path = path
        names = [*street.sums.meter_ids, "together"]
        self._header = ["end", *(f"{name} {way}" for name in names for way in ("import", "export"))]
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        """Begin the file anew."""
        self._file = self._path.open("w", encoding="ascii", buffering=1)
        print(*self._header, sep=",", file=self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        if self._file:
            self._file.close()

    def write(self, quarter: StreetQuarter) -> None:
        """Add a quarter."""
        cells = [cell for each in (*quarter.each, quarter.together) for cell in _cells(each)]
        print(quarter.end.isoformat(), *cells, sep=",", file=self._file)


def _cells(energy: Exchanged) -> tuple[str, str]:
    """Return import and export in Wh, with the digits that a sum over a month needs."""
    return f"{energy.imported / MWS_PER_WH:.3f}", f"{energy.exported / MWS_PER_WH:.3f}"
