"""When a machine fits: by hand-worked rooms, and in a house that lives."""

from datetime import datetime, timedelta

import pytest

from custom_components.emucs.insight.capacity import Capacity, CapacitySettings
from custom_components.emucs.insight.connection import Connection, ConnectionSettings, ConnectionState
from custom_components.emucs.insight.forecast import Forecast, ForecastQuarter
from custom_components.emucs.insight.outlook import Band
from custom_components.emucs.insight.quarters import QUARTERS_A_DAY, local_begin, slot_begin, slot_of
from custom_components.emucs.insight.slots import DISHWASHER, Machine, Room, RoomLimits, Slots, find, rooms_of
from tests.insight.quarterly import BRUSSELS, QUARTER, Meter, slot

BEGIN = datetime(2026, 1, 14, 20, tzinfo=BRUSSELS)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
KETTLE = Machine(power=2.0, energy=0.5, duration=timedelta(minutes=15))


def rooms(*powers: float, exported: tuple[float, ...] = (), begin: datetime = BEGIN) -> list[Room]:
    """Return quarters with so much room, and so much export."""
    first = slot_of(begin)
    return [
        Room(slot_begin(first + ahead), power, exported[ahead] if ahead < len(exported) else 0.0)
        for ahead, power in enumerate(powers)
    ]


def starts(found: list[Room], machine: Machine, prices: dict[int, float] | None = None) -> list[str]:
    """Return the times at which a machine fits, the best one first."""
    told = find(found, machine, BEGIN, BEGIN + DAY, prices).starts
    return [clock(start.begin) for start in told]


def clock(time: datetime) -> str:
    """Return the local time of day."""
    return f"{time.astimezone(BRUSSELS):%H:%M}"


def priced(*prices: float) -> dict[int, float]:
    """Return prices of the quarters from the begin on."""
    return {slot_of(BEGIN) + ahead: price for ahead, price in enumerate(prices)}


def quarter(imported: Band | None, exported: Band | None = None, text: str = "2026-01-14T20:00") -> ForecastQuarter:
    """Return a quarter that is forecast."""
    return ForecastQuarter(local_begin(slot(text)), imported, exported)


def test_room_is_what_the_highest_import_leaves() -> None:
    (room,) = rooms_of([quarter(Band(0.5, 0.1, 1.2))], RoomLimits(2.5, 2.5))
    assert room.power == pytest.approx(1.3)
    assert room.exported == 0


def test_what_is_surely_exported_is_room_too() -> None:
    (room,) = rooms_of([quarter(Band(0.1, 0.0, 0.4), Band(2.0, 0.7, 3.0))], RoomLimits(2.5, 2.5))
    assert room.power == pytest.approx(2.5 - 0.4 + 0.7)
    assert room.exported == 2.0


def test_rooms_end_where_nothing_is_known() -> None:
    known = quarter(Band(0.5, 0.1, 1.2))
    assert len(list(rooms_of([known, quarter(None), known], RoomLimits(2.5, 2.5)))) == 1
    assert list(rooms_of([], RoomLimits(2.5, 2.5))) == []


def test_the_peak_of_this_month_does_not_hold_in_the_next_one() -> None:
    band = Band(0.5, 0.5, 0.5)
    evening = [quarter(band, text="2026-01-31T23:45"), quarter(band, text="2026-02-01T00:00")]
    assert [room.power for room in rooms_of(evening, RoomLimits(6.0, 2.5))] == [5.5, 2.0]


def test_the_start_with_the_most_room_is_the_best() -> None:
    assert starts(rooms(2.1, 1.9, 3.0, 2.5), KETTLE) == ["20:30", "20:45", "20:00"]


def test_of_equal_starts_the_first_is_the_best() -> None:
    # A tenth of a kilowatt is no difference.
    assert starts(rooms(2.52, 2.50, 2.53), KETTLE)[0] == "20:00"


