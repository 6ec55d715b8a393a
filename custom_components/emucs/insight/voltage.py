"""The voltages of a connection: slots, verdicts of weeks, and what happens. Indicative, as a user port always is."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple, Self, override

from ..port import Register, Telegram, obis
from .base import Insight
from .electricity import in_unit, net_power
from .grid import Grid, grid_of, has_voltage
from .voltage_events import Moment, VoltageEvent, VoltageWatch
from .voltage_history import (
    GRAIN,
    OF_230_V,
    TO_STAR_POINT,
    VoltageHistory,
    VoltageVerdict,
    WeekVerdict,
)
from .voltage_measured import MeasuredMeans
from .voltage_pattern import largest_deviation
from .voltage_running import GRAIN_MINUTES, MINUTE, SLOT_MINUTES, Coverage, RunningVoltage
from .voltage_week import Week, local_day, overall, week_bounds, week_of

_CODES: Final = {phase: obis.voltage(phase) for phase in obis.PHASE_GROUP}
_A_WEEK: Final = timedelta(days=7)
_HOUR_MINUTES: Final = 60
_WATTS: Final = 1000
_MOST_EXPORT: Final = 10_000  # kW: more than any low-voltage connection carries
# A connection has low voltage if at least one phase is within this share of the nominal voltage.
_PLAUSIBLE: Final = 0.2
# A clock that is set back by no more than this, in seconds, is waited for; one that is set back by more was wrong.
_WAITED_FOR: Final = 3600
# That is looked into once in so many telegrams: to judge the week anew takes as long as a thousand of them.
_SET_BACK_EVERY: Final = 300


class VoltageState(NamedTuple):
    """What is known at one moment."""

    means: Mapping[str, float | None]
    """By phase, of the latest slot of ten minutes that is over, in V; None where too little of it was seen."""
    deviation: float | None
    """By which share one of three such means to the neutral deviates most from all three."""
    quality: VoltageVerdict
    """Outside if the running week is so already, else the verdict of the week before it."""
    above: int
    """Seconds of the day with a voltage above the band, up to the latest full minute."""
    below: int
    problem: bool | None
    is_phase_missing: bool
    is_neutral_suspected: bool
    events: tuple[VoltageEvent, ...]
    """Those that the latest telegram showed."""
    closed: tuple[WeekVerdict, ...]
    """The week that the latest telegram ended."""


class Voltage(Insight[None, VoltageState]):
    """Follows the voltages of one meter. A voltage holds from its telegram on until the next one."""

    name: ClassVar = "voltage"

    def __init__(self, settings: None = None) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self.history = VoltageHistory()
        self.grid: Grid | None = None
        self._running: dict[str, RunningVoltage] = {}
        self._watch = VoltageWatch((), OF_230_V, has_neutral=False)
        self._lasting: dict[str, tuple[int, int]] = {}  # what the watch has to go on with
        self._coverage = Coverage()
        self._last: int | None = None  # the time of the latest telegram, in seconds since 1970
        self._since_set_back = _SET_BACK_EVERY  # telegrams
        self._minute = 0  # the number of the running minute since 1970
        self._minute_end = 0
        self._week: Week | None = None
        self._day: date | None = None
        self._above = self._below = 0
        self._measured = MeasuredMeans()
        self._export: int | None = None  # W
        self._export_register: Register | None = None
        self._exported = [0, 0]  # of the running grain: seconds, and W times seconds
        self._events: list[VoltageEvent] = []
        self._closed: list[WeekVerdict] = []
        self._has_changed = False

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> None:
        """Return nothing: there is nothing to set."""

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> VoltageState | None:
        """Take a telegram; return what is known now, or None while the meter has printed no voltage of a home."""
        if self._events or self._closed:
            # They are told once.
            self._events, self._closed, self._has_changed = [], [], True
        if telegram.time is not None:
            now = int(telegram.time.timestamp())
            self._since_set_back += 1
            if self._last is None or now > self._last:
                self._go_on(telegram, now)
            elif self._last - now > _WAITED_FOR and self._since_set_back > _SET_BACK_EVERY:
                self._set_back(now)
                self._go_on(telegram, now)
        if self._has_changed and self._running:
            self.state = self._state()
            self._has_changed = False
        return self.state

    def _go_on(self, telegram: Telegram, now: int) -> None:
        """Count what held until now, and take what holds from now on."""
        last, self._last = self._last, now
        minute = self._minute
        if last is None:
            self._begin(now)
        else:
            self._take(last, now)
        if self._minute != minute:
            self._look(telegram)
        registers = telegram.registers
        for phase, voltage in self._running.items():
            voltage.read(registers.get(_CODES[phase]))
        register = registers.get(obis.EXPORT_POWER)
        if register is None or register is not self._export_register:
            self._export_register, self._export = register, _export_of(telegram)

    def _begin(self, now: int) -> None:
        """Begin at a time."""
        self._minute = now // MINUTE
        self._minute_end = (self._minute + 1) * MINUTE
        self._begin_day(local_day(now))

    def _take(self, time: int, now: int) -> None:
        """Count what held from the time of a telegram on, as far as that is known until now."""
        end = time + self._coverage.of(now - time)
        is_whole = end >= now
        while time < end:
            if time >= self._minute_end:
                self._end_minute(time)
            until = min(end, self._minute_end)
            self._count(time, until - time)
            time = until
        if now >= self._minute_end:
            self._end_minute(now)
        if not is_whole:
            self._watch.interrupt()

    def _count(self, time: int, seconds: int) -> None:
        """Count what held for some seconds within a minute."""
        is_outside = False
        for voltage in self._running.values():
            voltage.count(seconds)
            is_outside |= voltage.is_outside
        if self._export is not None:
            self._exported[0] += seconds
            self._exported[1] += self._export * seconds
        if is_outside or not self._watch.is_quiet:
            voltages = [(each, each.volts) for each in self._running.values() if each.volts is not None]
            self._above += seconds * any(volts > voltage.high for voltage, volts in voltages)
            self._below += seconds * any(volts < voltage.low for voltage, volts in voltages)
            self._events += self._watch.feed(self._running, Moment(time, seconds, self._export))
            self._has_changed |= bool(self._events)

    def _end_minute(self, time: int) -> None:
        """End the running minute, and what ends with it, at a time in a later one."""
        number, now = self._minute, time // MINUTE
        for voltage in self._running.values():
            voltage.end_minute(number, now)
        if number // GRAIN_MINUTES != now // GRAIN_MINUTES:
            self._end_grain(number // GRAIN_MINUTES)
        if number // SLOT_MINUTES != now // SLOT_MINUTES:
            means = {phase: voltage.end_slot(number, now) for phase, voltage in self._running.items()}
            self._measured.hold(number // SLOT_MINUTES, means, self._week)
            self._apply_measured(now)
        self._minute, self._minute_end = now, (now + 1) * MINUTE
        if number // _HOUR_MINUTES != now // _HOUR_MINUTES:
            self._begin_day(local_day(time))
        self._has_changed = True

    def take_measured(self, slot: int, means: Mapping[str, float]) -> None:
        """Take root means in V of a slot of ten minutes, by its number since 1970, that count instead of telegrams'."""
        if self._running and self._last is not None:
            self._measured.take(slot, means, self._minute // SLOT_MINUTES)
            self._apply_measured(self._minute)

    def _apply_measured(self, now: int) -> None:
        """Put measured means of slots that are over by a minute in their place."""
        if self._measured.apply(self.history, self._running, now // SLOT_MINUTES):
            self._has_changed = True

    @property
    def is_measured(self) -> bool:
        """Return whether the means that are shown were measured, and not worked out from telegrams."""
        return self._measured.is_of(self._minute // SLOT_MINUTES - 1)

    def _end_grain(self, number: int) -> None:
        """Keep what was seen in five minutes."""
        for phase, voltage in self._running.items():
            if (grain := voltage.end_grain()) is not None:
                self.history.add(number, phase, grain)
        if self._exported[0]:
            self.history.add_export(number, *self._exported)
        self._exported = [0, 0]

    def _begin_day(self, day: date) -> None:
        """Follow the day, and close the week that is over with it."""
        if day != self._day:
            self._day, self._above, self._below = day, 0, 0
        week, begin = self._week, week_of(day)
        if self.history.band is None or (week is not None and week.begin == begin):
            return
        if week is not None:
            self._measured.release(week)
            self._closed = week.close()
            self.history.add_weeks(self._closed)
        self._week = Week(begin, self.history.band)

    def _set_back(self, now: int) -> None:
        """Forget what is dated later than now: the clock was wrong, and counts anew from here."""
        self.history.truncate(now // GRAIN)
        self._make_running(())
        self._make_week(now)
        self._exported = [0, 0]
        self._last, self._since_set_back = None, 0

    def _look(self, telegram: Telegram) -> None:
        """See which voltages the meter prints, and what they are judged by."""
        before, self.grid = self.grid, grid_of(telegram, self.grid)
        phases = tuple(phase for phase in _CODES if has_voltage(telegram, phase, self.grid))
        is_to_star_point = self.grid is Grid.THREE_PHASE_230V and "l2" in phases
        band, known = TO_STAR_POINT if is_to_star_point else OF_230_V, self.history.band
        volts = [in_unit(telegram.registers[_CODES[phase]], "V") for phase in phases]
        is_of_home = any(each is not None and abs(float(each) / band.nominal - 1) <= _PLAUSIBLE for each in volts)
        is_same = band is known and self.grid is before and set(phases) <= set(self.history.phases)
        if self.grid is None or not is_of_home or is_same:
            return
        if band is not known:
            self.history.clear()
            self._running, self._week = {}, None
        self.history.band, self.history.phases = band, phases
        self._make_running(self._running)
        self._make_week(self._minute * MINUTE)
        self._has_changed = True

    def _make_running(self, kept: Collection[str]) -> None:
        """Follow the phases with a voltage; those to keep go on."""
        band, phases = self.history.band, self.history.phases
        if band is not None:
            self._running = {phase: self._running[phase] if phase in kept else RunningVoltage(band) for phase in phases}
            self._lasting |= self._watch.save()
            has_neutral = self.grid is Grid.THREE_PHASE_400V and len(phases) == len(_CODES)
            self._watch = VoltageWatch(phases, band, has_neutral=has_neutral)
            self._watch.restore(self._lasting)
            self._lasting = {}

    def _make_week(self, now: int) -> None:
        """Make the running week anew, of the slots that are over by now."""
        if (band := self.history.band) is None:
            return
        self._week = Week(week_of(local_day(now)), band)
        self._measured = MeasuredMeans()  # the history has all means of before
        begin, _ = week_bounds(self._week.begin)
        for phase in self.history.phases:
            for slot in self.history.slots(phase, begin, datetime.fromtimestamp(now, UTC), SLOT_MINUTES):
                self._week.add(phase, slot.mean if slot.is_known(SLOT_MINUTES) else None)

    def _state(self) -> VoltageState:
        """Return what is known now."""
        means = {phase: voltage.mean for phase, voltage in self._running.items()}
        known = [mean for mean in means.values() if mean is not None]
        has_neutral = self.grid is Grid.THREE_PHASE_400V and len(known) == len(_CODES)
        problems = {voltage.problem for voltage in self._running.values()}
        return VoltageState(
            means=means,
            deviation=largest_deviation(known) if has_neutral else None,
            quality=self._quality(),
            above=self._above,
            below=self._below,
            problem=True if True in problems else None if None in problems else False,
            is_phase_missing=self._watch.is_phase_missing,
            is_neutral_suspected=self._watch.is_neutral_suspected,
            events=tuple(self._events),
            closed=tuple(self._closed),
        )

    def _quality(self) -> VoltageVerdict:
        """Return the verdict of the running week where that is certain, else that of the week before."""
        if self._week is None or self._week.is_outside:
            return VoltageVerdict.UNKNOWN_YET if self._week is None else VoltageVerdict.OUTSIDE
        before = self._week.begin - _A_WEEK
        return overall(week.verdict for week in self.history.weeks[-len(_CODES) :] if week.begin == before)

    @override
    def pause(self) -> None:
        """Know nothing while the meter's clock is wrong; what was counted stays."""
        super().pause()
        for voltage in self._running.values():
            voltage.forget()
        self._export = self._export_register = None
        self._watch.interrupt()
        self._has_changed = True

    @override
    def is_urgent(self, before: VoltageState) -> bool:
        """Tell whether something happened, a problem came or went, or a week is over."""
        state = self.state
        return state is not None and (
            bool(state.events or state.closed)
            or state.problem is not before.problem
            or state.is_phase_missing is not before.is_phase_missing
            or state.is_neutral_suspected is not before.is_neutral_suspected
        )

    @override
    def save(self) -> dict[str, Any]:
        """Return the grid, the day's seconds, and what lasts."""
        day = self._day and self._day.isoformat()
        lasting = self._lasting | self._watch.save()
        return {"grid": self.grid, "day": day, "above": self._above, "below": self._below, "lasting": lasting}

    @override
    def save_series(self) -> dict[str, Any]:
        """Return the history, and what is running."""
        if not self._running or self._last is None:
            return {}
        return {
            "history": self.history.save(),
            "running": {phase: voltage.save() for phase, voltage in self._running.items()},
            "last": self._last,
            "gaps": self._coverage.save(),
            "export": self._export,
            "exported": self._exported,
        }

    @override
    @classmethod
    def restore(cls, settings: None, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        voltage = cls(settings)
        voltage.grid = None if saved["grid"] is None else Grid(saved["grid"])
        voltage._day = None if saved["day"] is None else date.fromisoformat(saved["day"])
        voltage._above, voltage._below = int(saved["above"]), int(saved["below"])
        voltage._lasting = {name: (int(began), int(extreme)) for name, (began, extreme) in saved["lasting"].items()}
        return voltage

    @override
    def restore_series(self, saved: Mapping[str, Any]) -> None:
        """Take the history, and go on with what was running."""
        history = VoltageHistory.restore(saved["history"])
        if history.band is None:
            return
        running = {phase: RunningVoltage(history.band) for phase in history.phases}
        for phase, voltage in running.items():
            voltage.restore(saved["running"][phase])
        last, gaps = int(saved["last"]), list(map(int, saved["gaps"]))
        seconds, exported = map(int, saved["exported"])
        export = None if saved["export"] is None else int(saved["export"])
        self.history, self._running = history, running
        self._last, self._coverage, self._export, self._exported = last, Coverage(gaps), export, [seconds, exported]
        self._minute, self._minute_end = last // MINUTE, (last // MINUTE + 1) * MINUTE
        self._day = self._day or local_day(last)
        self._make_running(running)
        self._make_week(last)
        # What is known is shown with the first telegram.
        self._has_changed = True


def _export_of(telegram: Telegram) -> int | None:
    """Return the export power in W, None where it is not known or is none of a meter."""
    power = in_unit(telegram.registers.get(obis.EXPORT_POWER), "kW")
    if power is None:
        net = net_power(telegram)
        power = None if net is None else max(-net, Decimal())
    return int(power * _WATTS) if power is not None and 0 <= power <= _MOST_EXPORT else None
