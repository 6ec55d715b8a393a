"""Whether gas or water seems to leak: of each meter on the M-Bus, and of the house."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass

from ..coordinator import MeterCoordinator
from ..insight.leak_watch import LIMITS
from ..insight.leaks import Leaks
from .rows import BinarySensorRow, Of, Row


def _leaks(meter: MeterCoordinator, identifier: str) -> bool | None:
    """Tell whether a meter shows a leak; None while that cannot be told."""
    verdicts = meter.insights[Leaks].state
    return None if verdicts is None or identifier not in verdicts else verdicts[identifier].leak


def _watched(meter: MeterCoordinator) -> list[str]:
    """Return the meters whose leaks can be seen."""
    return [identifier for identifier, found in meter.insights.mbus.items() if found.medium in LIMITS]


def _is_dated(meter: MeterCoordinator) -> bool:
    """Tell whether the electricity meter prints its time, by which flows are measured."""
    return meter.telegram.time is not None


def _any_leaks(meter: MeterCoordinator) -> bool | None:
    """Tell whether any meter shows a leak; None while no meter says anything."""
    known = [leak for each in _watched(meter) if (leak := _leaks(meter, each)) is not None]
    return any(known) if known else None


def _row(is_on: Of[bool | None], **fields: Any) -> BinarySensorRow:
    """Return whether something leaks."""
    return BinarySensorRow(
        key="leak",
        translation_key="leak",
        device_class=BinarySensorDeviceClass.PROBLEM,
        is_on_fn=is_on,
        **fields,
    )


ROWS: Final[tuple[Row, ...]] = (
    _row(_any_leaks, service="household", exists_fn=lambda meter: _is_dated(meter) and bool(_watched(meter))),
)


def rows_of(meter: MeterCoordinator, _: Mapping[str, str | None]) -> Iterator[Row]:
    """Yield the leak of each gas and water meter."""
    for identifier in _watched(meter):
        yield _row(partial(_leaks, identifier=identifier), exists_fn=_is_dated, mbus=identifier)
