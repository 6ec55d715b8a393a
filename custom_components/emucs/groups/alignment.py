"""Readings of several meters, each by its own clock and at its own pace, brought to the same moments."""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median_low
from typing import Final, NamedTuple

from ..port.period import Period
from .members import MemberReading, quarter_of

SILENCE: Final = 60.0
"""Seconds without a reading after which a member is silent, unless it sends seldom."""
SILENT_PERIODS: Final = 3
"""How many readings of one that sends seldom have to be missed."""
CLOCKS_APART: Final = 60.0
"""Seconds by which clocks may be apart: what is further off than that cannot be aligned."""

# The watermark goes by whole seconds, as meters print them.
_SECOND: Final = timedelta(seconds=1)
_QUARTER: Final = timedelta(minutes=15)
# A clock that was set back by more than this is followed.
_SET_BACK: Final = timedelta(minutes=2)
# Readings of a member that wait for those of others: an hour of a meter that sends each second.
_MOST_WAITING: Final = 3600
_MICROSECONDS_AN_HOUR: Final = Decimal(3_600_000_000)
_MICROSECOND: Final = timedelta(microseconds=1)
_DIGITS: Final = Decimal("0.000001")
# A member that shows no power: the mean by its counters is over at least this, and less only at its begin.
_MEAN: Final = timedelta(seconds=60)
_SHORTEST_MEAN: Final = timedelta(seconds=10)

type Step = tuple[Decimal, Decimal]
"""Imported and exported energy in kWh."""

NO_STEP: Final[Step] = (Decimal(), Decimal())


class AlignedMoment(NamedTuple):
    """What is known of all members at a moment. Their powers are always filled in."""

    time: datetime
    readings: Mapping[str, MemberReading]
    """By id; those that are silent are not in it."""
    silent: frozenset[str]


