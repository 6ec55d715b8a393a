"""What a sensor has to show for what a meter held: by the virtual meter's own numbers alone."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from homeassistant.core import State

from virtual_meter import Said, Truth

type _Value = Decimal | datetime | str | None

COUNTERS: Final = frozenset(
    {
        "energy_import",
        "energy_export",
        *(f"energy_{direction}_tariff_{tariff}" for direction in ("import", "export") for tariff in (1, 2)),
        "gas",
        "water",
    }
)
"""Keys of sensors that may never go back."""

# Registers without which a sensor is rightly unknown.
_NEEDS: Final = MappingProxyType(
    {"demand": b"1-0:1.4.0(", "month_peak": b"1-0:1.6.0(", "month_peak_time": b"1-0:1.6.0("}
)
_ENERGY: Final = b"1-0:1.8.1("


def _phase(number: int, value: Callable[[Truth, int], Decimal]) -> Callable[[Truth], _Value]:
    return lambda truth: value(truth, number) if number < len(truth.phases) else None


_EXPECTED: Final[dict[str, Callable[[Truth], _Value]]] = {
    "energy_import": lambda truth: sum(truth.imported.values(), Decimal()),
    "energy_export": lambda truth: sum(truth.exported.values(), Decimal()),
    "energy_import_tariff_1": lambda truth: truth.import_1,
    "energy_import_tariff_2": lambda truth: truth.import_2,
    "energy_export_tariff_1": lambda truth: truth.export_1,
    "energy_export_tariff_2": lambda truth: truth.export_2,
    "power": lambda truth: truth.power_import - truth.power_export,
    "power_import": lambda truth: truth.power_import,
    "power_export": lambda truth: truth.power_export,
    "demand": lambda truth: truth.demand,
    "month_peak": lambda truth: truth.month_peak.value,
    "month_peak_time": lambda truth: truth.month_peak.time,
    "last_telegram": lambda truth: truth.time,
    "active_tariff": lambda truth: f"tariff_{truth.tariff}",
    "breaker": lambda _: "connected",
    "gas": lambda truth: truth.gas.value if truth.gas else None,
    "water": lambda truth: truth.water.value if truth.water else None,
    "link": lambda _: "on",
    **{
        f"{key}_l{number + 1}": _phase(number, value)
        for number in range(3)
        for key, value in (
            ("voltage", lambda truth, at: truth.phases[at].voltage),
            ("current", lambda truth, at: truth.phases[at].current),
            ("power", lambda truth, at: truth.phases[at].power_import - truth.phases[at].power_export),
            ("power_import", lambda truth, at: truth.phases[at].power_import),
            ("power_export", lambda truth, at: truth.phases[at].power_export),
        )
    },
}


def expected(key: str, truth: Truth) -> _Value:
    """Return what a sensor has to show, in the unit that the meter prints; None where nothing is known of it."""
    function = _EXPECTED.get(key)
    return None if function is None else function(truth)


def is_right(key: str, state: State, said: Said) -> bool | None:
    """Tell whether a state is what the meter held; None where the meter has no number to compare it with."""
    if key not in _EXPECTED:
        return None
    if key == "last_telegram" and _clock(said.printed) != _clock(said.sent):
        return None
    value = expected(key, said.truth)
    if state.state == "unknown":
        needed = _ENERGY if key in COUNTERS else _NEEDS.get(key, b"")
        return value is None or (bool(needed) and needed not in said.sent)
    if isinstance(value, datetime):
        return datetime.fromisoformat(state.state).astimezone(UTC) == value
    if isinstance(value, Decimal):
        # Home Assistant shows powers in W.
        scale = 1000 if state.attributes.get("unit_of_measurement") == "W" else 1
        return abs(Decimal(state.state) - value * scale) < Decimal("0.0001")
    return state.state == value


def _clock(telegram: bytes) -> bytes:
    """Return the time that a telegram prints."""
    return telegram.partition(b"0-0:1.0.0(")[2].partition(b")")[0]
