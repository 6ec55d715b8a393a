"""Lets the tests outside `hass/` start without Home Assistant, which takes nine seconds to import."""

from collections.abc import Generator
from importlib import import_module
from pathlib import Path
import sys
from types import ModuleType

import pytest

import custom_components

COMPONENT = Path(__file__).parents[1] / "custom_components" / "emucs"

if "homeassistant" not in sys.modules:
    # Run with `-p no:homeassistant`. The pure packages lie in one whose `__init__` imports Home Assistant.
    package = ModuleType("custom_components.emucs")
    package.__path__ = [str(COMPONENT)]
    sys.modules[package.__name__] = package
    setattr(custom_components, "emucs", package)  # noqa: B010 -- as an import does; it has no such attribute yet


@pytest.fixture
def rates_until_2026(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Know the rates of no later year, whatever files there are by now."""
    tariff = import_module("custom_components.emucs.insight.tariff")
    known = {year: table for year, table in tariff.YEARS.items() if year <= 2026}
    monkeypatch.setattr(tariff, "YEARS", known)
    tariff.tariff_of.cache_clear()
    yield
    tariff.tariff_of.cache_clear()
