"""What `scripts/backtest` proves beside the alarm and the savings, each by the option of its name."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from . import alarms, bills, charging, forecasting, habits, slots, together, watching

if TYPE_CHECKING:
    from .backtest import Home, Shedder


class Asked(NamedTuple):
    """What is proved: homes with their peak targets and seeds, and how."""

    homes: list[tuple[Home, Decimal, int]]
    seeds: list[int]
    workers: int
    shedder: type[Shedder]
    write: bool

    def forecast(self, days: int) -> list[forecasting.Life]:
        """Return the lives of the homes for so many days."""
        return [forecasting.Life(home.name, home.profile, home.options, seed, days) for home, _, seed in self.homes]

    def guarded(self, days: int) -> list[alarms.Life]:
        """Return the lives of the homes, with their targets."""
        return [alarms.Life(home.name, home.profile, home.options, goal, seed, days) for home, goal, seed in self.homes]


class Proof(NamedTuple):
    """One of the proofs beside that of the alarm and the savings."""

    about: str
    days: int
    prove: Callable[[Asked, int], int]
    prove_files: Callable[[list[Path]], int] | None = None


PROOFS: Final = {
    "charger": Proof(
        "try a charger that follows the available current",
        charging.DAYS,
        lambda asked, days: charging.prove(asked.seeds, days, asked.workers, write=asked.write),
    ),
    "bill": Proof(
        "bill a year under three contracts",
        bills.DAYS,
        lambda asked, days: bills.prove(asked.seeds[0], days, asked.workers, asked.shedder, write=asked.write),
    ),
    "forecast": Proof(
        "judge forecasts of the next day",
        forecasting.DAYS,
        lambda asked, days: forecasting.prove(asked.forecast(days), asked.workers, write=asked.write),
        forecasting.prove_files,
    ),
    "night": Proof(
        "try the alarm of the base load, and find leaks",
        watching.DAYS,
        lambda asked, days: watching.prove(asked.forecast(days), asked.seeds, asked.workers, write=asked.write),
        watching.prove_files,
    ),
    "habits": Proof(
        "judge recurring peaks and unusual days",
        habits.DAYS,
        lambda asked, days: habits.prove(asked.forecast(days), asked.workers, write=asked.write),
        habits.prove_files,
    ),
    "slots": Proof(
        "try whether a machine fits where that is said",
        slots.DAYS,
        lambda asked, days: slots.prove(asked.guarded(days), asked.workers, write=asked.write),
        slots.prove_files,
    ),
    "alarm": Proof(
        "try an alarm that knows what is usual",
        alarms.DAYS,
        lambda asked, days: alarms.prove(asked.guarded(days), asked.workers, write=asked.write),
    ),
    "group": Proof(
        "add up a street whose meters fall silent",
        together.DAYS,
        lambda asked, days: together.prove(asked.seeds, days, asked.workers, write=asked.write),
    ),
}
