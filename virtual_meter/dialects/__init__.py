"""What is printed between the identification and the end of a telegram, dialect by dialect."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from ..printing import Source
from ..profiles import Dialect
from . import a1, austria, dsmr, emucs, hungary, iskraemeco, luxembourg, nordic, switzerland

type Printer = Callable[[Source], Iterator[str]]

PRINTERS: Final[Mapping[Dialect, Printer]] = MappingProxyType(
    {
        Dialect.EMUCS: emucs.lines,
        Dialect.ISKRAEMECO_OLD: iskraemeco.old_lines,
        Dialect.ISKRAEMECO_NEW: iskraemeco.new_lines,
        Dialect.A1: a1.lines,
        Dialect.DSMR_2: dsmr.lines_2,
        Dialect.DSMR_4: dsmr.lines_4,
        Dialect.DSMR_5: dsmr.lines_5,
        Dialect.LUXEMBOURG: luxembourg.lines,
        Dialect.SWEDEN: nordic.swedish_lines,
        Dialect.FINLAND: nordic.finnish_lines,
        Dialect.HUNGARY: hungary.lines,
        Dialect.AUSTRIA: austria.lines,
        Dialect.SWITZERLAND: switzerland.lines,
    }
)
