"""What happens to the voltages: they leave their band and come back, a phase is missing, the neutral seems lost."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from .voltage_history import VOLT, VoltageBand
from .voltage_pattern import is_neutral_lost, missing_phases
from .voltage_running import RunningVoltage

# Assumptions, in seconds: a voltage that is outside for less is not told, and one that sways about the limit is told
# once. A pattern of all phases that passes sooner is a dip.
_EXCURSION_AFTER: Final = 10
_EXCURSION_GONE_FOR: Final = 60
_PATTERN_LASTED: Final = 60
_WATTS: Final = 1000

_OVER: Final = "over"
_UNDER: Final = "under"
_MISSING: Final = "missing"
_NEUTRAL: Final = "neutral"


class VoltageEventType(StrEnum):
    """What an event of the voltage can be."""

    OVERVOLTAGE_STARTED = "overvoltage_started"
    OVERVOLTAGE_ENDED = "overvoltage_ended"
    UNDERVOLTAGE_STARTED = "undervoltage_started"
    UNDERVOLTAGE_ENDED = "undervoltage_ended"
    PHASE_MISSING = "phase_missing"
    NEUTRAL_SUSPECTED = "neutral_suspected"


class VoltageEvent(NamedTuple):
    """Something that happened."""

    type: VoltageEventType
    phase: str
    """With a lost neutral the one with the highest voltage."""
    value: float
    """The highest or lowest voltage since it began, in V."""
    time: datetime
    """When it began or ended, in UTC."""
    export: float | None
    """The export power now, in kW."""


_EVENTS: Final = {
    (_OVER, True): VoltageEventType.OVERVOLTAGE_STARTED,
    (_OVER, False): VoltageEventType.OVERVOLTAGE_ENDED,
    (_UNDER, True): VoltageEventType.UNDERVOLTAGE_STARTED,
    (_UNDER, False): VoltageEventType.UNDERVOLTAGE_ENDED,
    (_MISSING, True): VoltageEventType.PHASE_MISSING,
    (_NEUTRAL, True): VoltageEventType.NEUTRAL_SUSPECTED,
}


class Moment(NamedTuple):
    """For what voltages hold."""

    time: int
    """From when on, in seconds since 1970."""
    seconds: int
    export: int | None
    """The export power, in W."""


type _Furthest = Callable[[int, int], int]


class Lasting:
    """Something that counts once it has lasted for some seconds, and is over once it has been gone for others."""

    __slots__ = ("_after", "_furthest", "_gone_for", "_held", "began", "extreme", "on")

    def __init__(self, after: int, gone_for: int, furthest: _Furthest = min) -> None:
        """Start with it not so; `furthest` chooses of two voltages the one to tell."""
        self.on = False
        self.began = 0
        """When it came or went, or what may become that, in seconds since 1970."""
        self.extreme = 0
        """The voltage to tell, in tenths of a volt."""
        self._after = after
        self._gone_for = gone_for
        self._furthest = furthest
        self._held = 0

    @property
    def is_quiet(self) -> bool:
        """Return whether it is not so, and does not begin to be."""
        return not self.on and not self._held

    def feed(self, volts: int | None, time: int, seconds: int) -> bool:
        """Take the voltage with which it was so for some seconds from a time on, None where it was not so.

        Return whether it counts from now on, or no longer.
        """
        if volts is not None:
            self.extreme = volts if self.is_quiet else self._furthest(self.extreme, volts)
        is_so = volts is not None
        if is_so is self.on:
            self._held = 0
            return False
        if not self._held:
            self.began = time
        self._held += seconds
        if self._held < (self._gone_for if self.on else self._after):
            return False
        self.on, self._held = is_so, 0
        return True

    def interrupt(self) -> None:
        """Let what has not lasted yet begin anew: nothing was seen for a while."""
        self._held = 0


class VoltageWatch:
    """Watches the voltages of a meter for what is worth telling."""

    def __init__(self, phases: tuple[str, ...], band: VoltageBand, *, has_neutral: bool) -> None:
        """Start with all as it should be."""
        self.is_quiet = True
        """Whether nothing lasts, or may begin to."""
        self._nominal = band.nominal * VOLT
        self._has_neutral = has_neutral
        self._lasting: dict[str, Lasting] = {}
        for phase in phases:
            self._lasting[f"{_OVER}_{phase}"] = Lasting(_EXCURSION_AFTER, _EXCURSION_GONE_FOR, max)
            self._lasting[f"{_UNDER}_{phase}"] = Lasting(_EXCURSION_AFTER, _EXCURSION_GONE_FOR)
            self._lasting[f"{_MISSING}_{phase}"] = Lasting(_PATTERN_LASTED, _PATTERN_LASTED)
        self._lasting[_NEUTRAL] = Lasting(_PATTERN_LASTED, _PATTERN_LASTED, max)

    @property
    def is_phase_missing(self) -> bool:
        """Return whether a phase has no voltage while others have theirs."""
        return any(each.on for name, each in self._lasting.items() if name.startswith(_MISSING))

    @property
    def is_neutral_suspected(self) -> bool:
        """Return whether the voltages look as with a lost neutral."""
        return self._lasting[_NEUTRAL].on

    def feed(self, running: Mapping[str, RunningVoltage], moment: Moment) -> Iterator[VoltageEvent]:
        """Take the voltages of a moment; yield what happened."""
        printed = {phase: voltage.printed for phase, voltage in running.items()}
        missing = missing_phases(printed, self._nominal)
        for phase, voltage in running.items():
            if (volts := voltage.volts) is not None:
                # An interruption says nothing of how the voltage was.
                yield from self._tell(_OVER, phase, volts if volts > voltage.high else None, moment)
                yield from self._tell(_UNDER, phase, volts if volts < voltage.low else None, moment)
            yield from self._tell(_MISSING, phase, printed[phase] if phase in missing else None, moment)
        if self._has_neutral:
            known = {phase: volts for phase, volts in printed.items() if volts is not None}
            highest = max(known, key=known.__getitem__, default="")
            is_lost = is_neutral_lost([*known.values()], self._nominal)
            yield from self._tell(_NEUTRAL, highest, known[highest] if is_lost else None, moment)
        self.is_quiet = all(each.is_quiet for each in self._lasting.values())

    def _tell(self, kind: str, phase: str, volts: int | None, moment: Moment) -> Iterator[VoltageEvent]:
        """Take the voltage with which something is so, None where it is not; yield the event that this is."""
        lasting = self._lasting[_NEUTRAL if kind is _NEUTRAL else f"{kind}_{phase}"]
        if not lasting.feed(volts, moment.time, moment.seconds):
            return
        if (event_type := _EVENTS.get((kind, lasting.on))) is not None:
            time = datetime.fromtimestamp(lasting.began, UTC)
            export = None if moment.export is None else moment.export / _WATTS
            yield VoltageEvent(event_type, phase, lasting.extreme / VOLT, time, export)

    def interrupt(self) -> None:
        """Take that nothing was seen for a while."""
        for lasting in self._lasting.values():
            lasting.interrupt()
        self.is_quiet = all(each.is_quiet for each in self._lasting.values())

    def save(self) -> dict[str, tuple[int, int]]:
        """Return what lasts, in types of JSON: since when, and with which voltage."""
        return {name: (each.began, each.extreme) for name, each in self._lasting.items() if each.on}

    def restore(self, saved: Mapping[str, tuple[int, int]]) -> None:
        """Take what lasted."""
        for name, (began, extreme) in saved.items():
            if (lasting := self._lasting.get(name)) is not None:
                lasting.on, lasting.began, lasting.extreme = True, began, extreme
        self.is_quiet = all(each.is_quiet for each in self._lasting.values())
