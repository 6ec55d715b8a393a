"""Metering points of exports: what is split, what is counted once, what is left out by name."""

from datetime import date
from itertools import permutations
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.emucs.exports import (
    ExportError,
    ExportUnit,
    Installation,
    Quantity,
    SeriesFlow,
    SeriesKey,
    metering_points,
    read_export,
)
from custom_components.emucs.insight.mbus import Medium
from tests.exports.exports import (
    EAN,
    GAS_EAN,
    GAS_METER,
    METER,
    House,
    Interval,
    archive,
    gas_layout,
    midnight,
    row,
    service,
    table,
)
from tests.exports.reading import HERE, matches, read, thousandths
from tests.exports.sites import points
from tests.exports.small import HOURS, START, good
from tests.support import SHARED
from virtual_meter.amr_exports import csv_file

OTHER = "541400000000000097"
IMPORT = SeriesKey(Quantity.ACTIVE, SeriesFlow.IMPORT)
EXPORT = SeriesKey(Quantity.ACTIVE, SeriesFlow.EXPORT)
QUARTER = {"value": 0.25, "unit": "kWh", "validationState": "VAL"}


def line(register: str, unit: str, *, ean: str = EAN, meter: str = "", number: int = 0, value: int | None = 250) -> str:
    """Return the line of a quarter."""
    return row(Interval(START + 900 * number, 900, register, value, unit, ean=ean, meter=meter))


def slots(measurement: dict[str, Any], count: int = 8) -> list[dict[str, Any]]:
    """Return quarters of an answer."""
    answer = json.loads(service([Interval(START + 900 * n, 900, "import_0", 0) for n in range(count)]))
    [meter] = answer["data"]["headpoint"]["physicalMeters"]
    return [{**each, "measurements": [measurement]} for each in meter["quarterHourlyEnergy"]]


def answer(kind: str = "metering-on-headpoint", **parts: Any) -> bytes:
    """Return an answer for one access point."""
    return json.dumps({"data": {"headpoint": {"$type": kind, "ean": EAN, "energyType": "E", **parts}}}).encode()


# Homes.


def test_a_home_is_a_metering_point_with_its_tariffs(autumn: House, tmp_path: Path) -> None:
    content = archive(
        {"e.csv": table(autumn.intervals()), "g.csv": table(autumn.intervals(3600, gas=True), gas_layout())}
    )
    found = points(tmp_path, content, "all.zip")
    home, gas = found[EAN], found[GAS_EAN]
    assert (home.medium, home.numbers, home.description, home.parent) == (Medium.ELECTRICITY, (METER,), None, None)
    for flow, word in ((SeriesFlow.IMPORT, "import"), (SeriesFlow.EXPORT, "export")):
        for tariff, keys in ((0, (f"{word}_1", f"{word}_2")), (1, (f"{word}_1",)), (2, (f"{word}_2",))):
            known = home.series[SeriesKey(Quantity.ACTIVE, flow, tariff)]
            assert thousandths(known.hours) == autumn.hours(*keys)
    assert (gas.medium, gas.numbers) == (Medium.GAS, (GAS_METER,))
    volume = gas.series[SeriesKey(Quantity.GAS_VOLUME, SeriesFlow.IMPORT, 0, ExportUnit.VOLUME)]
    energy = gas.series[SeriesKey(Quantity.GAS_ENERGY, SeriesFlow.IMPORT)]
    assert thousandths(volume.hours) == autumn.hours("gas")
    assert thousandths(energy.hours) == {hour: value * 11 for hour, value in autumn.hours("gas").items()}
    assert gas.calorific is None


def test_the_water_of_an_export_is_water(tmp_path: Path) -> None:
    lines = [
        row(Interval(START + 3600 * n, 3600, "Verbruik", 120, "m³", ean=OTHER)).replace("Digitale meter", "Watermeter")
        for n in range(2)
    ]
    [point] = points(tmp_path, csv_file(lines)).values()
    assert point.medium is Medium.WATER
    assert list(point.series) == [SeriesKey(Quantity.WATER, SeriesFlow.IMPORT, 0, ExportUnit.VOLUME)]


# Reactive energy is no active energy.


