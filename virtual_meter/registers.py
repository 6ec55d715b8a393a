"""The registers of an electricity meter: energy per tariff, demand, and the peaks of the months."""

from dataclasses import dataclass
from random import Random

from .clock import QUARTER, epoch, is_month_start, local, month_before, month_start
from .tariffs import BELGIAN, TariffPlan

# All energy is counted in milliwatt-seconds: integers, so that nothing drifts.
MWS_PER_WH = 3_600_000
HISTORY_MONTHS = 13
_EVENING = range(17, 22)
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class PeakWatts:
    """The highest quarter of a month: when that quarter ended, and its average import."""

    t: int
    watts: int


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A past month in 0-0:98.1.0: when it ended (the 1st of the next, 00:00 local), and its peak."""

    end: int
    peak: PeakWatts


class Energy:
    """Import and export counters per tariff (1-0:1.8.x and 1-0:2.8.x)."""

    def __init__(self, rng: Random, start: int, *, pv: bool, plan: TariffPlan = BELGIAN, scale: int = 1) -> None:
        """Begin as a meter that has been in use for some years, in a house or something `scale` times as large."""
        years = rng.uniform(1.2, 4.5)
        self._plan = plan
        self.imported = {
            plan.normal: _used(rng, 1450 * scale, years),
            plan.low: _used(rng, 1900 * scale, years),
        }
        self.exported = {
            plan.normal: _used(rng, 1750 * scale, years) if pv else 0,
            plan.low: _used(rng, 720 * scale, years) if pv else 0,
        }
        for tariff in plan.others:
            self.imported[tariff] = _used(rng, 300 * scale, years)
            self.exported[tariff] = _used(rng, 100 * scale, years) if pv else 0
        self.tariff = plan.at(start)

    def add(self, energy: int) -> None:
        """Count energy in mWs, export when below zero."""
        if energy > 0:
            self.imported[self.tariff] += energy
        else:
            self.exported[self.tariff] -= energy

    def change_tariff(self, t: int) -> None:
        """Count on with the tariff that runs from `t` on."""
        self.tariff = self._plan.at(t)


def _used(rng: Random, kwh_a_year: float, years: float) -> int:
    return int(kwh_a_year * years * rng.uniform(0.85, 1.15) * 1000 * MWS_PER_WH)


class Demand:
    """1-0:1.4.0, 1-0:1.6.0 and 0-0:98.1.0: the quarter that runs, the month that runs, the months before."""

    def __init__(self, rng: Random, start: int, months: int, large_load_w: int = 0) -> None:
        """Begin with the invented peaks of as many past months (0 to 13), in a house with so large a load."""
        self._large_load_w = large_load_w
        self._quarter_energy = 0
        self._month_is_new = False
        self.last_watts = large_load_w // 3
        """1.5.0: the average of the latest quarter that has ended. Before the first one has, a guess."""
        self.history: list[ClosedMonth] = []
        end = month_start(start)
        for _ in range(months):
            begin = month_before(end)
            self.history.insert(0, ClosedMonth(end, self._invented_peak(rng, begin, end)))
            end = begin
        self.peak = self._first_peak(rng, start)

    def _first_peak(self, rng: Random, start: int) -> PeakWatts:
        month = month_start(start)
        if start - month >= QUARTER:
            return self._invented_peak(rng, month, start)
        self._month_is_new = True
        # As meters in the field mark a month in which nothing was measured: 0 at the month's start.
        return self.history[-1].peak if self.history else PeakWatts(month, 0)

    def _invented_peak(self, rng: Random, begin: int, end: int) -> PeakWatts:
        """Invent the peak between two times: in an evening if that fits, and higher in winter."""
        day = local(rng.choice(range(begin, end, _DAY)))
        t = epoch(day.replace(hour=rng.choice(_EVENING), minute=0)) + QUARTER * rng.randint(0, 3)
        if not begin < t <= end:
            # A month too young for that evening has seen little yet.
            return PeakWatts(end - end % QUARTER, rng.randint(400, 1200))
        cold = abs(day.month - 7) / 6
        watts = self._large_load_w + int(rng.gauss(1600 + 2400 * cold, 400))
        return PeakWatts(t, max(watts, 900))

    def begin_within_quarter(self, milliwatts: int, seconds: int) -> None:
        """Begin `seconds` after the start of a quarter, as if this power had run since."""
        self._quarter_energy = max(0, milliwatts) * seconds

    def add(self, energy: int) -> None:
        """Count energy in mWs; export does not lower demand."""
        if energy > 0:
            self._quarter_energy += energy

    @property
    def watts(self) -> int:
        """Return 1.4.0: the energy of this quarter so far, over its full 15 minutes."""
        return self._quarter_energy // (QUARTER * 1000)

    def end_quarter(self, t: int) -> None:
        """Close the quarter that ends at `t`, and the month when it ends there too."""
        watts = self.last_watts = self.watts
        self._quarter_energy = 0
        if self._month_is_new or watts > self.peak.watts:
            self.peak = PeakWatts(t, watts)
            self._month_is_new = False
        if is_month_start(t):
            self.history.append(ClosedMonth(t, self.peak))
            del self.history[:-HISTORY_MONTHS]
            # Assumption, not observed in the field: until the first quarter of the new month has ended,
            # 1.6.0 goes on printing the peak of the month that closed.
            self._month_is_new = True
