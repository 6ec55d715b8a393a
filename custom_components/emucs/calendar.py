"""Calendars."""

from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.components.calendar import CalendarEntity, CalendarEvent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import EmucsConfigEntry
from .entities.rows import CalendarRow, Span
from .entity import EmucsEntity, async_add_when_present

PARALLEL_UPDATES = 0
# A quarter of a year has some 500 events; whoever asks for more gets its beginning.
_LONGEST: Final = timedelta(days=92)
_LOOK_AHEAD: Final = timedelta(days=8)


async def async_setup_entry(
    hass: HomeAssistant, entry: EmucsConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the calendars of a meter."""
    async_add_when_present(entry, async_add_entities, CalendarRow, EmucsCalendar)


class EmucsCalendar(EmucsEntity[CalendarRow], CalendarEntity):
    """A calendar of a row. Home Assistant itself writes its state as an event begins or ends."""

    entity_description: CalendarRow

    @override
    def _take_value(self) -> bool:
        """Do nothing: events follow the clock, not telegrams."""
        return False

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """Return what lasts now, or else what comes next."""
        now = dt_util.utcnow()
        spans = self.entity_description.spans_fn(self.meter, now, now + _LOOK_AHEAD)
        return next(map(self._event_of, spans), None)

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return what lasts at some time between two others."""
        end = min(end_date, start_date + _LONGEST)
        return [self._event_of(span) for span in self.entity_description.spans_fn(self.meter, start_date, end)]

    def _event_of(self, span: Span) -> CalendarEvent:
        """Return an event, named in the language of Home Assistant."""
        key = f"component.{DOMAIN}.entity.{self.entity_description.named_by}.state.{span.state}"
        return CalendarEvent(
            start=dt_util.as_local(span.begin),
            end=dt_util.as_local(span.end),
            summary=self.platform_data.platform_translations.get(key, span.state),
        )
