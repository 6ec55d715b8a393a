"""A digital meter made of software: a household whose physics hold together, printed as e-MUCS P1 telegrams."""

from .history import HourOfHistory, Spread, hourly_history
from .meter import VirtualMeter
from .profiles import PROFILES, Profile, Wiring
from .pty_server import PtyServer
from .server import MeterServer
from .tcp_server import TcpServer
from .truth import Capture, MonthPeak, Peak, Truth

__all__ = [
    "PROFILES",
    "Capture",
    "HourOfHistory",
    "MeterServer",
    "MonthPeak",
    "Peak",
    "Profile",
    "PtyServer",
    "Spread",
    "TcpServer",
    "Truth",
    "VirtualMeter",
    "Wiring",
    "hourly_history",
]
