"""The demo is tested from outside: its Home Assistant is a process of its own."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of our mark."""
    config.addinivalue_line("markers", "slow: starts a real Home Assistant; `-m 'not slow'` leaves it out")
