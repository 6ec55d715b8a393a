"""How well a rise of the base load is found, and how often one is told that was none: by the rule that users have.

A load of so many watts is left on from each night of a house on, in turn. It is found if the alarm is on after one of
the ten nights from then on, and was not on without it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Final

from custom_components.emucs.insight.baseload import base_load, judged, latest_night
from custom_components.emucs.insight.quarters import DAYS, EXPORT, IMPORT, Quarters

from .forecasting import House, Series

LEFT_ON: Final = (100, 200, 400)
"""W."""
FOUND_WITHIN: Final = 10
"""Nights."""
HEAD: Final = ("House", "Nights", "Known", "Median, W", "Judged", "False alarms", *(f"{watts} W" for watts in LEFT_ON))

_WATTS: Final = 1000  # in a kW

type Nights = Sequence[int | None]
"""The base load of each night in W, the first one first."""


@dataclass(slots=True)
class Outcome:
    """What came of a house."""

    house: str
    known: list[int] = field(default_factory=list)
    """The base loads that are known, in W."""
    nights: int = 0
    """After which the alarm could have come: four weeks were before them."""
    judged: int = 0
    """After how many of them there was a verdict."""
    false: int = 0
    """How often the alarm came on."""
    tried: int = 0
    found: dict[int, list[int]] = field(default_factory=lambda: {watts: [] for watts in LEFT_ON})
    """After which night each load that was found was, by its power."""


def nights_of(imported: Series, exported: Series) -> Nights:
    """Return the base load of each night, as the integration works it out."""
    quarters, latest, nights = Quarters(), None, list[int | None]()
    for slot in sorted(imported):
        quarters.put(slot, imported[slot], exported.get(slot))
        night: date = latest_night(slot)
        if latest is not None and night != latest:
            nights += [base_load(quarters, night)] + [None] * ((night - latest).days - 1)
        latest = night
    return nights


def with_load(house: House, watts: int) -> tuple[Series, Series]:
    """Return what a house imports and exports with a load more, all the time."""
    imported, exported = house.flows
    more = watts / _WATTS
    less = {slot: min(more, exported.get(slot, 0.0)) for slot in imported}
    return (
        {slot: mean + more - less[slot] for slot, mean in imported.items()},
        {slot: mean - less.get(slot, 0.0) for slot, mean in exported.items()},
    )


def alarm_after(nights: Nights, night: int) -> bool | None:
    """Tell whether the alarm is on after a night."""
    return judged([nights[night - back] for back in range(DAYS)]).alarm


def judge(house: House) -> Outcome | None:
    """Judge a house; None where there are no nights to judge."""
    plain = nights_of(house.flows[IMPORT], house.flows[EXPORT])
    if len(plain) < DAYS:
        return None
    outcome = Outcome(house.name, known=[base for base in plain if base is not None])
    alarms = {night: alarm_after(plain, night) for night in range(DAYS - 1, len(plain))}
    outcome.nights = len(alarms)
    outcome.judged = sum(alarm is not None for alarm in alarms.values())
    outcome.false = sum(alarm is True and alarms.get(night - 1) is not True for night, alarm in alarms.items())
    begins = range(DAYS, len(plain) - FOUND_WITHIN)
    outcome.tried = len(begins)
    for watts in LEFT_ON:
        loaded = nights_of(*with_load(house, watts))
        for begin in begins:
            mixed = [*plain[:begin], *loaded[begin : begin + FOUND_WITHIN]]
            after = (
                night - begin + 1
                for night in range(begin, begin + FOUND_WITHIN)
                if alarm_after(mixed, night) and not alarms[night]
            )
            if (found := next(after, None)) is not None:
                outcome.found[watts].append(found)
    return outcome


def table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield the lines of the table, as Markdown."""
    yield f"| {' | '.join(HEAD)} |"
    yield f"|---|{'---:|' * (len(HEAD) - 1)}"
    for each in outcomes:
        cells = [each.house, f"{each.nights}", f"{len(each.known)}"]
        cells += [f"{median(each.known):.0f}" if each.known else "-", f"{each.judged / each.nights:.0%}"]
        cells.append(f"{each.false}")
        for found in each.found.values():
            share = f"{len(found) / each.tried:.0%}" if each.tried else "-"
            cells.append(f"{share}, night {median(found):.0f}" if found else share)
        yield f"| {' | '.join(cells)} |"
