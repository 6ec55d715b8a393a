"""What a group shares quarter by quarter, and in its month."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
import json
from typing import Any

from custom_components.emucs.groups.members import MemberReading
from custom_components.emucs.groups.sums import Counters, Sum
from custom_components.emucs.groups.telegrams import GroupTelegram
from custom_components.emucs.insight.meter import MeterInsights
from custom_components.emucs.insight.sharing import MemberShare, Sharing, SharingState
from tests.support import BRUSSELS

NOON = datetime(2026, 6, 10, 12, 0, tzinfo=BRUSSELS)
QUARTER = timedelta(minutes=15)
SUN, FLAT, SHOP = "sun", "flat", "shop"
OPTIONS: Mapping[str, Any] = {"sharing": {"sharing_key": "optimal", "weights": {FLAT: 50, SHOP: 50}}}

type Powers = Mapping[str, float]
"""What members draw in kW, less than nothing where they export."""


class Street:
    """A group whose members read exactly what they draw."""

    def __init__(self, options: Mapping[str, Any] = OPTIONS, time: datetime = NOON) -> None:
        """Begin at noon."""
        self.options = options
        self.insights = MeterInsights("group_1", options)
        self.time = time
        self.counters: dict[str, list[Decimal]] = {}
        self.silent: frozenset[str] = frozenset()

    def run(self, powers: Powers, span: timedelta = QUARTER) -> SharingState | None:
        """Let time pass at some powers, read each half a minute; return what is known then."""
        end = self.time + span
        self._read(powers)
        while self.time < end:
            self.time += timedelta(seconds=30)
            for member, power in powers.items():
                counted = self.counters[member]
                counted[power < 0] += abs(Decimal(str(power))) / 120
            self._read(powers)
        return self.insights[Sharing].state

    def _read(self, powers: Powers) -> None:
        readings = {
            member: MemberReading(
                self.time,
                *self.counters.setdefault(member, [Decimal(100), Decimal(50)]),
                max(Decimal(str(power)), Decimal()),
                max(-Decimal(str(power)), Decimal()),
            )
            for member, power in powers.items()
        }
        power = Decimal(str(sum(powers.values())))
        known = {member: reading for member, reading in readings.items() if member not in self.silent}
        total = Sum(self.time, power, Counters(), known, self.silent, readings, {})
        self.insights.feed(GroupTelegram("group_1", total), self.time)

    def restart(self) -> None:
        """Start anew with what was saved."""
        saved = json.loads(json.dumps(self.insights.save()))
        self.insights = MeterInsights.restore("group_1", self.options, saved)

    def share(self, member: str) -> MemberShare:
        """Return what a member has of the month."""
        state = self.insights[Sharing].state
        assert state is not None
        return state.members[member]


def kwh(received: str, given: str = "0", returned: str = "0") -> MemberShare:
    """Return a share."""
    return MemberShare(Decimal(received), Decimal(given), Decimal(returned))


# As the worked example: 1.2 kWh to share in a quarter, of which one can use 0.24 kWh and the other one all.
EXAMPLE = {SUN: -4.8, FLAT: 0.96, SHOP: 4.8}


def test_a_quarter_is_shared_once_it_is_over() -> None:
    street = Street()

    street.run(EXAMPLE, QUARTER - timedelta(minutes=1))
    assert street.insights[Sharing].state is not None
    assert street.insights[Sharing].state.members == {}
    state = street.run(EXAMPLE, timedelta(minutes=2))

    assert state is not None
    assert state.members == {SUN: kwh("0", "1.2"), FLAT: kwh("0.24"), SHOP: kwh("0.96")}
    assert state.quarter is not None
    assert state.quarter.start == NOON
    assert state.quarter.members == state.members
    assert state.shared == Decimal("1.2")
    # Of 1.44 kWh.
    assert round(state.autonomy or 0, 1) == Decimal("83.3")


def test_what_could_be_shared_now_is_what_others_use_at_once() -> None:
    street = Street()

    state = street.run({SUN: -4, FLAT: 0.8, SHOP: 1.7}, timedelta(minutes=1))
    assert state is not None
    assert (state.surplus, state.shareable) == (4, Decimal("2.5"))
    state = street.run({SUN: -1, FLAT: 0.8, SHOP: 1.7}, timedelta(minutes=1))
    assert state is not None
    assert (state.surplus, state.shareable) == (1, 1)


def test_a_month_adds_up_and_the_next_one_begins_anew() -> None:
    street = Street(time=datetime(2026, 6, 30, 23, 0, tzinfo=BRUSSELS))

    state = street.run(EXAMPLE, timedelta(minutes=59))
    assert state is not None
    assert (state.shared, state.month) == (Decimal("3.6"), date(2026, 6, 1))
    state = street.run(EXAMPLE, timedelta(minutes=2))
    assert state is not None
    # The quarter up to midnight is still of June.
    assert (state.shared, state.imported, state.month) == (Decimal("4.8"), Decimal("5.76"), date(2026, 6, 1))
    state = street.run(EXAMPLE, QUARTER)
    assert state is not None
    assert (state.shared, state.month) == (Decimal("1.2"), date(2026, 7, 1))


def test_a_restart_forgets_nothing() -> None:
    street = Street()
    street.run(EXAMPLE, timedelta(minutes=40))

    street.restart()
    state = street.run(EXAMPLE, timedelta(minutes=21))

    assert state is not None
    assert (state.shared, state.unsettled) == (Decimal("4.8"), 0)
    assert street.share(SHOP) == kwh("3.84")


def test_without_keys_of_members_all_have_the_same() -> None:
    street = Street({"sharing": {"sharing_key": "fixed"}})

    street.run({SUN: -4.8, FLAT: 4.8, SHOP: 4.8}, timedelta(minutes=16))

    # A third each: that of the sun is nobody's.
    assert street.share(FLAT).received == Decimal("0.4")
    assert street.share(SUN).returned == Decimal("0.4")


def test_nothing_is_shared_without_a_key() -> None:
    for options in ({}, {"sharing": {"weights": {FLAT: 1}}}):
        assert Street(options).run(EXAMPLE, timedelta(minutes=31)) is None


def test_what_was_estimated_is_counted_and_told() -> None:
    street = Street()
    street.run(EXAMPLE, timedelta(minutes=5))

    street.silent = frozenset({SHOP})
    street.run(EXAMPLE, timedelta(minutes=40))
    street.silent = frozenset()
    state = street.run(EXAMPLE, timedelta(minutes=20))

    assert state is not None
    assert state.shared == Decimal("4.8")
    assert state.unsettled >= 1
