"""The peaks of the household that recur, and the event before one of them."""

from collections.abc import Iterator
from typing import Any, Final

from ..coordinator import MeterCoordinator
from ..insight.demand import has_quarters
from ..insight.habits import RecurringPeak
from ..insight.recurring import Recurring
from ..reports.wording import Wording
from ..texts import async_system_word
from .rows import EventRow, Happening, Row, SensorRow

SERVICE: Final = "household"
ABOUT_TO_RECUR: Final = "about_to_recur"
_NONE: Final = "none"


def _exists(meter: MeterCoordinator) -> bool:
    """Tell whether quarters can be followed."""
    return has_quarters(meter.telegram)


def _shown(peak: RecurringPeak) -> dict[str, Any]:
    """Return a peak in types of JSON; its power in kW."""
    return {
        "kind": str(peak.kind),
        "begin": peak.begin,
        "end": peak.end,
        "power": round(peak.power, 3),
        "days": peak.days,
        "known_days": peak.known,
    }


def _word(meter: MeterCoordinator, key: str) -> str:
    """Return a text of a kind of day with a peak, or of none, in the language of the system."""
    return async_system_word(meter.hass, "recurring_peak", key)


def _text(meter: MeterCoordinator) -> str | None:
    """Return the highest peak in words, in the language of the system; None while too little is known."""
    state = meter.insights[Recurring].state
    if state is None or state.peaks is None:
        return None
    if not state.peaks:
        return _word(meter, _NONE)
    peak, language = state.peaks[0], meter.hass.config.language.partition("-")[0]
    return _word(meter, peak.kind).format(
        begin=peak.begin,
        end=peak.end,
        days=peak.days,
        known=peak.known,
        power=Wording(language, {}).number(peak.power, 1, "kW"),
    )


def _attributes(meter: MeterCoordinator) -> dict[str, Any]:
    """Return all peaks, and the mean import in kW of each hour of the week, from Monday on."""
    state = meter.insights[Recurring].state
    if state is None:
        return {"peaks": [], "week": []}
    return {"peaks": [_shown(peak) for peak in state.peaks or ()], "week": state.week}


def _events(meter: MeterCoordinator) -> Iterator[Happening]:
    """Yield the peak that the latest telegram has brought near, with the local times of today."""
    state = meter.insights[Recurring].state
    if state is not None and (expected := state.expected) is not None:
        times = {"begin": expected.begin.isoformat(), "end": expected.end.isoformat()}
        yield Happening(ABOUT_TO_RECUR, _shown(expected.peak) | times)


ROWS: Final[tuple[Row, ...]] = (
    SensorRow(
        key="recurring_peak",
        translation_key="recurring_peak",
        exists_fn=_exists,
        value_fn=_text,
        attributes_fn=_attributes,
    ),
    EventRow(
        key="recurring",
        translation_key="recurring",
        event_types=[ABOUT_TO_RECUR],
        exists_fn=_exists,
        events_fn=_events,
    ),
)
