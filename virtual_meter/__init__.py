"""A digital meter made of software: a household whose physics hold together, printed as telegrams of user ports."""

from .charge_point import ChargePoint
from .deaf import deaf_listener
from .fault import Fault
from .faults import FAULTS, make_fault
from .history import HourOfHistory, Spread, hourly_history
from .meter import VirtualMeter
from .neighbourhood import Neighbourhood, NeighbourMeter
from .profiles import EMUCS_P1, PROFILES, REFUSED, Dialect, Profile, Wiring
from .pty_server import PtyServer
from .server import MeterServer, Said
from .street import STREETS, UNDISTURBED, Disturbance
from .sums import Exchanged, StreetPeak, StreetQuarter, Sums
from .tcp_server import TcpServer
from .truth import Capture, Demands, Measured, MonthPeak, Peak, Submeter, Truth
from .variants import VARIANTS
from .weeks import HAPPENINGS, Happening, Moment, TrueSlot, true_slots, two_weeks

__all__ = [
    "EMUCS_P1",
    "FAULTS",
    "HAPPENINGS",
    "PROFILES",
    "REFUSED",
    "STREETS",
    "UNDISTURBED",
    "VARIANTS",
    "Capture",
    "ChargePoint",
    "Demands",
    "Dialect",
    "Disturbance",
    "Exchanged",
    "Fault",
    "Happening",
    "HourOfHistory",
    "Measured",
    "MeterServer",
    "Moment",
    "MonthPeak",
    "NeighbourMeter",
    "Neighbourhood",
    "Peak",
    "Profile",
    "PtyServer",
    "Said",
    "Spread",
    "StreetPeak",
    "StreetQuarter",
    "Submeter",
    "Sums",
    "TcpServer",
    "TrueSlot",
    "Truth",
    "VirtualMeter",
    "Wiring",
    "deaf_listener",
    "hourly_history",
    "make_fault",
    "true_slots",
    "two_weeks",
]
