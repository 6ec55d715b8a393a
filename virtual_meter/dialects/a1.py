"""A1, the user port of industrial (AMR) meters: an assumption.

The specification, AMR e-MUCS A1 5.0, is not public, and no A1 telegram was seen. What is known: the plug is that of
P1, the telegrams are others, gas and water are not in them. So this prints standard codes of a four-quadrant meter
(IEC 62056-6-1) as one behind current and voltage transformers may: which of them, in which order and with how many
digits a real meter prints is not known.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
import re

from ..printing import Source, flagged, flagless, hexadecimal, numbered, ways
from ..truth import Demands, Measured, Truth
from ..variants import (
    FULL_CODES,
    HISTORIC,
    REDUCED_CODES,
    SEASON_DIGIT,
    SECONDARY,
    SEPARATORS,
    SERVICE_CODES,
    SPLIT_CLOCK,
)

CURRENT_FACTOR = 200
"""What values behind current transformers of 1000/5 A are multiplied by."""
_QUANTITY = re.compile(r"\((\d+\.(\d+))\*(k?A|[kM]?(?:W|var|VA)h?)\)")
_HISTORIC = re.compile(r"[^(]*[*&]")
_SEASONS = {"S": "1", "W": "0"}


def lines(source: Source) -> Iterator[str]:
    """Yield the registers as the variants have them: with their codes in other forms, or behind transformers."""
    for line in _lines(source):
        printed = _QUANTITY.sub(_secondary, line) if SECONDARY in source.variants else line
        if printed.startswith("1-0:"):
            if FULL_CODES in source.variants and not _HISTORIC.match(printed):
                printed = printed.replace("(", "*255(", 1)
            if REDUCED_CODES in source.variants:
                printed = printed.partition(":")[2]
        yield printed


def _secondary(match: re.Match[str]) -> str:
    """Return a quantity as it is behind the current transformers, with two more decimals."""
    value = Decimal(match[1]) / CURRENT_FACTOR
    return f"({value:0{len(match[1]) + 2}.{len(match[2]) + 2}f}*{match[3]})"


def _lines(source: Source) -> Iterator[str]:
    truth = source.truth
    yield from _service(source)
    yield f"0-0:96.14.0({truth.tariff:04d})"
    yield from _energies(truth)
    yield from _demands(source, 1, truth.import_demands)
    if truth.export_demands:
        yield from _demands(source, 2, truth.export_demands)
    yield from _measured(0, source.total)
    for (group, phase), measured in zip(numbered(truth), truth.per_phase, strict=True):
        yield from _measured(group, measured)
        yield f"1-0:{group + 11}.7.0({phase.current:06.2f}*A)"
        yield f"1-0:{group + 12}.7.0({phase.voltage / 1000:06.4f}*kV)"
    yield f"1-0:14.7.0({truth.frequency:05.2f}*Hz)"
    if HISTORIC in source.variants:
        yield from _historic(truth)


def _energies(truth: Truth) -> Iterator[str]:
    for way, counters in ((1, truth.imported), (2, truth.exported)):
        for tariff, value in sorted(counters.items()):
            yield f"1-0:{way}.8.{tariff}({value:011.1f}*kWh)"


def _service(source: Source) -> Iterator[str]:
    """Yield the number, the error register and the clock."""
    if SERVICE_CODES in source.variants:
        yield "1-1:F.F(00000000)"
        yield f"0-0:C.1.0({source.identity.meter_id})"
    else:
        yield f"0-0:96.1.1({hexadecimal(source.identity.meter_id)})"
    digits, flag = flagless(source.truth.time), flagged(source.truth.time)[-1]
    day, hour = digits[:6], digits[6:]
    if SEPARATORS in source.variants:
        yield f"1-0:0.9.1({hour[:2]}:{hour[2:4]}:{hour[4:]})"
        yield f"1-0:0.9.2({day[:2]}-{day[2:4]}-{day[4:]})"
    elif {SPLIT_CLOCK, SEASON_DIGIT} & source.variants:
        season = _SEASONS[flag] if SEASON_DIGIT in source.variants else ""
        yield f"1-0:0.9.1({season}{hour})"
        yield f"1-0:0.9.2({season}{day})"
    else:
        yield f"0-0:1.0.0({digits}{flag})"


def _stamped(source: Source, when: datetime, value: str) -> str:
    """Return a peak and its time: readouts of IEC 62056-21 have that behind it, without seconds."""
    digits, flag = flagless(when), flagged(when)[-1]
    if SEPARATORS in source.variants:
        return f"({value})({digits[:2]}-{digits[2:4]}-{digits[4:6]} {digits[6:8]}:{digits[8:10]})"
    if {SPLIT_CLOCK, SEASON_DIGIT} & source.variants:
        season = _SEASONS[flag] if SEASON_DIGIT in source.variants else ""
        return f"({value})({season}{digits[:10]})"
    return f"({digits}{flag})({value})"


def _demands(source: Source, way: int, demands: Demands) -> Iterator[str]:
    yield f"1-0:{way}.4.0({demands.current:07.2f}*kW)"
    yield f"1-0:{way}.5.0({demands.last:07.2f}*kW)"
    yield f"1-0:{way}.6.0{_stamped(source, demands.maximum.time, f'{demands.maximum.value:07.2f}*kW')}"


def _measured(group: int, measured: Measured) -> Iterator[str]:
    """Yield the power and the energy of one phase, or of all together."""
    active, reactive = ways(measured.active), ways(measured.reactive)
    apparent = ways(measured.apparent if measured.active >= 0 else -measured.apparent)
    quadrants = [abs(measured.reactive) if measured.quadrant == number else Decimal() for number in range(1, 5)]
    powers = [
        *((1 + way, value, "kW") for way, value in enumerate(active)),
        *((3 + way, value, "kvar") for way, value in enumerate(reactive)),
        *((5 + way, value, "kvar") for way, value in enumerate(quadrants)),
        *((9 + way, value, "kVA") for way, value in enumerate(apparent)),
    ]
    for quantity, value, unit in powers:
        yield f"1-0:{group + quantity}.7.0({value:08.3f}*{unit})"
    yield f"1-0:{group + 13}.7.0({measured.power_factor:05.3f})"
    energies = [
        (1, measured.energy_import, "MWh"),
        (2, measured.energy_export, "MWh"),
        (3, measured.reactive_import, "Mvarh"),
        (4, measured.reactive_export, "Mvarh"),
        *((5 + way, value, "Mvarh") for way, value in enumerate(measured.quadrants)),
        (9, measured.apparent_import, "MVAh"),
        (10, measured.apparent_export, "MVAh"),
    ]
    for quantity, value, unit in energies:
        yield f"1-0:{group + quantity}.8.0({value / 1000:012.5f}*{unit})"


def _historic(truth: Truth) -> Iterator[str]:
    """Yield the peaks of the latest months: closed by the calendar (*), the last one by hand (&)."""
    for number, month in enumerate(reversed(truth.history[-3:]), 1):
        sign = "&" if number == 1 else "*"
        yield f"1-0:1.6.0{sign}{number:02d}({month.peak.value:07.2f}*kW)({flagged(month.peak.time)})"
