"""How reports say things: words and numbers of a language, moments of Belgian local time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import floor
from typing import Final
from zoneinfo import ZoneInfo

LANGUAGES: Final = ("en", "nl", "fr", "de")
"""Those that a report is written in."""
_LOCAL: Final = ZoneInfo("Europe/Brussels")
NOTHING: Final = "–"  # noqa: RUF001 -- a dash, where a number is not known
_WITH_POINT: Final = {"en"}
NO_BREAK: Final = "\u00a0"
# 0.29 * 1000 is less than 290.
_ROUNDING: Final = 1e-6
_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a report in one of LANGUAGES."""

    language: str
    words: Mapping[str, str]

    def say(self, key: str, **values: str) -> str:
        """Return a text, filled in; a number and its percent sign stay on one line."""
        return self.words[key].format_map(values).replace(" %", f"{NO_BREAK}%")

    def number(self, value: float, digits: int = 0, unit: str = "") -> str:
        """Return a number with so many decimals, and its unit."""
        text = f"{value:.{digits}f}"
        text = text if self.language in _WITH_POINT else text.replace(".", ",")
        return f"{text}{NO_BREAK}{unit}" if unit else text

    def share(self, value: float | None) -> str:
        """Return a share as a percentage, rounded down: 99.96 % is not all."""
        return NOTHING if value is None else self.number(floor(value * 1000 + _ROUNDING) / 10, 1, "%")

    def volts(self, value: float | None) -> str:
        """Return a voltage."""
        return NOTHING if value is None else self.number(value, 1, "V")

    def kilowatts(self, value: float | None) -> str:
        """Return a power."""
        return NOTHING if value is None else self.number(value, 2, "kW")


def local(moment: datetime) -> datetime:
    """Return a moment in Belgian local time."""
    return moment.astimezone(_LOCAL)


def midnight(day: date) -> datetime:
    """Return the UTC time at which a local day begins."""
    return datetime.combine(day, time(), _LOCAL).astimezone(UTC)


def monday(moment: datetime) -> date:
    """Return the first day of the local week that a moment is in."""
    day = local(moment).date()
    return day - timedelta(days=day.weekday())


def clock(moment: datetime) -> str:
    """Return a local time such as `2026-10-25 02:10`, with its offset in the hour that is there twice."""
    there = local(moment)
    text = f"{there:%Y-%m-%d %H:%M}"
    if there.replace(fold=0).utcoffset() == there.replace(fold=1).utcoffset():
        return text
    return f"{text}{NO_BREAK}(UTC{there:%z})"[:-3] + ")"


def duration(seconds: int) -> str:
    """Return a time such as `1:02:03`."""
    minutes, rest = divmod(seconds, _MINUTE)
    return f"{minutes // _MINUTE}:{minutes % _MINUTE:02}:{rest:02}"
