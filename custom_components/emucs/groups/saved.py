"""Sums as JSON has them, for a restart."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from .members import restore_readings, save_readings
from .sums import Counters, Sum


def save_sum(known: Sum) -> dict[str, Any]:
    """Return what a restart needs of a sum."""
    return {
        "time": known.time.isoformat(),
        "counters": [str(each) for each in known.counters],
        "standing": save_readings(known.standing),
        "offsets": {member: [str(each) for each in offset] for member, offset in known.offsets.items()},
    }


def restore_sum(saved: Mapping[str, Any]) -> Sum:
    """Return what was saved. What is wrong with it raises one of Python's own errors."""
    standing = restore_readings(saved["standing"])
    offsets = {
        str(member): (Decimal(imported), Decimal(exported)) for member, (imported, exported) in saved["offsets"].items()
    }
    counters = Counters(*(Decimal(each) for each in saved["counters"]))
    time = datetime.fromisoformat(saved["time"])
    return Sum(time, Decimal(), counters, {}, frozenset(standing), standing, offsets)
