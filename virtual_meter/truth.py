"""What the registers of a meter hold at one moment, as numbers."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .grid import Phase


@dataclass(frozen=True, slots=True)
class Peak:
    """A highest quarter: when it ended (UTC), and its average import in kW."""

    time: datetime
    value: Decimal


@dataclass(frozen=True, slots=True)
class MonthPeak:
    """A closed month: its end (UTC of the 1st, 00:00 local), and its peak."""

    end: datetime
    peak: Peak


@dataclass(frozen=True, slots=True)
class Capture:
    """What was last read from a gas or water meter: when (UTC), and the volume in m³."""

    time: datetime
    value: Decimal


@dataclass(frozen=True, slots=True)
class Truth:
    """Every register at `time` (UTC), at the resolution in which e-MUCS P1 1.7.1 prints it.

    Energy in kWh, power and demand in kW, volume in m³. Whatever the profile leaves out is here too, but for
    gas and water that the meter does not print: they are None.
    """

    time: datetime
    tariff: int
    import_1: Decimal
    import_2: Decimal
    export_1: Decimal
    export_2: Decimal
    power_import: Decimal
    power_export: Decimal
    demand: Decimal
    month_peak: Peak
    history: tuple[MonthPeak, ...]
    phases: tuple[Phase, ...]
    gas: Capture | None
    water: Capture | None
