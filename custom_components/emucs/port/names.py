"""What registers are called, for people who read telegrams: by what their codes mean."""

from typing import Final

from . import obis
from .lines import Register
from .meanings import Direction, Kind, Meaning, Origin, Quantity, meaning
from .obis import Code

_KINDS: Final = {
    Kind.INSTANT: "power",
    Kind.ENERGY: "energy",
    Kind.CURRENT_DEMAND: "demand of the running interval",
    Kind.LAST_DEMAND: "demand of the last interval",
    Kind.MAXIMUM_DEMAND: "maximum demand",
    Kind.AVERAGE: "average",
    Kind.LIMIT: "limit",
    Kind.SAGS: "sags",
    Kind.SWELLS: "swells",
    Kind.COUNT: "count",
    Kind.READING: "reading",
}
_WITHOUT_POWER: Final = {Quantity.CURRENT, Quantity.VOLTAGE, Quantity.POWER_FACTOR, Quantity.FREQUENCY}
_QUANTITIES: Final = {
    Quantity.REACTIVE_Q1: "reactive (Q1)",
    Quantity.REACTIVE_Q2: "reactive (Q2)",
    Quantity.REACTIVE_Q3: "reactive (Q3)",
    Quantity.REACTIVE_Q4: "reactive (Q4)",
    Quantity.POWER_FACTOR: "power factor",
    Quantity.POWER_FAILURE: "power failures",
    Quantity.LONG_POWER_FAILURE: "long power failures",
    Quantity.UNCORRECTED_VOLUME: "volume, not corrected by temperature",
}
_DIRECTIONS: Final = {Direction.ABSOLUTE: "import + export", Direction.NET: "import - export"}
# By C, D and E: what the standard gives no meaning in numbers.
_OTHERS: Final = {
    (0, 0, 0): "device number",
    (0, 2, 8): "version of DSMR P1",
    (0, 9, 1): "clock of the meter",
    (0, 9, 2): "date of the meter",
    (1, 0, 0): "time of the meter",
    (24, 1, 0): "device type",
    (24, 4, 0): "valve",
    (42, 0, 0): "device name",
    (94, 32, 1): "voltage of the grid",
    (96, 1, 0): "fabrication number",
    (96, 1, 1): "equipment identifier",
    (96, 1, 2): "EAN",
    (96, 1, 4): "version of e-MUCS",
    (96, 3, 10): "breaker",
    (96, 13, 0): "text message",
    (96, 13, 1): "message code",
    (96, 14, 0): "active tariff",
    (97, 97, 0): "error",
    (98, 1, 0): "peaks of past months",
    (99, 97, 0): "log of power failures",
}
_RELAY: Final = "relay"
_SERVICE: Final = {"C.1": "number of the meter", "F.F": "error"}


def name_of(code: str, register: Register) -> str:
    """Return what a register is called, or nothing where neither the standard nor a port's document says."""
    parsed = obis.parse_code(code)
    if parsed is None:
        return _SERVICE.get(code[:3], "")
    if (found := meaning(parsed, register.unit)) is not None:
        return _described(found)
    name = _RELAY if (parsed.c, parsed.d, parsed.e) == (96, 3, 10) and parsed.b else _other(parsed, register)
    return _where(name, parsed.b) if parsed.a == 0 and name else name


def _other(code: Code, register: Register) -> str:
    """Return what a register without a meaning of its own is called: also one that has no unit as it was never read."""
    name = _OTHERS.get((code.c, code.d, code.e), "")
    return name or ("reading" if (code.c, code.d) == (24, 2) and code.a == 0 and not register.unit else "")


def _described(found: Meaning) -> str:
    """Return a meaning in words."""
    quantity = _QUANTITIES.get(found.quantity, found.quantity.replace("_", " "))
    kind = _KINDS[found.kind]
    if found.kind is Kind.COUNT or (found.kind is Kind.INSTANT and found.quantity in _WITHOUT_POWER):
        kind = ""
    elif found.quantity is Quantity.ENERGY and found.kind is Kind.READING:
        quantity = "energy"
    parts = [
        quantity,
        kind,
        _DIRECTIONS.get(found.direction, str(found.direction)) if found.direction else "",
        found.phase.upper() if found.phase else "",
        f"tariff {found.tariff}" if found.tariff and found.medium is not Origin.M_BUS else "",
        f"of {found.historic} periods ago" if found.historic is not None else "",
    ]
    return _where(" ".join(filter(None, parts)), found.channel)


def _where(name: str, channel: int) -> str:
    """Return a name with the channel that it is on."""
    return f"{name}, channel {channel}" if channel else name