@pytest.mark.parametrize(
    ("register", "unit"),
    [
        ("Afname Inductief", "kWh"),
        ("Afname Reactief", "kWh"),
        ("Afname Actief", "kVArh"),
        ("Afname Dag", "kVArh"),
        ("Productie Actief", "kVA"),
        ("Afname Actief", "kW"),
        ("Afname Schijnbaar", "kVAh"),
        ("Productie", "kWh"),
    ],
)
def test_a_unit_that_does_not_fit_is_in_no_series(tmp_path: Path, register: str, unit: str) -> None:
    lines = [line(register, unit, number=number) for number in range(4)]
    readings = read(tmp_path, csv_file([*good(), *lines]))
    assert readings.ignored == readings.unread == {f"{register} ({unit})": 4}
    [point] = metering_points(readings)
    assert all(key.quantity is Quantity.ACTIVE and key.flow is SeriesFlow.IMPORT for key in point.series)
    assert thousandths(point.series[IMPORT].hours) == HOURS
    with pytest.raises(ExportError) as caught:
        read(tmp_path, csv_file(lines))
    assert (caught.value.reason, caught.value.detail) == ("nothing_counted", f"{register} ({unit})")


@pytest.mark.parametrize("word", ["Afname", "Injectie", "Productie", "Hulpverbruik"])
@pytest.mark.parametrize("kind", ["Reactief", "Inductief", "Capacitief"])
@pytest.mark.parametrize("unit", ["kVArh", "kvarh", "KVARH"])
def test_each_register_of_reactive_energy_is_a_series(tmp_path: Path, word: str, kind: str, unit: str) -> None:
    lines = [line(f"{word} {kind}", unit, number=number) for number in range(8)]
    readings = read(tmp_path, csv_file(lines))
    [point] = metering_points(readings)
    [(key, known)] = point.series.items()
    assert (key.unit, thousandths(known.hours)) == (ExportUnit.REACTIVE, HOURS)
    # A meter at the port does not count it.
    assert readings.ignored == {f"{word} {kind} ({unit})": 8}
    with pytest.raises(ExportError) as caught:
        matches(readings, HERE)
    assert caught.value.reason == "nothing_counted"


# Several meters and several files of one access point.


def test_an_access_point_is_the_sum_of_meters_that_count_beside_each_other(tmp_path: Path) -> None:
    lines = [line("Afname Dag", "kWh", meter=meter, number=n) for meter in ("1SAG1", "1SAG2") for n in range(8)]
    [point] = points(tmp_path, csv_file(lines)).values()
    assert point.numbers == ("1SAG1", "1SAG2")
    assert thousandths(point.series[IMPORT].hours) == {hour: 2 * value for hour, value in HOURS.items()}


def test_meters_that_go_on_for_days_beside_each_other_are_added(tmp_path: Path) -> None:
    lines = [
        row(Interval(START + 900 * n, 900, "Afname Actief", 250, "kWh", meter=meter))
        for meter in ("1SAG1", "1SAG2")
        for n in range(96 * 4)
    ]
    [point] = points(tmp_path, csv_file(lines)).values()
    assert set(thousandths(point.series[IMPORT].hours).values()) == {2000}


def test_a_meter_that_was_replaced_is_not_added(tmp_path: Path) -> None:
    changed = 30
    lines = [
        row(Interval(START + 900 * n, 900, "Afname Actief", 250, "kWh", meter="1SAG1" if n <= changed else "1SAG2"))
        for n in range(96)
    ]
    lines.append(row(Interval(START + 900 * changed, 900, "Afname Actief", 250, "kWh", meter="1SAG2")))
    [point] = points(tmp_path, csv_file(lines)).values()
    assert point.numbers == ("1SAG1", "1SAG2")
    assert set(thousandths(point.series[IMPORT].hours).values()) == {1000}


def test_what_the_access_point_counts_is_not_added_to_its_meters(tmp_path: Path) -> None:
    whole = [line("Afname Actief", "kWh", number=n) for n in range(4)]
    parts = [line("Afname Actief", "kWh", meter="1SAG1", number=n, value=250) for n in range(8)]
    for order in ((whole, parts), (parts, whole)):
        content = archive({f"{n}.csv": csv_file(lines) for n, lines in enumerate(order)})
        [point] = points(tmp_path, content, "all.zip").values()
        assert thousandths(point.series[IMPORT].hours) == HOURS


def test_a_metering_point_without_an_ean_is_one_too(tmp_path: Path) -> None:
    [point] = points(tmp_path, csv_file(line("Afname Actief", "kWh", ean="", number=n) for n in range(8))).values()
    assert (point.ean, thousandths(point.series[IMPORT].hours)) == ("", HOURS)


def test_metering_points_without_a_value_are_left_out(tmp_path: Path) -> None:
    empty = [line("Productie Actief", "kWh", ean=OTHER, number=n, value=None) for n in range(8)]
    assert list(points(tmp_path, csv_file([*empty, *good()]))) == [EAN]


# Answers of the service.


