"""Repair issues of an entry: reported when the user has to act, and ended when that is no longer so."""

from collections.abc import Callable, Mapping
from math import ceil, floor
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from . import texts
from .const import DOMAIN
from .devices import mask
from .insight.capacity import Capacity
from .insight.leak_watch import LIMITS, MeterVerdict
from .insight.leaks import Leaks, Verdicts
from .insight.mbus import Medium
from .insight.voltage import Voltage
from .insight.voltage_history import VoltageVerdict, WeekVerdict

if TYPE_CHECKING:
    from .coordinator import EmucsConfigEntry

CLOCK_OFF: Final = "clock_off"
GAS_FLOWS_FAST: Final = "gas_flows_fast"
GAS_FLOWS_ON: Final = "gas_flows_on"
HISTORY_UNREADABLE: Final = "history_unreadable"
MEMBER_CLOCK_OFF: Final = "member_clock_off"
MEMBER_GONE: Final = "member_gone"
METER_SILENT: Final = "meter_silent"
METER_STANDS: Final = "meter_stands"
PORT_SHARED: Final = "port_shared"
PORT_SILENT: Final = "port_silent"
PORT_UNREACHABLE: Final = "port_unreachable"
RECORDER_UNKNOWN: Final = "recorder_unknown"
RIGHTS_LAPSED: Final = "rights_lapsed"
TARIFF_YEAR: Final = "tariff_year"
UNREADABLE_STORE: Final = "unreadable_store"
VOLTAGE_OUTSIDE: Final = "voltage_outside"
VOLTAGE_OUTSIDE_FLANDERS: Final = "voltage_outside_flanders"
WATER_FLOWS_FAST: Final = "water_flows_fast"
WATER_FLOWS_ON: Final = "water_flows_on"
WRONG_METER: Final = "wrong_meter"
WRONG_SPEED: Final = "wrong_speed"
ISSUES: Final = (
    CLOCK_OFF,
    HISTORY_UNREADABLE,
    MEMBER_CLOCK_OFF,
    MEMBER_GONE,
    PORT_SHARED,
    PORT_SILENT,
    PORT_UNREACHABLE,
    RECORDER_UNKNOWN,
    RIGHTS_LAPSED,
    TARIFF_YEAR,
    WRONG_METER,
    WRONG_SPEED,
)
"""Those of an entry that runs, or tries to: they end with it."""
OF_METERS: Final[Mapping[str, Callable[[MeterVerdict], bool]]] = {
    WATER_FLOWS_ON: lambda verdict: verdict.medium is Medium.WATER and verdict.flows_on is True,
    WATER_FLOWS_FAST: lambda verdict: verdict.medium is Medium.WATER and verdict.flows_fast,
    GAS_FLOWS_ON: lambda verdict: verdict.medium is Medium.GAS and verdict.flows_on is True,
    GAS_FLOWS_FAST: lambda verdict: verdict.medium is Medium.GAS and verdict.flows_fast,
    METER_STANDS: lambda verdict: verdict.stands_since is not None,
    METER_SILENT: lambda verdict: verdict.silent_since is not None,
}
"""Those of the meters on the M-Bus, and of which of them."""
TO_BE_READ: Final = (UNREADABLE_STORE, VOLTAGE_OUTSIDE, VOLTAGE_OUTSIDE_FLANDERS, *OF_METERS)
"""Those that stay until the user has read them."""

ENTRY_ID: Final = "entry_id"
FOUND: Final = "found"


def issue_id(entry: ConfigEntry, issue: str) -> str:
    """Return the id of an issue of an entry."""
    return f"{issue}_{entry.entry_id}"


@callback
def async_end(hass: HomeAssistant, entry: ConfigEntry, *issues: str) -> None:
    """End issues of an entry, if they exist."""
    for issue in issues:
        ir.async_delete_issue(hass, DOMAIN, issue_id(entry, issue))


