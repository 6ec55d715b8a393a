"""What a household has set up beside its meter: options, a dashboard of the meter to begin with, its inverter."""

from datetime import date
from typing import Any, Final

from harness.api import Api
from harness.entry import configure

DASHBOARD: Final = "digital-meter"
_TITLES: Final = {"en": "Digital meter", "nl": "Digitale meter", "fr": "Compteur communicant", "de": "Digitaler Zähler"}
OPTIONS: Final[dict[str, Any]] = {
    # kW: what the highest peaks of the months come to.
    "capacity": {"area": "imewo", "peak_target": 6},
    "connection": {"breaker": "40"},
    "bands": {"band_set": "flanders"},
    # Of no contract in particular. The form has a field for each band once the bands are chosen.
    "price": {"band_price_day": 0.34, "band_price_night": 0.30, "export_price": 0.04},
}


async def set_options(api: Api) -> None:
    """Choose a grid area, a target, the main breaker and time bands, then what the energy of each band costs."""
    await configure(api, {name: values for name, values in OPTIONS.items() if name != "price"})
    await configure(api, OPTIONS)


async def add_dashboard(api: Api, language: str) -> None:
    """Add the dashboard of the meter to the sidebar, and open Home Assistant on it."""
    await api.command(
        "lovelace/dashboards/create", url_path=DASHBOARD, title=_TITLES[language], icon="mdi:meter-electric"
    )
    config = {"strategy": {"type": "custom:emucs"}}
    await api.command("lovelace/config/save", url_path=DASHBOARD, config=config)
    await api.command("frontend/set_user_data", key="core", value={"default_panel": DASHBOARD})


def what_to_look_at(noon: date, month_peak: str | None) -> str:
    """Return what has happened, by the views of the dashboard, in one line of a terminal."""
    peak = f"Peak ({month_peak})" if month_peak else "Peak"
    return f"Look at: Grid (noon of {noon:%-d %b} above 253 V), {peak}, Meter (leak)."
