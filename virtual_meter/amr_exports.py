"""The exports of an industrial site in every format of the grid operator's data services."""

from collections.abc import Iterable, Mapping, Sequence
import io
import json
from typing import Any, Final
import zipfile

from .amr_site import GAS, GAS_METER, HEAD, HOUR, SOLAR, VOLUME, VREG_ID, AmrSite, Channel, Slot
from .clock import QUARTER, local, utc

HEADER: Final = (
    "Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;Volume;Eenheid;"
    "Validatiestatus;Omschrijving"
)
GAS_HEADER: Final = HEADER.replace("Omschrijving", "Calorische bovenwaarde;Omschrijving")
_FLOWS: Final = {
    "offtake": "Afname",
    "injection": "Injectie",
    "production": "Productie",
    "auxiliary": "Hulpverbruik",
}
_KINDS: Final = {"active": "Actief", "reactive": "Reactief", "inductive": "Inductief", "capacitive": "Capacitief"}
_NAMES: Final = {QUARTER: "quarterHourlyEnergy", HOUR: "hourlyEnergy"}
_FINAL, _UNCHECKED = "Gevalideerd", "Ongevalideerd"


def decimal(thousandths: int) -> str:
    """Return thousandths with a decimal comma."""
    return f"{thousandths // 1000},{thousandths % 1000:03d}"


def row(slot: Slot, *, state: str = _FINAL, description: str = "Hal 1 | Meting", odd: bool = False) -> str:
    """Return a line of the portal's CSV; `odd` writes dates and times as some programs save them."""
    begin, end = local(slot.start), local(slot.end)
    register = f"{_FLOWS[slot.channel.flow]} {_KINDS[slot.channel.kind]}"
    times = (
        (f"{begin:%d/%m/%Y}", f"{begin.hour}:{begin:%M:%S}", f"{end:%d/%m/%Y}", f"{end:%H:%M}")
        if odd
        else (f"{begin:%d-%m-%Y}", f"{begin:%H:%M:%S}", f"{end:%d-%m-%Y}", f"{end:%H:%M:%S}")
    )
    unit = "kWh" if slot.channel.kind == "active" else "kVArh"
    fields = (f'="{slot.channel.ean}"', "", "AMR-meter", register, decimal(slot.value), unit, state, description)
    return ";".join((*times, *fields))


def gas_rows(site: AmrSite, channel: Channel, grain: int = HOUR) -> list[str]:
    """Return the lines of gas in m³ or kWh, with the calorific value beside the energy."""
    lines = []
    for slot in site.slots(channel, grain):
        begin, end = local(slot.start), local(slot.end)
        is_volume = channel == VOLUME
        calorific = "" if is_volume or grain > HOUR else decimal(site.calorific[slot.start])
        unit, state = ("m³", "Uitgelezen") if is_volume else ("kWh", "Definitief")
        lines.append(
            f'{begin:%d-%m-%Y};{begin:%H:%M:%S};{end:%d-%m-%Y};{end:%H:%M:%S};="{GAS}";{GAS_METER};Digitale meter;'
            f"Afname;{decimal(slot.value)};{unit};{state};{calorific};"
        )
    return lines


def peak_rows(peaks: Mapping[str, int], ean: str, register: str = "Piekvermogen", unit: str = "kW") -> list[str]:
    """Return the lines of a report of month peaks, in thousandths, by the first day of the month."""
    lines = []
    for month, peak in peaks.items():
        year, number = int(month[:4]), int(month[5:7])
        following = f"01-{number % 12 + 1:02d}-{year + number // 12}"
        lines.append(
            f'01-{number:02d}-{year};00:00:00;{following};00:00:00;="{ean}";;AMR-meter;{register};'
            f"{decimal(peak)};{unit};{_FINAL};"
        )
    return lines


def csv_file(lines: Iterable[str], header: str = HEADER) -> bytes:
    """Return lines as the portal writes them."""
    return "\r\n".join([header, *lines, ""]).encode("utf-8-sig")


