"""All faults by name, and how a command line says them."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from math import isfinite
from types import MappingProxyType
from typing import Final

from . import content_faults as content, grid_faults as grid, line_faults as line, port_faults as port, s1_faults as s1
from .fault import Fault

FAULTS: Final[Mapping[str, type[Fault]]] = MappingProxyType(
    {
        "close": port.Close,
        "silent": port.Silent,
        "half_open": port.HalfOpen,
        "refuse": port.Refuse,
        "unplug": port.Unplug,
        "single_client": port.SingleClient,
        "bad_checksum": line.BadChecksum,
        "corrupt": line.Corrupt,
        "garbage": line.Garbage,
        "wrong_speed": line.WrongSpeed,
        "high_bytes": line.HighBytes,
        "lf_only": line.LfOnly,
        "split": line.Split,
        "one_byte": line.OneByte,
        "merge": line.Merge,
        "clock_2000": content.Clock2000,
        "clock_offset": content.ClockOffset,
        "clock_back": content.ClockBack,
        "clock_frozen": content.ClockFrozen,
        "counter_back": content.CounterBack,
        "counter_jump": content.CounterJump,
        "other_meter": content.OtherMeter,
        "demand_lost": content.DemandLost,
        "energy_lost": content.EnergyLost,
        "overvoltage": grid.Overvoltage,
        "undervoltage": grid.Undervoltage,
        "missing_phase": grid.MissingPhase,
        "lost_neutral": grid.LostNeutral,
        "dip": s1.Dip,
        "corrupt_samples": s1.CorruptSamples,
        "lost_frames": s1.LostFrames,
        "corrupt_frames": s1.CorruptFrames,
        "garbage_frames": s1.GarbageFrames,
    }
)
"""Every fault, by the name that `--fault` has for it."""

_BOUNDS: Final = {
    "share": (0, 1),
    "size": (1, 1 << 16),
    "telegrams": (1, 100),
    "baud": (50, 4_000_000),
    "phase": (1, 3),
    "of_phase": (0, 3),
    "level": (0, 1.5),
}
_ANY_SIGN: Final = {"seconds"}
_LONGEST: Final = 1e12


def make_fault(text: str) -> Fault:
    """Return the fault that `NAME[:ARGUMENT,…]` says; ValueError with what is wrong and how it is written."""
    name, colon, rest = text.partition(":")
    if name not in FAULTS:
        msg = f"there is no fault {name}; choose one of {', '.join(FAULTS)}"
        raise ValueError(msg)
    kind = FAULTS[name]
    arguments = _arguments(kind)
    given = rest.split(",") if colon else []
    required = sum(argument.default is MISSING for argument in arguments)
    if not required <= len(given) <= len(arguments):
        msg = f"{text} is written as {usage(name)}"
        raise ValueError(msg)
    values = [_value(argument, value) for argument, value in zip(arguments, given, strict=False)]
    return kind(*values)


def usage(name: str) -> str:
    """Return how a fault is written."""
    arguments = _arguments(FAULTS[name])
    text = ",".join(argument.name.upper() for argument in arguments)
    required = any(argument.default is MISSING for argument in arguments)
    return f"{name}:{text}" if required else f"{name}[:{text}]" if text else name


def explain() -> str:
    """Return all faults with how they are written, what they do and what their arguments are by default."""
    return "\n".join(f"  {usage(name)}\n      {kind.__doc__}{_defaults(kind)}" for name, kind in FAULTS.items())


def _arguments(kind: type[Fault]) -> list[Field[float]]:
    return [argument for argument in fields(kind) if argument.init]  # type: ignore[arg-type]  # all are dataclasses


def _defaults(kind: type[Fault]) -> str:
    defaults = [argument.default for argument in _arguments(kind) if argument.default is not MISSING]
    only = f" [{kind.transport}]" if kind.transport else ""
    return only + (f" (default {','.join(f'{value:g}' for value in defaults)})" if defaults else "")


def _value(argument: Field[float], text: str) -> float:
    lowest, highest = _BOUNDS.get(argument.name, (-_LONGEST if argument.name in _ANY_SIGN else 0, _LONGEST))
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not isfinite(value) or not lowest <= value <= highest:
        msg = f"{argument.name.upper()} is {text}; it must be a number from {lowest:g} to {highest:g}"
        raise ValueError(msg)
    return int(value) if argument.type is int else value
