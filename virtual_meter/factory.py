"""A factory behind an industrial meter: hundreds of kilowatts, motors, capacitors, and a roof full of solar panels."""

from .clock import local
from .curves import noise
from .weather import Weather

_PHASES = 3
_SATURDAY = 5
_SHIFT = range(6, 22)
_STANDBY_W = 18_000
_SHIFT_W = 95_000
_FURNACE_W = 70_000
_FURNACE_SECONDS = 2700
_FURNACE_EVERY = 7200
_PANELS_M2 = 1500
_INVERTERS_W = 320_000.0
# Motors draw reactive power in proportion; what the capacitors give stays, also when nothing runs.
_MOTOR_VAR_PER_W = 0.55
_STANDBY_VAR_PER_W = 0.2
_CAPACITORS_VAR = 9_000


class Factory:
    """What a factory takes from, and gives to, each phase, in mW and mvar; export and capacitive are below zero."""

    def __init__(self, seed: int, *, pv: bool) -> None:
        """Build it, with solar panels or without."""
        self.weather = Weather(seed)
        self._pv = pv
        self._machines = [noise(seed, f"machines {n}", 240) for n in range(_PHASES)]
        self._ripple = [noise(seed, f"machine ripple {n}", 5) for n in range(_PHASES)]
        self.branches = [0] * _PHASES
        self.reactive = [0] * _PHASES

    def run(self, t: int, _: int) -> None:
        """Live through the seconds that end at `t`."""
        now = local(t)
        shift = now.weekday() < _SATURDAY and now.hour in _SHIFT
        furnace = _FURNACE_W if shift and t % _FURNACE_EVERY < _FURNACE_SECONDS else 0
        solar = 0.0
        if self._pv:
            solar = min(_PANELS_M2 * self.weather.irradiance(t) * 0.2, _INVERTERS_W) / _PHASES
        for n in range(_PHASES):
            flicker = 0.98 + 0.04 * self._ripple[n].at(t)
            motors = _SHIFT_W * (0.6 + 0.4 * self._machines[n].at(t)) * flicker if shift else 0.0
            standby = _STANDBY_W * flicker
            self.branches[n] = int((standby + motors + furnace - solar) * 1000)
            reactive = motors * _MOTOR_VAR_PER_W + standby * _STANDBY_VAR_PER_W - _CAPACITORS_VAR
            self.reactive[n] = int(reactive * 1000)
