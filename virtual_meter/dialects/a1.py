"""A1, the user port of industrial (AMR) meters: an assumption.

The specification, AMR e-MUCS A1 5.0, is not public, and no A1 telegram was seen. What is known: the plug is that of
P1, the telegrams are others, gas and water are not in them. So this prints standard codes of a four-quadrant meter
(IEC 62056-6-1) as one behind current and voltage transformers may: which of them, in which order and with how many
digits a real meter prints is not known.
"""

from collections.abc import Iterator
from decimal import Decimal

from ..printing import Source, flagged, hexadecimal, numbered, ways
from ..truth import Demands, Measured, Truth
from ..variants import HISTORIC, REDUCED_CODES


def lines(source: Source) -> Iterator[str]:
    """Yield the registers, without A-B where the codes are reduced."""
    for line in _lines(source):
        yield line.partition(":")[2] if REDUCED_CODES in source.variants and line.startswith("1-0:") else line


def _lines(source: Source) -> Iterator[str]:
    truth = source.truth
    yield f"0-0:96.1.1({hexadecimal(source.identity.meter_id)})"
    yield f"0-0:1.0.0({flagged(truth.time)})"
    yield f"0-0:96.14.0({truth.tariff:04d})"
    yield from _energies(truth)
    yield from _demands(1, truth.import_demands)
    if truth.export_demands:
        yield from _demands(2, truth.export_demands)
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


def _demands(way: int, demands: Demands) -> Iterator[str]:
    yield f"1-0:{way}.4.0({demands.current:07.2f}*kW)"
    yield f"1-0:{way}.5.0({demands.last:07.2f}*kW)"
    yield f"1-0:{way}.6.0({flagged(demands.maximum.time)})({demands.maximum.value:07.2f}*kW)"


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
