"""The S1 port: bytes in, samples of voltage and current out. Loads numpy, and is loaded only for S1."""

from .frames import Samples
from .reader import FrameFault, S1Reader

__all__ = ["FrameFault", "S1Reader", "Samples"]
