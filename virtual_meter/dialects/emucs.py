"""e-MUCS P1, all versions: the user port of Sagemcom meters in Belgium."""

from collections.abc import Iterator

from ..mbus import GAS
from ..printing import (
    Source,
    currents,
    flagged,
    hexadecimal,
    phase_powers,
    power,
    reading,
    tariffs,
    totals,
    voltages,
)
from ..profiles import Version, Wiring
from ..truth import Peak, Submeter, Truth
from ..variants import DASHED_EAN, EMPTY_EAN


def lines(source: Source) -> Iterator[str]:
    """Yield the registers that the version of the profile prints (e-MUCS P1 1.7.1, tables 4 to 6)."""
    version, truth = source.profile.version, source.truth
    assert version is not None  # noqa: S101  all of these profiles have one
    yield from _head(source, version)
    yield from tariffs(truth)
    if version.demand:
        yield from _demand(truth)
    yield from totals(truth)
    if version.phase_power:
        yield from phase_powers(truth)
    yield from voltages(truth)
    yield from currents(truth, "06.2f" if version.current_decimals else "03.0f")
    yield from _switches(version)
    for number, submeter in enumerate(truth.submeters, 1):
        yield from _channel(number, submeter, source, version)


def _head(source: Source, version: Version) -> Iterator[str]:
    profile, identity = source.profile, source.identity
    yield f"0-0:96.1.4({version.number})"
    if version.second_generation and not profile.single_phase:
        yield f"1-0:94.32.1({230 if profile.wiring is Wiring.DELTA else 400})"
    yield f"0-0:96.1.1({hexadecimal(identity.meter_id)})"
    if version.second_generation:
        yield f"0-0:96.1.2({_ean(identity.meter_ean, source)})"
    yield f"0-0:1.0.0({flagged(source.truth.time)})"


def _ean(ean: str, source: Source) -> str:
    if EMPTY_EAN in source.variants or not ean:
        return ""
    return hexadecimal("-" * len(ean) if DASHED_EAN in source.variants else ean)


def _peak(peak: Peak) -> str:
    return f"({flagged(peak.time)})({peak.value:06.3f}*kW)"


def _demand(truth: Truth) -> Iterator[str]:
    months = "".join(f"({flagged(month.end)}){_peak(month.peak)}" for month in truth.history)
    yield power("1.4.0", truth.demand)
    yield f"1-0:1.6.0{_peak(truth.month_peak)}"
    yield f"0-0:98.1.0({len(truth.history)})(1-0:1.6.0)(1-0:1.6.0){months or '()'}"


def _switches(version: Version) -> Iterator[str]:
    yield "0-0:96.3.10(1)"
    if version.second_generation:
        yield "0-0:17.0.0(99.999*kW)"
        yield "1-0:31.4.0(999.99*A)"
        yield from (f"0-{relay}:96.3.10(0)" for relay in range(1, 5))
    else:
        yield "0-0:17.0.0(999.9*kW)"
        yield "1-0:31.4.0(999*A)"
    yield "0-0:96.13.0()"


def _channel(number: int, submeter: Submeter, source: Source, version: Version) -> Iterator[str]:
    yield f"0-{number}:24.1.0({submeter.device_type:03d})"
    yield f"0-{number}:96.1.1({hexadecimal(submeter.identifier)})"
    if version.second_generation:
        yield f"0-{number}:96.1.2({_ean(submeter.ean, source)})"
    if submeter.valve is not None:
        yield f"0-{number}:24.4.0({submeter.valve})"
    register = 3 if submeter.device_type == GAS else 1
    yield f"0-{number}:24.2.{register}{reading(submeter.capture, submeter.unit)}"
