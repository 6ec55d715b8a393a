"""Files as people have them: each gives the right values, or is refused for the right reason."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from custom_components.emucs.exports import CounterKey, ExportError, read_export
from tests.exports.reading import EXPORT, GAS, HERE, IMPORT, IMPORT_DAY, IMPORT_NIGHT, matches, thousandths
from tests.support import BRUSSELS, SHARED

FOLDER = SHARED / "cases" / "history"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the shared cases are not here")


@dataclass(frozen=True)
class Taken:
    """What a file gives: Wh or litres by the begin of local hours, and what is told of it."""

    hours: dict[CounterKey, dict[str, int]] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    """In W."""
    ignored: dict[str, int] = field(default_factory=dict)
    states: set[str] = field(default_factory=set)
    certain: bool = True
    rows: int = 4


@dataclass(frozen=True)
class Refused:
    """Why a file is refused, where, and what of it the user is shown."""

    reason: str
    line: int
    detail: str = ""


def by_day(hours: dict[str, int]) -> dict[CounterKey, dict[str, int]]:
    """Return the hours of a meter that counted at the day's tariff."""
    return {IMPORT: hours, IMPORT_DAY: hours, IMPORT_NIGHT: dict.fromkeys(hours, 0)}


MORNING = Taken(by_day({"2024-03-01 05": 400}))
CASES: dict[str, Taken | Refused] = {
    "amr_reactive_and_active.csv": Taken(
        {IMPORT: {"2022-12-19 00": 12716}},
        ignored={"Afname Capacitief (kVArh)": 4, "Afname Inductief (kVArh)": 4},
        certain=False,
        rows=12,
    ),
    "amr_unquoted_ean.csv": Taken({IMPORT: {"2022-12-19 00": 12716}}, certain=False),
    "description_starts_with_quote_unbalanced.csv": Taken(
        by_day({"2024-10-02 00": 6000, "2024-10-02 01": 6000}), rows=8
    ),
    "excel_short_times.csv": MORNING,
    "exclusief_nacht.csv": Refused("nothing_counted", 2, "Afname Exclusief Nacht (kWh)"),
    # The sum of a table is no measurement: it is left out, and the user is told.
    "footer_total.csv": Taken(MORNING.hours, ignored={"Totaal (kWh)": 1}),
    # The energy of gas is worked out with a factor that is provisional; its volume is not.
    "gas_P.json": Taken({GAS: {"2024-07-03 00": 1200}}, rows=1),
    "headpoint_and_meter_same_energy_twice.json": Taken({IMPORT: {"2024-07-03 00": 1000}}),
    "headpoint_quarters.json": Taken({IMPORT: {"2024-07-03 00": 1000}, EXPORT: {"2024-07-03 00": 400}}, certain=False),
    "month_totals_kwh.csv": Refused("month_totals", 2, "Afname Dag, 01-01-2024 - 01-02-2024"),
    "offtake_value_flat.json": Taken({IMPORT: {"2024-07-03 00": 1000}}, certain=False),
    "old_portal_2020_full.csv": Refused("dates_only", 1),
    "ongevalideerd.csv": Taken(
        {IMPORT: {"2024-10-02 00": 12716, "2024-10-02 01": 12716}},
        states={"Ongevalideerd"},
        certain=False,
        rows=8,
    ),
    "ongevalideerd_last_only.csv": Taken(
        by_day({"2024-10-02 01": 12716, "2024-10-02 02": 12716}), states={"Ongevalideerd"}, rows=8
    ),
    "peak_all_empty.csv": Refused("empty", 2),
    "peak_empty_month_geen_verbruik.csv": Taken(peaks={"2025-04-01": 1713, "2025-06-01": 3100}, rows=3),
    "peak_partial_first_month.csv": Taken(peaks={"2025-04-01": 1713, "2025-05-01": 2900}, rows=2),
    # November still runs: its peak may get higher.
    "peak_running_month.csv": Taken(
        peaks={"2026-09-01": 2900}, ignored={"Piekvermogen (kW) 11-2026": 1}, states=set(), rows=2
    ),
    "portal_list.json": Refused("portal_json", 0),
    "quarter_end_2400.csv": Taken(by_day({"2024-03-01 23": 400})),
    "sep_line.csv": MORNING,
    "single_digit_hours.csv": Taken(by_day({"2024-10-01 00": 400, "2024-10-01 01": 400}), rows=8),
    "submeter_productie.csv": Refused("nothing_counted", 2, "Productie Actief (kWh)"),
    "trailing_blank_lines.csv": MORNING,
    "utf16.csv": MORNING,
    # Whoever writes a point as the decimal mark may write it for thousands as well: 1.234 can be either.
    "volume_decimal_point.csv": Refused("bad_line", 2, "volume: 0.123"),
}


def test_every_case_has_an_answer() -> None:
    assert {path.name for path in FOLDER.iterdir()} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_file_gives_its_values_or_the_reason_why_not(name: str) -> None:
    expected = CASES[name]
    if isinstance(expected, Refused):
        with pytest.raises(ExportError) as caught:
            matches(read_export(FOLDER / name))
        error = caught.value
        assert (error.file, error.reason, error.line) == (name, expected.reason, expected.line)
        assert expected.detail in error.detail
        return
    readings = read_export(FOLDER / name)
    [found] = matches(readings, HERE)
    hours = {
        counter: {
            f"{datetime.fromtimestamp(hour * 3600, BRUSSELS):%Y-%m-%d %H}": value
            for hour, value in thousandths(known.hours).items()
        }
        for counter, known in found.counters.items()
    }
    assert hours == expected.hours
    assert not any(known.parts or known.days or known.estimated for known in found.counters.values())
    assert {month: peak.value // 1000 for month, peak in found.peaks.items()} == expected.peaks
    assert (readings.ignored, readings.unknown_states) == (expected.ignored, expected.states)
    assert (found.certain, readings.rows) == (expected.certain, expected.rows)
