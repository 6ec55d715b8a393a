"""Smarty, the user port of Luxembourg, once it is decrypted (Smarty P1 1.1.3)."""

from collections.abc import Iterator

from ..printing import (
    Source,
    currents,
    energy,
    flagged,
    hexadecimal,
    numbered,
    phase_powers,
    power,
    totals,
    voltages,
    ways,
)
from .dsmr import channel

_SAGS = ("32.32", "52.32", "72.32", "32.36", "52.36", "72.36")


def lines(source: Source) -> Iterator[str]:
    """Yield the registers: totals only, reactive and apparent power, a limit in kVA."""
    truth, total = source.truth, source.total
    yield "1-3:0.2.8(42)"
    yield f"0-0:1.0.0({flagged(truth.time)})"
    yield f"0-0:42.0.0({hexadecimal(source.identity.meter_id)})"
    yield energy("1.8.0", total.energy_import)
    yield energy("2.8.0", total.energy_export)
    yield energy("3.8.0", total.reactive_import, "kvarh")
    yield energy("4.8.0", total.reactive_export, "kvarh")
    yield from totals(truth)
    inductive, capacitive = ways(total.reactive)
    yield power("3.7.0", inductive, "kvar")
    yield power("4.7.0", capacitive, "kvar")
    yield "0-0:17.0.0(069.0*kVA)"
    importing = total.active >= 0
    yield power("9.7.0", total.apparent if importing else 0 * total.apparent, "kVA")
    yield power("10.7.0", 0 * total.apparent if importing else total.apparent, "kVA")
    yield "1-1:31.4.0(100*A)(-063*A)"
    yield "0-0:96.3.10(1)"
    yield "0-1:96.3.10(0)"
    yield "0-2:96.3.10(0)"
    yield "0-0:96.7.21(00099)"
    yield from (f"1-0:{code}.0({times:05d})" for times, code in enumerate(_SAGS))
    yield from (f"0-0:96.13.{number}()" for number in (0, 2, 3, 4, 5))
    yield from voltages(truth)
    yield from currents(truth, "03.0f")
    yield from phase_powers(truth)
    for way in (0, 1):
        for group, phase in numbered(truth):
            yield power(f"{group + 3 + way}.7.0", ways(phase.reactive)[way], "kvar")
    for number, submeter in enumerate(truth.submeters, 1):
        yield from channel(number, submeter)
        yield f"0-{number}:24.4.0({submeter.valve})"
