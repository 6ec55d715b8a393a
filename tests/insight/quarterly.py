"""A meter whose counters go on by quarters that the test sets, and its profile and forecast."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from custom_components.emucs.insight.capacity import Capacity, CapacitySettings
from custom_components.emucs.insight.forecast import Forecast, ForecastState
from custom_components.emucs.insight.profile import Profile
from custom_components.emucs.insight.quarters import local_begin, slot_begin, slot_of
from custom_components.emucs.port import Register, Telegram, obis

BRUSSELS = ZoneInfo("Europe/Brussels")
QUARTER = timedelta(minutes=15)
type Load = Callable[[datetime], tuple[float, float]]
"""The import and the export in kW of the quarter that begins at a local time."""


def slot(text: str) -> int:
    """Return the quarter that begins at a local time."""
    return slot_of(datetime.fromisoformat(text).replace(tzinfo=BRUSSELS))


class Meter:
    """One telegram at the begin of each quarter, or more often."""

    def __init__(self, start: str) -> None:
        self.slot = slot(start) - 1
        self.imported = Decimal(1000)
        self.exported = Decimal(500)
        self.capacity = Capacity(CapacitySettings())
        self.profile = Profile()
        self.forecast = Forecast()
        self.hand_over()
        # A port that sends once a quarter is known to from the second telegram on.
        self.feed(self.telegram(export_energy=None))
        self.slot += 1

    def hand_over(self) -> None:
        """Let the insights know each other."""
        self.profile.hand_over({Capacity: self.capacity})
        self.forecast.hand_over({Profile: self.profile})

    def telegram(self, late: float = 0, **others: tuple[str, str] | None) -> Telegram:
        """Return the telegram at the begin of the quarter, or so many seconds later; without what is None."""
        registers = {
            obis.IMPORT_ENERGY: Register(self.imported, "kWh"),
            obis.EXPORT_ENERGY: Register(self.exported, "kWh"),
            obis.IMPORT_POWER: Register(Decimal(0), "kW"),
        }
        for name, register in others.items():
            code = getattr(obis, name.upper())
            if register is None:
                del registers[code]
            else:
                registers[code] = Register(Decimal(register[0]), register[1])
        time = slot_begin(self.slot) + timedelta(seconds=late)
        return Telegram("", None, None, time, registers, {}, ())

    def feed(self, telegram: Telegram | None = None) -> ForecastState | None:
        """Feed the telegram of now."""
        telegram = telegram or self.telegram()
        self.capacity.feed(telegram)
        self.profile.feed(telegram)
        return self.forecast.feed(telegram)

    def skip(self, imported: float = 0, exported: float = 0, quarters: int = 1) -> None:
        """Let quarters pass unseen, at so many kW."""
        self.slot += quarters
        self.imported += Decimal(str(imported)) * quarters / 4
        self.exported += Decimal(str(exported)) * quarters / 4

    def run(self, quarters: int, load: Load = lambda _: (0.4, 0.0)) -> ForecastState | None:
        """Let quarters pass; return what is known then."""
        state = self.feed()
        for _ in range(quarters):
            self.skip(*load(local_begin(self.slot)))
            state = self.feed()
        return state

    def restart(self) -> None:
        """Save everything and restore it."""
        parts: Mapping[str, Any] = {each.name: each.save() for each in (self.capacity, self.profile)}
        series = {each.name: each.save_series() for each in (self.profile, self.forecast)}
        self.capacity = Capacity.restore(CapacitySettings(), parts["capacity"])
        self.profile = Profile.restore(None, parts["profile"])
        self.forecast = Forecast()
        for insight in (self.profile, self.forecast):
            if series[insight.name]:
                insight.restore_series(series[insight.name])
        self.hand_over()
