"""What a group sends, so that it can be read like a meter: telegrams with the sums of its members."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Self, override

from ..port import Register, Telegram, obis
from .members import Reading

_NOTHING: Final = Decimal()


class GroupTelegram(Telegram):
    """The sum of the members at a moment.

    Its registers are the power of all that are known, and what the group has exchanged since it was made. While a
    member is silent it is not whole: quarters are not known from such telegrams.
    """

    members: Mapping[str, Reading]
    """What is known of the members at that moment, by id; a silent one is not in it. Children are not either."""
    silent: frozenset[str]
    """The ids of those that are not known now."""
    gross: tuple[Decimal, Decimal]
    """What all members have imported and exported since the group was made, in kWh."""

    @override
    def __new__(
        cls,
        identifier: str,
        time: datetime,
        power: Decimal,
        exchanged: tuple[Decimal, Decimal],
        gross: tuple[Decimal, Decimal],
        members: Mapping[str, Reading],
        silent: Iterable[str] = (),
    ) -> Self:
        """Make the telegram of a group: its net power in kW, and what it has imported and exported in kWh."""
        imported, exported = exchanged
        registers = {
            obis.METER_TIME: Register(None, None, time),
            obis.IMPORT_POWER: Register(max(power, _NOTHING), "kW"),
            obis.EXPORT_POWER: Register(max(-power, _NOTHING), "kW"),
            obis.IMPORT_ENERGY: Register(imported, "kWh"),
            obis.EXPORT_ENERGY: Register(exported, "kWh"),
        }
        fields: tuple[Any, ...] = ("", None, identifier, time, MappingProxyType(registers), _NO_CHANNELS, (), b"")
        telegram = tuple.__new__(cls, fields)
        telegram.gross = gross
        telegram.members = members
        telegram.silent = frozenset(silent)
        return telegram

    @property
    @override
    def is_whole(self) -> bool:
        """Return whether all members are known."""
        return not self.silent


_NO_CHANNELS: Final[Mapping[int, Any]] = MappingProxyType({})
