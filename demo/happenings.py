"""What happens in the two weeks before a virtual household is first shown, so that there is something to see."""

from datetime import datetime, time, timedelta
from typing import Final, override

from virtual_meter import VirtualMeter
from virtual_meter.clock import BRUSSELS, epoch
from virtual_meter.loads import Load
from virtual_meter.street import UNDISTURBED, Disturbance
from virtual_meter.weeks import Happening

FORTNIGHT: Final = timedelta(days=14)
_NOONS: Final = (
    Happening(9, time(11, 20), timedelta(hours=2, minutes=30), Disturbance(volts=256)),
    # The chart of voltages shows a day.
    *(Happening(day, time(12, 10), timedelta(minutes=50), Disturbance(volts=255)) for day in (13, 14)),
)
_LEAKS_FOR: Final = timedelta(hours=32)
_LEAK: Final = 4  # ml/s, as of a toilet that does not close


class Happenings(Load):
    """Noons with too high a voltage, and a toilet that runs since the day before; takes no power itself."""

    __slots__ = ("_leaks_from", "_meter", "_noons", "noon")

    def __init__(self, meter: VirtualMeter, shown: datetime) -> None:
        """Plan them for a meter that is shown from a time on."""
        super().__init__()
        self._meter = meter
        begin = datetime.combine((shown - FORTNIGHT).astimezone(BRUSSELS), time(), BRUSSELS)
        self._noons = [(*each.within(begin), each.disturbance or UNDISTURBED) for each in _NOONS]
        self._leaks_from = epoch(shown - _LEAKS_FOR)
        self.noon = (begin + timedelta(days=_NOONS[0].day)).date()
        """The day of the worst one."""
        meter.household.connect(self)

    @override
    def run(self, t: int, seconds: int) -> None:
        now = (disturbance for begin, end, disturbance in self._noons if begin < t <= end)
        self._meter.disturbance = next(now, UNDISTURBED)
        self._meter.household.leak_flow = _LEAK if t > self._leaks_from else 0
