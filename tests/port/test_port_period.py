"""Ports whose meters send seldom, late or in heaps: by a clock that only the test turns, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import cycle, islice

import pytest

from custom_components.emucs.port import CannotConnect, Link, LinkDown, NoData, Telegram
from custom_components.emucs.port.period import Period
from tests.port.clocks import HandClock
from tests.port.test_port_faults import reading
from tests.port.wire import sent
from tests.support import eventually

pytestmark = pytest.mark.usefixtures("socket_enabled")

# DSMR 4: every ten seconds, and no version that says more.
TELEGRAM = sent("1-0:1.7.0(01.234*kW)", "1-3:0.2.8(42)")
EACH_SECOND = sent("1-0:1.7.0(01.234*kW)", "0-0:96.1.4(50217)")


class Bridge:
    """A port that says what the test says, and a link that reads it."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.link: Link
        self.events: list[Telegram | LinkDown]
        self._writers: list[asyncio.StreamWriter] = []

    def accept(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)

    @property
    def downs(self) -> list[type[Exception]]:
        return [type(event.error) for event in self.events if isinstance(event, LinkDown)]

    async def send(self, telegram: bytes, *, close: bool = False) -> None:
        """Send a telegram to whoever is connected, and wait until it is read."""
        telegrams = self.link.reader.telegrams
        with suppress(ConnectionError):
            self._writers[-1].write(telegram)
        await eventually(lambda: self.link.reader.telegrams > telegrams)
        if close:
            connections = len(self._writers)
            self._writers[-1].close()
            await asyncio.sleep(0.02)
            await self.clock.turn(0.6)
            await eventually(lambda: len(self._writers) > connections)

    async def send_at(self, *gaps: float, telegram: bytes = TELEGRAM) -> None:
        """Send a telegram, and one more behind each of some gaps."""
        await self.send(telegram)
        for gap in gaps:
            await self.clock.turn(gap)
            await self.send(telegram)


@asynccontextmanager
async def bridge(wait: float | None = None) -> AsyncIterator[Bridge]:
    clock = HandClock()
    made = Bridge(clock)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    link = Link(f"socket://127.0.0.1:{server.sockets[0].getsockname()[1]}", wait=wait, clock=clock)
    try:
        async with link, reading(link) as events:
            made.link, made.events = link, events
            await eventually(lambda: len(made._writers) == 1)  # noqa: SLF001
            yield made
    finally:
        server.close()
        server.abort_clients()
        await server.wait_closed()


@pytest.mark.parametrize("gaps", [(10, 10, 10, 19, 1, 10, 10), (10, 19, 1, 10, 10, 10), (1, 10, 10, 10), (0.4, 10, 10)])
async def test_one_telegram_that_is_late_is_no_outage(gaps: tuple[float, ...]) -> None:
    async with bridge() as port:
        await port.send_at(*gaps, *[10] * 12)
        assert port.downs == []
        assert port.link.connections == 1
        assert port.link.silence == 50


async def test_a_link_that_gave_up_too_early_does_not_do_so_again() -> None:
    async with bridge() as port:
        # Of a meter with a version that promises more.
        await port.send_at(1, 1, 1, telegram=EACH_SECOND)
        for _ in range(6):
            await port.clock.turn(30)
            await port.send(EACH_SECOND)
        assert port.downs == [NoData] * 2
        assert port.link.silence == 150


async def test_an_outage_does_not_make_a_fast_meter_slow() -> None:
    async with bridge() as port:
        await port.send_at(*[1] * 12, telegram=EACH_SECOND)
        await port.clock.turn(600)
        await port.send_at(*[1] * 3, telegram=EACH_SECOND)
        assert port.downs == [NoData]
        assert port.link.silence == 8


async def test_a_user_who_knows_how_long_it_takes_is_never_forgotten() -> None:
    async with bridge(wait=1000) as port:
        # Two telegrams at each quarter of an hour, a second apart.
        await port.send_at(*islice(cycle((1, 899)), 9))
        assert port.downs == []
        assert port.link.silence >= 1000
        await port.clock.turn(6000)
        assert port.downs == [NoData]


async def test_a_meter_that_falls_silent_is_still_noticed() -> None:
    async with bridge() as port:
        await port.send_at(*[1] * 5, telegram=EACH_SECOND)
        await port.clock.turn(7.9)
        assert port.downs == []
        await port.clock.turn(0.4)
        assert port.downs == [NoData]


async def test_a_bridge_that_closes_after_each_telegram_is_no_outage() -> None:
    async with bridge() as port:
        for _ in range(6):
            await port.send(EACH_SECOND, close=True)
            await port.clock.turn(0.4)
        assert port.downs == []
        assert port.link.connections == 7


async def test_a_bridge_that_closes_and_says_no_more_is_one() -> None:
    async with bridge() as port:
        await port.send(EACH_SECOND, close=True)
        await port.clock.turn(20)
        assert port.downs == [NoData]


async def test_a_bridge_that_closes_in_the_midst_of_telegrams_is_one_at_once() -> None:
    async with bridge() as port:
        await port.send_at(1, 1, telegram=EACH_SECOND)
        port._writers[-1].close()  # noqa: SLF001
        await eventually(lambda: port.downs == [CannotConnect])


@pytest.mark.parametrize(
    ("gaps", "seconds"),
    [
        ([10.0], 10),
        ([10.0, 1.0], 10),
        ([10.0, 1.0, 10.0], 10),
        ([1.0] * 20 + [9.0], 1),
        ([9.0] + [1.0] * 20, 1),
        ([0.001, 0.001, 30.0] * 4, 30),
        ([900.0] * 4, 900),
    ],
)
def test_what_the_period_is(gaps: list[float], seconds: float) -> None:
    period = Period()
    now = 0.0
    period.feed(now, is_first=True)
    for gap in gaps:
        now += gap
        period.feed(now, is_first=False)
    assert period.seconds == pytest.approx(seconds)


def test_a_gap_over_two_connections_only_makes_it_longer() -> None:
    period = Period()
    for now, is_first in ((0, True), (10, False), (20, False), (30, False), (33, True), (36, True), (46, False)):
        period.feed(now, is_first=is_first)
    assert period.seconds == 10
    for now in (146, 246):
        period.feed(now, is_first=True)
    assert period.seconds == 100
