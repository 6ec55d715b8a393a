"""Answers of the energy data service: what they count, and what they leave out."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.exports.exports import EAN, METER, Interval, archive, service
from tests.exports.reading import EXPORT, IMPORT, known, matches, read, thousandths
from tests.exports.small import HOURS, START, imported, quarters, refused


def headpoint(kind: str = "metering-on-headpoint", **parts: Any) -> bytes:
    """Return an answer for one access point."""
    return json.dumps({"data": {"headpoint": {"$type": kind, "ean": EAN, "energyType": "E", **parts}}}).encode()


def slots(measurement: dict[str, Any], count: int = 8, seconds: int = 900) -> list[dict[str, Any]]:
    """Return intervals of an answer."""
    answer = json.loads(service([Interval(START + seconds * n, seconds, "import_0", 0) for n in range(count)]))
    [meter] = answer["data"]["headpoint"]["physicalMeters"]
    [intervals] = [value for key, value in meter.items() if key.endswith("Energy")]
    return [{**each, "measurements": [measurement]} for each in intervals]


QUARTER = {"value": 0.25, "unit": "kWh", "validationState": "VAL"}


def test_the_energy_of_an_access_point_counts(tmp_path: Path) -> None:
    content = headpoint(
        quarterHourlyEnergy=slots({"offtake": {"total": QUARTER}, "injection": {"total": QUARTER}}), physicalMeters=None
    )
    [found] = matches(read(tmp_path, content, "answer.json"))
    assert (found.ean, found.certain) == (EAN, False)
    assert [thousandths(found.counters[each].hours) for each in (IMPORT, EXPORT)] == [HOURS, HOURS]


def test_the_energy_of_an_access_point_with_one_meter_is_that_meters(tmp_path: Path) -> None:
    daily = slots({"offtake": {"total": {**QUARTER, "value": 5}}}, 1, 86400)
    content = headpoint(
        "metering-on-headpoint-and-meter",
        quarterHourlyEnergy=slots({"offtake": {"total": QUARTER}}),
        physicalMeters=[{"seqNumber": 1, "meterID": METER, "dailyEnergy": daily, "quarterHourlyEnergy": []}],
    )
    [found] = matches(read(tmp_path, content, "answer.json"))
    assert (found.meters, found.certain) == ((METER,), True)
    assert thousandths(found.counters[IMPORT].hours) == HOURS


@pytest.mark.parametrize("count", [4, 8])
def test_energy_that_is_told_twice_counts_once(tmp_path: Path, count: int) -> None:
    content = headpoint(
        "metering-on-headpoint-and-meter",
        quarterHourlyEnergy=slots({"offtake": {"total": QUARTER}}, count),
        physicalMeters=[{"meterID": METER, "quarterHourlyEnergy": slots({"offtake": {"total": QUARTER}})}],
    )
    assert imported(tmp_path, content, "answer.json") == HOURS


def test_a_direction_without_registers_is_all_of_it(tmp_path: Path) -> None:
    content = headpoint(quarterHourlyEnergy=slots({"offtake": QUARTER, "production": QUARTER}))
    readings = read(tmp_path, content, "answer.json")
    assert readings.ignored == {"production total (kWh)": 8}
    assert thousandths(matches(readings)[0].counters[IMPORT].hours) == HOURS


def test_what_is_measured_behind_the_access_point_is_left_out(tmp_path: Path) -> None:
    below = {"$type": "submetering-offtake", "ean": "541400000000000097", "seqNumber": 1}
    content = headpoint(
        quarterHourlyEnergy=slots({"offtake": {"total": QUARTER}}),
        subHeadpoints=[{**below, "quarterHourlyEnergy": slots({"offtake": {"total": QUARTER}})}],
    )
    readings = read(tmp_path, content, "answer.json")
    assert readings.ignored == {"submetering-offtake": 1}
    assert thousandths(matches(readings)[0].counters[IMPORT].hours) == HOURS


def test_an_answer_with_reactive_energy_only_says_so(tmp_path: Path) -> None:
    content = headpoint(quarterHourlyEnergy=slots({"offtake": {"inductive": {"value": 1, "unit": "KVArh"}}}))
    error = refused(tmp_path, content, "answer.json")
    assert (error.reason, error.detail) == ("nothing_counted", "offtake inductive (KVArh)")


def test_an_answer_with_other_periods_says_so(tmp_path: Path) -> None:
    content = headpoint(physicalMeters=[{"meterID": METER, "monthlyEnergy": [{"start": "2025-01-01T00:00:00Z"}]}])
    error = refused(tmp_path, content, "answer.json")
    assert (error.reason, error.detail) == ("nothing_counted", "monthlyEnergy")


def test_estimates_of_an_answer_give_way(tmp_path: Path) -> None:
    guessed = [Interval(each.start, 900, "import_1", 300, estimated=True) for each in quarters()]
    content = archive({"a.json": service(guessed), "b.json": service(quarters())})
    found = known(tmp_path, content, IMPORT, "all.zip")
    assert (thousandths(found.hours), found.estimated) == (HOURS, set())


def test_null_in_an_answer_is_no_measurement(tmp_path: Path) -> None:
    content = service([*quarters(7), Interval(START + 6300, 900, "import_1", None)])
    found = known(tmp_path, content, IMPORT, "answer.json")
    assert thousandths(found.hours) == {START // 3600: 1000}
    assert found.parts == {START // 3600 + 1: (250_000, 250_000, 250_000, -1)}
    nothing = service([Interval(START, 900, "import_1", None)])
    assert refused(tmp_path, nothing, "answer.json").reason == "empty"
