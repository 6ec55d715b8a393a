"""The life of the virtual household, which goes on from one start of the demo to the next."""

import asyncio
from datetime import UTC, datetime

from harness.household import PAST, Hour, Household, hour_of
from virtual_meter import VirtualMeter

from .state import State

FINE = 1  # seconds per step while the meter is read, as its server does


class HouseholdChangedError(Exception):
    """The simulation is not the one that lived here before: its registers would jump."""


class Life:
    """The household of a state folder.

    A household repeats itself to the last watt when it takes the same steps. So its past is not kept: only when
    somebody looked is, for a register must never be seen to run backwards.
    """

    def __init__(self, state: State) -> None:
        """Take up the life that a state folder knows of, or begin one 30 days ago."""
        self._state = state
        if state.born is None:
            state.born = hour_of(datetime.now(UTC)) - PAST
            state.save()
        self.household = Household(state.born)
        self.is_new = not state.looked
        self.hours: list[Hour] = []
        self._live_from = self.meter.time

    @property
    def meter(self) -> VirtualMeter:
        """The meter of the house."""
        return self.household.meter

    async def catch_up(self) -> None:
        """Live until this moment; `hours` then are those that Home Assistant does not know of.

        HouseholdChangedError when it cannot repeat what was seen of it.
        """
        self.hours = await asyncio.to_thread(self._catch_up)
        self._live_from = self.meter.time

    def told(self) -> None:
        """Forget the hours, because Home Assistant knows them now."""
        self.hours.clear()
        self._state.looked = [times for times in self._state.looked if times[0] != self._live_from]
        self._state.looked.append((self._live_from, self.meter.time))
        self.note_the_time()

    def note_the_time(self) -> None:
        """Remember that somebody looked until now."""
        looked = self._state.looked
        # A start that did not come as far as telling the past leaves the past to the next start.
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
        return self.household.live_until(datetime.now(UTC))
