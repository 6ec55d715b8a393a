"""Which M-Bus meters a telegram shows."""

import pytest

from custom_components.emucs.insight.mbus import MbusMeter, Medium, mbus_meters
from tests.port.wire import received

METER = "1TST0000000001"


def channel(number: int, kind: int | None, name: str = "", reading: str = "", code: str = "24.2.1") -> list[str]:
    lines = [f"0-{number}:96.1.1({name.encode().hex().upper()})"]
    if kind is not None:
        lines.insert(0, f"0-{number}:24.1.0({kind:03d})")
    if reading:
        lines.append(f"0-{number}:{code}{reading}")
    return lines


EARLY = "(260114120000W)(00100.000*m3)"
LATE = "(260114120500W)(00001.000*m3)"
UNREAD = "(632525252525W)(00000.000)"


def meters(*channels: list[str]) -> dict[str, MbusMeter]:
    return mbus_meters(received("0-0:96.14.0(0001)", *(line for lines in channels for line in lines)), METER)


def test_meters_by_identifier() -> None:
    found = meters(channel(1, 3, "7TST1", EARLY, "24.2.3"), channel(2, 7, "8TST1", LATE))
    assert {name: meter.medium for name, meter in found.items()} == {"7TST1": Medium.GAS, "8TST1": Medium.WATER}
    assert [meter.identifier for meter in found.values()] == list(found)
    reading = found["8TST1"].channel.reading
    assert reading is not None
    assert reading.value == 1


def test_meters_that_change_places() -> None:
    before = meters(channel(1, 3, "7TST1", EARLY, "24.2.3"), channel(2, 7, "8TST1", LATE))
    after = meters(channel(1, 7, "8TST1", LATE), channel(2, 3, "7TST1", EARLY, "24.2.3"))
    assert before == after


@pytest.mark.parametrize(
    ("kind", "medium"),
    [
        (2, Medium.ELECTRICITY),
        (3, Medium.GAS),
        (4, Medium.HEAT),
        (6, Medium.WATER),
        (7, Medium.WATER),
        (10, Medium.COOLING),
        (11, Medium.COOLING),
        (12, Medium.HEAT),
    ],
)
def test_media(kind: int, medium: Medium) -> None:
    # Belgian water may be printed where gas is: the type alone decides.
    for code in ("24.2.1", "24.2.3"):
        assert meters(channel(1, kind, "9TST1", EARLY, code))["9TST1"].medium is medium


@pytest.mark.parametrize("kind", [0, 1, 5, 8, 99])
def test_a_type_that_is_not_known(kind: int) -> None:
    assert meters(channel(1, kind, "9TST1", EARLY)) == {}


def test_without_a_type_only_uncorrected_gas_is_certain() -> None:
    assert meters(channel(1, None, "9TST1", EARLY, "24.2.3"))["9TST1"].medium is Medium.GAS
    assert meters(channel(1, None, "9TST1", EARLY, "24.2.1")) == {}
    assert meters(channel(1, None, "9TST1")) == {}


def test_without_an_identifier_a_meter_has_its_channels_name() -> None:
    assert set(meters(channel(1, 3, "7TST1", EARLY, "24.2.3"), channel(2, 7, "", LATE))) == {"7TST1", f"{METER}_ch2"}


def test_a_channel_prepared_for_a_meter_that_is_not_there() -> None:
    assert meters(channel(1, 7), channel(2, 7, "", UNREAD), channel(3, 3, "", "(700101010000W)(00000000)")) == {}


def test_a_meter_that_was_never_read_is_there() -> None:
    found = meters(channel(1, 3, "7TST1", UNREAD, "24.2.3"))
    reading = found["7TST1"].channel.reading
    assert reading is not None
    assert reading.value is None


@pytest.mark.parametrize(
    ("first", "second", "value"),
    [
        (EARLY, LATE, 1),
        (LATE, EARLY, 1),
        (EARLY, UNREAD, 100),
        (UNREAD, EARLY, 100),
        (EARLY, "", 100),
        ("", EARLY, 100),
        # The same reading twice.
        (EARLY, EARLY, 100),
    ],
)
def test_of_two_channels_of_one_meter_the_one_read_last_counts(first: str, second: str, value: int) -> None:
    [meter] = meters(channel(1, 3, "7TST1", first), channel(2, 3, "7TST1", second)).values()
    assert meter.channel.reading is not None
    assert meter.channel.reading.value == value


class TestOneIdentifierOfTwoMeters:
    """The second one is told apart by its channel."""

    @staticmethod
    def readings(*channels: list[str]) -> dict[str, tuple[Medium, int]]:
        found = meters(*channels)
        assert [meter.identifier for meter in found.values()] == list(found)
        return {
            name: (meter.medium, int(meter.channel.reading.number or 0) if meter.channel.reading else 0)
            for name, meter in found.items()
        }

    def test_of_the_electricity_meter(self) -> None:
        gas, water = channel(1, 3, METER, EARLY, "24.2.3"), channel(2, 7, METER, LATE)
        assert self.readings(gas, water) == {f"{METER}_ch1": (Medium.GAS, 100), f"{METER}_ch2": (Medium.WATER, 1)}

    @pytest.mark.parametrize("name", [f"{METER}_ch2", f"{METER}_capacity", f"{METER}_"])
    def test_of_a_part_of_the_electricity_meter(self, name: str) -> None:
        # Such are the names of the services of a meter, and of other channels.
        printed = ["0-1:24.1.0(003)", f"0-1:96.1.1({name})", f"0-1:24.2.3{EARLY}"]
        found = self.readings(printed, channel(2, 7, "", LATE))
        assert found == {f"{METER}_ch1": (Medium.GAS, 100), f"{METER}_ch2": (Medium.WATER, 1)}

    @pytest.mark.parametrize("reading", [EARLY, LATE, UNREAD, ""])
    def test_of_two_media(self, reading: str) -> None:
        found = self.readings(channel(1, 3, "7TST1", LATE, "24.2.3"), channel(3, 7, "7TST1", reading))
        assert {name: medium for name, (medium, _) in found.items()} == {
            "7TST1": Medium.GAS,
            f"{METER}_ch3": Medium.WATER,
        }

    def test_with_two_readings_of_one_moment(self) -> None:
        # What a channel leaves behind when its meter moves is older than what the meter says on its new one.
        found = self.readings(channel(1, 3, "7TST1", EARLY), channel(2, 3, "7TST1", EARLY.replace("100", "200")))
        assert found == {"7TST1": (Medium.GAS, 100), f"{METER}_ch2": (Medium.GAS, 200)}

    def test_beside_a_channel_that_was_left(self) -> None:
        found = self.readings(
            channel(1, 3, "7TST1", EARLY), channel(2, 7, "7TST1", EARLY), channel(3, 3, "7TST1", LATE)
        )
        assert found == {"7TST1": (Medium.GAS, 1), f"{METER}_ch2": (Medium.WATER, 100)}


def test_two_channels_of_one_meter_that_was_never_read() -> None:
    assert set(meters(channel(1, 3, "7TST1"), channel(2, 3, "7TST1", UNREAD))) == {"7TST1"}


def test_relays_are_no_meters() -> None:
    assert meters([f"0-{number}:96.3.10(0)" for number in range(1, 5)]) == {}
