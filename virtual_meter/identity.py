"""Identifiers of meters: invented, yet formed as real ones."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Identity:
    """Equipment identifiers (DIN 43863-5) and EANs of one house."""

    meter_id: str
    gas_id: str
    water_id: str
    meter_ean: str
    gas_ean: str
    water_ean: str
    other_gas_id: str
    """Of the gas meter that was there before, or comes after."""
    heat_id: str
    cooling_id: str


def invent(seed: int, id_prefix: str) -> Identity:
    """Invent the identifiers that belong to this seed."""
    rng = Random(f"{seed}/identity")
    number = f"{rng.randrange(10**8):08d}"
    gas, water = rng.randrange(10**7), rng.randrange(10**7)
    return Identity(
        meter_id=id_prefix + number,
        gas_id=f"7FLO211{gas:07d}",
        water_id=f"8SAG732{water:07d}",
        meter_ean=_ean(rng),
        gas_ean=_ean(rng),
        water_ean=_ean(rng),
        other_gas_id=f"7FLO209{rng.randrange(10**7):07d}",
        heat_id=f"6KAM220{rng.randrange(10**7):07d}",
        cooling_id=f"5KAM220{rng.randrange(10**7):07d}",
    )


def _ean(rng: Random) -> str:
    """Invent an 18-digit EAN; nobody's own has as many zeros."""
    digits = f"541400000000{rng.randrange(10**5):05d}"
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"
