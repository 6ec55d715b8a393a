"""What several meters exchange together: their powers added up, and counters of what the sum imports and exports.

Meters count in watt-hours. What their counters come to in a second is therefore more noise than energy, and adding up
its two signs apart would count that noise as exchange. So the difference waits until power says which way it goes. What
is more than such noise does not wait: a member that comes back after hours tells at once what it counted meanwhile.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from .alignment import NO_STEP, AlignedMoment, Alignment, Step
from .members import MemberReading

_NOTHING: Final = Decimal()
# Of each member two counters, of import and of export, are short of what was counted by up to a watt-hour.
_NOISE: Final = Decimal("0.002")


class Counters(NamedTuple):
    """What was counted since the group was made, in kWh."""

    imported: Decimal = _NOTHING
    """What all together have imported: at a moment at which others export as much, nothing."""
    exported: Decimal = _NOTHING
    pending: Decimal = _NOTHING
    """What is in neither yet, positive where it was imported."""
    gross_imported: Decimal = _NOTHING
    """What each has imported, added up."""
    gross_exported: Decimal = _NOTHING


class Sum(NamedTuple):
    """A sum at a moment, and all that a restart needs."""

    time: datetime
    power: Decimal
    """kW of those that are known, positive where it is imported."""
    counters: Counters
    members: Mapping[str, MemberReading]
    """Of those that are known, by id."""
    silent: frozenset[str]
    standing: Mapping[str, MemberReading]
    """Where each stood when it was read last."""
    offsets: Mapping[str, Step]
    """What its counters are behind that, as they began anew since."""


class Summing:
    """Adds up members, some of them with a minus: of a parent and its children that gives the rest."""

    def __init__(self, signs: Mapping[str, int], now: float, known: Sum | None = None) -> None:
        """Start at a time of the host, in monotonic seconds, with what was known before a restart."""
        self.alignment = Alignment(signs, now)
        self._signs = signs
        self._counters = Counters() if known is None else known.counters
        self._standing = {} if known is None else {each: at for each, at in known.standing.items() if each in signs}
        offsets = {} if known is None else known.offsets
        for member, reading in self._standing.items():
            self.alignment.tracks[member].resume(reading, offsets.get(member, NO_STEP))

    def take(self, now: float) -> list[Sum]:
        """Return the sums since the last time."""
        return [self._add(moment) for moment in self.alignment.take(now)]

    def _add(self, moment: AlignedMoment) -> Sum:
        """Add up what is known at a moment."""
        power = gross_imported = gross_exported = net = _NOTHING
        for member, reading in moment.readings.items():
            sign, before = self._signs[member], self._standing.get(member)
            power += sign * (reading.net_power or _NOTHING)
            if before is not None:
                imported, exported = reading.imported - before.imported, reading.exported - before.exported
                gross_imported += imported
                gross_exported += exported
                net += sign * (imported - exported)
        self._standing = {**self._standing, **moment.readings}
        noise = _NOISE * len(moment.readings)
        self._counters = _booked(self._counters, power, noise, net, gross_imported, gross_exported)
        tracks = self.alignment.tracks
        return Sum(
            time=moment.time,
            power=power,
            counters=self._counters,
            members=moment.readings,
            silent=moment.silent,
            standing=self._standing,
            offsets={member: track.offset for member, track in tracks.items() if track.offset != NO_STEP},
        )


def _booked(
    counters: Counters, power: Decimal, noise: Decimal, net: Decimal, gross_imported: Decimal, gross_exported: Decimal
) -> Counters:
    """Return counters that have taken what was exchanged: where it may be noise, once power says which way it went."""
    pending = counters.pending + net
    imported, exported = counters.imported, counters.exported
    if pending > 0 and (power > 0 or pending > noise):
        imported, pending = imported + pending, _NOTHING
    elif pending < 0 and (power < 0 or pending < -noise):
        exported, pending = exported - pending, _NOTHING
    return Counters(
        imported,
        exported,
        pending,
        counters.gross_imported + gross_imported,
        counters.gross_exported + gross_exported,
    )
