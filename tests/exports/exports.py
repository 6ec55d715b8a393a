"""Exports of a virtual household, with all that exports do; what it really used is known to the Wh."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
import io
import json
from typing import Any
import zipfile
from zoneinfo import ZoneInfo

from virtual_meter import VirtualMeter

BRUSSELS = ZoneInfo("Europe/Brussels")
QUARTER = 900
EAN, GAS_EAN = "541400000000000011", "541400000000000028"
METER, GAS_METER = "1SAG3100000017", "7FLO2110000017"


@dataclass(frozen=True)
class Layout:
    """How an export of one language and year is made."""

    header: str
    date: str
    registers: Mapping[str, str]
    read: str
    estimated: str
    nothing: str
    gas_columns: bool = False
    newline: str = "\r\n"
    bom: bool = True
    formula: bool = True
    description: bool = True


_NL = {
    "import_0": "Afname Actief",
    "import_1": "Afname Dag",
    "import_2": "Afname Nacht",
    "export_0": "Injectie Actief",
    "export_1": "Injectie Dag",
    "export_2": "Injectie Nacht",
    "gas": "Afname",
}
_EN = {
    "import_0": "Offtake Active",
    "import_1": "Offtake Day",
    "import_2": "Offtake Night",
    "export_0": "Injection Active",
    "export_1": "Injection Day",
    "export_2": "Injection Night",
    "gas": "Offtake",
}
_FR = {
    "import_0": "Prélèvement Actif",
    "import_1": "Prélèvement Jour",
    "import_2": "Prélèvement Nuit",
    "export_0": "Injection Active",
    "export_1": "Injection Jour",
    "export_2": "Injection Nuit",
    "gas": "Prélèvement",
}
_DE = {
    "import_0": "Entnahme Aktiv",
    "import_1": "Entnahme Tag",
    "import_2": "Entnahme Nacht",
    "export_0": "Einspeisung Aktiv",
    "export_1": "Einspeisung Tag",
    "export_2": "Einspeisung Nacht",
    "gas": "Entnahme",
}
DUTCH = Layout(
    "Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;Volume;Eenheid;"
    "Validatiestatus;Omschrijving",
    "%d-%m-%Y",
    _NL,
    "Uitgelezen",
    "Geschat",
    "Geen verbruik",
)
DUTCH_2024 = replace(
    DUTCH,
    header="Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN;Meter;Metertype;Register;Volume;Eenheid;Validatiestatus",
    read="Gevalideerd",
    newline="\n",
    bom=False,
    description=False,
)
DUTCH_2025 = replace(
    DUTCH,
    header="Van datum;Van tijdstip;Tot Datum;Tot tijdstip;EAN-code;Meter;Metertype;Register;Volume;Eenheid;"
    "Validatiestatus;Omschrijving",
)
ENGLISH = Layout(
    "From (date);From (time);Until (date);Until (time);EAN code;Meter;Meter type;Register;Volume;Unit;"
    "Validation status;Description",
    "%d/%m/%Y",
    _EN,
    "Read",
    "Estimated",
    "No consumption",
)
FRENCH = Layout(
    "De (date);De (heure);À (date);À (heure);Code EAN;Compteur;Type de compteur;Registre;Volume;Unité;"
    "Statut de validation;Description",
    "%d/%m/%Y",
    _FR,
    "Lu",
    "Estimé",
    "Pas de consommation",
)
GERMAN = Layout(
    "Von (Datum);Von (Uhrzeit);Bis (Datum);Bis (Uhrzeit);EAN-Code;Zähler;Zählertyp;Register;Volumen;Einheit;"
    "Validierungsstatus;Beschreibung",
    "%d.%m.%Y",
    _DE,
    "Ausgelesen",
    "Geschätzt",
    "Kein Verbrauch",
)
LAYOUTS = {
    "Dutch": DUTCH,
    "Dutch 2024": DUTCH_2024,
    "Dutch April 2025": DUTCH_2025,
    "English": ENGLISH,
    "French": FRENCH,
    "German": GERMAN,
}


@dataclass(frozen=True)
class Interval:
    """What one register counted in an interval: start in seconds since the epoch, value in thousandths or None."""

    start: int
    seconds: int
    register: str
    value: int | None
    unit: str = "kWh"
    estimated: bool = False
    ean: str = EAN
    meter: str = METER


@dataclass(frozen=True)
class House:
    """What a household did, quarter by quarter."""

    quarters: dict[int, dict[str, int]]
    """By start: Wh by `import_1` … `export_2`, and litres of gas by `gas`."""

    def intervals(self, seconds: int = QUARTER, *, gas: bool = False) -> Iterator[Interval]:
        """Return what an export of electricity lists: the register that counted, both ways."""
        if gas:
            yield from self._gas(seconds)
            return
        for start, end in _periods(self.quarters, seconds):
            inside = [self.quarters[each] for each in range(start, end, QUARTER)]
            for direction in ("import", "export"):
                sums = [sum(each[f"{direction}_{tariff}"] for each in inside) for tariff in (1, 2)]
                low = all(_is_low(each) for each in range(start, end, QUARTER))
                high = not any(_is_low(each) for each in range(start, end, QUARTER))
                if not low:
                    yield Interval(start, end - start, f"{direction}_1", sums[0])
                if not high:
                    yield Interval(start, end - start, f"{direction}_2", sums[1])

    def _gas(self, seconds: int) -> Iterator[Interval]:
        for start, end in _periods(self.quarters, seconds):
            litres = sum(self.quarters[each]["gas"] for each in range(start, end, QUARTER))
            yield Interval(start, end - start, "gas", litres, "m³", ean=GAS_EAN, meter=GAS_METER)
            yield Interval(start, end - start, "gas", litres * 11, "kWh", ean=GAS_EAN, meter=GAS_METER)

    def hours(self, *keys: str) -> dict[int, int]:
        """Return the truth: what registers counted together in each hour, in thousandths, by the hour."""
        hours: dict[int, int] = {}
        for start, each in self.quarters.items():
            hours[start // 3600] = hours.get(start // 3600, 0) + sum(each[key] for key in keys)
        return hours


def _is_low(start: int) -> bool:
    local = datetime.fromtimestamp(start, BRUSSELS)
    return local.weekday() >= 5 or not 7 <= local.hour < 22


def _periods(starts: Iterable[int], seconds: int) -> Iterator[tuple[int, int]]:
    """Return starts and ends of quarters, hours or local days."""
    for start in starts:
        if seconds <= 3600:
            if start % seconds == 0:
                yield start, start + seconds
        else:
            local = datetime.fromtimestamp(start, BRUSSELS)
            if (local.hour, local.minute) == (0, 0):
                yield start, midnight(local.date() + timedelta(days=1))


def midnight(day: date) -> int:
    """Return when a local day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=BRUSSELS).timestamp())


