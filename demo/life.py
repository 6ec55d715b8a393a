"""The virtual household, which goes on from one start of the demo to the next."""

import asyncio
from datetime import UTC, datetime
from typing import NamedTuple

from harness.household import PAST, Hour, Household, hour_of
from harness.logger import Minute
from virtual_meter import VirtualMeter

from .happenings import FORTNIGHT, Happenings
from .state import State

FINE = 1  # seconds per step while the meter is read, as its server does


class HouseholdChangedError(Exception):
    """The simulation differs from the one that ran before: its registers would jump."""


class Read(NamedTuple):
    """A telegram, and when it was printed."""

    time: datetime
    frame: bytes


class Life:
    """The household of a state folder.

    With the same steps the simulation repeats itself exactly, so its past is not stored: only when the meter was last
    read, as a register must never be seen to run backwards.
    """

    def __init__(self, state: State) -> None:
        """Continue the household of a state folder, or begin one 30 days ago."""
        self._state = state
        if state.born is None:
            state.born = hour_of(datetime.now(UTC)) - PAST
            state.save()
        self.household = Household(state.born)
        self._shown = state.born + PAST
        self.happenings = Happenings(self.meter, self._shown)
        self.is_new = not state.looked
        self.hours: list[Hour] = []
        self.minutes: list[Minute] = []
        self.telegrams: list[Read] = []
        """Of the two weeks before the first start, one a minute; empty later on."""
        self._live_from = self.meter.time

    @property
    def meter(self) -> VirtualMeter:
        """The meter of the house."""
        return self.household.meter

    async def catch_up(self) -> None:
        """Simulate up to now; `hours` and `minutes` (of a day) then have those that Home Assistant does not have.

        Raises HouseholdChangedError if it does not repeat what was seen of it.
        """
        self.hours = await asyncio.to_thread(self._catch_up)
        self._live_from = self.meter.time
        known = max((end for _, end in self._state.looked), default=None)
        self.minutes = [each for each in self.household.logger.minutes if not known or each.time > known]

    def told(self) -> None:
        """Drop the hours, as Home Assistant has them now."""
        self.hours.clear()
        self.minutes.clear()
        self.telegrams.clear()
        self._state.looked = [times for times in self._state.looked if times[0] != self._live_from]
        self._state.looked.append((self._live_from, self.meter.time))
        self.note_the_time()

    def note_the_time(self) -> None:
        """Remember that the meter was read until now."""
        looked = self._state.looked
        # If a start did not get as far as the import, the next one does it.
        if looked and looked[-1][0] == self._live_from:
            looked[-1] = (self._live_from, self.meter.time)
            self._state.seen = list(self.household.registers.values())
            self._state.save()

    def _catch_up(self) -> list[Hour]:
        for begin, end in self._state.looked:
            self.household.live_until(begin)
            self.household.advance_to(end, FINE)
        if self._state.looked and self._state.seen != list(self.household.registers.values()):
            raise HouseholdChangedError
        return self.household.live_until(datetime.now(UTC), self._read if self.is_new else lambda _: None)

    def _read(self, meter: VirtualMeter) -> None:
        """Read the meter, as the integration would have done."""
        if meter.time >= self._shown - FORTNIGHT:
            self.telegrams.append(Read(meter.time, meter.telegram()))
