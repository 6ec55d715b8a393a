"""Names that several modules of the integration share; the options of an insight are named in its module."""

from typing import Final

DOMAIN: Final = "emucs"

CONF_BAUDRATE: Final = "baudrate"
CONF_BYTESIZE: Final = "bytesize"
CONF_PARITY: Final = "parity"
CONF_STOPBITS: Final = "stopbits"
CONF_WAIT: Final = "wait"
CONF_INTERVAL: Final = "interval"
"""Seconds from one request to the next, where a reader has to be asked."""
CONF_SERIAL: Final = "serial"
"""The serial number of a reader, which its certificate names."""
CONF_UPDATE_INTERVAL: Final = "update_interval"
CONF_ADD_TO_ENERGY: Final = "add_to_energy"
CONF_ADD_TO_SIDEBAR: Final = "add_to_sidebar"
ASKED_AT_SET_UP: Final = (CONF_ADD_TO_ENERGY, CONF_ADD_TO_SIDEBAR)
"""Options that no form of the options shows: they are removed when what they ask for is done."""
CONF_MAKE: Final = "make"
"""The make of a reader."""
CONF_EAN: Final = "ean"
"""Of a metering point without a port."""
CONF_READER: Final = "reader"
"""What a reader is known by when it announces itself: its MAC address, or its serial number."""

DEFAULT_WAIT: Final = 12

ENTRY_VERSION: Final = 1
ENTRY_MINOR_VERSION: Final = 4
