"""What a reader asks of those who want its telegrams, and how often it is asked for them."""

from dataclasses import dataclass, field
from typing import Final

SHORTEST_INTERVAL: Final = 0.5
"""Seconds from one request to the next at least: what HomeWizard asks of its clients."""
DEFAULT_INTERVAL: Final = 1.0


@dataclass(frozen=True, slots=True)
class Access:
    """Secrets are in no `repr`, lest they are logged."""

    token: str | None = field(default=None, repr=False)
    """Sent as a bearer token."""
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    serial: str | None = field(default=None, repr=False)
    """The serial number of a HomeWizard reader, which its certificate names."""
    interval: float = DEFAULT_INTERVAL
    """Seconds from one request to the next, where telegrams have to be asked for."""
