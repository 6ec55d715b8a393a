"""States that meters print as digits, or as words of their own."""

from decimal import Decimal
import re
from typing import Final

from .lines import Register

_TARIFF: Final = re.compile(r"(?:T|TARIFF|RATE)? ?0*([0-9]{1,2})", re.IGNORECASE)
_MOST_TARIFFS: Final = 63
# COSEM, class 70 (disconnect control): 0 disconnected, 1 connected, 2 ready for reconnection. Wasion meters print ON;
# that they print OFF for its opposite is an assumption.
_SWITCH_STATES: Final = {"OFF": 0, "ON": 1}
_MOST_SWITCH_STATE: Final = 2


def tariff_of(register: Register | None) -> int | None:
    """Return the number of a tariff that is printed as `0001`, `TARIFF 1`, or `5431`, which is T1 in hexadecimal.

    None where it is no tariff: a sensor of it can never have a value.
    """
    if register is None or register.value is None:
        return None
    printed = str(register.value)
    if isinstance(register.value, Decimal) and register.value > _MOST_TARIFFS:
        printed = bytes.fromhex(printed).decode("latin-1") if printed.isdecimal() and len(printed) % 2 == 0 else ""
    match = _TARIFF.fullmatch(printed.strip())
    number = 0 if match is None else int(match[1])
    return number if 0 < number <= _MOST_TARIFFS else None


def switch_state_of(register: Register | None) -> int | None:
    """Return the state of a breaker, relay or valve: 0 disconnected, 1 connected, 2 ready for reconnection.

    None where it is none of them: a sensor of it can never have a value.
    """
    if register is None or register.value is None:
        return None
    if isinstance(register.value, str):
        return _SWITCH_STATES.get(register.value.strip().upper())
    number = int(register.value)
    return number if register.value == number and 0 <= number <= _MOST_SWITCH_STATE else None
