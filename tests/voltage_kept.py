"""Weeks of voltages as the store of a meter keeps them, without waiting for them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import cos, pi
from typing import Any

from custom_components.emucs.insight.voltage_history import (
    GRAIN,
    OF_230_V,
    VOLT,
    VoltageGrain,
    VoltageHistory,
    VoltageVerdict,
    WeekVerdict,
)
from custom_components.emucs.insight.voltage_running import Coverage, RunningVoltage
from custom_components.emucs.reports.wording import local, midnight, monday

PHASES = ("l1", "l2", "l3")
WEEKS = 5
EXPORTED = 4000  # W
type Volts = Callable[[str, datetime], float]


def weak_feeder(phase: str, moment: datetime) -> float:
    """Return a voltage that the sun makes too high at noon, in the first phase alone."""
    hour = local(moment).hour + local(moment).minute / 60
    sun = max(0.0, cos((hour - 13) / 6 * pi / 2)) if abs(hour - 13) < 6 else 0.0
    load = max(0.0, 1 - abs(hour - 19) / 3)
    return 232 + {"l1": 22.5, "l2": 12, "l3": 18}[phase] * sun**1.5 - 5 * load


def history_until(end: datetime, volts: Volts = weak_feeder, phases: tuple[str, ...] = PHASES) -> VoltageHistory:
    """Return the voltages of the weeks before a moment; an hour of one night is missing."""
    history = VoltageHistory()
    history.band, history.phases = OF_230_V, phases
    last = int(end.timestamp()) // GRAIN
    gap = midnight(monday(end) - timedelta(days=4)).timestamp() // GRAIN
    for number in range(last - WEEKS * 7 * 86400 // GRAIN, last):
        if gap <= number < gap + 12:
            continue
        moment = datetime.fromtimestamp(number * GRAIN, UTC)
        for phase in phases:
            tenths = round(volts(phase, moment) * VOLT)
            above = GRAIN * (tenths > OF_230_V.high * VOLT)
            history.add(
                number,
                phase,
                VoltageGrain(GRAIN, round(tenths * tenths * GRAIN / VOLT**2), tenths - 8, tenths + 8, above, 0),
            )
        exported = EXPORTED if 9 <= moment.hour < 14 else 0
        history.add_export(number, GRAIN, exported * GRAIN)
    history.add_weeks(_verdict(history, end, week, phase) for week in range(1, WEEKS) for phase in phases)
    return history


def _verdict(history: VoltageHistory, end: datetime, week: int, phase: str) -> WeekVerdict:
    """Return the verdict of a phase, so many weeks before the one that a moment is in."""
    assert history.band is not None
    day = monday(end) - timedelta(days=7 * week)
    begin, until = midnight(day), midnight(day + timedelta(days=7))
    means = [slot.mean for slot in history.slots(phase, begin, until, 10)]
    inside = sum(history.band.low <= mean <= history.band.high for mean in means) / len(means)
    verdict = VoltageVerdict.WITHIN if max(means) <= history.band.high else VoltageVerdict.OUTSIDE
    slots = (until - begin) // timedelta(minutes=10)
    return WeekVerdict(day, phase, verdict, len(means), slots, inside, min(means), max(means))


def series_of(history: VoltageHistory, end: datetime) -> dict[str, Any]:
    """Return what a store has that was written at a moment."""
    assert history.band is not None
    return {
        "history": history.save(),
        "running": {phase: RunningVoltage(history.band).save() for phase in history.phases},
        "last": int(end.timestamp()),
        "gaps": Coverage().save(),
        "export": None,
        "exported": [0, 0],
    }
