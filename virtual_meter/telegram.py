"""Print the registers of a meter as an e-MUCS P1 telegram."""

from collections.abc import Iterator
from datetime import datetime

from fastcrc import crc16

from .clock import epoch, stamp
from .identity import Identity
from .profiles import Profile, Wiring
from .truth import Capture, Peak, Truth


def print_telegram(profile: Profile, identity: Identity, truth: Truth) -> bytes:
    """Return the complete telegram of this moment: CRLF, CRC-16/ARC from '/' up to and including '!'."""
    lines = [profile.identification]
    if not profile.version.second_generation:
        lines.append("")
    lines += _head(profile, identity, truth)
    lines += _energy(truth)
    if profile.version.demand:
        lines += _demand(truth)
    lines += _power(profile, truth)
    lines += _switches(profile)
    lines += _channels(profile, identity, truth)
    body = ("\r\n".join(lines) + "\r\n!").encode("ascii")
    return body + b"%04X\r\n" % crc16.arc(body)


def _hex(text: str) -> str:
    return text.encode("ascii").hex().upper()


def _stamp(when: datetime) -> str:
    return stamp(epoch(when))


def _head(profile: Profile, identity: Identity, truth: Truth) -> Iterator[str]:
    yield f"0-0:96.1.4({profile.version.number})"
    if profile.version.second_generation and not profile.single_phase:
        yield f"1-0:94.32.1({230 if profile.wiring is Wiring.DELTA else 400})"
    yield f"0-0:96.1.1({_hex(identity.meter_id)})"
    if profile.version.second_generation:
        yield f"0-0:96.1.2({_hex(identity.meter_ean)})"
    yield f"0-0:1.0.0({_stamp(truth.time)})"


def _energy(truth: Truth) -> Iterator[str]:
    yield f"1-0:1.8.1({truth.import_1:010.3f}*kWh)"
    yield f"1-0:1.8.2({truth.import_2:010.3f}*kWh)"
    yield f"1-0:2.8.1({truth.export_1:010.3f}*kWh)"
    yield f"1-0:2.8.2({truth.export_2:010.3f}*kWh)"
    yield f"0-0:96.14.0({truth.tariff:04d})"


def _peak(peak: Peak) -> str:
    return f"({_stamp(peak.time)})({peak.value:06.3f}*kW)"


def _demand(truth: Truth) -> Iterator[str]:
    months = "".join(f"({_stamp(month.end)}){_peak(month.peak)}" for month in truth.history)
    yield f"1-0:1.4.0({truth.demand:06.3f}*kW)"
    yield f"1-0:1.6.0{_peak(truth.month_peak)}"
    yield f"0-0:98.1.0({len(truth.history)})(1-0:1.6.0)(1-0:1.6.0){months or '()'}"


def _power(profile: Profile, truth: Truth) -> Iterator[str]:
    numbered = list(zip((20, 40, 60), truth.phases, strict=False))
    yield f"1-0:1.7.0({truth.power_import:06.3f}*kW)"
    yield f"1-0:2.7.0({truth.power_export:06.3f}*kW)"
    if profile.version.phase_power:
        for group, phase in numbered:
            yield f"1-0:{group + 1}.7.0({phase.power_import:06.3f}*kW)"
        for group, phase in numbered:
            yield f"1-0:{group + 2}.7.0({phase.power_export:06.3f}*kW)"
    for group, phase in numbered:
        yield f"1-0:{group + 12}.7.0({phase.voltage:05.1f}*V)"
    width = "06.2f" if profile.version.current_decimals else "03.0f"
    for group, phase in numbered:
        yield f"1-0:{group + 11}.7.0({phase.current:{width}}*A)"


def _switches(profile: Profile) -> Iterator[str]:
    yield "0-0:96.3.10(1)"
    if profile.version.second_generation:
        yield "0-0:17.0.0(99.999*kW)"
        yield "1-0:31.4.0(999.99*A)"
        yield from (f"0-{relay}:96.3.10(0)" for relay in range(1, 5))
    else:
        yield "0-0:17.0.0(999.9*kW)"
        yield "1-0:31.4.0(999*A)"
    yield "0-0:96.13.0()"


def _channels(profile: Profile, identity: Identity, truth: Truth) -> Iterator[str]:
    number = 1
    ean = profile.version.second_generation
    if truth.gas:
        yield f"0-{number}:24.1.0(003)"
        yield f"0-{number}:96.1.1({_hex(identity.gas_id)})"
        if ean:
            yield f"0-{number}:96.1.2({_hex(identity.gas_ean)})"
        yield f"0-{number}:24.4.0(1)"
        yield f"0-{number}:24.2.3{_capture(truth.gas)}"
        number += 1
    if truth.water:
        yield f"0-{number}:24.1.0(007)"
        yield f"0-{number}:96.1.1({_hex(identity.water_id)})"
        if ean:
            yield f"0-{number}:96.1.2({_hex(identity.water_ean)})"
        yield f"0-{number}:24.2.1{_capture(truth.water)}"


def _capture(capture: Capture) -> str:
    return f"({_stamp(capture.time)})({capture.value:09.3f}*m3)"
