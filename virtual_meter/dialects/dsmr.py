"""DSMR P1, the Dutch user port (DSMR P1 2.2, 4.2.2 and 5.0.2); tariff 1 is the low one."""

from collections.abc import Iterator

from ..printing import (
    Source,
    currents,
    flagged,
    flagless,
    hexadecimal,
    phase_powers,
    reading,
    tariffs,
    totals,
    voltages,
)
from ..truth import Submeter

_SAGS = ("32.32", "52.32", "72.32", "32.36", "52.36", "72.36")


def lines_2(source: Source) -> Iterator[str]:
    """Yield the registers of version 2.2: no time, no version, and gas on two lines."""
    truth = source.truth
    yield f"0-0:96.1.1({hexadecimal(source.identity.meter_id)})"
    for way, counters in ((1, truth.imported), (2, truth.exported)):
        for tariff, value in sorted(counters.items()):
            yield f"1-0:{way}.8.{tariff}({value:09.3f}*kWh)"
    yield f"0-0:96.14.0({truth.tariff:04d})"
    yield f"1-0:1.7.0({truth.power_import:07.2f}*kW)"
    yield f"1-0:2.7.0({truth.power_export:07.2f}*kW)"
    yield "0-0:17.0.0(0016.00*kW)"
    yield "0-0:96.3.10(1)"
    yield "0-0:96.13.1()"
    yield "0-0:96.13.0()"
    for number, submeter in enumerate(truth.submeters, 1):
        yield f"0-{number}:24.1.0({submeter.device_type})"
        yield f"0-{number}:96.1.0({hexadecimal(submeter.identifier)})"
        if submeter.capture:
            profile = f"(00)(60)(1)(0-{number}:24.2.1)({submeter.unit})"
            yield f"0-{number}:24.3.0({flagless(submeter.capture.time)}){profile}"
            yield f"({submeter.capture.value:09.3f})"
        yield f"0-{number}:24.4.0({submeter.valve})"


def lines_4(source: Source) -> Iterator[str]:
    """Yield the registers of version 4.2: a log of failures, integer amperes, hourly gas."""
    truth = source.truth
    yield from _head(source, 42)
    yield "0-0:17.0.0(999.9*kW)"
    yield "0-0:96.3.10(1)"
    yield from _failures()
    yield "0-0:96.13.1()"
    yield "0-0:96.13.0()"
    yield from currents(truth, "03.0f")
    yield from phase_powers(truth)
    for number, submeter in enumerate(truth.submeters, 1):
        yield from channel(number, submeter)
        yield f"0-{number}:24.4.0({submeter.valve})"


def lines_5(source: Source) -> Iterator[str]:
    """Yield the registers of version 5.0: voltages, and gas every five minutes."""
    truth = source.truth
    yield from _head(source, 50)
    yield from _failures()
    yield "0-0:96.13.0()"
    yield from voltages(truth)
    yield from currents(truth, "03.0f")
    yield from phase_powers(truth)
    for number, submeter in enumerate(truth.submeters, 1):
        yield from channel(number, submeter)


def _head(source: Source, version: int) -> Iterator[str]:
    yield f"1-3:0.2.8({version})"
    yield f"0-0:1.0.0({flagged(source.truth.time)})"
    yield f"0-0:96.1.1({hexadecimal(source.identity.meter_id)})"
    yield from tariffs(source.truth)
    yield from totals(source.truth)


def _failures() -> Iterator[str]:
    yield "0-0:96.7.21(00004)"
    yield "0-0:96.7.9(00002)"
    yield "1-0:99.97.0(2)(0-0:96.7.19)(251208152415W)(0000000240*s)(251208151004W)(0000000301*s)"
    yield from (f"1-0:{code}.0({times:05d})" for times, code in enumerate(_SAGS))


def channel(number: int, submeter: Submeter) -> Iterator[str]:
    """Yield an M-Bus meter, its gas corrected by temperature (24.2.1)."""
    yield f"0-{number}:24.1.0({submeter.device_type:03d})"
    yield f"0-{number}:96.1.0({hexadecimal(submeter.identifier)})"
    yield f"0-{number}:24.2.1{reading(submeter.capture, submeter.unit)}"
