"""Fixtures of the tests of exports."""

from datetime import date

import pytest

from tests.exports.exports import House, live
from tests.exports.sites import site
from virtual_meter.amr_site import AmrSite


@pytest.fixture(scope="session")
def autumn() -> House:
    """Return a household around the end of summer time."""
    return live(date(2025, 10, 22), date(2025, 10, 30))


@pytest.fixture(scope="session")
def spring() -> House:
    """Return a household around the begin of summer time."""
    return live(date(2025, 3, 26), date(2025, 4, 3))


@pytest.fixture(scope="session")
def site_in_autumn() -> AmrSite:
    """Return an industrial site around the end of summer time."""
    return site(date(2025, 10, 22), date(2025, 10, 30))


@pytest.fixture(scope="session")
def site_in_spring() -> AmrSite:
    """Return an industrial site around the begin of summer time."""
    return site(date(2025, 3, 26), date(2025, 4, 3))
