"""Imports the past of a household: counters by the integration's own import, powers by the recorder's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Final

from virtual_meter.clock import BRUSSELS

from .api import Api
from .entities import DOMAIN, Entities
from .household import HOUR, Hour, Household, Key

LOOK_BACK: Final = timedelta(days=31)

# As the grid operator exports them, in Dutch.
_HEADER: Final = (
    "Van (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;Volume;Eenheid;"
    "Validatiestatus;Omschrijving"
)
_REGISTERS: Final = {
    "energy_import_tariff_1": ("Digitale meter", "Afname Dag", "kWh"),
    "energy_import_tariff_2": ("Digitale meter", "Afname Nacht", "kWh"),
    "energy_export_tariff_1": ("Digitale meter", "Injectie Dag", "kWh"),
    "energy_export_tariff_2": ("Digitale meter", "Injectie Nacht", "kWh"),
    "gas": ("Digitale meter", "Afname", "m³"),
    "water": ("Digitale watermeter", "Afname", "m³"),
}
_UNIT_CLASSES: Final = {"W": "power", "kWh": "energy", "m³": "volume", "m³/h": "volume_flow_rate"}


async def import_past(
    api: Api, entities: Entities, household: Household, hours: Sequence[Hour], exports: Path
) -> dict[str, Any]:
    """Import the hours before the meter was connected; return the report of the integration.

    `exports` is a folder that Home Assistant may read. The integration imports counters alone: the powers and flows of
    these hours are given to the recorder.
    """
    export = exports / "household.csv"
    export.write_text("\r\n".join(export_lines(household, hours)), "utf-8-sig", newline="")
    [entry] = await api.command("config_entries/get", domain=DOMAIN)
    data = {"config_entry_id": entry["entry_id"], "path": str(export), "dry_run": False, "confirmed": False}
    answer = await api.request("POST", f"services/{DOMAIN}/import_history?return_response", data)
    await import_rates(api, entities, hours)
    response: dict[str, Any] = answer["service_response"]
    return response


def export_lines(household: Household, hours: Sequence[Hour]) -> Iterator[str]:
    """Return the lines of an export of these hours, which begin where the counters stood at `household.zero`."""
    meter = household.meter
    eans = {
        meter.meter_id: meter.identity.meter_ean,
        meter.gas_id: meter.identity.gas_ean,
        meter.water_id: meter.identity.water_ean,
    }
    yield _HEADER
    for before, hour in pairwise(chain([Hour(hours[0].start, household.zero, {})], hours)):
        times = ";".join(f"{time.astimezone(BRUSSELS):%d-%m-%Y;%H:%M:%S}" for time in (hour.start, hour.start + HOUR))
        for key, value in hour.counters.items():
            if key[1] in _REGISTERS:
                kind, register, unit = _REGISTERS[key[1]]
                volume = f"{value - before.counters[key]:.3f}".replace(".", ",")
                yield f'{times};="{eans[key[0]]}";{key[0]};{kind};{register};{volume};{unit};Uitgelezen;'
    yield ""


async def import_rates(api: Api, entities: Entities, hours: Iterable[Hour]) -> None:
    """Import the powers (W) and flows (m³/h) of some hours into the recorder."""
    rows: dict[Key, list[dict[str, Any]]] = {}
    for hour in hours:
        for rate_of, rate in hour.rates.items():
            known = {name: value for name, value in asdict(rate).items() if value is not None}
            rows.setdefault(rate_of, []).append({"start": hour.start.isoformat(), **known})
    for (device, key), some in rows.items():
        if entity_id := entities.find(key, device):
            await _import_rows(api, entity_id, "m³/h" if key == "flow" else "W", some)


async def fill_gap(api: Api, entities: Entities, hours: Sequence[Hour]) -> None:
    """Import the hours in which Home Assistant was off: the integration imports none after its first live hour.

    The recorder alone would show everything counted meanwhile in the hour of the start.
    """
    await import_rates(api, entities, hours)
    ids = {key: entity_id for key in hours[0].counters if (entity_id := entities.find(key[1], key[0]))}
    begins = await _begins(api, ids.values())
    for key, entity_id in ids.items():
        if (begin := begins.get(entity_id)) is not None:
            unit = "m³" if key[1] in ("gas", "water") else "kWh"
            rows = [
                {
                    "start": hour.start.isoformat(),
                    "state": hour.counters[key],
                    "sum": round(hour.counters[key] - begin, 6),
                }
                for hour in hours
            ]
            await _import_rows(api, entity_id, unit, rows)


async def _begins(api: Api, ids: Iterable[str]) -> Mapping[str, float]:
    """Return the zero of the sums of counters: state less sum, by entity id."""
    found = await api.command(
        "recorder/statistics_during_period",
        start_time=(datetime.now(UTC) - LOOK_BACK).isoformat(),
        statistic_ids=list(ids),
        period="5minute",
        types=["state", "sum"],
    )
    return {entity_id: rows[-1]["state"] - rows[-1]["sum"] for entity_id, rows in found.items() if rows}


async def _import_rows(api: Api, entity_id: str, unit: str, rows: list[dict[str, Any]]) -> None:
    """Queue hourly rows of a sensor."""
    is_counter = "sum" in rows[0]
    metadata = {
        "statistic_id": entity_id,
        "source": "recorder",
        "name": None,
        "unit_of_measurement": unit,
        "unit_class": _UNIT_CLASSES[unit],
        "mean_type": 0 if is_counter else 1,
        "has_sum": is_counter,
    }
    await api.command("recorder/import_statistics", metadata=metadata, stats=rows)
