"""Actions."""

from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv, service
from homeassistant.util.json import JsonObjectType
import probatio

from .const import DOMAIN
from .coordinator import EmucsConfigEntry
from .insight.capacity import CapacityReport
from .insight.peaks import FLOOR, PeakAverage

SERVICE_GET_PEAKS: Final = "get_peaks"
_GET_PEAKS: Final = probatio.Schema({probatio.Required(ATTR_CONFIG_ENTRY_ID): cv.string})


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN, SERVICE_GET_PEAKS, _async_get_peaks, schema=_GET_PEAKS, supports_response=SupportsResponse.ONLY
    )


async def _async_get_peaks(call: ServiceCall) -> ServiceResponse:
    """Return the month peaks of a meter, what is billed for them, and what that costs."""
    entry: EmucsConfigEntry = service.async_get_config_entry(call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID])
    capacity = entry.runtime_data.capacity
    report = capacity.report
    return {
        "months": [
            {
                "month": month.strftime("%Y-%m"),
                "peak": float(peak.value),
                "billed": float(max(peak.value, FLOOR)),
                "time": peak.time.isoformat(),
                "source": str(peak.source),
            }
            for month, peak in capacity.insight.months().items()
        ],
        "average": _average(report.average),
        "average_as_it_stands": _average(report.average_as_it_stands),
        "average_forecast": _average(report.average_forecast),
        "cost": _cost(report),
    }


def _cost(report: CapacityReport) -> JsonObjectType | None:
    """Return what is billed, in EUR with VAT."""
    if report.cost is None or report.tariff is None:
        return None
    return {
        "year": float(round(report.cost.year, 2)),
        "month": float(round(report.cost.month, 2)),
        "peak_kw": float(round(report.cost.peak_kw, 2)),
        "maximum_tariff_applies": report.cost.maximum_applies,
        "tariff_year": report.tariff.year,
    }


def _average(average: PeakAverage | None) -> JsonObjectType | None:
    """Return a mean in kW and how many months it is known from."""
    return None if average is None else {"value": float(round(average.value, 3)), "known_months": average.months}
