"""The counters of a four-quadrant meter: reactive energy by quadrant, and apparent energy (IEC 62053-23, annex C)."""

from decimal import Decimal
import math
from random import Random

from .grid import kilowatts
from .registers import MWS_PER_WH
from .truth import Measured

_REACTIVE_SHARE = 0.3


class Quadrants:
    """All counters of one phase, or of all together, in milliwatt-seconds and their like."""

    __slots__ = ("apparent_export", "apparent_import", "exported", "imported", "reactive")

    def __init__(self, rng: Random, imported: int, exported: int) -> None:
        """Begin as a meter that has counted that much, with reactive energy to match."""
        self.imported = imported
        self.exported = exported
        inductive, capacitive = rng.uniform(0.5, 1.5) * _REACTIVE_SHARE, rng.uniform(0.05, 0.15)
        self.reactive = [
            int(imported * inductive),
            int(exported * inductive),
            int(exported * capacitive),
            int(imported * capacitive),
        ]
        self.apparent_import = int(imported * math.hypot(1, inductive))
        self.apparent_export = int(exported * math.hypot(1, inductive))

    def add(self, active: int, reactive: int, seconds: int) -> None:
        """Count power in mW and mvar that ran for so many seconds; export and capacitive import are below zero."""
        apparent = int(math.hypot(active, reactive)) * seconds
        if active >= 0:
            self.imported += active * seconds
            self.apparent_import += apparent
            quadrant = 0 if reactive >= 0 else 3
        else:
            self.exported -= active * seconds
            self.apparent_export += apparent
            quadrant = 1 if reactive >= 0 else 2
        self.reactive[quadrant] += abs(reactive) * seconds

    def measured(self, active: int, reactive: int) -> Measured:
        """Return the counters, with the power in mW and mvar that runs."""
        first, second, third, fourth = map(thousand_hours, self.reactive)
        return Measured(
            active=kilowatts(active),
            reactive=kilowatts(reactive),
            apparent=kilowatts(round(math.hypot(active, reactive))),
            energy_import=thousand_hours(self.imported),
            energy_export=thousand_hours(self.exported),
            quadrants=(first, second, third, fourth),
            apparent_import=thousand_hours(self.apparent_import),
            apparent_export=thousand_hours(self.apparent_export),
        )


def thousand_hours(milliwatt_seconds: int) -> Decimal:
    """Return a counter in kWh (kvarh, kVAh) with three decimals; it never runs ahead of the energy."""
    return Decimal(milliwatt_seconds // MWS_PER_WH).scaleb(-3)
