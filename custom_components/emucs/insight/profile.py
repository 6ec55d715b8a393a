"""The quarter-hours of four weeks, imported and exported: what the house usually does follows from them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf
from typing import Any, ClassVar, Final, NamedTuple, Self, override

from ..port import Telegram
from .base import Insight
from .capacity import Capacity
from .demand import QUARTER
from .electricity import energy_export
from .quarters import EXPORT, IMPORT, Basis, Quarters, slot_begin, slot_of

_SECOND: Final = timedelta(seconds=1)
_SECONDS_AN_HOUR: Final = 3600
# Energy from one quarter's begin to the next one's is that of the quarter if both are seen no later than this.
_LATEST: Final = timedelta(seconds=60)
# An assumption: no quarter's mean is a multiple of what the connection carries.
_MOST: Final = 2
# Quarters that a clock set back by more than this has dated are none; by less, it catches up.
_SET_BACK: Final = 4


class Closed(NamedTuple):
    """The quarter that has ended last, by its number, and its means in kW; None where they are not known."""

    slot: int
    imported: float | None
    exported: float | None


class Profile(Insight[None, Closed]):
    """Keeps the quarters of one meter: import as the capacity tariff has it, export by its counter."""

    name: ClassVar = "profile"
    uses: ClassVar = (Capacity,)

    def __init__(self, settings: None = None) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self.quarters = Quarters()
        self._export: tuple[datetime, Decimal] | None = None  # the first reading in this quarter: its time, and kWh
        self._limit: Decimal | None = None  # what the connection carried before, in kW
        self._begin: datetime | None = None
        self._end: datetime | None = None

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> None:
        """Return nothing: there is nothing to set."""

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> Closed | None:
        """Take a telegram; return the quarter before the one that it is in."""
        time = telegram.time
        if time is None:
            return self.state
        if self._begin is None or self._end is None or not self._begin <= time < self._end or self.state is None:
            self._enter(telegram, time.astimezone(UTC))
        return self.state

    def _enter(self, telegram: Telegram, time: datetime) -> None:
        """Begin a quarter, and keep those that ended."""
        slot, quarters = slot_of(time), self.quarters
        self._begin, self._end = slot_begin(slot), slot_begin(slot + 1)
        if quarters.last is not None and slot - 1 < quarters.last - _SET_BACK:
            quarters.set_back(slot - 1)
            self._export = None
        capacity = self.used(Capacity).state
        closed = None if capacity is None else capacity.closed
        exported = self._exported(telegram, time)
        if capacity is not None and closed is not None:
            # That which is new has the quarter's own peak in it.
            limit = self._limit or capacity.limit
            ended, most = slot_of(closed.start), float(limit) * _MOST
            if quarters.last is None or ended > quarters.last or quarters.is_hourly(IMPORT, ended):
                quarters.put(
                    ended,
                    _plausible(float(closed.value), most) if closed.counts else None,
                    _plausible(exported, most) if ended == slot - 1 else None,
                )
        self._limit = None if capacity is None else capacity.limit
        quarters.end(slot - 1)
        last = slot - 1
        self.state = Closed(last, quarters.mean(IMPORT, last), quarters.mean(EXPORT, last))

    def _exported(self, telegram: Telegram, time: datetime) -> float | None:
        """Return the mean export in kW of the quarter that a telegram ends, by the counter; begin with the next one."""
        before, energy = self._export, energy_export(telegram)
        if before is not None and self._begin is not None and before[0] >= self._begin:
            return None  # Home Assistant was started again within the quarter
        if self._begin is None or energy is None or time - self._begin > _LATEST:
            self._export = None
            return None
        self._export = time, energy
        if before is None or not self._begin - QUARTER <= before[0] < self._begin or energy < before[1]:
            return None
        return float(energy - before[1]) * _SECONDS_AN_HOUR / ((time - before[0]) / _SECOND)

    def fill(self, flow: int, means: Mapping[int, float], basis: Basis) -> None:
        """Take means of IMPORT or EXPORT in quarters of the past, in kW; what no connection carries is left out."""
        if not means:
            return
        quarters = self.quarters
        if quarters.last is None:
            quarters.end(max(means))
        most = inf if self._limit is None else float(self._limit) * _MOST
        for slot, mean in means.items():
            if mean <= most:
                quarters.fill(slot, flow, mean, basis)

    @override
    def forget_counter(self) -> None:
        """Take no energy from the former counters."""
        self._export = None

    @override
    def save(self) -> dict[str, Any]:
        """Return what a restart within the quarter needs, in types of JSON."""
        return {"export": None if self._export is None else [self._export[0].isoformat(), str(self._export[1])]}

    @override
    @classmethod
    def restore(cls, settings: None, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        profile = cls(settings)
        if (export := saved["export"]) is not None:
            time, energy = export
            profile._export = datetime.fromisoformat(time).astimezone(UTC), Decimal(energy)
        return profile

    @override
    def save_series(self) -> dict[str, Any]:
        """Return the quarters, in types of JSON."""
        return self.quarters.save()

    @override
    def restore_series(self, saved: Mapping[str, Any]) -> None:
        """Take the quarters that were saved."""
        self.quarters = Quarters.restore(saved)


def _plausible(mean: float | None, most: float) -> float | None:
    """Return a mean that a connection can carry."""
    return mean if mean is not None and mean <= most else None
