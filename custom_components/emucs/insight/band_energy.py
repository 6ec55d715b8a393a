"""How much was imported in each time band: the steps of the total counter, by when they were made."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final, NamedTuple, Self, override

from ..port import Telegram
from .bands import BandSet, band_sets
from .base import Insight
from .demand import QUARTER
from .electricity import energy_import

SECTION_BANDS: Final = "bands"
CONF_BAND_SET: Final = "band_set"

_NOTHING: Final = Decimal()
_SECOND: Final = timedelta(seconds=1)
_FAR: Final = datetime.max.replace(tzinfo=UTC)
_WATT_HOUR: Final = Decimal("0.001")
# An assumption: up to this length of a gap, what was imported in it is as good as even.
_DIVIDED: Final = QUARTER
_UNASSIGNED: Final = ""


class BandState(NamedTuple):
    """What was imported since a set was chosen, in kWh."""

    energies: Mapping[str, Decimal]
    """By the key of the band."""
    unassigned: Decimal
    """What no band can be said of: it was imported unseen, over a change of the band."""
    band: str | None
    """The band in which the latest telegram was."""


class BandEnergy(Insight[BandSet | None, BandState]):
    """Adds up the import of one meter by time band. Bands of the same key go on where another set is chosen."""

    name: ClassVar = "bands"

    def __init__(self, settings: BandSet | None) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self._energies: dict[str, Decimal] = {}
        self._last: tuple[datetime, Decimal] | None = None  # the latest reading: its time in UTC, and kWh
        self._set: BandSet | None = None  # the one that the rest is of
        self._since = self._until = _FAR
        self._band: str | None = None  # which holds between them

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> BandSet | None:
        """Return the set that the user has chosen."""
        return band_sets().get(options.get(SECTION_BANDS, {}).get(CONF_BAND_SET))

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> BandState | None:
        """Take a telegram; return what was imported up to it."""
        if self.settings is None:
            self._last = self.state = None
            return None
        reading = None if counter_is_doubted else energy_import(telegram)
        if telegram.time is None or reading is None:
            return self.state
        last, self._last = self._last, (telegram.time, reading)
        if last is None or not self._is_within(self.settings, last[0], telegram.time):
            now = telegram.time.astimezone(UTC)
            used = _NOTHING if last is None else reading - last[1]
            if last is not None and used > _NOTHING:
                # A clock that is set makes gaps that end before they begin.
                begin, end = sorted((last[0].astimezone(UTC), now))
                self._divide(self.settings, begin, end, used)
            self._enter(self.settings, now)
        elif reading > last[1]:
            self._add(self._band, reading - last[1])
        elif self.state is not None:
            return self.state
        self.state = BandState(
            MappingProxyType({band: self._energies.get(band, _NOTHING) for band in self.settings.bands}),
            self._energies.get(_UNASSIGNED, _NOTHING),
            self._band,
        )
        return self.state

    def _is_within(self, bands: BandSet, begin: datetime, end: datetime) -> bool:
        """Tell whether the known band holds from one time to another; what ends as it does is its own."""
        return bands is self._set and self._since <= begin <= end < self._until

    def _enter(self, bands: BandSet, now: datetime) -> None:
        """Find out which band holds, and for how long."""
        self._set, self._since = bands, now
        self._band, self._until = bands.at(now), bands.next_change(now) or _FAR

    def _add(self, band: str | None, energy: Decimal) -> None:
        """Add energy to a band; without one it is unassigned."""
        key = band or _UNASSIGNED
        self._energies[key] = self._energies.get(key, _NOTHING) + energy

    def _divide(self, bands: BandSet, begin: datetime, end: datetime, energy: Decimal) -> None:
        """Give the energy of a gap to the band that held. Where it changed, to both by time, or to none after long."""
        change = bands.next_change(begin)
        if change is None or change >= end:
            self._add(bands.at(begin), energy)
        elif end - begin > _DIVIDED:
            self._add(None, energy)
        else:
            # Bands begin on the hour: in so short a time there is one change.
            before = (energy * ((change - begin) // _SECOND) / ((end - begin) // _SECOND)).quantize(_WATT_HOUR)
            self._add(bands.at(begin), min(before, energy))
            self._add(bands.at(change), energy - min(before, energy))

    @override
    def is_urgent(self, before: BandState) -> bool:
        """Tell whether another band holds, so that what was counted before is kept soon."""
        return self.state is not None and self.state.band != before.band

    @override
    def forget_counter(self) -> None:
        """Take no energy from the former counter."""
        self._last = None

    @override
    def save(self) -> dict[str, Any]:
        """Return what a restart needs, in types of JSON."""
        last = None if self._last is None else [self._last[0].isoformat(), str(self._last[1])]
        return {"last": last, "energies": {band: str(energy) for band, energy in self._energies.items()}}

    @override
    @classmethod
    def restore(cls, settings: BandSet | None, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        bands = cls(settings)
        bands._energies = {str(band): Decimal(energy) for band, energy in saved["energies"].items()}
        if saved["last"] is not None:
            time, reading = saved["last"]
            bands._last = datetime.fromisoformat(time).astimezone(UTC), Decimal(reading)
        return bands
