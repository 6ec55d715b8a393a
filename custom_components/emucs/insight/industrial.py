"""What an industrial meter prints, as others would: on channel 0, with units, and as it flows in the connection."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ..port import Dimension, MonthDemand, Register, Telegram, meaning, parse_code, unit_of
from .user_port import CONF_USER_PORT, UserPort

SECTION_TRANSFORMERS: Final = "transformers"
CONF_CURRENT_FACTOR: Final = "current_factor"
CONF_VOLTAGE_FACTOR: Final = "voltage_factor"

_ONE: Final = Decimal(1)
_CACHED_CODES: Final = 256
# An assumption: what an industrial port prints without a unit is in the one that P1 has for its like.
_UNITS: Final = ("kWh", "kvarh", "kVAh", "kW", "kvar", "kVA", "V", "A", "Hz")
_OF_POWER: Final = {
    Dimension.ENERGY,
    Dimension.POWER,
    Dimension.REACTIVE_ENERGY,
    Dimension.REACTIVE_POWER,
    Dimension.APPARENT_ENERGY,
    Dimension.APPARENT_POWER,
}


class Factors(NamedTuple):
    """By what printed currents and voltages are multiplied: 200 behind 1000/5 A, 100 behind 10 kV/100 V."""

    current: Decimal = _ONE
    voltage: Decimal = _ONE

    @property
    def power(self) -> Decimal:
        """Return by what powers and energies are multiplied."""
        return self.current * self.voltage

    def of(self, dimension: Dimension) -> Decimal:
        """Return by what a quantity is multiplied."""
        if dimension in _OF_POWER:
            return self.power
        return {Dimension.CURRENT: self.current, Dimension.VOLTAGE: self.voltage}.get(dimension, _ONE)

    def save(self) -> list[str]:
        """Return them in types of JSON."""
        return [str(self.current), str(self.voltage)]

    @classmethod
    def restore(cls, saved: Any) -> Factors:
        """Return what was saved; nothing saved is no transformers."""
        return cls(*map(Decimal, saved)) if saved else cls()


NO_TRANSFORMERS: Final = Factors()


def factors_of(options: Mapping[str, Any]) -> Factors:
    """Return the factors in the options of an entry; only an industrial meter is behind transformers."""
    if options.get(CONF_USER_PORT) != UserPort.A1:
        return NO_TRANSFORMERS
    section = options.get(SECTION_TRANSFORMERS, {})
    return Factors(*(Decimal(str(section.get(key, 1))) for key in (CONF_CURRENT_FACTOR, CONF_VOLTAGE_FACTOR)))


class IndustrialReading:
    """Gives registers of an industrial meter the channel and the units that others have, and multiplies them."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Take what the options of an entry say."""
        self.factors = factors_of(options)
        self._is_industrial = options.get(CONF_USER_PORT) == UserPort.A1
        self._codes: dict[str, str] = {}  # as printed, and on channel 0
        # As printed, and what became of it: what did not change stays the same object.
        self._registers: dict[str, tuple[Register, Register]] = {}
        self._history: tuple[tuple[MonthDemand, ...], tuple[MonthDemand, ...]] = (), ()

    def apply(self, telegram: Telegram) -> Telegram:
        """Return a telegram with what flows in the connection."""
        if not self._is_industrial:
            return telegram
        before, self._registers = self._registers, {}
        if self._codes.keys() != telegram.registers.keys():
            self._codes = _on_channel_0(telegram.registers)
        for code, printed in telegram.registers.items():
            known = before.get(code)
            is_known = known is not None and known[0] is printed
            self._registers[code] = known if known and is_known else (printed, self._of_connection(code, printed))
        registers = {self._codes[code]: register for code, (_, register) in self._registers.items()}
        if self._history[0] is not telegram.demand_history:
            power = self.factors.power
            peaks = tuple(month._replace(value=month.value * power) for month in telegram.demand_history)
            self._history = telegram.demand_history, peaks
        return telegram._replace(registers=MappingProxyType(registers), demand_history=self._history[1])

    def _of_connection(self, code: str, printed: Register) -> Register:
        """Return a register with its unit, multiplied."""
        if printed.number is None or not _is_of_electricity(code):
            return printed
        unit = printed.unit or _usual_unit(code)
        if (known := unit_of(unit)) is None:
            return printed
        factor = self.factors.of(known.dimension)
        value = printed.number if factor == _ONE else printed.number * factor
        return printed._replace(value=value, unit=unit) if factor != _ONE or unit != printed.unit else printed


def _on_channel_0(codes: Iterable[str]) -> dict[str, str]:
    """Return each code as it is on channel 0, where nothing but one other channel has electricity.

    An assumption: a readout that has all of it on channel 1, as some have, is of one meter.
    """
    parsed = {text: parse_code(text) for text in codes}
    channels = {code.b for code in parsed.values() if code is not None and code.a == 1}
    if len(channels) != 1:
        return {text: text for text in parsed}
    return {
        text: text if code is None or code.a != 1 else f"1-0:{text.partition(':')[2]}" for text, code in parsed.items()
    }


@lru_cache(maxsize=_CACHED_CODES)
def _is_of_electricity(code: str) -> bool:
    """Tell whether a code is of the electricity meter, or of the meter itself: not of one on its M-Bus."""
    parsed = parse_code(code)
    return parsed is not None and (parsed.a == 1 or (parsed.a, parsed.b) == (0, 0))


@lru_cache(maxsize=_CACHED_CODES)
def _usual_unit(code: str) -> str | None:
    """Return the unit of a quantity that is printed without one; None where it has none, or is none."""
    parsed = parse_code(code)
    if parsed is None or parsed.a != 1 or meaning(parsed, None) is not None:
        return None
    return next((unit for unit in _UNITS if meaning(parsed, unit) is not None), None)
