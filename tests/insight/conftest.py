"""Fixtures of the insights' own tests."""

import pytest


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Start no Home Assistant: the insights know of none."""
