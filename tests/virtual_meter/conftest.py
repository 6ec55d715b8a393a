"""Fixtures of the virtual meter's own tests."""

import pytest


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations() -> None:
    """Start no Home Assistant: a meter knows of none."""
