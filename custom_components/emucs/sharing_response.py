"""What the action answers that simulates sharing."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from homeassistant.util.json import JsonObjectType

from .insight.sharing_months import PastCoverage, Shared, Simulation
from .sharing_past import SharingMember

_PERCENT: Final = 100
_NOTHING: Final = Decimal(0)


def response_of(
    simulation: Simulation, members: Iterable[SharingMember], weights: Mapping[str, Decimal], *, has_prices: bool
) -> JsonObjectType:
    """Return the answer: energies in kWh, worth in EUR, shares in percent."""
    members = tuple(members)
    every = sum(weights.values(), _NOTHING)
    return {
        "indicative": True,
        "members": [
            {"id": member.id, "name": member.name, "key": float(round(weights.get(member.id, _NOTHING) / every, 6))}
            for member in members
        ],
        "months": [_month(month, coverage, has_prices=has_prices) for month, coverage in simulation.months.items()],
        "keys": {
            str(key): {
                "shared": _kwh(sum((shared.total for shared in months.values()), _NOTHING)),
                "hours_overstate": _percent(
                    simulation.by_hours[key] - simulation.by_quarters[key], simulation.by_quarters[key]
                ),
                "months": [
                    _shared(month, shared, simulation.months[month], members, has_prices=has_prices)
                    for month, shared in months.items()
                ],
            }
            for key, months in simulation.shared.items()
        },
    }


def _month(month: str, coverage: PastCoverage, *, has_prices: bool) -> JsonObjectType:
    """Return what is known of a month."""
    answer: JsonObjectType = {
        "month": month,
        "hours_by_quarters": coverage.by_quarters,
        "hours_by_statistics": coverage.by_hours,
        "hours_missing": coverage.missing,
        "import": _kwh(sum(coverage.imported.values(), _NOTHING)),
        "export": _kwh(sum(coverage.exported.values(), _NOTHING)),
    }
    return answer | {"hours_without_price": coverage.unpriced} if has_prices else answer


def _shared(
    month: str, shared: Shared, coverage: PastCoverage, members: Iterable[SharingMember], *, has_prices: bool
) -> JsonObjectType:
    """Return what was shared in a month."""
    answer: JsonObjectType = {
        "month": month,
        "shared": _kwh(shared.total),
        "autonomy": _percent(shared.total, sum(coverage.imported.values(), _NOTHING)),
        "members": [_of_member(shared, member.id, has_prices=has_prices) for member in members],
    }
    return answer | {"worth": _euros(sum(shared.worth.values(), _NOTHING))} if has_prices else answer


def _of_member(shared: Shared, member: str, *, has_prices: bool) -> JsonObjectType:
    """Return what a member received, gave and got back."""
    answer: JsonObjectType = {
        "id": member,
        "received": _kwh(shared.received[member]),
        "given": _kwh(shared.given[member]),
        "returned": _kwh(shared.returned[member]),
    }
    return answer | {"worth": _euros(shared.worth[member])} if has_prices else answer


def _kwh(energy: Decimal) -> float:
    """Return an energy to the Wh."""
    return float(round(energy, 3))


def _euros(amount: Decimal) -> float:
    """Return an amount to the cent."""
    return float(round(amount, 2))


def _percent(part: Decimal, whole: Decimal) -> float | None:
    """Return a share; None of nothing."""
    return float(round(part / whole * _PERCENT, 1)) if whole else None
