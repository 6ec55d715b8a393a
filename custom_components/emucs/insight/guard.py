"""Checks every telegram before anything else sees it: no counter falls, or rises faster than a meter can count."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self

from ..groups.telegrams import GroupTelegram
from ..port import Channel, Dimension, Direction, Kind, Origin, Register, Telegram, meaning, parse_code
from .bounded import Recent
from .ceiling import Ceiling, ShownPower
from .counter import Counter, Verdict, reading_of, restore_counters, save_counters
from .electricity import net_power
from .mbus import MbusMeter, Medium, channel_name, is_taken, mbus_meters

# All ceilings are assumptions, and generous: a reading beyond them is shown a minute later, and nothing is lost.
GAS: Final = Ceiling(Decimal(160))
"""m³/h: what a G100 meter takes; those of homes are G4 to G25."""
WATER: Final = Ceiling(Decimal(60))
"""m³/h: several times what the main of a home gives."""
ENERGY: Final = Ceiling(Decimal(1_000_000))
"""W, as cold or electricity on the M-Bus."""
HEAT: Final = Ceiling(ENERGY.rate * 3600)
"""J in an hour, of heat at the same power."""
_WATTS: Final = 1000  # in a kW

_MOST_COUNTERS: Final = 64
_MOST_METERS: Final = 16
_CACHED_CODES: Final = 128
_IMPORT_ENERGY: Final = (1, 1, 8)
_NO_POWER: Final = Decimal()
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Guarded(NamedTuple):
    """A telegram whose counters are plausible."""

    telegram: Telegram
    codes: frozenset[str]
    """The codes of its registers: the same object for as long as the meter prints the same ones."""
    meters: Mapping[str, MbusMeter]
    """The M-Bus meters in it, by identifier."""
    withheld: frozenset[str] = frozenset()
    """Codes of registers and identifiers of M-Bus meters whose latest good reading stands in for what was printed."""
    restarted: frozenset[str] = frozenset()
    """Those whose counter was reset, now that this is confirmed."""
    renamed: Mapping[str, str] = _NOTHING
    """M-Bus meters that print their identifier from now on: the former name by channel, and the identifier."""

    @property
    def import_withheld(self) -> bool:
        """Return whether an import counter is an older one, so that no energy follows from it for now."""
        return any(_counts_import(key) for key in self.withheld)

    @property
    def import_restarted(self) -> bool:
        """Return whether an import counter was reset, so that the step is no energy."""
        return any(_counts_import(key) for key in self.restarted)


@lru_cache(maxsize=_CACHED_CODES)
def is_counter(code: str, unit: str | None) -> bool:
    """Tell whether a register of the electricity meter counts energy and only goes forward."""
    parsed = parse_code(code)
    found = None if parsed is None else meaning(parsed, unit)
    return (
        found is not None
        and found.kind is Kind.ENERGY
        and found.medium is Origin.ELECTRICITY
        and found.direction is not Direction.NET
        and found.historic is None
    )


def _counts_import(key: str) -> bool:
    """Tell whether a counter is one of imported active energy, on whichever channel."""
    code = parse_code(key)
    return code is not None and (code.a, code.c, code.d) == _IMPORT_ENERGY


class Guard:
    """Follows all counters of a meter and of those on its M-Bus. It survives a restart by `save` and `restore`."""

    def __init__(self, meter_id: str) -> None:
        """Start with nothing known of a meter."""
        self.meter_id = meter_id
        self.is_other_meter = False
        """Whether the saved state is that of another electricity meter, which this one replaces."""
        self._registers = Recent[Counter](_MOST_COUNTERS)
        self._meters = Recent[Counter](_MOST_METERS)
        self._nameless: dict[str, Medium] = {}  # media of the meters that are named by their channel
        self._codes: frozenset[str] = frozenset()
        self._counting: list[str] = []  # those of them that count
        self._power = ShownPower()
        self._found: Mapping[str, MbusMeter] = {}
        self._settled: Mapping[int, Channel] | None = None  # the channels that were judged last, if that is final

    def feed(self, telegram: Telegram) -> Guarded:
        """Take a telegram; return it with the latest good reading wherever a counter says what it cannot."""
        if isinstance(telegram, GroupTelegram):
            # Each reading in it was judged already; what a member counted while it was silent comes at once.
            return Guarded(telegram, telegram.codes, {})
        self._power.feed(abs(net_power(telegram) or _NO_POWER) * _WATTS, telegram.time)
        verdicts = self._judge_registers(telegram)
        renamed: Mapping[str, str] = _NOTHING
        if telegram.channels is not self._settled:
            self._found = mbus_meters(telegram, self.meter_id)
            self._meters.note(self._found.keys())
            renamed = self._find_renamed(telegram, self._found)
            verdicts |= self._judge_meters(telegram, self._found)
        if not verdicts:
            return Guarded(telegram, self._codes, self._found, renamed=renamed)
        return self._put_right(telegram, verdicts, renamed)

    def _put_right(self, telegram: Telegram, verdicts: dict[str, Verdict], renamed: Mapping[str, str]) -> Guarded:
        """Return the telegram with the verdicts applied."""
        found = self._found
        withheld = frozenset(key for key, verdict in verdicts.items() if verdict.is_withheld)
        if withheld:
            found, telegram = _put_right(telegram, found, {key: verdicts[key].register for key in withheld})
        restarted = frozenset(key for key, verdict in verdicts.items() if verdict.is_restart)
        return Guarded(telegram, self._codes, found, withheld, restarted, renamed)

    def _judge_registers(self, telegram: Telegram) -> dict[str, Verdict]:
        """Judge each counter of the electricity meter; return only verdicts other than *believed*."""
        registers, counters, time = telegram.registers, self._registers, telegram.time
        verdicts = {}
        for code in self._counters_in(telegram):
            verdict = _judge(counters, code, registers[code], time, self._power)
            if verdict is not None:
                verdicts[code] = verdict
        return verdicts

    def _counters_in(self, telegram: Telegram) -> list[str]:
        """Return the codes of the counters in a telegram; worked out anew only when its codes change."""
        registers = telegram.registers
        if registers.keys() != self._codes:
            self._codes = frozenset(registers)
            self._counting = [code for code, register in registers.items() if is_counter(code, register.unit)]
            self._registers.note(frozenset(self._counting))
        return self._counting

    def _judge_meters(self, telegram: Telegram, found: Mapping[str, MbusMeter]) -> dict[str, Verdict]:
        """Judge the reading of each M-Bus meter; return only verdicts other than *believed*."""
        verdicts = {}
        dated = True
        for identifier, meter in found.items():
            if is_taken(identifier, self.meter_id):
                self._nameless[identifier] = meter.medium
            if (register := meter.channel.reading) is not None:
                dated &= register.time is not None
                time = register.time or telegram.time
                verdict = _judge(self._meters, identifier, register, time, _ceiling_of(meter))
                if verdict is not None:
                    verdicts[identifier] = verdict
        # A reading without a time of its own is a new one in each telegram, as is one that is not believed yet.
        self._settled = telegram.channels if dated and not verdicts else None
        return verdicts

    def _find_renamed(self, telegram: Telegram, found: Mapping[str, MbusMeter]) -> dict[str, str]:
        """Return the meters that were named by their channel and print their identifier now, and follow them.

        It is the same meter if the medium is the same and its reading can be a later one; else it is another one.
        """
        renamed = {}
        for number, channel in telegram.channels.items():
            before = channel_name(self.meter_id, number)
            if channel.id is None or channel.id in self._meters or before in found or before not in self._meters:
                continue
            meter = found.get(channel.id)
            if meter is None or meter.medium is not self._nameless.get(before) or channel.reading is None:
                continue
            reading = reading_of(channel.reading, channel.reading.time or telegram.time)
            if reading is not None and self._meters[before].follows(reading, _ceiling_of(meter)):
                self._meters[channel.id] = self._meters.pop(before)
                del self._nameless[before]
                renamed[before] = channel.id
        return renamed

    def save(self) -> dict[str, Any]:
        """Return what a restart needs, as JSON has it."""
        return {
            "meter": self.meter_id,
            "lasted": self._power.lasted,
            "registers": save_counters(self._registers),
            "meters": save_counters(self._meters),
            "media": dict(self._nameless),
        }

    @classmethod
    def restore(cls, meter_id: str, saved: Mapping[str, Any]) -> Self:
        """Restore what was saved; of another electricity meter only the M-Bus meters."""
        guard = cls(meter_id)
        guard._meters = Recent(_MOST_METERS, restore_counters(saved["meters"]))
        media = {identifier: Medium(medium) for identifier, medium in saved["media"].items()}
        guard._nameless = {each: medium for each, medium in media.items() if is_taken(each, meter_id)}
        guard.is_other_meter = saved["meter"] != meter_id
        if not guard.is_other_meter:
            guard._power = ShownPower(saved.get("lasted", ()))
            guard._registers = Recent(_MOST_COUNTERS, restore_counters(saved["registers"]))
        return guard


def _judge(
    counters: Recent[Counter], key: str, register: Register, time: datetime | None, ceiling: Ceiling
) -> Verdict | None:
    """Judge a reading; None where it is believed, as a first one and one without a number are."""
    counter = counters.get(key)
    if counter is not None and counter.good.register is register:
        counter.repeat(time)
        return None
    reading = reading_of(register, time)
    if reading is None:
        return None
    if counter is not None:
        verdict = counter.feed(reading, ceiling)
        return verdict if verdict.is_withheld or verdict.is_restart else None
    counters.add(key, Counter(reading))
    return None


def _ceiling_of(meter: MbusMeter) -> Ceiling:
    """Return the most that an M-Bus meter can count."""
    reading = None if meter.channel.reading is None else reading_of(meter.channel.reading, None)
    if reading is None or reading.dimension is Dimension.VOLUME:
        return GAS if meter.medium is Medium.GAS else WATER
    return HEAT if reading.dimension is Dimension.HEAT else ENERGY


def _put_right(
    telegram: Telegram, found: Mapping[str, MbusMeter], good: Mapping[str, Register]
) -> tuple[Mapping[str, MbusMeter], Telegram]:
    """Return the meters and the telegram with their readings replaced by the latest good ones."""
    meters = dict(found)
    channels: dict[int, Channel] = dict(telegram.channels)
    for number, channel in telegram.channels.items():
        for identifier, meter in found.items():
            if identifier in good and meter.channel is channel:
                channels[number] = channel._replace(reading=good[identifier])
                meters[identifier] = meter._replace(channel=channels[number])
    registers = {code: good.get(code, register) for code, register in telegram.registers.items()}
    return meters, telegram._replace(registers=MappingProxyType(registers), channels=MappingProxyType(channels))
