"""Telegrams of a virtual meter without text: the same registers, made much faster than they are printed and parsed."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, override

from custom_components.emucs.port import MonthDemand, Register, Telegram, obis
from virtual_meter import VirtualMeter

STEP: Final = 10
QUARTER: Final = 900
MILLIWATT_SECONDS_A_WATT_HOUR: Final = 3_600_000


class Prints:
    """Makes the telegrams of one meter."""

    def __init__(self, meter: VirtualMeter) -> None:
        """Begin at the start of a quarter."""
        self.meter = meter
        truth = meter.truth
        self._counter = truth.import_1 + truth.import_2
        self._imported = 0  # mWs since then
        self._quarter = 0  # mWs of this quarter
        self._history: tuple[MonthDemand, ...] = ()
        self.closed_watts = 0
        """What the latest quarter came to."""
        self._read_peaks()

    def _read_peaks(self) -> None:
        """Read what changes with the quarter."""
        truth = self.meter.truth
        self._peak = Register(truth.month_peak.value, "kW", truth.month_peak.time)
        history = tuple(MonthDemand(each.end, each.peak.time, each.peak.value) for each in truth.history)
        if history != self._history:
            self._history = history

    def advance(self, seconds: int = STEP) -> Telegram:
        """Let a step pass, which may end but not cross a quarter; return the telegram at its end."""
        meter = self.meter
        meter.advance(seconds, seconds)
        milliwatts = max(0, meter.net_milliwatts)
        self._imported += milliwatts * seconds
        self._quarter += milliwatts * seconds
        time = meter.time
        if time.second == 0 and time.minute % 15 == 0:
            self.closed_watts = self._quarter // (QUARTER * 1000)
            self._quarter = 0
            self._read_peaks()
        return Telegram(
            identification="",
            version=None,
            meter_id=None,
            time=time,
            registers=MappingProxyType(self.registers(milliwatts)),
            channels=_NO_CHANNELS,
            demand_history=self._history,
        )

    def registers(self, milliwatts: int) -> dict[str, Register]:
        """Return what is printed, given what is imported now."""
        imported = Decimal(self._imported // MILLIWATT_SECONDS_A_WATT_HOUR).scaleb(-3)
        return {
            obis.IMPORT_ENERGY: Register(self._counter + imported, "kWh"),
            obis.DEMAND: Register(kilowatts(self._quarter // (QUARTER * 1000)), "kW"),
            obis.MONTH_PEAK: self._peak,
            obis.IMPORT_POWER: Register(kilowatts((milliwatts + 500) // 1000), "kW"),
        }


_NO_CHANNELS: Final[Mapping[int, Any]] = MappingProxyType({})


def kilowatts(watts: int) -> Decimal:
    """Return watts as a meter prints them."""
    return Decimal(watts).scaleb(-3)


class PhasePrints(Prints):
    """Makes telegrams that have the phases too."""

    def __init__(self, meter: VirtualMeter) -> None:
        """Begin at the start of a quarter."""
        super().__init__(meter)
        self.truth = meter.truth
        """What the latest telegram was made from."""

    @override
    def registers(self, milliwatts: int) -> dict[str, Register]:
        self.truth = truth = self.meter.truth
        registers = super().registers(milliwatts)
        registers[obis.EXPORT_POWER] = Register(truth.power_export, "kW")
        for name, phase in zip(obis.PHASE_GROUP, truth.phases, strict=False):
            registers[obis.import_power(name)] = Register(phase.power_import, "kW")
            registers[obis.export_power(name)] = Register(phase.power_export, "kW")
            registers[obis.voltage(name)] = Register(phase.voltage, "V")
            registers[obis.current(name)] = Register(phase.current, "A")
        return registers
