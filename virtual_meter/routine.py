"""What the people in the house do: appliances, showers and taps, planned day by day."""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from random import Random

from .clock import day_start, local, next_day_start, stamp

# What an edge changes: watts on one of three branches, or a flow of water in ml/s, cold or hot.
BRANCHES = 3
COLD = 3
HOT = 4

type Use = tuple[int, int, int, int]  # seconds after midnight, for how long, what (see above), how much

_KITCHEN = 0
_LAUNDRY = 1
_LIVING = 2
_SATURDAY = 5
_COLD_MONTHS = (10, 11, 12, 1, 2, 3)


def _at(rng: Random, hour: float, spread_minutes: float) -> int:
    return max(0, int(hour * 3600 + rng.gauss(0, spread_minutes * 60)))


def _chance(rng: Random, probability: float) -> bool:
    return rng.random() < probability


def _pulses(rng: Random, start: int, end: int, on: int, off: int, what: int, amount: int) -> Iterator[Use]:
    """Yield a load that a thermostat switches on and off."""
    while start < end:
        length = min(end - start, max(5, int(on * rng.uniform(0.8, 1.2))))
        yield start, length, what, amount
        start += length + max(5, int(off * rng.uniform(0.8, 1.2)))


def _fridge(rng: Random, _day: Day) -> Iterator[Use]:
    yield from _pulses(rng, rng.randrange(1800), 86_400, 900, 1900, _KITCHEN, rng.randint(70, 95))


def _breakfast(rng: Random, day: Day) -> Iterator[Use]:
    start = _at(rng, day.wakes, 10)
    yield start, 3600, _LIVING, rng.randint(60, 160)
    yield start + 300, rng.randint(120, 200), _KITCHEN, rng.randint(1900, 2200)
    yield from _pulses(rng, start + 600, start + 1300, 40, 50, _KITCHEN, 1350)
    if _chance(rng, 0.5):
        yield start + 1500, 240, _LAUNDRY, 1500


def _washing_up(rng: Random, day: Day) -> Iterator[Use]:
    for _ in range(rng.randint(2, 4)):
        start = _at(rng, day.wakes + rng.choice((0.1, 0.3, 14, 15)), 20)
        length = rng.randint(240, 540)
        yield start, length, COLD, 60
        yield start, length, HOT, 85
    for _ in range(rng.randint(9, 15)):
        yield _at(rng, rng.uniform(day.wakes, 23), 5), rng.randint(40, 60), COLD, 100
    for _ in range(rng.randint(8, 16)):
        start, length = _at(rng, rng.uniform(day.wakes, 23), 5), rng.randint(10, 60)
        yield start, length, COLD, 50
        if _chance(rng, 0.4):
            yield start, length, HOT, 50


def _dinner(rng: Random, _day: Day) -> Iterator[Use]:
    start = _at(rng, 18.2, 20)
    yield from _pulses(rng, start, start + rng.randint(1500, 2700), 70, 35, _KITCHEN, rng.randint(1400, 2300))
    if _chance(rng, 0.45):
        yield start, 700, _LAUNDRY, 2400
        yield from _pulses(rng, start + 700, start + 3000, 90, 140, _LAUNDRY, 2400)
    if _chance(rng, 0.5):
        yield start + rng.randint(600, 1200), rng.randint(90, 300), _KITCHEN, 1250


def _kettle(rng: Random, day: Day) -> Iterator[Use]:
    for _ in range(rng.randint(1, 4)):
        yield _at(rng, rng.uniform(day.wakes, 22), 10), rng.randint(90, 200), _KITCHEN, rng.randint(2000, 2200)


def _evening(rng: Random, day: Day) -> Iterator[Use]:
    dusk = _at(rng, day.dusk, 10)
    yield dusk, max(1800, int(23 * 3600 - dusk)), _LIVING, rng.randint(90, 190)
    yield _at(rng, 20, 20), rng.randint(5400, 9000), _LIVING, rng.randint(100, 150)


def _daytime(rng: Random, day: Day) -> Iterator[Use]:
    if day.weekend or _chance(rng, 0.4):
        yield _at(rng, 9, 20), rng.randint(14_000, 28_000), _LIVING, rng.randint(80, 160)


def _dishwasher(rng: Random, _day: Day) -> Iterator[Use]:
    if _chance(rng, 0.6):
        start = _at(rng, 20.2, 25)
        yield start, 5400, _KITCHEN, 60
        yield start + 600, 900, _KITCHEN, 1950
        yield start + 3600, 840, _KITCHEN, 1950
        for fill in (0, 1800, 3300, 3900):
            yield start + fill, 40, COLD, 85


def _laundry(rng: Random, day: Day) -> Iterator[Use]:
    if _chance(rng, 0.8 if day.weekend else 0.35):
        start = _at(rng, 10 if day.weekend else 17, 60)
        yield start, 5400, _LAUNDRY, 110
        yield start + 400, 1000, _LAUNDRY, 2000
        yield start + 4800, 500, _LAUNDRY, 350
        for fill in (0, 2400, 3400):
            yield start + fill, 120, COLD, 130
        if day.cold and _chance(rng, 0.7):
            yield from _pulses(rng, start + 6000, start + 11_400, 600, 120, _LAUNDRY, 2300)


_HABITS: tuple[Callable[[Random, Day], Iterator[Use]], ...] = (
    _fridge,
    _breakfast,
    _washing_up,
    _dinner,
    _kettle,
    _evening,
    _daytime,
    _dishwasher,
    _laundry,
)


class Day:
    """What is particular about one day."""

    __slots__ = ("cold", "dusk", "wakes", "weekend")

    def __init__(self, t: int) -> None:
        """Look at the local day in which `t` lies."""
        day = local(t)
        self.weekend = day.weekday() >= _SATURDAY
        self.wakes = 8.5 if self.weekend else 6.7
        summer = 1 - abs(day.timetuple().tm_yday - 172) / 183
        self.dusk = 16.3 + 5.2 * summer
        self.cold = day.month in _COLD_MONTHS


class Routine:
    """The household's uses of power and water, as levels that edges move up and down."""

    __slots__ = ("_edges", "_later", "_planned_until", "_seed", "levels")

    def __init__(self, seed: int, start: int, later: int = 0) -> None:
        """Plan the day of `start` and the one before; all of it is so many seconds later than in other families."""
        self._seed = seed
        self._later = later
        self._edges: list[tuple[int, int, int]] = []
        self.levels = [0] * (HOT + 1)
        self._planned_until = day_start(day_start(start) - 1)
        self.move_to(start)

    def move_to(self, t: int) -> None:
        """Bring `levels` to time `t`: watts on each branch, then ml/s of cold and of hot water."""
        while t >= self._planned_until:
            self._plan(self._planned_until)
        edges, levels = self._edges, self.levels
        while edges and edges[0][0] <= t:
            _, what, change = heappop(edges)
            levels[what] += change

    def _plan(self, midnight: int) -> None:
        rng = Random(f"{self._seed}/routine/{stamp(midnight)}")
        day = Day(midnight)
        for habit in _HABITS:
            for start, length, what, amount in habit(rng, day):
                begins = midnight + start + self._later
                heappush(self._edges, (begins, what, amount))
                heappush(self._edges, (begins + length, what, -amount))
        self._planned_until = next_day_start(midnight)
