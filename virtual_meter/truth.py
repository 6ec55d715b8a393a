"""What the registers of a meter hold at one moment, as numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .grid import Phase, Supply


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
    """What was last read from an M-Bus meter: when (UTC), and the volume in m³, or the energy in GJ."""

    time: datetime
    value: Decimal

    @classmethod
    def of(cls, time: datetime, thousandths: int) -> Capture:
        """Return what was read, as counted in thousandths."""
        return cls(time, Decimal(thousandths).scaleb(-3))


@dataclass(frozen=True, slots=True)
class Submeter:
    """What a meter prints of an M-Bus meter: EN 13757-3 device type, identifier, EAN, valve, and latest reading.

    Texts are empty, and others None, where the meter does not know them.
    """

    device_type: int
    identifier: str
    ean: str
    valve: int | None
    unit: str
    capture: Capture | None


@dataclass(frozen=True, slots=True)
class Measured:
    """One phase, or all together, of a four-quadrant meter.

    `active` (kW) and `reactive` (kvar) are positive for import and for inductive import; `apparent` is in kVA.
    Energies are in kWh, kvarh (per quadrant, 1 to 4) and kVAh.
    """

    active: Decimal
    reactive: Decimal
    apparent: Decimal
    energy_import: Decimal
    energy_export: Decimal
    quadrants: tuple[Decimal, Decimal, Decimal, Decimal]
    apparent_import: Decimal
    apparent_export: Decimal

    @property
    def power_factor(self) -> Decimal:
        """Return active over apparent power, without a sign; 1 where nothing flows."""
        return round(abs(self.active) / self.apparent, 3) if self.apparent else Decimal("1.000")

    @property
    def quadrant(self) -> int:
        """Return the quadrant, 1 to 4, in which active and reactive power lie (IEC 62053-23, annex C)."""
        if self.active >= 0:
            return 1 if self.reactive >= 0 else 4
        return 2 if self.reactive >= 0 else 3

    @property
    def reactive_import(self) -> Decimal:
        """Return the reactive energy of the quadrants 1 and 2 in kvarh."""
        return self.quadrants[0] + self.quadrants[1]

    @property
    def reactive_export(self) -> Decimal:
        """Return the reactive energy of the quadrants 3 and 4 in kvarh."""
        return self.quadrants[2] + self.quadrants[3]


@dataclass(frozen=True, slots=True)
class Demands:
    """Quarter-hour demands of one direction in kW: the one that runs, the latest complete one, and the highest."""

    current: Decimal
    last: Decimal
    maximum: Peak


@dataclass(frozen=True, slots=True)
class Truth:
    """Every register at `time` (UTC), at the resolution in which e-MUCS P1 1.7.1 prints it.

    Energy in kWh, power and demand in kW, volume in m³. Whatever the profile leaves out is here too, but for
    M-Bus meters and for what only other kinds of meters count.
    """

    time: datetime
    tariff: int
    imported: Mapping[int, Decimal]
    """By number of the tariff."""
    exported: Mapping[int, Decimal]
    power_import: Decimal
    power_export: Decimal
    import_demands: Demands
    export_demands: Demands | None
    """Of industrial meters."""
    history: tuple[MonthPeak, ...]
    phases: tuple[Phase, ...]
    supply: Supply
    """What comes to the house, beyond the digits and the branches that are printed."""
    submeters: tuple[Submeter, ...]
    """By number of their channel, the first one on 1."""
    frequency: Decimal
    total: Measured | None
    """Of four-quadrant meters."""
    per_phase: tuple[Measured, ...]
    """Of industrial meters."""

    @property
    def demand(self) -> Decimal:
        """Return 1.4.0: the energy imported in this quarter so far, over its full 15 minutes."""
        return self.import_demands.current

    @property
    def month_peak(self) -> Peak:
        """Return 1.6.0: the highest quarter of the month."""
        return self.import_demands.maximum

    @property
    def import_1(self) -> Decimal:
        """Return 1.8.1."""
        return self.imported[1]

    @property
    def import_2(self) -> Decimal:
        """Return 1.8.2."""
        return self.imported[2]

    @property
    def export_1(self) -> Decimal:
        """Return 2.8.1."""
        return self.exported[1]

    @property
    def export_2(self) -> Decimal:
        """Return 2.8.2."""
        return self.exported[2]

    @property
    def gas(self) -> Capture | None:
        """Return the reading of the gas meter that was read last; None where none is printed."""
        return self._latest(3)

    @property
    def water(self) -> Capture | None:
        """Return the reading of the water meter; None where none is printed."""
        return self._latest(7)

    def _latest(self, device_type: int) -> Capture | None:
        found = [each.capture for each in self.submeters if each.device_type == device_type and each.capture]
        return max(found, key=lambda capture: capture.time, default=None)