class Track:
    """The latest readings of a member, whose counters never fall: what begins anew goes on from where it was."""

    def __init__(self, now: float) -> None:
        """Start with nothing known at a time of the host, in monotonic seconds."""
        self.heard = now
        self.ahead = 0.0
        """By how many seconds its clock was ahead of the host's at the latest reading."""
        self.offset: Step = NO_STEP
        """What is added to its counters so that they go on."""
        self._readings: deque[MemberReading] = deque()
        self._period = Period()
        self._means: deque[MemberReading] = deque(maxlen=2)  # from which the mean power is, at least a minute apart

    @property
    def latest(self) -> datetime | None:
        """Return the time of the latest reading since the start."""
        return self._readings[-1].time if self._period.last is not None and self._readings else None

    @property
    def longest(self) -> float:
        """Return after how many seconds without a reading it is silent."""
        return max(SILENCE, SILENT_PERIODS * (self._period.seconds or 0.0))

    @property
    def tolerance(self) -> float:
        """Return by how many seconds its clock may be off: readings that come seldom are old when they come."""
        return max(CLOCKS_APART, self._period.seconds or 0.0)

    def resume(self, standing: MemberReading, offset: Step) -> None:
        """Go on from where it stood before a restart."""
        self.offset = offset
        self._readings.append(standing)

    def feed(self, reading: MemberReading, now: float, host: datetime) -> None:
        """Take a reading at a time of the host."""
        self._period.feed(now, is_first=False)
        self.heard = now
        self.ahead = (reading.time - host).total_seconds()
        if self._readings:
            before = self._readings[-1]
            if reading.time <= before.time:
                if before.time - reading.time < _SET_BACK:
                    return
                self._readings.clear()
            imported, exported = reading.imported + self.offset[0], reading.exported + self.offset[1]
            if reading.is_restart or imported < before.imported or exported < before.exported:
                self.offset = before.imported - reading.imported, before.exported - reading.exported
        if self.offset != NO_STEP:
            reading = reading._replace(
                imported=reading.imported + self.offset[0], exported=reading.exported + self.offset[1]
            )
        self._readings.append(reading)
        if len(self._readings) > _MOST_WAITING:
            # Counters tell as much with half as many readings.
            self._readings = deque([*list(self._readings)[:-1:2], reading])

    def begins_after(self, time: datetime) -> bool:
        """Tell whether nothing is known of a moment, as it was read later for the first time."""
        return bool(self._readings) and self._readings[0].time - time >= _SECOND

    def times(self, after: datetime, until: datetime) -> Iterable[datetime]:
        """Yield the whole seconds of its readings after a moment and until another one."""
        for reading in self._readings:
            if after < reading.time and (second := reading.time.replace(microsecond=0)) <= until:
                yield second

    def at(self, time: datetime) -> MemberReading | None:
        """Return what it shows at a moment that is not before one asked for earlier; None where it was silent."""
        readings = self._readings
        while len(readings) > 1 and readings[1].time <= time:
            readings.popleft()
        if not readings:
            return None
        before = readings[0]
        if before.time > time:
            return self._filled(before._replace(time=time)) if before.time - time < _SECOND else None
        if before.time == time:
            return self._filled(before)
        if len(readings) == 1 or (readings[1].time - before.time).total_seconds() > self.longest:
            return None
        return self._filled(_between(before, readings[1], time))

    def _filled(self, reading: MemberReading) -> MemberReading:
        """Return a reading with its power: where it shows none, the mean by its counters."""
        if reading.import_power is not None or reading.export_power is not None:
            return reading
        means = self._means
        if not means or reading.time - means[-1].time >= _MEAN:
            means.append(reading)
        passed = reading.time - means[0].time
        if passed < _SHORTEST_MEAN:
            return reading._replace(import_power=Decimal(), export_power=Decimal())
        factor = _MICROSECONDS_AN_HOUR / (passed // _MICROSECOND)
        return reading._replace(
            import_power=(reading.imported - means[0].imported) * factor,
            export_power=(reading.exported - means[0].exported) * factor,
        )


class Alignment:
    """Follows members, and tells what all of them show as soon as those that are not silent have reached a moment."""

    def __init__(self, members: Iterable[str], now: float) -> None:
        """Start with nothing known of members at a time of the host, in monotonic seconds."""
        self.tracks: Mapping[str, Track] = {member: Track(now) for member in members}
        self.silent: frozenset[str] = frozenset()
        """Those from which nothing comes, or whose clock is off."""
        self.off: Mapping[str, float] = {}
        """By how many seconds the clock of those is ahead whose clock is too far from the others'."""
        self._last: datetime | None = None
        self._due: datetime | None = None
        self._behind = set(self.tracks)  # those that have not reached what is due

    def feed(self, member: str, reading: MemberReading, now: float, host: datetime) -> bool:
        """Take a reading at a time of the host; tell whether all have reached what is due. Costs the same for each."""
        track = self.tracks[member]
        track.feed(reading, now, host)
        if self._due is None or reading.time >= self._due:
            self._behind.discard(member)
        return not self._behind

    def take(self, now: float) -> list[AlignedMoment]:
        """Return what is known since the last time, a moment for each second of which anything was read."""
        active = self._look_who_is_silent(now)
        latest = [track.latest for track in active.values()]
        known = [time for time in latest if time is not None]
        if not known or len(known) < len(latest):
            return []
        mark = min(known).replace(microsecond=0)
        if self._last is None and any(track.begins_after(mark) for track in active.values()):
            # The clock of one is behind: what it shows now was before the others were read first.
            return []
        if self._last is not None and mark < self._last - _SET_BACK:
            self._last = None
        moments = [moment for time in self._times(mark) if (moment := self._at(time)).readings]
        if self._last is None or mark > self._last:
            self._last = mark
        self._due = self._last + _SECOND
        self._behind = {member for member, track in active.items() if track.latest is None or track.latest < self._due}
        return moments

    def _look_who_is_silent(self, now: float) -> Mapping[str, Track]:
        """Find out who is silent, and whose clock is off; return the others."""
        heard = {member: track for member, track in self.tracks.items() if now - track.heard <= track.longest}
        # The host's clock has a voice too: of two meters it tells which is off.
        shown = [track.ahead for track in heard.values() if track.latest is not None]
        middle = median_low([0.0, *shown])
        self.off = {
            member: track.ahead - middle
            for member, track in heard.items()
            if track.latest is not None and abs(track.ahead - middle) > track.tolerance
        }
        active = {member: track for member, track in heard.items() if member not in self.off}
        self.silent = frozenset(self.tracks.keys() - active.keys())
        return active

    def _times(self, mark: datetime) -> list[datetime]:
        """Return the moments since the last one: each second that was read, and each end of a quarter."""
        last = self._last
        if last is None:
            return [mark]
        if mark <= last:
            return []
        times = {mark, *(time for track in self.tracks.values() for time in track.times(last, mark))}
        if mark - last <= _QUARTER * 4 and (end := quarter_of(mark)) > last:
            times.add(end)
        return sorted(time for time in times if time > last)

    def _at(self, time: datetime) -> AlignedMoment:
        """Return what is known at a moment."""
        readings = {}
        for member, track in self.tracks.items():
            if member not in self.off and (reading := track.at(time)) is not None:
                readings[member] = reading
        return AlignedMoment(time, readings, frozenset(self.tracks.keys() - readings.keys()))


def _between(before: MemberReading, after: MemberReading, time: datetime) -> MemberReading:
    """Return the reading at a moment between two others: counters in a straight line, power as it was shown last."""
    share = Decimal((time - before.time) // _MICROSECOND) / ((after.time - before.time) // _MICROSECOND)
    return before._replace(
        time=time,
        imported=before.imported + ((after.imported - before.imported) * share).quantize(_DIGITS),
        exported=before.exported + ((after.exported - before.exported) * share).quantize(_DIGITS),
    )
