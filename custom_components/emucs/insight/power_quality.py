"""What samples have shown of the voltage, kept for the report: disturbances, and the distortion of ten minutes."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, override

from ..port import Telegram
from .base import Insight

_MOST_DISTURBANCES: Final = 1000
_SLOT: Final = 600  # seconds
_MOST_SLOTS: Final = 37 * 144  # five weeks and some, as voltages are kept
_PHASES: Final = ("l1", "l2", "l3")


@dataclass(frozen=True, slots=True)
class KeptDisturbance:
    """A dip, a swell or an interruption, as it was told."""

    type: str
    phases: tuple[str, ...]
    value: float
    """The furthest RMS voltage, in V."""
    begin: datetime
    """In UTC."""
    duration: float
    """In seconds."""
    is_over: bool
    """Whether its end was seen."""


class PowerQuality(Insight[None, None]):
    """Keeps what the S1 port of a meter shows; telegrams say nothing of it."""

    name: ClassVar = "power_quality"

    def __init__(self, settings: None = None) -> None:
        """Start with nothing seen."""
        super().__init__(settings)
        self._disturbances: deque[KeptDisturbance] = deque(maxlen=_MOST_DISTURBANCES)
        self._distortion: dict[int, tuple[float | None, ...]] = {}  # in %, by the number of the slot since 1970

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> None:
        """Return nothing: there is nothing to set."""

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> None:
        """Take nothing."""

    def take(self, disturbance: KeptDisturbance) -> None:
        """Keep what happened; the oldest is forgotten where there is too much."""
        self._disturbances.append(disturbance)

    def take_distortion(self, slot: int, distortion: Mapping[str, float]) -> None:
        """Keep the distortion in % of a slot of ten minutes, by phase."""
        self._distortion[slot] = tuple(distortion.get(phase) for phase in _PHASES)
        for old in sorted(self._distortion)[:-_MOST_SLOTS]:
            del self._distortion[old]

    def disturbances(self, begin: datetime, end: datetime) -> list[KeptDisturbance]:
        """Return what began in a time, the oldest first."""
        return sorted((each for each in self._disturbances if begin <= each.begin < end), key=lambda each: each.begin)

    def distortion(self, begin: datetime, end: datetime) -> dict[str, list[float]]:
        """Return the distortion in % of the slots that begin in a time, by phase, the least first."""
        first, last = begin.timestamp() / _SLOT, end.timestamp() / _SLOT
        rows = [row for slot, row in self._distortion.items() if first <= slot < last]
        by_phase = {phase: sorted(_known(row[number] for row in rows)) for number, phase in enumerate(_PHASES)}
        return {phase: values for phase, values in by_phase.items() if values}

    @override
    def save_series(self) -> dict[str, Any]:
        """Return what is kept."""
        if not self._disturbances and not self._distortion:
            return {}
        return {
            "disturbances": [
                [each.type, list(each.phases), each.value, each.begin.isoformat(), each.duration, each.is_over]
                for each in self._disturbances
            ],
            "distortion": [[slot, *row] for slot, row in self._distortion.items()],
        }

    @override
    def restore_series(self, saved: Mapping[str, Any]) -> None:
        """Take what was kept."""
        disturbances = [
            KeptDisturbance(
                str(kind), tuple(map(str, phases)), float(value), _utc(begin), float(duration), bool(is_over)
            )
            for kind, phases, value, begin, duration, is_over in saved["disturbances"][-_MOST_DISTURBANCES:]
        ]
        rows = saved["distortion"][-_MOST_SLOTS:]
        distortion = {int(slot): tuple(None if each is None else float(each) for each in row) for slot, *row in rows}
        self._disturbances.extend(disturbances)
        self._distortion = {slot: row for slot, row in distortion.items() if len(row) == len(_PHASES)}


def _known(values: Iterable[float | None]) -> list[float]:
    """Return the values that are known."""
    return [value for value in values if value is not None]


def _utc(text: str) -> datetime:
    """Return a time that was kept; ValueError where it is none."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(text)
    return time.astimezone(UTC)
