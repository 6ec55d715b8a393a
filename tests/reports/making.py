"""Reports that tests make: weeks of invented voltages."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
import json
from math import pi, sin
from pathlib import Path
from typing import Any

from custom_components.emucs import reports
from custom_components.emucs.insight.power_quality import KeptDisturbance
from custom_components.emucs.insight.voltage_history import (
    OF_230_V,
    TO_STAR_POINT,
    VoltageSlot,
    VoltageVerdict,
    WeekVerdict,
)
from custom_components.emucs.reports.voltage import Minutes, VoltageReport
from custom_components.emucs.reports.voltage_page import MOST_ROWS, voltage_page
from custom_components.emucs.reports.wording import Wording, midnight

METER = "1SAG3100000042"
MONDAY = date(2026, 6, 1)
TEXTS = Path(reports.__file__).parents[1] / "translations"
type Volts = Callable[[datetime], float]


def wording(language: str = "en") -> Wording:
    """Return the words of a language, as Home Assistant has them."""
    groups = json.loads((TEXTS / f"{language}.json").read_text())["selector"]
    return Wording(language, groups["found"]["options"] | groups["voltage_report"]["options"])


def slot(start: datetime, mean: float, minutes: int = 10, **others: Any) -> VoltageSlot:
    """Return a slot that was seen as a whole."""
    seconds = minutes * 60
    values = {"seconds": seconds, "minimum": mean - 1, "maximum": mean + 1, "above": 0, "below": 0, **others}
    return VoltageSlot(start=start, mean=mean, **values)


def slots(begin: datetime, end: datetime, volts: Volts, minutes: int = 10) -> Iterator[VoltageSlot]:
    """Yield all slots of some time."""
    while begin < end:
        mean = volts(begin)
        seconds = minutes * 60
        yield slot(begin, mean, minutes, above=seconds if mean > 253 else 0, below=seconds if mean < 207 else 0)
        begin += timedelta(minutes=minutes)


def sunny(peak: float = 255.0) -> Volts:
    """Return the voltage of a day at the end of a weak feeder: lowest in the evening, highest at noon."""

    def volts(moment: datetime) -> float:
        hour = moment.hour + moment.minute / 60
        return 232 + (peak - 232) * max(0.0, sin((hour - 4) / 16 * pi)) ** 3 - 3 * (17 <= hour <= 20)

    return volts


def verdict(monday: date, phase: str, **others: Any) -> WeekVerdict:
    """Return the verdict of a week."""
    values = {
        "verdict": VoltageVerdict.WITHIN,
        "known": 1008,
        "slots": 1008,
        "within": 1.0,
        "lowest": 229.0,
        "highest": 252.0,
    }
    return WeekVerdict(begin=monday, phase=phase, **values | others)


def disturbance(kind: str = "dip", value: float = 138.0) -> KeptDisturbance:
    """Return something that samples showed."""
    begin = midnight(MONDAY) + timedelta(hours=10, milliseconds=250)
    return KeptDisturbance(kind, ("l1", "l2"), value, begin, 0.31, is_over=True)


def report(**others: Any) -> VoltageReport:
    """Return a report of one steady week of three phases."""
    begin, end = midnight(MONDAY), midnight(MONDAY + timedelta(days=7))
    values = {
        "meter": METER,
        "model": "Sagemcom T211",
        "grid": "three_phase_400v",
        "band": OF_230_V,
        "minutes": 10,
        "begin": begin,
        "end": end,
        "slots": {phase: list(slots(begin, end, lambda _: 231.0)) for phase in ("l1", "l2", "l3")},
        "export": {},
        "verdicts": [verdict(MONDAY, phase) for phase in ("l1", "l2", "l3")],
    }
    return VoltageReport(**values | others)


def weeks_of_a_weak_feeder(end: datetime, minutes: Minutes = 10) -> VoltageReport:
    """Return five weeks of three phases, of which one is too high at noon."""
    begin = midnight(end.astimezone(UTC).date() - timedelta(days=end.weekday() + 28))
    curves = {"l1": sunny(), "l2": sunny(247.0), "l3": sunny(251.0)}
    seen = {phase: list(slots(begin, end, volts, minutes)) for phase, volts in curves.items()}
    export = {each.start: max(0.0, (each.mean - 232) / 5) for each in seen["l1"]}
    mondays = [begin.date() + timedelta(days=1 + 7 * week) for week in range(4)]
    too_high = {"verdict": VoltageVerdict.OUTSIDE, "within": 0.931, "highest": 255.0}
    verdicts = [verdict(monday, phase, **(too_high if phase == "l1" else {})) for monday in mondays for phase in curves]
    return report(begin=begin, end=end, minutes=minutes, slots=seen, export=export, verdicts=verdicts)


class _Noted(dict[str, str]):
    """Words that are looked up, each its own text."""

    def __missing__(self, key: str) -> str:
        self[key] = key
        return key


def words_said() -> set[str]:
    """Return the keys of all words that any page has."""
    noon = datetime(2026, 6, 3, 10, 0, tzinfo=UTC)
    often = [slot(noon + timedelta(minutes=20 * number), 254.0) for number in range(MOST_ROWS + 1)]
    unknown = verdict(MONDAY, "l1", verdict=VoltageVerdict.UNKNOWN_YET)
    pages = [
        weeks_of_a_weak_feeder(datetime(2026, 6, 25, 14, tzinfo=UTC)),
        report(slots={}),
        report(slots={"l1": often}, verdicts=[unknown]),
        report(grid="three_phase_230v"),
        report(grid="three_phase_230v", band=TO_STAR_POINT),
        report(distortion={"l1": [2.0]}),
        report(disturbances=[disturbance(kind) for kind in ("dip", "swell", "interruption")]),
    ]
    words = _Noted()
    for page in pages:
        voltage_page(page, Wording("en", words))
    return set(words)
