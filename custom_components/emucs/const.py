"""Names that several modules of the integration share."""

from typing import Final

DOMAIN: Final = "emucs"

CONF_BAUDRATE: Final = "baudrate"
CONF_BYTESIZE: Final = "bytesize"
CONF_PARITY: Final = "parity"
CONF_STOPBITS: Final = "stopbits"
CONF_WAIT: Final = "wait"
CONF_USER_PORT: Final = "user_port"
CONF_UPDATE_INTERVAL: Final = "update_interval"
CONF_ADD_TO_ENERGY: Final = "add_to_energy"

DEFAULT_UPDATE_INTERVAL: Final = 5
DEFAULT_WAIT: Final = 12

SECTION_CAPACITY: Final = "capacity"
CONF_AREA: Final = "area"
CONF_OWN_RATE: Final = "own_rate"
CONF_VAT: Final = "vat"
CONF_GOAL: Final = "goal"
CONF_WARNING_SHARE: Final = "warning_share"
CONF_CAP_PERIOD: Final = "cap_period"

DEFAULT_GOAL: Final = 2.5
DEFAULT_VAT: Final = 6
DEFAULT_WARNING_SHARE: Final = 90