def test_a_submeter_is_never_taken_for_the_meter(tmp_path: Path) -> None:
    below = {"$type": "submetering-offtake", "ean": OTHER, "seqNumber": 1, "vregId": None, "type": None}
    content = answer(
        quarterHourlyEnergy=slots({"injection": {"total": QUARTER}}),
        subHeadpoints=[{**below, "quarterHourlyEnergy": slots({"offtake": {"total": {**QUARTER, "value": 9}}})}],
    )
    readings = read(tmp_path, content, "answer.json")
    [found] = matches(readings)
    assert (found.ean, [key.direction for key in found.counters]) == (EAN, ["export"])
    head, behind = metering_points(readings)
    assert (head.ean, head.parent, list(head.series)) == (EAN, None, [EXPORT])
    assert (behind.ean, behind.parent, behind.installation, list(behind.series)) == (OTHER, EAN, None, [IMPORT])
    assert readings.ignored == {"submetering-offtake": 1}


def test_what_produces_is_known_by_its_number_and_kind(tmp_path: Path) -> None:
    below = {"$type": "submetering-production", "ean": OTHER, "seqNumber": 1, "vregId": "G00000017", "type": "WND"}
    content = answer(subHeadpoints=[{**below, "quarterHourlyEnergy": slots({"production": {"total": QUARTER}})}])
    [point] = points(tmp_path, content, "answer.json").values()
    assert point.installation == Installation("G00000017", "WND")
    assert thousandths(point.series[SeriesKey(Quantity.ACTIVE, SeriesFlow.PRODUCTION)].hours) == HOURS


@pytest.mark.parametrize("ean", [None, "", EAN])
def test_a_submeter_without_an_ean_of_its_own_is_left_out_by_name(tmp_path: Path, ean: str | None) -> None:
    below = {
        "$type": "submetering-production",
        "ean": ean,
        "quarterHourlyEnergy": slots({"production": {"total": QUARTER}}),
    }
    content = answer(quarterHourlyEnergy=slots({"offtake": {"total": QUARTER}}), subHeadpoints=[below])
    readings = read(tmp_path, content, "answer.json")
    assert readings.unread == {"submetering-production": 1}
    [point] = metering_points(readings)
    assert list(point.series) == [IMPORT]


def test_what_the_access_point_alone_tells_is_added_to_what_its_meter_tells(tmp_path: Path) -> None:
    reactive = {"value": 0.25, "unit": "KVArh", "validationState": "NVAL"}
    content = answer(
        "metering-on-headpoint-and-meter",
        quarterHourlyEnergy=slots({"offtake": {"total": QUARTER, "inductive": reactive}}),
        physicalMeters=[{"meterID": METER, "quarterHourlyEnergy": slots({"offtake": {"total": QUARTER}})}],
    )
    [point] = points(tmp_path, content, "answer.json").values()
    inductive = SeriesKey(Quantity.INDUCTIVE, SeriesFlow.IMPORT, 0, ExportUnit.REACTIVE)
    assert thousandths(point.series[IMPORT].hours) == thousandths(point.series[inductive].hours) == HOURS
    assert (point.series[IMPORT].provisional, point.series[inductive].provisional) == (set(), set(HOURS))
    assert point.numbers == (METER,)


@pytest.mark.parametrize("unit", ["kVA", "KW", "kVAh", "", None, "m3/h"])
def test_units_that_are_no_volume_are_left_out_by_name(tmp_path: Path, unit: str | None) -> None:
    other = {"value": 1, "unit": unit}
    content = answer(quarterHourlyEnergy=slots({"offtake": {"total": QUARTER, "reactive": other}}))
    readings = read(tmp_path, content, "answer.json")
    assert readings.unread == {f"offtake reactive ({unit or ''})": 8}


# Reports that cannot be hours.


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), "old_workbook"),
        (csv_file([line("Afname Dag", "kWh").replace("02-06-2025;00:15", "02-06-2026;00:00")]), "month_totals"),
        (b"EAN;Jaar;Verbruik dag;Verbruik nacht\r\n5414;2024;1200;900\r\n", "not_an_export"),
        (
            f"Van datum;Tot datum;EAN;Register;Volume;Eenheid\r\n01-01-2024;01-01-2025;{EAN};Afname;1;kWh\r\n".encode(),
            "dates_only",
        ),
        (b"<html><table><tr><td>EAN</td></tr></table></html>", "not_an_export"),
    ],
)
def test_a_history_of_years_is_refused_by_name(tmp_path: Path, content: bytes, reason: str) -> None:
    for data, name in ((content, "history.csv"), (archive({"history.csv": content}), "all.zip")):
        with pytest.raises(ExportError) as caught:
            read(tmp_path, data, name)
        assert (caught.value.reason, caught.value.file) == (reason, "history.csv")


