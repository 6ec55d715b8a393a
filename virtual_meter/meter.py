"""A digital meter made of software."""

from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from .channel import Channel
from .clock import QUARTER, epoch, tariff_at, utc
from .grid import Grid, kilowatts
from .household import Household
from .identity import invent
from .profiles import PROFILES
from .registers import HISTORY_MONTHS, MWS_PER_WH, Demand, Energy, PeakWatts
from .telegram import print_telegram
from .truth import Capture, MonthPeak, Peak, Truth


class VirtualMeter:
    """The meter of a simulated household.

    The same profile, seed, start, options and steps give the same bytes. Time does not pass by itself: `advance`
    makes it pass, or a server that holds the meter.
    """

    def __init__(  # noqa: PLR0913  what a house may have
        self,
        profile: str = "1.7.1",
        seed: int = 1,
        start: datetime | None = None,
        *,
        gas: bool = True,
        water: bool = True,
        pv: bool = True,
        ev: bool = True,
        heat_pump: bool = True,
        history_months: int = HISTORY_MONTHS,
    ) -> None:
        """Install the meter at `start` (aware; now by default).

        ValueError for an unknown profile, a naive start, or a number of months outside 0 to 13.
        """
        if profile not in PROFILES:
            msg = f"there is no profile {profile}; choose one of {', '.join(PROFILES)}"
            raise ValueError(msg)
        if not 0 <= history_months <= HISTORY_MONTHS:
            msg = f"history_months is {history_months}; a meter keeps 0 to {HISTORY_MONTHS}"
            raise ValueError(msg)
        self.profile = PROFILES[profile]
        self.identity = invent(seed, self.profile.id_prefix)
        self._t = t = epoch(start or datetime.now(UTC))
        rng = Random(f"{seed}/registers")
        self.household = Household(seed, t, self.profile.wiring, pv=pv, ev=ev, heat_pump=heat_pump, gas=gas)
        self._grid = Grid(seed, self.profile.wiring)
        self._energy = Energy(rng, t, pv=pv)
        self._demand = Demand(rng, t, history_months, self.household.ev.max_w if self.household.ev else 0)
        self._gas = Channel(rng, t, 2400) if gas else None
        self._water = Channel(rng, t, 180) if water and self.profile.version.water else None
        self.household.run(t, 1)
        self._demand.begin_within_quarter(self.net_milliwatts, t % QUARTER)
        self._boundary = self._next_boundary()
        self._history = self._closed_months()

    @property
    def time(self) -> datetime:
        """The meter's time, aware, in UTC."""
        return utc(self._t)

    @property
    def meter_id(self) -> str:
        """The equipment identifier of the electricity meter, decoded."""
        return self.identity.meter_id

    @property
    def gas_id(self) -> str | None:
        """The equipment identifier of the gas meter, decoded; None when it prints none."""
        return self.identity.gas_id if self._gas else None

    @property
    def water_id(self) -> str | None:
        """The equipment identifier of the water meter, decoded; None when it prints none."""
        return self.identity.water_id if self._water else None

    @property
    def net_milliwatts(self) -> int:
        """The power that runs, summed over the phases, in mW: import above zero, export below."""
        return sum(self.household.branches)

    def advance(self, seconds: int, step: int = 1) -> None:
        """Let `seconds` pass, with power the same for `step` seconds at a time.

        Steps are cut where a quarter ends or a channel is captured. ValueError for a negative time or a step below 1.
        """
        if seconds < 0 or step < 1:
            msg = f"cannot advance {seconds} s in steps of {step} s"
            raise ValueError(msg)
        household, energy, demand, gas, water = self.household, self._energy, self._demand, self._gas, self._water
        end = self._t + seconds
        while self._t < end:
            t = min(self._t + step, end, self._boundary)
            passed = t - self._t
            household.run(t, passed)
            used = sum(household.branches) * passed
            energy.add(used)
            demand.add(used)
            if gas:
                gas.volume += household.gas_flow * passed
            if water:
                water.volume += household.water_flow * passed
            self._t = t
            if t == self._boundary:
                self._cross_boundary(t)

    def _cross_boundary(self, t: int) -> None:
        for channel in (self._gas, self._water):
            if channel and t == channel.next_capture:
                channel.capture()
        if t % QUARTER == 0:
            # Belgium is whole hours from UTC, so its quarters are those of UTC; tariffs change with a quarter.
            self._demand.end_quarter(t)
            self._energy.tariff = tariff_at(t)
            self._history = self._closed_months()
        self._boundary = self._next_boundary()

    def _next_boundary(self) -> int:
        quarter_end = self._t - self._t % QUARTER + QUARTER
        return min([quarter_end, *(channel.next_capture for channel in (self._gas, self._water) if channel)])

    def _closed_months(self) -> tuple[MonthPeak, ...]:
        return tuple(MonthPeak(utc(month.end), _peak(month.peak)) for month in self._demand.history)

    @property
    def truth(self) -> Truth:
        """Every register at this moment."""
        imported, exported, net = self._energy.imported, self._energy.exported, self.net_milliwatts
        return Truth(
            time=self.time,
            tariff=self._energy.tariff,
            import_1=_kilowatt_hours(imported[1]),
            import_2=_kilowatt_hours(imported[2]),
            export_1=_kilowatt_hours(exported[1]),
            export_2=_kilowatt_hours(exported[2]),
            power_import=kilowatts(max(0, net)),
            power_export=kilowatts(max(0, -net)),
            demand=Decimal(self._demand.watts).scaleb(-3),
            month_peak=_peak(self._demand.peak),
            history=self._history,
            phases=self._grid.phases(self._t, self.household.branches),
            gas=_capture(self._gas),
            water=_capture(self._water),
        )

    def telegram(self) -> bytes:
        """Return the complete telegram of this moment, CRLF and CRC included."""
        return print_telegram(self.profile, self.identity, self.truth)


def _kilowatt_hours(milliwatt_seconds: int) -> Decimal:
    # A counter shows what is complete: it never runs ahead of the energy.
    return Decimal(milliwatt_seconds // MWS_PER_WH).scaleb(-3)


def _peak(peak: PeakWatts) -> Peak:
    return Peak(utc(peak.t), Decimal(peak.watts).scaleb(-3))


def _capture(channel: Channel | None) -> Capture | None:
    if channel is None:
        return None
    return Capture(utc(channel.captured_at), Decimal(channel.captured_volume // 1000).scaleb(-3))
