"""A voltage report as plain data, for scripts and automations."""

from ..insight.power_quality import KeptDisturbance
from .voltage import Outside, VoltageReport, not_exceeded
from .wording import local

type Plain = dict[str, Plain] | list[Plain] | str | float | bool | None


def voltage_response(report: VoltageReport) -> dict[str, Plain]:
    """Return a report in types of JSON: V, kW, seconds and local times."""
    band = report.band
    return {
        "indicative": True,
        "meter": report.meter,
        "model": report.model,
        "grid": report.grid,
        "begin": local(report.begin).isoformat(),
        "end": local(report.end).isoformat(),
        "resolution": report.minutes,
        "limits": {"nominal": band.nominal, **{key: round(getattr(band, key), 2) for key in ("low", "high", "lowest")}},
        "weeks": [
            {
                "begin": week.begin.isoformat(),
                "phase": week.phase,
                "verdict": str(week.verdict),
                "known": week.known,
                "slots": week.slots,
                "within": round(week.within, 4),
                "lowest": round(week.lowest, 2),
                "highest": round(week.highest, 2),
            }
            for week in report.verdicts
        ],
        "phases": {phase: _phase(report, phase) for phase in report.slots},
        "disturbances": [_disturbance(each) for each in report.disturbances],
        "distortion": {
            phase: {
                "known": len(values),
                "share_95": round(not_exceeded(values, 0.95), 2),
                "highest": round(values[-1], 2),
            }
            for phase, values in report.distortion.items()
        },
    }


def _disturbance(each: KeptDisturbance) -> Plain:
    """Return a dip, a swell or an interruption."""
    return {
        "begin": local(each.begin).isoformat(timespec="milliseconds"),
        "type": each.type,
        "phases": list(each.phases),
        "furthest": round(each.value, 1),
        "duration": each.duration,
        "over": each.is_over,
    }


def _phase(report: VoltageReport, phase: str) -> Plain:
    """Return what there is of a phase."""
    return {
        "coverage": round(report.coverage(phase), 4),
        "outside": [_outside(each) for each in report.outside(phase, report.slots[phase])],
        "slots": [
            {
                "start": local(slot.start).isoformat(),
                "mean": round(slot.mean, 2),
                "minimum": slot.minimum,
                "maximum": slot.maximum,
                "above": slot.above,
                "below": slot.below,
                "seconds": slot.seconds,
                "export": _rounded(report.export.get(slot.start)),
            }
            for slot in report.slots[phase]
        ],
    }


def _outside(each: Outside) -> Plain:
    """Return what was outside the limits."""
    return {
        "begin": local(each.begin).isoformat(),
        "end": local(each.end).isoformat(),
        "direction": "above" if each.is_high else "below",
        "furthest": round(each.furthest, 2),
        "seconds": each.seconds,
        "export": _rounded(each.export),
    }


def _rounded(power: float | None) -> float | None:
    return None if power is None else round(power, 3)
