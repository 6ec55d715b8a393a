"""Bridges that give the telegrams over TCP, with the habits of each."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import override

from ..fault import Fault
from ..meter import VirtualMeter
from ..tcp_server import Client, TcpServer

# RFC 854 and the options that ser2net negotiates: binary both ways, suppress go ahead, echo; and its serial options.
_NEGOTIATION = bytes.fromhex("fffb03 fffb01 fffd00 fffb00 fffd2c")


@dataclass(frozen=True, slots=True)
class Habits:
    """What a bridge does other than passing bytes on."""

    text: str
    """What it is."""
    usual_port: int
    greeting: bytes = b""
    """What a client gets first."""
    ending: bytes = b""
    """What follows each telegram."""
    piece: int = 0
    """Bytes that it sends at once; as many as there are where this is 0."""
    most: int = 0
    """How many clients it serves; any number where this is 0."""
    kicks: bool = False
    """Whether one more throws out the oldest, rather than being refused."""
    is_telnet: bool = False
    idle_s: float = 0
    """Seconds after which a client is cut that says nothing, which none of a meter does."""
    prefix: bytes = b""
    """What stands before each telegram, such as a line of a log."""


class Bridge(TcpServer):
    """A bridge with habits."""

    def __init__(
        self,
        habits: Habits,
        meter: VirtualMeter,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float = 1.0,
        *,
        faults: Iterable[Fault] = (),
    ) -> None:
        """Serve a meter."""
        super().__init__(meter, host, port, speed, faults=faults)
        self.habits = habits
        self._order: list[Client] = []

    @override
    def admit(self, client: Client) -> bool:
        habits = self.habits
        if habits.most and len(self._order) >= habits.most:
            if not habits.kicks:
                return False
            self._order.pop(0).drop()
        if not super().admit(client):
            return False
        self._order.append(client)
        if habits.greeting:
            client.send(habits.greeting)
        if habits.idle_s:
            asyncio.get_running_loop().call_later(habits.idle_s, client.drop)
        return True

    @override
    def forget(self, client: Client) -> None:
        if client in self._order:
            self._order.remove(client)
        super().forget(client)

    @override
    def _send(self, telegram: bytes) -> bool:
        habits = self.habits
        data = habits.prefix + telegram + habits.ending
        if habits.is_telnet:
            data = data.replace(b"\xff", b"\xff\xff")
        size = habits.piece or len(data)
        reached = [super(Bridge, self)._send(data[begin : begin + size]) for begin in range(0, len(data), size)]
        return any(reached)


_LINE_END = b"\r\n"
BRIDGES = {
    "p1-dongle-raw": Habits("P1-Dongle of smart-stuff.nl with its raw port on", 82, ending=_LINE_END),
    "smart-gateways": Habits("Smart Gateways, as its vendor describes it", 23, most=5),
    "esphome-stream": Habits("ESPHome with stream_server", 6638, piece=128),
    "espeasy": Habits("ESPEasy's P1 gateway", 8088, ending=_LINE_END, most=1, kicks=True),
    "ser2net": Habits("ser2net with a TCP accepter", 2001, most=1),
    "ser2net-telnet": Habits(
        "ser2net with a telnet accepter and a banner",
        4000,
        greeting=_NEGOTIATION + b"ser2net port 4000 device /dev/ttyUSB0 [115200 N81]\r\n",
        is_telnet=True,
        idle_s=600,
    ),
    "logging": Habits("a bridge that writes its log to the same port", 23, prefix=b"[I][p1:042]: telegram\r\n"),
}
"""Each bridge by the name that `--reader` has for it."""