def live(first: date, last: date, *, seed: int = 7) -> House:
    """Let a household live from one local midnight to another."""
    begin, end = midnight(first), midnight(last)
    meter = VirtualMeter("1.7.1", seed, datetime.fromtimestamp(begin, UTC), history_months=0)
    quarters: dict[int, dict[str, int]] = {}
    before = _registers(meter)
    for start in range(begin, end, QUARTER):
        meter.advance(QUARTER, QUARTER)
        after = _registers(meter)
        quarters[start] = {key: after[key] - before[key] for key in after}
        before = after
    return House(quarters)


def _registers(meter: VirtualMeter) -> dict[str, int]:
    truth = meter.truth
    assert truth.gas is not None
    values = {
        "import_1": truth.import_1,
        "import_2": truth.import_2,
        "export_1": truth.export_1,
        "export_2": truth.export_2,
        "gas": truth.gas.value,
    }
    return {key: int(value * 1000) for key, value in values.items()}


def row(interval: Interval, layout: Layout = DUTCH) -> str:
    """Return a line of an export, without its end."""
    begin = datetime.fromtimestamp(interval.start, BRUSSELS)
    end = datetime.fromtimestamp(interval.start + interval.seconds, BRUSSELS)
    value = "" if interval.value is None else f"{interval.value // 1000},{interval.value % 1000:03d}"
    state = layout.nothing if interval.value is None else layout.estimated if interval.estimated else layout.read
    fields = [
        begin.strftime(layout.date),
        f"{begin:%H:%M:%S}",
        end.strftime(layout.date),
        f"{end:%H:%M:%S}",
        f'="{interval.ean}"' if layout.formula else interval.ean,
        interval.meter,
        "Digitale meter",
        layout.registers.get(interval.register, interval.register),
        value,
        interval.unit,
        state,
        *([""] if layout.gas_columns else []),
        *([""] if layout.description else []),
    ]
    return ";".join(fields)


def table(intervals: Iterable[Interval], layout: Layout = DUTCH) -> bytes:
    """Return an export as a file."""
    return lines([row(each, layout) for each in intervals], layout)


def lines(rows: Iterable[str], layout: Layout = DUTCH) -> bytes:
    """Return lines as a file."""
    text = layout.newline.join([layout.header, *rows, ""])
    return text.encode("utf-8-sig" if layout.bom else "utf-8")


def gas_layout(layout: Layout = DUTCH) -> Layout:
    """Return the layout of an export of gas."""
    header = layout.header.split(";")
    position = 11
    return replace(
        layout, gas_columns=True, header=";".join([*header[:position], "Calorische bovenwaarde", *header[position:]])
    )


def peak_rows(peaks: Mapping[date, int], ean: str = EAN, meter: str = METER) -> list[str]:
    """Return the lines of a report of month peaks, in W."""
    rows = []
    for month, watts in peaks.items():
        after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        value = f"{watts // 1000},{watts % 1000:03d}"
        rows.append(
            f'{month:%d-%m-%Y};00:00:00;{after:%d-%m-%Y};00:00:00;="{ean}";{meter};Digitale meter;'
            f"Piekvermogen;{value};kW;Uitgelezen;"
        )
    return rows


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return files in a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def service(intervals: Iterable[Interval], ean: str = EAN, energy_type: str = "E") -> bytes:
    """Return what the energy data service would answer."""
    names = {900: "quarterHourlyEnergy", 3600: "hourlyEnergy"}
    meters: dict[str, dict[str, dict[int, Any]]] = {}
    for each in intervals:
        name = names.get(each.seconds, "dailyEnergy")
        kept = meters.setdefault(each.meter, {}).setdefault(name, {})
        entry = kept.setdefault(
            each.start,
            {"start": _utc(each.start), "end": _utc(each.start + each.seconds), "measurements": []},
        )
        direction, _, tariff = each.register.partition("_")
        kind = {"0": "total", "1": "day", "2": "night", "": "total"}[tariff]
        value = None if each.value is None else each.value / 1000
        state = "EST" if each.estimated else "READ"
        energy = {"value": value, "unit": each.unit.replace("³", "3"), "validationState": state}
        entry["measurements"].append({"injection" if direction == "export" else "offtake": {kind: energy}})
    physical = [
        {"seqNumber": number, "meterID": meter, **{name: list(kept.values()) for name, kept in kinds.items()}}
        for number, (meter, kinds) in enumerate(meters.items())
    ]
    headpoint = {"$type": "metering-on-meter", "ean": ean, "energyType": energy_type, "physicalMeters": physical}
    return json.dumps({"data": {"headpoint": headpoint}}).encode()


def _utc(start: int) -> str:
    return datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
