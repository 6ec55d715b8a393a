"""The industrial site: its channels hold together as those of one site do."""

from datetime import date

import pytest

from tests.exports.exports import midnight
from virtual_meter.amr_exports import decimal
from virtual_meter.amr_site import CHANNELS, DAY, ENERGY, HEAD, HOUR, VOLUME, AmrSite, Channel, live_as_site


@pytest.fixture(scope="module")
def site() -> AmrSite:
    """Return a site in the days before and after summer time ends."""
    return live_as_site(midnight(date(2025, 10, 22)), midnight(date(2025, 10, 30)))


def test_every_quarter_is_import_or_export_and_balances(site: AmrSite) -> None:
    offtake, injection = (site.counted[Channel(HEAD, flow)] for flow in ("offtake", "injection"))
    production, auxiliary, hall = (site.counted[CHANNELS[index]] for index in (6, 8, 9))
    assert len(offtake) == 8 * 96 + 4
    for start, taken in offtake.items():
        assert not (taken and injection[start])
        assert not (production[start] and auxiliary[start])
        # What is left of production and exchange are the loads, of which the hall is a part.
        assert taken - injection[start] + production[start] - auxiliary[start] >= hall[start] > 0
    for flow in (offtake, injection, production, auxiliary):
        assert sum(flow.values()) > 0


def test_reactive_energy_is_of_the_flow_that_runs(site: AmrSite) -> None:
    for flow in ("offtake", "injection"):
        active = site.counted[Channel(HEAD, flow)]
        inductive, capacitive = (site.counted[Channel(HEAD, flow, kind)] for kind in ("inductive", "capacitive"))
        assert sum(inductive.values()) > 0
        for start, value in active.items():
            assert not (inductive[start] and capacitive[start])
            assert value or not (inductive[start] or capacitive[start])


def test_grains_add_up(site: AmrSite) -> None:
    for channel in (*CHANNELS, VOLUME, ENERGY):
        total = sum(site.counted[channel].values())
        for grain in (HOUR, DAY):
            assert sum(slot.value for slot in site.slots(channel, grain)) == total
        assert sum(site.hours(channel).values()) == total
    days = [slot.seconds // HOUR for slot in site.slots(CHANNELS[0], DAY)]
    assert sorted(days) == [24] * 7 + [25]


def test_energy_of_gas_follows_from_its_volume(site: AmrSite) -> None:
    assert len(set(site.calorific.values())) == 3
    for start, litres in site.counted[VOLUME].items():
        assert site.counted[ENERGY][start] == round(litres * site.calorific[start] / 1000)


def test_a_peak_is_four_times_the_energy_of_its_quarter(site: AmrSite) -> None:
    assert site.peaks(CHANNELS[0]) == {"2025-10-01": max(site.counted[CHANNELS[0]].values()) * 4}


def test_thousandths_have_three_decimals() -> None:
    assert [decimal(value) for value in (0, 7, 1000, 123_456)] == ["0,000", "0,007", "1,000", "123,456"]
