"""Diagnostics: what a maintainer needs, without anything that identifies the meter or its owner."""

import re
from typing import Any, Final

from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .const import CONF_BAUDRATE, CONF_BYTESIZE, CONF_INTERVAL, CONF_MAKE, CONF_PARITY, CONF_STOPBITS, CONF_WAIT
from .coordinator import EmucsConfigEntry
from .devices import names_of
from .insight.clock import MeterClock
from .kinds import CONF_KIND, EntryKind, kind_of
from .metering_point import MeteringPointImports
from .port import Register, Telegram, is_public, is_public_identification, redact
from .port.address import scheme_of
from .samples import SampleCoordinator, samples_of

# What an entry may be shown with: all else tells where the reader is, or opens it.
_PUBLIC: Final = {CONF_BAUDRATE, CONF_BYTESIZE, CONF_INTERVAL, CONF_MAKE, CONF_PARITY, CONF_STOPBITS, CONF_WAIT}
_VERSION: Final = re.compile(r"[0-9A-Z.]{1,5}")


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: EmucsConfigEntry) -> dict[str, Any]:
    """Return the state of the link and the latest telegram, if set-up received one."""
    if kind_of(entry) is EntryKind.METERING_POINT:
        return _point(entry)
    coordinator = entry.runtime_data
    link = coordinator.link
    data = coordinator.data
    telegram = None if data is None else data.telegram
    return {
        "entry": {
            "data": {key: value if key in _PUBLIC else REDACTED for key, value in entry.data.items()},
            "scheme": scheme_of(link.url),
            "options": dict(entry.options),
        },
        "link": {
            "up": coordinator.down is None and telegram is not None,
            "reason": coordinator.down and coordinator.down.reason,
            "last_failure": coordinator.watch.health.last_failure,
            "connections": link.connections,
            "telegrams": link.reader.telegrams,
            "telegrams_per_minute": coordinator.watch.health.telegrams_per_minute,
            "dropped": {str(reason): count for reason, count in link.reader.dropped.items()},
            "events": [[event.time.isoformat(), event.what] for event in coordinator.watch.health.events],
        },
        **_samples(samples_of(coordinator)),
        "clock": _clock(coordinator.insights.clock),
        "guard": {
            "withheld": [] if data is None else names_of(data.guarded.withheld),
            "withheld_readings": coordinator.insights.withheld,
        },
        "grid": coordinator.insights.grid,
        "user_port": coordinator.user_port,
        "telegram": None if telegram is None else _telegram(telegram),
        "last_frame": redact_frame(None if telegram is None else telegram.frame),
        "last_bad_frame": redact_frame(link.reader.last_bad_frame),
    }


def _point(entry: ConfigEntry[Any]) -> dict[str, Any]:
    """Return how far the imports of a metering point reach."""
    imports: MeteringPointImports = entry.runtime_data
    return {
        "entry": {"data": {key: value if key == CONF_KIND else REDACTED for key, value in entry.data.items()}},
        "imports": {
            "until": None if imports.until is None else imports.until.isoformat(),
            "latest": None if imports.latest is None else imports.latest.isoformat(),
        },
    }


def _samples(samples: SampleCoordinator | None) -> dict[str, Any]:
    """Return how the S1 port does, where there is one."""
    if samples is None:
        return {}
    measured = samples.data
    return {
        "samples": {
            "up": samples.down is None and measured is not None,
            "reason": samples.down and samples.down.problem,
            "frames": samples.frames,
            "lost": 0 if measured is None else measured.lost,
            "corrupt_windows": 0 if measured is None else measured.corrupt,
        }
    }


def _clock(clock: MeterClock) -> dict[str, Any]:
    """Return how the clock of the meter compares with that of the host."""
    return {
        "seconds_ahead": None if clock.deviation is None else round(clock.deviation.total_seconds()),
        "off_since": None if clock.off_since is None else clock.off_since.isoformat(),
        "frozen": clock.is_frozen,
        "usable": clock.is_usable,
    }


def _telegram(telegram: Telegram) -> dict[str, Any]:
    """Return a telegram without personal data."""
    return {
        "identification": telegram.identification if is_public_identification(telegram.identification) else REDACTED,
        "version": telegram.version if _VERSION.fullmatch(telegram.version or "-") else telegram.version and REDACTED,
        "time": telegram.time and telegram.time.isoformat(),
        "registers": {code: _register(code, register) for code, register in telegram.registers.items()},
        "channels": {
            number: {
                "device_type": channel.device_type,
                "id": channel.id and REDACTED,
                "valve": channel.valve,
            }
            for number, channel in telegram.channels.items()
        },
        "demand_history": [
            {"period_end": month.period_end.isoformat(), "time": month.time.isoformat(), "value": str(month.value)}
            for month in telegram.demand_history
        ],
    }


def _register(code: str, register: Register) -> list[str | None]:
    """Return value, unit and time of a register."""
    value = None if register.value is None else str(register.value) if is_public(code, register) else REDACTED
    return [value, register.unit, None if register.time is None else register.time.isoformat()]


def redact_frame(frame: bytes | None) -> list[str] | None:
    """Return the lines of a telegram as received, with identifying values replaced."""
    return None if frame is None else redact(frame, REDACTED)
