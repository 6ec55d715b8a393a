"""What the house will import and export in the next 24 hours, and how good that has been so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Final, NamedTuple, override

from ..port import Telegram
from .base import Insight
from .demand import QUARTERS_AN_HOUR
from .outlook import Band, Outlook, learned
from .profile import Closed, Profile
from .quarters import FLOWS, IMPORT, QUARTERS_A_DAY, Quarters, local_begin, slots_of_day
from .score import Score, ScoreKeeper

_NAMES: Final = ("imported", "exported")


class ForecastQuarter(NamedTuple):
    """A quarter to come: what is imported and exported; None where that is not known."""

    begin: datetime
    imported: Band | None
    exported: Band | None

    def shown(self) -> dict[str, Any]:
        """Return it in types of JSON, in local time."""
        bands = {"import": self.imported, "export": self.exported}
        return {"begin": self.begin.isoformat()} | {name: shown_band(band) for name, band in bands.items()}


@dataclass(frozen=True, kw_only=True)
class ForecastState:
    """What is known as a quarter begins."""

    slots: tuple[ForecastQuarter, ...]
    """The quarters of 24 hours from then on."""
    today: float | None
    """The import of the local day in kWh: what was, and what is forecast."""
    imported: Score | None
    exported: Score | None

    @cached_property
    def next_hour(self) -> float | None:
        """Return the mean import of the next hour in kW."""
        bands = [slot.imported for slot in self.slots[:QUARTERS_AN_HOUR]]
        known = [band.mean for band in bands if band is not None]
        return sum(known) / QUARTERS_AN_HOUR if len(known) == QUARTERS_AN_HOUR else None

    @cached_property
    def shown(self) -> list[dict[str, Any]]:
        """Return the import of each quarter, in types of JSON and local time."""
        return [
            {"begin": slot.begin.isoformat()} | shown
            for slot in self.slots
            if (shown := shown_band(slot.imported)) is not None
        ]


def shown_band(band: Band | None) -> dict[str, float] | None:
    """Return what a quarter will come to in kW, in types of JSON."""
    return None if band is None else {name: round(value, 3) for name, value in band._asdict().items()}


class Forecast(Insight[None, ForecastState]):
    """Forecasts one meter. A forecast that has done no better than a copy of yesterday is not known."""

    name: ClassVar = "forecast"
    uses: ClassVar = (Profile,)

    def __init__(self, settings: None = None) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self._outlooks = tuple(map(Outlook, FLOWS))
        self._closed: Closed | None = None

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> None:
        """Return nothing: there is nothing to set."""

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> ForecastState | None:
        """Take a telegram; return what is known, which changes with the quarter."""
        closed = self.used(Profile).state
        if closed is None or (closed is self._closed and self.state is not None):
            return self.state
        quarters = self.used(Profile).quarters
        if self._closed is None:
            for outlook in self._outlooks:
                outlook.note(quarters, closed.slot)
        else:
            # Several where telegrams were missing: of most of them nothing is known.
            for slot in range(max(self._closed.slot, closed.slot - QUARTERS_A_DAY) + 1, closed.slot + 1):
                for outlook in self._outlooks:
                    outlook.close(quarters, slot)
        self._closed = closed
        self.state = self._state_of(quarters, closed.slot + 1)
        return self.state

    def _state_of(self, quarters: Quarters, slot: int) -> ForecastState:
        """Work out what is known as a quarter begins."""
        imported, exported = self._outlooks
        bands = [
            [outlook.near(quarters, each) for each in range(slot, slot + QUARTERS_A_DAY)]
            if outlook.is_useful
            else [None] * QUARTERS_A_DAY
            for outlook in self._outlooks
        ]
        today = slots_of_day(slot)
        state = ForecastState(
            slots=tuple(
                ForecastQuarter(local_begin(slot + ahead), *both) for ahead, both in enumerate(zip(*bands, strict=True))
            ),
            today=self._energy(quarters, today, slot, bands[IMPORT]) if imported.is_useful else None,
            imported=imported.keeper.score,
            exported=exported.keeper.score,
        )
        for outlook in self._outlooks:
            outlook.forget_before(today.start)
        return state

    def _energy(self, quarters: Quarters, day: range, slot: int, bands: Sequence[Band | None]) -> float | None:
        """Return the import of a day in kWh: measured before a quarter, and as it usually is in gaps; then forecast."""
        total = 0.0
        for each in day:
            mean = quarters.mean(IMPORT, each)
            if each >= slot or mean is None:
                ahead = each - slot
                band = bands[ahead] if 0 <= ahead < len(bands) else self._outlooks[IMPORT].band(quarters, each)
                if band is None:
                    return None
                mean = band.mean
            total += mean
        return total / QUARTERS_AN_HOUR

    def learned(self, quarters: Quarters) -> tuple[Outlook, ...]:
        """Return what the past two weeks teach, of quarters that nothing else changes meanwhile. Blocks."""
        return tuple(learned(quarters, flow) for flow in FLOWS)

    def take(self, quarters: Quarters, outlooks: tuple[Outlook, ...]) -> None:
        """Go on from what quarters of the past have taught, unless more of it is known by now."""
        if quarters.filled != self.used(Profile).quarters.filled:
            return
        self._outlooks = outlooks
        if self._closed is not None and self.state is not None:
            self.state = self._state_of(self.used(Profile).quarters, self._closed.slot + 1)

    @override
    def save_series(self) -> dict[str, Any]:
        """Return the scores, in types of JSON: they belong to the quarters of the profile."""
        saved = {name: outlook.keeper.save() for name, outlook in zip(_NAMES, self._outlooks, strict=True)}
        return saved if any(saved.values()) else {}

    @override
    def restore_series(self, saved: Mapping[str, Any]) -> None:
        """Take the scores that were saved."""
        keepers = [ScoreKeeper.restore(saved.get(name, [])) for name in _NAMES]
        for outlook, keeper in zip(self._outlooks, keepers, strict=True):
            outlook.keeper = keeper
