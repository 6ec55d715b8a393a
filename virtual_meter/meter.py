"""A digital meter made of software."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

from .clock import QUARTER, epoch, utc
from .factory import Factory
from .grid import Grid, kilowatts
from .household import Household
from .identity import invent
from .mbus import connect
from .printing import Source
from .profiles import PROFILES, REFUSED
from .quadrants import Quadrants, thousand_hours
from .registers import HISTORY_MONTHS, Demand, Energy, PeakWatts
from .street import ORDINARY, STREETS, Disturbance
from .telegram import print_telegram
from .truth import Demands, Measured, MonthPeak, Peak, Submeter, Truth
from .variants import check

LONGEST_PERIOD = 900
_FACTORY_SCALE = 400
_FACTORY_PEAK_W = 450_000


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
        ev: bool | int = True,
        heat_pump: bool = True,
        history_months: int = HISTORY_MONTHS,
        variants: Collection[str] = (),
        period: int | None = None,
        street: str = ORDINARY,
        later: int = 0,
        sky: int | None = None,
    ) -> None:
        """Install the meter at `start` (aware; now by default), with a telegram every `period` seconds (1 to 900).

        `ev` is a car on a charger of its own, or the power in W that a car takes from a socket. The days of the family
        are by `later` seconds later than those of others; under the same `sky` neighbours have the same weather.

        ValueError for an unknown profile, variant or street, a naive start, a number of months outside 0 to 13, or
        another period.
        """
        known = {**PROFILES, **REFUSED}
        if profile not in known:
            msg = f"there is no profile {profile}; choose one of {', '.join(known)}"
            raise ValueError(msg)
        if not 0 <= history_months <= HISTORY_MONTHS:
            msg = f"history_months is {history_months}; a meter keeps 0 to {HISTORY_MONTHS}"
            raise ValueError(msg)
        self.profile = known[profile]
        self.variants = check(self.profile, variants)
        self.period = self.profile.period if period is None else period
        if not 1 <= self.period <= LONGEST_PERIOD:
            msg = f"period is {period} s; it must be 1 to {LONGEST_PERIOD}"
            raise ValueError(msg)
        if street not in STREETS:
            msg = f"there is no street {street}; choose one of {', '.join(STREETS)}"
            raise ValueError(msg)
        self.identity = invent(seed, self.profile.id_prefix or "")
        self._t = t = epoch(start or datetime.now(UTC))
        rng = Random(f"{seed}/registers")
        wiring = self.profile.wiring
        self.household = Household(seed, t, wiring, pv=pv, ev=ev, heat_pump=heat_pump, gas=gas, later=later, sky=sky)
        self._factory = Factory(seed, pv=pv) if self.profile.industrial else None
        self._site = self._factory or self.household
        self._grid = Grid(seed, self.profile, street)
        scale = _FACTORY_SCALE if self._factory else 1
        self._energy = Energy(rng, t, pv=pv, plan=self.profile.tariffs, scale=scale)
        peak = _FACTORY_PEAK_W if self._factory else self.household.ev.max_w if self.household.ev else 0
        self._demand = Demand(rng, t, history_months, peak)
        self._mbus = connect(self.profile, self.identity, rng, t, self.variants, gas=gas, water=water)
        self._export_demand: Demand | None = None
        self._total: Quadrants | None = None
        self._per_phase: list[Quadrants] = []
        if self._factory:
            self._export_demand = Demand(Random(f"{seed}/export demand"), t, 0, peak // 2 if pv else 0)
        if self.profile.four_quadrants:
            self._begin_counting(Random(f"{seed}/quadrants"))
        self._live(t, 1)
        self._demand.begin_within_quarter(self.net_milliwatts, t % QUARTER)
        if self._export_demand:
            self._export_demand.begin_within_quarter(-self.net_milliwatts, t % QUARTER)
        self._boundary = self._next_boundary()
        self._history = self._closed_months()

    def _begin_counting(self, rng: Random) -> None:
        """Begin with four-quadrant counters of all phases together, and of each phase of a factory."""
        imported, exported = sum(self._energy.imported.values()), sum(self._energy.exported.values())
        if self._factory:
            self._per_phase = [Quadrants(rng, imported // 3, exported // 3) for _ in range(3)]
        self._total = Quadrants(rng, imported, exported)

    @property
    def time(self) -> datetime:
        """The meter's time, aware, in UTC."""
        return utc(self._t)

    @property
    def meter_id(self) -> str:
        """What the electricity meter is known by: its equipment identifier, decoded, or else its identification."""
        return self.profile.identification[1:] if self.profile.id_prefix is None else self.identity.meter_id

    @property
    def gas_id(self) -> str | None:
        """The equipment identifier of the gas meter that is read, decoded; None when it prints none."""
        return self._id_of(3)

    @property
    def water_id(self) -> str | None:
        """The equipment identifier of the water meter, decoded; None when it prints none."""
        return self._id_of(7)

    def _id_of(self, device_type: int) -> str | None:
        return next(
            (each.identifier for each in reversed(self._mbus) if each.device_type == device_type and each.identifier),
            None,
        )

    @property
    def net_milliwatts(self) -> int:
        """The power that runs, summed over the phases, in mW: import above zero, export below."""
        return sum(self._site.branches)

    @property
    def powers(self) -> tuple[complex, ...]:
        """The power that runs on each branch of the supply, active in W and reactive in var."""
        each = zip(self._site.branches, self._site.reactive, strict=True)
        return tuple(complex(active, reactive) / 1000 for active, reactive in each)

    def advance(self, seconds: int, step: int = 1) -> None:
        """Let `seconds` pass, with power the same for `step` seconds at a time.

        Steps are cut where a quarter ends or a channel is captured. ValueError for a negative time or a step below 1.
        """
        if seconds < 0 or step < 1:
            msg = f"cannot advance {seconds} s in steps of {step} s"
            raise ValueError(msg)
        site, house, energy, demand, mbus = self._site, self.household, self._energy, self._demand, self._mbus
        end = self._t + seconds
        while self._t < end:
            t = min(self._t + step, end, self._boundary)
            passed = t - self._t
            self._live(t, passed)
            net = sum(site.branches)
            used = net * passed
            energy.add(used)
            demand.add(used)
            if self._total:
                self._count_quadrants(self._total, net, passed)
            if self._export_demand:
                self._export_demand.add(-used)
            for meter in mbus:
                meter.run(house, t, passed)
            self._t = t
            if t == self._boundary:
                self._cross_boundary(t)

    def _live(self, t: int, passed: int) -> None:
        """Let the house live through the seconds that end at `t`, with what the grid brings."""
        self._site.run(t, passed)
        for branch in self._grid.dead:
            self._site.branches[branch] = 0

    @property
    def disturbance(self) -> Disturbance:
        """What is wrong with the grid; what is set holds from now on."""
        return self._grid.disturbance

    @disturbance.setter
    def disturbance(self, disturbance: Disturbance) -> None:
        self._grid.disturbance = disturbance

    def _count_quadrants(self, total: Quadrants, net: int, passed: int) -> None:
        reactive = self._site.reactive
        total.add(net, sum(reactive), passed)
        for counters, active, its_reactive in zip(self._per_phase, self._site.branches, reactive, strict=False):
            counters.add(active, its_reactive, passed)

    def _cross_boundary(self, t: int) -> None:
        for meter in self._mbus:
            if t == meter.next_capture:
                meter.capture(t)
        if t % QUARTER == 0:
            # Belgium is whole hours from UTC, so its quarters are those of UTC; tariffs change with a quarter.
            self._demand.end_quarter(t)
            if self._export_demand:
                self._export_demand.end_quarter(t)
            self._energy.change_tariff(t)
            self._history = self._closed_months()
        self._boundary = self._next_boundary()

    def _next_boundary(self) -> int:
        quarter_end = self._t - self._t % QUARTER + QUARTER
        return min([quarter_end, *(meter.next_capture for meter in self._mbus if meter.next_capture is not None)])

    def _closed_months(self) -> tuple[MonthPeak, ...]:
        return tuple(MonthPeak(utc(month.end), _peak(month.peak)) for month in self._demand.history)

    @property
    def truth(self) -> Truth:
        """Every register at this moment."""
        net, reactive = self.net_milliwatts, self._site.reactive
        branches = self._site.branches
        supply = self._grid.supply(self._t, branches, reactive)
        return Truth(
            time=self.time,
            tariff=self._energy.tariff,
            imported=_kilowatt_hours(self._energy.imported),
            exported=_kilowatt_hours(self._energy.exported),
            power_import=kilowatts(max(0, net)),
            power_export=kilowatts(max(0, -net)),
            import_demands=_demands(self._demand),
            export_demands=_demands(self._export_demand) if self._export_demand else None,
            history=self._history,
            phases=self._grid.phases(supply, branches, reactive),
            supply=supply,
            submeters=self._submeters(),
            frequency=self._grid.frequency(self._t),
            total=self._total.measured(net, sum(reactive)) if self._total else None,
            per_phase=self._measured_phases(branches, reactive),
        )

    def _submeters(self) -> tuple[Submeter, ...]:
        return tuple(meter.truth() for meter in self._mbus)

    def _measured_phases(self, branches: list[int], reactive: list[int]) -> tuple[Measured, ...]:
        each = zip(self._per_phase, branches, reactive, strict=False)
        return tuple(counters.measured(active, its_reactive) for counters, active, its_reactive in each)

    def telegram(self) -> bytes:
        """Return the complete telegram of this moment, CRLF and CRC included."""
        return print_telegram(Source(self.profile, self.identity, self.truth, self.variants))


def _kilowatt_hours(counters: Mapping[int, int]) -> dict[int, Decimal]:
    return {tariff: thousand_hours(energy) for tariff, energy in counters.items()}


def _demands(demand: Demand) -> Demands:
    return Demands(Decimal(demand.watts).scaleb(-3), Decimal(demand.last_watts).scaleb(-3), _peak(demand.peak))


def _peak(peak: PeakWatts) -> Peak:
    return Peak(utc(peak.t), Decimal(peak.watts).scaleb(-3))
