"""Every format of the operator's data services, against what an industrial site really did."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
import json
from pathlib import Path
from random import Random
import tracemalloc

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.emucs.exports import SeriesFlow, metering_points, read_export
from custom_components.emucs.exports.service_json import MOST_JSON
from custom_components.emucs.insight.mbus import Medium
from tests.exports.exports import archive, midnight
from tests.exports.reading import read, thousandths
from tests.exports.sites import key_of, points, require_truth, series
from virtual_meter.amr_exports import (
    GAS_HEADER,
    HEADER,
    answer,
    csv_file,
    decimal,
    gas_rows,
    load_curve,
    peak_rows,
    row,
    workbook,
)
from virtual_meter.amr_site import (
    CHANNELS,
    DAY,
    ENERGY,
    GAS,
    GAS_METER,
    HALL,
    HEAD,
    HOUR,
    SOLAR,
    VOLUME,
    VREG_ID,
    AmrSite,
    Channel,
)

SEASONS = pytest.mark.parametrize("season", ["site_in_autumn", "site_in_spring"])
OWN = tuple(channel for channel in CHANNELS if channel.ean == HEAD)


def rows(site: AmrSite) -> list[str]:
    """Return the lines of everything electric at a site."""
    return [row(slot) for channel in CHANNELS for slot in site.slots(channel)]


@SEASONS
def test_a_portal_csv_is_split_into_metering_points(
    request: pytest.FixtureRequest, tmp_path: Path, season: str
) -> None:
    site: AmrSite = request.getfixturevalue(season)
    found = points(tmp_path, csv_file(rows(site)))
    require_truth(found, site, CHANNELS)
    assert [point.ean for point in found.values()] == [HEAD, SOLAR, HALL]
    assert {point.description for point in found.values()} == {"Hal 1 | Meting"}


@SEASONS
def test_dates_and_times_as_programs_save_them(request: pytest.FixtureRequest, tmp_path: Path, season: str) -> None:
    site: AmrSite = request.getfixturevalue(season)
    lines = [row(slot, odd=True) for channel in CHANNELS for slot in site.slots(channel)]
    require_truth(points(tmp_path, csv_file(lines)), site, CHANNELS)


@SEASONS
@pytest.mark.parametrize("one_cell", [True, False])
def test_a_workbook_of_the_same_lines(
    request: pytest.FixtureRequest, tmp_path: Path, season: str, *, one_cell: bool
) -> None:
    site: AmrSite = request.getfixturevalue(season)
    content = workbook([HEADER, *rows(site)], one_cell=one_cell)
    require_truth(points(tmp_path, content, "export.xlsx"), site, CHANNELS)


@SEASONS
@pytest.mark.parametrize("shape", ["metering-on-headpoint", "metering-on-meter", "metering-on-headpoint-and-meter"])
def test_an_answer_in_each_shape(request: pytest.FixtureRequest, tmp_path: Path, season: str, shape: str) -> None:
    site: AmrSite = request.getfixturevalue(season)
    found = points(tmp_path, answer(site, CHANNELS, shape=shape), "answer.json")
    require_truth(found, site, CHANNELS)
    assert (found[HEAD].parent, found[SOLAR].parent, found[HALL].parent) == (None, HEAD, HEAD)
    assert found[SOLAR].installation == (VREG_ID, "PV")
    assert found[HALL].installation is None


def test_totals_of_days(site_in_autumn: AmrSite, tmp_path: Path) -> None:
    lines = [row(slot) for channel in CHANNELS for slot in site_in_autumn.slots(channel, DAY)]
    for content, name in (
        (csv_file(lines), "days.csv"),
        (answer(site_in_autumn, CHANNELS, grain=DAY), "days.json"),
        (workbook([HEADER, *lines]), "days.xlsx"),
    ):
        found = points(tmp_path, content, name)
        for channel in CHANNELS:
            known = series(found, channel)
            hours = site_in_autumn.hours(channel)
            assert not known.hours
            assert sorted(length for length, _ in known.days.values()) == [24] * 7 + [25]
            for begin, (length, value) in known.days.items():
                assert value == 1000 * sum(hours[begin + hour] for hour in range(length))


@SEASONS
@pytest.mark.parametrize("channel", [CHANNELS[0], CHANNELS[3], CHANNELS[6], CHANNELS[8]])
def test_a_line_for_each_day(request: pytest.FixtureRequest, tmp_path: Path, season: str, channel: Channel) -> None:
    site: AmrSite = request.getfixturevalue(season)
    name = {"offtake": "Afname", "injection": "Injectie", "production": "Productie", "auxiliary": "Hulpverbruik"}
    for content, file in (
        (load_curve(site, channel), f"AMR_{name[channel.flow]}.csv"),
        (load_curve(site, channel, name[channel.flow]), "export.csv"),
    ):
        require_truth(points(tmp_path, content, file), site, (channel,))


def test_gas_in_both_units_with_its_calorific_value(site_in_autumn: AmrSite, tmp_path: Path) -> None:
    lines = [*gas_rows(site_in_autumn, VOLUME), *gas_rows(site_in_autumn, ENERGY)]
    found = points(tmp_path, csv_file(lines, GAS_HEADER))
    require_truth(found, site_in_autumn, (VOLUME, ENERGY))
    point = found[GAS]
    assert (point.medium, point.numbers) == (Medium.GAS, (GAS_METER,))
    assert point.calorific is not None
    assert thousandths(point.calorific.hours) == {
        start // HOUR: value for start, value in site_in_autumn.calorific.items()
    }


@pytest.mark.parametrize(
    ("name", "replaced"),
    [
        ("Verbruikshistoriek_gas_541400000000000135_20251022_20251030_uurtotalen.csv", "Digitale meter"),
        ("Consumption_history_gas_541400000000000135_20251022_20251030_hourly totals.csv", "Digitale meter"),
        ("Historiek_afname_gas_541400000000000135_20251022_20251030_uurtotalen.csv", "AMR-meter"),
        ("export.csv", "AMR-gasmeter"),
    ],
)
def test_gas_in_kwh_alone_is_still_gas(site_in_autumn: AmrSite, tmp_path: Path, name: str, replaced: str) -> None:
    lines = [line.replace("Digitale meter", replaced) for line in gas_rows(site_in_autumn, ENERGY)]
    plain = [";".join((fields := line.split(";"))[:11] + fields[12:]) for line in lines]
    require_truth(points(tmp_path, csv_file(plain), name), site_in_autumn, (ENERGY,))


@pytest.mark.parametrize("name", ["export.csv", "Historiek_elektriciteit_gasthuis.csv", "gas.csv"])
def test_electricity_is_not_taken_for_gas(site_in_autumn: AmrSite, tmp_path: Path, name: str) -> None:
    content = csv_file(row(slot) for slot in site_in_autumn.slots(CHANNELS[0]))
    require_truth(points(tmp_path, content, name), site_in_autumn, CHANNELS[:1])


def test_month_peaks_by_flow(tmp_path: Path) -> None:
    peaks = {"2025-08-01": 412_500, "2025-12-01": 398_004}
    for register, flow in (
        ("Piekvermogen", SeriesFlow.IMPORT),
        ("Piekvermogen Afname", SeriesFlow.IMPORT),
        ("Afname Piekvermogen", SeriesFlow.IMPORT),
        ("Piekvermogen Productie", SeriesFlow.PRODUCTION),
        ("Hulpverbruik Piekvermogen", SeriesFlow.AUXILIARY),
        ("Injectie Piekvermogen", SeriesFlow.EXPORT),
    ):
        for unit in ("kW", "kWh"):
            found = points(tmp_path, csv_file(peak_rows(peaks, HEAD, register, unit)))
            months = found[HEAD].peaks
            assert {month: (each.value // 1000, each.unit) for month, each in months[flow].items()} == {
                month: (value, unit) for month, value in peaks.items()
            }
            assert list(months) == [flow]


def test_a_zip_of_everything(site_in_autumn: AmrSite, tmp_path: Path) -> None:
    peaks = site_in_autumn.peaks(CHANNELS[0])
    content = archive(
        {
            "Historiek_afname.csv": csv_file(row(slot) for each in OWN[:3] for slot in site_in_autumn.slots(each)),
            "Historiek_injectie.csv": csv_file(row(slot) for each in OWN[3:] for slot in site_in_autumn.slots(each)),
            "submeting.json": answer(site_in_autumn, CHANNELS),
            "AMR_Productie.csv": load_curve(site_in_autumn, CHANNELS[6]),
            "piek.csv": csv_file(peak_rows(dict.fromkeys(peaks, 500_000), HEAD)),
            "gas.csv": csv_file([*gas_rows(site_in_autumn, ENERGY), *gas_rows(site_in_autumn, VOLUME)], GAS_HEADER),
        }
    )
    # What is in several files counts once.
    found = points(tmp_path, content, "all.zip")
    require_truth(found, site_in_autumn, (*CHANNELS, VOLUME, ENERGY))
    assert {month: peak.value for month, peak in found[HEAD].peaks[SeriesFlow.IMPORT].items()} == {
        "2025-10-01": 500_000_000
    }


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_rows_in_no_order_keep_everything_but_the_repeated_hours_apart(
    site_in_autumn: AmrSite, tmp_path: Path, seed: int
) -> None:
    lines = rows(site_in_autumn)
    Random(seed).shuffle(lines)  # noqa: S311 -- an order, not a secret
    found = points(tmp_path, csv_file(lines))
    begin = midnight(date(2025, 10, 26)) // HOUR
    repeated = {begin + 2, begin + 3}
    for channel in CHANNELS:
        truth, known = site_in_autumn.hours(channel), series(found, channel).hours
        assert known.keys() == truth.keys()
        assert all(known[hour] == 1000 * value for hour, value in truth.items() if hour not in repeated)
        assert sum(known[hour] for hour in repeated) == 1000 * sum(truth[hour] for hour in repeated)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(cuts=st.lists(st.integers(1, 7), max_size=3), kinds=st.lists(st.sampled_from(["csv", "json"]), min_size=4))
def test_pieces_in_several_formats_give_the_same(
    site_in_autumn: AmrSite, tmp_path: Path, cuts: list[int], kinds: list[str]
) -> None:
    """Pieces end at midnight, and each doubles the day before it."""
    days = [date(2025, 10, 22) + timedelta(each) for each in sorted({0, *cuts, 8})]
    files = {}
    for number, ((first, last), kind) in enumerate(zip(pairwise(days), kinds, strict=False)):
        begin, end = midnight(first - timedelta(1)), midnight(last)
        counted = {
            channel: {start: value for start, value in values.items() if begin <= start < end}
            for channel, values in site_in_autumn.counted.items()
        }
        piece = AmrSite(counted, site_in_autumn.calorific)
        if kind == "json":
            files[f"{number}.json"] = answer(piece, CHANNELS)
        else:
            files[f"{number}.csv"] = csv_file(rows(piece))
    require_truth(points(tmp_path, archive(files), "all.zip"), site_in_autumn, CHANNELS)


def test_a_validated_value_takes_the_place_of_one_that_was_not(site_in_autumn: AmrSite, tmp_path: Path) -> None:
    [*slots] = site_in_autumn.slots(CHANNELS[0])
    first = [row(replace(slot, value=slot.value + 7), state="Ongevalideerd") for slot in slots]
    final = [row(slot) for slot in slots]
    for files in (
        {"a.csv": csv_file(first), "b.csv": csv_file(final)},
        {"a.csv": csv_file(final), "b.csv": csv_file(first)},
    ):
        require_truth(points(tmp_path, archive(files), "all.zip"), site_in_autumn, CHANNELS[:1])
    readings = read(tmp_path, csv_file(first))
    [point] = metering_points(readings)
    assert point.series[key_of(CHANNELS[0])].provisional == set(site_in_autumn.hours(CHANNELS[0]))
    assert readings.unknown_states == {"Ongevalideerd"}


def test_the_same_value_becomes_final_when_it_is_validated(site_in_autumn: AmrSite, tmp_path: Path) -> None:
    slots = list(site_in_autumn.slots(CHANNELS[0]))
    files = {
        "a.csv": csv_file(row(slot, state="Ongevalideerd") for slot in slots),
        "b.csv": csv_file(row(slot) for slot in slots[:-4]),
    }
    known = series(points(tmp_path, archive(files), "all.zip"), CHANNELS[0])
    assert known.provisional == {slots[-1].start // HOUR}


def test_energy_of_gas_with_a_provisional_factor_is_provisional(tmp_path: Path) -> None:
    start = midnight(date(2025, 6, 2))

    def slice_of(factor: str, value: float) -> bytes:
        energy = {"value": value, "unit": "kWh", "validationState": "VAL", "gasConversionFactor": factor}
        volume = {"value": 1.2, "unit": "m3", "validationState": "VAL"}
        interval = {
            "start": "2025-06-01T22:00:00Z",
            "end": "2025-06-01T23:00:00Z",
            "measurements": [{"offtake": {"total": volume}}, {"offtake": {"total": energy}}],
        }
        meter = {"seqNumber": 1, "meterID": GAS_METER, "hourlyEnergy": [interval]}
        head = {"$type": "metering-on-meter", "ean": GAS, "energyType": "G", "physicalMeters": [meter]}
        return json.dumps({"data": {"headpoint": head}}).encode()

    known = series(points(tmp_path, slice_of("P", 13.1), "a.json"), ENERGY)
    assert (known.hours, known.provisional) == ({start // HOUR: 13_100_000}, {start // HOUR})
    both = archive({"a.json": slice_of("D", 13.4), "b.json": slice_of("P", 13.1)})
    found = points(tmp_path, both, "all.zip")
    known = series(found, ENERGY)
    assert (known.hours, known.provisional) == ({start // HOUR: 13_400_000}, set())
    assert series(found, VOLUME).hours == {start // HOUR: 1_200_000}


def test_an_empty_volume_is_no_measurement(site_in_autumn: AmrSite, tmp_path: Path) -> None:
    slots = list(site_in_autumn.slots(CHANNELS[1]))
    value = decimal(slots[5].value)
    lines = [row(slot) for slot in slots]
    lines[5] = lines[5].replace(f";{value};kVArh;Gevalideerd", ";;kVArh;Geen gegevens")
    known = series(points(tmp_path, csv_file(lines)), CHANNELS[1])
    hour = slots[5].start // HOUR
    assert hour not in known.hours
    assert known.parts[hour][1] == -1


@pytest.mark.parametrize("name", ["site.csv", "site.json"])
def test_a_site_takes_little_memory(site_in_autumn: AmrSite, tmp_path: Path, name: str) -> None:
    content = csv_file(rows(site_in_autumn)) if name.endswith("csv") else answer(site_in_autumn, CHANNELS)
    path = tmp_path / name
    path.write_bytes(content)
    tracemalloc.start()
    try:
        readings = read_export(path)
        kept, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Eight bytes for each quarter, and what each day and each text costs once.
    assert kept < 20 * len(CHANNELS) * len(site_in_autumn.counted[CHANNELS[0]])
    # An answer is read as a whole, into room for the largest one.
    assert most < kept + 4 * len(content) + (MOST_JSON if name.endswith("json") else 0)
    assert len(metering_points(readings)) == 3
