"""What the members of a group read, whatever they are."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


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
