"""A digital meter made of software: a household whose physics hold together, printed as e-MUCS P1 telegrams."""

from .fault import Fault
from .faults import FAULTS, make_fault
from .history import HourOfHistory, Spread, hourly_history
from .meter import VirtualMeter
from .profiles import PROFILES, Profile, Wiring
from .pty_server import PtyServer
from .server import MeterServer, Said
from .tcp_server import TcpServer
from .truth import Capture, MonthPeak, Peak, Truth

__all__ = [
    "FAULTS",
    "PROFILES",
    "Capture",
    "Fault",
    "HourOfHistory",
    "MeterServer",
    "MonthPeak",
    "Peak",
    "Profile",
    "PtyServer",
    "Said",
    "Spread",
    "TcpServer",
    "Truth",
    "VirtualMeter",
    "Wiring",
    "hourly_history",
    "make_fault",
]
