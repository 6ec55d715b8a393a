"""What a household has set up beside its meter: options, a dashboard of the meter, its inverter."""

from typing import Final

from harness.api import Api
from harness.entry import configure

TARGET: Final = 6
"""kW: what the highest peaks of the months come to."""
BREAKER: Final = "40"
DASHBOARD: Final = "digital-meter"
_TITLES: Final = {"en": "Digital meter", "nl": "Digitale meter", "fr": "Compteur communicant", "de": "Digitaler Zähler"}


async def set_options(api: Api) -> None:
    """Choose a grid area, so that there are costs, a target, and the main breaker."""
    await configure(
        api,
        {"capacity": {"area": "imewo", "peak_target": TARGET}, "connection": {"breaker": BREAKER}},
    )


async def add_dashboard(api: Api, language: str) -> None:
    """Add the dashboard of the meter to the sidebar."""
    await api.command(
        "lovelace/dashboards/create", url_path=DASHBOARD, title=_TITLES[language], icon="mdi:meter-electric"
    )
    config = {"strategy": {"type": "custom:emucs"}}
    await api.command("lovelace/config/save", url_path=DASHBOARD, config=config)
