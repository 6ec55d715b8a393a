"""What a virtual household's own devices know of it: the inverter, and a power meter on each phase."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from virtual_meter import VirtualMeter
from virtual_meter.clock import utc
from virtual_meter.loads import Load

_MINUTE: Final = 60
_KEPT: Final = 25 * 60
_OWN_USE: Final = 0.4
_MWS_PER_KWH: Final = 3.6e9


@dataclass(frozen=True)
class Minute:
    """The power when a minute was over, in W."""

    time: datetime
    """Its end."""
    phases: tuple[float, ...]
    """Below zero where a phase exports."""
    solar: float


class Logger(Load):
    """Counts what the solar panels make, and keeps each of the last 25 hours' minutes; takes no power itself."""

    __slots__ = ("_house", "_made", "_minute", "minutes")

    def __init__(self, meter: VirtualMeter) -> None:
        """Watch the house of a meter from now on."""
        super().__init__(0)
        self._house = meter.household
        exported = float(meter.truth.export_1 + meter.truth.export_2)
        # Assumption: the house itself has used this share of what the panels made until now.
        self._made = exported / (1 - _OWN_USE) * _MWS_PER_KWH
        self._minute = 0
        self.minutes: deque[Minute] = deque(maxlen=_KEPT)
        self._house.connect(self)

    @property
    def solar_energy(self) -> float:
        """What the panels have made, in kWh."""
        return round(self._made / _MWS_PER_KWH, 3)

    @property
    def solar_power(self) -> float:
        """What they make now, in W."""
        return -self._house.pv.power / 1000 if self._house.pv else 0.0

    @override
    def run(self, t: int, seconds: int) -> None:
        self._made += self.solar_power * 1000 * seconds
        # A coarse step may end between two minutes.
        if (minute := t // _MINUTE) > self._minute:
            self._minute = minute
            phases = tuple(milliwatts / 1000 for milliwatts in self._house.branches)
            self.minutes.append(Minute(utc(minute * _MINUTE), phases, self.solar_power))
