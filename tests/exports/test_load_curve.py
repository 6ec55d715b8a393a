"""The format with a line for each day: what is read, and what is refused or left out because nobody knows it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from custom_components.emucs.exports import ExportError, SeriesFlow, metering_points
from tests.exports.exports import midnight
from tests.exports.reading import read, thousandths
from tests.exports.sites import points, require_truth, series
from virtual_meter.amr_exports import load_curve
from virtual_meter.amr_site import CHANNELS, HEAD, AmrSite

OFFTAKE = CHANNELS[0]


def changed(content: bytes, number: int, change: Callable[[list[str]], list[str]]) -> bytes:
    """Return a file with one of its lines of values changed."""
    lines = content.decode().split("\r\n")
    lines[4 + number] = ";".join(change(lines[4 + number].split(";")))
    return "\r\n".join(lines).encode()


def refused(folder: Path, content: bytes, name: str = "Afname.csv") -> ExportError:
    """Return why a file is refused."""
    with pytest.raises(ExportError) as caught:
        read(folder, content, name)
    return caught.value


def test_a_value_is_the_mean_power_of_the_quarter_before_its_end(tmp_path: Path) -> None:
    day = date(2024, 3, 1)
    values = ["12,716", *["0"] * 95]
    text = "\r\n".join(["a", "b", "c", "d", ";".join(["01032024 00:00", *[""] * 6, "KWT", "", "", *values]), ""])
    [point] = points(tmp_path, text.encode(), "Afname.csv").values()
    [known] = point.series.values()
    assert known.hours[midnight(day) // 3600] == 3_179_000
    assert known.recent[midnight(day) // 900] == 3_179_000


@pytest.mark.parametrize(
    ("name", "direction", "flow"),
    [
        ("Historiek_afname_2025.csv", "", SeriesFlow.IMPORT),
        ("Historiek_injectie.csv", "", SeriesFlow.EXPORT),
        ("AMR Productie.csv", "", SeriesFlow.PRODUCTION),
        ("hulpverbruik.csv", "", SeriesFlow.AUXILIARY),
        # What stands in the file comes before its name.
        ("Injectie.csv", "Afname", SeriesFlow.IMPORT),
    ],
)
def test_the_direction_stands_in_the_file_or_in_its_name(
    site_in_autumn: AmrSite, tmp_path: Path, name: str, direction: str, flow: SeriesFlow
) -> None:
    [point] = points(tmp_path, load_curve(site_in_autumn, OFFTAKE, direction), name).values()
    assert [key.flow for key in point.series] == [flow]
    assert point.ean == HEAD


@pytest.mark.parametrize("name", ["export.csv", "AMR.csv", "Afname_Injectie.csv", "Afnamepunt.csv"])
def test_without_a_direction_nothing_is_guessed(site_in_autumn: AmrSite, tmp_path: Path, name: str) -> None:
    error = refused(tmp_path, load_curve(site_in_autumn, OFFTAKE), name)
    assert (error.reason, error.line, error.file) == ("no_direction", 5, name)


def test_the_ean_may_stand_above_the_values_or_nowhere(site_in_autumn: AmrSite, tmp_path: Path) -> None:
    content = load_curve(site_in_autumn, OFFTAKE)
    above = content.replace(f";{HEAD};".encode(), b";;")
    assert list(points(tmp_path, above, "Afname.csv")) == [HEAD]
    nowhere = content.replace(HEAD.encode(), b"")
    assert list(points(tmp_path, nowhere, "Afname.csv")) == [""]


@pytest.mark.parametrize(
    ("season", "number", "change", "said"),
    [
        # 96 columns on a day of 100 quarters, and on one of 92.
        ("site_in_autumn", 4, lambda row: row[:106], "26-10-2025: 96 ≠ 100"),
        ("site_in_spring", 4, lambda row: [*row[:102], "1", "1", "1", "1"], "30-03-2025: 96 ≠ 92"),
        ("site_in_spring", 4, lambda row: [*row[:102], "", "", "", "1"], "30-03-2025: 96 ≠ 92"),
        ("site_in_autumn", 3, lambda row: [*row, "1"], "25-10-2025: 96 ≠ 96"),
    ],
)
def test_a_day_with_another_number_of_values_is_left_out_by_name(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    season: str,
    number: int,
    change: Callable[[list[str]], list[str]],
    said: str,
) -> None:
    site: AmrSite = request.getfixturevalue(season)
    readings = read(tmp_path, changed(load_curve(site, OFFTAKE), number, change), "Afname.csv")
    assert readings.unread == {said: 1}
    [point] = metering_points(readings)
    [known] = point.series.values()
    left_out = date(int(said[6:10]), int(said[3:5]), int(said[:2]))
    begin, end = midnight(left_out), midnight(date.fromordinal(left_out.toordinal() + 1))
    wanted = {hour: value for hour, value in site.hours(OFFTAKE).items() if not begin <= hour * 3600 < end}
    assert thousandths(known.hours) == wanted


def test_other_units_are_left_out_by_name(site_in_autumn: AmrSite, tmp_path: Path) -> None:
    content = changed(load_curve(site_in_autumn, OFFTAKE), 2, lambda row: [*row[:7], "KVR", *row[8:]])
    assert read(tmp_path, content, "Afname.csv").unread == {"(KVR)": 1}
    nothing = refused(tmp_path, load_curve(site_in_autumn, OFFTAKE).replace(b";KWT;", b";KVR;"))
    assert (nothing.reason, nothing.detail) == ("nothing_counted", "(KVR)")


def test_an_empty_value_is_no_measurement(site_in_autumn: AmrSite, tmp_path: Path) -> None:
    content = changed(load_curve(site_in_autumn, OFFTAKE), 0, lambda row: [*row[:15], "", *row[16:]])
    known = series(points(tmp_path, content, "Afname.csv"), OFFTAKE)
    hour = midnight(date(2025, 10, 22)) // 3600 + 1
    assert hour not in known.hours
    assert known.parts[hour][1] == -1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda row: ["22102025 00:07", *row[1:]], "bad_line"),
        (lambda row: ["22102025 00:15", *row[1:]], "bad_line"),
        (lambda row: ["32102025 00:00", *row[1:]], "bad_line"),
        (lambda row: ["", *row[1:]], "bad_line"),
        (lambda row: [*row[:20], "1.5", *row[21:]], "bad_line"),
        (lambda row: [*row[:20], "-1", *row[21:]], "bad_line"),
        (lambda row: row[:105], "truncated"),
        (lambda row: row[:9], "truncated"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(
    site_in_autumn: AmrSite, tmp_path: Path, change: Callable[[list[str]], list[str]], reason: str
) -> None:
    error = refused(tmp_path, changed(load_curve(site_in_autumn, OFFTAKE), 1, change))
    assert (error.reason, error.line, error.file) == (reason, 6, "Afname.csv")


def test_blank_lines_and_doubles_change_nothing(site_in_autumn: AmrSite, tmp_path: Path) -> None:
    lines = load_curve(site_in_autumn, OFFTAKE).decode().split("\r\n")
    content = "\n".join([*lines[:4], *lines[4:], *lines[4:], "", "   ", ";;;"]).encode()
    require_truth(points(tmp_path, content, "Afname.csv"), site_in_autumn, (OFFTAKE,))


def test_other_values_of_one_quarter_are_a_conflict(site_in_autumn: AmrSite, tmp_path: Path) -> None:
    content = load_curve(site_in_autumn, OFFTAKE)
    line = content.decode().split("\r\n")[4].split(";")
    error = refused(tmp_path, content + ";".join([*line[:10], "99999", *line[11:]]).encode())
    assert (error.reason, error.line, error.detail) == ("conflict", 13, f"{HEAD} import (KWT)")


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"\n" * 4 + b"01032024 00:00;;;;;;;KWT\n", "01032024 00:00"),
        (b"a\nb\nc\nd\n01032024 00:00;;;;;;;KWT" + b";0" * 98 + b"\n" + b";\n" * 2000, "> 1000 blank lines"),
    ],
)
def test_what_a_file_takes_is_bounded(tmp_path: Path, content: bytes, detail: str) -> None:
    assert detail in refused(tmp_path, content).detail


def test_more_lines_than_twenty_years_have_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.emucs.exports.intervals.MOST_ROWS", 1000)
    content = b"a\nb\nc\nd\n" + (b"01032024 00:00;;;;;;;KWT" + b";0" * 98 + b"\n") * 20
    error = refused(tmp_path, content)
    assert (error.reason, error.line) == ("too_large", 15)


def test_letters_that_are_no_text_are_named(site_in_autumn: AmrSite, tmp_path: Path) -> None:
    error = refused(tmp_path, load_curve(site_in_autumn, OFFTAKE)[:-2] + b"\xff\xfe\r\n")
    assert error.reason == "not_text"
