"""What people and programs do to exports: quotes, blank lines, other clocks, other reports."""

from datetime import date
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.emucs.exports import ExportError, LiveMeter
from custom_components.emucs.insight.mbus import Medium
from tests.exports.exports import (
    DUTCH,
    DUTCH_2024,
    EAN,
    GAS_EAN,
    GAS_METER,
    METER,
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
from tests.exports.reading import IMPORT, known, matches, read, thousandths
from tests.exports.small import HOURS, START, good, imported, quarters, refused

# Free text, and quotes.


@pytest.mark.parametrize("text", ['"t Hoekske', '"', '""', 'de "grote" zaal', '"Bureau"', '"Bureau; boven"', "'", 'x"'])
@pytest.mark.parametrize("places", [range(8), range(1), range(3, 4), range(7, 8), range(0, 8, 2)])
def test_free_text_swallows_no_rows(tmp_path: Path, text: str, places: range) -> None:
    rows = [each + text if number in places else each for number, each in enumerate(good())]
    assert imported(tmp_path, lines(rows)) == HOURS
    assert imported(tmp_path, lines(rows).removesuffix(b"\r\n")) == HOURS


def test_a_quote_in_the_type_of_the_meter_swallows_nothing(tmp_path: Path) -> None:
    assert imported(tmp_path, lines(each.replace("Digitale", '"Digitale') for each in good())) == HOURS


def test_all_fields_may_be_quoted(tmp_path: Path) -> None:
    def quoted(line: str) -> str:
        return ";".join('"{}"'.format(text.replace('"', '""')) for text in line.split(";"))

    content = b"\r\n".join(quoted(line).encode() for line in (DUTCH.header, *good()))
    [found] = matches(read(tmp_path, content))
    assert (found.ean, found.certain) == (EAN, True)
    assert thousandths(found.counters[IMPORT].hours) == HOURS


def test_a_row_within_one_pair_of_quotes_is_still_a_row(tmp_path: Path) -> None:
    content = "\r\n".join('"{}"'.format(line.replace('"', '""')) for line in (DUTCH.header, *good())).encode()
    assert imported(tmp_path, content) == HOURS


# Where a file ends.


@pytest.mark.parametrize("layout", [DUTCH, DUTCH_2024])
@pytest.mark.parametrize("end", ["\r\n", ""])
@pytest.mark.parametrize("state", ["Herrekend", "Ongevalideerd", "X"])
def test_a_new_status_in_the_last_row_is_a_status(tmp_path: Path, layout: Layout, end: str, state: str) -> None:
    rows = good(layout)
    rows[-1] = rows[-1].replace(layout.read, state)
    readings = read(tmp_path, lines(rows, layout).rstrip(b"\r\n") + end.encode())
    assert readings.unknown_states == {state}
    [found] = matches(readings)
    assert thousandths(found.counters[IMPORT].hours) == HOURS


@pytest.mark.parametrize("layout", [DUTCH, DUTCH_2024])
def test_a_file_that_breaks_off_is_refused_or_has_lost_no_value(tmp_path: Path, layout: Layout) -> None:
    content = lines(good(layout), layout)
    refusals = set()
    for cut in range(1, len(good(layout)[-1])):
        last = content[:-cut].decode("utf-8-sig").split("\n")[-1]
        if not last or last.endswith((f"{layout.read};", f"{layout.read};\r", "Gevalideerd")):
            # Only the line end is lost, or a part of it.
            assert imported(tmp_path, content[:-cut]) == HOURS
        else:
            error = refused(tmp_path, content[:-cut])
            refusals.add((error.reason, error.line))
    assert refusals == {("truncated", 9)}


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_a_word_that_is_cut_off_is_no_new_status(tmp_path: Path, cut: int) -> None:
    content = lines(good(DUTCH_2024), DUTCH_2024).removesuffix(b"\n")
    assert refused(tmp_path, content[:-cut]).reason == "truncated"
    # With a line end, it is what the portal wrote.
    assert imported(tmp_path, content[:-cut] + b"\n") == HOURS


def test_a_last_volume_without_a_line_end_may_have_lost_digits(tmp_path: Path) -> None:
    header = "Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN;Meter;Register;Eenheid;Volume"
    rows = [";".join((*(fields := each.split(";"))[:6], fields[7], fields[9], fields[8])) for each in good()]
    content = "\n".join((header, *rows)).encode()
    assert imported(tmp_path, content + b"\n") == HOURS
    assert refused(tmp_path, content).reason == "truncated"
    assert refused(tmp_path, content[:-1]).reason == "truncated"


@pytest.mark.parametrize(
    "blank", ["", "   ", ";;;;;;;;;;;", '"";"";"";"";"";"";"";"";"";"";"";""', ";", "\ufeff", "\t"]
)
def test_blank_rows_are_no_rows(tmp_path: Path, blank: str) -> None:
    rows = [each for pair in zip(good(), [blank] * 8, strict=True) for each in pair]
    readings = read(tmp_path, lines([*rows, blank, blank]))
    assert readings.rows == 8
    assert not readings.ignored
    assert imported(tmp_path, lines([*rows, blank, blank])) == HOURS


@pytest.mark.parametrize("above", ["sep=;\r\n", "SEP=;\n", "\r\n", '"sep=;"\r\n\r\n'])
def test_what_stands_above_the_header_is_passed_over(tmp_path: Path, above: str) -> None:
    content = above.encode() + lines(good()).removeprefix(b"\xef\xbb\xbf")
    assert imported(tmp_path, content) == HOURS
    assert imported(tmp_path, b"\xef\xbb\xbf" + content) == HOURS
    wrong = content.replace(b"0,250", b"0,2x0", 1)
    assert refused(tmp_path, wrong).line == above.count("\n") + 2


@pytest.mark.parametrize("footer", [";;;;;;;Totaal;2,000;kWh;;", "Totaal;;;;;;;;2,000;kWh;;", ";;;;;;;;2,000;;;"])
def test_a_sum_below_the_table_is_left_out_by_name(tmp_path: Path, footer: str) -> None:
    content = lines([*good(), footer])
    readings = read(tmp_path, content)
    assert readings.rows == 8
    assert list(readings.ignored.values()) == [1]
    assert imported(tmp_path, content) == HOURS


@pytest.mark.parametrize("footer", [";;;;;;;Afname Dag;2,000;kWh;;", ";;;;;;;Piekvermogen;2,000;kW;;"])
def test_a_measurement_without_a_time_is_no_sum(tmp_path: Path, footer: str) -> None:
    error = refused(tmp_path, lines([*good(), footer]))
    assert (error.reason, error.line) == ("bad_line", 10)


# Clocks, dates and letters.


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["", "\r\n", "\n"])
def test_utf_16_says_itself_what_it_is(tmp_path: Path, encoding: str, end: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    text = mark + "\r\n".join((DUTCH.header, *good())) + end
    assert imported(tmp_path, text.encode(encoding)) == HOURS
    answer = (mark + service(quarters()).decode()).encode(encoding)
    assert imported(tmp_path, answer, "answer.json") == HOURS


def test_fields_may_have_blanks_around_them(tmp_path: Path) -> None:
    for blank in (" ", "\xa0", "\t"):
        rows = [";".join(f"{blank}{text}{blank}" for text in each.split(";")) for each in good()]
        assert imported(tmp_path, lines(rows)) == HOURS


def test_times_and_dates_may_have_one_digit(tmp_path: Path) -> None:
    rows = [each.replace("02-06-2025;0", "2/6/2025;").replace(":00;", ";") for each in good()]
    assert rows[1].startswith("2/6/2025;0:15;2/6/2025;0:30;")
    assert imported(tmp_path, lines(rows)) == HOURS


@pytest.mark.parametrize("day", [date(2025, 6, 1), date(2025, 3, 30), date(2025, 10, 26), date(2025, 12, 31)])
def test_a_day_may_end_at_24_hours(tmp_path: Path, day: date) -> None:
    end = midnight(date.fromordinal(day.toordinal() + 1))
    following = f"{date.fromordinal(day.toordinal() + 1):%d-%m-%Y};00:00:00"
    last = [row(Interval(end - 900 * number, 900, "import_1", 250)) for number in (4, 3, 2, 1)]
    assert following in last[-1]
    last[-1] = last[-1].replace(following, f"{day:%d-%m-%Y};24:00:00")
    assert imported(tmp_path, lines(last)) == {end // 3600 - 1: 1000}
    whole = row(Interval(midnight(day), end - midnight(day), "import_1", 5000))
    found = known(tmp_path, lines([whole.replace(following, f"{day:%d-%m-%Y};24:00")]))
    assert found.days == {midnight(day) // 3600: ((end - midnight(day)) // 3600, 5_000_000)}


@pytest.mark.parametrize(("old", "new"), [("00:15:00", "24:00:00"), ("00:30:00", "24:15:00"), ("00:30:00", "25:00:00")])
def test_24_hours_end_a_day_and_begin_none(tmp_path: Path, old: str, new: str) -> None:
    rows = good()
    rows[1] = rows[1].replace(old, new)
    assert (refused(tmp_path, lines(rows)).reason, refused(tmp_path, lines(rows)).line) == ("bad_line", 3)


# Empty is no measurement.


def test_a_month_without_a_measurement_has_no_peak(tmp_path: Path) -> None:
    rows = peak_rows({date(2025, month, 1): 1000 * month for month in (1, 2, 3)})
    for number, empty in enumerate((";;kW;Geen verbruik", ";;;Geen gegevens", "; ;kW;")):
        changed = list(rows)
        changed[number] = changed[number].replace(f";{number + 1},000;kW;Uitgelezen", empty)
        assert changed != rows
        content = lines(changed)
        alone = matches(read(tmp_path, content))[0].peaks
        assert set(alone) == {f"2025-0{month}-01" for month in (1, 2, 3) if month != number + 1}
        together = archive({"piek.csv": content, "kwartier.csv": lines(good())})
        [found] = matches(read(tmp_path, together, "all.zip"))
        assert found.peaks.keys() == alone.keys()
        assert thousandths(found.counters[IMPORT].hours) == HOURS


def test_the_first_month_begins_with_the_contract_and_the_running_one_waits(tmp_path: Path) -> None:
    first, second, third = peak_rows({date(2025, month, 1): 1000 * month for month in (1, 2, 3)})
    first = first.replace("01-01-2025;00:00:00", "17-01-2025;10:30:00")
    third = third.replace("01-04-2025", "26-03-2025")
    readings = read(tmp_path, lines([first, second, third]))
    [found] = matches(readings)
    assert {month: peak.value for month, peak in found.peaks.items()} == {
        "2025-01-01": 1_000_000,
        "2025-02-01": 2_000_000,
    }
    assert readings.ignored == {"Piekvermogen (kW) 03-2025": 1}
    # Alone, it says so.
    error = refused(tmp_path, lines([third]))
    assert (error.reason, error.detail) == ("nothing_counted", "Piekvermogen (kW) 03-2025")


@pytest.mark.parametrize(
    ("begin", "end"),
    [("01-01-2025", "01-03-2025"), ("17-01-2025", "02-02-2025"), ("01-02-2025", "01-01-2025"), ("01-01-2025", "x")],
)
def test_a_peak_is_of_one_month(tmp_path: Path, begin: str, end: str) -> None:
    [peak] = peak_rows({date(2025, 1, 1): 1000})
    content = lines([peak.replace("01-01-2025", begin).replace("01-02-2025", end)])
    assert (refused(tmp_path, content).reason, refused(tmp_path, content).line) == ("bad_line", 2)


def test_a_file_without_measurements_in_a_zip_is_passed_over(tmp_path: Path) -> None:
    empty = [row(Interval(START + 900 * number, 900, "import_1", None)) for number in range(8)]
    content = archive({"a.csv": lines([]), "b.csv": lines(empty), "c.csv": lines(good()), "d.json": b"[]"})
    assert imported(tmp_path, content, "all.zip") == HOURS
    error = refused(tmp_path, lines(empty))
    assert (error.reason, error.line, error.file) == ("empty", 2, "export.csv")
    error = refused(tmp_path, archive({"a.csv": lines([]), "d.json": b"[]"}), "all.zip")
    assert (error.reason, error.line, error.file) == ("empty", 1, "a.csv")


# What no meter here counts.


@pytest.mark.parametrize(
    ("register", "unit"),
    [
        ("Afname Exclusief Nacht", "kWh"),
        ("Productie Actief", "kWh"),
        ("Hulpverbruik Actief", "kWh"),
        ("Afname Inductief", "kVArh"),
        ("Afname Dag", "MWh"),
        ("Afname Actief", "kW"),
    ],
)
def test_what_is_not_counted_is_said(tmp_path: Path, register: str, unit: str) -> None:
    rows = [row(Interval(START + 900 * number, 900, register, 250, unit)) for number in range(4)]
    error = refused(tmp_path, lines(rows))
    assert (error.reason, error.detail, error.line) == ("nothing_counted", f"{register} ({unit})", 2)
    readings = read(tmp_path, lines([*good(), *rows]))
    assert readings.ignored == {f"{register} ({unit})": 4}
    assert thousandths(matches(readings)[0].counters[IMPORT].hours) == HOURS


def test_gas_without_its_volume_is_not_another_meter(tmp_path: Path) -> None:
    rows = [Interval(START, 3600, "gas", 11000, "kWh", ean=GAS_EAN, meter=GAS_METER)]
    error = refused(tmp_path, table(rows, gas_layout()))
    assert (error.reason, error.detail) == ("nothing_counted", "Afname (kWh)")


def test_of_a_meter_with_nothing_and_another_one_the_other_is_named(tmp_path: Path) -> None:
    mine = [Interval(START, 900, "Productie Actief", 1)]
    other = [Interval(START, 900, "import_1", 1, ean="541400000000000097", meter="1SAG1100000009")]
    error = refused(tmp_path, table([*mine, *other]))
    assert (error.reason, error.line) == ("wrong_meter", 3)
    assert error.detail == f"541400000000000097 1SAG1100000009 ≠ {METER}, {GAS_METER}"


def test_two_access_points_that_may_both_be_the_meter_are_both_named(tmp_path: Path) -> None:
    rows = [Interval(START, 900, "import_0", 1, ean=ean, meter="") for ean in (EAN, "541400000000000097")]
    readings = read(tmp_path, table(rows))
    with pytest.raises(ExportError) as caught:
        matches(readings, [LiveMeter("/XXX5", Medium.ELECTRICITY)])
    assert (caught.value.reason, caught.value.detail) == ("wrong_meter", f"{EAN}, 541400000000000097 ≠ /XXX5")


# Reports of another kind.


@pytest.mark.parametrize(
    ("begin", "end", "until"),
    [
        ("01-01-2024", "01-02-2024", "00:00:00"),
        ("17-01-2024", "01-02-2024", "00:00:00"),
        ("01-01-2024", "01-01-2025", "00:00:00"),
        ("01-01-2024", "08-01-2024", "00:00:00"),
        ("01-01-2024", "31-01-2024", "24:00:00"),
    ],
)
def test_totals_of_months_are_refused_by_name(tmp_path: Path, begin: str, end: str, until: str) -> None:
    for value in ("150,5", ""):
        line = f'{begin};00:00:00;{end};{until};="{EAN}";{METER};Digitale meter;Afname Dag;{value};kWh;Uitgelezen;'
        error = refused(tmp_path, archive({"a.csv": lines([line])}), "all.zip")
        assert (error.reason, error.file, error.line) == ("month_totals", "a.csv", 2)
        assert error.detail == f"Afname Dag, {begin} - {end}"


@pytest.mark.parametrize("header", ["Van datum;Tot datum", "Van (datum);Tot (datum)", "From date;Until date"])
def test_exports_with_dates_only_are_refused_by_name(tmp_path: Path, header: str) -> None:
    content = f"{header};EAN;Meter;Register;Volume;{'Unit' if 'From' in header else 'Eenheid'}\r\n".encode()
    content += f"01/01/2020;02/01/2020;{EAN};{METER};Afname Dag;5,5;kWh\r\n".encode()
    error = refused(tmp_path, content)
    assert (error.reason, error.line) == ("dates_only", 1)


@pytest.mark.parametrize("wrap", [lambda each: each, lambda each: {"data": each}, lambda each: {"x": 1, "v": each}])
def test_what_the_portal_loads_is_refused_by_name(tmp_path: Path, wrap: Any) -> None:
    each = {"d": "2025-06-01T00:00:00+02:00", "de": "2025-06-01T00:15:00+02:00", "v": [{"dc": 1, "t": 1, "v": 5.2}]}
    for separators in ((", ", ": "), (",", ":")):
        content = json.dumps(wrap([each] * 3000), separators=separators).encode()
        assert refused(tmp_path, content, "answer.json").reason == "portal_json"
