"""Faults of the grid: the meter is right, and what it measures is not as it should be."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import override

from .fault import LastingFault
from .meter import VirtualMeter
from .street import Disturbance


@dataclass(eq=False)
class _OfGrid(LastingFault, ABC):
    """A fault that begins after some seconds and ends after some more."""

    after_s: float = 10
    for_s: float = 3600

    @override
    def disturb(self, disturbance: Disturbance, meter: VirtualMeter) -> Disturbance:
        lasted = self.lasted(meter).total_seconds()
        return self.worse(disturbance) if self.after_s <= lasted < self.after_s + self.for_s else disturbance

    @abstractmethod
    def worse(self, disturbance: Disturbance) -> Disturbance:
        """Return what is wrong while it runs."""


@dataclass(eq=False)
class Overvoltage(_OfGrid):
    """The street brings so many volts, as on a sunny noon, after some seconds and for some more."""

    volts: float = 257

    @override
    def worse(self, disturbance: Disturbance) -> Disturbance:
        return replace(disturbance, volts=self.volts)


@dataclass(eq=False)
class Undervoltage(Overvoltage):
    """The street brings so few volts, after some seconds and for some more."""

    volts: float = 200


@dataclass(eq=False)
class MissingPhase(_OfGrid):
    """A phase of three is gone, after some seconds and for some more."""

    phase: int = 3

    @override
    def worse(self, disturbance: Disturbance) -> Disturbance:
        return replace(disturbance, missing=self.phase - 1)


@dataclass(eq=False)
class LostNeutral(_OfGrid):
    """The neutral of 3x400 V is gone, after some seconds and for some more: one phase falls, others rise."""

    @override
    def worse(self, disturbance: Disturbance) -> Disturbance:
        return replace(disturbance, neutral_lost=True)
