"""The power factor of quarters and months, by the energy that was counted, and reactive energy beyond a free share."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from math import hypot
from typing import Any, ClassVar, Final, NamedTuple, Self, override

from ..port import Telegram
from .base import Insight
from .demand import QUARTER, quarter_start
from .electricity import energy_export, energy_import, reactive_energy
from .grid import SECTION_CONNECTION
from .peaks import month_at, month_of

CONF_FREE_REACTIVE_SHARE: Final = "free_reactive_share"
"""Percent of the active energy. What a grid operator leaves free is in the contract: there is no default."""

_NOTHING: Final = Decimal()
_PERCENT: Final = Decimal(100)
# By how much the telegrams that a quarter is measured between may be closer or further apart: a tenth of it.
_TOLERANCE: Final = timedelta(seconds=90)


class Character(StrEnum):
    """Which way reactive energy flows."""

    INDUCTIVE = "inductive"
    CAPACITIVE = "capacitive"


class Energies(NamedTuple):
    """What was counted: kWh, and kvarh. Inductive and capacitive are above zero alike."""

    active: Decimal = _NOTHING
    inductive: Decimal = _NOTHING
    capacitive: Decimal = _NOTHING

    @property
    def factor(self) -> float | None:
        """Return the power factor, 0 to 1: P / \u221a(P\u00b2 + Q\u00b2); None where nothing flowed."""
        apparent = hypot(self.active, self.inductive - self.capacitive)
        return float(self.active) / apparent if apparent else None

    @property
    def character(self) -> Character | None:
        """Return which way more reactive energy flowed; None where as much flowed either way."""
        if self.inductive == self.capacitive:
            return None
        return Character.INDUCTIVE if self.inductive > self.capacitive else Character.CAPACITIVE

    def beyond(self, share: Decimal) -> tuple[Decimal, Decimal]:
        """Return the inductive and the capacitive energy beyond a share of the active energy, each in kvarh."""
        free = self.active * share
        return max(self.inductive - free, _NOTHING), max(self.capacitive - free, _NOTHING)

    def plus(self, other: Energies) -> Energies:
        """Return what was counted together."""
        return Energies(*(one + another for one, another in zip(self, other, strict=True)))

    def minus(self, other: Energies) -> Energies | None:
        """Return what was counted since another reading; None if a counter was set back."""
        since = Energies(*(one - another for one, another in zip(self, other, strict=True)))
        return None if min(since) < _NOTHING else since


class PowerFactorState(NamedTuple):
    """What is known at one moment."""

    quarter: Energies | None
    """Of the latest quarter that was seen whole."""
    month: Energies
    """Of the running month, up to the end of its latest quarter."""
    since: datetime
    """From when on, in UTC: the begin of the month, or later."""


def counters_of(telegram: Telegram) -> Energies | None:
    """Return the counters; None where the meter prints none of reactive energy, or none of imported energy.

    Where reactive energy is counted by directions alone, it goes with active energy in both.
    """
    reactive, active = reactive_energy(telegram), energy_import(telegram)
    if reactive is None or active is None:
        return None
    if not reactive.is_of_import:
        active += energy_export(telegram) or _NOTHING
    return Energies(active, reactive.inductive, reactive.capacitive)


class PowerFactor(Insight[Decimal | None, PowerFactorState]):
    """Follows active and reactive energy by quarters. Its setting is the free share, 1 for 100 %, if set."""

    name: ClassVar = "power_factor"
    follows_all_counters: ClassVar = True

    def __init__(self, settings: Decimal | None) -> None:
        """Start with nothing known."""
        super().__init__(settings)
        self._mark: tuple[datetime, Energies] | None = None  # when a quarter began, in UTC, and the counters
        self._until: datetime | None = None  # the end of that quarter
        self._month: date | None = None
        self._sums = Energies()
        self._since: datetime | None = None
        self._quarter: Energies | None = None

    @override
    @staticmethod
    def settings_of(options: Mapping[str, Any]) -> Decimal | None:
        """Return the free share in the options of an entry."""
        share = options.get(SECTION_CONNECTION, {}).get(CONF_FREE_REACTIVE_SHARE)
        return None if share is None else Decimal(str(share)) / _PERCENT

    @override
    def feed(self, telegram: Telegram, *, counter_is_doubted: bool = False) -> PowerFactorState | None:
        """Take a telegram; what is known changes once a quarter."""
        time = telegram.time
        if time is None or counter_is_doubted:
            return self.state
        if self._mark is not None and self._until is not None and self._mark[0] <= time < self._until:
            return self.state
        counters = counters_of(telegram)
        if counters is None:
            self._mark = self.state = None
            return None
        time = time.astimezone(UTC)
        start = quarter_start(time)
        if self._mark is None or quarter_start(self._mark[0]) != start or time < self._mark[0]:
            self._close(start, time, counters)
            self._mark = time, counters
        self._until = start + QUARTER
        self._begin_month(time)
        self.state = PowerFactorState(self._quarter, self._sums, self._since or time)
        return self.state

    def _close(self, start: datetime, time: datetime, counters: Energies) -> None:
        """Count what there was since the mark: to a quarter if that is all of one, and to the month if it is in one."""
        self._quarter = None
        if self._mark is None or time <= self._mark[0]:
            return
        passed, since = time - self._mark[0], counters.minus(self._mark[1])
        if since is None:
            return
        if quarter_start(self._mark[0]) + QUARTER == start and abs(passed - QUARTER) <= _TOLERANCE:
            self._quarter = since
        if self._month is not None and self._month == month_of(start):
            self._sums = self._sums.plus(since)

    def _begin_month(self, time: datetime) -> None:
        """Begin another month where the time is in one."""
        if (month := month_at(time)) != self._month:
            self._month, self._since, self._sums = month, time, Energies()

    @override
    def pause(self) -> None:
        """Know nothing while the meter's clock is wrong."""
        super().pause()
        self._until = None

    @override
    def forget_counter(self) -> None:
        """Take no energy from the former counters."""
        self._mark = None

    @override
    def save(self) -> dict[str, Any]:
        """Return what a restart needs, in types of JSON."""
        return {
            "mark": None if self._mark is None else [self._mark[0].isoformat(), _saved(self._mark[1])],
            "month": None if self._month is None else self._month.isoformat(),
            "sums": _saved(self._sums),
            "since": None if self._since is None else self._since.isoformat(),
            "quarter": None if self._quarter is None else _saved(self._quarter),
        }

    @override
    @classmethod
    def restore(cls, settings: Decimal | None, saved: Mapping[str, Any]) -> Self:
        """Return what was saved."""
        insight = cls(settings)
        if (mark := saved["mark"]) is not None:
            insight._mark = datetime.fromisoformat(mark[0]), _restored(mark[1])
        insight._month = None if saved["month"] is None else date.fromisoformat(saved["month"])
        insight._sums = _restored(saved["sums"])
        insight._since = None if saved["since"] is None else datetime.fromisoformat(saved["since"])
        insight._quarter = None if saved["quarter"] is None else _restored(saved["quarter"])
        return insight


def _saved(energies: Energies) -> list[str]:
    """Return energies in types of JSON."""
    return [str(energy) for energy in energies]


def _restored(saved: list[str]) -> Energies:
    """Return energies that were saved."""
    return Energies(*map(Decimal, saved))
