"""The house behind the meter: what it takes from, and gives to, every branch of its supply."""

from random import Random

from .loads import Boiler, Ev, Heating, HeatPump, Load, Pv
from .profiles import Wiring
from .routine import BRANCHES, COLD, HOT, Routine
from .weather import Weather

_STANDBY_W = (85, 50, 40)
# Electronics draw reactive power even when they rest.
_RESTING_MVAR = 35_000
_MVAR_PER_W = 120


class Household:
    """A family, its house and its weather.

    A branch is what a single-phase load is connected to: line to neutral on 3x400 V, line to line on 3x230 V.
    """

    def __init__(  # noqa: PLR0913  what a house may have
        self,
        seed: int,
        start: int,
        wiring: Wiring,
        *,
        pv: bool,
        ev: bool | int,
        heat_pump: bool,
        gas: bool,
        later: int = 0,
        sky: int | None = None,
    ) -> None:
        """Build it on one branch or three, for a family whose days are so much later; neighbours share a sky."""
        three = wiring is not Wiring.SINGLE_PHASE
        self._random = Random(f"{seed}/flicker").random
        self.weather = Weather(seed if sky is None else sky)
        self.heating = Heating(self.weather, seed)
        self.routine = Routine(seed, start, later)
        self.pv = Pv(self.weather, 1 if three else 0) if pv else None
        # Without a neutral, a car charges between two lines; from a socket, on one phase.
        socket_w = None if ev is True else ev
        ev_branches = (0, 1, 2) if wiring is Wiring.THREE_PHASE and socket_w is None else (0,)
        self.ev = Ev(seed, start, *ev_branches, max_w=socket_w) if ev else None
        self.heat_pump = HeatPump(self.heating, 2 if three else 0, hybrid=gas) if heat_pump else None
        self.boiler = Boiler(self.heating, hybrid=heat_pump) if gas else None
        self._loads: list[Load] = [load for load in (self.pv, self.ev, self.heat_pump) if load]
        self.branches = [0] * (BRANCHES if three else 1)  # mW, below zero when the branch exports
        self.gas_flow = 0  # ml/s
        self.water_flow = 0  # ml/s
        self.leak_flow = 0  # ml/s of water that nobody has opened a tap for

    def connect(self, load: Load) -> None:
        """Connect something more, which runs from now on."""
        self._loads.append(load)

    @property
    def reactive(self) -> list[int]:
        """The reactive power of each branch in mvar; all of it is inductive."""
        return [_RESTING_MVAR + abs(milliwatts) * _MVAR_PER_W // 1000 for milliwatts in self.branches]

    def run(self, t: int, seconds: int) -> None:
        """Live through the `seconds` that end at `t`; power and flows stay the same all that time."""
        self.routine.move_to(t)
        levels = self.routine.levels
        flicker = self._random
        branches = self.branches
        # Nothing in a house draws exactly the same from one second to the next.
        uses = [int((_STANDBY_W[n] + levels[n]) * (985 + 30 * flicker())) for n in range(BRANCHES)]
        if len(branches) == 1:
            branches[0] = sum(uses)
        else:
            branches[:] = uses
        self.heating.lose(t, seconds)
        for load in self._loads:
            load.run(t, seconds)
            if load.power:
                share = load.power // len(load.branches)
                for branch in load.branches:
                    branches[branch] += share
        if self.boiler:
            self.boiler.run(t, seconds, levels[HOT])
            self.gas_flow = self.boiler.flow
        self.water_flow = levels[COLD] + levels[HOT] + self.leak_flow
