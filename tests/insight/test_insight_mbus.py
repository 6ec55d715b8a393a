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
        # Read at the same moment: the first one stays.
        (EARLY, EARLY.replace("100", "200"), 100),
    ],
)
def test_of_two_channels_of_one_meter_the_one_read_last_counts(first: str, second: str, value: int) -> None:
    [meter] = meters(channel(1, 3, "7TST1", first), channel(2, 3, "7TST1", second)).values()
    assert meter.channel.reading is not None
    assert meter.channel.reading.value == value


def test_two_channels_of_one_meter_that_was_never_read() -> None:
    assert set(meters(channel(1, 3, "7TST1"), channel(2, 3, "7TST1", UNREAD))) == {"7TST1"}


def test_relays_are_no_meters() -> None:
    assert meters([f"0-{number}:96.3.10(0)" for number in range(1, 5)]) == {}
