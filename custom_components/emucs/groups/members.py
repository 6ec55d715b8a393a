"""What the members of a group read, whatever they are."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple


class MemberReading(NamedTuple):
    """What a member shows at a moment of its own clock: energies in kWh, powers in kW, None where it shows none."""

    time: datetime
    imported: Decimal
    exported: Decimal
    import_power: Decimal | None = None
    export_power: Decimal | None = None
    is_restart: bool = False
    """Whether its counters begin anew, as those of another meter do: the step to here was not consumed."""

    @property
    def net_power(self) -> Decimal | None:
        """Return the power in kW, positive where it is imported; None where it shows none."""
        if self.import_power is None:
            return None if self.export_power is None else -self.export_power
        return self.import_power if self.export_power is None else self.import_power - self.export_power


def quarter_of(time: datetime) -> datetime:
    """Return the begin of the quarter that a time is in."""
    return time.replace(minute=time.minute - time.minute % 15, second=0, microsecond=0)


def save_readings(readings: Mapping[str, MemberReading]) -> dict[str, Any]:
    """Return when and where counters stood, by member, as JSON has it."""
    return {member: [at.time.isoformat(), str(at.imported), str(at.exported)] for member, at in readings.items()}


def restore_readings(saved: Mapping[str, Any]) -> dict[str, MemberReading]:
    """Return what was saved. What is wrong with it raises one of Python's own errors."""
    return {
        str(member): MemberReading(datetime.fromisoformat(time), Decimal(imported), Decimal(exported))
        for member, (time, imported, exported) in saved.items()
    }
