"""Iskraemeco IE.5, as REW in Wavre installs it: times without a flag, and another order of value and time."""

from collections.abc import Iterator

from ..printing import Source, currents, flagless, hexadecimal, phase_powers, power, tariffs, totals, voltages


def old_lines(source: Source) -> Iterator[str]:
    """Yield the registers of the firmware until 2025: a plain serial number, integer amperes, no demand."""
    truth = source.truth
    yield "1-0:0.0.0(00000000)"
    yield f"0-0:96.1.0({source.identity.meter_id})"
    yield f"0-0:1.0.0({flagless(truth.time)})"
    yield from tariffs(truth)
    yield from totals(truth)
    yield from phase_powers(truth)
    yield from voltages(truth)
    yield from currents(truth, "03.0f")
    yield "0-0:96.3.10(1)"
    yield "0-0:96.13.0()"
    yield "0-1:96.1.1()"


def new_lines(source: Source) -> Iterator[str]:
    """Yield the registers of the firmware since December 2025: five tariffs, demand, a version in hexadecimal."""
    truth = source.truth
    yield f"0-0:96.1.4({hexadecimal('21110')})"
    yield f"0-0:96.1.1({hexadecimal(source.identity.meter_id)})"
    yield f"0-0:1.0.0({flagless(truth.time)})"
    yield from tariffs(truth)
    yield power("1.4.0", truth.demand)
    yield f"1-0:1.6.0({truth.month_peak.value:06.3f}*kW)({flagless(truth.month_peak.time)})"
    yield from totals(truth)
    yield from phase_powers(truth)
    yield from voltages(truth)
    yield from currents(truth)
    yield "0-0:96.3.10(1)"
    yield "0-0:96.13.0()"