def test_all_quarters_of_a_machine_need_room() -> None:
    half_an_hour = Machine(2.0, 1.0, timedelta(minutes=30))
    found = find(rooms(3.0, 1.0, 3.0, 2.4, 3.0), half_an_hour, BEGIN, BEGIN + DAY)
    assert [(start.begin, start.end, start.room) for start in found.starts] == [
        (BEGIN + 2 * QUARTER, BEGIN + 4 * QUARTER, 2.4)
    ]


def test_part_of_a_quarter_needs_all_of_it() -> None:
    assert Machine(2.0, 1.0, timedelta(minutes=16)).quarters == 2
    assert starts(rooms(3.0, 1.0, 3.0, 3.0), Machine(2.0, 1.0, timedelta(minutes=16))) == ["20:30"]


def test_exactly_enough_room_is_enough() -> None:
    assert starts(rooms(2.0), KETTLE) == ["20:00"]


def test_export_is_used_before_there_is_more_room() -> None:
    sunny = rooms(3.0, 2.0, 2.5, exported=(0.0, 1.8, 0.9))
    assert starts(sunny, KETTLE) == ["20:15", "20:30", "20:00"]
    best = find(sunny, KETTLE, BEGIN, BEGIN + DAY).starts[0]
    assert best.exported == pytest.approx(0.45)
    assert best.cost is None


def test_a_machine_takes_no_more_than_its_own_from_export() -> None:
    assert find(rooms(3.0, exported=(9.0,)), KETTLE, BEGIN, BEGIN + DAY).starts[0].exported == 0.5


def test_the_cheapest_start_that_fits_is_the_best() -> None:
    assert starts(rooms(3.0, 1.0, 2.2, 2.4), KETTLE, priced(0.30, 0.05, 0.25, 0.28)) == ["20:30", "20:45", "20:00"]


def test_what_is_exported_costs_nothing() -> None:
    found = find(rooms(3.0, 3.0, exported=(0.0, 1.0)), KETTLE, BEGIN, BEGIN + DAY, priced(0.20, 0.30))
    assert [start.cost for start in found.starts] == pytest.approx([0.075, 0.1])
    assert [start.price for start in found.starts] == [0.30, 0.20]


def test_a_negative_price_is_cheaper_than_export() -> None:
    assert starts(rooms(3.0, 3.0, exported=(2.0,)), KETTLE, priced(0.10, -0.02))[0] == "20:15"


def test_a_known_price_comes_before_an_unknown_one() -> None:
    assert starts(rooms(3.0, 2.0), KETTLE, {slot_of(BEGIN) + 1: 9.9}) == ["20:15", "20:00"]


def test_a_price_has_to_be_known_of_all_quarters() -> None:
    half_an_hour = Machine(2.0, 1.0, timedelta(minutes=30))
    found = find(rooms(3.0, 3.0, 3.0), half_an_hour, BEGIN, BEGIN + DAY, priced(0.1, 0.2))
    assert found.starts[0].price == pytest.approx(0.15)
    assert len(found.starts) == 1


def test_alternatives_do_not_overlap_and_are_few() -> None:
    an_hour = Machine(1.0, 1.0, HOUR)
    assert starts(rooms(*[2.0] * QUARTERS_A_DAY), an_hour) == ["20:00", "21:00", "22:00", "23:00"]


@pytest.mark.parametrize(
    ("earliest", "latest", "expected"),
    [
        (BEGIN, BEGIN + 2 * HOUR, ["20:00", "21:00"]),
        (BEGIN + timedelta(seconds=1), BEGIN + 2 * HOUR, ["20:15"]),
        (BEGIN + HOUR, BEGIN + 2 * HOUR, ["21:00"]),
        (BEGIN + HOUR, BEGIN + 2 * HOUR - timedelta(seconds=1), []),
    ],
)
def test_within_the_time_that_is_given(earliest: datetime, latest: datetime, expected: list[str]) -> None:
    found = find(rooms(*[2.0] * 20), Machine(1.0, 1.0, HOUR), earliest, latest)
    assert [clock(start.begin) for start in found.starts] == expected


