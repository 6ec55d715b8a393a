"""What exports have that no entity counts: external statistics, with their ids and their names."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Final

from homeassistant.core import HomeAssistant, callback

from ..exports import (
    SECONDS,
    ExportUnit,
    Known,
    MeteringPoint,
    SeriesFlow,
    SeriesQuantity,
)
from ..insight.mbus import Medium
from ..insight.quarters import LOCAL
from ..texts import async_system_word
from .plan import Series

_PEAK: Final = "peak"
_KEYS: Final = {
    SeriesQuantity.ACTIVE: "energy",
    SeriesQuantity.REACTIVE: "reactive_energy",
    SeriesQuantity.INDUCTIVE: "inductive_energy",
    SeriesQuantity.CAPACITIVE: "capacitive_energy",
    SeriesQuantity.GAS_ENERGY: "gas_energy",
    SeriesQuantity.GAS_VOLUME: "gas",
    SeriesQuantity.WATER: "water",
}
_REACTIVE: Final = (SeriesQuantity.REACTIVE, SeriesQuantity.INDUCTIVE, SeriesQuantity.CAPACITIVE)
_OTHERS: Final = {
    SeriesQuantity.GAS_ENERGY: ExportUnit.ENERGY,
    SeriesQuantity.GAS_VOLUME: ExportUnit.VOLUME,
    SeriesQuantity.WATER: ExportUnit.VOLUME,
}
_COUNTED: Final[Mapping[Medium, tuple[SeriesQuantity, tuple[SeriesFlow, ...]]]] = {
    Medium.ELECTRICITY: (SeriesQuantity.ACTIVE, (SeriesFlow.IMPORT, SeriesFlow.EXPORT)),
    Medium.GAS: (SeriesQuantity.GAS_VOLUME, (SeriesFlow.IMPORT,)),
    Medium.WATER: (SeriesQuantity.WATER, (SeriesFlow.IMPORT,)),
}
"""What the entities of a live meter have."""
type What = tuple[str, SeriesFlow, int, ExportUnit]
"""A statistic: its quantity, or a month peak, its flow, tariff and unit."""


def external_key(what: What) -> str:
    """Return the key of a statistic, which is a part of its id."""
    quantity, flow, tariff, _ = what
    return f"{quantity}_{flow}" + (f"_tariff_{tariff}" if tariff else "")


_GRID: Final = (SeriesFlow.IMPORT, SeriesFlow.EXPORT)
ALL: Final[tuple[What, ...]] = (
    *((_KEYS[SeriesQuantity.ACTIVE], flow, tariff, ExportUnit.ENERGY) for flow in SeriesFlow for tariff in range(3)),
    *((_KEYS[quantity], flow, 0, ExportUnit.REACTIVE) for quantity in _REACTIVE for flow in SeriesFlow),
    *((_KEYS[quantity], flow, 0, unit) for quantity, unit in _OTHERS.items() for flow in _GRID),
    *((_PEAK, flow, 0, ExportUnit.POWER) for flow in SeriesFlow),
)
"""All that an export can have, in display order."""


def known_of(point: MeteringPoint, live: Medium | None, now: datetime) -> dict[What, Known]:
    """Return what an export has of a metering point beside the counters of its live meter, where there is one."""
    quantity, flows = (None, ()) if live is None else _COUNTED[live]
    found: dict[What, Known] = {
        (_KEYS[key.quantity], key.flow, key.tariff, key.unit): known
        for key, known in point.series.items()
        if key.quantity is not quantity or key.flow not in flows
    }
    for flow, peaks in point.peaks.items():
        if live is Medium.ELECTRICITY and flow is SeriesFlow.IMPORT:
            # Those of the capacity tariff.
            continue
        over = {month: peak.value for month, peak in peaks.items() if _end_of(month) <= now}
        if over:
            found[_PEAK, flow, 0, ExportUnit.POWER] = Known({_hour_of(month): value for month, value in over.items()})
    return {what: found[what] for what in ALL if what in found}


def _begin_of(year: int, month: int) -> datetime:
    """Return when a month begins, by Belgian time."""
    return datetime(year, month, 1, tzinfo=LOCAL)


def _hour_of(month: str) -> int:
    """Return the hour since the epoch with which a month begins."""
    begin = date.fromisoformat(month)
    return int(_begin_of(begin.year, begin.month).timestamp()) // SECONDS


def _end_of(month: str) -> datetime:
    """Return when a month is over."""
    begin = date.fromisoformat(month)
    return _begin_of(begin.year + begin.month // 12, begin.month % 12 + 1)


@callback
def async_series(hass: HomeAssistant, prefix: str, title: str, what: Iterable[What] = ALL) -> dict[What, Series]:
    """Return statistics whose ids begin with a prefix, with names in the language of the system."""
    return {
        each: Series(f"{prefix}_{external_key(each)}", each[3], str(each[3]), name=f"{title} {_async_name(hass, each)}")
        for each in what
    }


@callback
def _async_name(hass: HomeAssistant, what: What) -> str:
    """Return what a statistic is called, in the language of the system."""
    quantity, flow, tariff, _ = what
    words = [async_system_word(hass, "statistics", quantity), async_system_word(hass, "statistics", str(flow))]
    if tariff:
        words.append(async_system_word(hass, "statistics", "tariff").format(tariff=tariff))
    return " · ".join(words)