# Files as people have them.


@pytest.mark.skipif(not SHARED.exists(), reason="the shared cases are not here")
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "amr_reactive_and_active.csv",
            {("active", "import"): 12716, ("capacitive", "import"): 604, ("inductive", "import"): 204},
        ),
        ("submeter_productie.csv", {("active", "production"): 6000}),
        ("gas_P.json", {("gas_volume", "import"): 1200, ("gas_energy", "import"): 13100}),
        ("headpoint_quarters.json", {("active", "import"): 1000, ("active", "export"): 400}),
        ("headpoint_and_meter_same_energy_twice.json", {("active", "import"): 1000}),
    ],
)
def test_a_shared_case_becomes_its_series(name: str, wanted: dict[tuple[str, str], int]) -> None:
    [point] = metering_points(read_export(SHARED / "cases" / "history" / name))
    found = {
        (str(key.quantity), str(key.flow)): sum(thousandths(known.hours).values())
        for key, known in point.series.items()
    }
    assert found == wanted


def test_every_day_of_the_change_of_the_clock_has_its_hours(tmp_path: Path) -> None:
    for day, hours in ((date(2025, 3, 30), 23), (date(2025, 10, 26), 25)):
        begin = midnight(day)
        lines = [row(Interval(begin + 900 * n, 900, "Injectie Capacitief", 250, "kVArh")) for n in range(hours * 4)]
        [point] = points(tmp_path, csv_file(lines)).values()
        [known] = point.series.values()
        assert thousandths(known.hours) == {begin // 3600 + hour: 1000 for hour in range(hours)}


@pytest.mark.parametrize("register", ["Afname Actief", "Hulpverbruik Inductief"])
def test_a_conflict_names_the_ean_the_register_and_the_line(tmp_path: Path, register: str) -> None:
    unit = "kWh" if register.endswith("Actief") else "kVArh"
    content = csv_file([*good(), line(register, unit, ean=OTHER), line(register, unit, ean=OTHER, value=251)])
    with pytest.raises(ExportError) as caught:
        read(tmp_path, content)
    error = caught.value
    assert (error.reason, error.line, error.detail) == ("conflict", 11, f"{OTHER} {register} ({unit})")
    other = {"value": 9, "unit": "kWh"}
    intervals = slots({"production": {"total": QUARTER}}) + slots({"production": {"total": other}}, 1)
    with pytest.raises(ExportError) as caught:
        read(tmp_path, answer(quarterHourlyEnergy=intervals), "answer.json")
    assert (caught.value.reason, caught.value.detail) == ("conflict", f"{EAN} production total (kWh)")


def test_a_value_gives_way_to_what_is_more_final_and_to_nothing_else(tmp_path: Path) -> None:
    states = ("Geschat", "Ongevalideerd", "Gevalideerd")
    files = {
        state: csv_file(
            line("Afname Actief", "kWh", number=n, value=250 + index).replace("Uitgelezen", state) for n in range(8)
        )
        for index, state in enumerate(states)
    }
    for order in permutations(states):
        for count in (1, 2, 3):
            best = max(order[:count], key=states.index)
            content = archive({f"{n}.csv": files[state] for n, state in enumerate(order[:count])})
            [point] = points(tmp_path, content, "all.zip").values()
            known = point.series[IMPORT]
            assert thousandths(known.hours) == {hour: value + 4 * states.index(best) for hour, value in HOURS.items()}
            assert known.estimated == (set(HOURS) if best == "Geschat" else set())
            assert known.provisional == (set(HOURS) if best == "Ongevalideerd" else set())


def test_access_points_within_each_other_end(tmp_path: Path) -> None:
    for depth, is_read in ((5, True), (25, False)):
        part: dict[str, Any] = {}
        for number in range(depth):
            ean = f"5414000000001{number:05d}"
            intervals = slots({"offtake": {"total": QUARTER}})
            part = {
                "$type": "submetering-offtake",
                "ean": ean,
                "quarterHourlyEnergy": intervals,
                "subHeadpoints": [part] if part else None,
            }
        content = answer(quarterHourlyEnergy=slots({"offtake": {"total": QUARTER}}), subHeadpoints=[part])
        if is_read:
            found = points(tmp_path, content, "answer.json")
            assert len(found) == depth + 1
            assert found["541400000000100000"].parent == "541400000000100001"
        else:
            with pytest.raises(ExportError) as caught:
                read(tmp_path, content, "answer.json")
            assert (caught.value.reason, caught.value.detail) == ("not_an_export", "subHeadpoints")