def test_where_nothing_fits_the_nearest_is_told() -> None:
    found = find(rooms(0.4, 1.2, 0.8), KETTLE, BEGIN, BEGIN + DAY)
    assert found.starts == ()
    assert found.most is not None
    assert (found.most.begin, found.most.room) == (BEGIN + QUARTER, 1.2)


def test_where_nothing_is_known_nothing_is_found() -> None:
    assert find([], KETTLE, BEGIN, BEGIN + DAY) == ((), None)
    # The forecast ends before the machine would.
    assert find(rooms(3.0, 3.0), DISHWASHER, BEGIN, BEGIN + DAY) == ((), None)


def test_hours_of_a_clock_that_changes() -> None:
    night = datetime(2026, 3, 28, 23, tzinfo=BRUSSELS)
    found = find(rooms(*[2.0] * 40, begin=night), Machine(1.0, 1.0, 5 * HOUR), night, night + 6 * HOUR)
    # Five hours from eleven on end at five, as the clock skips one.
    assert clock(found.starts[0].end) == "05:00"
    assert found.starts[0].end.timestamp() - found.starts[0].begin.timestamp() == 5 * 3600


class House(Meter):
    """A house whose slots are known too."""

    def __init__(self, settings: ConnectionSettings | None = None) -> None:
        super().__init__("2026-01-01T00:00")
        self.connection = Connection(settings or ConnectionSettings())
        self.slots = Slots()
        self.slots.hand_over({Capacity: self.capacity, Connection: self.connection, Forecast: self.forecast})

    def live(self, days: int) -> None:
        """Live days of an evening peak."""
        self.run(
            days * QUARTERS_A_DAY,
            lambda time: (0.3 + 1.5 * (18 <= time.hour < 21) + 0.01 * (time.day % 3), 0.0),
        )
        self.slots.feed(self.telegram())


def test_nothing_is_known_of_a_new_house() -> None:
    house = House()
    assert house.slots.feed(house.telegram()) is not None
    assert house.slots.state is not None
    assert house.slots.state.rooms == ()
    assert house.slots.state.next is None


def test_a_house_that_lives_has_room_at_night() -> None:
    house = House()
    house.live(6)
    state = house.slots.state
    assert state is not None
    assert len(state.rooms) == QUARTERS_A_DAY
    assert {round(room.power, 1) for room in state.rooms if clock(room.begin)[:2] == "19"} == {0.7}
    assert state.next is not None
    assert not "16:00" < clock(state.next.begin) < "21:00"
    assert house.slots.feed(house.telegram(late=10)) is state
    assert house.slots.feed(house.telegram(late=20)) is state


def test_the_target_of_now_counts() -> None:
    house = House()
    house.live(6)
    house.capacity.settings = CapacitySettings(peak_target=house.capacity.settings.peak_target + 3)
    house.capacity.feed(house.telegram())
    assert {round(room.power, 1) for room in house.slots.rooms() if clock(room.begin)[:2] == "19"} == {3.7}


def test_where_no_peak_is_billed_the_connection_alone_counts() -> None:
    house = House(ConnectionSettings(keeps_target=False))
    house.live(6)
    room = house.slots.rooms()[0]
    assert house.capacity.state is not None
    assert room.power == pytest.approx(float(house.capacity.state.limit) - 0.3, abs=0.1)


def test_a_small_connection_counts_below_the_target() -> None:
    house = House()
    house.live(6)
    nothing = (None, None, None)
    house.connection.state = ConnectionState(nothing, 6.0, 1.38, None, None, nothing, None, None, None)
    assert house.slots.rooms()[0].power == pytest.approx(1.38 - 0.3, abs=0.1)


def test_nothing_is_known_while_the_clock_is_wrong() -> None:
    house = House()
    house.live(6)
    house.slots.pause()
    assert house.slots.state is None
    assert house.slots.feed(house.telegram()) is not None
