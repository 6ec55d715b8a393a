"""What a group sends, so that it can be read like a meter: telegrams with the sums of its members."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Self, override

from ..port import Channel, Register, Telegram, obis
from .members import MemberReading
from .sums import Sum

_CODES: Final = frozenset(
    {obis.METER_TIME, obis.IMPORT_POWER, obis.EXPORT_POWER, obis.IMPORT_ENERGY, obis.EXPORT_ENERGY}
)

_NO_CHANNELS: Final[Mapping[int, Channel]] = MappingProxyType({})
_NOTHING: Final = Decimal()
_NO_RESTS: Final[Mapping[str, Sum]] = MappingProxyType({})


class GroupTelegram(Telegram):
    """The sum of the members at a moment.

    Its registers are the power of all that are known, and what the group has exchanged since it was made. While a
    member is silent it is not whole: quarters are not known from such telegrams.
    """

    total: Sum
    """What the registers are made of: only members that are nobody's child are in it."""
    rests: Mapping[str, Sum]
    """Of each parent, by id, the latest that is known without its children."""

    @override
    def __new__(cls, identifier: str, total: Sum, rests: Mapping[str, Sum] = _NO_RESTS) -> Self:
        """Make the telegram of a group."""
        registers = {
            obis.METER_TIME: Register(None, None, total.time),
            obis.IMPORT_POWER: Register(max(total.power, _NOTHING), "kW"),
            obis.EXPORT_POWER: Register(max(-total.power, _NOTHING), "kW"),
            obis.IMPORT_ENERGY: Register(total.counters.imported, "kWh"),
            obis.EXPORT_ENERGY: Register(total.counters.exported, "kWh"),
        }
        fields: tuple[Any, ...] = "", None, identifier, total.time, MappingProxyType(registers), _NO_CHANNELS, (), b""
        telegram = tuple.__new__(cls, fields)
        telegram.total = total
        telegram.rests = rests
        return telegram

    @property
    def members(self) -> Mapping[str, MemberReading]:
        """Return what is known of the members at that moment, by id; a silent one is not in it, nor are children."""
        return self.total.members

    @property
    def silent(self) -> frozenset[str]:
        """Return the ids of those that are not known."""
        return self.total.silent

    @property
    def codes(self) -> frozenset[str]:
        """Return what is known: the codes of the registers, and whose rest is."""
        return _CODES | self.rests.keys() if self.rests else _CODES

    @property
    @override
    def is_whole(self) -> bool:
        """Return whether all members are known."""
        return not self.total.silent
