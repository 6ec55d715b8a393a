"""Which grid a meter is connected to."""

from enum import StrEnum

from ..port import Telegram, obis


class Grid(StrEnum):
    """The grids of Belgian homes: phases and voltage."""

    SINGLE_PHASE = "single_phase"
    THREE_PHASE_400V = "three_phase_400v"
    THREE_PHASE_230V = "three_phase_230v"


def grid_of(telegram: Telegram, before: Grid | None = None) -> Grid | None:
    """Return the grid that a telegram shows, or what was known before where it shows none.

    Meters of the second generation print it (1-0:94.32.1). Others are recognised by their voltages: without a neutral,
    L2 is the reference and its voltage is 0 (e-MUCS P1 1.7.1, table 4, note 5).
    """
    registers = telegram.registers
    if (printed := registers.get(obis.GRID)) is not None and printed.number is not None:
        return Grid.THREE_PHASE_230V if printed.number == 230 else Grid.THREE_PHASE_400V  # noqa: PLR2004 -- volts
    if before is Grid.THREE_PHASE_400V:
        # A phase without voltage is an outage there.
        return before
    if (second := registers.get(obis.voltage("l2"))) is not None and second.number is not None:
        return Grid.THREE_PHASE_400V if second.number else Grid.THREE_PHASE_230V
    if before is None and obis.voltage("l1") in registers and obis.voltage("l3") not in registers:
        return Grid.SINGLE_PHASE
    return before
