"""A voltage report as CSV."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest

from custom_components.emucs.insight.voltage_history import TO_STAR_POINT
from custom_components.emucs.reports.voltage_csv import voltage_csv
from tests.reports.making import METER, report, slot, slots

NOON = datetime(2026, 6, 3, 10, 0, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
COLUMNS = "start_utc,start_local,minutes,l1_mean_v,l1_min_v,l1_max_v,l1_above_s,l1_below_s,l1_coverage,export_kw,meter"


def rows(text: str) -> list[dict[str, str]]:
    """Read a CSV as a script does."""
    return list(csv.DictReader(StringIO(text)))


def test_a_line_has_all_that_is_known_of_a_slot() -> None:
    seen = slot(NOON, 254.123, minimum=250.4, maximum=256.0, above=480, below=0, seconds=594)
    text = voltage_csv(report(slots={"l1": [seen]}, export={NOON: 4.5678}))
    assert text == (
        f"{COLUMNS}\r\n2026-06-03T10:00:00Z,2026-06-03T12:00:00+02:00,10,254.12,250.4,256.0,480,0,0.990,4.568,{METER}\r\n"
    )


def test_phases_stand_beside_each_other_and_what_was_not_seen_is_empty() -> None:
    later = NOON + TEN_MINUTES
    text = voltage_csv(report(slots={"l1": [slot(NOON, 231.0), slot(later, 232.0)], "l3": [slot(later, 229.0)]}))
    first, second = rows(text)
    assert (first["l1_mean_v"], first["l3_mean_v"], first["l3_coverage"], first["export_kw"]) == ("231.00", "", "", "")
    assert (second["l1_mean_v"], second["l3_mean_v"]) == ("232.00", "229.00")


def test_a_gap_has_no_lines_and_no_history_has_none_at_all() -> None:
    seen = [slot(NOON, 231.0), slot(NOON + 6 * TEN_MINUTES, 232.0)]
    assert [row["start_utc"][11:16] for row in rows(voltage_csv(report(slots={"l1": seen})))] == ["10:00", "11:00"]
    assert voltage_csv(report(slots={"l1": []})) == f"{COLUMNS}\r\n"


def test_the_repeated_hour_is_there_twice_and_tells_which_it_is() -> None:
    begin = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)
    text = voltage_csv(report(slots={"l1": list(slots(begin, begin + timedelta(hours=4), lambda _: 230.0))}))
    local = [row["start_local"] for row in rows(text)]
    assert len(local) == len(set(local)) == 24
    assert [each for each in local if "T02:30" in each] == ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"]


def test_quarters_and_voltages_to_the_star_point() -> None:
    seen = [slot(NOON, 133.0, 15, seconds=450)]
    [row] = rows(voltage_csv(report(minutes=15, band=TO_STAR_POINT, slots={"l2": seen})))
    assert (row["minutes"], row["l2_mean_v"], row["l2_coverage"]) == ("15", "133.00", "0.500")


@pytest.mark.parametrize("meter", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", ""])
def test_no_spreadsheet_takes_a_number_for_a_formula(meter: str) -> None:
    [row] = rows(voltage_csv(report(meter=meter, slots={"l1": [slot(NOON, 230.0)]})))
    assert row["meter"].startswith("'")


@pytest.mark.parametrize("meter", ['1SAG,31"00', "1SAG\r\n31"])
def test_whatever_the_port_prints_stays_in_its_column(meter: str) -> None:
    [row] = rows(voltage_csv(report(meter=meter, slots={"l1": [slot(NOON, 230.0)]})))
    assert row["meter"] == meter.replace("\r\n", "\n") or row["meter"] == meter
    assert row["export_kw"] == ""