def load_curve(site: AmrSite, channel: Channel, direction: str = "") -> bytes:
    """Return a channel in the format of a line for each day, with the mean power of its quarters."""
    days: dict[str, list[str]] = {}
    for slot in site.slots(channel):
        days.setdefault(f"{local(slot.start):%d%m%Y}", []).append(decimal(slot.value * 4))
    lines = [f"Meetgegevens {direction}", "", f"{channel.ean}", "Start;;;;;;;Eenheid"]
    for day, values in days.items():
        columns = [f"{day} 00:00", "", channel.ean, "", "", "", "", "KWT", "", "", *values]
        lines.append(";".join(columns + [""] * (106 - len(columns))))
    return "\r\n".join([*lines, ""]).encode()


def answer(
    site: AmrSite, channels: Sequence[Channel], *, shape: str = "metering-on-headpoint", grain: int = QUARTER
) -> bytes:
    """Return what the energy data service answers, with what lies behind the access point."""
    head: dict[str, Any] = {"$type": shape, "ean": HEAD, "energyType": "E"}
    own = _intervals(site, [each for each in channels if each.ean == HEAD], grain)
    name = _NAMES.get(grain, "dailyEnergy")
    if shape != "metering-on-meter":
        head[name] = own
    if shape != "metering-on-headpoint":
        head["physicalMeters"] = [{"seqNumber": "1", "meterID": "1AMR3100000017", name: own}]
    below: list[dict[str, Any]] = []
    for ean, flow in dict.fromkeys((each.ean, each.flow) for each in channels if each.ean != HEAD):
        intervals = _intervals(site, [each for each in channels if each[:2] == (ean, flow)], grain)
        part = {"$type": f"submetering-{flow}", "ean": ean, "seqNumber": str(len(below) + 1), name: intervals}
        below.append(part | ({"vregId": VREG_ID, "type": "PV"} if ean == SOLAR else {}))
    return json.dumps({"_meta": {"fetchTime": "1"}, "data": {"headpoint": {**head, "subHeadpoints": below}}}).encode()


def _intervals(site: AmrSite, channels: Sequence[Channel], grain: int) -> list[dict[str, Any]]:
    """Return the intervals of channels, as the service has them."""
    kept: dict[int, dict[str, Any]] = {}
    for channel in channels:
        for slot in site.slots(channel, grain):
            times = {"start": f"{utc(slot.start):%Y-%m-%dT%H:%M:%SZ}", "end": f"{utc(slot.end):%Y-%m-%dT%H:%M:%SZ}"}
            entry = kept.setdefault(slot.start, {**times, "measurements": [{}]})
            kind = "total" if channel.kind == "active" else channel.kind
            unit = "kWh" if channel.kind == "active" else "KVArh"
            energy = {"value": slot.value / 1000, "unit": unit, "validationState": "VAL"}
            entry["measurements"][0].setdefault(channel.flow, {})[kind] = energy
    return list(kept.values())


def workbook(lines: Iterable[str], *, one_cell: bool = True) -> bytes:
    """Return lines as a workbook: each whole in one cell, or a cell for each field."""
    shared: dict[str, int] = {}
    rows = []
    for number, line in enumerate(lines, 1):
        texts = [line] if one_cell else line.split(";")
        cells = (
            f'<c r="{chr(ord("A") + column)}{number}" t="s"><v>{shared.setdefault(text, len(shared))}</v></c>'
            for column, text in enumerate(texts)
            if text
        )
        rows.append(f'<row r="{number}">{"".join(cells)}</row>')
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    strings = "".join(f"<si><t>{_escaped(text)}</t></si>" for text in shared)
    parts = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": f'<workbook xmlns="{name}"/>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{name}"><sheetData>{"".join(rows)}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{name}">{strings}</sst>',
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for part, content in parts.items():
            packed.writestr(part, f'<?xml version="1.0" encoding="UTF-8"?>\n{content}')
    return buffer.getvalue()


def _escaped(text: str) -> str:
    """Return a text as XML has it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
