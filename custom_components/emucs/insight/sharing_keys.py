"""Who receives the energy that members of a group share in a quarter-hour, by the keys that grid operators offer.

Known from https://www.fluvius.be/nl/groene-energie/delen-en-verkopen-van-energie/hoe-wordt-de-injectie-verdeeld-bij-energiedelen:
sharing is by quarter-hour, nobody receives more than he imported in it, what is left flows back to those who exported
it, nobody shares with himself, and the keys are called fixed, relative and optimal. Sibelga calls them fixed in one
or more rounds, among others (https://sibelga.be/fr/raccordements-compteurs/energie-renouvelable/partage-energie/methodes-de-repartition).

Assumed, as no operator publishes its arithmetic:
- Relative: of what a member exports, the keys of the others are scaled up to 100 %. Fixed: they are not.
- What a receiver cannot use flows back to those who offered it to him, in proportion to what each offered.
- Optimal: what flowed back is shared again, by the relative key, among those who can use more: once in one step, else
  until nobody can.
- Energy is counted in millionths of a kWh.
"""

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Context, Decimal, localcontext
from enum import StrEnum
from itertools import repeat
from typing import Final, NamedTuple

type Energies = dict[str, Decimal]
"""In kWh, by member."""

# Of quotients: more digits than any error can reach that the last but one step rounds away.
_PRECISE: Final = Context(prec=50)
_NEARLY: Final = Decimal("1e-20")
_UNIT: Final = Decimal("1e-6")
_NOTHING: Final = Decimal(0)


class SharingKey(StrEnum):
    """How the export of a quarter-hour is divided."""

    FIXED = "fixed"
    """Each member's part of all export stays his, used or not."""
    RELATIVE = "relative"
    """As fixed, but the parts of those who cannot receive, as they export it themselves, go to the others."""
    OPTIMAL_ONE_STEP = "optimal_one_step"
    """As relative; what was not used is shared once more."""
    OPTIMAL = "optimal"
    """As relative; what was not used is shared until nobody can use more."""


_ROUNDS: Final = {SharingKey.FIXED: 1, SharingKey.RELATIVE: 1, SharingKey.OPTIMAL_ONE_STEP: 2, SharingKey.OPTIMAL: None}


class Allocation(NamedTuple):
    """What members received of others and gave to others in kWh, and what of their export flowed back to them."""

    received: Energies
    given: Energies
    returned: Energies


def share(
    key: SharingKey, weights: Mapping[str, Decimal], exchanges: Mapping[str, tuple[Decimal, Decimal]]
) -> Allocation:
    """Divide what members exported in a quarter-hour among those who imported in it.

    `weights`: the keys of members, in any unit, 0 where not given. `exchanges`: what each imported and exported in kWh.
    All that is given is received, to the last digit. ValueError where a number is negative or none.
    """
    keys = {member: weights.get(member, _NOTHING) for member in exchanges}
    wanted = {member: _counted(imported) for member, (imported, _) in exchanges.items()}
    offered = {member: _counted(exported) for member, (_, exported) in exchanges.items()}
    if not all(each.is_finite() and each >= 0 for each in keys.values()):
        raise ValueError(weights)
    received, given = dict.fromkeys(keys, _NOTHING), dict.fromkeys(keys, _NOTHING)
    if any(wanted.values()) and any(offered.values()):
        with localcontext(_PRECISE):
            received, given = _shared(key, keys, wanted, offered)
    returned = {member: exported - given[member] for member, (_, exported) in exchanges.items()}
    return Allocation(received, given, returned)


def _counted(energy: Decimal) -> Decimal:
    """Return the energy that can be shared: whole units."""
    if not energy.is_finite() or energy < 0:
        raise ValueError(energy)
    return energy.quantize(_UNIT, ROUND_FLOOR)


def _shared(key: SharingKey, keys: Energies, wanted: Energies, offered: Energies) -> tuple[Energies, Energies]:
    """Return what members received and gave, in whole units."""
    received, given = dict.fromkeys(keys, _NOTHING), dict.fromkeys(keys, _NOTHING)
    rounds = _ROUNDS[key]
    # Each round but the last leaves one more who can use nothing.
    for _ in repeat(None) if rounds is None else range(rounds):
        taken, gave = _round(keys, wanted, offered, is_relative=key is not SharingKey.FIXED)
        if sum(taken.values()) < _NEARLY:
            break
        received = {member: energy + taken[member] for member, energy in received.items()}
        given = {member: energy + gave[member] for member, energy in given.items()}
        wanted = {member: energy - taken[member] for member, energy in wanted.items()}
        offered = {member: energy - gave[member] for member, energy in offered.items()}
        keys = {member: weight if wanted[member] else _NOTHING for member, weight in keys.items()}
    total = sum(received.values(), _NOTHING).quantize(_NEARLY).quantize(_UNIT, ROUND_FLOOR)
    return _in_units(received, total), _in_units(given, total)


def _round(keys: Energies, wanted: Energies, offered: Energies, *, is_relative: bool) -> tuple[Energies, Energies]:
    """Return what members take of what they are offered, and what is taken of each."""
    every = sum(keys.values(), _NOTHING)
    # What a member offers to each of the others, for each unit of that one's key.
    rates = dict.fromkeys(keys, _NOTHING)
    for member, energy in offered.items():
        others = every - keys[member]
        if energy and others > 0:
            rates[member] = energy / (others if is_relative else every)
    rate = sum(rates.values(), _NOTHING)
    taken = {member: min(wanted[member], keys[member] * (rate - rates[member])) for member in keys}
    # The part of a member's key that he uses, which is the same of all who offer.
    used = {member: energy / (rate - rates[member]) if energy else _NOTHING for member, energy in taken.items()}
    every_used = sum(used.values(), _NOTHING)
    return taken, {member: rates[member] * (every_used - used[member]) for member in keys}


def _in_units(energies: Energies, total: Decimal) -> Energies:
    """Return energies in whole units that add up to a total: those are rounded up of which most is left."""
    exact = {member: energy.quantize(_NEARLY) for member, energy in energies.items()}
    whole = {member: energy.quantize(_UNIT, ROUND_FLOOR) for member, energy in exact.items()}
    missing = int((total - sum(whole.values(), _NOTHING)) / _UNIT)
    for member in sorted(exact, key=lambda each: (whole[each] - exact[each], each))[:missing]:
        whole[member] += _UNIT
    return whole
