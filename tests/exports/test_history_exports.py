"""What exports say, against what a household really used."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.emucs.exports import ExportError, LiveMeter
from custom_components.emucs.exports.walltime import Day, Grain, day_at, day_of, place
from custom_components.emucs.insight.mbus import Medium
from tests.exports.exports import (
    DUTCH,
    DUTCH_2024,
    EAN,
    ENGLISH,
    GAS_EAN,
    GAS_METER,
    LAYOUTS,
    METER,
    House,
    Interval,
    Layout,
    archive,
    gas_layout,
    lines,
    midnight,
    peak_rows,
    row,
    service,
    table,
)
from tests.exports.reading import (
    EXPORT,
    GAS,
    HERE,
    IMPORT,
    IMPORT_DAY,
    IMPORT_NIGHT,
    known,
    matches,
    read,
    thousandths,
)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("season", ["autumn", "spring"])
def test_quarters_become_the_hours_that_the_household_lived(
    request: pytest.FixtureRequest, tmp_path: Path, season: str, layout: Layout
) -> None:
    house: House = request.getfixturevalue(season)
    content = table(house.intervals(), layout)
    for counter, keys in (
        (IMPORT, ("import_1", "import_2")),
        (EXPORT, ("export_1", "export_2")),
        (IMPORT_DAY, ("import_1",)),
        (IMPORT_NIGHT, ("import_2",)),
    ):
        found = known(tmp_path, content, counter)
        assert thousandths(found.hours) == house.hours(*keys)
        assert not found.parts
        assert not found.days


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("season", ["autumn", "spring"])
def test_gas_counts_once_in_cubic_metres(
    request: pytest.FixtureRequest, tmp_path: Path, season: str, layout: Layout
) -> None:
    house: House = request.getfixturevalue(season)
    content = table(house.intervals(3600, gas=True), gas_layout(layout))
    [found] = matches(read(tmp_path, content))
    assert found.meter.medium is Medium.GAS
    assert thousandths(found.counters[GAS].hours) == house.hours("gas")
    assert list(found.counters) == [GAS]


def test_days_stay_days(autumn: House, tmp_path: Path) -> None:
    found = known(tmp_path, table(autumn.intervals(86400)))
    assert not found.hours
    assert {length for length, _ in found.days.values()} == {24, 25}
    hours = autumn.hours("import_1", "import_2")
    for begin, (length, value) in found.days.items():
        assert value == 1000 * sum(hours[begin + hour] for hour in range(length))
    # In the statistics a day stands in its last hour: there the counter is what it was.
    assert list(found.energies()) == [begin + length - 1 for begin, (length, _) in found.days.items()]


def test_the_service_answers_in_utc(autumn: House, tmp_path: Path) -> None:
    found = known(tmp_path, service(autumn.intervals()), IMPORT, "answer.json")
    assert thousandths(found.hours) == autumn.hours("import_1", "import_2")
    gas = known(tmp_path, service(autumn.intervals(3600, gas=True), GAS_EAN, "G"), GAS, "gas.json")
    assert thousandths(gas.hours) == autumn.hours("gas")
    days = known(tmp_path, service(autumn.intervals(86400)), IMPORT, "days.json")
    assert len(days.days) == 8


def test_the_active_register_of_large_meters_is_the_total(autumn: House, tmp_path: Path) -> None:
    rows = [
        Interval(start, 900, register, used["import_1"] + used["import_2"], unit)
        for start, used in autumn.quarters.items()
        for register, unit in (("import_0", "kWh"), ("Afname Inductief", "kVArh"), ("Afname Capacitief", "kVArh"))
    ]
    readings = read(tmp_path, table(rows))
    [found] = matches(readings)
    assert thousandths(found.counters[IMPORT].hours) == autumn.hours("import_1", "import_2")
    assert list(found.counters) == [IMPORT]
    assert readings.ignored == {
        "Afname Inductief (kVArh)": len(autumn.quarters),
        "Afname Capacitief (kVArh)": len(autumn.quarters),
    }


def test_an_empty_volume_is_no_measurement(autumn: House, tmp_path: Path) -> None:
    gone = midnight(date(2025, 10, 24)) + 5 * 3600
    rows = [replace(each, value=None) if each.start == gone else each for each in autumn.intervals()]
    found = known(tmp_path, table(rows))
    hour = gone // 3600
    assert hour not in found.hours
    quarters = [autumn.quarters[gone + offset] for offset in (900, 1800, 2700)]
    assert found.parts == {hour: (-1, *(1000 * (each["import_1"] + each["import_2"]) for each in quarters))}


def test_estimates_are_marked(autumn: House, tmp_path: Path) -> None:
    start = midnight(date(2025, 10, 24))
    rows = [replace(each, estimated=each.start == start) for each in autumn.intervals()]
    for layout in (DUTCH, ENGLISH):
        assert known(tmp_path, table(rows, layout)).estimated == {start // 3600}
    assert known(tmp_path, service(rows), IMPORT, "answer.json").estimated == {start // 3600}


@pytest.mark.parametrize("measured_first", [True, False])
def test_an_estimate_gives_way_to_what_was_measured(autumn: House, tmp_path: Path, *, measured_first: bool) -> None:
    start = midnight(date(2025, 10, 24))
    rows = list(autumn.intervals())
    guessed = [
        replace(each, value=(each.value or 0) + 7, estimated=True) if each.start == start else each for each in rows
    ]
    order = (rows, guessed) if measured_first else (guessed, rows)
    content = archive({f"{number}.csv": table(each) for number, each in enumerate(order)})
    found = known(tmp_path, content, IMPORT, "both.zip")
    assert thousandths(found.hours) == autumn.hours("import_1", "import_2")
    assert not found.estimated


def test_a_meter_that_was_replaced_goes_on(autumn: House, tmp_path: Path) -> None:
    changed = midnight(date(2025, 10, 25)) + 11 * 3600
    rows = [replace(each, meter="1SAG1100000009") if each.start < changed else each for each in autumn.intervals()]
    [found] = matches(read(tmp_path, table(rows)))
    assert found.meters == ("1SAG1100000009", METER)
    assert thousandths(found.counters[IMPORT].hours) == autumn.hours("import_1", "import_2")


def test_of_several_eans_that_of_the_meter_counts(autumn: House, tmp_path: Path) -> None:
    other = [replace(each, ean="541400000000000097", meter="1SAG1100000009") for each in autumn.intervals()]
    readings = read(tmp_path, table([*other, *autumn.intervals()]))
    [found] = matches(readings)
    assert found.ean == EAN
    assert thousandths(found.counters[IMPORT].hours) == autumn.hours("import_1", "import_2")


def test_a_zip_of_electricity_gas_and_peaks(autumn: House, tmp_path: Path) -> None:
    content = archive(
        {
            "2025/kwartiertotalen.csv": table(autumn.intervals()),
            "2025/uurtotalen.csv": table(autumn.intervals(3600, gas=True), gas_layout()),
            "piek.csv": lines(peak_rows({date(2023, 4, 1): 1713, date(2023, 12, 1): 5200})),
            "leesmij.md": b"not an export",
        }
    )
    electricity, gas = matches(read(tmp_path, content, "all.zip"))
    assert thousandths(electricity.counters[IMPORT].hours) == autumn.hours("import_1", "import_2")
    assert {month: peak.value for month, peak in electricity.peaks.items()} == {
        "2023-04-01": 1_713_000,
        "2023-12-01": 5_200_000,
    }
    assert thousandths(gas.counters[GAS].hours) == autumn.hours("gas")


def test_water_is_told_by_the_type_of_its_meter(autumn: House, tmp_path: Path) -> None:
    rows = [each for each in autumn.intervals(3600, gas=True) if each.unit == "m³"]
    content = table(rows).replace(b"Digitale meter", b"Digitale watermeter")
    [found] = matches(read(tmp_path, content), [LiveMeter(GAS_METER, Medium.WATER, GAS_METER)])
    assert thousandths(found.counters[GAS].hours) == autumn.hours("gas")


def test_columns_may_come_in_any_order(autumn: House, tmp_path: Path) -> None:
    def turned(line: str) -> str:
        return ";".join(reversed(line.split(";")))

    layout = replace(DUTCH, header=turned(DUTCH.header))
    content = lines([turned(row(each)) for each in autumn.intervals()], layout)
    assert thousandths(known(tmp_path, content).hours) == autumn.hours("import_1", "import_2")


# Time.


def test_days_have_as_many_quarters_as_pass() -> None:
    assert [day_of(date(2025, *day)).length for day in ((3, 30), (10, 26), (6, 1))] == [92, 100, 96]
    assert day_at(day_of(date(2025, 10, 26)).begin + 99) == Day(day_of(date(2025, 10, 26)).begin, 100)


@pytest.mark.parametrize(
    ("length", "begin", "end", "expected"),
    [
        (92, 7, 12, (Grain.QUARTER, (7,))),  # 01:45 to 03:00 is a quarter
        (92, 4, 12, (Grain.HOUR, (4,))),  # 01:00 to 03:00 is an hour
        (92, 8, 12, None),  # nothing begins at 02:00
        (100, 11, 8, (Grain.QUARTER, (11,))),  # 02:45 to 02:00 says which it is
        (100, 11, 12, (Grain.QUARTER, (15,))),
        (100, 8, 9, (Grain.QUARTER, (8, 12))),  # 02:00 to 02:15 may be either
        (100, 8, 8, (Grain.HOUR, (8,))),
        (100, 8, 12, (Grain.HOUR, (12,))),
        (96, 8, 8, None),
        (96, 7, 12, None),
        (96, 9, 13, None),  # hours begin with the hour
        (96, 8, 7, None),
    ],
)
def test_intervals_are_placed_by_both_ends(
    length: int, begin: int, end: int, expected: tuple[Grain, tuple[int, ...]] | None
) -> None:
    assert place(length, begin, end, 0) == expected


# What is wrong.


def refused(folder: Path, content: bytes, name: str = "export.csv") -> tuple[str, int]:
    """Return why a file is not taken, and the line."""
    with pytest.raises(ExportError) as caught:
        matches(read(folder, content, name))
    return caught.value.reason, caught.value.line


def good(count: int = 8) -> list[str]:
    """Return lines of an export."""
    start = midnight(date(2025, 6, 1))
    return [row(Interval(start + 900 * number, 900, "import_1", 100 + number)) for number in range(count)]


def changed(old: str, new: str) -> bytes:
    """Return an export whose third line is different."""
    rows = good()
    assert old in rows[1]
    rows[1] = rows[1].replace(old, new, 1)
    return lines(rows)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("not_an_export", 0)),
        (b"Date;Price\r\n1;2\r\n", ("not_an_export", 1)),
        (lines([]), ("empty", 1)),
        (changed("0,101", "0.101"), ("bad_line", 3)),
        (changed("0,101", "-0,101"), ("bad_line", 3)),
        (changed("0,101", "0,1e3"), ("bad_line", 3)),
        (changed("01-06-2025", "31-06-2025"), ("bad_line", 3)),
        (changed("01-06-2025", "06/2025"), ("bad_line", 3)),
        (changed("00:15:00", "00:17:00"), ("bad_line", 3)),
        (changed("00:30:00", "01:15:00"), ("bad_line", 3)),
        (changed("00:30:00", "24:30:00"), ("bad_line", 3)),
        (changed(METER, "M" * 50), ("bad_line", 3)),
        (changed(EAN, "EAN"), ("bad_line", 3)),
        (lines([*good(), good()[0].replace("0,100", "0,200")]), ("conflict", 10)),
        (lines([*good(), DUTCH.header, *good()]), ("mixed", 10)),
        (lines([*good(), row(Interval(midnight(date(2025, 6, 2)), 3600, "import_1", 4))]), ("mixed", 10)),
        (lines([*good(), good()[0] + ";more"]), ("mixed", 10)),
        (lines(good())[:-40], ("truncated", 9)),
        (lines(good())[:-5], ("truncated", 9)),
        (lines(good()).replace(b"Uitgelezen", b"Gevalid\xe9rd"), ("not_text", 2)),
        (lines([*good(), peak_rows({date(2025, 6, 1): 5})[0].replace("01-07-2025", "02-07-2025")]), ("bad_line", 10)),
        (lines([*peak_rows({date(2025, 6, 1): 5}), *peak_rows({date(2025, 6, 1): 6})]), ("conflict", 3)),
    ],
)
def test_errors_name_the_line(tmp_path: Path, content: bytes, expected: tuple[str, int]) -> None:
    reason, line = refused(tmp_path, content)
    assert reason == expected[0]
    assert line == expected[1] or expected[0] == "not_text"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (archive({"a.xlsx": b"x"}), "nothing_in_archive"),
        (archive({"a.csv": lines(good())})[:-60], "not_text"),
        (archive({"a.csv": lines(good())}).replace(b"Afname", b"AfnXme"), "bad_archive"),
        (archive({f"{number}.csv": b"x" for number in range(300)}), "too_large"),
    ],
    # An archive has the time at which it was made.
    ids=["other_files", "cut_off", "damaged", "many_files"],
)
def test_archives_that_are_none(tmp_path: Path, content: bytes, reason: str) -> None:
    if reason == "bad_archive":
        broken = bytearray(content)
        broken[60:70] = bytes(10)
        content = bytes(broken)
    assert refused(tmp_path, content, "all.zip")[0] == reason


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.emucs.exports.files.MOST_BYTES", 1_000_000)
    content = archive({"a.csv": lines(good()) + b"\r\n" * 4_000_000})
    assert len(content) < 20_000
    assert refused(tmp_path, content, "all.zip")[0] == "too_large"


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[1]",
        b'{"data": {"headpoint": 5}}',
        b'{"data": {"headpoint": {"ean": "x"}}}',
        b"[" * 100_000,
        b'{"hourlyEnergy": [1 2]}',
        b'{"hourlyEnergy": [',
        b'{"data": {"headpoint": {"ean": "1", "hourlyEnergy": [5]}}}',
        service([Interval(midnight(date(2025, 6, 1)), 900, "import_1", 1)]).replace(b"2025", b"1925"),
        service([Interval(midnight(date(2025, 6, 1)), 1800, "import_1", 1)]),
        service([Interval(midnight(date(2025, 6, 1)) + 60, 900, "import_1", 1)]),
        service([Interval(midnight(date(2025, 6, 1)), 900, "import_1", 1)]).replace(b"0.001", b'"NaN"'),
        service([Interval(midnight(date(2025, 6, 1)), 900, "import_1", 1)]).replace(b"0.001", b"-1"),
        service([Interval(midnight(date(2025, 6, 1)), 900, "import_1", 1)]).replace(b"Z", b"!"),
    ],
)
def test_json_that_is_no_answer_of_the_service(tmp_path: Path, content: bytes) -> None:
    assert refused(tmp_path, content, "answer.json")[0] == "not_an_export"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.one_of(st.binary(max_size=400), st.text(max_size=300).map(str.encode)))
def test_any_input_is_refused_with_a_reason(tmp_path: Path, content: bytes) -> None:
    for start in (b"", DUTCH_2024.header.encode() + b"\n", b'{"data": '):
        try:
            read(tmp_path, start + content)
        except ExportError:
            continue


def test_the_export_of_another_meter_is_refused(tmp_path: Path) -> None:
    content = lines(good()).replace(METER.encode(), b"1SAG1100000009")
    assert refused(tmp_path, content) == ("wrong_meter", 2)


def test_an_ean_says_more_than_a_number(tmp_path: Path) -> None:
    readings = read(tmp_path, lines(good()))
    [found] = matches(readings, [LiveMeter("x", Medium.ELECTRICITY, "1SAG1100000009", EAN)])
    assert found.certain
    with pytest.raises(ExportError, match="wrong_meter"):
        matches(readings, [LiveMeter("x", Medium.ELECTRICITY, METER, "541400000000000097")])


def test_a_meter_without_a_number_has_to_be_confirmed(tmp_path: Path) -> None:
    readings = read(tmp_path, lines(good()))
    [found] = matches(readings, [LiveMeter("/XXX5", Medium.ELECTRICITY)])
    assert not found.certain
    assert found.counters[IMPORT]
    assert not matches(read(tmp_path, lines(good()).replace(METER.encode(), b"")), HERE)[0].certain


def test_a_number_may_leave_out_the_manufacturer(tmp_path: Path) -> None:
    content = lines(good()).replace(METER.encode(), METER[4:].encode())
    assert matches(read(tmp_path, content))[0].certain
