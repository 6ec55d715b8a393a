"""What samples have shown, in the report: only where there is an S1 port."""

import pytest

from custom_components.emucs.reports.voltage import not_exceeded
from custom_components.emucs.reports.voltage_page import voltage_page
from custom_components.emucs.reports.voltage_response import voltage_response
from tests.reports.making import disturbance, report, wording

DISTORTION = {"l1": [*[2.0] * 95, *[4.0] * 4, 6.5]}


def test_a_meter_without_samples_has_nothing_of_it_in_its_report() -> None:
    assert "S1" not in voltage_page(report(), wording())
    response = voltage_response(report())
    assert (response["disturbances"], response["distortion"]) == ([], {})


def test_disturbances_and_distortion_are_in_the_page() -> None:
    page = voltage_page(report(disturbances=[disturbance()], distortion=DISTORTION), wording())
    text = page.replace("\u00a0", " ")
    for said in ("Disturbances: 1", "Voltage sag", "L1, L2", "138.0 V", "0.31 s", "2.0 %", "6.5 %"):
        assert said in text
    assert "No dip, swell or interruption" in voltage_page(report(distortion=DISTORTION), wording())


def test_they_are_plain_data_too() -> None:
    response = voltage_response(report(disturbances=[disturbance("swell", 261.3)], distortion=DISTORTION))
    assert response["distortion"] == {"l1": {"known": 100, "share_95": 2.0, "highest": 6.5}}
    assert response["disturbances"] == [
        {
            "begin": "2026-06-01T10:00:00.250+02:00",
            "type": "swell",
            "phases": ["l1", "l2"],
            "furthest": 261.3,
            "duration": 0.31,
            "over": True,
        }
    ]


@pytest.mark.parametrize(
    ("values", "highest"), [([1.0], 1.0), ([1.0, 2.0], 2.0), ([float(n) for n in range(1, 101)], 95.0)]
)
def test_what_most_of_them_do_not_exceed(values: list[float], highest: float) -> None:
    assert not_exceeded(values, 0.95) == highest