@callback
def async_end_all(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """End all issues of an entry that is removed."""
    async_end(hass, entry, *ISSUES, *TO_BE_READ)


@callback
def _report(
    hass: HomeAssistant,
    entry: ConfigEntry,
    issue: str,
    placeholders: dict[str, str],
    *,
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
    fix: dict[str, str | int | float | None] | None = None,
    persistent: bool = False,
    variant: str = "",
) -> None:
    """Report an issue of an entry; `fix` is what its fix flow needs, and `variant` ends the key of its texts."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(entry, issue),
        data=fix,
        is_fixable=fix is not None,
        is_persistent=persistent,
        severity=severity,
        translation_key=f"{issue}_{variant}" if variant else issue,
        translation_placeholders=placeholders,
    )


@callback
def async_report_silence(hass: HomeAssistant, entry: ConfigEntry, port: str) -> None:
    """Report that a port has been silent for long."""
    _report(
        hass,
        entry,
        PORT_SILENT,
        {"port": texts.name_of(port)},
        severity=ir.IssueSeverity.ERROR,
        variant=texts.connection_of(port),
    )


@callback
def async_report_shared_port(hass: HomeAssistant, entry: ConfigEntry, port: str) -> None:
    """Report that the other side closes a port again and again, though telegrams come."""
    _report(hass, entry, PORT_SHARED, {"name": entry.title, "port": texts.name_of(port)})


@callback
def async_report_unreachable_port(hass: HomeAssistant, entry: ConfigEntry, port: str, detail: str) -> None:
    """Report that a port could not be opened for long, and why. The fix flow leads to another port."""
    placeholders = {"name": entry.title, "port": texts.name_of(port), "detail": detail}
    fix: dict[str, str | int | float | None] = {ENTRY_ID: entry.entry_id}
    _report(hass, entry, PORT_UNREACHABLE, placeholders, severity=ir.IssueSeverity.ERROR, fix=fix)


@callback
def async_report_wrong_speed(hass: HomeAssistant, entry: ConfigEntry, port: str) -> None:
    """Report that a port has sent no telegrams but other data for long."""
    _report(
        hass,
        entry,
        WRONG_SPEED,
        {"port": texts.name_of(port)},
        severity=ir.IssueSeverity.ERROR,
        variant=texts.connection_of(port),
    )


@callback
def async_report_wrong_meter(hass: HomeAssistant, entry: ConfigEntry, port: str, found: str) -> None:
    """Report that another meter is on the port. The fix flow takes it as the replacement."""
    placeholders = {"port": texts.name_of(port), "expected": mask(entry.unique_id or ""), "found": mask(found)}
    fix: dict[str, str | int | float | None] = {ENTRY_ID: entry.entry_id, FOUND: found}
    _report(hass, entry, WRONG_METER, placeholders, severity=ir.IssueSeverity.ERROR, fix=fix)


@callback
def async_report_lapsed_rights(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Report that a meter sends voltages, but no energy any more."""
    _report(hass, entry, RIGHTS_LAPSED, {"name": entry.title})


@callback
def async_report_clock(hass: HomeAssistant, entry: ConfigEntry, meter: str, host: str) -> None:
    """Report that the clocks of meter and host differ: what both showed at one moment, in local time."""
    _report(hass, entry, CLOCK_OFF, {"name": entry.title, "meter": meter, "host": host})


@callback
def async_follow_tariff_year(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Report while the costs of a year are calculated with the rates of another one."""
    coordinator = entry.runtime_data

    @callback
    def check() -> None:
        """Compare the year of the costs with that of the rates."""
        capacity = coordinator.insights[Capacity]
        if (year := capacity.missing_year) is None or capacity.billed.tariff is None:
            async_end(hass, entry, TARIFF_YEAR)
        else:
            _report(hass, entry, TARIFF_YEAR, {"year": str(year), "used": str(capacity.billed.tariff.year)})

    entry.async_on_unload(coordinator.async_add_listener(check))
    check()


@callback
def async_follow_voltage(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Say of each week once that its voltage was outside the limits, until the user has read it or a week was not."""
    coordinator = entry.runtime_data

    @callback
    def check() -> None:
        """Look at the week that the latest telegram ended."""
        state = coordinator.insights[Voltage].state
        if state is None or not state.closed:
            return
        async_end(hass, entry, VOLTAGE_OUTSIDE, VOLTAGE_OUTSIDE_FLANDERS)
        if outside := [week for week in state.closed if week.verdict is VoltageVerdict.OUTSIDE]:
            area = coordinator.insights[Capacity].settings.area
            _report_voltage(hass, entry, outside, is_flemish=area is not None and area.bills_peaks)

    entry.async_on_unload(coordinator.async_on_data(check))
    check()


@callback
def _report_voltage(hass: HomeAssistant, entry: ConfigEntry, weeks: list[WeekVerdict], *, is_flemish: bool) -> None:
    """Say on which phases the voltage of a week was outside, and what can be done in that region.

    The means lie between two whole numbers of volts, rounded outwards: no language writes those in its own way, and
    what is beyond a limit never reads as the limit. The report of the voltages has the decimals.
    """
    placeholders = {
        "name": entry.title,
        "begin": weeks[0].begin.isoformat(),
        "phases": ", ".join(week.phase.upper() for week in weeks),
        "lowest": str(floor(round(min(week.lowest for week in weeks), 3))),
        "highest": str(ceil(round(max(week.highest for week in weeks), 3))),
    }
    fix: dict[str, str | int | float | None] = {ENTRY_ID: entry.entry_id}
    if is_flemish:
        _report(hass, entry, VOLTAGE_OUTSIDE_FLANDERS, placeholders, fix=fix, persistent=True)
    else:
        _report(hass, entry, VOLTAGE_OUTSIDE, placeholders, fix=fix, persistent=True)


@callback
def async_follow_meters(hass: HomeAssistant, entry: EmucsConfigEntry) -> None:
    """Say once what is wrong with a meter on the M-Bus, until the user has read it or it is over."""
    coordinator = entry.runtime_data
    known: Verdicts | None = None

    @callback
    def check() -> None:
        """Look at what the latest telegram changed."""
        nonlocal known
        leaks = coordinator.insights[Leaks]
        if leaks.known is known:
            return
        known = leaks.known
        for issue, applies in OF_METERS.items():
            now, before = (
                [identifier for identifier, verdict in verdicts.items() if applies(verdict)]
                for verdicts in (known, leaks.before)
            )
            if not now:
                async_end(hass, entry, issue)
            elif not set(now) <= set(before):
                names = ", ".join(_name_of_meter(hass, entry, identifier) for identifier in now)
                limits = LIMITS.get(known[now[0]].medium)
                placeholders = {"name": entry.title, "meters": names, "limit": str(limits.most) if limits else ""}
                _report(hass, entry, issue, placeholders, fix={ENTRY_ID: entry.entry_id}, persistent=True)

    entry.async_on_unload(coordinator.async_on_data(check))
    check()


def _name_of_meter(hass: HomeAssistant, entry: ConfigEntry, identifier: str) -> str:
    """Return what a meter on the M-Bus is called; the end of its number, before it is a device."""
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)
    return (device and (device.name_by_user or device.name)) or mask(identifier)


@callback
def async_report_member_gone(hass: HomeAssistant, entry: ConfigEntry, members: list[str]) -> None:
    """Report that meters of a group were removed or disabled."""
    _report(hass, entry, MEMBER_GONE, {"name": entry.title, "members": ", ".join(members)})


@callback
def async_report_member_clock(hass: HomeAssistant, entry: ConfigEntry, members: dict[str, float]) -> None:
    """Report that the clocks of members, by name, are off by so many seconds."""
    shown = ", ".join(f"{name} ({seconds:+.0f} s)" for name, seconds in members.items())
    _report(hass, entry, MEMBER_CLOCK_OFF, {"name": entry.title, "members": shown})


@callback
def async_report_unreadable_store(hass: HomeAssistant, entry: ConfigEntry, file: str) -> None:
    """Report that a store cannot be read, and where it was set aside; until the user confirms."""
    placeholders = {"name": entry.title, "file": file}
    _report(hass, entry, UNREADABLE_STORE, placeholders, fix={ENTRY_ID: entry.entry_id}, persistent=True)


@callback
def async_report_unreadable_history(hass: HomeAssistant, entry: ConfigEntry, file: str) -> None:
    """Report that the record of imports cannot be read, and under which name it was set aside."""
    _report(
        hass,
        entry,
        HISTORY_UNREADABLE,
        {"name": entry.title, "file": file},
        severity=ir.IssueSeverity.ERROR,
    )


@callback
def async_report_unknown_recorder(hass: HomeAssistant, entry: ConfigEntry, version: str) -> None:
    """Report that history cannot be imported, as the schema of the recorder's database was not tested."""
    _report(hass, entry, RECORDER_UNKNOWN, {"name": entry.title, "version": version})
